#include <math.h>
#include <string.h>

#include "cpu/ref.h"

/* Twice the range: each bin takes what two held. */
static void merge_pairs(uint32_t *bins)
{
    for (int b = 0; b < SY_HISTOGRAM_SIDE / 2; b++)
        bins[b] = bins[2 * b] + bins[2 * b + 1];
    memset(bins + SY_HISTOGRAM_SIDE / 2, 0, SY_HISTOGRAM_SIDE / 2 * sizeof *bins);
}

void sy_ref_histogram(void *const *operands, const void *params)
{
    const sy_histogram_params *p = params;
    const float *x = operands[0];
    const uint32_t *summary = operands[1];
    uint32_t *state = operands[2];
    uint32_t *positive = state + SY_HISTOGRAM_HEAD;
    uint32_t *negative = positive + SY_HISTOGRAM_SIDE;
    const int32_t wanted = (int32_t)summary[8];
    int32_t exponent = (int32_t)state[0];

    /* Past log2 of the bins every count is in bin 0 and stays there. */
    for (int merges = 0; exponent < wanted; exponent++, merges++) {
        if (merges > 12)
            continue;
        merge_pairs(positive);
        merge_pairs(negative);
    }
    state[0] = (uint32_t)exponent;

    for (size_t i = 0; i < p->count; i++) {
        if (!isfinite(x[i]) || x[i] == 0)
            continue;
        const double place = ldexp(fabs((double)x[i]), -exponent) * SY_HISTOGRAM_SIDE;
        uint32_t *bins = x[i] > 0 ? positive : negative;
        bins[(size_t)place]++;
    }
}
