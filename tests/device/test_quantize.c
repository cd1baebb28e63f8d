#include <math.h>
#include <stdlib.h>

#include "cpu/ref.h"
#include "support/test.h"
#include "variants.h"

typedef struct shape {
    unsigned outer, channels, inner;
} shape;

static const shape shapes[] = {{1, 1, 1}, {1, 1, 1003}, {2, 3, 49}, {3, 17, 1},
                               {1, 5, 8}, {4, 1, 1},    {1, 3, 0}};

enum { SHAPES = sizeof shapes / sizeof shapes[0] };

typedef struct bounds {
    sy_i32 zero, lo, hi;
} bounds;

static const bounds all_bounds[] = {
    {0, -128, 127}, {131, 0, 255}, {-3, -8, 7}, {0, INT32_MIN / 2, INT32_MAX / 2}};

enum { BOUNDS = sizeof all_bounds / sizeof all_bounds[0] };

static float *scales(unsigned count)
{
    float *scale = random_floats(count, 5);
    for (unsigned i = 0; i < count; i++)
        scale[i] = 0.003f + fabsf(scale[i]) / 64;
    return scale;
}

static sy_i32 *integers(unsigned count, sy_i32 first, sy_i32 step)
{
    sy_i32 *all = malloc((count + 1) * sizeof *all);
    assert_non_null(all);
    for (unsigned i = 0; i < count; i++)
        all[i] = first + (sy_i32)i * step;
    return all;
}

static void check_kernel(sy_kernel kernel, reference_fn *reference, const shape *s, const bounds *b, void *x)
{
    const sy_quantize_params p = {s->outer, s->channels, s->inner, b->lo, b->hi};
    float *scale = scales(s->channels);
    sy_i32 *zero = integers(s->channels, b->zero, 0);
    check_variants(&(check){.kernel = kernel,
                            .reference = reference,
                            .params = &p,
                            .operands = {x, scale, zero},
                            .sizes = {(size_t)s->outer * s->channels * s->inner, s->channels, s->channels},
                            .written = 3,
                            .words = (size_t)s->outer * s->channels * s->inner,
                            .name = "quantize"});
    free(scale), free(zero);
}

static void codes_are_the_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++)
        for (size_t b = 0; b < BOUNDS; b++) {
            const size_t words = (size_t)shapes[i].outer * shapes[i].channels * shapes[i].inner;
            float *x = special_floats(words, (unsigned)i);
            sy_i32 *q = integers((unsigned)words, all_bounds[b].lo, 37);
            check_kernel(SY_KERNEL_quantize, sy_ref_quantize, &shapes[i], &all_bounds[b], x);
            check_kernel(SY_KERNEL_fake_quant, sy_ref_fake_quant, &shapes[i], &all_bounds[b], x);
            check_kernel(SY_KERNEL_dequantize, sy_ref_dequantize, &shapes[i], &all_bounds[b], q);
            free(x), free(q);
        }
}

static void halves_go_to_even(void **state)
{
    float x[64];
    (void)state;
    for (int i = 0; i < 64; i++)
        x[i] = ((float)i - 32) * 0.5f;
    const sy_quantize_params p = {1, 1, 64, -128, 127};
    float scale = 1;
    sy_i32 zero = 0;
    assert_true(check_variants(&(check){.kernel = SY_KERNEL_quantize,
                                        .reference = sy_ref_quantize,
                                        .params = &p,
                                        .operands = {x, &scale, &zero},
                                        .sizes = {64, 1, 1},
                                        .written = 3,
                                        .words = 64,
                                        .name = "halves"}) >= 0);
}

static void new_scales_are_the_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++)
        for (unsigned form = 0; form < 4; form++) {
            const shape *s = &shapes[i];
            const size_t words = (size_t)s->outer * s->channels * s->inner;
            const sy_requantize_params p = {s->outer,  s->channels, s->inner, form & 1 ? s->channels : 1,
                                            form >> 1, 3,           -128,     127};
            float *x = random_floats(words, (unsigned)i), *multiplier = scales(s->channels);
            for (size_t k = 0; k < words; k++)
                x[k] = rintf(x[k] * (k % 3 ? 3000.0f : 2e7f));
            sy_i32 *bias = integers(s->channels, -70000, 16777259);
            check_variants(&(check){.kernel = SY_KERNEL_requantize,
                                    .reference = sy_ref_requantize,
                                    .params = &p,
                                    .operands = {x, p.has_bias ? bias : NULL, multiplier},
                                    .sizes = {words, s->channels, p.multiplier_channels},
                                    .written = 3,
                                    .words = words,
                                    .name = "requantize"});
            free(x), free(multiplier), free(bias);
        }
}

static void normalised_batches_are_the_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        const shape *s = &shapes[i];
        const size_t words = (size_t)s->outer * s->channels * s->inner;
        const sy_batch_norm_params p = {s->outer, s->channels, s->inner, 1e-5f, {-0.5f, 2}};
        float *x = special_floats(words, (unsigned)i), *variance = scales(s->channels);
        float *scale = random_floats(s->channels, 2), *bias = random_floats(s->channels, 3);
        float *mean = random_floats(s->channels, 4);
        check_variants(&(check){.kernel = SY_KERNEL_batch_norm,
                                .reference = sy_ref_batch_norm,
                                .params = &p,
                                .operands = {x, scale, bias, mean, variance},
                                .sizes = {words, s->channels, s->channels, s->channels, s->channels},
                                .written = 5,
                                .words = words,
                                .any_nan = true,
                                .name = "batch_norm"});
        free(x), free(variance), free(scale), free(bias), free(mean);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_the_references),
        cmocka_unit_test(halves_go_to_even),
        cmocka_unit_test(new_scales_are_the_references),
        cmocka_unit_test(normalised_batches_are_the_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
