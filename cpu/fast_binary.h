/* The float functions of binary, as loops for the compiler to vectorise. Included once by the file of each instruction set.
 *
 * Dimensions that follow one another without a gap in both operands are made one, so that rows get long; then each operand
 * of a row is dense, or one element, or (slow) anything.
 */
#include <math.h>

#include "cpu/fast_loop.h"
#include "cpu/kernels.h"
#include "cpu/walk.h"
#include "kernels/elementwise.h"

enum { ROW_PART = 2048 }; /* still in the first-level cache when it is clamped */

typedef void binary_row(const float *a, size_t a_stride, const float *b, size_t b_stride, float *y, size_t count);

#define LOOP(name, form, a_index, b_index, value)                                                             \
    static void binary_##name##_##form(const float *a, size_t a_stride, const float *b, size_t b_stride,      \
                                       float *y, size_t count)                                                \
    {                                                                                                         \
        (void)a_stride;                                                                                       \
        (void)b_stride;                                                                                       \
        SY_INDEPENDENT                                                                                        \
        for (size_t i = 0; i < count; i++) {                                                                  \
            const sy_f32 u = a[a_index], v = b[b_index];                                                      \
            y[i] = value;                                                                                     \
        }                                                                                                     \
    }
#define ROWS(name, value)              \
    LOOP(name, dense, i, i, value)     \
    LOOP(name, one_a, 0, i, value)     \
    LOOP(name, one_b, i, 0, value)     \
    LOOP(name, strided, i *a_stride, i *b_stride, value)
SY_BINARY_FLOAT_MAP(ROWS)
#undef ROWS
#undef LOOP

typedef struct binary_rows {
    binary_row *dense, *one_a, *one_b, *strided;
} binary_rows;

static const binary_rows binary_functions[SY_BINARY_COUNT] = {
#define ENTRY(name, value) \
    [SY_BINARY_##name] = {binary_##name##_dense, binary_##name##_one_a, binary_##name##_one_b, binary_##name##_strided},
    SY_BINARY_FLOAT_MAP(ENTRY)
#undef ENTRY
};

static binary_row *row_function(sy_u32 function, sy_u32 a_stride, sy_u32 b_stride)
{
    const binary_rows *rows = &binary_functions[function];
    if (a_stride == 1 && b_stride == 1)
        return rows->dense;
    if (a_stride == 0 && b_stride == 1)
        return rows->one_a;
    if (a_stride == 1 && b_stride == 0)
        return rows->one_b;
    return rows->strided;
}

/* The same elements with as few dimensions as possible, at least one. */
static sy_binary_params merge_dimensions(const sy_binary_params *p)
{
    sy_binary_params merged = *p;
    merged.rank = 1;
    merged.dims[0] = 1;
    merged.a_strides[0] = merged.b_strides[0] = 0;
    for (sy_u32 i = 0; i < p->rank; i++) {
        const sy_u32 last = merged.rank - 1, size = p->dims[i];
        if (size == 1)
            continue;
        const bool follows = merged.a_strides[last] == p->a_strides[i] * size &&
                             merged.b_strides[last] == p->b_strides[i] * size;
        const sy_u32 at = follows || merged.dims[last] == 1 ? last : merged.rank++;
        merged.dims[at] = merged.dims[last] == 1 || !follows ? size : merged.dims[at] * size;
        merged.a_strides[at] = p->a_strides[i];
        merged.b_strides[at] = p->b_strides[i];
    }
    return merged;
}

static void clamp_part(float *y, size_t count, sy_clamp clamp)
{
    if (clamp.lo == -INFINITY && clamp.hi == INFINITY)
        return;
    SY_INDEPENDENT
    for (size_t i = 0; i < count; i++)
        y[i] = sy_math_clamp(y[i], clamp.lo, clamp.hi);
}

static bool binary_accepts(const void *params)
{
    const sy_binary_params *p = params;
    return p->kind == SY_KIND_FLOAT && binary_functions[p->function].dense;
}

static sy_status binary_launch(const sy_cpu_call *call)
{
    const sy_binary_params p = merge_dimensions(call->params);
    const float *a = call->operands[0], *b = call->operands[1];
    float *y = call->operands[2];
    const size_t row = p.dims[p.rank - 1], a_stride = p.a_strides[p.rank - 1], b_stride = p.b_strides[p.rank - 1];
    binary_row *run = row_function(p.function, p.a_strides[p.rank - 1], p.b_strides[p.rank - 1]);
    sy_u32 index[SY_KERNEL_RANK] = {0};

    if (sy_walk_empty(p.rank, p.dims))
        return SY_OK;
    do {
        const float *from_a = a + sy_walk_offset(p.rank, p.a_strides, index);
        const float *from_b = b + sy_walk_offset(p.rank, p.b_strides, index);
        for (size_t i = 0; i < row; i += ROW_PART) {
            const size_t count = row - i < ROW_PART ? row - i : ROW_PART;
            run(from_a + i * a_stride, a_stride, from_b + i * b_stride, b_stride, y + i, count);
            clamp_part(y + i, count, p.clamp);
        }
        y += row;
    } while (sy_walk_next(p.rank, p.dims, index));
    return SY_OK;
}

const sy_cpu_variant SY_LOOPS(sy_cpu_binary) = {.kernel = SY_KERNEL_binary,
                                                .level = SY_LOOPS_LEVEL,
                                                .name = "binary" SY_LOOPS_SUFFIX,
                                                .accepts = binary_accepts,
                                                .launch = binary_launch};
