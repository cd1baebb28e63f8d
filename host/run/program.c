#include "run/program.h"

#include <stdlib.h>

/* Time 0 is before the first step, when inputs are written; step s runs at s + 1. */
static int step_time(int step)
{
    return step + 1;
}

static int end_time(const sy_program *program)
{
    return program->lowering.step_count + 1;
}

static void keep_alive(sy_program *program, sy_operand operand, int time)
{
    sy_place *place = &program->places[sy_program_resolve(program, operand).slot];
    if (!place->live)
        place->memory.first = place->memory.last = time;
    place->live = true;
    if (time < place->memory.first)
        place->memory.first = time;
    if (time > place->memory.last)
        place->memory.last = time;
}

/* The steps that make each slot: those of one node, the first to touch it. */
static void find_makers(sy_program *program)
{
    const sy_lowering *lowering = &program->lowering;
    for (int i = 0; i < lowering->slot_count; i++)
        program->places[i].made_first = program->places[i].made_last = program->places[i].within = SY_NONE;
    for (int s = 0; s < lowering->step_count; s++) {
        const sy_step *step = &lowering->steps[s];
        for (int k = 0; k < sy_kernel_operands(step->kernel); k++) {
            if (step->operands[k].slot == SY_NONE)
                continue;
            sy_place *place = &program->places[step->operands[k].slot];
            if (place->made_first == SY_NONE)
                place->made_first = s;
            if (lowering->steps[place->made_first].node == step->node)
                place->made_last = s;
        }
    }
}

static int compare_observations(const void *left, const void *right)
{
    const sy_observation *a = left, *b = right;
    if (a->after != b->after)
        return a->after < b->after ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static sy_status plan_observations(sy_ctx *ctx, sy_program *program)
{
    const size_t count = (size_t)program->observed_count;
    program->observations = sy_arena_alloc(&program->arena, count, sizeof *program->observations);
    SY_TRY(sy_check_alloc(ctx, program->observations));
    for (int i = 0; i < program->observed_count; i++) {
        const int slot = program->observed[i].at.slot;
        const bool computed = program->lowering.slots[slot].kind == SY_SLOT_VALUE;
        program->observations[i] = (sy_observation){computed ? program->places[slot].made_last : SY_NONE, i};
    }
    qsort(program->observations, count, sizeof *program->observations, compare_observations);
    return SY_OK;
}

static void mark_live_times(sy_program *program)
{
    const sy_lowering *lowering = &program->lowering;
    for (int s = 0; s < lowering->step_count; s++) {
        const sy_step *step = &lowering->steps[s];
        for (int k = 0; k < sy_kernel_operands(step->kernel); k++)
            if (step->operands[k].slot != SY_NONE)
                keep_alive(program, step->operands[k], step_time(s));
    }
    for (int i = 0; i < program->output_count; i++)
        keep_alive(program, program->outputs[i].at, end_time(program));
    for (int i = 0; i < program->observed_count; i++) {
        const sy_observation *observation = &program->observations[i];
        keep_alive(program, program->observed[observation->index].at, step_time(observation->after));
    }
    /* Inputs are all written before the first step; those nobody looks at are not. */
    for (int i = 0; i < program->input_count; i++)
        if (program->places[program->inputs[i].at.slot].live)
            keep_alive(program, program->inputs[i].at, 0);
}

static sy_status place_activations(sy_ctx *ctx, sy_program *program)
{
    const sy_lowering *lowering = &program->lowering;
    sy_memory_item *items = malloc(((size_t)lowering->slot_count + 1) * sizeof *items);
    int *slots = malloc(((size_t)lowering->slot_count + 1) * sizeof *slots);
    int count = 0;
    sy_status status;
    SY_TRY_DONE(sy_check_alloc(ctx, items));
    SY_TRY_DONE(sy_check_alloc(ctx, slots));
    for (int i = 0; i < lowering->slot_count; i++) {
        if (lowering->slots[i].kind == SY_SLOT_CONSTANT || !program->places[i].live)
            continue;
        items[count] = program->places[i].memory;
        items[count].words = lowering->slots[i].words;
        slots[count++] = i;
    }
    SY_TRY_DONE(sy_memory_place(ctx, items, count, &program->activation_words));
    for (int i = 0; i < count; i++)
        program->places[slots[i]].memory = items[i];
done:
    free(slots);
    free(items);
    return status;
}

/* Where the lowering put each tensor of a list of the spec. */
static sy_status locate(sy_ctx *ctx, sy_program *program, const int *tensors, int count,
                        sy_program_tensor **out)
{
    const sy_lowering *lowering = &program->lowering;
    sy_program_tensor *located = sy_arena_alloc(&program->arena, (size_t)count, sizeof *located);
    SY_TRY(sy_check_alloc(ctx, located));
    for (int i = 0; i < count; i++) {
        const sy_tensor *tensor = &lowering->graph->tensors[tensors[i]];
        size_t words = 0;
        if (lowering->tensors[tensors[i]].slot == SY_NONE || !sy_shape_count(&tensor->shape, &words))
            return sy_fail(ctx, SY_E_INTERNAL, "tensor '%s' was asked for and has no place", tensor->name);
        located[i] = (sy_program_tensor){tensors[i], lowering->tensors[tensors[i]], words};
    }
    *out = located;
    return SY_OK;
}

/* Outputs and observed tensors in one list, for the lowering: all of them are to be computed and to exist. */
static sy_status lower(sy_ctx *ctx, sy_program *program, const sy_program_spec *spec)
{
    const int count = spec->output_count + spec->observed_count;
    int *wanted = sy_arena_alloc(&program->arena, (size_t)count, sizeof *wanted);
    SY_TRY(sy_check_alloc(ctx, wanted));
    for (int i = 0; i < count; i++)
        wanted[i] = i < spec->output_count ? spec->outputs[i] : spec->observed[i - spec->output_count];
    for (int i = 0; i < spec->input_count; i++)
        if (spec->graph->tensors[spec->inputs[i]].data)
            return sy_fail(ctx, SY_E_ARGUMENT, "tensor '%s' is a constant and cannot be supplied",
                           spec->graph->tensors[spec->inputs[i]].name);
    return sy_lower_graph(ctx, spec->graph, spec->inputs, spec->input_count, wanted, count, NULL,
                          &program->lowering);
}

static sy_status prepare_tables(sy_ctx *ctx, sy_program *program, const sy_program_spec *spec)
{
    const sy_lowering *lowering = &program->lowering;
    const size_t steps = (size_t)lowering->step_count;
    program->input_count = spec->input_count;
    program->output_count = spec->output_count;
    program->observed_count = spec->observed_count;
    SY_TRY(locate(ctx, program, spec->inputs, spec->input_count, &program->inputs));
    SY_TRY(locate(ctx, program, spec->outputs, spec->output_count, &program->outputs));
    SY_TRY(locate(ctx, program, spec->observed, spec->observed_count, &program->observed));
    program->places = sy_arena_alloc(&program->arena, (size_t)lowering->slot_count, sizeof *program->places);
    SY_TRY(sy_check_alloc(ctx, program->places));
    program->skipped = sy_arena_alloc(&program->arena, steps, sizeof *program->skipped);
    SY_TRY(sy_check_alloc(ctx, program->skipped));
    program->step_packed = sy_arena_alloc(&program->arena, steps, sizeof *program->step_packed);
    SY_TRY(sy_check_alloc(ctx, program->step_packed));
    for (size_t s = 0; s < steps; s++)
        for (int k = 0; k < SY_MAX_OPERANDS; k++)
            program->step_packed[s][k] = SY_NONE;
    return SY_OK;
}

sy_status sy_program_create(sy_ctx *ctx, const sy_backend *backend, sy_device *device,
                            const sy_program_spec *spec, sy_program **out)
{
    sy_program *program = calloc(1, sizeof *program);
    sy_status status;
    SY_TRY(sy_check_alloc(ctx, program));
    program->backend = backend;
    program->device = device;
    SY_TRY_DONE(backend->stream_create(ctx, device, &program->stream));
    SY_TRY_DONE(lower(ctx, program, spec));
    SY_TRY_DONE(prepare_tables(ctx, program, spec));
    find_makers(program);
    SY_TRY_DONE(plan_observations(ctx, program));
    sy_program_elide_moves(program);
    mark_live_times(program);
    SY_TRY_DONE(place_activations(ctx, program));
    SY_TRY_DONE(sy_program_upload(ctx, program));
    *out = program;
    return SY_OK;
done:
    sy_program_destroy(program);
    return status;
}

void sy_program_destroy(sy_program *program)
{
    if (!program)
        return;
    sy_program_free_constants(program);
    if (program->stream)
        program->backend->stream_destroy(program->stream);
    sy_lowering_release(&program->lowering);
    sy_arena_release(&program->arena);
    free(program);
}

void sy_program_memory(const sy_program *program, size_t *out_activations, size_t *out_constants)
{
    size_t words = 0;
    for (int i = 0; i < program->packed_count; i++)
        words += program->backend->buffer_words(program->packed[i].buffer);
    for (int i = 0; i < program->lowering.slot_count; i++)
        if (program->places[i].constant)
            words += program->backend->buffer_words(program->places[i].constant);
    *out_activations = program->activation_words * sizeof(uint32_t);
    *out_constants = words * sizeof(uint32_t);
}

const sy_lowering *sy_program_lowering(const sy_program *program)
{
    return &program->lowering;
}

static void print_place(const sy_program *program, int slot, sy_text *out)
{
    const sy_place *place = &program->places[slot];
    if (place->within != SY_NONE)
        sy_text_printf(out, "place %d within %d at %zu\n", slot, place->within, place->within_offset);
    else if (place->live && program->lowering.slots[slot].kind != SY_SLOT_CONSTANT)
        sy_text_printf(out, "place %d at %zu, times %d to %d\n", slot, place->memory.offset,
                       place->memory.first, place->memory.last);
}

void sy_program_print(const sy_program *program, sy_text *out)
{
    sy_lowering_print(&program->lowering, out);
    for (int i = 0; i < program->lowering.slot_count; i++)
        print_place(program, i, out);
    for (int s = 0; s < program->lowering.step_count; s++)
        if (program->skipped[s])
            sy_text_printf(out, "skip %d\n", s);
    sy_text_printf(out, "memory %zu\n", program->activation_words);
}
