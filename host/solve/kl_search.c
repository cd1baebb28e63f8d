#include <math.h>
#include <stdlib.h>

#include "solve/kl.h"

/* Sums over the first k bins. */
typedef struct prefix {
    double count, filled, entropy; /* entropy: sum of count log count */
} prefix;

static double x_log_x(double x)
{
    return x > 0 ? x * log(x) : 0;
}

static void sum_up(const uint64_t *bins, int bin_count, prefix *sums)
{
    sums[0] = (prefix){0, 0, 0};
    for (int b = 0; b < bin_count; b++) {
        const double count = (double)bins[b];
        sums[b + 1] =
            (prefix){sums[b].count + count, sums[b].filled + (count > 0), sums[b].entropy + x_log_x(count)};
    }
}

/* Sum of p log q over the runs of `width` bins before the last, q not normalised. */
static double shared_runs(const prefix *sums, int buckets, int width)
{
    double total = 0;
    for (int run = 0; run + 1 < buckets; run++) {
        const prefix *from = &sums[(ptrdiff_t)run * width], *to = from + width;
        const double count = to->count - from->count;
        if (count > 0)
            total += count * log(count / (to->filled - from->filled));
    }
    return total;
}

/* The divergence of keeping n bins, given that sum. */
static double divergence(const uint64_t *bins, int bin_count, const prefix *sums, int buckets, int n,
                         double shared)
{
    const prefix *from = &sums[(ptrdiff_t)(buckets - 1) * (n / buckets)], *to = &sums[n];
    const double total = sums[bin_count].count;
    const double outside = total - to->count;
    const double last = (double)bins[n - 1];
    const double count = to->count - from->count;
    const double filled = to->filled - from->filled + (outside > 0 && last == 0);
    if (outside > 0 && count == 0)
        return INFINITY;
    const double p_log_p = to->entropy - x_log_x(last) + x_log_x(last + outside);
    const double p_log_q = shared + (count > 0 ? (count + outside) * log(count / filled) : 0);
    return (p_log_p - p_log_q) / total + log(to->count / total);
}

sy_status sy_kl_search(sy_ctx *ctx, const uint64_t *bins, int bin_count, int buckets, double outside,
                       double *divergences, int *out)
{
    *out = bin_count;
    if (bin_count < buckets)
        return SY_OK;
    prefix *sums = calloc((size_t)bin_count + 1, sizeof *sums);
    SY_TRY(sy_check_alloc(ctx, sums));
    sum_up(bins, bin_count, sums);
    const double total = sums[bin_count].count;
    double best = INFINITY;
    for (int width = 1; width <= bin_count / buckets; width++) {
        const double shared = shared_runs(sums, buckets, width);
        for (int n = width * buckets; n < (width + 1) * buckets && n <= bin_count; n++) {
            const bool allowed = total > 0 && total - sums[n].count <= outside;
            const double found = allowed ? divergence(bins, bin_count, sums, buckets, n, shared) : NAN;
            if (divergences)
                divergences[n - buckets] = found;
            if (found <= best) {
                best = found;
                *out = n;
            }
        }
    }
    free(sums);
    return SY_OK;
}
