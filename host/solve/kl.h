/* The search behind the KL method, apart from it so that it can be held against its definition. */
#ifndef SY_SOLVE_KL_H
#define SY_SOLVE_KL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fail.h"

/* Of how many bins, counted from 0, the clipped distribution P diverges least from its quantized form Q.
 * `bins` counts |x|; the first n are kept, n from `buckets` to bin_count. P is the first n bins with all that
 * lie outside added to bin n-1. Q is the first n bins without that, merged into `buckets` runs of n / buckets
 * bins (the last run takes the rest), each run's count spread evenly over those of its bins that P does not
 * have empty. The divergence is the sum of p log(p / q), both normalised; infinite where Q is empty and P is
 * not. (The definition of TensorRT's and MXNet's calibrators, without their smoothing.) Of equals the largest
 * n wins.
 *
 * n with more than `outside` values beyond are not candidates. All n with equal n / buckets share all runs
 * but the last, so the time is linear in the number of bins.
 *
 * `divergences` may be NULL; else entry n - buckets is that of n, NAN for what was no candidate. *out is
 * bin_count when nothing is better, and where bin_count < buckets. The only failure is SY_E_MEMORY.
 */
sy_status sy_kl_search(sy_ctx *ctx, const uint64_t *bins, int bin_count, int buckets, double outside,
                       double *divergences, int *out);

#endif
