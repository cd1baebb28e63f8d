/* The stand-in libcublas: its arguments, its place in the stream, its checks. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "unit/device.h"

typedef struct blas *handle;

static struct {
    int (*create)(handle *);
    int (*destroy)(handle);
    int (*set_stream)(handle, CUstream);
    int (*set_math_mode)(handle, int);
    int (*get_math_mode)(handle, int *);
    int (*gemm)(handle, int, int, int, int, int, const float *, const float *, int, const float *, int,
                const float *, float *, int);
    int (*gemm_batched)(handle, int, int, int, int, int, const float *, const float *, int, long long,
                        const float *, int, long long, const float *, float *, int, long long, int);
} blas;

static handle h;

static void find(void *library, void *function, const char *name)
{
    void *found = dlsym(library, name);
    if (!found)
        fail_msg("%s is missing", name);
    memcpy(function, &found, sizeof found);
}

static void set_up(const char *options)
{
    device_open(options);
    void *library = dlopen(PTX_LIBCUBLAS, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fail_msg("%s", dlerror());
    find(library, &blas.create, "cublasCreate_v2");
    find(library, &blas.destroy, "cublasDestroy_v2");
    find(library, &blas.set_stream, "cublasSetStream_v2");
    find(library, &blas.set_math_mode, "cublasSetMathMode");
    find(library, &blas.get_math_mode, "cublasGetMathMode");
    find(library, &blas.gemm, "cublasSgemm_v2");
    find(library, &blas.gemm_batched, "cublasSgemmStridedBatched");
    assert_int_equal(blas.create(&h), 0);
}

static int eager(void **state)
{
    (void)state;
    set_up("SY_PTX_CHECK=1");
    return 0;
}

static int lazy(void **state)
{
    (void)state;
    set_up("SY_PTX_CHECK=1 SY_PTX_LAZY=1");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    blas.destroy(h);
    device_close();
    return 0;
}

/* Element (i, j) of op(X), where X is column-major. */
static float at(const float *x, int ld, int transposed, int i, int j)
{
    return transposed ? x[j + i * ld] : x[i + j * ld];
}

enum { M = 5, N = 4, K = 3, LDA = 7, LDB = 6, LDC = 8, BATCH = 2, A = LDA * 8, B = LDB * 8, C = LDC * N };

static float a[BATCH * A], b[BATCH * B], c[BATCH * C];

static void fill(void)
{
    for (int i = 0; i < BATCH * A; i++)
        a[i] = (float)(i % 7 - 3);
    for (int i = 0; i < BATCH * B; i++)
        b[i] = (float)(i % 5 - 2);
    for (int i = 0; i < BATCH * C; i++)
        c[i] = (float)(i % 3);
}

static void every_form_of_a_product(void **state)
{
    const float alpha = 2, beta = 3;
    float got[BATCH * C];
    (void)state;
    fill();
    for (int form = 0; form < 4; form++) {
        const int ta = form & 1, tb = form >> 1;
        CUdeviceptr da = device_upload(a, sizeof a), db = device_upload(b, sizeof b),
                    dc = device_upload(c, sizeof c);
        assert_int_equal(blas.gemm_batched(h, ta, tb, M, N, K, &alpha, (float *)da, LDA, A, (float *)db, LDB,
                                           B, &beta, (float *)dc, LDC, C, BATCH),
                         0);
        device_download(got, dc, sizeof got);
        for (int s = 0; s < BATCH; s++)
            for (int j = 0; j < N; j++)
                for (int i = 0; i < LDC; i++) {
                    float want = c[s * C + i + j * LDC];
                    for (int l = 0; l < K && i < M; l++)
                        want += (l == 0 ? 2 * want : 0) +
                                2 * at(a + s * A, LDA, ta, i, l) * at(b + s * B, LDB, tb, l, j);
                    assert_true(got[s * C + i + j * LDC] == want);
                }
        cu.cuMemFree_v2(da);
        cu.cuMemFree_v2(db);
        cu.cuMemFree_v2(dc);
    }
}

static void the_product_waits_for_its_stream(void **state)
{
    const float one = 1, zero = 0;
    float x = 3, got = -1;
    CUstream stream;
    (void)state;
    assert_cu(cu.cuStreamCreate(&stream, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    assert_int_equal(blas.set_stream(h, stream), 0);
    CUdeviceptr da = device_upload(&x, 4), dc = device_upload(&got, 4);
    assert_int_equal(blas.gemm(h, 0, 0, 1, 1, 1, &one, (float *)da, 1, (float *)da, 1, &zero, (float *)dc, 1),
                     0);
    device_download(&got, dc, 4);
    assert_true(got == -1);
    assert_cu(cu.cuStreamSynchronize(stream), CUDA_SUCCESS);
    device_download(&got, dc, 4);
    assert_true(got == 9);
}

static void wrong_arguments_are_refused(void **state)
{
    const float one = 1;
    float *const x = (float *)256;
    (void)state;
    assert_int_equal(blas.gemm(h, 0, 0, 4, 4, 4, &one, x, 3, x, 4, &one, x, 4), 7);
    assert_int_equal(blas.gemm(h, 1, 0, 4, 4, 5, &one, x, 4, x, 5, &one, x, 4), 7);
    assert_int_equal(blas.gemm(h, 0, 1, 4, 6, 4, &one, x, 4, x, 5, &one, x, 4), 7);
    assert_int_equal(blas.gemm(h, 0, 0, 4, 4, 4, &one, x, 4, x, 4, &one, x, 3), 7);
    assert_int_equal(blas.gemm(NULL, 0, 0, 4, 4, 4, &one, x, 4, x, 4, &one, x, 4), 1);
}

static void a_product_outside_its_memory_breaks_the_device(void **state)
{
    const float one = 1;
    float x[16] = {0};
    (void)state;
    CUdeviceptr da = device_upload(x, sizeof x), dc = device_alloc(15 * 4);
    assert_int_equal(blas.gemm(h, 0, 0, 4, 4, 4, &one, (float *)da, 4, (float *)da, 4, &one, (float *)dc, 4),
                     0);
    assert_cu(cu.cuCtxSynchronize(), CUDA_ERROR_ILLEGAL_ADDRESS);
    assert_report("cuBLAS: write of 64 bytes|of 60 bytes");
}

static void the_mode_of_arithmetic_is_kept(void **state)
{
    int mode = -1;
    (void)state;
    assert_int_equal(blas.set_math_mode(h, 2), 0);
    assert_int_equal(blas.get_math_mode(h, &mode), 0);
    assert_int_equal(mode, 2);
}

int main(void)
{
#define TEST(mode, name) cmocka_unit_test_setup_teardown(name, mode, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(eager, every_form_of_a_product),
        TEST(lazy, every_form_of_a_product),
        TEST(lazy, the_product_waits_for_its_stream),
        TEST(eager, wrong_arguments_are_refused),
        TEST(eager, a_product_outside_its_memory_breaks_the_device),
        TEST(eager, the_mode_of_arithmetic_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
