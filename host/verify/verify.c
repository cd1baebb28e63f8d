#include "verify/verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "run/batch.h"
#include "run/run.h"
#include "verify/summary.h"

/* A worker's batch keeps no more than this of the float model's values in the host's memory. */
enum { HOST_BYTES_MAX = 256 << 20 };

/* One thread's part: a batch of samples, `slot` by slot. */
typedef struct {
    sy_arena arena;
    sy_runner *reference, *quantized;
    size_t *items;                 /* [batch]: the samples that are in it */
    void **inputs;                 /* [batch][inputs], in the float model's order, which owns them */
    const void **quantized_inputs; /* the same in the quantized model's */
    float *outputs;                /* of the float model: [batch][output_words] */
    float *quantized_outputs;      /* of one sample */
    float *activations;            /* of the float model: [batch][activation_words] */
} worker_state;

typedef struct {
    const sy_verify_spec *spec;
    sy_program *reference, *quantized;
    sy_pairs pairs;
    uint32_t batch;
    sy_sample_result *results;
    worker_state *workers;
    int worker_count;
    sy_arena *arena;
} verification;

/* One of the two models as a program that supplies its inputs, keeps the outputs and shows the inner tensors.
 */
static sy_status create_program(sy_ctx *ctx, const verification *work, bool quantized, sy_program **out)
{
    const sy_graph *graph = quantized ? work->spec->quantized : work->spec->reference;
    int *outputs = sy_arena_alloc(work->arena, (size_t)work->pairs.output_count, sizeof *outputs);
    int *observed = sy_arena_alloc(work->arena, (size_t)work->pairs.tensor_count, sizeof *observed);
    SY_TRY(sy_check_alloc(ctx, outputs && observed ? outputs : NULL));
    for (int i = 0; i < work->pairs.output_count; i++)
        outputs[i] = quantized ? work->pairs.outputs[i].quantized : work->pairs.outputs[i].reference;
    for (int i = 0; i < work->pairs.tensor_count; i++)
        observed[i] = quantized ? work->pairs.tensors[i].quantized : work->pairs.tensors[i].reference;
    const sy_program_spec spec = {.graph = graph,
                                  .inputs = graph->inputs,
                                  .input_count = graph->input_count,
                                  .outputs = outputs,
                                  .output_count = work->pairs.output_count,
                                  .observed = observed,
                                  .observed_count = work->pairs.tensor_count};
    return sy_program_create(ctx, work->spec->backend, work->spec->device, &spec, out);
}

static sy_status alloc_inputs(sy_ctx *ctx, const verification *work, worker_state *state)
{
    const sy_graph *graph = work->spec->reference;
    const size_t inputs = (size_t)graph->input_count, batch = work->batch;
    state->items = sy_arena_alloc(&state->arena, batch, sizeof *state->items);
    state->inputs = sy_arena_alloc(&state->arena, batch * inputs, sizeof *state->inputs);
    state->quantized_inputs = sy_arena_alloc(
        &state->arena, batch * (size_t)work->spec->quantized->input_count, sizeof *state->quantized_inputs);
    SY_TRY(sy_check_alloc(ctx, state->items && state->inputs && state->quantized_inputs ? state : NULL));
    for (size_t i = 0; i < batch * inputs; i++) {
        size_t count = 0;
        sy_shape_count(&graph->tensors[graph->inputs[i % inputs]].shape, &count);
        state->inputs[i] = sy_arena_alloc(&state->arena, count, sizeof(uint32_t));
        SY_TRY(sy_check_alloc(ctx, state->inputs[i]));
    }
    return SY_OK;
}

static sy_status worker_open(sy_ctx *ctx, const verification *work, worker_state *state)
{
    const sy_pairs *pairs = &work->pairs;
    SY_TRY(sy_runner_create(ctx, work->reference, work->batch, &state->reference));
    SY_TRY(sy_runner_create(ctx, work->quantized, work->batch, &state->quantized));
    SY_TRY(alloc_inputs(ctx, work, state));
    state->outputs = sy_arena_alloc(&state->arena, work->batch * pairs->output_words, sizeof(float));
    state->quantized_outputs = sy_arena_alloc(&state->arena, pairs->output_words, sizeof(float));
    state->activations = sy_arena_alloc(&state->arena, work->batch * pairs->activation_words, sizeof(float));
    return sy_check_alloc(ctx,
                          state->outputs && state->quantized_outputs && state->activations ? state : NULL);
}

static void workers_close(verification *work)
{
    for (int w = 0; w < work->worker_count; w++) {
        sy_runner_destroy(work->workers[w].reference);
        sy_runner_destroy(work->workers[w].quantized);
        sy_arena_release(&work->workers[w].arena);
        work->workers[w] = (worker_state){0};
    }
    work->worker_count = 0;
}

/* What an observer needs to know. */
typedef struct {
    const verification *work;
    worker_state *state;
    sy_runner *runner;
} observation;

/* Where the float model's words of an inner tensor are kept for one sample of the batch. */
static float *activation_at(const observation *seen, int tensor, uint32_t slot)
{
    return seen->state->activations + slot * seen->work->pairs.activation_words +
           seen->work->pairs.tensors[tensor].offset;
}

static sy_status read_slot(sy_ctx *ctx, const observation *seen, const sy_observed *tensor, uint32_t slot,
                           float *out)
{
    const sy_view view = {tensor->view.buffer, tensor->view.offset + slot * tensor->stride};
    return seen->work->spec->backend->read(ctx, sy_runner_stream(seen->runner), view, out, tensor->words);
}

static sy_status keep_float(sy_ctx *ctx, void *user, const sy_observed *tensor)
{
    const observation *seen = user;
    for (uint32_t slot = 0; slot < tensor->samples; slot++)
        SY_TRY(read_slot(ctx, seen, tensor, slot, activation_at(seen, tensor->index, slot)));
    return SY_OK;
}

static sy_status compare_quantized(sy_ctx *ctx, void *user, const sy_observed *tensor)
{
    const observation *seen = user;
    const size_t words = tensor->words;
    float *values = malloc((words ? words : 1) * sizeof *values);
    SY_TRY(sy_check_alloc(ctx, values));
    sy_status status = SY_OK;
    for (uint32_t slot = 0; slot < tensor->samples && status == SY_OK; slot++) {
        status = read_slot(ctx, seen, tensor, slot, values);
        if (status == SY_OK)
            seen->work->results[seen->state->items[slot]].tensors[tensor->index] =
                sy_compare(activation_at(seen, tensor->index, slot), values, words);
    }
    free(values);
    return status;
}

static sy_status run_model(sy_ctx *ctx, const verification *work, worker_state *state, bool quantized,
                           uint32_t count)
{
    sy_runner *runner = quantized ? state->quantized : state->reference;
    const void *const *inputs = quantized ? state->quantized_inputs : (const void *const *)state->inputs;
    observation seen = {.work = work, .state = state, .runner = runner};
    const sy_observe_fn observe = quantized ? compare_quantized : keep_float;
    return sy_runner_run(ctx, runner, count, inputs, work->pairs.tensor_count ? observe : NULL, &seen);
}

/* The outputs of one sample of the last run. */
static sy_status read_outputs(sy_ctx *ctx, const verification *work, sy_runner *runner, uint32_t slot,
                              float *out)
{
    for (int i = 0; i < work->pairs.output_count; i++) {
        const sy_pair *pair = &work->pairs.outputs[i];
        SY_TRY(sy_runner_read(ctx, runner, slot, i, out + pair->offset, pair->words));
    }
    return SY_OK;
}

static sy_status compare_outputs(sy_ctx *ctx, const verification *work, worker_state *state, uint32_t slot)
{
    const size_t item = state->items[slot];
    const float *exact = state->outputs + slot * work->pairs.output_words;
    sy_sample_result *result = &work->results[item];
    SY_TRY(read_outputs(ctx, work, state->quantized, slot, state->quantized_outputs));
    for (int i = 0; i < work->pairs.output_count; i++) {
        const sy_pair *pair = &work->pairs.outputs[i];
        result->outputs[i] =
            sy_compare(exact + pair->offset, state->quantized_outputs + pair->offset, pair->words);
        if (!isfinite(result->outputs[i].signal))
            return sy_fail(ctx, SY_E_NUMERIC, "output '%s' of the float model is not finite for sample '%s'",
                           work->spec->reference->tensors[pair->reference].name,
                           sy_samples_name(work->spec->samples, item));
    }
    result->largest_float = sy_largest_index(exact, work->pairs.outputs[0].words);
    result->largest_quantized = sy_largest_index(state->quantized_outputs, work->pairs.outputs[0].words);
    return SY_OK;
}

/* Reads samples `first` to `last` (not included); those that are usable make the batch. */
static sy_status load_batch(sy_ctx *ctx, const verification *work, worker_state *state, size_t first,
                            size_t last, uint32_t *out_count)
{
    const size_t inputs = (size_t)work->spec->reference->input_count;
    const size_t quantized_inputs = (size_t)work->spec->quantized->input_count;
    uint32_t count = 0;
    for (size_t item = first; item < last; item++) {
        void **slot = state->inputs + count * inputs;
        bool *usable = &work->results[item].usable;
        SY_TRY(sy_samples_load(ctx, work->spec->samples, item, slot, NULL, usable));
        for (size_t i = 0; i < quantized_inputs; i++)
            state->quantized_inputs[count * quantized_inputs + i] = slot[work->pairs.inputs[i]];
        state->items[count] = item;
        count += *usable;
    }
    *out_count = count;
    return SY_OK;
}

static sy_status verify_batch(sy_ctx *ctx, void *user, int worker, size_t batch)
{
    const verification *work = user;
    worker_state *state = &work->workers[worker];
    const size_t first = batch * work->batch, left = sy_samples_count(work->spec->samples) - first;
    uint32_t count = 0;
    SY_TRY(load_batch(ctx, work, state, first, first + (left < work->batch ? left : work->batch), &count));
    if (count == 0)
        return SY_OK;
    SY_TRY(run_model(ctx, work, state, false, count));
    for (uint32_t slot = 0; slot < count; slot++)
        SY_TRY(read_outputs(ctx, work, state->reference, slot,
                            state->outputs + slot * work->pairs.output_words));
    SY_TRY(run_model(ctx, work, state, true, count));
    for (uint32_t slot = 0; slot < count; slot++)
        SY_TRY(compare_outputs(ctx, work, state, slot));
    return SY_OK;
}

static sy_status prepare(sy_ctx *ctx, verification *work, size_t count)
{
    SY_TRY(sy_pairs_find(ctx, work->spec->reference, work->spec->quantized, work->spec->tensors, work->arena,
                         &work->pairs));
    SY_TRY(create_program(ctx, work, false, &work->reference));
    SY_TRY(create_program(ctx, work, true, &work->quantized));
    work->results = sy_arena_alloc(work->arena, count, sizeof *work->results);
    SY_TRY(sy_check_alloc(ctx, work->results));
    for (size_t s = 0; s < count; s++) {
        size_t comparisons = (size_t)work->pairs.output_count + (size_t)work->pairs.tensor_count;
        work->results[s].outputs = sy_arena_alloc(work->arena, comparisons, sizeof(sy_comparison));
        SY_TRY(sy_check_alloc(ctx, work->results[s].outputs));
        work->results[s].tensors = work->results[s].outputs + work->pairs.output_count;
    }
    return SY_OK;
}

static sy_status choose_batch(sy_ctx *ctx, verification *work, size_t count, int workers)
{
    const size_t host = (work->pairs.output_words + work->pairs.activation_words) * sizeof(float) + 1;
    const size_t most = HOST_BYTES_MAX / host;
    size_t activations[2], constants;
    sy_program_memory(work->reference, &activations[0], &constants);
    sy_program_memory(work->quantized, &activations[1], &constants);
    const sy_batch_spec spec = {.backend = work->spec->backend,
                                .device = work->spec->device,
                                .asked = work->spec->batch,
                                .workers = workers,
                                .samples = count,
                                .sample_bytes = activations[0] + activations[1]};
    SY_TRY(sy_batch_choose(ctx, &spec, &work->batch));
    if (work->batch > most)
        work->batch = most ? (uint32_t)most : 1;
    return SY_OK;
}

static size_t batch_count(const verification *work, size_t count)
{
    return (count + work->batch - 1) / work->batch;
}

/* At most `workers`, and no more than there are batches. */
static sy_status try_workers(sy_ctx *ctx, verification *work, size_t count, int workers)
{
    const size_t batches = batch_count(work, count);
    const int used = batches < (size_t)workers ? (int)(batches ? batches : 1) : workers;
    for (int w = 0; w < used; w++) {
        work->worker_count++;
        SY_TRY(worker_open(ctx, work, &work->workers[w]));
    }
    return SY_OK;
}

/* With half as large a batch as long as there is no memory for it. */
static sy_status start_workers(sy_ctx *ctx, verification *work, size_t count, int workers)
{
    sy_status status = try_workers(ctx, work, count, workers);
    while (sy_batch_halve(ctx, status, &work->batch)) {
        workers_close(work);
        status = try_workers(ctx, work, count, workers);
    }
    return status;
}

sy_status sy_verify_models(sy_ctx *ctx, const sy_verify_spec *spec, sy_verify_report **out)
{
    sy_arena arena = {0};
    size_t count = sy_samples_count(spec->samples);
    int workers = (size_t)spec->workers < count ? spec->workers : (int)(count ? count : 1);
    verification work = {.spec = spec, .arena = &arena};
    sy_verify_report *report = calloc(1, sizeof *report);
    sy_status status = SY_OK;
    work.workers = sy_arena_alloc(&arena, (size_t)workers, sizeof *work.workers);
    SY_TRY_DONE(sy_check_alloc(ctx, report && work.workers ? report : NULL));
    SY_TRY_DONE(prepare(ctx, &work, count));
    SY_TRY_DONE(choose_batch(ctx, &work, count, workers));
    SY_TRY_DONE(start_workers(ctx, &work, count, workers));
    SY_TRY_DONE(
        sy_pool_run(ctx, "verify", work.worker_count, batch_count(&work, count), verify_batch, &work));
    SY_TRY_DONE(sy_verify_summarize(ctx, spec, &work.pairs, work.results, report));
    *out = report;
    report = NULL;
done:
    workers_close(&work);
    sy_program_destroy(work.reference);
    sy_program_destroy(work.quantized);
    sy_verify_report_destroy(report);
    sy_arena_release(&arena);
    return status;
}

void sy_verify_report_destroy(sy_verify_report *report)
{
    if (report)
        sy_arena_release(&report->arena);
    free(report);
}
