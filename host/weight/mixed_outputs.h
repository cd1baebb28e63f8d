/* Weights of mixed bits whose steps follow from what their layers read. */
#ifndef SY_WEIGHT_MIXED_OUTPUTS_H
#define SY_WEIGHT_MIXED_OUTPUTS_H

#include "weight/gptq.h"

/* Codes of one step a unit of `cut`, without zero points. The step is such that rounding every weight to the
 * nearest code would make an error of `error`, above 0, in the outputs of the unit, relative to their own
 * size: with C the second moments of the inputs, or their covariances where `bias` takes the means, and w the
 * weights of an output,
 *     step^2 / 12 * trace(C) = error^2 * w^T C w,
 * both sides summed over the unit; where its inputs never vary, the identity is in the place of C. The codes
 * are then those of sy_weight_round_gptq(), which make a smaller one. Where 16 bits do not hold codes of so
 * small a step it is the smallest they hold. out->bits is the width that the codes need. `bias` as in
 * weight/gptq.h. In `arena`. SY_E_NUMERIC where a value is not finite.
 */
sy_status sy_weight_mixed_encode_outputs(sy_ctx *ctx, sy_arena *arena, double error,
                                         const sy_weight_floats *from, const sy_weight_layout *layout,
                                         const sy_weight_moments *moments, sy_weight_codes *out,
                                         double *bias);

/* What the codes miss of the outputs: the norm of that over the norm of the outputs, their means left out
 * where `has_bias`; 0 where the outputs never vary. SY_E_MEMORY only. */
sy_status sy_weight_output_error(sy_ctx *ctx, const sy_weight_codes *codes, const sy_weight_layout *layout,
                                 const sy_weight_moments *moments, const float *values, bool has_bias,
                                 double *out);

#endif
