/* What MatMulInteger and ConvInteger share: operands of 8 bits, a zero point of each, sums of 32 bits.
 *
 * The float kernels compute the sums, which is exact while every partial sum stays below 2^24. Where more
 * terms than that allows could be added, x - zero is taken apart into 16 * high + low and there are two
 * products; so the sums are exact up to 4112 terms, and beyond that each is off by a rounding to float.
 */
#ifndef SY_OPS_PRODUCT_INTEGER_H
#define SY_OPS_PRODUCT_INTEGER_H

#include "ops/lowering.h"

typedef struct sy_integer_product {
    sy_operand x[2], w, y[2]; /* of each product, floats */
    int parts;                /* products there are: 1, or high and low */
} sy_integer_product;

/* The part of a shape rule that is about types and zero points: that of x is one number, that of w one, or
 * one for each of the slices of axis `channel_axis` of w. Sets the type of output 0.
 */
sy_status sy_infer_integer_product(sy_infer *infer, int channel_axis);

/* Operands for the kernels of a product that adds up so many terms; then, after their steps have been
 * appended, what puts the sums together. */
sy_integer_product sy_lower_integer_product(sy_lowering *lowering, const sy_node *node, int channel_axis,
                                            uint64_t terms);
void sy_lower_integer_product_end(sy_lowering *lowering, const sy_node *node,
                                  const sy_integer_product *product);

#endif
