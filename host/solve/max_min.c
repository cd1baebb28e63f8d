#include "solve/methods.h"

static sy_status choose(sy_ctx *ctx, const sy_tensor_stats *stats, const sy_range_options *options,
                        sy_range *out)
{
    (void)options;
    SY_TRY(sy_range_check(ctx, stats));
    *out = sy_range_of(stats, stats->min, stats->max);
    return SY_OK;
}

const sy_range_method sy_range_max_min = {
    .name = "MAX_MIN",
    .help = "from the smallest to the largest value seen: nothing is clipped",
    .choose = choose,
};
