/* How far to shift the values of one channel so that their mean behind a clamp is what it should be. */
#ifndef SY_CORRECT_SHIFT_H
#define SY_CORRECT_SHIFT_H

#include <stdint.h>

enum { SY_SHIFT_BINS = 1024 };

/* Counts of the values of one channel: bins of equal width over [lo - width/2, hi + width/2] with width = hi
 * - lo; what is outside is in the first or last bin, since no shift that is considered brings it back within
 * [lo, hi].
 */
typedef struct sy_shift_histogram {
    float lo, hi;
    const uint32_t *bins; /* [SY_SHIFT_BINS] */
} sy_shift_histogram;

/* The bin of a value. */
static inline uint32_t sy_shift_bin(float value, float lo, float hi)
{
    float width = hi - lo;
    float position = (value - (lo - width / 2)) * ((float)SY_SHIFT_BINS / (2 * width));
    if (!(position > 0))
        return 0;
    return position < (float)(SY_SHIFT_BINS - 1) ? (uint32_t)position : SY_SHIFT_BINS - 1;
}

/* The shift s, at most half the width, for which the mean of clamp(value + s, lo, hi) is nearest to `target`.
 * Newton's method; the slope is the share of values in the linear region, at least 0.05 so that a channel
 * that is nearly always clipped is not thrown about.
 */
double sy_shift_solve(const sy_shift_histogram *histogram, double target);

#endif
