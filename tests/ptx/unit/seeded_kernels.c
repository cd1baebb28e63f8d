/* Launches of the kernels of seeded/, with sizes that leave a tail. */
#include <math.h>
#include <string.h>

#include "unit/seeded.h"

enum { MAX = 1024 };

/* Small whole numbers, so that sums are exact in any order. */
static void fill(float *x, size_t count)
{
    for (size_t i = 0; i < count; i++)
        x[i] = (float)((int)(i * 7919 % 31) - 15);
}

static CUresult upload(CUdeviceptr *at, const void *bytes, size_t size)
{
    const CUresult status = cu.cuMemAlloc_v2(at, size);
    return status ? status : cu.cuMemcpyHtoD_v2(*at, bytes, size);
}

static CUresult launch(CUmodule module, const char *name, unsigned blocks_x, unsigned blocks_y,
                       unsigned threads, void **values)
{
    CUfunction f;
    const CUresult status = cu.cuModuleGetFunction(&f, module, name);
    return status ? status
                  : cu.cuLaunchKernel(f, blocks_x, blocks_y, 1, threads, 1, 1, 0, NULL, values, NULL);
}

static seeded_outcome judge(const float *got, const float *want, size_t count)
{
    return memcmp(got, want, count * sizeof *got) == 0 ? SEEDED_RIGHT : SEEDED_WRONG_RESULT;
}

static seeded_outcome run_reduce_max(CUmodule module)
{
    enum { N = 300, BLOCKS = 3 };
    float x[N], got[BLOCKS], want[BLOCKS];
    uint32_t n = N;
    CUdeviceptr in, out;
    fill(x, N);
    for (int b = 0; b < BLOCKS; b++)
        want[b] = -3e38f;
    for (int i = 0; i < N; i++)
        want[i / 128] = fmaxf(want[i / 128], x[i]);
    SEEDED_TRY(upload(&in, x, sizeof x));
    SEEDED_TRY(cu.cuMemAlloc_v2(&out, sizeof got));
    SEEDED_TRY(launch(module, "reduce_max", BLOCKS, 1, 128, (void *[]){&in, &out, &n}));
    SEEDED_TRY(cu.cuMemcpyDtoH_v2(got, out, sizeof got));
    return judge(got, want, BLOCKS);
}

static seeded_outcome run_tiled_gemm(CUmodule module)
{
    enum { M = 13, N = 11, K = 19 };
    float a[M * K], b[K * N], got[M * N], want[M * N] = {0};
    uint32_t m = M, n = N, k = K;
    CUdeviceptr da, db, dc;
    fill(a, M * K);
    fill(b, K * N);
    for (int i = 0; i < M * N; i++)
        for (int l = 0; l < K; l++)
            want[i] += a[i / N * K + l] * b[l * N + i % N];
    SEEDED_TRY(upload(&da, a, sizeof a));
    SEEDED_TRY(upload(&db, b, sizeof b));
    SEEDED_TRY(cu.cuMemAlloc_v2(&dc, sizeof got));
    SEEDED_TRY(launch(module, "tiled_gemm", 2, 2, 64, (void *[]){&da, &db, &dc, &m, &n, &k}));
    SEEDED_TRY(cu.cuMemcpyDtoH_v2(got, dc, sizeof got));
    return judge(got, want, M * N);
}

static seeded_outcome run_histogram(CUmodule module)
{
    enum { N = 1000, BINS = 64 };
    uint32_t x[N], got[BINS], want[BINS] = {0}, n = N;
    CUdeviceptr in, out;
    for (uint32_t i = 0; i < N; i++) {
        x[i] = i * i;
        want[x[i] % BINS]++;
    }
    SEEDED_TRY(upload(&in, x, sizeof x));
    SEEDED_TRY(cu.cuMemAlloc_v2(&out, sizeof got));
    SEEDED_TRY(cu.cuMemsetD32Async(out, 0, BINS, NULL));
    SEEDED_TRY(launch(module, "histogram", 3, 1, 128, (void *[]){&in, &out, &n}));
    SEEDED_TRY(cu.cuMemcpyDtoH_v2(got, out, sizeof got));
    return memcmp(got, want, sizeof got) == 0 ? SEEDED_RIGHT : SEEDED_WRONG_RESULT;
}

static seeded_outcome run_depthwise(CUmodule module)
{
    enum { CHANNELS = 3, WIDTH = 17, ALL = CHANNELS * WIDTH };
    float x[ALL], w[3 * CHANNELS], got[ALL], want[ALL] = {0};
    int32_t channels = CHANNELS, width = WIDTH;
    CUdeviceptr dx, dw, dy;
    fill(x, ALL);
    fill(w, 3 * CHANNELS);
    for (int i = 0; i < ALL; i++)
        for (int t = 0; t < 3; t++) {
            const int at = i % WIDTH + t - 1;
            want[i] += at >= 0 && at < WIDTH ? w[i / WIDTH * 3 + t] * x[i / WIDTH * WIDTH + at] : 0;
        }
    SEEDED_TRY(upload(&dx, x, sizeof x));
    SEEDED_TRY(upload(&dw, w, sizeof w));
    SEEDED_TRY(cu.cuMemAlloc_v2(&dy, sizeof got));
    SEEDED_TRY(launch(module, "depthwise", 2, 1, 32, (void *[]){&dx, &dw, &dy, &channels, &width}));
    SEEDED_TRY(cu.cuMemcpyDtoH_v2(got, dy, sizeof got));
    return judge(got, want, ALL);
}

/* Of kernels (x, y, n) with one result for each element. */
static seeded_outcome run_elements(CUmodule module, const char *name, unsigned blocks, unsigned threads,
                                   uint32_t n, const float *x, const float *want)
{
    float got[MAX];
    CUdeviceptr in, out;
    SEEDED_TRY(upload(&in, x, n * sizeof *x));
    SEEDED_TRY(cu.cuMemAlloc_v2(&out, n * sizeof *x));
    SEEDED_TRY(launch(module, name, blocks, 1, threads, (void *[]){&in, &out, &n}));
    SEEDED_TRY(cu.cuMemcpyDtoH_v2(got, out, n * sizeof *x));
    return judge(got, want, n);
}

static seeded_outcome run_neighbours(CUmodule module)
{
    enum { N = 130 };
    float x[N], want[N];
    fill(x, N);
    for (int i = 0; i < N; i++)
        want[i] = x[i] - (i % 64 ? x[i - 1] : 0);
    return run_elements(module, "neighbours", 3, 64, N, x, want);
}

static seeded_outcome run_copy_vectors(CUmodule module)
{
    enum { N = 22 };
    float x[N];
    fill(x, N);
    return run_elements(module, "copy_vectors", 1, 32, N, x, x);
}

static seeded_outcome run_smooth(CUmodule module)
{
    enum { N = 10 };
    float x[N], want[N];
    fill(x, N);
    for (int i = 0; i < N; i++) {
        want[i] = 0;
        for (int k = i > 3 ? i - 3 : 0; k <= i; k++)
            want[i] += x[k] / 4;
    }
    return run_elements(module, "smooth", 1, 1, N, x, want);
}

const seeded_kernel seeded_kernels[] = {
    {"reduce_max", run_reduce_max}, {"tiled_gemm", run_tiled_gemm}, {"histogram", run_histogram},
    {"depthwise", run_depthwise},   {"neighbours", run_neighbours}, {"copy_vectors", run_copy_vectors},
    {"smooth", run_smooth},
};
const size_t seeded_kernel_count = sizeof seeded_kernels / sizeof seeded_kernels[0];
