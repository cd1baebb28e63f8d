/* Statistics of values a test holds, counted one by one: nothing here is shared with the code under test. */
#ifndef SY_TESTS_SUPPORT_TENSOR_STATS_H
#define SY_TESTS_SUPPORT_TENSOR_STATS_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calib/stats.h"

typedef struct counted {
    sy_tensor_stats stats;
    uint64_t positive[SY_HISTOGRAM_SIDE], negative[SY_HISTOGRAM_SIDE];
} counted;

/* Finite values only. */
static inline void count_values(const float *x, size_t count, counted *out)
{
    memset(out, 0, sizeof *out);
    sy_tensor_stats *stats = &out->stats;
    stats->name = "x";
    stats->elements = count;
    stats->positive = out->positive;
    stats->negative = out->negative;
    stats->min = INFINITY;
    stats->max = -INFINITY;
    stats->exponent = -126;
    for (size_t i = 0; i < count; i++) {
        stats->min = x[i] < stats->min ? x[i] : stats->min;
        stats->max = x[i] > stats->max ? x[i] : stats->max;
        while (fabs((double)x[i]) >= ldexp(1, stats->exponent))
            stats->exponent++;
    }
    for (size_t i = 0; i < count; i++) {
        const int bin = (int)floor(fabs((double)x[i]) / ldexp(1, stats->exponent) * SY_HISTOGRAM_SIDE);
        if (x[i] == 0)
            stats->zeros++;
        else if (x[i] > 0)
            out->positive[bin]++;
        else
            out->negative[bin]++;
    }
}

/* A small generator, so that tests see the same numbers everywhere. */
typedef struct random_state {
    uint64_t state;
} random_state;

static inline double random_unit(random_state *r) /* in [0, 1) */
{
    r->state = r->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(r->state >> 11) * 0x1p-53;
}

static inline double random_normal(random_state *r)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += random_unit(r);
    return sum;
}

#endif
