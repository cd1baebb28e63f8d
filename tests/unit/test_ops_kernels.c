/* The strided kernels on random spaces against loops that compute every element's place anew, and the space
 * that the lowerings shrink.
 */
#include <stdlib.h>
#include <string.h>

#include "cpu/ref.h"
#include "kernels/elementwise.h"
#include "ops/space.h"
#include "support/test.h"

enum { CASES = 400, WORDS = 4096 };

/* A generator whose numbers are the same everywhere. */
static uint32_t draw(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (*seed >> 8) % below;
}

static void fill_floats(float *x, size_t count, uint32_t *seed)
{
    for (size_t i = 0; i < count; i++)
        x[i] = (float)draw(seed, 2001) * 0.01f - 10;
}

/* A shape of rank 0 to 5 with dims of 1 to 5, and one that broadcasts to it. */
static void draw_shapes(uint32_t *seed, sy_shape *whole, sy_shape *part)
{
    whole->rank = (int)draw(seed, 6);
    for (int i = 0; i < whole->rank; i++)
        whole->dims[i] = 1 + draw(seed, 5);
    const int dropped = whole->rank ? (int)draw(seed, (uint32_t)whole->rank + 1) : 0;
    part->rank = whole->rank - dropped;
    for (int i = 0; i < part->rank; i++)
        part->dims[i] = draw(seed, 3) ? whole->dims[i + dropped] : 1;
}

/* The element of `part` that belongs to element `at` of `whole`. */
static size_t broadcast_place(const sy_shape *whole, const sy_shape *part, size_t at)
{
    size_t place = 0, stride = 1;
    for (int i = whole->rank - 1, j = part->rank - 1; j >= 0; i--, j--) {
        const size_t index = at % (size_t)whole->dims[i];
        at /= (size_t)whole->dims[i];
        place += (part->dims[j] == 1 ? 0 : index) * stride;
        stride *= (size_t)part->dims[j];
    }
    return place;
}

static void shrunk_spaces_walk_the_same_elements(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int n = 0; n < CASES; n++) {
        sy_shape whole, part;
        draw_shapes(&seed, &whole, &part);
        sy_space space = sy_space_of(&whole);
        sy_space_add(&space, &part);
        sy_space_add(&space, &whole);
        sy_space_shrink(&space);
        /* Counts through the shrunk space; the dense operand must count along. */
        const size_t count = sy_known_count(&whole);
        for (size_t at = 0; at < count; at++) {
            size_t left = at;
            int64_t places[2] = {0, 0};
            for (int i = space.rank - 1; i >= 0; i--) {
                const int64_t index = (int64_t)(left % (size_t)space.dims[i]);
                left /= (size_t)space.dims[i];
                places[0] += index * space.strides[0][i];
                places[1] += index * space.strides[1][i];
            }
            assert_int_equal(places[0], broadcast_place(&whole, &part, at));
            assert_int_equal(places[1], at);
        }
    }
}

static void dense_operands_shrink_to_one_row(void **state)
{
    (void)state;
    const sy_shape image = {.rank = 4, .dims = {2, 3, 5, 7}}, channels = {.rank = 4, .dims = {1, 3, 1, 1}};
    sy_space space = sy_space_of(&image);
    sy_space_add(&space, &image);
    sy_space_add(&space, &image);
    sy_space_shrink(&space);
    assert_int_equal(space.rank, 1);
    assert_int_equal(space.dims[0], 210);

    space = sy_space_of(&image);
    sy_space_add(&space, &image);
    sy_space_add(&space, &channels);
    sy_space_shrink(&space);
    assert_int_equal(space.rank, 3); /* batch, channel, pixel */
    assert_int_equal(space.dims[2], 35);
}

static sy_binary_params binary_params(const sy_shape *y, const sy_shape *a, const sy_shape *b,
                                      uint32_t function)
{
    sy_binary_params params = {.function = function, .kind = SY_KIND_FLOAT, .clamp = {-3, 40}};
    sy_space space = sy_space_of(y);
    sy_space_add(&space, a);
    sy_space_add(&space, b);
    params.rank = (uint32_t)space.rank;
    sy_space_dims(&space, params.dims);
    sy_space_strides(&space, 0, params.a_strides);
    sy_space_strides(&space, 1, params.b_strides);
    return params;
}

static void binary_broadcasts_and_clamps(void **state)
{
    (void)state;
    static float a[WORDS], b[WORDS], y[WORDS];
    uint32_t seed = 2;
    fill_floats(a, WORDS, &seed);
    fill_floats(b, WORDS, &seed);
    for (int n = 0; n < CASES; n++) {
        sy_shape whole, part;
        draw_shapes(&seed, &whole, &part);
        const bool multiply = draw(&seed, 2);
        const sy_binary_params params =
            binary_params(&whole, &part, &whole, multiply ? SY_BINARY_MUL : SY_BINARY_SUB);
        sy_ref_binary((void *[]){a, b, y}, &params);
        for (size_t i = 0; i < sy_known_count(&whole); i++) {
            const float u = a[broadcast_place(&whole, &part, i)], v = b[i];
            const float f = multiply ? u * v : u - v;
            assert_true(y[i] == (f < -3 ? -3 : f > 40 ? 40 : f));
        }
    }
}

static void comparisons_are_not_clamped(void **state)
{
    (void)state;
    const float a[] = {1, 2}, b[] = {1, 3};
    int32_t y[2];
    const sy_binary_params params = {.function = SY_BINARY_LESS,
                                     .kind = SY_KIND_FLOAT,
                                     .rank = 1,
                                     .dims = {2},
                                     .a_strides = {1},
                                     .b_strides = {1}};
    sy_ref_binary((void *[]){(void *)a, (void *)b, y}, &params);
    assert_int_equal(y[0], 0);
    assert_int_equal(y[1], 1);
}

static void where_broadcasts_every_operand(void **state)
{
    (void)state;
    static int32_t condition[WORDS];
    static float a[WORDS], b[WORDS], y[WORDS];
    uint32_t seed = 3;
    fill_floats(a, WORDS, &seed);
    fill_floats(b, WORDS, &seed);
    for (int i = 0; i < WORDS; i++)
        condition[i] = (int32_t)draw(&seed, 2);
    for (int n = 0; n < CASES; n++) {
        sy_shape whole, part;
        sy_where_params params = {0};
        draw_shapes(&seed, &whole, &part);
        sy_space space = sy_space_of(&whole);
        sy_space_add(&space, &part);
        sy_space_add(&space, &whole);
        sy_space_add(&space, &part);
        params.rank = (uint32_t)space.rank;
        sy_space_dims(&space, params.dims);
        sy_space_strides(&space, 0, params.condition_strides);
        sy_space_strides(&space, 1, params.a_strides);
        sy_space_strides(&space, 2, params.b_strides);
        sy_ref_where((void *[]){condition, a, b, y}, &params);
        for (size_t i = 0; i < sy_known_count(&whole); i++) {
            const size_t place = broadcast_place(&whole, &part, i);
            assert_true(y[i] == (condition[place] ? a[i] : b[place]));
        }
    }
}

/* A random order of the dimensions of x, some of them backwards. */
static void moves_follow_strides_of_either_sign(void **state)
{
    (void)state;
    static float x[WORDS], y[WORDS];
    uint32_t seed = 4;
    fill_floats(x, WORDS, &seed);
    for (int n = 0; n < CASES; n++) {
        sy_shape shape, unused;
        int64_t dense[SY_KERNEL_RANK], y_stride = 1;
        draw_shapes(&seed, &shape, &unused);
        sy_dense_strides(&shape, dense);
        sy_move_params params = {.rank = (uint32_t)shape.rank, .y_offset = draw(&seed, 9)};
        int order[SY_KERNEL_RANK] = {0};
        for (int i = 0; i < shape.rank; i++) {
            const int j = (int)draw(&seed, (uint32_t)i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        for (int i = shape.rank - 1; i >= 0; i--) {
            const bool back = draw(&seed, 2);
            params.dims[i] = (uint32_t)shape.dims[order[i]];
            params.x_strides[i] = (int32_t)(back ? -dense[order[i]] : dense[order[i]]);
            params.x_offset += back ? (uint32_t)(dense[order[i]] * (shape.dims[order[i]] - 1)) : 0;
            params.y_strides[i] = (int32_t)y_stride;
            y_stride *= params.dims[i];
        }
        sy_ref_move((void *[]){x, y}, &params);
        for (uint32_t at = 0; at < y_stride; at++) {
            uint32_t left = at;
            int64_t from = params.x_offset;
            for (int i = shape.rank - 1; i >= 0; i--) {
                from += (int64_t)(left % params.dims[i]) * params.x_strides[i];
                left /= params.dims[i];
            }
            assert_true(y[params.y_offset + at] == x[from]);
        }
    }
}

/* Element r goes to lane r mod 16; then halves are added. Written out, for a row. */
static float sum_in_order(const float *x, size_t count, size_t stride)
{
    float lanes[SY_REDUCE_LANES] = {0};
    for (size_t r = 0; r < count; r++)
        lanes[r % 16] += x[r * stride];
    for (int i = 0; i < 8; i++)
        lanes[i] += lanes[i + 8];
    for (int i = 0; i < 4; i++)
        lanes[i] += lanes[i + 4];
    lanes[0] += lanes[2];
    lanes[1] += lanes[3];
    return lanes[0] + lanes[1];
}

static void sums_follow_the_one_order(void **state)
{
    (void)state;
    static float x[WORDS], y[64];
    uint32_t seed = 5;
    fill_floats(x, WORDS, &seed);
    for (uint32_t count = 0; count < 70; count++) {
        const sy_reduce_params rows = {.function = SY_REDUCE_SUM,
                                       .kept_rank = 1,
                                       .kept_dims = {3},
                                       .kept_strides = {count},
                                       .reduced_rank = 1,
                                       .reduced_dims = {count},
                                       .reduced_strides = {1}};
        sy_ref_reduce((void *[]){x, y}, &rows);
        for (size_t i = 0; i < 3; i++)
            assert_true(y[i] == sum_in_order(x + i * count, count, 1));
        const sy_reduce_params columns = {.function = SY_REDUCE_SUM,
                                          .kept_rank = 1,
                                          .kept_dims = {5},
                                          .kept_strides = {1},
                                          .reduced_rank = 1,
                                          .reduced_dims = {count},
                                          .reduced_strides = {5}};
        sy_ref_reduce((void *[]){x, y}, &columns);
        for (size_t i = 0; i < 5; i++)
            assert_true(y[i] == sum_in_order(x + i, count, 5));
    }
}

/* Two reduced dimensions that are no neighbours are numbered row-major. */
static void reduced_elements_are_numbered_row_major(void **state)
{
    (void)state;
    static float x[WORDS], line[WORDS];
    float y[3];
    uint32_t seed = 6;
    fill_floats(x, WORDS, &seed);
    const sy_reduce_params params = {.function = SY_REDUCE_SUM,
                                     .kept_rank = 1,
                                     .kept_dims = {3},
                                     .kept_strides = {7},
                                     .reduced_rank = 2,
                                     .reduced_dims = {11, 7},
                                     .reduced_strides = {21, 1}};
    sy_ref_reduce((void *[]){x, y}, &params);
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < 11; i++)
            memcpy(line + i * 7, x + i * 21 + k * 7, 7 * sizeof *x);
        assert_true(y[k] == sum_in_order(line, 77, 1));
    }
}

static void indices_never_read_outside(void **state)
{
    (void)state;
    const float x[] = {1, 2, 3};
    const int32_t indices[] = {0, 2, -1, -3, 3, 1000, -4, INT32_MIN, INT32_MAX};
    const float want[] = {1, 3, 3, 1, 3, 3, 1, 1, 3};
    float y[9];
    const sy_gather_params params = {.outer = 1, .axis_size = 3, .inner = 1, .index_count = 9};
    sy_ref_gather((void *[]){(void *)x, (void *)indices, y}, &params);
    for (int i = 0; i < 9; i++)
        assert_true(y[i] == want[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shrunk_spaces_walk_the_same_elements),
        cmocka_unit_test(dense_operands_shrink_to_one_row),
        cmocka_unit_test(binary_broadcasts_and_clamps),
        cmocka_unit_test(comparisons_are_not_clamped),
        cmocka_unit_test(where_broadcasts_every_operand),
        cmocka_unit_test(moves_follow_strides_of_either_sign),
        cmocka_unit_test(sums_follow_the_one_order),
        cmocka_unit_test(reduced_elements_are_numbered_row_major),
        cmocka_unit_test(indices_never_read_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
