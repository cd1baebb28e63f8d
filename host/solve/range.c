#include "solve/range.h"

#include <math.h>
#include <string.h>

#include "solve/methods.h"

/* AUTO tries them in this order, and of methods as good as each other keeps the first. */
static const sy_range_method *const methods[] = {
    &sy_range_max_min,         &sy_range_percentile, &sy_range_kl,
    &sy_range_removal_outlier, &sy_range_mse,        &sy_range_auto,
};

const sy_range_method *sy_range_method_at(int index)
{
    return index >= 0 && index < (int)(sizeof methods / sizeof methods[0]) ? methods[index] : NULL;
}

const sy_range_method *sy_range_method_find(const char *name)
{
    if (strcmp(name, "RemovalOutlier") == 0)
        return &sy_range_removal_outlier;
    for (int i = 0; sy_range_method_at(i); i++)
        if (strcmp(sy_range_method_at(i)->name, name) == 0)
            return sy_range_method_at(i);
    return NULL;
}

sy_status sy_range_check(sy_ctx *ctx, const sy_tensor_stats *stats)
{
    if (stats->elements == 0)
        return sy_fail(ctx, SY_E_NUMERIC, "tensor %s held no finite value, so it has no range", stats->name);
    return SY_OK;
}

sy_range sy_range_of(const sy_tensor_stats *stats, double min, double max)
{
    sy_range range = {fmaxf((float)min, stats->min), fminf((float)max, stats->max)};
    range.min = fminf(range.min, 0.0f) + 0.0f; /* of 0 and -0 always 0 */
    range.max = fmaxf(range.max, 0.0f) + 0.0f;
    if (!(range.min < range.max))
        range = (sy_range){0, 1};
    return range;
}

double sy_range_bin_width(const sy_tensor_stats *stats)
{
    return ldexp(1.0 / SY_HISTOGRAM_SIDE, stats->exponent);
}

int sy_range_used_bins(const uint64_t *bins)
{
    int used = SY_HISTOGRAM_SIDE;
    while (used > 0 && bins[used - 1] == 0)
        used--;
    return used;
}

double sy_range_tail(const uint64_t *bins, double width, double outside, double extreme)
{
    if (outside < 1)
        return extreme;
    for (int b = SY_HISTOGRAM_SIDE - 1; b >= 0; b--) {
        const double count = (double)bins[b];
        if (outside < count)
            return fmin(extreme, width * (b + 1 - outside / count));
        outside -= count;
    }
    return 0;
}

/* The integer grid a range gives: the multiples lo..hi of scale. */
typedef struct grid {
    double scale, lo, hi;
} grid;

static grid grid_of(const sy_range_options *options, const sy_range *range)
{
    const double min = range->min, max = range->max;
    if (options->symmetric) {
        const int most = (options->levels - 1) / 2, least = -(options->levels / 2);
        return (grid){fmax(-min, max) / most, least, most};
    }
    const double steps = options->levels - 1;
    const double scale = (max - min) / steps;
    const double zero = fmin(fmax(rint(-min / scale), 0), steps);
    return (grid){scale, -zero, steps - zero};
}

/* The multiple that u steps become. The integrals below are continuous, so it does not matter to which side
 * halves go. */
static double nearest(const grid *g, double u)
{
    if (u <= g->lo)
        return g->lo;
    if (u >= g->hi)
        return g->hi;
    return (double)(int32_t)(u < 0 ? u - 0.5 : u + 0.5);
}

/* An antiderivative of (u - nearest(u))^2: every whole step adds 1/12, the rest is a cube; outside the grid
 * only the cube grows. */
static double integral(const grid *g, double u)
{
    const double n = nearest(g, u), rest = u - n;
    return n / 12 + rest * rest * rest / 3;
}

/* Sum of squared errors, in steps, of one side's values; sign is 1 or -1. The last bin ends at the largest
 * value, so that a spike at an upper limit, such as that of ReLU6, is a point. From the far end on, where
 * clipping shows, and no further than until the sum exceeds `limit`.
 */
static double side_error(const grid *g, const uint64_t *bins, double width, double extreme, double sign,
                         double limit)
{
    const double to_steps = sign / g->scale;
    double total = 0, to = extreme;
    double after = integral(g, to * to_steps);
    for (int b = sy_range_used_bins(bins) - 1; b >= 0 && total <= limit; b--) {
        const double from = b * width;
        const double before = integral(g, from * to_steps);
        if (to <= from) {
            const double u = extreme * to_steps, rest = u - nearest(g, u);
            total += (double)bins[b] * rest * rest;
        } else if (bins[b]) {
            total += (double)bins[b] * fabs(after - before) / ((to - from) / g->scale);
        }
        after = before;
        to = from;
    }
    return total;
}

double sy_range_error_up_to(const sy_tensor_stats *stats, const sy_range_options *options,
                            const sy_range *range, double limit)
{
    if (stats->elements == 0)
        return 0;
    const grid g = grid_of(options, range);
    const double width = sy_range_bin_width(stats);
    const double unit = g.scale * g.scale / (double)stats->elements;
    double total = side_error(&g, stats->positive, width, stats->max, 1, limit / unit);
    total += side_error(&g, stats->negative, width, -(double)stats->min, -1, limit / unit - total);
    return total * unit;
}

double sy_range_error(const sy_tensor_stats *stats, const sy_range_options *options, const sy_range *range)
{
    return sy_range_error_up_to(stats, options, range, INFINITY);
}

/* How many of one side's values lie beyond `limit`. */
static double side_clipped(const uint64_t *bins, double width, double extreme, double limit)
{
    const int used = sy_range_used_bins(bins);
    double count = 0;
    for (int b = used - 1; b >= 0; b--) {
        const double from = b * width, to = b + 1 < used ? from + width : extreme;
        if (to <= limit)
            break;
        count += (double)bins[b] * (from >= limit ? 1 : (to - limit) / (to - from));
    }
    return count;
}

double sy_range_clipped(const sy_tensor_stats *stats, const sy_range *range)
{
    if (stats->elements == 0)
        return 0;
    const double width = sy_range_bin_width(stats);
    const double count = side_clipped(stats->positive, width, stats->max, range->max) +
                         side_clipped(stats->negative, width, -(double)stats->min, -(double)range->min);
    return count / (double)stats->elements;
}
