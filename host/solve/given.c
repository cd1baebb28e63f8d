#include "solve/given.h"

#include <math.h>
#include <stdlib.h>

/* One value in a histogram of its own range, or none where it is 0. */
static const uint64_t *histogram_of(sy_arena *arena, double value, int exponent)
{
    uint64_t *bins = sy_arena_alloc(arena, SY_HISTOGRAM_SIDE, sizeof *bins);
    if (bins && value > 0)
        bins[(size_t)(ldexp(value, -exponent) * SY_HISTOGRAM_SIDE)] = 1;
    return bins;
}

static sy_status fill(sy_ctx *ctx, const sy_named_range *from, sy_arena *arena, sy_tensor_stats *out)
{
    const double min = (double)from->range.min, max = (double)from->range.max;
    int exponent = 0;
    frexp(fmax(-min, max), &exponent);
    *out = (sy_tensor_stats){.name = sy_arena_text(arena, from->name),
                             .elements = 2,
                             .zeros = (uint64_t)(min == 0) + (uint64_t)(max == 0),
                             .min = from->range.min,
                             .max = from->range.max,
                             .sum = min + max,
                             .sum_of_squares = min * min + max * max,
                             .exponent = exponent < -126 ? -126 : exponent};
    out->positive = histogram_of(arena, max, out->exponent);
    out->negative = histogram_of(arena, -min, out->exponent);
    return sy_check_alloc(ctx, out->name && out->positive && out->negative ? out : NULL);
}

sy_status sy_stats_from_ranges(sy_ctx *ctx, const sy_named_range *ranges, size_t count, sy_stats **out)
{
    sy_stats *stats = calloc(1, sizeof *stats);
    sy_status status;
    SY_TRY(sy_check_alloc(ctx, stats));
    stats->input_shape = stats->preprocess = "";
    stats->tensors = sy_arena_alloc(&stats->arena, count, sizeof *stats->tensors);
    SY_TRY_DONE(sy_check_alloc(ctx, stats->tensors));
    for (size_t i = 0; i < count; i++)
        SY_TRY_DONE(fill(ctx, &ranges[i], &stats->arena, &stats->tensors[stats->tensor_count++]));
    *out = stats;
    stats = NULL;
done:
    sy_stats_destroy(stats);
    return status;
}
