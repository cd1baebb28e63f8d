#include "correct/correct.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "correct/judge.h"
#include "correct/layers.h"
#include "correct/shift.h"
#include "correct/stream.h"
#include "quant/quantize.h"
#include "run/run.h"

/* Every so many samples one is held back. */
enum { HOLD_BACK_EVERY = 5, SAMPLES_MIN = 4 };

/* A choice of the source's samples; itself a source. */
typedef struct {
    const sy_sample_source *all;
    size_t *indices;
    size_t count;
} subset;

static const char *subset_name(const void *user, size_t index)
{
    const subset *chosen = user;
    return chosen->all->name(chosen->all->user, chosen->indices[index]);
}

static sy_status subset_load(sy_ctx *ctx, const void *user, size_t index, void *const *out, sy_hash *out_hash,
                             bool *out_usable)
{
    const subset *chosen = user;
    return chosen->all->load(ctx, chosen->all->user, chosen->indices[index], out, out_hash, out_usable);
}

static sy_sample_source source_of(const subset *chosen)
{
    return (sy_sample_source){
        .user = chosen, .count = chosen->count, .name = subset_name, .load = subset_load};
}

typedef struct {
    sy_ctx *ctx;
    const sy_correct_spec *spec;
    sy_plan *plan;
    sy_advance how;
    sy_arena arena;
    subset used, held_back;
    sy_graph *quantized; /* of the plan as it came, with a bias everywhere; bound */
    sy_graph *corrected; /* a copy, in which each layer passed has its new bias */
    sy_layer *layers;
    int layer_count;
    sy_stats *targets; /* channel means of the float stream over the samples used */
    sy_activations activations;
} correction;

/* The plan's quantized graph at the shapes of the float model. */
static sy_status bind_quantized(sy_ctx *ctx, const sy_graph *reference, const sy_plan *plan, sy_arena *arena,
                                sy_graph **out)
{
    sy_graph *graph = NULL;
    sy_input_shape *shapes = sy_arena_alloc(arena, (size_t)reference->input_count, sizeof *shapes);
    SY_TRY(sy_check_alloc(ctx, shapes));
    for (int i = 0; i < reference->input_count; i++) {
        const sy_tensor *tensor = &reference->tensors[reference->inputs[i]];
        shapes[i] = (sy_input_shape){.name = tensor->name, .shape = tensor->shape};
    }
    SY_TRY(sy_quantize_graph(ctx, plan, &graph));
    sy_status status = sy_graph_bind(ctx, graph, shapes, reference->input_count, out);
    sy_graph_destroy(graph);
    return status;
}

/* Every product that can have a bias gets one, so that there is something to change. */
static sy_status give_biases(correction *work)
{
    for (int n = 0; n < work->plan->graph->node_count; n++) {
        int channels = sy_plan_channels(work->plan, n), count = 0;
        if (channels <= 0)
            continue;
        float *bias = sy_arena_alloc(&work->arena, (size_t)channels, sizeof *bias);
        SY_TRY(sy_check_alloc(work->ctx, bias));
        SY_TRY(sy_plan_bias(work->ctx, work->plan, n, bias, &count));
        if (count == 0)
            SY_TRY(sy_plan_set_bias(work->ctx, work->plan, n, bias, channels));
    }
    return SY_OK;
}

static sy_status split_samples(correction *work)
{
    size_t total = work->spec->samples->count;
    work->used =
        (subset){.all = work->spec->samples, .indices = sy_arena_alloc(&work->arena, total, sizeof(size_t))};
    work->held_back =
        (subset){.all = work->spec->samples, .indices = sy_arena_alloc(&work->arena, total, sizeof(size_t))};
    SY_TRY(sy_check_alloc(work->ctx, work->used.indices && work->held_back.indices ? work : NULL));
    size_t every = total < HOLD_BACK_EVERY ? total : HOLD_BACK_EVERY;
    for (size_t s = 0; s < total; s++) {
        subset *part = s % every == every - 1 ? &work->held_back : &work->used;
        part->indices[part->count++] = s;
    }
    return SY_OK;
}

/* As many samples as fit at the widest cut, spread over those there are. */
static sy_status limit_samples(correction *work)
{
    size_t widest = 1,
           before = sy_cut_bytes(work->quantized, work->quantized->inputs, work->quantized->input_count);
    for (int k = 0; k < work->layer_count; k++) {
        int *cut, count;
        SY_TRY(sy_cut_find(work->ctx, work->quantized, work->layers[k].node, &work->arena, &cut, &count));
        size_t bytes = sy_cut_bytes(work->quantized, cut, count);
        widest = before + bytes > widest ? before + bytes : widest;
        before = bytes;
    }
    size_t fit = work->spec->memory_bytes / widest;
    fit = fit ? fit : 1;
    if (fit >= work->used.count)
        return SY_OK;
    for (size_t i = 0; i < fit; i++)
        work->used.indices[i] = work->used.indices[i * work->used.count / fit];
    sy_log(work->ctx, SY_LOG_INFO, "bias correction: %zu of %zu samples fit in the memory it may use", fit,
           work->used.count);
    work->used.count = fit;
    return SY_OK;
}

/* Channel means of the float stream at the layers' targets. */
static sy_status find_targets(correction *work)
{
    int *observed = sy_arena_alloc(&work->arena, (size_t)work->layer_count, sizeof *observed);
    int count = 0;
    sy_sample_source source = source_of(&work->used);
    SY_TRY(sy_check_alloc(work->ctx, observed));
    for (int k = 0; k < work->layer_count; k++) {
        int tensor = sy_graph_find_tensor(work->spec->reference, work->layers[k].target);
        if (tensor != SY_NONE && !work->spec->reference->tensors[tensor].data)
            observed[count++] = tensor;
    }
    const sy_calib_spec spec = {.backend = work->spec->backend,
                                .device = work->spec->device,
                                .graph = work->spec->reference,
                                .observed = observed,
                                .observed_count = count,
                                .samples = &source,
                                .workers = work->spec->workers,
                                .batch = work->spec->batch,
                                .input_shape = "",
                                .preprocess = "",
                                .stage = "layer means"};
    return sy_calib_collect(work->ctx, &spec, &work->targets);
}

/* What a pass over one layer gathers: counts for each worker, sums for each sample. */
typedef struct {
    const sy_layer *layer;
    float lo, hi; /* where the values are clamped, both finite; of a ReLU whose output is not rounded, hi is
                     beyond all that was seen */
    bool clamped;
    uint32_t **bins; /* [worker][channel * SY_SHIFT_BINS] */
    double **sums;   /* [sample][channel] */
} gathering;

static sy_status gather_sample(sy_ctx *ctx, void *user, int worker, size_t sample, const float *words)
{
    const gathering *seen = user;
    const sy_layer *layer = seen->layer;
    (void)ctx;
    for (size_t o = 0; o < layer->outer; o++)
        for (size_t c = 0; c < layer->channels; c++) {
            const float *at = words + (o * layer->channels + c) * layer->inner;
            uint32_t *bins = seen->clamped ? seen->bins[worker] + c * SY_SHIFT_BINS : NULL;
            double sum = 0;
            for (size_t i = 0; i < layer->inner; i++) {
                if (bins)
                    bins[sy_shift_bin(at[i], seen->lo, seen->hi)]++;
                else
                    sum += (double)at[i];
            }
            if (!bins)
                seen->sums[sample][c] += sum;
        }
    return SY_OK;
}

static sy_status gathering_open(correction *work, const sy_layer *layer, const sy_tensor_stats *target,
                                sy_arena *arena, gathering *out)
{
    size_t workers = (size_t)work->spec->workers, samples = work->activations.sample_count;
    *out = (gathering){.layer = layer, .lo = layer->lo, .hi = layer->hi};
    if (isfinite(out->lo) && !isfinite(out->hi))
        out->hi = out->lo + 2 * fmaxf(target->max - out->lo, FLT_MIN);
    if (isfinite(out->hi) && !isfinite(out->lo))
        out->lo = out->hi - 2 * fmaxf(out->hi - target->min, FLT_MIN);
    out->clamped = isfinite(out->lo) && isfinite(out->hi) && out->lo < out->hi;
    out->bins = sy_arena_alloc(arena, workers, sizeof *out->bins);
    out->sums = sy_arena_alloc(arena, samples, sizeof *out->sums);
    SY_TRY(sy_check_alloc(work->ctx, out->bins && out->sums ? out : NULL));
    for (size_t w = 0; w < workers && out->clamped; w++) {
        out->bins[w] = sy_arena_alloc(arena, layer->channels * SY_SHIFT_BINS, sizeof **out->bins);
        SY_TRY(sy_check_alloc(work->ctx, out->bins[w]));
    }
    for (size_t s = 0; s < samples && !out->clamped; s++) {
        out->sums[s] = sy_arena_alloc(arena, layer->channels, sizeof **out->sums);
        SY_TRY(sy_check_alloc(work->ctx, out->sums[s]));
    }
    return SY_OK;
}

static double shift_of_channel(const correction *work, const gathering *seen, size_t channel, double target)
{
    if (seen->clamped) {
        uint32_t *bins = seen->bins[0] + channel * SY_SHIFT_BINS;
        for (int w = 1; w < work->spec->workers; w++)
            for (int b = 0; b < SY_SHIFT_BINS; b++)
                bins[b] += seen->bins[w][channel * SY_SHIFT_BINS + (size_t)b];
        const sy_shift_histogram histogram = {.lo = seen->lo, .hi = seen->hi, .bins = bins};
        return sy_shift_solve(&histogram, target);
    }
    double sum = 0, count = 0;
    for (size_t s = 0; s < work->activations.sample_count; s++) {
        if (!work->activations.usable[s])
            continue;
        sum += seen->sums[s][channel];
        count += (double)(seen->layer->outer * seen->layer->inner);
    }
    return count > 0 ? target - sum / count : 0;
}

/* New biases for one layer, into `bias`. */
static sy_status correct_layer(correction *work, const sy_layer *layer, const sy_tensor_stats *target,
                               float *bias)
{
    sy_arena arena = {0};
    gathering seen;
    sy_status status;
    SY_TRY_DONE(gathering_open(work, layer, target, &arena, &seen));
    SY_TRY_DONE(
        sy_activations_visit(work->ctx, &work->how, &work->activations, layer->sums, gather_sample, &seen));
    double largest = 0;
    for (size_t c = 0; c < layer->channels; c++) {
        double shift = shift_of_channel(work, &seen, c, target->channel_means[c]);
        bias[c] = (float)((double)bias[c] + shift);
        largest = fmax(largest, fabs(shift));
    }
    sy_log(work->ctx, SY_LOG_DEBUG, "bias correction: '%s': largest shift %.4g",
           work->plan->graph->nodes[layer->plan_node].name, largest);
    SY_TRY_DONE(sy_plan_set_bias(work->ctx, work->plan, layer->plan_node, bias, (int)layer->channels));
done:
    sy_arena_release(&arena);
    return status;
}

static sy_status walk(correction *work, int *out_layers)
{
    for (int k = 0; k < work->layer_count; k++) {
        const sy_layer *layer = &work->layers[k];
        int *cut, cut_count;
        SY_TRY(sy_progress(work->ctx, "bias correction", (size_t)k, (size_t)work->layer_count));
        SY_TRY(sy_cut_find(work->ctx, work->corrected, layer->node, &work->arena, &cut, &cut_count));
        SY_TRY(sy_activations_move(work->ctx, &work->how, &work->activations, cut, cut_count));
        float *bias = sy_arena_copy(&work->arena, work->quantized->tensors[layer->bias].data,
                                    layer->channels * sizeof *bias);
        SY_TRY(sy_check_alloc(work->ctx, bias));
        const sy_tensor_stats *target = sy_stats_find(work->targets, layer->target);
        if (target && target->channel_means && target->channel_count == layer->channels) {
            SY_TRY(correct_layer(work, layer, target, bias));
            (*out_layers)++;
        }
        /* Where branches run side by side it may be added only behind later layers. */
        work->corrected->tensors[layer->bias].data = bias;
    }
    return sy_progress(work->ctx, "bias correction", (size_t)work->layer_count, (size_t)work->layer_count);
}

/* SQNR over the samples held back, before and after. */
static sy_status judge(correction *work, const sy_graph *before, sy_correct_result *out)
{
    sy_graph *after = NULL;
    sy_sample_source source = source_of(&work->held_back);
    const sy_judge_spec spec = {.backend = work->spec->backend,
                                .device = work->spec->device,
                                .reference = work->spec->reference,
                                .samples = &source,
                                .workers = work->spec->workers,
                                .batch = work->spec->batch};
    SY_TRY(bind_quantized(work->ctx, work->spec->reference, work->plan, &work->arena, &after));
    sy_status status = sy_judge_outputs(work->ctx, &spec, before, &out->before_db);
    if (status == SY_OK)
        status = sy_judge_outputs(work->ctx, &spec, after, &out->after_db);
    sy_graph_destroy(after);
    out->kept = out->after_db > out->before_db;
    return status;
}

static sy_status correct(correction *work, sy_correct_result *out)
{
    SY_TRY(give_biases(work));
    SY_TRY(bind_quantized(work->ctx, work->spec->reference, work->plan, &work->arena, &work->quantized));
    SY_TRY(sy_graph_copy(work->ctx, work->quantized, &work->corrected));
    SY_TRY(sy_layers_find(work->ctx, work->plan, work->quantized, &work->arena, &work->layers,
                          &work->layer_count));
    if (work->layer_count == 0)
        return SY_OK;
    SY_TRY(split_samples(work));
    SY_TRY(limit_samples(work));
    SY_TRY(find_targets(work));
    SY_TRY(sy_activations_load(work->ctx, work->corrected, work->spec->reference, work->spec->samples,
                               work->used.indices, work->used.count, work->spec->workers,
                               &work->activations));
    SY_TRY(walk(work, &out->layers));
    out->samples_used = work->used.count;
    out->samples_held_back = work->held_back.count;
    return judge(work, work->quantized, out);
}

sy_status sy_correct_biases(sy_ctx *ctx, const sy_correct_spec *spec, sy_plan *plan, sy_correct_result *out)
{
    *out = (sy_correct_result){0};
    if (spec->samples->count < SAMPLES_MIN)
        return SY_OK;
    correction work = {.ctx = ctx,
                       .spec = spec,
                       .plan = plan,
                       .how = {.backend = spec->backend,
                               .device = spec->device,
                               .workers = spec->workers,
                               .batch = spec->batch}};
    sy_status status = sy_while(ctx, correct(&work, out), "bias correction");
    sy_activations_release(&work.activations);
    sy_stats_destroy(work.targets);
    sy_graph_destroy(work.corrected);
    sy_graph_destroy(work.quantized);
    sy_arena_release(&work.arena);
    return status;
}
