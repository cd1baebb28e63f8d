/* Kernels of one element each: unary, binary, where, cast, fill, batch_norm. The functions unary and binary
 * have a kernel each, so that one compiles to what it computes and compilers for processors can vectorise it;
 * binary over shapes that are not alike is one kernel that looks up the function.
 */
#ifndef SY_KERNELS_POINTWISE_H
#define SY_KERNELS_POINTWISE_H

#include "kernels/dialect.h"
#include "kernels/elementwise.h"
#include "kernels/walk.h"

#define SY_UNARY_KERNEL(form, name, x_type, y_type, value)                                                \
    SY_KERNEL(SY_GROUP, 1)                                                                                \
    void sy_k_unary_##form##_##name(SY_GLOBAL const x_type *from, SY_GLOBAL y_type *y, sy_unary_params p, \
                                    sy_places at)                                                         \
    {                                                                                                     \
        const sy_index i = SY_GLOBAL_X;                                                                   \
        const sy_f32 alpha = p.alpha, beta = p.beta;                                                      \
        (void)alpha;                                                                                      \
        (void)beta;                                                                                       \
        if (i < p.count) {                                                                                \
            const x_type x = from[SY_AT(at, 0) + i];                                                      \
            y[SY_AT(at, 1) + i] = value;                                                                  \
        }                                                                                                 \
    }
#define SY_UNARY_FLOAT_KERNEL(name, value) SY_UNARY_KERNEL(float, name, sy_f32, sy_f32, value)
#define SY_UNARY_TEST_KERNEL(name, value)  SY_UNARY_KERNEL(test, name, sy_f32, sy_i32, value)
#define SY_UNARY_INT_KERNEL(name, value)   SY_UNARY_KERNEL(int, name, sy_i32, sy_i32, value)
SY_UNARY_FLOAT_MAP(SY_UNARY_FLOAT_KERNEL)
SY_UNARY_TEST_MAP(SY_UNARY_TEST_KERNEL)
SY_UNARY_INT_MAP(SY_UNARY_INT_KERNEL)

/* Where one dimension is all there is; the strides are those of dimension 0. */
#define SY_BINARY_KERNEL(form, name, x_type, y_type, value, finish)                                          \
    SY_KERNEL(SY_GROUP, 1)                                                                                   \
    void sy_k_binary_##form##_##name(SY_GLOBAL const x_type *a, SY_GLOBAL const x_type *b,                   \
                                     SY_GLOBAL y_type *y, sy_binary_params p, sy_places at)                  \
    {                                                                                                        \
        const sy_index i = SY_GLOBAL_X;                                                                      \
        if (i < p.dims[0]) {                                                                                 \
            const x_type u = a[SY_AT(at, 0) + i * p.a_strides[0]], v = b[SY_AT(at, 1) + i * p.b_strides[0]]; \
            const y_type result = value;                                                                     \
            y[SY_AT(at, 2) + i] = finish;                                                                    \
        }                                                                                                    \
    }
#define SY_BINARY_CLAMPED sy_math_clamp(result, p.clamp.lo, p.clamp.hi)
#define SY_BINARY_FLOAT_KERNEL(name, value) \
    SY_BINARY_KERNEL(float, name, sy_f32, sy_f32, value, SY_BINARY_CLAMPED)
#define SY_BINARY_INT_KERNEL(name, value) SY_BINARY_KERNEL(int, name, sy_i32, sy_i32, value, result)
#define SY_BINARY_FLOAT_COMPARE_KERNEL(name, value) \
    SY_BINARY_KERNEL(float, name, sy_f32, sy_i32, value, result)
SY_BINARY_FLOAT_MAP(SY_BINARY_FLOAT_KERNEL)
SY_BINARY_CALL_MAP(SY_BINARY_FLOAT_KERNEL)
SY_BINARY_COMPARE_MAP(SY_BINARY_FLOAT_COMPARE_KERNEL)
SY_BINARY_INT_MAP(SY_BINARY_INT_KERNEL)
SY_BINARY_COMPARE_MAP(SY_BINARY_INT_KERNEL)

#define SY_CASE(name, value) \
    case SY_BINARY_##name: return value;

SY_FN sy_f32 sy_binary_of_floats(sy_u32 function, sy_f32 u, sy_f32 v)
{
    switch (function) {
        SY_BINARY_FLOAT_MAP(SY_CASE)
        SY_BINARY_CALL_MAP(SY_CASE)
    default: return SY_NAN; /* the host asks for none other */
    }
}

SY_FN sy_i32 sy_binary_of_ints(sy_u32 function, sy_i32 u, sy_i32 v)
{
    switch (function) {
        SY_BINARY_INT_MAP(SY_CASE)
        SY_BINARY_COMPARE_MAP(SY_CASE)
    default: return 0;
    }
}

SY_FN sy_i32 sy_compare_floats(sy_u32 function, sy_f32 u, sy_f32 v)
{
    switch (function) {
        SY_BINARY_COMPARE_MAP(SY_CASE)
    default: return 0;
    }
}
#undef SY_CASE

/* Any shapes; p.rank is at least 1. `count` elements follow from the dimensions. */
SY_KERNEL(SY_GROUP, 1)
void sy_k_binary_broadcast(SY_GLOBAL const sy_u32 *a, SY_GLOBAL const sy_u32 *b, SY_GLOBAL sy_u32 *y,
                           sy_binary_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X;
    if (i >= sy_space_count(p.rank, p.dims))
        return;
    const sy_position position = sy_position_of(i, p.rank, p.dims);
    const sy_u32 u = a[SY_AT(at, 0) + sy_position_offset(position, p.rank, p.a_strides)];
    const sy_u32 v = b[SY_AT(at, 1) + sy_position_offset(position, p.rank, p.b_strides)];
    sy_u32 result;
    if (p.kind == SY_KIND_INT) {
        result = (sy_u32)sy_binary_of_ints(p.function, (sy_i32)u, (sy_i32)v);
    } else if (p.function >= SY_BINARY_EQUAL) {
        result = (sy_u32)sy_compare_floats(p.function, sy_float_of(u), sy_float_of(v));
    } else {
        const sy_f32 value = sy_binary_of_floats(p.function, sy_float_of(u), sy_float_of(v));
        result = sy_bits_of(sy_math_clamp(value, p.clamp.lo, p.clamp.hi));
    }
    y[SY_AT(at, 2) + i] = result;
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_where(SY_GLOBAL const sy_i32 *condition, SY_GLOBAL const sy_u32 *a, SY_GLOBAL const sy_u32 *b,
                SY_GLOBAL sy_u32 *y, sy_where_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X;
    if (i >= sy_space_count(p.rank, p.dims))
        return;
    const sy_position position = sy_position_of(i, p.rank, p.dims);
    const sy_i32 picks_a =
        condition[SY_AT(at, 0) + sy_position_offset(position, p.rank, p.condition_strides)];
    y[SY_AT(at, 3) + i] = picks_a ? a[SY_AT(at, 1) + sy_position_offset(position, p.rank, p.a_strides)]
                                  : b[SY_AT(at, 2) + sy_position_offset(position, p.rank, p.b_strides)];
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_fill(SY_GLOBAL sy_u32 *y, sy_fill_params p, sy_places at)
{
    const sy_index i = SY_GLOBAL_X;
    if (i < p.count)
        y[SY_AT(at, 0) + i] = p.word;
}

/* Bounds that are no floats, such as 2147483647, are compared as floats, which rounds them outwards: what
 * lies between is caught by the equality.
 */
SY_FN sy_i32 sy_cast_to_int(sy_f32 x, sy_i32 lo, sy_i32 hi)
{
    if (x != x)
        return 0;
    return x <= (sy_f32)lo ? lo : (x >= (sy_f32)hi ? hi : (sy_i32)x);
}

SY_FN sy_i32 sy_cast_wrap(sy_i32 x, sy_u32 bits, sy_u32 is_signed)
{
    const sy_u32 mask = bits < 32 ? (1u << bits) - 1 : 0xffffffffu;
    const sy_u32 sign = bits < 32 ? 1u << (bits - 1) : 0;
    const sy_u32 low = (sy_u32)x & mask;
    return is_signed && (low & sign) ? (sy_i32)(low | ~mask) : (sy_i32)low;
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_cast(SY_GLOBAL const sy_u32 *from, SY_GLOBAL sy_u32 *y, sy_cast_params p, sy_places at)
{
    const sy_index i = SY_GLOBAL_X;
    if (i >= p.count)
        return;
    const sy_u32 x = from[SY_AT(at, 0) + i];
    sy_u32 result;
    switch (p.mode) {
    case SY_CAST_INT_TO_FLOAT: result = sy_bits_of((sy_f32)(sy_i32)x); break;
    case SY_CAST_FLOAT_TO_INT: result = (sy_u32)sy_cast_to_int(sy_float_of(x), p.lo, p.hi); break;
    case SY_CAST_INT_TO_INT: result = (sy_u32)sy_cast_wrap((sy_i32)x, p.bits, p.is_signed); break;
    default: result = p.kind == SY_KIND_FLOAT ? sy_float_of(x) != 0.0f : x != 0; break;
    }
    y[SY_AT(at, 1) + i] = result;
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_batch_norm(SY_GLOBAL const sy_f32 *x, SY_GLOBAL const sy_f32 *scale, SY_GLOBAL const sy_f32 *bias,
                     SY_GLOBAL const sy_f32 *mean, SY_GLOBAL const sy_f32 *variance, SY_GLOBAL sy_f32 *y,
                     sy_batch_norm_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X;
    if (i >= p.outer * p.channels * p.inner)
        return;
    const sy_u32 c = i / p.inner % p.channels;
    const sy_f32 factor = scale[SY_AT(at, 1) + c] / sy_sqrt(variance[SY_AT(at, 4) + c] + p.epsilon);
    const sy_f32 centred = x[SY_AT(at, 0) + i] - mean[SY_AT(at, 3) + c];
    y[SY_AT(at, 5) + i] =
        sy_math_clamp(sy_fma(centred, factor, bias[SY_AT(at, 2) + c]), p.clamp.lo, p.clamp.hi);
}

#endif
