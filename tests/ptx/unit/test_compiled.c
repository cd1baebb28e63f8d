/* PTX as nvcc and NVRTC write it: the same functions compiled for the host give the same bits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixtures/compiled.h"
#include "unit/device.h"
#include "unit/nvrtc.h"

enum { N = 3000 };

static float a[N], b[N];

/* Values of all sizes, some of them equal, whole or at the edges of int. No NaN: C leaves its sign open. */
static void fill(void)
{
    static const float edges[] = {0,      -0.0f,   1,        -1,   0.5f,  2.5f, -3.5f,
                                  1e-40f, -1e-45f, 16777216, 2e9f, -2e9f, 1e-3f};
    uint64_t state = 7;
    for (int i = 0; i < N; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const int exponent = (int)(state >> 33) % 30;
        a[i] = i < 169 ? edges[i / 13] : ldexpf((float)((int)(state >> 40) % 100000) - 50000, exponent - 20);
        b[i] = i < 169 ? edges[i % 13] : ldexpf((float)((int)(state >> 20) % 1000) - 500, (i % 20) - 8);
    }
}

static bool same(float got, float want)
{
    return (isnan(got) && isnan(want)) || memcmp(&got, &want, sizeof got) == 0;
}

static void check(const float *y, const compiled_params *p)
{
    static const float weights[5] = {1, 2, 4, 8, 16};
    for (unsigned which = 0; which < COMPILED_FUNCTIONS; which++)
        for (int i = 0; i < N; i++) {
            const float want = compiled_function(which, a[i], b[i]), got = y[which * N + (unsigned)i];
            if (!same(got, want))
                fail_msg("function %u of %a, %a: %a, not %a", which, a[i], b[i], got, want);
        }
    for (unsigned i = 0; i < N; i++)
        assert_true(y[COMPILED_FUNCTIONS * N + i] == weights[i % 5] * p->scale[(i + p->shift) % 3]);
}

static void run(const void *image, const char *options)
{
    static float y[(COMPILED_FUNCTIONS + 1) * N];
    compiled_params p = {N, 1, {3, 5, 7}};
    device_open(options);
    fill();
    CUdeviceptr da = device_upload(a, sizeof a), db = device_upload(b, sizeof b), dy = device_alloc(sizeof y);
    assert_cu(device_launch(device_kernel(device_module(image), "compiled"), (N + 127) / 128, 128, &da, &db,
                            &dy, &p),
              CUDA_SUCCESS);
    assert_cu(cu.cuCtxSynchronize(), CUDA_SUCCESS);
    device_download(y, dy, sizeof y);
    check(y, &p);
    device_close();
}

static void what_nvrtc_compiles_runs(void **state)
{
    const char *why_not;
    (void)state;
    if (!nvrtc_open(&why_not)) {
        printf("skipped: %s\n", why_not);
        skip();
    }
    char *source = device_fixture("fixtures/compiled.cu");
    char *ptx = nvrtc_compile(source, "compiled.cu", PTX_FIXTURES);
    run(ptx, "SY_PTX_CHECK=1");
    run(ptx, NULL);
    free(ptx);
    free(source);
}

/* `form`: what nvcc was told, of the files that the build made. */
static void run_file(const char *form)
{
    char path[1024];
    if (!*PTX_COMPILED) {
        printf("skipped: the build found no nvcc\n");
        skip();
    }
    snprintf(path, sizeof path, "%s/compiled.%s", PTX_COMPILED, form);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *image = calloc(1, 1 << 20);
    assert_non_null(image);
    assert_true(fread(image, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    run(image, "SY_PTX_CHECK=1");
    free(image);
}

static void what_nvcc_compiles_runs(void **state)
{
    (void)state;
    run_file("ptx");
}

static void ptx_is_found_in_a_fatbin(void **state)
{
    (void)state;
    run_file("fatbin");
}

static void ptx_is_found_in_a_compressed_fatbin(void **state)
{
    (void)state;
    run_file("zstd.fatbin");
    run_file("lz4.fatbin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nvrtc_compiles_runs),
        cmocka_unit_test(what_nvcc_compiles_runs),
        cmocka_unit_test(ptx_is_found_in_a_fatbin),
        cmocka_unit_test(ptx_is_found_in_a_compressed_fatbin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
