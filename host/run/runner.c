#include <stdlib.h>
#include <time.h>

#include "base/bytes.h"
#include "run/program.h"

struct sy_runner {
    sy_program *program;
    sy_stream *stream;
    uint32_t batch;      /* samples that fit */
    uint32_t samples;    /* of the last run */
    sy_buffer *memory;   /* every activation of every sample */
    sy_launch *launches; /* a step each, with this runner's buffers filled in */
    unsigned generation; /* of the constants that are filled in */
    uint64_t *nanoseconds;
};

static sy_view view_of(const sy_runner *runner, sy_operand operand)
{
    const sy_program *program = runner->program;
    if (operand.slot == SY_NONE)
        return (sy_view){NULL, 0};
    operand = sy_program_resolve(program, operand);
    const sy_place *place = &program->places[operand.slot];
    if (program->lowering.slots[operand.slot].kind == SY_SLOT_CONSTANT)
        return (sy_view){place->constant, operand.offset};
    return (sy_view){runner->memory, place->memory.offset + operand.offset};
}

/* Words from what one sample has in a slot to what the next has. */
static size_t stride_of(const sy_program *program, sy_operand operand)
{
    if (operand.slot == SY_NONE || program->lowering.slots[operand.slot].kind == SY_SLOT_CONSTANT)
        return 0;
    return program->activation_words;
}

static void fill_launch(sy_runner *runner, int index)
{
    const sy_program *program = runner->program;
    const sy_step *step = &program->lowering.steps[index];
    sy_launch launch = {.kernel = step->kernel, .params = step->params, .batch = runner->samples};
    for (int k = 0; k < sy_kernel_operands(step->kernel); k++) {
        const int packed = program->step_packed[index][k];
        if (packed == SY_NONE) {
            launch.operands[k] = view_of(runner, step->operands[k]);
            launch.batch_strides[k] = stride_of(program, step->operands[k]);
        } else {
            launch.operands[k] = (sy_view){program->packed[packed].buffer, 0};
            launch.packed |= 1u << k;
        }
    }
    runner->launches[index] = launch;
}

static void fill_launches(sy_runner *runner)
{
    for (int s = 0; s < runner->program->lowering.step_count; s++)
        fill_launch(runner, s);
    runner->generation = runner->program->generation;
}

/* Every launch is of the samples of this run. */
static void set_samples(sy_runner *runner, uint32_t samples)
{
    runner->samples = samples;
    for (int s = 0; s < runner->program->lowering.step_count; s++)
        runner->launches[s].batch = samples;
}

sy_status sy_runner_create(sy_ctx *ctx, sy_program *program, uint32_t batch, sy_runner **out)
{
    const sy_backend *backend = program->backend;
    const size_t steps = (size_t)program->lowering.step_count;
    sy_runner *runner = NULL;
    size_t words;
    sy_status status;
    if (!sy_mul_size(program->activation_words, batch, &words))
        return sy_fail(ctx, SY_E_MEMORY,
                       "%u samples of %zu words each do not fit in memory; choose a smaller batch", batch,
                       program->activation_words);
    runner = calloc(1, sizeof *runner);
    SY_TRY(sy_check_alloc(ctx, runner));
    runner->program = program;
    runner->batch = runner->samples = batch;
    runner->launches = calloc(steps + 1, sizeof *runner->launches);
    SY_TRY_DONE(sy_check_alloc(ctx, runner->launches));
    SY_TRY_DONE(backend->stream_create(ctx, program->device, &runner->stream));
    SY_TRY_DONE(backend->alloc(ctx, program->device, words, &runner->memory));
    fill_launches(runner);
    *out = runner;
    return SY_OK;
done:
    sy_runner_destroy(runner);
    return status;
}

void sy_runner_destroy(sy_runner *runner)
{
    if (!runner)
        return;
    const sy_program *program = runner->program;
    program->backend->free(program->device, runner->memory);
    if (runner->stream)
        program->backend->stream_destroy(runner->stream);
    free(runner->launches);
    free(runner);
}

sy_stream *sy_runner_stream(sy_runner *runner)
{
    return runner->stream;
}

void sy_runner_set_profile(sy_runner *runner, uint64_t *nanoseconds)
{
    runner->nanoseconds = nanoseconds;
}

static sy_view view_in_sample(const sy_runner *runner, sy_operand operand, uint32_t sample)
{
    sy_view view = view_of(runner, operand);
    view.offset += sample * stride_of(runner->program, operand);
    return view;
}

static sy_status write_inputs(sy_ctx *ctx, sy_runner *runner, const void *const *inputs)
{
    const sy_program *program = runner->program;
    for (uint32_t s = 0; s < runner->samples; s++, inputs += program->input_count) {
        for (int i = 0; i < program->input_count; i++) {
            const sy_program_tensor *input = &program->inputs[i];
            if (program->places[input->at.slot].live)
                SY_TRY(program->backend->write(ctx, runner->stream, view_in_sample(runner, input->at, s),
                                               inputs[i], input->words));
        }
    }
    return SY_OK;
}

/* What one run shows to whom. */
typedef struct {
    sy_observe_fn observe; /* NULL: nobody */
    void *user;
    int next; /* observation */
} showing;

/* Shows what is whole after `step`. */
static sy_status show(sy_ctx *ctx, sy_runner *runner, showing *to, int step)
{
    const sy_program *program = runner->program;
    while (to->observe && to->next < program->observed_count &&
           program->observations[to->next].after == step) {
        const int index = program->observations[to->next++].index;
        const sy_program_tensor *tensor = &program->observed[index];
        const sy_observed seen = {.index = index,
                                  .view = view_of(runner, tensor->at),
                                  .words = tensor->words,
                                  .samples = runner->samples,
                                  .stride = stride_of(program, tensor->at)};
        SY_TRY(to->observe(ctx, to->user, &seen));
    }
    return SY_OK;
}

static uint64_t now_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A step under the clock: nothing is queued before it and nothing is left queued after it. */
static sy_status time_step(sy_ctx *ctx, sy_runner *runner, int step)
{
    const sy_backend *backend = runner->program->backend;
    SY_TRY(backend->sync(ctx, runner->stream));
    const uint64_t start = now_nanoseconds();
    SY_TRY(backend->launch(ctx, runner->stream, &runner->launches[step]));
    SY_TRY(backend->sync(ctx, runner->stream));
    runner->nanoseconds[step] += now_nanoseconds() - start;
    return SY_OK;
}

static sy_status run_step(sy_ctx *ctx, sy_runner *runner, int step)
{
    const sy_program *program = runner->program;
    sy_status status = runner->nanoseconds
                           ? time_step(ctx, runner, step)
                           : program->backend->launch(ctx, runner->stream, &runner->launches[step]);
    const sy_lowering *lowering = &program->lowering;
    return sy_while(ctx, status, "node '%s'", lowering->graph->nodes[lowering->steps[step].node].name);
}

static sy_status run(sy_ctx *ctx, sy_runner *runner, const void *const *inputs, showing *to)
{
    SY_TRY(write_inputs(ctx, runner, inputs));
    SY_TRY(show(ctx, runner, to, SY_NONE));
    for (int s = 0; s < runner->program->lowering.step_count; s++) {
        if (!runner->program->skipped[s])
            SY_TRY(run_step(ctx, runner, s));
        SY_TRY(show(ctx, runner, to, s));
    }
    return SY_OK;
}

sy_status sy_runner_run(sy_ctx *ctx, sy_runner *runner, uint32_t samples, const void *const *inputs,
                        sy_observe_fn observe, void *user)
{
    const sy_backend *backend = runner->program->backend;
    showing to = {observe, user, 0};
    if (samples < 1 || samples > runner->batch)
        return sy_fail(ctx, SY_E_ARGUMENT, "a runner of up to %u samples cannot run %u", runner->batch,
                       samples);
    if (runner->generation != runner->program->generation)
        fill_launches(runner);
    set_samples(runner, samples);
    sy_status status = run(ctx, runner, inputs, &to);
    if (status == SY_OK)
        return backend->sync(ctx, runner->stream);
    backend->sync(NULL,
                  runner->stream); /* nothing may be left running; the first failure is the one to tell */
    return status;
}

sy_status sy_runner_read(sy_ctx *ctx, sy_runner *runner, uint32_t sample, int index, void *out, size_t words)
{
    const sy_program *program = runner->program;
    if (sample >= runner->samples)
        return sy_fail(ctx, SY_E_ARGUMENT, "sample %u does not exist, there are %u", sample, runner->samples);
    if (index < 0 || index >= program->output_count)
        return sy_fail(ctx, SY_E_ARGUMENT, "output %d does not exist, there are %d", index,
                       program->output_count);
    const sy_program_tensor *output = &program->outputs[index];
    if (words != output->words)
        return sy_fail(ctx, SY_E_ARGUMENT, "output '%s' has %zu elements, not %zu",
                       program->lowering.graph->tensors[output->tensor].name, output->words, words);
    return program->backend->read(ctx, runner->stream, view_in_sample(runner, output->at, sample), out,
                                  words);
}
