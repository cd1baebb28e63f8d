/* CLBlast, opened at run time, for arithmetic = FAST: the products of device/product.h, in float32. What it
 * needs for itself on the device is not counted against the limit of memory.
 */
#ifndef SY_OPENCL_BLAS_H
#define SY_OPENCL_BLAS_H

#include "opencl/backend.h"

typedef struct sy_opencl_blas sy_opencl_blas;

/* SY_LIBCLBLAST, or libclblast.so.1; SY_E_DEVICE with the remedy where it cannot be opened. */
sy_status sy_opencl_blas_create(sy_ctx *ctx, sy_opencl_blas **out);
void sy_opencl_blas_destroy(sy_opencl_blas *blas); /* NULL is fine; before the context is released */

/* Queues the products of a launch that has some. */
sy_status sy_opencl_blas_launch(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch);

#endif
