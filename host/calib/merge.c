#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "calib/histogram.h"
#include "calib/stats.h"

/* Where a sample of the result comes from. */
typedef struct source {
    const char *name;
    const sy_stats *shard;
    uint32_t index;
} source;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const source *)a)->name, ((const source *)b)->name);
}

static sy_status check_alike(sy_ctx *ctx, const sy_stats *first, const sy_stats *shard, size_t number)
{
    if (memcmp(&first->model, &shard->model, sizeof first->model) != 0)
        return sy_fail(ctx, SY_E_DATA, "statistics %zu are of another model file than the first", number);
    if (strcmp(first->input_shape, shard->input_shape) != 0)
        return sy_fail(ctx, SY_E_DATA, "statistics %zu are for input shape %s, the first for %s", number,
                       shard->input_shape, first->input_shape);
    if (strcmp(first->preprocess, shard->preprocess) != 0)
        return sy_fail(ctx, SY_E_DATA, "statistics %zu were taken with other preprocessing than the first",
                       number);
    if (first->tensor_count != shard->tensor_count)
        return sy_fail(ctx, SY_E_DATA, "statistics %zu hold %u tensors, the first %u", number,
                       (unsigned)shard->tensor_count, (unsigned)first->tensor_count);
    for (uint32_t t = 0; t < first->tensor_count; t++) {
        const sy_tensor_stats *a = &first->tensors[t], *b = &shard->tensors[t];
        if (strcmp(a->name, b->name) != 0 || a->channel_count != b->channel_count)
            return sy_fail(ctx, SY_E_DATA,
                           "statistics %zu hold tensor %s of %u channels where the first hold %s of %u",
                           number, b->name, (unsigned)b->channel_count, a->name, (unsigned)a->channel_count);
    }
    return SY_OK;
}

/* All samples of all shards, sorted by name. */
static sy_status list_samples(sy_ctx *ctx, const sy_stats *const *shards, size_t shard_count, sy_arena *arena,
                              source **out, uint32_t *out_count)
{
    uint64_t total = 0;
    for (size_t s = 0; s < shard_count; s++)
        total += shards[s]->sample_count;
    if (total > UINT32_MAX)
        return sy_fail(ctx, SY_E_DATA, "the shards hold more than %u samples", (unsigned)UINT32_MAX);
    source *sources = sy_arena_alloc(arena, (size_t)total, sizeof *sources);
    SY_TRY(sy_check_alloc(ctx, sources));

    uint32_t count = 0;
    for (size_t s = 0; s < shard_count; s++)
        for (uint32_t i = 0; i < shards[s]->sample_count; i++)
            sources[count++] = (source){shards[s]->samples[i], shards[s], i};
    qsort(sources, count, sizeof *sources, by_name);
    for (uint32_t i = 1; i < count; i++)
        if (strcmp(sources[i - 1].name, sources[i].name) == 0)
            return sy_fail(ctx, SY_E_DATA, "sample %s is in more than one of the statistics to merge",
                           sources[i].name);
    *out = sources;
    *out_count = count;
    return SY_OK;
}

static void merge_numbers(sy_tensor_stats *out, const sy_stats *const *shards, size_t shard_count, uint32_t t)
{
    out->min = INFINITY;
    out->max = -INFINITY;
    out->exponent = -126;
    for (size_t s = 0; s < shard_count; s++) {
        const sy_tensor_stats *in = &shards[s]->tensors[t];
        out->elements += in->elements;
        out->zeros += in->zeros;
        out->not_finite += in->not_finite;
        out->channel_elements += in->channel_elements;
        out->not_finite_samples += in->not_finite_samples;
        out->min = fminf(out->min, in->min);
        out->max = fmaxf(out->max, in->max);
        out->exponent = in->exponent > out->exponent ? in->exponent : out->exponent;
        sy_exact_sum_merge(&out->exact_sum, &in->exact_sum);
        sy_exact_sum_merge(&out->exact_squares, &in->exact_squares);
    }
    out->sum = sy_exact_sum_value(&out->exact_sum);
    out->sum_of_squares = sy_exact_sum_value(&out->exact_squares);
}

static sy_status merge_first_not_finite(sy_ctx *ctx, sy_arena *arena, sy_tensor_stats *out,
                                        const sy_stats *const *shards, size_t shard_count, uint32_t t)
{
    const char *first = NULL;
    for (size_t s = 0; s < shard_count; s++) {
        const char *name = shards[s]->tensors[t].not_finite_first;
        if (name && (!first || strcmp(name, first) < 0))
            first = name;
    }
    out->not_finite_first = first ? sy_arena_text(arena, first) : NULL;
    return first ? sy_check_alloc(ctx, out->not_finite_first) : SY_OK;
}

static sy_status merge_arrays(sy_ctx *ctx, sy_arena *arena, sy_tensor_stats *out,
                              const sy_stats *const *shards, size_t shard_count, uint32_t t)
{
    uint64_t *positive = sy_arena_alloc(arena, SY_HISTOGRAM_SIDE, sizeof *positive);
    uint64_t *negative = sy_arena_alloc(arena, SY_HISTOGRAM_SIDE, sizeof *negative);
    SY_TRY(sy_check_alloc(ctx, positive));
    SY_TRY(sy_check_alloc(ctx, negative));
    for (size_t s = 0; s < shard_count; s++) {
        const sy_tensor_stats *in = &shards[s]->tensors[t];
        sy_histogram_add(positive, in->positive, out->exponent - in->exponent);
        sy_histogram_add(negative, in->negative, out->exponent - in->exponent);
    }
    out->positive = positive;
    out->negative = negative;

    out->channel_count = shards[0]->tensors[t].channel_count;
    if (out->channel_count == 0)
        return SY_OK;
    sy_exact_sum *sums = sy_arena_alloc(arena, out->channel_count, sizeof *sums);
    SY_TRY(sy_check_alloc(ctx, sums));
    for (size_t s = 0; s < shard_count; s++)
        for (uint32_t c = 0; c < out->channel_count; c++)
            sy_exact_sum_merge(&sums[c], &shards[s]->tensors[t].channel_sums[c]);
    out->channel_sums = sums;
    out->channel_means = sy_channel_means(arena, sums, out->channel_count, out->channel_elements);
    return sy_check_alloc(ctx, out->channel_means);
}

static sy_status merge_tensor(sy_ctx *ctx, sy_stats *out, const sy_stats *const *shards, size_t shard_count,
                              const source *sources, uint32_t t)
{
    sy_tensor_stats *tensor = &out->tensors[t];
    tensor->name = sy_arena_text(&out->arena, shards[0]->tensors[t].name);
    sy_sample_record *records = sy_arena_alloc(&out->arena, out->sample_count, sizeof *records);
    SY_TRY(sy_check_alloc(ctx, tensor->name));
    SY_TRY(sy_check_alloc(ctx, records));
    for (uint32_t i = 0; i < out->sample_count; i++)
        records[i] = sources[i].shard->tensors[t].records[sources[i].index];
    tensor->records = records;
    tensor->record_count = out->sample_count;
    merge_numbers(tensor, shards, shard_count, t);
    SY_TRY(merge_first_not_finite(ctx, &out->arena, tensor, shards, shard_count, t));
    return merge_arrays(ctx, &out->arena, tensor, shards, shard_count, t);
}

static sy_status merge_samples(sy_ctx *ctx, sy_stats *out, const source *sources, uint32_t count)
{
    out->sample_count = count;
    out->samples = sy_arena_alloc(&out->arena, count, sizeof *out->samples);
    out->sample_hashes = sy_arena_alloc(&out->arena, count, sizeof *out->sample_hashes);
    SY_TRY(sy_check_alloc(ctx, out->samples));
    SY_TRY(sy_check_alloc(ctx, out->sample_hashes));
    for (uint32_t i = 0; i < count; i++) {
        out->samples[i] = sy_arena_text(&out->arena, sources[i].name);
        SY_TRY(sy_check_alloc(ctx, out->samples[i]));
        out->sample_hashes[i] = sources[i].shard->sample_hashes[sources[i].index];
    }
    return SY_OK;
}

static sy_status merge_into(sy_ctx *ctx, const sy_stats *const *shards, size_t shard_count, sy_arena *scratch,
                            sy_stats *out)
{
    source *sources = NULL;
    uint32_t count = 0;
    for (size_t s = 1; s < shard_count; s++)
        SY_TRY(check_alike(ctx, shards[0], shards[s], s + 1));
    SY_TRY(list_samples(ctx, shards, shard_count, scratch, &sources, &count));
    SY_TRY(merge_samples(ctx, out, sources, count));

    out->model = shards[0]->model;
    out->input_shape = sy_arena_text(&out->arena, shards[0]->input_shape);
    out->preprocess = sy_arena_text(&out->arena, shards[0]->preprocess);
    for (size_t s = 0; s < shard_count; s++)
        out->fast |= shards[s]->fast;
    out->tensor_count = shards[0]->tensor_count;
    out->tensors = sy_arena_alloc(&out->arena, out->tensor_count, sizeof *out->tensors);
    SY_TRY(sy_check_alloc(ctx, out->input_shape));
    SY_TRY(sy_check_alloc(ctx, out->preprocess));
    SY_TRY(sy_check_alloc(ctx, out->tensors));
    for (uint32_t t = 0; t < out->tensor_count; t++)
        SY_TRY(merge_tensor(ctx, out, shards, shard_count, sources, t));
    return SY_OK;
}

sy_status sy_stats_merge(sy_ctx *ctx, const sy_stats *const *shards, size_t shard_count, sy_stats **out)
{
    sy_arena scratch = {0};
    sy_status status = SY_OK;
    if (shard_count == 0)
        return sy_fail(ctx, SY_E_ARGUMENT, "there are no statistics to merge");
    sy_stats *merged = calloc(1, sizeof *merged);
    SY_TRY_DONE(sy_check_alloc(ctx, merged));
    SY_TRY_DONE(merge_into(ctx, shards, shard_count, &scratch, merged));
    *out = merged;
    merged = NULL;
done:
    sy_arena_release(&scratch);
    sy_stats_destroy(merged);
    return status;
}
