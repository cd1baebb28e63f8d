/* What `observe` does with bins once they are counted (see kernels/params.h): the histogram of all samples so
 * far, whose range only doubles, and the ends of one sample.
 */
#ifndef SY_CPU_HISTOGRAM_H
#define SY_CPU_HISTOGRAM_H

#include <string.h>

#include "kernels/params.h"

/* Past log2 of the bins every count is in bin 0 and stays there. */
enum { SY_HISTOGRAM_MERGES = 12 };

/* Twice the range: each bin takes what two held. */
static inline void sy_histogram_merge_pairs(uint32_t *bins)
{
    enum { BLOCK = 32 }; /* which the compiler makes vectors of */
    for (int b = 0; b < SY_HISTOGRAM_SIDE / 2; b += BLOCK) {
        uint32_t pairs[BLOCK];
        for (int i = 0; i < BLOCK; i++)
            pairs[i] = bins[2 * (b + i)] + bins[2 * (b + i) + 1];
        memcpy(bins + b, pairs, sizeof pairs);
    }
    memset(bins + SY_HISTOGRAM_SIDE / 2, 0, SY_HISTOGRAM_SIDE / 2 * sizeof *bins);
}

/* 2^doublings times the range. */
static inline void sy_histogram_double(uint32_t *bins, int doublings)
{
    for (int i = 0; i < doublings && i <= SY_HISTOGRAM_MERGES; i++)
        sy_histogram_merge_pairs(bins);
}

/* Raises the exponent of a state to `wanted`, if it is below; returns it. */
static inline int sy_histogram_raise(uint32_t *state, int wanted)
{
    const int exponent = (int)state[0] - SY_HISTOGRAM_BIAS;
    if (exponent >= wanted)
        return exponent;
    for (int side = 0; side < 2 && state[0] != 0; side++)
        sy_histogram_double(state + SY_HISTOGRAM_HEAD + side * SY_HISTOGRAM_SIDE, wanted - exponent);
    state[0] = (uint32_t)(wanted + SY_HISTOGRAM_BIAS);
    return wanted;
}

/* One side of a sample; no value is in the bins from `used` on. */
typedef struct sy_histogram_side {
    const uint32_t *bins;
    int used;
} sy_histogram_side;

static inline void sy_histogram_place(int bin, uint32_t count, uint32_t rank, uint32_t out[3])
{
    out[0] = (uint32_t)bin;
    out[1] = count;
    out[2] = rank;
}

/* Where the value is that has `rank` values further out: those of the side `outer` from its end towards 0,
 * then the zeros, then the other side from 0 on. The sign is that of `outer`.
 */
static inline void sy_histogram_find(sy_histogram_side outer, uint32_t zeros, sy_histogram_side inner,
                                     int sign, uint32_t rank, uint32_t out[3])
{
    for (int b = outer.used - 1; b >= 0; rank -= outer.bins[b--])
        if (rank < outer.bins[b]) {
            sy_histogram_place(sign * (b + 1), outer.bins[b], rank, out);
            return;
        }
    if (rank < zeros)
        return;
    rank -= zeros;
    for (int b = 0; b < inner.used; rank -= inner.bins[b++])
        if (rank < inner.bins[b]) {
            sy_histogram_place(-sign * (b + 1), inner.bins[b], rank, out);
            return;
        }
}

/* Fills in `low` and `high` of a summary that is complete otherwise, where they are 0, for so many finite
 * values. */
static inline void sy_histogram_find_ends(sy_histogram_side positive, sy_histogram_side negative,
                                          uint32_t finite, uint32_t *summary)
{
    if (finite == 0)
        return;
    const uint32_t last = finite - 1, low = (uint32_t)(0.0001f * (float)finite);
    uint32_t high = (uint32_t)(0.9999f * (float)finite);
    high = high < last ? high : last;
    if (low > 0)
        sy_histogram_find(negative, summary[2], positive, -1, low, summary + SY_SUMMARY_LOW);
    if (high < last)
        sy_histogram_find(positive, summary[2], negative, 1, last - high, summary + SY_SUMMARY_HIGH);
}

#endif
