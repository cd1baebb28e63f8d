#include "cuda/blas.h"

#include <stdlib.h>

#include "base/log.h"
#include "device/product.h"

typedef struct sy_cublas_object *sy_cublas_handle;

enum { AS_STORED = 0, TRANSPOSED = 1, PEDANTIC_MATH = 2, LIBRARIES = 3 };

struct sy_cuda_blas {
    void *library;
#define FUNCTION(name, symbol, arguments) int(*name) arguments;
#include "cuda/blas_functions.def"
#undef FUNCTION
    sy_cublas_handle handle;
    pthread_mutex_t lock; /* a handle has one stream at a time */
};

static sy_status open_library(sy_ctx *ctx, void **out, const char **out_path)
{
    static const char *const known[LIBRARIES] = {"libcublas.so.13", "libcublas.so.12", "libcublas.so"};
    static const char remedy[] = "install cuBLAS of the CUDA toolkit, or use arithmetic = EXACT";
    const char *named = getenv("SY_LIBCUBLAS");
    *out_path = named;
    if (named && *named)
        return sy_cuda_open_library(ctx, named, remedy, out);
    sy_status status = SY_E_DEVICE;
    for (int i = 0; i < LIBRARIES && status != SY_OK; i++) {
        *out_path = known[i];
        status = sy_cuda_open_library(ctx, known[i], remedy, out);
    }
    return status;
}

static sy_status fail(sy_ctx *ctx, const sy_device *device, const char *what, int error)
{
    return sy_fail(ctx, SY_E_DEVICE,
                   "device cuda:%d (%s): cuBLAS: %s: status %d: use a smaller --batch, or arithmetic = EXACT",
                   device->index, device->name, what, error);
}

sy_status sy_cuda_blas_create(sy_ctx *ctx, const sy_device *device, sy_cuda_blas **out)
{
    const char *path = NULL;
    sy_cuda_blas *blas = calloc(1, sizeof *blas);
    sy_status status;
    SY_TRY(sy_check_alloc(ctx, blas));
    pthread_mutex_init(&blas->lock, NULL);
    SY_TRY_DONE(open_library(ctx, &blas->library, &path));
#define FUNCTION(name, symbol, arguments) \
    SY_TRY_DONE(sy_cuda_find_function(ctx, blas->library, path, #symbol, &blas->name));
#include "cuda/blas_functions.def"
#undef FUNCTION
    int error = blas->create(&blas->handle);
    if (error == 0)
        error = blas->set_math(blas->handle, PEDANTIC_MATH);
    if (error != 0)
        status = fail(ctx, device, "starting it", error);
done:
    if (status != SY_OK) {
        sy_cuda_blas_destroy(blas);
        return status;
    }
    sy_log(
        ctx, SY_LOG_INFO,
        "device cuda:%d: arithmetic is FAST: a product of k terms may differ from the exact one by 2 k 2^-24 "
        "times the sum of the terms' magnitudes",
        device->index);
    *out = blas;
    return SY_OK;
}

void sy_cuda_blas_destroy(sy_cuda_blas *blas)
{
    if (!blas)
        return;
    if (blas->handle)
        blas->destroy(blas->handle);
    pthread_mutex_destroy(&blas->lock);
    free(blas);
}

static sy_cuda_address address_of(sy_view view)
{
    return view.buffer->at + view.offset * sizeof(float);
}

/* cuBLAS has columns where we have rows, so it is given the product of the transposed: y' = b' a'. */
static int multiply(const sy_cuda_blas *blas, const sy_product *p)
{
    static const float zero = 0;
    const int b_line = (int)(p->b_transposed ? p->k : p->n), a_line = (int)(p->a_transposed ? p->m : p->k);
    return blas->sgemm(
        blas->handle, p->b_transposed ? TRANSPOSED : AS_STORED, p->a_transposed ? TRANSPOSED : AS_STORED,
        (int)p->n, (int)p->m, (int)p->k, &p->alpha, (const float *)(uintptr_t)address_of(p->b), b_line,
        (long long)p->b_stride, (const float *)(uintptr_t)address_of(p->a), a_line, (long long)p->a_stride,
        &zero, (float *)(uintptr_t)address_of(p->y), (int)p->n, (long long)p->y_stride, (int)p->count);
}

sy_status sy_cuda_blas_launch(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch)
{
    sy_cuda_blas *blas = stream->device->blas;
    const size_t count = sy_product_count(launch);
    pthread_mutex_lock(&blas->lock);
    int error = blas->set_stream(blas->handle, stream->compute);
    for (size_t i = 0; i < count && error == 0; i++) {
        const sy_product product = sy_product_at(launch, i);
        error = multiply(blas, &product);
    }
    pthread_mutex_unlock(&blas->lock);
    return error == 0 ? SY_OK : fail(ctx, stream->device, sy_kernel_name(launch->kernel), error);
}
