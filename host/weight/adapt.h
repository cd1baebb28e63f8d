/* Weights behind layers that are quantized already: what they should be, so that their layer makes of what it
 * reads now what the float model makes of what it reads.
 */
#ifndef SY_WEIGHT_ADAPT_H
#define SY_WEIGHT_ADAPT_H

#include "weight/gptq.h"

/* What the layer reads in the float model, columns f, with what it reads now, the columns x of its moments.
 */
typedef struct sy_weight_crossing {
    double *products; /* [groups][size][size]: sums of f x^T */
    double *sums;     /* [groups][size]: of f */
} sy_weight_crossing;

/* Moves each output's weights w to w + w (C - H) (H + d I)^-1, with C the mean of f x^T and H that of x x^T:
 * the linear regression of what the float model's outputs are on what the inputs have become, with d a
 * hundredth of H's mean diagonal, and more where positions are few (ridge regression).
 *
 * `bias`, [outputs], may be NULL: then means count as they are. Otherwise C and H are about means, and
 * bias[r] is what must be added to output r of the moved weights so that its mean is the float model's.
 * SY_E_NUMERIC where H is no matrix of moments, SY_E_MEMORY.
 */
sy_status sy_weight_adapt(sy_ctx *ctx, const sy_weight_layout *layout, const sy_weight_moments *moments,
                          const sy_weight_crossing *crossing, float *values, double *bias);

#endif
