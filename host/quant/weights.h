/* The constant operands of products: which axis holds output channels, scales, and integers. */
#ifndef SY_QUANT_WEIGHTS_H
#define SY_QUANT_WEIGHTS_H

#include "graph/graph.h"
#include "quant/scale.h"

/* How a weight is cut into channels: element (o, c, i) of [outer, count, inner] belongs to channel c. */
typedef struct sy_channels {
    int axis; /* SY_NONE: one scale for all, and count is 1 */
    size_t outer, count, inner;
} sy_channels;

/* The axis of the output channels in the constant input `input` of a product: Conv 0, ConvTranspose 1 (with
 * groups: one scale for the channels at the same place in each group), Gemm by transB, MatMul the last axis
 * of a matrix on the right. SY_NONE where a scale for each channel has no integer form: a MatMul's constant
 * on the left or of another rank than 2.
 */
int sy_weight_axis(const sy_graph *graph, const sy_node *node, int input);
/* For a tensor of known shape; false when it is not known or empty. */
bool sy_weight_channels(const sy_tensor *weight, int axis, sy_channels *out);

/* Output channels of a product with this constant input: of ConvTranspose, over all groups. 0 when unknown.
 */
size_t sy_weight_outputs(const sy_graph *graph, const sy_node *node, int input);

/* Largest |w| of each channel. */
void sy_weight_peaks(const float *values, const sy_channels *channels, float *out);

/* Integers of a weight, one byte an element, little endian two above 8 bits (two's complement where the
 * number is signed), by the scale of each element's channel.
 */
void sy_weight_quantize(const float *values, const sy_channels *channels, const sy_number *number,
                        const sy_scale *scales, uint8_t *out);
/* 10 log10 of the weights' power over that of their rounding errors; INFINITY when nothing is lost, NAN for
 * no weights but 0.
 */
double sy_weight_snr(const float *values, const sy_channels *channels, const sy_number *number,
                     const sy_scale *scales);

#endif
