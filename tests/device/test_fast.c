/* Fast arithmetic on CUDA: products by cuBLAS, within the stated bound of the exact ones. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/ref.h"
#include "support/test.h"
#include "variants.h"

enum { BATCH = 3 };

typedef struct {
    sy_device *device;
    sy_stream *stream;
} card;

/* False, with the reason, where there is no CUDA: unless there must be. */
static bool open_card(sy_ctx *ctx, bool fast, card *out)
{
#if defined(SY_HAS_CUDA)
    const sy_device_limits limits = {.fast = fast};
    const char *required = getenv("SY_TEST_DEVICES");
    if (sy_backend_cuda.open(ctx, 0, &out->device) != SY_OK) {
        if (required && strcmp(required, "cuda") == 0)
            fail_msg("%s", sy_ctx_error(ctx));
        print_message("not tested: %s\n", sy_ctx_error(ctx));
        return false;
    }
    assert_ok(ctx, sy_backend_cuda.limit(ctx, out->device, &limits));
    assert_ok(ctx, sy_backend_cuda.stream_create(ctx, out->device, &out->stream));
    return true;
#else
    (void)ctx;
    (void)fast;
    (void)out;
    print_message("not tested: this build has no CUDA backend\n");
    return false;
#endif
}

/* A launch of which all samples share operands 1 and 2. */
typedef struct {
    sy_kernel kernel;
    reference_fn *reference;
    const void *params;
    size_t sizes[3], words; /* of the inputs, of what is written; of one sample */
    size_t terms;           /* of each sum */
} product;

#if defined(SY_HAS_CUDA)
static void close_card(card *c)
{
    sy_backend_cuda.stream_destroy(c->stream);
    sy_backend_cuda.close(c->device);
}

static void run_on(sy_ctx *ctx, const card *c, const product *p, float *const inputs[3], float *y)
{
    const sy_backend *backend = &sy_backend_cuda;
    sy_buffer *buffers[4] = {NULL};
    sy_launch launch = {.kernel = p->kernel, .params = p->params, .batch = BATCH};
    for (int i = 0; i < 4; i++) {
        const size_t words = i == 3 ? p->words * BATCH : p->sizes[i] * (i == 0 ? BATCH : 1);
        assert_ok(ctx, backend->alloc(ctx, c->device, words, &buffers[i]));
        if (i < 3)
            assert_ok(ctx, backend->write(ctx, c->stream, (sy_view){buffers[i], 0}, inputs[i], words));
        launch.operands[i] = (sy_view){buffers[i], 0};
    }
    launch.batch_strides[0] = p->sizes[0];
    launch.batch_strides[3] = p->words;
    assert_ok(ctx, backend->launch(ctx, c->stream, &launch));
    assert_ok(ctx, backend->read(ctx, c->stream, launch.operands[3], y, p->words * BATCH));
    for (int i = 0; i < 4; i++)
        backend->free(c->device, buffers[i]);
}

/* In (-1, 1), so a sum of k products has magnitudes of less than k. */
static void check_product(sy_ctx *ctx, const product *p, unsigned seed)
{
    float *inputs[3], *exact = malloc(p->words * BATCH * sizeof *exact);
    float *fast = malloc(p->words * BATCH * sizeof *fast);
    assert_true(exact && fast);
    const double bound = 2 * (double)p->terms * 0x1p-24 * (double)(p->terms + 2);
    for (int i = 0; i < 3; i++)
        inputs[i] = random_floats(p->sizes[i] * (i == 0 ? BATCH : 1), seed + (unsigned)i);
    for (size_t s = 0; s < BATCH; s++)
        p->reference((void *[]){inputs[0] + s * p->sizes[0], inputs[1], inputs[2], exact + s * p->words},
                     p->params);
    for (int mode = 0; mode < 2; mode++) {
        card c = {0};
        if (!open_card(ctx, mode, &c))
            break;
        run_on(ctx, &c, p, inputs, fast);
        close_card(&c);
        if (!mode)
            assert_memory_equal(fast, exact, p->words * BATCH * sizeof *fast);
        for (size_t i = 0; i < p->words * BATCH; i++)
            if (!(fabs((double)fast[i] - (double)exact[i]) <= bound))
                fail_msg("element %zu is %g, exactly %g: more than %g apart", i, (double)fast[i],
                         (double)exact[i], bound);
    }
    for (int i = 0; i < 3; i++)
        free(inputs[i]);
    free(exact);
    free(fast);
}
#else
static void check_product(sy_ctx *ctx, const product *p, unsigned seed)
{
    card c;
    (void)p;
    (void)seed;
    open_card(ctx, true, &c);
}
#endif

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrix_products_keep_the_bound),
        cmocka_unit_test(convolutions_of_one_tap_keep_the_bound),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
