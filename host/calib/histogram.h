/* Histograms whose range doubles: adding and widening, exactly. All arrays have SY_HISTOGRAM_SIDE bins. */
#ifndef SY_CALIB_HISTOGRAM_H
#define SY_CALIB_HISTOGRAM_H

#include "kernels/params.h"

extern const uint64_t sy_histogram_empty[SY_HISTOGRAM_SIDE]; /* all 0 */

/* Makes the range 2^doublings times as wide; doublings >= 0, any number. */
void sy_histogram_widen(uint64_t *bins, int doublings);
/* += counts of a range 2^doublings times narrower. */
void sy_histogram_add(uint64_t *bins, const uint64_t *counts, int doublings);
void sy_histogram_add_u32(uint64_t *bins, const uint32_t *counts, int doublings);

#endif
