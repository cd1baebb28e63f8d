#include "solve/kl.h"

#include <math.h>

#include "solve/methods.h"

/* The search trusts the histogram to be a distribution, and its sum to be worth clipping for. Where that is
 * not so it collapses: with few values nearly every filled bin gets a run of its own and looks perfect,
 * however much lies outside. Hence:
 */
enum {
    COUNTS_A_BIN = 32, /* bins are merged in pairs until they hold so many on average ... */
    BINS_A_BUCKET = 4, /* ... but not below so many a bucket; then nothing is clipped */
};
static const double SPIKE_SHARE =
    1e-3; /* a last bin with this share is an upper limit, as of ReLU6: it is kept */
static const double OUTSIDE_SHARE = 5e-3; /* no more than this may be clipped */

typedef struct folded {
    uint64_t bins[SY_HISTOGRAM_SIDE]; /* of |x|, zeros left out: they cost nothing wherever the range ends */
    int bin_count;                    /* up to the last that is not empty */
    double width, extreme;            /* the largest |x| */
    uint64_t count;
} folded;

static void fold(const sy_tensor_stats *stats, folded *out)
{
    out->count = stats->elements - stats->zeros;
    out->width = sy_range_bin_width(stats);
    out->extreme = fmax(stats->max, -(double)stats->min);
    for (int b = 0; b < SY_HISTOGRAM_SIDE; b++)
        out->bins[b] = stats->positive[b] + stats->negative[b];
    out->bin_count = sy_range_used_bins(out->bins);
}

/* Codes from 0 to the largest |x|. A tensor of one sign uses them all; one of two signs shares them by width.
 */
static int buckets_of(const sy_tensor_stats *stats, const sy_range_options *options, double extreme)
{
    if (options->symmetric)
        return (options->levels + 1) / 2;
    const double whole = fmax(stats->max, 0) - fmin(stats->min, 0);
    return (int)rint(options->levels * extreme / whole);
}

/* false where even the widest bins stay too sparse. */
static bool coarsen(folded *f, int buckets)
{
    while (f->count < (uint64_t)COUNTS_A_BIN * (uint64_t)f->bin_count) {
        const int half = (f->bin_count + 1) / 2;
        if (half < BINS_A_BUCKET * buckets)
            return false;
        for (ptrdiff_t b = 0; b < half; b++)
            f->bins[b] = f->bins[2 * b] + (2 * b + 1 < f->bin_count ? f->bins[2 * b + 1] : 0);
        f->bin_count = half;
        f->width *= 2;
    }
    return true;
}

static sy_status choose(sy_ctx *ctx, const sy_tensor_stats *stats, const sy_range_options *options,
                        sy_range *out)
{
    folded f;
    SY_TRY(sy_range_check(ctx, stats));
    fold(stats, &f);
    *out = sy_range_of(stats, stats->min, stats->max);
    if (f.bin_count == 0 || (double)f.bins[f.bin_count - 1] >= SPIKE_SHARE * (double)f.count)
        return SY_OK;
    const int buckets = buckets_of(stats, options, f.extreme);
    if (!coarsen(&f, buckets))
        return SY_OK;
    int kept;
    SY_TRY(sy_kl_search(ctx, f.bins, f.bin_count, buckets, OUTSIDE_SHARE * (double)f.count, NULL, &kept));
    const double limit = kept < f.bin_count ? kept * f.width : f.extreme;
    *out = sy_range_of(stats, -limit, limit);
    return SY_OK;
}

const sy_range_method sy_range_kl = {
    .name = "KL",
    .help = "the range whose integer form diverges least (Kullback and Leibler) from the distribution of |x|",
    .choose = choose,
};
