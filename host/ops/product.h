/* What Conv, ConvTranspose, Gemm and MatMul share: their operands are floats, or int8 behind AscendQuant.
 * Then the result is int32: sums of (q - offset) * w, where offset is that of the AscendQuant that made q,
 * plus an int32 bias.
 *
 * Integer sums are computed by the float kernels, which is exact while every partial sum stays below 2^24;
 * beyond, each is rounded to the nearest float. docs/decisions/verify_on_integers.md.
 */
#ifndef SY_OPS_PRODUCT_H
#define SY_OPS_PRODUCT_H

#include "ops/lowering.h"

typedef struct sy_product {
    sy_operand x, w, bias, y; /* for the kernel; bias: no slot where the kernel adds none */
    bool integer;
} sy_product;

/* The part of a shape rule that is about types: SY_E_MODEL unless all inputs are floats, or the first two
 * int8 and the bias int32. Sets the type of output 0.
 */
sy_status sy_infer_product(sy_infer *infer);

/* Operands for the kernel, then, after its step has been appended, what is left to do. */
sy_product sy_lower_product(sy_lowering *lowering, const sy_node *node);
sy_status sy_lower_product_end(sy_lowering *lowering, const sy_node *node, const sy_product *product);

#endif
