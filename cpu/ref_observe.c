#include <math.h>
#include <string.h>

#include "cpu/histogram.h"
#include "cpu/ref.h"

static void put_float(uint32_t *word, float value)
{
    memcpy(word, &value, sizeof value);
}

static void put_i64(uint32_t *words, int64_t value)
{
    words[0] = (uint32_t)(uint64_t)value;
    words[1] = (uint32_t)((uint64_t)value >> 32);
}

/* The least e with |x| < 2^e for every finite x, not below -126. */
static int exponent_of(const float *x, size_t count)
{
    int exponent = -126;
    for (size_t i = 0; i < count; i++) {
        int e;
        if (!isfinite(x[i]) || x[i] == 0)
            continue;
        frexpf(x[i], &e);
        if (e > exponent)
            exponent = e;
    }
    return exponent;
}

static void summarize(const float *x, size_t count, uint32_t *summary)
{
    const int exponent = exponent_of(x, count);
    float min = INFINITY, max = -INFINITY;
    uint32_t zeros = 0, not_finite = 0;
    int64_t sum = 0, sum_of_squares = 0;

    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i])) {
            not_finite++;
            continue;
        }
        const float value =
            x[i] + 0.0f; /* -0 becomes 0, so that the bits of min and max depend on no order */
        min = value < min ? value : min;
        max = value > max ? value : max;
        zeros += value == 0;
        const float y = (float)ldexp((double)value, 22 - exponent);
        const float square = y * y;
        sum += (int64_t)rintf(y);
        sum_of_squares += (int64_t)rintf(square * 0x1p-22f);
    }
    memset(summary, 0, SY_SUMMARY_WORDS * sizeof *summary);
    put_float(&summary[0], min);
    put_float(&summary[1], max);
    summary[2] = zeros;
    summary[3] = not_finite;
    put_i64(&summary[4], sum);
    put_i64(&summary[6], sum_of_squares);
    summary[8] = (uint32_t)exponent;
}

static void count_bins(const float *x, size_t count, int exponent, uint32_t *bins)
{
    memset(bins, 0, SY_HISTOGRAM_BINS * sizeof *bins);
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i]) || x[i] == 0)
            continue;
        const double place = ldexp(fabs((double)x[i]), -exponent) * SY_HISTOGRAM_SIDE;
        bins[(size_t)place + (x[i] > 0 ? 0 : SY_HISTOGRAM_SIDE)]++;
    }
}

void sy_ref_observe(void *const *operands, const void *params)
{
    const sy_observe_params *p = params;
    const float *x = operands[0];
    uint32_t *bins = operands[1], *summary = operands[2], *state = operands[3];
    summarize(x, p->count, summary);
    const int exponent = (int32_t)summary[8];
    count_bins(x, p->count, exponent, bins);
    const sy_histogram_side positive = {bins, SY_HISTOGRAM_SIDE};
    const sy_histogram_side negative = {bins + SY_HISTOGRAM_SIDE, SY_HISTOGRAM_SIDE};
    sy_histogram_find_ends(positive, negative, p->count - summary[3], summary);
    const int doublings = sy_histogram_raise(state, exponent) - exponent;
    sy_histogram_double(bins, doublings);
    sy_histogram_double(bins + SY_HISTOGRAM_SIDE, doublings);
    for (int b = 0; b < SY_HISTOGRAM_BINS; b++)
        state[SY_HISTOGRAM_HEAD + b] += bins[b];
}
