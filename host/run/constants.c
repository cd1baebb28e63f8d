/* The constants of a program: on the device once, shared by its runners, packed where the backend likes that.
 */
#include <string.h>

#include "run/program.h"

static sy_status upload_slot(sy_ctx *ctx, sy_program *program, const void *words, size_t count,
                             sy_buffer **out)
{
    const sy_backend *backend = program->backend;
    sy_buffer *buffer = NULL;
    sy_status status;
    SY_TRY_DONE(backend->alloc(ctx, program->device, count, &buffer));
    SY_TRY_DONE(backend->write(ctx, program->stream, (sy_view){buffer, 0}, words, count));
    SY_TRY_DONE(backend->sync(ctx, program->stream));
    *out = buffer;
    return SY_OK;
done:
    backend->free(program->device, buffer);
    return status;
}

/* What `operand` of `step` is packed as, made from `words`, which holds the whole slot. *out stays NULL when
 * it is used as it is. */
static sy_status pack_operand(sy_ctx *ctx, const sy_program *program, int step_index, int operand,
                              sy_buffer *words, sy_buffer **out)
{
    const sy_step *step = &program->lowering.steps[step_index];
    sy_launch launch = {.kernel = step->kernel, .params = step->params, .batch = 1};
    launch.operands[operand] = (sy_view){words, step->operands[operand].offset};
    return program->backend->pack(ctx, program->stream, &launch, operand, out);
}

/* A packed form made before for the same operand of the same work, e.g. of another time step of a recurrence.
 */
static int find_packed(const sy_program *program, int step_index, int operand)
{
    const sy_step *steps = program->lowering.steps, *step = &steps[step_index];
    for (int i = 0; i < program->packed_count; i++) {
        const sy_packed *packed = &program->packed[i];
        const sy_step *first = &steps[packed->step];
        if (packed->operand == operand && first->kernel == step->kernel &&
            first->operands[operand].slot == step->operands[operand].slot &&
            first->operands[operand].offset == step->operands[operand].offset &&
            first->params_bytes == step->params_bytes &&
            memcmp(first->params, step->params, step->params_bytes) == 0)
            return i;
    }
    return SY_NONE;
}

/* Sets step_packed of this operand; it stays SY_NONE where the operand is read as it is. */
static sy_status prepare_operand(sy_ctx *ctx, sy_program *program, int step, int operand, sy_buffer *words)
{
    sy_buffer *buffer = NULL;
    int index = find_packed(program, step, operand);
    if (index == SY_NONE && program->backend->pack)
        SY_TRY(pack_operand(ctx, program, step, operand, words, &buffer));
    if (buffer) {
        index = program->packed_count++;
        program->packed[index] = (sy_packed){step, operand, buffer};
    }
    program->step_packed[step][operand] = index;
    return SY_OK;
}

static bool is_constant(const sy_program *program, sy_operand operand)
{
    return operand.slot != SY_NONE && program->lowering.slots[operand.slot].kind == SY_SLOT_CONSTANT;
}

/* Per slot: how many operands of steps read it, and whether anything reads it as it is. */
typedef struct {
    int readers;
    bool plain;
} usage;

static void count_readers(const sy_program *program, usage *uses)
{
    const sy_lowering *lowering = &program->lowering;
    for (int s = 0; s < lowering->step_count; s++)
        for (int k = 0; k < sy_kernel_operands(lowering->steps[s].kernel); k++)
            if (is_constant(program, lowering->steps[s].operands[k]))
                uses[lowering->steps[s].operands[k].slot].readers++;
    for (int i = 0; i < program->output_count; i++)
        uses[program->outputs[i].at.slot].plain = true;
    for (int i = 0; i < program->observed_count; i++)
        uses[program->observed[i].at.slot].plain = true;
}

/* A constant goes up when the first step asks for it and, if nobody reads it as it is, away after the last
 * has its packed form. */
static sy_status place_operand(sy_ctx *ctx, sy_program *program, int step, int operand, usage *uses)
{
    const int index = program->lowering.steps[step].operands[operand].slot;
    const sy_slot *slot = &program->lowering.slots[index];
    sy_buffer **constant = &program->places[index].constant;
    if (!*constant)
        SY_TRY(upload_slot(ctx, program, slot->words_data, slot->words, constant));
    SY_TRY(prepare_operand(ctx, program, step, operand, *constant));
    uses[index].plain = uses[index].plain || program->step_packed[step][operand] == SY_NONE;
    if (--uses[index].readers == 0 && !uses[index].plain) {
        program->backend->free(program->device, *constant);
        *constant = NULL;
    }
    return SY_OK;
}

static sy_status place_constants(sy_ctx *ctx, sy_program *program, usage *uses)
{
    const sy_lowering *lowering = &program->lowering;
    for (int s = 0; s < lowering->step_count; s++)
        for (int k = 0; k < sy_kernel_operands(lowering->steps[s].kernel); k++)
            if (is_constant(program, lowering->steps[s].operands[k]))
                SY_TRY(place_operand(ctx, program, s, k, uses));
    /* What no step reads, but the caller. */
    for (int i = 0; i < lowering->slot_count; i++) {
        const sy_slot *slot = &lowering->slots[i];
        if (slot->kind == SY_SLOT_CONSTANT && uses[i].plain && !program->places[i].constant)
            SY_TRY(upload_slot(ctx, program, slot->words_data, slot->words, &program->places[i].constant));
    }
    return SY_OK;
}

sy_status sy_program_upload(sy_ctx *ctx, sy_program *program)
{
    const sy_lowering *lowering = &program->lowering;
    sy_arena scratch = {0};
    usage *uses = sy_arena_alloc(&scratch, (size_t)lowering->slot_count, sizeof *uses);
    size_t readers = 0;
    sy_status status;
    SY_TRY_DONE(sy_check_alloc(ctx, uses));

    count_readers(program, uses);
    for (int i = 0; i < lowering->slot_count; i++)
        readers += (size_t)uses[i].readers;
    program->packed = sy_arena_alloc(&program->arena, readers, sizeof *program->packed);
    SY_TRY_DONE(sy_check_alloc(ctx, program->packed));
    SY_TRY_DONE(place_constants(ctx, program, uses));
done:
    sy_arena_release(&scratch);
    return status;
}

void sy_program_free_constants(sy_program *program)
{
    for (int i = 0; i < program->packed_count; i++)
        program->backend->free(program->device, program->packed[i].buffer);
    for (int i = 0; i < program->lowering.slot_count && program->places; i++)
        program->backend->free(program->device, program->places[i].constant);
}

/* Packs anew what was packed from `slot`, of which `words` holds the new content. */
static sy_status repack(sy_ctx *ctx, sy_program *program, int slot, sy_buffer *words)
{
    for (int i = 0; i < program->packed_count; i++) {
        sy_packed *packed = &program->packed[i];
        sy_buffer *fresh = NULL;
        if (program->lowering.steps[packed->step].operands[packed->operand].slot != slot)
            continue;
        SY_TRY(pack_operand(ctx, program, packed->step, packed->operand, words, &fresh));
        if (!fresh) /* the same params were packed before */
            return sy_fail(ctx, SY_E_INTERNAL, "backend %s packs an operand only sometimes",
                           program->backend->name);
        program->backend->free(program->device, packed->buffer);
        packed->buffer = fresh;
    }
    return SY_OK;
}

sy_status sy_program_set_constant(sy_ctx *ctx, sy_program *program, int tensor, const void *words,
                                  size_t count)
{
    const sy_lowering *lowering = &program->lowering;
    const sy_graph *graph = lowering->graph;
    const sy_operand at =
        tensor >= 0 && tensor < graph->tensor_count ? lowering->tensors[tensor] : sy_no_operand;
    if (!is_constant(program, at) || lowering->slots[at.slot].tensor != tensor)
        return sy_fail(ctx, SY_E_ARGUMENT, "tensor '%s' is not a constant that this program reads",
                       tensor >= 0 && tensor < graph->tensor_count ? graph->tensors[tensor].name : "?");
    if (lowering->slots[at.slot].words != count)
        return sy_fail(ctx, SY_E_ARGUMENT, "constant '%s' has %zu elements, not %zu",
                       graph->tensors[tensor].name, lowering->slots[at.slot].words, count);

    sy_buffer *fresh = NULL;
    sy_buffer **constant = &program->places[at.slot].constant;
    sy_status status;
    SY_TRY_DONE(upload_slot(ctx, program, words, count, &fresh));
    SY_TRY_DONE(repack(ctx, program, at.slot, fresh));
    if (*constant) { /* somebody reads it as it is */
        sy_buffer *old = *constant;
        *constant = fresh;
        fresh = old;
    }
    program->generation++;
done:
    program->backend->free(program->device, fresh);
    return status;
}
