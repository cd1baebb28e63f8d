#include <math.h>
#include <stdlib.h>

#include "cpu/ref.h"
#include "support/test.h"
#include "variants.h"

typedef struct shape {
    const char *name;
    unsigned batch, channels, h, w, filters, kernel_h, kernel_w, groups, stride, dilation;
    int pad_before, pad_after;
} shape;

static void check_shape(const shape *s, bool has_bias, float limit, unsigned seed)
{
    const int reach_h = (int)((s->kernel_h - 1) * s->dilation + 1),
              reach_w = (int)((s->kernel_w - 1) * s->dilation + 1);
    const int pad = s->pad_before + s->pad_after;
    const sy_conv2d_params p = {.batch = s->batch,
                                .channels = s->channels,
                                .in_h = s->h,
                                .in_w = s->w,
                                .filters = s->filters,
                                .kernel_h = s->kernel_h,
                                .kernel_w = s->kernel_w,
                                .groups = s->groups,
                                .stride_h = s->stride,
                                .stride_w = s->stride,
                                .dilation_h = s->dilation,
                                .dilation_w = s->dilation,
                                .pad_top = s->pad_before,
                                .pad_left = s->pad_before,
                                .out_h = ((unsigned)((int)s->h + pad - reach_h)) / s->stride + 1,
                                .out_w = ((unsigned)((int)s->w + pad - reach_w)) / s->stride + 1,
                                .has_bias = has_bias,
                                .clamp = {-limit, limit}};
    const size_t x_words = (size_t)p.batch * p.channels * p.in_h * p.in_w;
    const size_t w_words = (size_t)p.filters * (p.channels / p.groups) * p.kernel_h * p.kernel_w;
    float *x = random_floats(x_words, seed);
    float *w = random_floats(w_words, seed + 1);
    float *bias = has_bias ? random_floats(p.filters, seed + 2) : NULL;
    const check c = {.kernel = SY_KERNEL_conv2d,
                     .reference = sy_ref_conv2d,
                     .params = &p,
                     .operands = {x, w, bias},
                     .sizes = {x_words, w_words, p.filters},
                     .written = 3,
                     .words = (size_t)p.batch * p.filters * p.out_h * p.out_w,
                     .name = s->name};
    assert_true(check_variants(&c) >= 3);
    free(x), free(w), free(bias);
}

static void check_shapes(const shape *shapes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_shape(&shapes[i], true, INFINITY, (unsigned)i);
        check_shape(&shapes[i], false, 0.75f, (unsigned)i + 100);
    }
}

#define CHECK_SHAPES(...)                                       \
    do {                                                        \
        static const shape shapes[] = {__VA_ARGS__};            \
        check_shapes(shapes, sizeof shapes / sizeof shapes[0]); \
    } while (0)

static void pointwise_shapes_give_the_reference_bits(void **state)
{
    (void)state;
    CHECK_SHAPES({"one of each", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0},
                 {"7x7", 2, 30, 7, 7, 24, 1, 1, 1, 1, 1, 0, 0},
                 {"7x7, odd filters", 1, 13, 7, 7, 19, 1, 1, 1, 1, 1, 0, 0},
                 {"few filters", 1, 20, 5, 5, 3, 1, 1, 1, 1, 1, 0, 0},
                 {"1x1 image", 1, 200, 1, 1, 50, 1, 1, 1, 1, 1, 0, 0},
                 {"area one over", 1, 9, 13, 5, 17, 1, 1, 1, 1, 1, 0, 0},
                 {"14x14", 1, 33, 14, 14, 23, 1, 1, 1, 1, 1, 0, 0},
                 {"k in several parts", 1, 700, 9, 11, 13, 1, 1, 1, 1, 1, 0, 0},
                 {"k in several parts, 7x7", 1, 300, 7, 7, 37, 1, 1, 1, 1, 1, 0, 0},
                 {"many filters", 1, 300, 5, 15, 301, 1, 1, 1, 1, 1, 0, 0},
                 {"wide", 2, 16, 31, 33, 7, 1, 1, 1, 1, 1, 0, 0});
}

static void depthwise_shapes_give_the_reference_bits(void **state)
{
    (void)state;
    CHECK_SHAPES(
        {"3x3 on 7x7", 2, 5, 7, 7, 5, 3, 3, 5, 1, 1, 1, 1},
        {"5x5 on 7x7", 1, 3, 7, 7, 3, 5, 5, 3, 1, 1, 2, 2},
        {"3x3 on 14x14", 1, 3, 14, 14, 3, 3, 3, 3, 1, 1, 1, 1},
        {"3x3 s2, padded after", 1, 3, 14, 14, 3, 3, 3, 3, 2, 1, 0, 1},
        {"3x3 s2, padded both", 1, 3, 15, 15, 3, 3, 3, 3, 2, 1, 1, 1},
        {"5x5 s2", 1, 4, 28, 29, 4, 5, 5, 4, 2, 1, 2, 2},
        {"5x5 s2, 1 and 2", 1, 2, 28, 28, 2, 5, 5, 2, 2, 1, 1, 2},
        {"1x1", 1, 3, 9, 10, 3, 1, 1, 3, 1, 1, 0, 0}, {"wide rows", 1, 2, 40, 117, 2, 3, 3, 2, 1, 1, 1, 1},
        {"wide rows s2", 1, 2, 21, 113, 2, 3, 3, 2, 2, 1, 1, 1},
        {"very wide rows", 1, 1, 3, 5000, 1, 3, 3, 1, 1, 1, 1, 1},
        {"dilated", 1, 2, 20, 20, 2, 3, 3, 2, 1, 2, 2, 2}, {"stride 3", 1, 2, 20, 23, 2, 3, 3, 2, 3, 1, 1, 1},
        {"dilated and strided", 1, 2, 25, 23, 2, 3, 3, 2, 2, 3, 3, 3},
        {"two filters a channel", 2, 3, 9, 9, 6, 3, 3, 3, 1, 1, 1, 1},
        {"kernel larger than the image", 1, 2, 2, 3, 2, 5, 5, 2, 1, 1, 2, 2},
        {"only padding in the first row", 1, 2, 4, 4, 2, 3, 3, 2, 1, 1, 3, 3},
        {"cropped", 1, 2, 12, 12, 2, 3, 3, 2, 1, 1, -1, -2},
        {"cropped s2", 1, 2, 12, 12, 2, 3, 3, 2, 2, 1, -1, 0}, {"1-D", 1, 6, 1, 77, 6, 1, 5, 6, 1, 1, 0, 0});
}

static void other_shapes_give_the_reference_bits(void **state)
{
    (void)state;
    CHECK_SHAPES(
        {"3x3", 1, 5, 13, 13, 9, 3, 3, 1, 1, 1, 1, 1},
        {"3x3, 55 wide", 1, 4, 11, 55, 13, 3, 3, 1, 1, 1, 1, 1},
        {"first layer", 1, 3, 32, 32, 10, 3, 3, 1, 2, 1, 0, 1},
        {"first layer, no padding", 1, 3, 31, 31, 16, 3, 3, 1, 2, 1, 0, 0},
        {"7x7 s2", 1, 3, 29, 30, 7, 7, 7, 1, 2, 1, 3, 3}, {"1x1 s2", 1, 12, 15, 15, 20, 1, 1, 1, 2, 1, 0, 0},
        {"1x1 padded", 1, 6, 5, 5, 7, 1, 1, 1, 1, 1, 1, 1}, {"groups", 2, 12, 9, 10, 8, 3, 3, 4, 1, 1, 1, 1},
        {"groups of 1x1", 1, 12, 9, 9, 18, 1, 1, 3, 1, 1, 0, 0},
        {"deep, k in several parts", 1, 70, 6, 7, 17, 3, 3, 1, 1, 1, 1, 1},
        {"image in several strips", 1, 40, 60, 30, 7, 3, 3, 1, 1, 1, 1, 1},
        {"image in several strips, s2", 1, 30, 75, 41, 5, 3, 3, 1, 2, 1, 1, 1},
        {"narrow", 1, 3, 40, 1, 5, 3, 1, 1, 1, 1, 0, 0}, {"2 wide", 1, 3, 20, 2, 5, 3, 3, 1, 1, 1, 1, 1},
        {"5 wide", 1, 3, 23, 5, 5, 3, 3, 1, 1, 1, 1, 1}, {"1-D s2", 1, 9, 1, 131, 8, 1, 3, 1, 2, 1, 1, 1},
        {"dilated", 1, 3, 20, 21, 6, 3, 3, 1, 1, 2, 2, 2}, {"stride 4", 1, 3, 31, 33, 6, 5, 5, 1, 4, 1, 2, 2},
        {"kernel larger than the image", 1, 3, 2, 2, 3, 5, 5, 1, 1, 1, 2, 2},
        {"cropped", 1, 3, 12, 13, 4, 3, 3, 1, 1, 1, -1, -2});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pointwise_shapes_give_the_reference_bits),
        cmocka_unit_test(depthwise_shapes_give_the_reference_bits),
        cmocka_unit_test(other_shapes_give_the_reference_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
