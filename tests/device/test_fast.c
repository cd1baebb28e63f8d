/* Fast arithmetic: products by the vendor's library, within the stated bound of the exact ones; and what is
 * told where there is no such library. On processors CLBlast is used because SY_LIBCLBLAST names it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/ref.h"
#include "support/log.h"
#include "support/test.h"
#include "variants.h"

enum { BATCH = 3 };

/* The first device of a backend that may be fast. */
typedef struct {
    const sy_backend *backend;
    sy_device *device;
    sy_stream *stream;
    test_log log; /* of choosing its arithmetic */
} place;

static bool is_required(const sy_backend *backend)
{
    const char *required = getenv("SY_TEST_DEVICES");
    return required && strcmp(required, backend->name) == 0;
}

/* False, with the reason, where it is absent: unless it must be there. */
static bool open_place(sy_ctx *ctx, const sy_backend *backend, bool fast, place *out)
{
    const sy_device_limits limits = {.fast = fast};
    *out = (place){.backend = backend};
    if (backend->open(ctx, 0, &out->device) != SY_OK) {
        if (is_required(backend))
            fail_msg("%s", sy_ctx_error(ctx));
        print_message("not tested: %s\n", sy_ctx_error(ctx));
        return false;
    }
    test_log_open(ctx, SY_LOG_INFO, &out->log);
    assert_ok(ctx, backend->limit(ctx, out->device, &limits));
    sy_ctx_set_log(ctx, SY_LOG_INFO, NULL, NULL);
    assert_ok(ctx, backend->stream_create(ctx, out->device, &out->stream));
    return true;
}

static void close_place(const place *p)
{
    p->backend->stream_destroy(p->stream);
    p->backend->close(p->device);
}

/* A launch of which all samples share operands 1 and 2. */
typedef struct {
    sy_kernel kernel;
    reference_fn *reference;
    const void *params;
    size_t sizes[3], words; /* of the inputs, of what is written; of one sample */
    size_t terms;           /* of each sum */
} product;

/* In `y`, over what stood there: no number, which must not come through. */
static sy_status run_on(sy_ctx *ctx, const place *at, const product *p, uint32_t batch,
                        float *const inputs[3], float *y)
{
    const sy_backend *backend = at->backend;
    sy_buffer *buffers[4] = {NULL};
    sy_launch launch = {.kernel = p->kernel, .params = p->params, .batch = batch};
    for (size_t i = 0; i < p->words * batch; i++)
        y[i] = NAN;
    for (int i = 0; i < 4; i++) {
        const size_t words = i == 3 ? p->words * batch : p->sizes[i] * (i == 0 ? batch : 1);
        assert_ok(ctx, backend->alloc(ctx, at->device, words, &buffers[i]));
        launch.operands[i] = (sy_view){buffers[i], 0};
        assert_ok(ctx, backend->write(ctx, at->stream, launch.operands[i], i < 3 ? inputs[i] : y, words));
    }
    launch.batch_strides[0] = p->sizes[0];
    launch.batch_strides[3] = p->words;
    const sy_status status = backend->launch(ctx, at->stream, &launch);
    if (status == SY_OK)
        assert_ok(ctx, backend->read(ctx, at->stream, launch.operands[3], y, p->words * batch));
    for (int i = 0; i < 4; i++)
        backend->free(at->device, buffers[i]);
    return status;
}

/* On one device, fast or not. In (-1, 1), so a sum of k products has magnitudes of less than k. */
static void check_place(sy_ctx *ctx, const place *at, const product *p, float *const inputs[3],
                        const float *exact)
{
    const double bound = 2 * (double)p->terms * 0x1p-24 * (double)(p->terms + 2);
    const bool fast = strstr(at->log.text, "arithmetic is FAST");
    for (uint32_t batch = 1; batch <= BATCH; batch += BATCH - 1) {
        const size_t words = p->words * batch;
        float *y = malloc(words * sizeof *y);
        assert_non_null(y);
        assert_ok(ctx, run_on(ctx, at, p, batch, inputs, y));
        if (!fast)
            assert_memory_equal(y, exact, words * sizeof *y);
        for (size_t i = 0; i < words; i++)
            if (!(fabs((double)y[i] - (double)exact[i]) <= bound))
                fail_msg("%s: element %zu is %g, exactly %g: more than %g apart", at->backend->name, i,
                         (double)y[i], (double)exact[i], bound);
        free(y);
    }
}

/* The exact results of BATCH samples. */
static float *compute(const product *p, float *const inputs[3])
{
    float *exact = malloc(p->words * BATCH * sizeof *exact);
    assert_non_null(exact);
    for (size_t s = 0; s < BATCH; s++)
        p->reference((void *[]){inputs[0] + s * p->sizes[0], inputs[1], inputs[2], exact + s * p->words},
                     p->params);
    return exact;
}

static void fill_inputs(const product *p, unsigned seed, float *inputs[3])
{
    for (int i = 0; i < 3; i++)
        inputs[i] = random_floats(p->sizes[i] * (i == 0 ? BATCH : 1), seed + (unsigned)i);
}

static void check_product(sy_ctx *ctx, const product *p, unsigned seed)
{
    float *inputs[3];
    fill_inputs(p, seed, inputs);
    float *exact = compute(p, inputs);
    for (const sy_backend *const *backend = sy_backends; *backend; backend++)
        for (int fast = 0; fast < 2 && (*backend)->limit; fast++) {
            place at;
            if (!open_place(ctx, *backend, fast, &at))
                break;
            if (fast && !strstr(at.log.text, "arithmetic is FAST"))
                print_message("not tested: %s", at.log.text);
            check_place(ctx, &at, p, inputs, exact);
            close_place(&at);
        }
    for (int i = 0; i < 3; i++)
        free(inputs[i]);
    free(exact);
}

static const sy_gemm_params small = {
    .m = 2, .n = 2, .k = 2, .alpha = 1, .beta = 1, .clamp = {-INFINITY, INFINITY}};

static void matrix_products_keep_the_bound(void **state)
{
    for (uint32_t form = 0; form < 8; form++) {
        const sy_gemm_params p = {.m = 17,
                                  .n = 33,
                                  .k = 70,
                                  .a_transposed = form & 1,
                                  .b_transposed = form >> 1 & 1,
                                  .batch_rank = 1,
                                  .batch_dims = {2},
                                  .a_strides = {17 * 70},
                                  .b_strides = {form & 4 ? 0 : 33 * 70},
                                  .has_c = form >> 2,
                                  .c_column_stride = 1,
                                  .alpha = form & 4 ? 0.5f : 1,
                                  .beta = form & 4 ? 2 : 1,
                                  .clamp = {form & 4 ? -1 : -INFINITY, INFINITY}};
        check_product(*state,
                      &(product){.kernel = SY_KERNEL_gemm,
                                 .reference = sy_ref_gemm,
                                 .params = &p,
                                 .sizes = {2 * 17 * 70, 2 * 33 * 70, 33},
                                 .words = 2 * 17 * 33,
                                 .terms = 70},
                      form);
    }
}

/* A library would be asked for a sum of nothing. */
static void products_without_terms_are_what_is_added(void **state)
{
    sy_gemm_params p = small;
    p.k = 0;
    p.has_c = 1;
    check_product(*state, &(product){SY_KERNEL_gemm, sy_ref_gemm, &p, {0, 0, 1}, 4, 0}, 7);
}

static void convolutions_of_one_tap_keep_the_bound(void **state)
{
    sy_conv2d_params p = {.batch = 1,
                          .channels = 48,
                          .in_h = 7,
                          .in_w = 9,
                          .filters = 21,
                          .kernel_h = 1,
                          .kernel_w = 1,
                          .groups = 1,
                          .stride_h = 1,
                          .stride_w = 1,
                          .dilation_h = 1,
                          .dilation_w = 1,
                          .out_h = 7,
                          .out_w = 9,
                          .has_bias = 1,
                          .clamp = {0, 6}};
    for (p.has_bias = 0; p.has_bias < 2; p.has_bias++)
        check_product(*state,
                      &(product){.kernel = SY_KERNEL_conv2d,
                                 .reference = sy_ref_conv2d,
                                 .params = &p,
                                 .sizes = {48 * 63, 21 * 48, 21},
                                 .words = 21 * 63,
                                 .terms = 48},
                      p.has_bias);
}

/* 2 by 2 times 2 by 2. */
static product small_product(const sy_gemm_params *params)
{
    return (product){SY_KERNEL_gemm, sy_ref_gemm, params, {4, 4, 1}, 4, 2};
}

static bool open_opencl(sy_ctx *ctx, place *out)
{
    for (const sy_backend *const *backend = sy_backends; *backend; backend++)
        if (strcmp((*backend)->name, "opencl") == 0)
            return open_place(ctx, *backend, true, out);
    print_message("not tested: this build has no OpenCL backend\n");
    return false;
}

/* Opens it, with this log; its products are exact. */
static void check_told(sy_ctx *ctx, const char *words)
{
    const product p = small_product(&small);
    float *inputs[3];
    place at;
    if (!open_opencl(ctx, &at))
        skip();
    if (!strstr(at.log.text, words))
        fail_msg("the log lacks '%s': %s", words, at.log.text);
    fill_inputs(&p, 1, inputs);
    float *exact = compute(&p, inputs);
    check_place(ctx, &at, &p, inputs, exact);
    for (int i = 0; i < 3; i++)
        free(inputs[i]);
    free(exact);
    close_place(&at);
}

static void a_library_that_is_missing_is_told_and_products_are_exact(void **state)
{
    setenv("SY_LIBCLBLAST", "/nonexistent/libclblast.so", 1);
    check_told(*state, "device opencl:0: arithmetic is EXACT, slower than FAST: no CLBlast: "
                       "/nonexistent/libclblast.so: cannot open shared object file");
}

static void a_library_that_is_another_is_told_and_products_are_exact(void **state)
{
    setenv("SY_LIBCLBLAST", "libm.so.6", 1);
    check_told(*state, "no CLBlast: libm.so.6 has no function CLBlastSgemmStridedBatched: install CLBlast");
}

/* On any but a processor the library is looked for where it usually is. */
static void a_processor_is_exact_unless_the_library_is_named(void **state)
{
    place at;
    unsetenv("SY_LIBCLBLAST");
    if (!open_opencl(*state, &at))
        skip();
    const bool processor = strstr(at.log.text, "arithmetic is EXACT, as always on a processor");
    sy_device_info info;
    int count = 0;
    assert_ok(*state, at.backend->list(*state, &info, 1, &count));
    assert_int_equal(processor, strstr(info.detail, "processor,") == info.detail);
    close_place(&at);
}

/* SY_TEST_CLBLAST answers a product of m rows by the status -m. */
static void what_the_library_refuses_ends_the_launch(void **state)
{
    static const struct {
        uint32_t m;
        sy_status status;
        const char *words;
    } cases[] = {{4, SY_E_MEMORY, "CLBlast: gemm: status -4: use a smaller --batch, or arithmetic = EXACT"},
                 {5, SY_E_DEVICE, "CLBlast: gemm: status -5: "}};
    place at;
    setenv("SY_LIBCLBLAST", SY_TEST_CLBLAST, 1);
    if (!open_opencl(*state, &at))
        skip();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_gemm_params params = small;
        params.m = cases[i].m;
        const product p = {SY_KERNEL_gemm, sy_ref_gemm, &params, {2 * params.m, 4, 1}, 2 * params.m, 2};
        float *inputs[3], y[16];
        fill_inputs(&p, 1, inputs);
        assert_int_equal(run_on(*state, &at, &p, 1, inputs, y), cases[i].status);
        if (!strstr(sy_ctx_error(*state), cases[i].words))
            fail_msg("the message lacks '%s': %s", cases[i].words, sy_ctx_error(*state));
        for (int k = 0; k < 3; k++)
            free(inputs[k]);
    }
    close_place(&at);
}

static int name_library(void **state)
{
    (void)state;
    return setenv("SY_LIBCLBLAST", "libclblast.so.1", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(matrix_products_keep_the_bound, name_library),
        cmocka_unit_test_setup(products_without_terms_are_what_is_added, name_library),
        cmocka_unit_test_setup(convolutions_of_one_tap_keep_the_bound, name_library),
        cmocka_unit_test(a_library_that_is_missing_is_told_and_products_are_exact),
        cmocka_unit_test(a_library_that_is_another_is_told_and_products_are_exact),
        cmocka_unit_test(a_processor_is_exact_unless_the_library_is_named),
        cmocka_unit_test(what_the_library_refuses_ends_the_launch),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
