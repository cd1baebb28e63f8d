/* The range methods, and what they share. For the files of the methods and range.c only; others go through
 * range.h. */
#ifndef SY_SOLVE_METHODS_H
#define SY_SOLVE_METHODS_H

#include "solve/range.h"

extern const sy_range_method sy_range_max_min, sy_range_kl, sy_range_removal_outlier, sy_range_percentile,
    sy_range_mse, sy_range_auto;

/* SY_E_NUMERIC when the tensor held no finite value. */
sy_status sy_range_check(sy_ctx *ctx, const sy_tensor_stats *stats);

/* A range from two ends: cut to what was seen, then widened to hold 0. Where nothing but 0 was seen it is [0,
 * 1]. */
sy_range sy_range_of(const sy_tensor_stats *stats, double min, double max);

/* The width of a bin of the histogram. */
double sy_range_bin_width(const sy_tensor_stats *stats);
/* Bins up to the last that is not empty. */
int sy_range_used_bins(const uint64_t *bins);

/* The value that `outside` of the values on one side lie beyond, away from 0, taking values as spread evenly
 * over their bin: 0 when fewer are on that side; `extreme`, the largest of the side, when outside < 1.
 */
double sy_range_tail(const uint64_t *bins, double width, double outside, double extreme);

/* sy_range_error; where that is more than `limit`, some number more than `limit`, found sooner. */
double sy_range_error_up_to(const sy_tensor_stats *stats, const sy_range_options *options,
                            const sy_range *range, double limit);

#endif
