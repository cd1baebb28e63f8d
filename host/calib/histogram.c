#include "calib/histogram.h"

#include <string.h>

enum { SIDE_LOG2 = 12 };
_Static_assert(1 << SIDE_LOG2 == SY_HISTOGRAM_SIDE, "bins are numbered with SIDE_LOG2 bits");

const uint64_t sy_histogram_empty[SY_HISTOGRAM_SIDE] = {0};

static int shift_of(int doublings)
{
    return doublings < SIDE_LOG2 ? doublings : SIDE_LOG2;
}

void sy_histogram_widen(uint64_t *bins, int doublings)
{
    const int shift = shift_of(doublings);
    if (shift == 0)
        return;
    for (int b = 0; b < SY_HISTOGRAM_SIDE; b++) {
        const uint64_t count = bins[b];
        bins[b] = 0;
        bins[b >> shift] += count;
    }
}

void sy_histogram_add(uint64_t *bins, const uint64_t *counts, int doublings)
{
    const int shift = shift_of(doublings);
    for (int b = 0; b < SY_HISTOGRAM_SIDE; b++)
        bins[b >> shift] += counts[b];
}

void sy_histogram_add_u32(uint64_t *bins, const uint32_t *counts, int doublings)
{
    const int shift = shift_of(doublings);
    if (shift == 0) { /* nearly always; the compiler makes vectors of it */
        for (int b = 0; b < SY_HISTOGRAM_SIDE; b++)
            bins[b] += counts[b];
        return;
    }
    for (int b = 0; b < SY_HISTOGRAM_SIDE; b++)
        bins[b >> shift] += counts[b];
}
