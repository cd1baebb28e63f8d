#include "calib/assemble.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

typedef struct named {
    const char *name;
    size_t index;
} named;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

/* The indices of the samples that were taken, sorted by name. */
static sy_status sort_samples(sy_ctx *ctx, const sy_sample_source *samples, const bool *taken,
                              sy_arena *scratch, size_t **out, size_t *out_count)
{
    named *list = sy_arena_alloc(scratch, samples->count, sizeof *list);
    size_t *order = sy_arena_alloc(scratch, samples->count, sizeof *order);
    SY_TRY(sy_check_alloc(ctx, list));
    SY_TRY(sy_check_alloc(ctx, order));
    size_t count = 0;
    for (size_t i = 0; i < samples->count; i++)
        if (taken[i])
            list[count++] = (named){samples->name(samples->user, i), i};
    if (count == 0)
        return sy_fail(ctx, SY_E_DATA, "none of the %zu samples is usable", samples->count);
    qsort(list, count, sizeof *list, by_name);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(list[i - 1].name, list[i].name) == 0)
            return sy_fail(ctx, SY_E_DATA, "two samples are named %s; list each only once", list[i].name);
        order[i] = list[i].index;
    }
    *out = order;
    *out_count = count;
    return SY_OK;
}

static sy_status copy_samples(sy_ctx *ctx, const sy_sample_source *samples, const sy_hash *hashes,
                              const size_t *order, size_t count, sy_stats *out)
{
    out->sample_count = (uint32_t)count;
    out->samples = sy_arena_alloc(&out->arena, count, sizeof *out->samples);
    out->sample_hashes = sy_arena_alloc(&out->arena, count, sizeof *out->sample_hashes);
    SY_TRY(sy_check_alloc(ctx, out->samples));
    SY_TRY(sy_check_alloc(ctx, out->sample_hashes));
    for (size_t i = 0; i < count; i++) {
        out->samples[i] = sy_arena_text(&out->arena, samples->name(samples->user, order[i]));
        SY_TRY(sy_check_alloc(ctx, out->samples[i]));
        out->sample_hashes[i] = hashes[order[i]];
    }
    return SY_OK;
}

static sy_status fill(sy_ctx *ctx, const sy_calib_spec *spec, sy_accumulator *accumulators,
                      const sy_hash *hashes, const bool *taken, sy_arena *scratch, sy_stats *out)
{
    size_t *order = NULL, count = 0;
    SY_TRY(sort_samples(ctx, spec->samples, taken, scratch, &order, &count));
    SY_TRY(copy_samples(ctx, spec->samples, hashes, order, count, out));

    out->model = spec->model;
    out->fast = spec->fast || (spec->resumed && spec->resumed->fast);
    out->input_shape = sy_arena_text(&out->arena, spec->input_shape);
    out->preprocess = sy_arena_text(&out->arena, spec->preprocess);
    out->tensor_count = (uint32_t)spec->observed_count;
    out->tensors = sy_arena_alloc(&out->arena, out->tensor_count, sizeof *out->tensors);
    SY_TRY(sy_check_alloc(ctx, out->input_shape));
    SY_TRY(sy_check_alloc(ctx, out->preprocess));
    SY_TRY(sy_check_alloc(ctx, out->tensors));
    for (uint32_t i = 0; i < out->tensor_count; i++) {
        sy_tensor_stats *tensor = &out->tensors[i];
        tensor->name = sy_arena_text(&out->arena, spec->graph->tensors[spec->observed[i]].name);
        SY_TRY(sy_check_alloc(ctx, tensor->name));
        SY_TRY(sy_accumulator_finish(ctx, &accumulators[i], order, count, &out->arena, tensor));
    }
    return SY_OK;
}

sy_status sy_calib_assemble(sy_ctx *ctx, const sy_calib_spec *spec, sy_accumulator *accumulators,
                            const sy_hash *hashes, const bool *taken, sy_stats **out)
{
    sy_arena scratch = {0};
    sy_status status;
    sy_stats *stats = calloc(1, sizeof *stats);
    SY_TRY_DONE(sy_check_alloc(ctx, stats));
    SY_TRY_DONE(fill(ctx, spec, accumulators, hashes, taken, &scratch, stats));
    *out = stats;
    stats = NULL;
done:
    sy_stats_destroy(stats);
    sy_arena_release(&scratch);
    return status;
}

/* Values that are not finite spread, so only the first few tensors are named. */
sy_status sy_calib_check_finite(sy_ctx *ctx, const sy_stats *stats)
{
    enum { NAMED_TENSORS = 8 };
    int bad = 0;
    for (uint32_t i = 0; i < stats->tensor_count; i++) {
        const sy_tensor_stats *seen = &stats->tensors[i];
        if (seen->elements == 0)
            return sy_fail(ctx, SY_E_NUMERIC,
                           "tensor %s had no finite value in any sample; check the samples and their "
                           "preprocessing, and what computes it",
                           seen->name);
        if (seen->not_finite_samples == 0)
            continue;
        if (++bad <= NAMED_TENSORS)
            sy_log(ctx, SY_LOG_WARN,
                   "tensor %s: %llu values are not finite, in %u samples, of which %s is the first by name; "
                   "they are left out of its statistics",
                   seen->name, (unsigned long long)seen->not_finite, seen->not_finite_samples,
                   seen->not_finite_first);
    }
    if (bad > NAMED_TENSORS)
        sy_log(ctx, SY_LOG_WARN, "%d more tensors had values that are not finite", bad - NAMED_TENSORS);
    return SY_OK;
}
