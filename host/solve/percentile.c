#include "solve/methods.h"

/* The threshold of |x|: both sides of the histogram as one. */
static double symmetric_limit(const sy_tensor_stats *stats, double width, double outside)
{
    uint64_t both[SY_HISTOGRAM_SIDE];
    for (int b = 0; b < SY_HISTOGRAM_SIDE; b++)
        both[b] = stats->positive[b] + stats->negative[b];
    const double extreme = stats->max > -stats->min ? stats->max : -stats->min;
    return sy_range_tail(both, width, outside, extreme);
}

static sy_status choose(sy_ctx *ctx, const sy_tensor_stats *stats, const sy_range_options *options,
                        sy_range *out)
{
    SY_TRY(sy_range_check(ctx, stats));
    if (!(options->percentile > 0 && options->percentile <= 1))
        return sy_fail(ctx, SY_E_ARGUMENT,
                       "PERCENTILE keeps a share of the values above 0 and up to 1, not %g",
                       (double)options->percentile);
    const double width = sy_range_bin_width(stats);
    const double outside = (1 - (double)options->percentile) * (double)stats->elements;
    if (options->symmetric) {
        const double limit = symmetric_limit(stats, width, outside);
        *out = sy_range_of(stats, -limit, limit);
        return SY_OK;
    }
    const double high = sy_range_tail(stats->positive, width, outside, stats->max);
    const double low = -sy_range_tail(stats->negative, width, outside, -(double)stats->min);
    *out = sy_range_of(stats, low, high);
    return SY_OK;
}

const sy_range_method sy_range_percentile = {
    .name = "PERCENTILE",
    .help = "leaves out a fixed share of the values at each end (of |x| where the range is symmetric)",
    .choose = choose,
};
