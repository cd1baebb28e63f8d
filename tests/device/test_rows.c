/* Kernels over rows, and the step of an LSTM, on every backend. */
#include <math.h>
#include <stdlib.h>

#include "cpu/ref.h"
#include "support/test.h"
#include "variants.h"

static sy_i32 *random_integers(size_t count, unsigned seed)
{
    sy_i32 *all = malloc((count ? count : 1) * sizeof *all);
    sy_u32 word = seed * 2654435761u + 1;
    assert_non_null(all);
    for (size_t i = 0; i < count; i++) {
        word = word * 1664525u + 1013904223u;
        all[i] = (sy_i32)(word >> (i % 3 ? 20 : 0)) - 1000;
    }
    return all;
}

/* x is [a][b][c]; the dimensions whose bits are set in `kept` remain. */
typedef struct {
    unsigned a, b, c, kept;
} block;

static const block blocks[] = {
    {1, 1, 1, 7},  {1, 1, 17, 3},  {2, 3, 5, 0}, {3, 15, 7, 5}, {3, 16, 7, 5},   {5, 17, 3, 2}, {9, 33, 2, 1},
    {4, 3, 49, 6}, {300, 1, 2, 4}, {2, 0, 5, 5}, {0, 3, 4, 4},  {1, 1, 1000, 0}, {7, 9, 11, 5}, {7, 9, 11, 2},
};

static sy_reduce_params reduction(const block *b, unsigned function, unsigned kind)
{
    const unsigned dims[] = {b->a, b->b, b->c}, strides[] = {b->b * b->c, b->c, 1};
    sy_reduce_params p = {.function = function, .kind = kind};
    for (unsigned d = 0; d < 3; d++)
        if (b->kept >> d & 1) {
            p.kept_dims[p.kept_rank] = dims[d];
            p.kept_strides[p.kept_rank++] = strides[d];
        } else {
            p.reduced_dims[p.reduced_rank] = dims[d];
            p.reduced_strides[p.reduced_rank++] = strides[d];
        }
    return p;
}

static void check_reduction(const block *b, unsigned function, unsigned kind, const char *name)
{
    const sy_reduce_params p = reduction(b, function, kind);
    const size_t words = (size_t)b->a * b->b * b->c;
    size_t y_words = 1;
    for (unsigned d = 0; d < p.kept_rank; d++)
        y_words *= p.kept_dims[d];
    void *x = kind == SY_KIND_INT ? (void *)random_integers(words, function)
              : function % 2 == 0 ? (void *)special_floats(words, b->c)
                                  : (void *)random_floats(words, b->c);
    check_variants(&(check){.kernel = SY_KERNEL_reduce,
                            .reference = sy_ref_reduce,
                            .params = &p,
                            .operands = {x},
                            .sizes = {words},
                            .written = 1,
                            .words = y_words,
                            .any_nan = kind == SY_KIND_FLOAT,
                            .name = name});
    free(x);
}

static void reductions_are_the_references(void **state)
{
    static const char *const names[] = {
#define X(name) #name,
        SY_REDUCE_MAP(X)
#undef X
    };
    (void)state;
    for (unsigned function = 0; function < SY_REDUCE_COUNT; function++)
        for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
            check_reduction(&blocks[i], function, SY_KIND_FLOAT, names[function]);
            if (function <= SY_REDUCE_L1)
                check_reduction(&blocks[i], function, SY_KIND_INT, names[function]);
        }
}

/* [outer][count][inner] */
static const struct {
    unsigned outer, count, inner;
} rows[] = {{1, 1, 1},   {1, 1000, 1}, {3, 15, 1}, {17, 16, 1}, {2, 17, 3},
            {5, 33, 16}, {1, 2, 300},  {0, 3, 3},  {3, 0, 2},   {2, 3, 0}};

enum { ROWS = sizeof rows / sizeof rows[0] };

static void softmaxes_are_the_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        for (unsigned logarithm = 0; logarithm < 2; logarithm++)
            for (unsigned special = 0; special < 2; special++) {
                const sy_softmax_params p = {rows[i].outer, rows[i].count, rows[i].inner, logarithm};
                const size_t words = (size_t)p.outer * p.count * p.inner;
                float *x = special ? special_floats(words, 5) : random_floats(words, 6);
                check_variants(&(check){.kernel = SY_KERNEL_softmax,
                                        .reference = sy_ref_softmax,
                                        .params = &p,
                                        .operands = {x},
                                        .sizes = {words},
                                        .written = 1,
                                        .words = words,
                                        .any_nan = true,
                                        .name = "softmax"});
                free(x);
            }
}

static void check_normalize(sy_normalize_params p, size_t scale_words)
{
    const size_t words = (size_t)p.rows * p.count;
    float *x = random_floats(words, 1), *scale = random_floats(scale_words, 2);
    float *bias = p.has_bias ? random_floats(scale_words, 3) : NULL;
    check_variants(&(check){.kernel = SY_KERNEL_normalize,
                            .reference = sy_ref_normalize,
                            .params = &p,
                            .operands = {x, scale, bias},
                            .sizes = {words, scale_words, scale_words},
                            .written = 3,
                            .words = words,
                            .any_nan = true,
                            .name = "normalize"});
    free(x), free(scale), free(bias);
}

static void normalised_rows_are_the_references(void **state)
{
    static const struct {
        unsigned rows, count;
    } sizes[] = {{1, 1}, {3, 384}, {17, 15}, {33, 16}, {5, 17}, {0, 4}, {4, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (unsigned has_bias = 0; has_bias < 2; has_bias++) {
            const unsigned count = sizes[i].count, n = sizes[i].rows;
            check_normalize((sy_normalize_params){n, count, has_bias, 1, 1, 0, 1, 1e-5f}, count);
            check_normalize((sy_normalize_params){n, count, has_bias, 1, 3, 1, 0, 1e-3f}, 3);
            check_normalize((sy_normalize_params){n, count, has_bias, 4, 2, 1, 0, 0}, 2);
        }
}

static void indices_of_extremes_are_the_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        for (unsigned form = 0; form < 8; form++) {
            const sy_arg_params p = {rows[i].outer, rows[i].count, rows[i].inner,
                                     form & 1,      form >> 1 & 1, form >> 2};
            const size_t words = (size_t)p.outer * p.count * p.inner;
            void *x =
                p.kind == SY_KIND_INT ? (void *)random_integers(words, 3) : (void *)special_floats(words, 3);
            if (p.count)
                check_variants(&(check){.kernel = SY_KERNEL_arg,
                                        .reference = sy_ref_arg,
                                        .params = &p,
                                        .operands = {x},
                                        .sizes = {words},
                                        .written = 1,
                                        .words = (size_t)p.outer * p.inner,
                                        .name = "arg"});
            free(x);
        }
}

static void running_sums_are_the_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++)
        for (unsigned form = 0; form < 8; form++) {
            const sy_cumsum_params p = {rows[i].outer, rows[i].count, rows[i].inner,
                                        form & 1,      form >> 1 & 1, form >> 2};
            const size_t words = (size_t)p.outer * p.count * p.inner;
            void *x =
                p.kind == SY_KIND_INT ? (void *)random_integers(words, 3) : (void *)special_floats(words, 3);
            check_variants(&(check){.kernel = SY_KERNEL_cumsum,
                                    .reference = sy_ref_cumsum,
                                    .params = &p,
                                    .operands = {x},
                                    .sizes = {words},
                                    .written = 1,
                                    .words = words,
                                    .any_nan = p.kind == SY_KIND_FLOAT,
                                    .name = "cumsum"});
            free(x);
        }
}

/* Both outputs; the other one is then an operand like those that are read. */
static void check_lstm(const sy_lstm_cell_params *p, int written)
{
    const size_t state_words = (size_t)p->batch * p->hidden;
    float *gates = random_floats(4 * state_words, 1), *before = random_floats(state_words, 2);
    float *peephole = p->has_peephole ? random_floats((size_t)3 * p->hidden, 3) : NULL;
    float *other = random_floats(state_words, 4);
    for (size_t i = 0; i < 4 * state_words; i++)
        gates[i] *= 4;
    check c = {.kernel = SY_KERNEL_lstm_cell,
               .reference = sy_ref_lstm_cell,
               .params = p,
               .operands = {gates, before, peephole},
               .sizes = {4 * state_words, state_words, (size_t)3 * p->hidden, state_words, state_words},
               .written = written,
               .words = state_words,
               .name = written == 3 ? "h" : "c"};
    c.operands[written == 3 ? 4 : 3] = other;
    check_variants(&c);
    free(gates), free(before), free(peephole), free(other);
}

static void steps_of_an_lstm_are_the_references(void **state)
{
    static const unsigned sizes[][2] = {{1, 1}, {1, 257}, {3, 85}, {16, 16}, {0, 5}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (unsigned form = 0; form < 8; form++) {
            const sy_lstm_cell_params p = {sizes[i][0], sizes[i][1], form & 1, form >> 1 & 1,
                                           form & 4 ? 1.5f : 0};
            check_lstm(&p, 3);
            check_lstm(&p, 4);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reductions_are_the_references),
        cmocka_unit_test(softmaxes_are_the_references),
        cmocka_unit_test(normalised_rows_are_the_references),
        cmocka_unit_test(indices_of_extremes_are_the_references),
        cmocka_unit_test(running_sums_are_the_references),
        cmocka_unit_test(steps_of_an_lstm_are_the_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
