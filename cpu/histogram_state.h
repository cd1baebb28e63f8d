/* The range of a histogram's state (see SY_HISTOGRAM_SIDE in kernels/params.h), which only doubles. */
#ifndef SY_CPU_HISTOGRAM_STATE_H
#define SY_CPU_HISTOGRAM_STATE_H

#include <string.h>

#include "kernels/params.h"

/* Twice the range: each bin takes what two held. */
static inline void sy_histogram_merge_pairs(uint32_t *bins)
{
    for (int b = 0; b < SY_HISTOGRAM_SIDE / 2; b++)
        bins[b] = bins[2 * b] + bins[2 * b + 1];
    memset(bins + SY_HISTOGRAM_SIDE / 2, 0, SY_HISTOGRAM_SIDE / 2 * sizeof *bins);
}

/* Raises the exponent to `wanted`, if it is below; returns it. */
static inline int32_t sy_histogram_raise(uint32_t *state, int32_t wanted)
{
    int32_t exponent = (int32_t)state[0];
    if (exponent == -127 && wanted > exponent)
        exponent = wanted; /* fresh: there is nothing to merge */
    /* Past log2 of the bins every count is in bin 0 and stays there. */
    for (int merges = 0; exponent < wanted; exponent++, merges++) {
        if (merges > 12)
            continue;
        sy_histogram_merge_pairs(state + SY_HISTOGRAM_HEAD);
        sy_histogram_merge_pairs(state + SY_HISTOGRAM_HEAD + SY_HISTOGRAM_SIDE);
    }
    state[0] = (uint32_t)exponent;
    return exponent;
}

#endif
