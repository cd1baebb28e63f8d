#include <assert.h>
#include <math.h>

#include "cpu/ref.h"
#include "cpu/walk.h"
#include "kernels/elementwise.h"

/* One row, for one function; then no element is dispatched. */
typedef void (*row)(const void *a, sy_u32 a_stride, const void *b, sy_u32 b_stride, void *y, sy_u32 count);

#define ROW(form, x_type, y_type, name, value)                                                        \
    static void form##_##name(const void *a_row, sy_u32 a_stride, const void *b_row, sy_u32 b_stride, \
                              void *to, sy_u32 count)                                                 \
    {                                                                                                 \
        const x_type *a = a_row, *b = b_row;                                                          \
        y_type *y = to;                                                                               \
        for (sy_u32 i = 0; i < count; i++) {                                                          \
            const x_type u = a[(size_t)i * a_stride], v = b[(size_t)i * b_stride];                    \
            y[i] = value;                                                                             \
        }                                                                                             \
    }
#define FLOAT_ROW(name, value)         ROW(floats, sy_f32, sy_f32, name, value)
#define INT_ROW(name, value)           ROW(ints, sy_i32, sy_i32, name, value)
#define FLOAT_COMPARE_ROW(name, value) ROW(floats, sy_f32, sy_i32, name, value)
#define INT_COMPARE_ROW(name, value)   ROW(ints, sy_i32, sy_i32, name, value)
SY_BINARY_FLOAT_MAP(FLOAT_ROW)
SY_BINARY_CALL_MAP(FLOAT_ROW)
SY_BINARY_COMPARE_MAP(FLOAT_COMPARE_ROW)
SY_BINARY_INT_MAP(INT_ROW)
SY_BINARY_COMPARE_MAP(INT_COMPARE_ROW)

#define FLOAT_ENTRY(name, value) [SY_BINARY_##name] = floats_##name,
#define INT_ENTRY(name, value)   [SY_BINARY_##name] = ints_##name,
static const row float_rows[SY_BINARY_COUNT] = {
    SY_BINARY_FLOAT_MAP(FLOAT_ENTRY) SY_BINARY_CALL_MAP(FLOAT_ENTRY) SY_BINARY_COMPARE_MAP(FLOAT_ENTRY)};
static const row int_rows[SY_BINARY_COUNT] = {SY_BINARY_INT_MAP(INT_ENTRY) SY_BINARY_COMPARE_MAP(INT_ENTRY)};

static void clamp_row(sy_f32 *y, sy_u32 count, sy_clamp clamp)
{
    if (clamp.lo == -INFINITY && clamp.hi == INFINITY)
        return;
    for (sy_u32 i = 0; i < count; i++)
        y[i] = sy_math_clamp(y[i], clamp.lo, clamp.hi);
}

static int gives_float(const sy_binary_params *p)
{
    return p->kind == SY_KIND_FLOAT && p->function < SY_BINARY_EQUAL;
}

void sy_ref_binary(void *const *operands, const void *params)
{
    const sy_binary_params *p = params;
    const row run = p->kind == SY_KIND_FLOAT ? float_rows[p->function] : int_rows[p->function];
    const sy_u32 *a = operands[0], *b = operands[1];
    sy_u32 *y = operands[2];
    const sy_u32 count = sy_walk_row(p->rank, p->dims);
    const sy_u32 a_stride = p->rank ? p->a_strides[p->rank - 1] : 0;
    const sy_u32 b_stride = p->rank ? p->b_strides[p->rank - 1] : 0;
    sy_u32 index[SY_KERNEL_RANK] = {0};

    assert(run && "a function that this kind has");
    if (sy_walk_empty(p->rank, p->dims))
        return;
    do {
        run(a + sy_walk_offset(p->rank, p->a_strides, index), a_stride,
            b + sy_walk_offset(p->rank, p->b_strides, index), b_stride, y, count);
        if (gives_float(p))
            clamp_row((sy_f32 *)y, count, p->clamp);
        y += count;
    } while (sy_walk_next(p->rank, p->dims, index));
}
