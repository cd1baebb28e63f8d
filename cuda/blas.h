/* cuBLAS, for arithmetic = FAST: the products of device/product.h, in float32 and no other precision. */
#ifndef SY_CUDA_BLAS_H
#define SY_CUDA_BLAS_H

#include "cuda/cuda.h"

typedef struct sy_cuda_blas sy_cuda_blas;

/* SY_LIBCUBLAS, or the libcublas.so that is found; SY_E_DEVICE with the remedy where there is none. */
sy_status sy_cuda_blas_create(sy_ctx *ctx, const sy_device *device, sy_cuda_blas **out);
void sy_cuda_blas_destroy(sy_cuda_blas *blas); /* NULL is fine */

/* Queues the products of a launch that has some on the stream's kernels; the device is entered. */
sy_status sy_cuda_blas_launch(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch);

#endif
