/* From the whole-number sums of a product to its result: bias, scale, activation, rounding. */
#ifndef SY_VERIFY_ENDING_H
#define SY_VERIFY_ENDING_H

#include "verify/factor.h"

/* A product rewritten to whole numbers. */
typedef struct sy_product {
    sy_factor x, w;
    int64_t *bias; /* NULL: none */
    size_t bias_count;
    int axis; /* of the output channels in the result */
    int sums; /* tensor */
} sy_product;

/* What stands between a product and the rounding of its result. */
typedef struct sy_ending {
    int activation; /* node: a Relu or Clip; SY_NONE: none */
    int quantize;   /* node; SY_NONE: the result stays float, and the activation is left where it is */
    float lo, hi;   /* of the activation */
    float scale;    /* of the QuantizeLinear */
    int64_t zero;
} sy_ending;

/* Nodes after node `product` that its new form can take over: QuantizeLinear with one constant scale, and
 * before that perhaps a Relu or a Clip with constant bounds. */
sy_status sy_ending_find(sy_rewrite *work, int product, sy_ending *out);

/* Adds what turns the sums into the tensor `output`: with Requantize into the QuantizeLinear's result, which
 * takes the nodes of `ending` out; with Add and Mul into the product's float result. */
sy_status sy_end_quantized(sy_rewrite *work, const sy_product *product, const sy_ending *ending, int output);
sy_status sy_end_float(sy_rewrite *work, const sy_product *product, int output);

#endif
