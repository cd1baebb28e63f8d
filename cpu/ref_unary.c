#include <assert.h>

#include "cpu/ref.h"
#include "kernels/elementwise.h"

/* y[i] of every x[i], for one function; then no element is dispatched. */
typedef void (*pass)(const void *x, void *y, const sy_unary_params *p);

#define PASS(form, x_type, y_type, name, value)                                     \
    static void form##_##name(const void *from, void *to, const sy_unary_params *p) \
    {                                                                               \
        const x_type *x_all = from;                                                 \
        y_type *y = to;                                                             \
        const sy_f32 alpha = p->alpha, beta = p->beta;                              \
        (void)alpha;                                                                \
        (void)beta;                                                                 \
        for (sy_u32 i = 0; i < p->count; i++) {                                     \
            const x_type x = x_all[i];                                              \
            y[i] = value;                                                           \
        }                                                                           \
    }
#define FLOAT_PASS(name, value) PASS(floats, sy_f32, sy_f32, name, value)
#define TEST_PASS(name, value)  PASS(tests, sy_f32, sy_i32, name, value)
#define INT_PASS(name, value)   PASS(ints, sy_i32, sy_i32, name, value)
SY_UNARY_FLOAT_MAP(FLOAT_PASS)
SY_UNARY_TEST_MAP(TEST_PASS)
SY_UNARY_INT_MAP(INT_PASS)

#define FLOAT_ROW(name, value) [SY_UNARY_##name] = floats_##name,
#define TEST_ROW(name, value)  [SY_UNARY_##name] = tests_##name,
#define INT_ROW(name, value)   [SY_UNARY_##name] = ints_##name,
static const pass float_passes[SY_UNARY_COUNT] = {SY_UNARY_FLOAT_MAP(FLOAT_ROW) SY_UNARY_TEST_MAP(TEST_ROW)};
static const pass int_passes[SY_UNARY_COUNT] = {SY_UNARY_INT_MAP(INT_ROW)};

void sy_ref_unary(void *const *operands, const void *params)
{
    const sy_unary_params *p = params;
    const pass run = p->kind == SY_KIND_FLOAT ? float_passes[p->function] : int_passes[p->function];

    assert(run && "a function that this kind has");
    run(operands[0], operands[1], p);
}
