#include <math.h>
#include <stdlib.h>

#include "cpu/ref.h"
#include "support/test.h"
#include "variants.h"

static void every_unary_function_gives_the_reference_bits(void **state)
{
    static const char *const names[] = {
#define X(name) #name,
        SY_UNARY_MAP(X)
#undef X
    };
    static const unsigned counts[] = {0, 1, 7, 8, 9, 17, 1003};
    (void)state;
    int checked = 0;
    for (unsigned f = 0; f < SY_UNARY_COUNT; f++)
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            const sy_unary_params p = {
                .function = f, .kind = SY_KIND_FLOAT, .count = counts[i], .alpha = 0.2f, .beta = 0.5f};
            if (f == SY_UNARY_NOT)
                continue; /* not of floats */
            float *x = special_floats(p.count, f);
            checked += check_variants(&(check){.kernel = SY_KERNEL_unary,
                                               .reference = sy_ref_unary,
                                               .params = &p,
                                               .operands = {x},
                                               .sizes = {p.count},
                                               .written = 1,
                                               .words = p.count,
                                               .any_nan = true,
                                               .name = names[f]});
            free(x);
        }
#if defined(__x86_64__)
    if (!getenv("SY_CPU_LEVEL"))
        assert_true(checked > 200);
#endif
}

typedef struct broadcast {
    const char *name;
    unsigned rank, dims[4], a_strides[4], b_strides[4];
} broadcast;

static const broadcast broadcasts[] = {
    {"one element", 0, {0}, {0}, {0}},
    {"dense", 4, {2, 3, 5, 7}, {105, 35, 7, 1}, {105, 35, 7, 1}},
    {"long", 1, {5001}, {1}, {1}},
    {"none", 2, {3, 0}, {0, 1}, {0, 1}},
    {"b of each channel", 4, {2, 3, 5, 7}, {105, 35, 7, 1}, {0, 1, 0, 0}},
    {"a of each channel", 4, {2, 3, 5, 7}, {0, 1, 0, 0}, {105, 35, 7, 1}},
    {"b of each column", 2, {9, 33}, {33, 1}, {0, 1}},
    {"b is one element", 3, {4, 5, 6}, {30, 6, 1}, {0, 0, 0}},
    {"a and b are one element", 2, {4, 5}, {0, 0}, {0, 0}},
    {"outer product", 2, {13, 11}, {1, 0}, {0, 1}},
    {"a is transposed", 2, {13, 11}, {1, 13}, {11, 1}},
    {"ones between", 4, {2, 1, 9, 1}, {9, 9, 1, 1}, {9, 0, 1, 0}},
    {"middle", 3, {3, 4, 5}, {20, 5, 1}, {5, 0, 1}},
};

static size_t extent(const broadcast *b, const unsigned *strides)
{
    size_t last = 0;
    for (unsigned i = 0; i < b->rank; i++)
        last += b->dims[i] ? (size_t)(b->dims[i] - 1) * strides[i] : 0;
    return last + 1;
}

static int check_binary(unsigned function, const broadcast *b, sy_clamp clamp)
{
    sy_binary_params p = {.function = function, .kind = SY_KIND_FLOAT, .rank = b->rank, .clamp = clamp};
    size_t words = 1;
    for (unsigned i = 0; i < b->rank; i++) {
        p.dims[i] = b->dims[i];
        p.a_strides[i] = b->a_strides[i];
        p.b_strides[i] = b->b_strides[i];
        words *= b->dims[i];
    }
    float *x = special_floats(extent(b, b->a_strides), function),
          *z = special_floats(extent(b, b->b_strides), 7);
    const int checked = check_variants(&(check){.kernel = SY_KERNEL_binary,
                                                .reference = sy_ref_binary,
                                                .params = &p,
                                                .operands = {x, z},
                                                .sizes = {extent(b, b->a_strides), extent(b, b->b_strides)},
                                                .written = 2,
                                                .words = words,
                                                .any_nan = true,
                                                .name = b->name});
    free(x), free(z);
    return checked;
}

static void every_binary_function_gives_the_reference_bits(void **state)
{
    static const unsigned functions[] = {SY_BINARY_ADD,           SY_BINARY_SUB,
                                         SY_BINARY_MUL,           SY_BINARY_DIV,
                                         SY_BINARY_POW,           SY_BINARY_MIN,
                                         SY_BINARY_MAX,           SY_BINARY_FMOD,
                                         SY_BINARY_PRELU,         SY_BINARY_LESS,
                                         SY_BINARY_LESS_OR_EQUAL, SY_BINARY_EQUAL,
                                         SY_BINARY_GREATER,       SY_BINARY_GREATER_OR_EQUAL};
    (void)state;
    int checked = 0;
    for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++)
        for (size_t i = 0; i < sizeof broadcasts / sizeof broadcasts[0]; i++) {
            checked += check_binary(functions[f], &broadcasts[i], (sy_clamp){-INFINITY, INFINITY});
            checked += check_binary(functions[f], &broadcasts[i], (sy_clamp){-0.25f, 0.5f});
        }
#if defined(__x86_64__)
    if (!getenv("SY_CPU_LEVEL"))
        assert_true(checked > 150);
#endif
}

/* Whole numbers of every size, with the extremes among them. */
static sy_i32 *whole_numbers(size_t count, unsigned seed)
{
    static const sy_i32 special[] = {0, 1, -1, 2, 31, -7, 2147483647, -2147483647 - 1};
    sy_i32 *all = malloc((count ? count : 1) * sizeof *all);
    sy_u32 word = seed * 2654435761u + 7;
    assert_non_null(all);
    for (size_t i = 0; i < count; i++) {
        word = word * 1664525u + 1013904223u;
        all[i] = word >> 28 < 5 ? special[word >> 8 & 7] : (sy_i32)word >> (word >> 24 & 15);
    }
    return all;
}

static void every_function_of_integers_gives_the_reference_bits(void **state)
{
    static const unsigned functions[] = {SY_UNARY_CLAMP, SY_UNARY_ABS, SY_UNARY_NEG, SY_UNARY_SIGN,
                                         SY_UNARY_NOT};
    static const unsigned counts[] = {0, 1, 255, 256, 257, 1003};
    (void)state;
    for (size_t f = 0; f < sizeof functions / sizeof functions[0]; f++)
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
            const sy_unary_params p = {functions[f], SY_KIND_INT, counts[i], -17.5f, 3e9f};
            sy_i32 *x = whole_numbers(p.count, functions[f]);
            check_variants(&(check){.kernel = SY_KERNEL_unary,
                                    .reference = sy_ref_unary,
                                    .params = &p,
                                    .operands = {x},
                                    .sizes = {p.count},
                                    .written = 1,
                                    .words = p.count,
                                    .name = "unary of integers"});
            free(x);
        }
}

static void check_integers(unsigned function, const broadcast *b)
{
    sy_binary_params p = {
        .function = function, .kind = SY_KIND_INT, .rank = b->rank, .clamp = {-INFINITY, INFINITY}};
    size_t words = 1;
    for (unsigned i = 0; i < b->rank; i++) {
        p.dims[i] = b->dims[i];
        p.a_strides[i] = b->a_strides[i];
        p.b_strides[i] = b->b_strides[i];
        words *= b->dims[i];
    }
    sy_i32 *x = whole_numbers(extent(b, b->a_strides), function),
           *z = whole_numbers(extent(b, b->b_strides), 7);
    check_variants(&(check){.kernel = SY_KERNEL_binary,
                            .reference = sy_ref_binary,
                            .params = &p,
                            .operands = {x, z},
                            .sizes = {extent(b, b->a_strides), extent(b, b->b_strides)},
                            .written = 2,
                            .words = words,
                            .name = b->name});
    free(x), free(z);
}

static void every_binary_function_of_integers_gives_the_reference_bits(void **state)
{
    (void)state;
    for (unsigned function = 0; function < SY_BINARY_COUNT; function++)
        for (size_t i = 0; i < sizeof broadcasts / sizeof broadcasts[0]; i++)
            check_integers(function, &broadcasts[i]);
}

static void choices_are_the_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broadcasts / sizeof broadcasts[0]; i++) {
        const broadcast *b = &broadcasts[i];
        sy_where_params p = {.rank = b->rank};
        size_t words = 1;
        for (unsigned d = b->rank; d-- > 0;) {
            p.dims[d] = b->dims[d];
            p.condition_strides[d] = b->b_strides[d];
            p.a_strides[d] = b->a_strides[d];
            p.b_strides[d] = (unsigned)words;
            words *= b->dims[d];
        }
        sy_i32 *condition = whole_numbers(extent(b, b->b_strides), 1);
        for (size_t k = 0; k < extent(b, b->b_strides); k++)
            condition[k] &= 2;
        float *x = special_floats(extent(b, b->a_strides), 2), *z = special_floats(words, 3);
        check_variants(&(check){.kernel = SY_KERNEL_where,
                                .reference = sy_ref_where,
                                .params = &p,
                                .operands = {condition, x, z},
                                .sizes = {extent(b, b->b_strides), extent(b, b->a_strides), words},
                                .written = 3,
                                .words = words,
                                .name = b->name});
        free(condition), free(x), free(z);
    }
}

static void casts_are_the_references(void **state)
{
    static const sy_cast_params cases[] = {
        {SY_CAST_INT_TO_FLOAT, SY_KIND_INT, 1003, 0, 0, 0, 0},
        {SY_CAST_FLOAT_TO_INT, SY_KIND_FLOAT, 1003, 0, 0, -2147483647 - 1, 2147483647},
        {SY_CAST_FLOAT_TO_INT, SY_KIND_FLOAT, 257, 0, 0, 0, 255},
        {SY_CAST_INT_TO_INT, SY_KIND_INT, 1003, 8, 1, 0, 0},
        {SY_CAST_INT_TO_INT, SY_KIND_INT, 255, 16, 0, 0, 0},
        {SY_CAST_INT_TO_INT, SY_KIND_INT, 256, 32, 1, 0, 0},
        {SY_CAST_TO_BOOL, SY_KIND_FLOAT, 1003, 0, 0, 0, 0},
        {SY_CAST_TO_BOOL, SY_KIND_INT, 1003, 0, 0, 0, 0},
        {SY_CAST_TO_BOOL, SY_KIND_INT, 0, 0, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sy_cast_params *p = &cases[i];
        void *x = p->kind == SY_KIND_INT ? (void *)whole_numbers(p->count, (unsigned)i)
                                         : (void *)special_floats(p->count, (unsigned)i);
        for (size_t k = 0; p->kind == SY_KIND_FLOAT && k < p->count; k += 3)
            ((float *)x)[k] *= 1000;
        check_variants(&(check){.kernel = SY_KERNEL_cast,
                                .reference = sy_ref_cast,
                                .params = p,
                                .operands = {x},
                                .sizes = {p->count},
                                .written = 1,
                                .words = p->count,
                                .name = "cast"});
        free(x);
    }
}

static void fills_are_whole_and_no_more(void **state)
{
    static const unsigned counts[] = {0, 1, 7, 16, 33, 1001};
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        const sy_fill_params p = {.count = counts[i], .word = 0x80000001u};
        check_variants(&(check){.kernel = SY_KERNEL_fill,
                                .reference = sy_ref_fill,
                                .params = &p,
                                .written = 0,
                                .words = p.count,
                                .name = "fill"});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_unary_function_gives_the_reference_bits),
        cmocka_unit_test(every_function_of_integers_gives_the_reference_bits),
        cmocka_unit_test(every_binary_function_of_integers_gives_the_reference_bits),
        cmocka_unit_test(choices_are_the_references),
        cmocka_unit_test(casts_are_the_references),
        cmocka_unit_test(fills_are_whole_and_no_more),
        cmocka_unit_test(every_binary_function_gives_the_reference_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
