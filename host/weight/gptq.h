/* Rounding that looks at what a layer reads: the errors of its outputs are made small, not those of its
 * weights.
 */
#ifndef SY_WEIGHT_GPTQ_H
#define SY_WEIGHT_GPTQ_H

#include "weight/method.h"

/* What the outputs of a product read: sums over `positions` columns x of `size` values, for each group. */
typedef struct sy_weight_moments {
    size_t groups, size;
    double positions;
    double *products; /* [groups][size][size]: of x x^T */
    double *sums;     /* [groups][size]: of x */
} sy_weight_moments;

/* Where the weights of output r and input k stand, r < outputs: element r * output_stride + k * input_stride.
 * Outputs of a group follow one another.
 */
typedef struct sy_weight_layout {
    size_t outputs, output_stride, input_stride;
} sy_weight_layout;

/* Quantizes a weight of 1 to 8 bits: scales from the clipping that misses least where inputs are large
 * (sy_weight_search_range), then codes one input at a time in the order of their second moments, the largest
 * first, each error passed on to the inputs still to come (Frantar et al., "GPTQ", 2022; Hassibi and Stork,
 * 1992), then single codes changed, and scales fitted to the codes, as long as that helps.
 *
 * `bias`, [outputs], may be NULL: then the mean of the outputs counts as an error. Otherwise only their
 * variance does, and bias[r] is what must be added to output r so that its mean stays. SY_E_NUMERIC,
 * SY_E_CONFIG as sy_weight_encode().
 */
sy_status sy_weight_encode_gptq(sy_ctx *ctx, sy_arena *arena, const sy_weight_task *task,
                                const sy_weight_floats *from, const sy_weight_layout *layout,
                                const sy_weight_moments *moments, sy_weight_codes *out, double *bias);

/* The same in steps that are there: fills codes->codes, whose scales are the steps, for codes->bits bits,
 * without zero points; a step that is of one output only is then fitted to its codes. Values are finite.
 */
sy_status sy_weight_round_gptq(sy_ctx *ctx, const sy_weight_layout *layout, const sy_weight_moments *moments,
                               const float *values, sy_weight_codes *codes, double *bias);

#endif
