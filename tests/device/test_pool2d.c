#include <stdlib.h>

#include "cpu/ref.h"
#include "support/test.h"
#include "variants.h"

typedef struct shape {
    const char *name;
    unsigned planes, h, w, kernel_h, kernel_w, stride, dilation;
    int before, after;
} shape;

static const shape shapes[] = {
    {"3x3 s2", 3, 55, 55, 3, 3, 2, 1, 0, 0},   {"3x3 s2 padded", 2, 28, 27, 3, 3, 2, 1, 1, 1},
    {"2x2 s2", 2, 16, 18, 2, 2, 2, 1, 0, 0},   {"3x3 s1", 2, 9, 10, 3, 3, 1, 1, 1, 1},
    {"7x7 of 7x7", 4, 7, 7, 7, 7, 1, 1, 0, 0}, {"wide", 1, 9, 1234, 3, 3, 2, 1, 1, 1},
    {"dilated", 2, 20, 21, 3, 2, 1, 2, 1, 1},  {"stride 3", 2, 20, 22, 2, 3, 3, 1, 0, 1},
    {"1-D", 3, 1, 100, 1, 4, 2, 1, 0, 0},      {"one", 1, 1, 1, 1, 1, 1, 1, 0, 0},
    {"1x1 s2", 2, 13, 15, 1, 1, 2, 1, 0, 0},   {"uneven padding", 2, 12, 13, 3, 3, 2, 1, 0, 2},
};

static void check_pool(const shape *s, unsigned kind, unsigned count_padding, bool special)
{
    const int pad = s->before + s->after;
    const int reach_h = (int)((s->kernel_h - 1) * s->dilation + 1),
              reach_w = (int)((s->kernel_w - 1) * s->dilation + 1);
    const int along = s->h == 1 ? 0 : pad; /* 1-D is not padded above and below */
    const sy_pool2d_params p = {.kind = kind,
                                .planes = s->planes,
                                .in_h = s->h,
                                .in_w = s->w,
                                .out_h = (unsigned)((int)s->h + along - reach_h) / s->stride + 1,
                                .out_w = (unsigned)((int)s->w + pad - reach_w) / s->stride + 1,
                                .kernel_h = s->kernel_h,
                                .kernel_w = s->kernel_w,
                                .stride_h = s->stride,
                                .stride_w = s->stride,
                                .dilation_h = s->dilation,
                                .dilation_w = s->dilation,
                                .pad_top = s->h == 1 ? 0 : s->before,
                                .pad_bottom = s->h == 1 ? 0 : s->after,
                                .pad_left = s->before,
                                .pad_right = s->after,
                                .count_padding = count_padding};
    const size_t words = (size_t)p.planes * p.in_h * p.in_w;
    float *x = special ? special_floats(words, kind) : random_floats(words, kind);
    if (!special) /* zeros of both signs, of which the first counts */
        for (size_t i = 0; i < words; i += 2)
            x[i] = i % 3 ? -0.0f : x[i] < 0 ? -0.0f : 0.0f;
    const int checked = check_variants(&(check){.kernel = SY_KERNEL_pool2d,
                                                .reference = sy_ref_pool2d,
                                                .params = &p,
                                                .operands = {x},
                                                .sizes = {words},
                                                .written = 1,
                                                .words = (size_t)p.planes * p.out_h * p.out_w,
                                                .any_nan = true,
                                                .name = s->name});
    assert_true(checked >= 3);
    free(x);
}

static void maxima_are_the_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        check_pool(&shapes[i], SY_POOL_MAX, 0, false);
        check_pool(&shapes[i], SY_POOL_MAX, 0, true);
    }
}

static void averages_are_the_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        check_pool(&shapes[i], SY_POOL_AVERAGE, 0, false);
        check_pool(&shapes[i], SY_POOL_AVERAGE, 1, false);
        check_pool(&shapes[i], SY_POOL_AVERAGE, 1, true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maxima_are_the_references),
        cmocka_unit_test(averages_are_the_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
