/* Weights of mixed bits: no width is asked for, but an error; entropy coding makes of that what each weight
 * needs. */
#ifndef SY_WEIGHT_MIXED_H
#define SY_WEIGHT_MIXED_H

#include "weight/codes.h"

/* Codes of one step a unit of `cut`, without zero points, such that |w - w'| / |w| of each unit, Euclidean
 * norms over its elements, is `error` within 1 %, or below it where no step gives that; `error` is above 0
 * and below 1. With `correct`, w' has the mean and the deviation of w (scale and shift, as in
 * weight/method.h). Where 16 bits do not hold codes of so small a step they take the smallest they hold, and
 * the error is larger. out->bits is the width that the codes need. In `arena`. As MindSpore Lite's search,
 * but that a unit may be a channel, and nothing overflows. SY_E_NUMERIC where a value is not finite.
 */
sy_status sy_weight_mixed_encode(sy_ctx *ctx, sy_arena *arena, double error, bool correct,
                                 const sy_weight_floats *from, sy_weight_codes *out);

/* |w - w'| / |w| over the whole tensor; 0 where no weight is other than 0. */
double sy_weight_relative_error(const sy_weight_codes *codes, const float *values);

/* The fewest bits that hold every code. */
int sy_weight_width(const sy_weight_codes *codes);

#endif
