#include <math.h>
#include <stdlib.h>

#include "cpu/ref.h"
#include "support/test.h"
#include "variants.h"

typedef struct shape {
    const char *name;
    unsigned m, n, k, batches;
} shape;

static const shape shapes[] = {
    {"one", 1, 1, 1, 1},
    {"row times matrix", 1, 1000, 130, 1},
    {"row, 129 columns", 1, 129, 5, 1},
    {"column", 33, 1, 17, 1},
    {"column times row", 19, 35, 1, 1},
    {"square", 24, 24, 24, 3},
    {"k in several parts", 7, 17, 600, 1},
    {"tall", 101, 9, 33, 2},
    {"7 by 15", 7, 15, 3, 1},
    {"many rows, k in parts", 61, 40, 320, 1},
    {"heads", 24, 32, 24, 4},
};

static int check_gemm(const shape *s, sy_gemm_params p)
{
    p.m = s->m;
    p.n = s->n;
    p.k = s->k;
    if (s->batches > 1) {
        p.batch_rank = 1;
        p.batch_dims[0] = s->batches;
    }
    const size_t a_words = (size_t)s->m * s->k, b_words = (size_t)s->k * s->n;
    const size_t a_count = p.a_strides[0] ? s->batches : 1, b_count = p.b_strides[0] ? s->batches : 1;
    p.a_strides[0] = p.a_strides[0] ? (unsigned)a_words : 0;
    p.b_strides[0] = p.b_strides[0] ? (unsigned)b_words : 0;
    float *a = random_floats(a_words * a_count, 1), *b = random_floats(b_words * b_count, 2);
    const size_t c_words = (s->m - 1) * p.c_row_stride + (s->n - 1) * p.c_column_stride + 1;
    float *c = p.has_c ? random_floats(c_words, 3) : NULL;
    const int checked = check_variants(&(check){.kernel = SY_KERNEL_gemm,
                                                .reference = sy_ref_gemm,
                                                .params = &p,
                                                .operands = {a, b, c},
                                                .sizes = {a_words * a_count, b_words * b_count, c_words},
                                                .written = 3,
                                                .words = (size_t)s->m * s->n * s->batches,
                                                .name = s->name});
    free(a), free(b), free(c);
    return checked;
}

static const sy_gemm_params plain = {.alpha = 1, .beta = 1, .clamp = {-INFINITY, INFINITY}};

static void check_all(sy_gemm_params p)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (unsigned form = 0; form < 4; form++) {
            p.a_transposed = form & 1;
            p.b_transposed = form >> 1;
            assert_true(check_gemm(&shapes[i], p) >= 3);
        }
}

static void products_give_the_reference_bits(void **state)
{
    (void)state;
    check_all(plain);
}

static void batches_give_the_reference_bits(void **state)
{
    sy_gemm_params p = plain;
    (void)state;
    p.a_strides[0] = 1;
    check_all(p);
    p.b_strides[0] = 1;
    check_all(p);
    p.a_strides[0] = 0;
    check_all(p);
}

static void what_c_adds_gives_the_reference_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (unsigned form = 0; form < 4; form++)
            for (unsigned scaled = 0; scaled < 3; scaled++) {
                sy_gemm_params p = plain;
                p.has_c = 1;
                p.c_row_stride = form == 1 ? 1 : form == 3 ? shapes[i].n : 0;
                p.c_column_stride = form >= 2;
                p.alpha = scaled ? 0.5f : 1;
                p.beta = scaled == 2 ? 0.3f : 1;
                p.clamp = (sy_clamp){-0.5f, 0.75f};
                assert_true(check_gemm(&shapes[i], p) >= 3);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_give_the_reference_bits),
        cmocka_unit_test(batches_give_the_reference_bits),
        cmocka_unit_test(what_c_adds_gives_the_reference_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
