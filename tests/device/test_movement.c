/* Kernels that put words elsewhere, on every backend. */
#include <stdlib.h>

#include "cpu/ref.h"
#include "support/test.h"
#include "variants.h"

/* Indices from -size - 2 to size + 1, so some outside. */
static sy_i32 *indices(size_t count, unsigned size)
{
    sy_i32 *all = malloc((count ? count : 1) * sizeof *all);
    assert_non_null(all);
    for (size_t i = 0; i < count; i++)
        all[i] = (sy_i32)(i * 7 % (2 * size + 4)) - (sy_i32)size - 2;
    return all;
}

static void moves_are_the_references(void **state)
{
    static const struct {
        const char *name;
        sy_move_params p;
        size_t x_words, y_words;
    } cases[] = {
        {"one word", {.rank = 0, .x_offset = 2, .y_offset = 1}, 3, 2},
        {"line", {.rank = 1, .dims = {1003}, .x_strides = {1}, .y_strides = {1}}, 1003, 1003},
        {"none", {.rank = 2, .dims = {3, 0}, .x_strides = {1, 1}, .y_strides = {1, 1}}, 1, 1},
        {"backwards",
         {.rank = 1, .dims = {300}, .x_strides = {-1}, .y_strides = {1}, .x_offset = 299},
         300,
         300},
        {"transposed", {.rank = 2, .dims = {17, 31}, .x_strides = {1, 17}, .y_strides = {31, 1}}, 527, 527},
        {"every second column",
         {.rank = 2, .dims = {5, 9}, .x_strides = {18, 2}, .y_strides = {9, 1}, .x_offset = 1},
         90,
         45},
        {"rows that repeat",
         {.rank = 2, .dims = {6, 65}, .x_strides = {0, 1}, .y_strides = {65, 1}},
         65,
         390},
        {"into the middle",
         {.rank = 3, .dims = {2, 3, 7}, .x_strides = {21, 7, 1}, .y_strides = {70, 7, 1}, .y_offset = 14},
         42,
         140},
        {"channels last",
         {.rank = 4, .dims = {2, 5, 6, 3}, .x_strides = {90, 6, 1, 30}, .y_strides = {90, 18, 3, 1}},
         180,
         180},
        {"eight dimensions, all turned round",
         {.rank = 8,
          .dims = {2, 1, 3, 2, 2, 1, 3, 2},
          .x_strides = {1, 2, 2, 6, 12, 24, 24, 72},
          .y_strides = {72, 72, 24, 12, 6, 6, 2, 1}},
         144,
         144},
        {"both ways",
         {.rank = 2,
          .dims = {4, 5},
          .x_strides = {5, -1},
          .y_strides = {-5, 1},
          .x_offset = 4,
          .y_offset = 15},
         20,
         20},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        float *x = special_floats(cases[i].x_words, (unsigned)i),
              *before = random_floats(cases[i].y_words, 77);
        check_variants(&(check){.kernel = SY_KERNEL_move,
                                .reference = sy_ref_move,
                                .params = &cases[i].p,
                                .operands = {x},
                                .sizes = {cases[i].x_words},
                                .written = 1,
                                .words = cases[i].y_words,
                                .before = before,
                                .name = cases[i].name});
        free(x), free(before);
    }
}

static void gathers_are_the_references(void **state)
{
    static const sy_gather_params cases[] = {
        {1, 1, 1, 1}, {1, 9, 1, 257}, {3, 5, 7, 11}, {1, 1000, 33, 4},
        {2, 0, 3, 4}, {2, 4, 3, 0},   {0, 4, 3, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sy_gather_params *p = &cases[i];
        const size_t x_words = (size_t)p->outer * p->axis_size * p->inner;
        float *x = special_floats(x_words, 3);
        sy_i32 *index = indices(p->index_count, p->axis_size);
        check_variants(&(check){.kernel = SY_KERNEL_gather,
                                .reference = sy_ref_gather,
                                .params = p,
                                .operands = {x, index},
                                .sizes = {x_words, p->index_count},
                                .written = 2,
                                .words = (size_t)p->outer * p->index_count * p->inner,
                                .name = "gather"});
        free(x), free(index);
    }
}

static void gathered_elements_are_the_references(void **state)
{
    static const sy_gather_elements_params cases[] = {
        {.rank = 1, .index_dims = {5}, .x_strides = {1}, .axis = 0, .axis_size = 9},
        {.rank = 2, .index_dims = {9, 31}, .x_strides = {33, 1}, .axis = 1, .axis_size = 33},
        {.rank = 2, .index_dims = {13, 33}, .x_strides = {33, 1}, .axis = 0, .axis_size = 4},
        {.rank = 3, .index_dims = {2, 3, 5}, .x_strides = {35, 5, 1}, .axis = 1, .axis_size = 7},
        {.rank = 2, .index_dims = {0, 3}, .x_strides = {3, 1}, .axis = 0, .axis_size = 4},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sy_gather_elements_params *p = &cases[i];
        size_t words = 1, x_words = 1;
        for (unsigned d = 0; d < p->rank; d++) {
            words *= p->index_dims[d];
            x_words += (size_t)(d == p->axis ? p->axis_size : p->index_dims[d]) * p->x_strides[d];
        }
        float *x = special_floats(x_words, 3);
        sy_i32 *index = indices(words, p->axis_size);
        check_variants(&(check){.kernel = SY_KERNEL_gather_elements,
                                .reference = sy_ref_gather_elements,
                                .params = p,
                                .operands = {x, index},
                                .sizes = {x_words, words},
                                .written = 2,
                                .words = words,
                                .name = "gather_elements"});
        free(x), free(index);
    }
}

static void one_hots_are_the_references(void **state)
{
    static const sy_one_hot_params cases[] = {{1, 1, 1},   {3, 10, 1}, {2, 5, 33},
                                              {1, 257, 3}, {0, 3, 3},  {2, 0, 3}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sy_one_hot_params *p = &cases[i];
        const sy_u32 values[] = {0x3f000000u, 0xbf800000u};
        sy_i32 *index = indices((size_t)p->outer * p->inner, p->depth);
        check_variants(&(check){.kernel = SY_KERNEL_one_hot,
                                .reference = sy_ref_one_hot,
                                .params = p,
                                .operands = {index, (void *)values},
                                .sizes = {(size_t)p->outer * p->inner, 2},
                                .written = 2,
                                .words = (size_t)p->outer * p->depth * p->inner,
                                .name = "one_hot"});
        free(index);
    }
}

static void padded_axes_are_the_references(void **state)
{
    static const sy_pad_params cases[] = {
        {0, 1, 5, 1, 2, 3},  {0, 3, 4, 7, 3, 3},     {0, 2, 9, 1, -3, 8},
        {0, 2, 9, 5, 8, -2}, {0, 1, 300, 3, -1, -1}, {0, 1, 1, 1, 0, 0},
        {0, 2, 3, 2, 7, 9},  {0, 1, 4, 2, -4, 0},    {0, 0, 4, 2, 1, 1},
    };
    (void)state;
    for (unsigned mode = SY_PAD_REFLECT; mode <= SY_PAD_WRAP; mode++)
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            sy_pad_params p = cases[i];
            p.mode = mode;
            const size_t x_words = (size_t)p.outer * p.in * p.inner;
            float *x = special_floats(x_words, mode);
            check_variants(
                &(check){.kernel = SY_KERNEL_pad,
                         .reference = sy_ref_pad,
                         .params = &p,
                         .operands = {x},
                         .sizes = {x_words},
                         .written = 1,
                         .words = (size_t)p.outer * (size_t)((int)p.in + p.before + p.after) * p.inner,
                         .name = "pad"});
            free(x);
        }
}

static void check_resize(sy_resize_params p)
{
    static const struct {
        unsigned outer, in, out, inner;
    } sizes[] = {{1, 1, 1, 1},   {1, 5, 12, 1}, {2, 12, 5, 7}, {3, 7, 14, 3},
                 {1, 2, 301, 1}, {1, 9, 1, 4},  {2, 6, 0, 3}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        p.outer = sizes[i].outer;
        p.in = sizes[i].in;
        p.out = sizes[i].out;
        p.inner = sizes[i].inner;
        p.scale = p.out ? (float)p.out / (float)p.in : 1;
        const size_t x_words = (size_t)p.outer * p.in * p.inner;
        float *x = random_floats(x_words, p.mode);
        check_variants(&(check){.kernel = SY_KERNEL_resize,
                                .reference = sy_ref_resize,
                                .params = &p,
                                .operands = {x},
                                .sizes = {x_words},
                                .written = 1,
                                .words = (size_t)p.outer * p.out * p.inner,
                                .any_nan = true,
                                .name = "resize"});
        free(x);
    }
}

static void resized_axes_are_the_references(void **state)
{
    (void)state;
    for (unsigned mode = SY_RESIZE_NEAREST; mode <= SY_RESIZE_CUBIC; mode++)
        for (unsigned coordinate = 0; coordinate <= SY_COORDINATE_HALF_PIXEL_SYMMETRIC; coordinate++)
            for (unsigned form = 0; form < 4; form++) {
                if (mode == SY_RESIZE_LINEAR && form)
                    continue; /* means something to the others only */
                check_resize((sy_resize_params){.mode = mode,
                                                .coordinate = coordinate,
                                                .nearest = form,
                                                .exclude_outside = form & 1,
                                                .cubic_a = form & 2 ? -0.5f : -0.75f,
                                                .crop_start = 0.1f,
                                                .crop_end = 1.2f,
                                                .extrapolation = -3});
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_are_the_references),
        cmocka_unit_test(gathers_are_the_references),
        cmocka_unit_test(gathered_elements_are_the_references),
        cmocka_unit_test(one_hots_are_the_references),
        cmocka_unit_test(padded_axes_are_the_references),
        cmocka_unit_test(resized_axes_are_the_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
