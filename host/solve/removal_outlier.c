#include "solve/methods.h"

/* Every sample names its own ends, at sorted index int(0.0001 n) and int(0.9999 n); the range is their mean
 * over the samples. Where a sample is too small for that to leave anything out, as the last logits are, the
 * mean of the ends would clip the largest value of every other sample, so nothing is clipped.
 */
enum { SMALLEST_SAMPLE = 10000 };

static sy_status choose(sy_ctx *ctx, const sy_tensor_stats *stats, const sy_range_options *options,
                        sy_range *out)
{
    double low = 0, high = 0;
    uint32_t count = 0;
    (void)options;
    SY_TRY(sy_range_check(ctx, stats));
    for (uint32_t i = 0; i < stats->record_count; i++) {
        const sy_sample_record *record = &stats->records[i];
        if (record->min > record->max)
            continue; /* it held no finite value */
        low += record->low;
        high += record->high;
        count++;
    }
    if (count == 0)
        return sy_fail(ctx, SY_E_NUMERIC,
                       "tensor %s has no record of any sample, which REMOVAL_OUTLIER needs", stats->name);
    if (stats->elements / count < SMALLEST_SAMPLE)
        *out = sy_range_of(stats, stats->min, stats->max);
    else
        *out = sy_range_of(stats, low / count, high / count);
    return SY_OK;
}

const sy_range_method sy_range_removal_outlier = {
    .name = "REMOVAL_OUTLIER",
    .help = "each sample leaves out 0.01 % at each end; the mean of what remains over the samples",
    .choose = choose,
};
