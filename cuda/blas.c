#include "cuda/blas.h"

#include <limits.h>
#include <stdlib.h>

#include "base/log.h"

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

/* y = alpha * a * b for `count` samples; a, b and y are row-major, [m][k], [k][n], [m][n], or transposed. */
typedef struct {
    uint32_t m, n, k, count;
    bool a_transposed, b_transposed;
    float alpha;
    sy_cuda_address a, b, y;
    size_t a_stride, b_stride, y_stride;
} product;

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

/* A convolution whose filters have one tap that meets every pixel once. */
static bool is_one_tap(const sy_conv2d_params *p)
{
    return p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1 && p->pad_top == 0 &&
           p->pad_left == 0 && p->groups == 1 && p->out_h == p->in_h && p->out_w == p->in_w && p->batch == 1;
}

bool sy_cuda_blas_takes(const sy_launch *launch)
{
    const sy_gemm_params *gemm = launch->params;
    if (launch->kernel == SY_KERNEL_conv2d)
        return is_one_tap(launch->params);
    return launch->kernel == SY_KERNEL_gemm && gemm->m <= INT_MAX && gemm->n <= INT_MAX && gemm->k <= INT_MAX;
}

/* cuBLAS has columns where we have rows, so it is given the product of the transposed: y' = b' a'. */
static int multiply(const sy_cuda_blas *blas, const product *p)
{
    static const float zero = 0;
    const int b_line = (int)(p->b_transposed ? p->k : p->n), a_line = (int)(p->a_transposed ? p->m : p->k);
    if (p->m == 0 || p->n == 0)
        return 0;
    return blas->sgemm(blas->handle, p->b_transposed ? TRANSPOSED : AS_STORED,
                       p->a_transposed ? TRANSPOSED : AS_STORED, (int)p->n, (int)p->m, (int)p->k, &p->alpha,
                       (const float *)(uintptr_t)p->b, b_line, (long long)p->b_stride,
                       (const float *)(uintptr_t)p->a, a_line, (long long)p->a_stride, &zero,
                       (float *)(uintptr_t)p->y, (int)p->n, (long long)p->y_stride, (int)p->count);
}

static sy_cuda_address address_of(const sy_launch *launch, int operand, size_t words)
{
    const sy_view view = launch->operands[operand];
    return view.buffer->at + (view.offset + words) * sizeof(float);
}

static size_t stride_of(const sy_launch *launch, int operand)
{
    return launch->batch > 1 ? launch->batch_strides[operand] : 0;
}

/* Words from the operand's first matrix to number `number` of the batch. */
static size_t matrix_at(const sy_gemm_params *p, const uint32_t *strides, size_t number)
{
    size_t at = 0;
    for (uint32_t d = p->batch_rank; d-- > 0;) {
        at += number % p->batch_dims[d] * strides[d];
        number /= p->batch_dims[d];
    }
    return at;
}

static int multiply_gemm(const sy_cuda_blas *blas, const sy_launch *launch)
{
    const sy_gemm_params *p = launch->params;
    size_t matrices = 1;
    int error = 0;
    for (uint32_t d = 0; d < p->batch_rank; d++)
        matrices *= p->batch_dims[d];
    for (size_t i = 0; i < matrices && error == 0; i++)
        error = multiply(blas, &(product){.m = p->m,
                                          .n = p->n,
                                          .k = p->k,
                                          .count = launch->batch,
                                          .a_transposed = p->a_transposed,
                                          .b_transposed = p->b_transposed,
                                          .alpha = p->alpha,
                                          .a = address_of(launch, 0, matrix_at(p, p->a_strides, i)),
                                          .b = address_of(launch, 1, matrix_at(p, p->b_strides, i)),
                                          .y = address_of(launch, 3, i * p->m * p->n),
                                          .a_stride = stride_of(launch, 0),
                                          .b_stride = stride_of(launch, 1),
                                          .y_stride = stride_of(launch, 3)});
    return error;
}

static int multiply_convolution(const sy_cuda_blas *blas, const sy_launch *launch)
{
    const sy_conv2d_params *p = launch->params;
    return multiply(blas, &(product){.m = p->filters,
                                     .n = p->out_h * p->out_w,
                                     .k = p->channels,
                                     .count = launch->batch,
                                     .alpha = 1,
                                     .a = address_of(launch, 1, 0),
                                     .b = address_of(launch, 0, 0),
                                     .y = address_of(launch, 3, 0),
                                     .a_stride = stride_of(launch, 1),
                                     .b_stride = stride_of(launch, 0),
                                     .y_stride = stride_of(launch, 3)});
}

sy_status sy_cuda_blas_launch(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch)
{
    sy_cuda_blas *blas = stream->device->blas;
    pthread_mutex_lock(&blas->lock);
    int error = blas->set_stream(blas->handle, stream->compute);
    if (error == 0)
        error = launch->kernel == SY_KERNEL_conv2d ? multiply_convolution(blas, launch)
                                                   : multiply_gemm(blas, launch);
    pthread_mutex_unlock(&blas->lock);
    return error == 0 ? SY_OK : fail(ctx, stream->device, sy_kernel_name(launch->kernel), error);
}
