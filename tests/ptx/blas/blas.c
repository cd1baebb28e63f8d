/* libcublas.so on plain C: the calls, their arguments and their place in the stream are the real library's;
 * the order in which it sums is not. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "driver/cuda_abi.h"
#include "driver/hooks.h"

typedef struct {
    CUstream stream;
    int math_mode, pointer_mode;
} blas_handle;

enum {
    CUBLAS_STATUS_SUCCESS = 0,
    CUBLAS_STATUS_NOT_INITIALIZED = 1,
    CUBLAS_STATUS_ALLOC_FAILED = 3,
    CUBLAS_STATUS_INVALID_VALUE = 7,
    CUBLAS_STATUS_EXECUTION_FAILED = 13,
    CUBLAS_STATUS_NOT_SUPPORTED = 15
};

/* C = alpha op(A) op(B) + beta C for `batch` triples, column-major. */
typedef struct {
    bool transpose_a, transpose_b;
    int m, n, k, lda, ldb, ldc, batch;
    float alpha, beta;
    const float *a, *b;
    float *c;
    long long stride_a, stride_b, stride_c;
} blas_gemm;

CUresult cuLaunchHostFunc(CUstream stream, CUhostFn call, void *data);
CUresult cuCtxGetCurrent(CUcontext *out);

static uint64_t matrix_bytes(int rows, int columns, int ld)
{
    return rows && columns ? 4 * ((uint64_t)ld * (uint64_t)(columns - 1) + (uint64_t)rows) : 0;
}

static bool can_touch(const blas_gemm *g)
{
    const uint64_t a = g->transpose_a ? matrix_bytes(g->k, g->m, g->lda) : matrix_bytes(g->m, g->k, g->lda);
    const uint64_t b = g->transpose_b ? matrix_bytes(g->n, g->k, g->ldb) : matrix_bytes(g->k, g->n, g->ldb);
    const uint64_t c = matrix_bytes(g->m, g->n, g->ldc);
    return (a == 0 || sy_ptx_can_touch((uint64_t)g->a, a, false)) &&
           (b == 0 || sy_ptx_can_touch((uint64_t)g->b, b, false)) &&
           (c == 0 || sy_ptx_can_touch((uint64_t)g->c, c, true));
}

/* One column of C; A is read along its columns where it is not transposed. Terms are added from the last to
 * the first, each rounded: an order and a rounding that nothing else here has. */
static void column(const blas_gemm *g, int j, float *sums)
{
    const size_t lda = (size_t)g->lda, ldb = (size_t)g->ldb;
    for (int i = 0; i < g->m; i++)
        sums[i] = 0;
    for (int l = g->k; l-- > 0;) {
        const float b =
            g->transpose_b ? g->b[(size_t)j + (size_t)l * ldb] : g->b[(size_t)l + (size_t)j * ldb];
        for (int i = 0; i < g->m; i++)
            sums[i] +=
                b * (g->transpose_a ? g->a[(size_t)l + (size_t)i * lda] : g->a[(size_t)i + (size_t)l * lda]);
    }
    float *c = g->c + (size_t)j * (size_t)g->ldc;
    for (int i = 0; i < g->m; i++)
        c[i] = g->alpha * sums[i] + (g->beta == 0 ? 0 : g->beta * c[i]);
}

static void run(void *data)
{
    blas_gemm *g = data;
    float *sums = malloc((size_t)(g->m ? g->m : 1) * sizeof *sums);
    for (int i = 0; sums && i < g->batch && can_touch(g); i++) {
        for (int j = 0; j < g->n; j++)
            column(g, j, sums);
        g->a += g->stride_a;
        g->b += g->stride_b;
        g->c += g->stride_c;
    }
    free(sums);
    free(g);
}

static bool is_valid(const blas_gemm *g)
{
    const int a = g->transpose_a ? g->k : g->m, b = g->transpose_b ? g->n : g->k;
    return g->m >= 0 && g->n >= 0 && g->k >= 0 && g->batch >= 0 && g->lda >= (a > 1 ? a : 1) &&
           g->ldb >= (b > 1 ? b : 1) && g->ldc >= (g->m > 1 ? g->m : 1);
}

static int submit(const blas_handle *handle, const blas_gemm *form)
{
    if (!handle)
        return CUBLAS_STATUS_NOT_INITIALIZED;
    if (!is_valid(form))
        return CUBLAS_STATUS_INVALID_VALUE;
    blas_gemm *g = malloc(sizeof *g);
    if (!g)
        return CUBLAS_STATUS_ALLOC_FAILED;
    *g = *form;
    if (cuLaunchHostFunc(handle->stream, run, g) == CUDA_SUCCESS)
        return CUBLAS_STATUS_SUCCESS;
    free(g);
    return CUBLAS_STATUS_EXECUTION_FAILED;
}

EXPORT int cublasCreate_v2(blas_handle **out);
int cublasCreate_v2(blas_handle **out)
{
    CUcontext context = NULL;
    if (cuCtxGetCurrent(&context) != CUDA_SUCCESS || !context)
        return CUBLAS_STATUS_NOT_INITIALIZED;
    *out = calloc(1, sizeof **out);
    return *out ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_ALLOC_FAILED;
}

EXPORT int cublasDestroy_v2(blas_handle *handle);
int cublasDestroy_v2(blas_handle *handle)
{
    free(handle);
    return CUBLAS_STATUS_SUCCESS;
}

EXPORT int cublasGetVersion_v2(blas_handle *handle, int *version);
int cublasGetVersion_v2(blas_handle *handle, int *version)
{
    (void)handle;
    *version = 130000;
    return CUBLAS_STATUS_SUCCESS;
}

EXPORT int cublasSetStream_v2(blas_handle *handle, CUstream stream);
int cublasSetStream_v2(blas_handle *handle, CUstream stream)
{
    handle->stream = stream;
    return CUBLAS_STATUS_SUCCESS;
}

EXPORT int cublasSetWorkspace_v2(blas_handle *handle, void *memory, size_t bytes);
int cublasSetWorkspace_v2(blas_handle *handle, void *memory, size_t bytes)
{
    (void)handle, (void)memory, (void)bytes;
    return CUBLAS_STATUS_SUCCESS;
}

EXPORT int cublasSetMathMode(blas_handle *handle, int mode);
int cublasSetMathMode(blas_handle *handle, int mode)
{
    handle->math_mode = mode;
    return CUBLAS_STATUS_SUCCESS;
}

EXPORT int cublasGetMathMode(blas_handle *handle, int *mode);
int cublasGetMathMode(blas_handle *handle, int *mode)
{
    *mode = handle->math_mode;
    return CUBLAS_STATUS_SUCCESS;
}

/* alpha and beta in host memory only. */
EXPORT int cublasSetPointerMode_v2(blas_handle *handle, int mode);
int cublasSetPointerMode_v2(blas_handle *handle, int mode)
{
    (void)handle;
    return mode == 0 ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

EXPORT int cublasSgemm_v2(blas_handle *handle, int transpose_a, int transpose_b, int m, int n, int k,
                          const float *alpha, const float *a, int lda, const float *b, int ldb,
                          const float *beta, float *c, int ldc);
int cublasSgemm_v2(blas_handle *handle, int transpose_a, int transpose_b, int m, int n, int k,
                   const float *alpha, const float *a, int lda, const float *b, int ldb, const float *beta,
                   float *c, int ldc)
{
    const blas_gemm g = {
        transpose_a != 0, transpose_b != 0, m, n, k, lda, ldb, ldc, 1, *alpha, *beta, a, b, c, 0, 0, 0};
    return submit(handle, &g);
}

EXPORT int cublasSgemmStridedBatched(blas_handle *handle, int transpose_a, int transpose_b, int m, int n,
                                     int k, const float *alpha, const float *a, int lda, long long stride_a,
                                     const float *b, int ldb, long long stride_b, const float *beta, float *c,
                                     int ldc, long long stride_c, int batch);
int cublasSgemmStridedBatched(blas_handle *handle, int transpose_a, int transpose_b, int m, int n, int k,
                              const float *alpha, const float *a, int lda, long long stride_a, const float *b,
                              int ldb, long long stride_b, const float *beta, float *c, int ldc,
                              long long stride_c, int batch)
{
    const blas_gemm g = {
        transpose_a != 0, transpose_b != 0, m,       n, k, lda, ldb, ldc, batch, *alpha, *beta, a, b, c,
        stride_a,         stride_b,         stride_c};
    return submit(handle, &g);
}

EXPORT const char *cublasGetStatusString(int status);
const char *cublasGetStatusString(int status)
{
    return status == CUBLAS_STATUS_SUCCESS ? "success" : "failure";
}
