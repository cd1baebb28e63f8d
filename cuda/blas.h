/* cuBLAS, for arithmetic = FAST: matrix products and convolutions of one tap, in float32 and no other
 * precision.
 *
 * It adds the k products of a sum in an order of its own. Either order's error is at most k * 2^-24 times the
 * sum of the products' magnitudes (to first order), so a result differs from the exact kernels' by twice that
 * at most.
 */
#ifndef SY_CUDA_BLAS_H
#define SY_CUDA_BLAS_H

#include "cuda/cuda.h"

typedef struct sy_cuda_blas sy_cuda_blas;

/* SY_LIBCUBLAS, or the libcublas.so that is found; SY_E_DEVICE with the remedy where there is none. */
sy_status sy_cuda_blas_create(sy_ctx *ctx, const sy_device *device, sy_cuda_blas **out);
void sy_cuda_blas_destroy(sy_cuda_blas *blas); /* NULL is fine */

/* Whether it is a product that cuBLAS does. */
bool sy_cuda_blas_takes(const sy_launch *launch);
/* Queues it on the stream's kernels; the device is entered. */
sy_status sy_cuda_blas_launch(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch);

#endif
