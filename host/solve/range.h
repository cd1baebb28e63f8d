/* From the statistics of a tensor to the range its integer form will hold. One file a method. */
#ifndef SY_SOLVE_RANGE_H
#define SY_SOLVE_RANGE_H

#include <stdbool.h>

#include "calib/stats.h"

typedef struct sy_range {
    float min, max; /* min <= 0 <= max, min < max */
} sy_range;

typedef struct sy_range_options {
    int levels;        /* 256 for 8 bits, 255 when narrow */
    bool symmetric;    /* the integer form has zero point 0: the range will be widened to [-a, a] */
    float percentile;  /* PERCENTILE: share of |x| (or of each side) kept, such as 0.9999 */
} sy_range_options;

typedef struct sy_range_method {
    const char *name; /* the word in the INI file */
    const char *help;
    /* SY_E_NUMERIC when the tensor held no finite value. */
    sy_status (*choose)(sy_ctx *ctx, const sy_tensor_stats *stats, const sy_range_options *options, sy_range *out);
} sy_range_method;

const sy_range_method *sy_range_method_find(const char *name); /* also "RemovalOutlier"; NULL is an answer */
const sy_range_method *sy_range_method_at(int index);          /* NULL past the end */

/* Mean squared error of quantizing the tensor to `options` with `range`, estimated from the histogram; and the share of values outside. */
double sy_range_error(const sy_tensor_stats *stats, const sy_range_options *options, const sy_range *range);
double sy_range_clipped(const sy_tensor_stats *stats, const sy_range *range);

/* AUTO: the method with the least estimated error; *out_method says which. */
sy_status sy_range_choose_auto(sy_ctx *ctx, const sy_tensor_stats *stats, const sy_range_options *options,
                               sy_range *out, const sy_range_method **out_method);

#endif
