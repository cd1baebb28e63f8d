#include "verify/verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "compare/distance.h"
#include "run/run.h"
#include "verify/pairs.h"

/* What one sample gave, for one output or inner tensor. */
typedef struct {
    sy_comparison *outputs, *tensors;
    size_t largest_float, largest_quantized; /* indices into output 0 */
    bool usable;
} sample_result;

typedef struct {
    sy_runner *reference, *quantized;
    void **inputs;                 /* in the float model's order, which owns them */
    const void **quantized_inputs; /* the same in the quantized model's */
    float **outputs[2];
    float *activations;
} worker_state;

typedef struct {
    const sy_verify_spec *spec;
    sy_program *reference, *quantized;
    sy_pairs pairs;
    sample_result *results;
    worker_state *workers;
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

static sy_status worker_open(sy_ctx *ctx, const verification *work, worker_state *state)
{
    const sy_graph *graph = work->spec->reference;
    SY_TRY(sy_runner_create(ctx, work->reference, 1, &state->reference));
    SY_TRY(sy_runner_create(ctx, work->quantized, 1, &state->quantized));
    state->inputs = sy_arena_alloc(work->arena, (size_t)graph->input_count, sizeof *state->inputs);
    state->quantized_inputs = sy_arena_alloc(work->arena, (size_t)work->spec->quantized->input_count,
                                             sizeof *state->quantized_inputs);
    SY_TRY(sy_check_alloc(ctx, state->inputs && state->quantized_inputs ? state : NULL));
    for (int i = 0; i < graph->input_count; i++) {
        size_t count = 0;
        sy_shape_count(&graph->tensors[graph->inputs[i]].shape, &count);
        state->inputs[i] = sy_arena_alloc(work->arena, count, sizeof(uint32_t));
        SY_TRY(sy_check_alloc(ctx, state->inputs[i]));
    }
    for (int k = 0; k < 2; k++) {
        state->outputs[k] =
            sy_arena_alloc(work->arena, (size_t)work->pairs.output_count, sizeof **state->outputs);
        SY_TRY(sy_check_alloc(ctx, state->outputs[k]));
        for (int i = 0; i < work->pairs.output_count; i++) {
            state->outputs[k][i] = sy_arena_alloc(work->arena, work->pairs.outputs[i].words, sizeof(float));
            SY_TRY(sy_check_alloc(ctx, state->outputs[k][i]));
        }
    }
    state->activations = sy_arena_alloc(work->arena, work->pairs.activation_words, sizeof(float));
    return sy_check_alloc(ctx, state->activations);
}

/* What an observer needs to know. */
typedef struct {
    const verification *work;
    worker_state *state;
    sample_result *result;
    sy_runner *runner;
} observation;

static sy_status keep_float(sy_ctx *ctx, void *user, const sy_observed *tensor)
{
    const observation *seen = user;
    sy_stream *stream = sy_runner_stream(seen->runner);
    float *to = seen->state->activations + seen->work->pairs.tensors[tensor->index].offset;
    return seen->work->spec->backend->read(ctx, stream, tensor->view, to, tensor->words);
}

static sy_status compare_quantized(sy_ctx *ctx, void *user, const sy_observed *tensor)
{
    const observation *seen = user;
    const size_t words = tensor->words;
    sy_stream *stream = sy_runner_stream(seen->runner);
    float *values = malloc((words ? words : 1) * sizeof *values);
    SY_TRY(sy_check_alloc(ctx, values));
    sy_status status = seen->work->spec->backend->read(ctx, stream, tensor->view, values, words);
    if (status == SY_OK)
        seen->result->tensors[tensor->index] = sy_compare(
            seen->state->activations + seen->work->pairs.tensors[tensor->index].offset, values, words);
    free(values);
    return status;
}

static sy_status run_model(sy_ctx *ctx, const verification *work, sy_runner *runner,
                           const void *const *inputs, sy_observe_fn observe, observation *seen,
                           float **outputs)
{
    seen->runner = runner;
    SY_TRY(sy_runner_run(ctx, runner, 1, inputs, work->pairs.tensor_count ? observe : NULL, seen));
    for (int i = 0; i < work->pairs.output_count; i++)
        SY_TRY(sy_runner_read(ctx, runner, 0, i, outputs[i], work->pairs.outputs[i].words));
    return SY_OK;
}

static sy_status verify_sample(sy_ctx *ctx, void *user, int worker, size_t item)
{
    const verification *work = user;
    worker_state *state = &work->workers[worker];
    sample_result *result = &work->results[item];
    observation seen = {.work = work, .state = state, .result = result};

    SY_TRY(sy_samples_load(ctx, work->spec->samples, item, state->inputs, NULL, &result->usable));
    if (!result->usable)
        return SY_OK;
    for (int i = 0; i < work->spec->quantized->input_count; i++)
        state->quantized_inputs[i] = state->inputs[work->pairs.inputs[i]];
    SY_TRY(run_model(ctx, work, state->reference, (const void *const *)state->inputs, keep_float, &seen,
                     state->outputs[0]));
    SY_TRY(run_model(ctx, work, state->quantized, state->quantized_inputs, compare_quantized, &seen,
                     state->outputs[1]));
    for (int i = 0; i < work->pairs.output_count; i++) {
        result->outputs[i] =
            sy_compare(state->outputs[0][i], state->outputs[1][i], work->pairs.outputs[i].words);
        if (!isfinite(result->outputs[i].signal))
            return sy_fail(ctx, SY_E_NUMERIC, "output '%s' of the float model is not finite for sample '%s'",
                           work->spec->reference->tensors[work->pairs.outputs[i].reference].name,
                           sy_samples_name(work->spec->samples, item));
    }
    result->largest_float = sy_largest_index(state->outputs[0][0], work->pairs.outputs[0].words);
    result->largest_quantized = sy_largest_index(state->outputs[1][0], work->pairs.outputs[0].words);
    return SY_OK;
}

static void summarize_output(const verification *work, int index, size_t count, sy_output_report *out)
{
    *out =
        (sy_output_report){.name = work->spec->reference->tensors[work->pairs.outputs[index].reference].name,
                           .cosine_min = 1,
                           .sqnr_db_min = SY_DB_MAX};
    size_t used = 0;
    for (size_t s = 0; s < count; s++) {
        if (!work->results[s].usable)
            continue;
        const sy_comparison *comparison = &work->results[s].outputs[index];
        double cosine = sy_comparison_cosine(comparison), db = sy_comparison_db(comparison);
        out->cosine_mean += cosine;
        out->sqnr_db += db;
        out->cosine_min = fmin(out->cosine_min, cosine);
        out->sqnr_db_min = fmin(out->sqnr_db_min, db);
        out->largest_difference = fmax(out->largest_difference, comparison->largest_difference);
        used++;
    }
    out->cosine_mean /= (double)used;
    out->sqnr_db /= (double)used;
}

static void summarize_tensor(const verification *work, int index, size_t count, sy_tensor_report *out)
{
    sy_comparison sum = {0};
    for (size_t s = 0; s < count; s++) {
        const sy_comparison *comparison = &work->results[s].tensors[index];
        if (!work->results[s].usable)
            continue;
        sum.signal += comparison->signal;
        sum.noise += comparison->noise;
        sum.largest_difference = fmax(sum.largest_difference, comparison->largest_difference);
    }
    *out =
        (sy_tensor_report){.name = work->spec->reference->tensors[work->pairs.tensors[index].reference].name,
                           .sqnr_db = sy_comparison_db(&sum),
                           .largest_difference = sum.largest_difference};
}

static void summarize_classes(const verification *work, size_t count, sy_verify_report *out)
{
    size_t labelled = 0, right_float = 0, right_quantized = 0, same = 0;
    for (size_t s = 0; s < count; s++) {
        const sample_result *result = &work->results[s];
        if (!result->usable)
            continue;
        int label = sy_samples_label(work->spec->samples, s);
        same += result->largest_float == result->largest_quantized;
        if (label < 0)
            continue;
        labelled++;
        right_float += result->largest_float == (size_t)label;
        right_quantized += result->largest_quantized == (size_t)label;
    }
    out->agreement = sy_share_of(same, out->sample_count);
    out->has_labels = labelled > 0;
    out->top1_float = sy_share_of(right_float, labelled);
    out->top1_quantized = sy_share_of(right_quantized, labelled);
}

static sy_status summarize(sy_ctx *ctx, const verification *work, size_t count, sy_verify_report *out)
{
    for (size_t s = 0; s < count; s++)
        out->sample_count += work->results[s].usable;
    if (out->sample_count == 0)
        return sy_fail(ctx, SY_E_DATA, "none of the %zu samples can be used", count);
    out->outputs = sy_arena_alloc(&out->arena, (size_t)work->pairs.output_count, sizeof *out->outputs);
    out->tensors = sy_arena_alloc(&out->arena, (size_t)work->pairs.tensor_count, sizeof *out->tensors);
    SY_TRY(sy_check_alloc(ctx, out->outputs && out->tensors ? out : NULL));
    out->output_count = work->pairs.output_count;
    out->tensor_count = work->pairs.tensor_count;
    for (int i = 0; i < work->pairs.output_count; i++) {
        summarize_output(work, i, count, &out->outputs[i]);
        out->outputs[i].name = sy_arena_text(&out->arena, out->outputs[i].name);
        SY_TRY(sy_check_alloc(ctx, out->outputs[i].name));
    }
    for (int i = 0; i < work->pairs.tensor_count; i++) {
        summarize_tensor(work, i, count, &out->tensors[i]);
        out->tensors[i].name = sy_arena_text(&out->arena, out->tensors[i].name);
        SY_TRY(sy_check_alloc(ctx, out->tensors[i].name));
    }
    summarize_classes(work, count, out);
    return SY_OK;
}

static sy_status prepare(sy_ctx *ctx, verification *work, size_t count, int workers)
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
    for (int w = 0; w < workers; w++)
        SY_TRY(worker_open(ctx, work, &work->workers[w]));
    return SY_OK;
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
    SY_TRY_DONE(prepare(ctx, &work, count, workers));
    SY_TRY_DONE(sy_pool_run(ctx, "verify", workers, count, verify_sample, &work));
    SY_TRY_DONE(summarize(ctx, &work, count, report));
    *out = report;
    report = NULL;
done:
    for (int w = 0; w < workers && work.workers; w++) {
        sy_runner_destroy(work.workers[w].reference);
        sy_runner_destroy(work.workers[w].quantized);
    }
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
