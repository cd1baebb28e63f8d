/* Kernels that put words elsewhere: move, gather, gather_elements, one_hot, pad. One item a word written. */
#ifndef SY_KERNELS_MOVEMENT_H
#define SY_KERNELS_MOVEMENT_H

#include "kernels/dialect.h"
#include "kernels/walk.h"

/* Where one dimension is all there is. */
SY_KERNEL(SY_GROUP, 1)
void sy_k_move_line(SY_GLOBAL const sy_u32 *x, SY_GLOBAL sy_u32 *y, sy_move_params p, sy_places at)
{
    const sy_index i = SY_GLOBAL_X;
    if (i < p.dims[0])
        y[SY_AT(at, 1) + p.y_offset + (sy_index_signed)i * p.y_strides[0]] =
            x[SY_AT(at, 0) + p.x_offset + (sy_index_signed)i * p.x_strides[0]];
}

/* Strides may be negative; sums of them are taken modulo 2^32. */
SY_KERNEL(SY_GROUP, 1)
void sy_k_move(SY_GLOBAL const sy_u32 *x, SY_GLOBAL sy_u32 *y, sy_move_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X;
    if (i >= sy_space_count(p.rank, p.dims))
        return;
    const sy_position position = sy_position_of(i, p.rank, p.dims);
    const sy_u32 to = p.y_offset + sy_position_offset(position, p.rank, (const sy_u32 *)p.y_strides);
    const sy_u32 from = p.x_offset + sy_position_offset(position, p.rank, (const sy_u32 *)p.x_strides);
    y[SY_AT(at, 1) + to] = x[SY_AT(at, 0) + from];
}

/* A negative index counts from the end; one outside is clamped, so that no index reads outside the tensor. */
SY_FN sy_u32 sy_index_within(sy_i32 index, sy_u32 size)
{
    const sy_u32 back = 0u - (sy_u32)index;
    if (index < 0)
        return back > size ? 0 : size - back;
    return (sy_u32)index < size ? (sy_u32)index : size - 1;
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_gather(SY_GLOBAL const sy_u32 *x, SY_GLOBAL const sy_i32 *indices, SY_GLOBAL sy_u32 *y,
                 sy_gather_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X;
    if (i >= p.outer * p.index_count * p.inner)
        return;
    const sy_u32 inner = i % p.inner, k = i / p.inner % p.index_count, outer = i / p.inner / p.index_count;
    const sy_u32 line = outer * p.axis_size + sy_index_within(indices[SY_AT(at, 1) + k], p.axis_size);
    y[SY_AT(at, 2) + i] = x[SY_AT(at, 0) + (sy_index)line * p.inner + inner];
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_gather_elements(SY_GLOBAL const sy_u32 *x, SY_GLOBAL const sy_i32 *indices, SY_GLOBAL sy_u32 *y,
                          sy_gather_elements_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X;
    if (i >= sy_space_count(p.rank, p.index_dims))
        return;
    sy_position position = sy_position_of(i, p.rank, p.index_dims);
    const sy_u32 along = sy_index_within(indices[SY_AT(at, 1) + i], p.axis_size);
    SY_UNROLL
    for (sy_u32 d = 0; d < SY_KERNEL_RANK; d++)
        position.at[d] = d == p.axis ? along : position.at[d];
    y[SY_AT(at, 2) + i] = x[SY_AT(at, 0) + sy_position_offset(position, p.rank, p.x_strides)];
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_one_hot(SY_GLOBAL const sy_i32 *indices, SY_GLOBAL const sy_u32 *values, SY_GLOBAL sy_u32 *y,
                  sy_one_hot_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X;
    if (i >= p.outer * p.depth * p.inner)
        return;
    const sy_u32 inner = i % p.inner, depth = i / p.inner % p.depth, outer = i / p.inner / p.depth;
    const sy_i32 index = indices[SY_AT(at, 0) + outer * p.inner + inner];
    const sy_u32 hot = (sy_u32)index + (index < 0 ? p.depth : 0); /* stays huge where out of range */
    y[SY_AT(at, 2) + i] = values[SY_AT(at, 1) + (hot == depth)];
}

/* The remainder that is never negative. */
SY_FN sy_i64 sy_modulo(sy_i64 a, sy_i64 n)
{
    return (a % n + n) % n;
}

/* Which of `size` positions stands at `at`, which may be outside of them. */
SY_FN sy_i64 sy_pad_source(sy_u32 mode, sy_i64 at, sy_i64 size)
{
    if (mode == SY_PAD_EDGE)
        return at < 0 ? 0 : (at >= size ? size - 1 : at);
    if (mode == SY_PAD_WRAP)
        return sy_modulo(at, size);
    const sy_i64 period = size > 1 ? 2 * (size - 1) : 1;
    const sy_i64 folded = sy_modulo(at, period);
    return folded < size ? folded : period - folded;
}

/* Negative padding crops first; what is left is then padded. */
SY_KERNEL(SY_GROUP, 1)
void sy_k_pad(SY_GLOBAL const sy_u32 *x, SY_GLOBAL sy_u32 *y, sy_pad_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X, out = p.in + (sy_u32)p.before + (sy_u32)p.after;
    if (i >= p.outer * out * p.inner)
        return;
    const sy_u32 inner = i % p.inner, along = i / p.inner % out, outer = i / p.inner / out;
    const sy_i64 first = p.before < 0 ? -(sy_i64)p.before : 0;
    const sy_i64 end = p.after < 0 ? (sy_i64)p.in + p.after : (sy_i64)p.in;
    const sy_i64 source =
        first + sy_pad_source(p.mode, (sy_i64)along - (p.before > 0 ? p.before : 0), end - first);
    y[SY_AT(at, 1) + i] = x[SY_AT(at, 0) + ((sy_index)outer * p.in + (sy_index)source) * p.inner + inner];
}

#endif
