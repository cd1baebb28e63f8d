/* Launches that are plain matrix products, for backends with a library that multiplies: what it is to
 * compute, and what is left to do behind it.
 *
 * A library adds the k terms of a sum in an order of its own. Either order's error is at most k * 2^-24 times
 * the sum of the terms' magnitudes (to first order), so a result differs from the exact kernels' by twice
 * that at most.
 */
#ifndef SY_DEVICE_PRODUCT_H
#define SY_DEVICE_PRODUCT_H

#include "device/grid.h"

/* y = alpha * a * b for `count` samples, one behind the other by the strides; a, b and y are row-major,
 * [m][k], [k][n], [m][n], or transposed. m, n, k and count are 1 to INT32_MAX.
 */
typedef struct sy_product {
    uint32_t m, n, k, count;
    bool a_transposed, b_transposed;
    float alpha;
    sy_view a, b, y;                     /* of sample 0 */
    size_t a_stride, b_stride, y_stride; /* in words */
} sy_product;

/* Of how many products the launch consists: a matrix product, or a convolution of one tap that meets every
 * pixel once. 0 for all others, and where there is nothing to multiply.
 */
size_t sy_product_count(const sy_launch *launch);
sy_product sy_product_at(const sy_launch *launch, size_t i);

/* What is left of the launch when the products are in y: to add, and to clamp. As sy_grid_plan() otherwise.
 */
sy_status sy_grid_plan_finish(sy_ctx *ctx, const sy_launch *launch, sy_grid *out);

#endif
