/* Kernels that make something of whole rows: reduce, softmax, normalize in the one order of longer sums (see
 * sy_reduce_params), with an item for each of its lanes; arg and cumsum with an item a row.
 */
#ifndef SY_KERNELS_ROWS_H
#define SY_KERNELS_ROWS_H

#include "kernels/dialect.h"
#include "kernels/walk.h"

#define SY_ROWS_OF_GROUP (SY_GROUP / SY_REDUCE_LANES)

/* Which row an item works on, and for which lane of it. */
#define SY_LANE (SY_ITEM_X % SY_REDUCE_LANES)
#define SY_ROW  (SY_GROUP_X * SY_ROWS_OF_GROUP + SY_ITEM_X / SY_REDUCE_LANES)

#define SY_JOIN_SUM     0
#define SY_JOIN_PRODUCT 1
#define SY_JOIN_LARGER  2
#define SY_JOIN_SMALLER 3

SY_FN sy_f32 sy_join(sy_u32 how, sy_f32 a, sy_f32 b)
{
    switch (how) {
    case SY_JOIN_PRODUCT: return a * b;
    case SY_JOIN_LARGER: return b > a || b != b ? b : a;
    case SY_JOIN_SMALLER: return b < a || b != b ? b : a;
    default: return a + b;
    }
}

/* The lanes of each row joined: i with i + 8, then + 4, + 2, + 1. Every item of the group calls this, and all
 * of a row get the row's result. `lanes` has a word for each item.
 */
SY_FN sy_f32 sy_join_lanes(SY_LOCAL sy_f32 *lanes, sy_u32 how, sy_f32 value)
{
    const sy_u32 item = SY_ITEM_X;
    SY_BARRIER(); /* until all have read what an earlier call left there */
    lanes[item] = value;
    for (sy_u32 reach = SY_REDUCE_LANES / 2; reach > 0; reach /= 2) {
        SY_BARRIER();
        if (item % SY_REDUCE_LANES < reach)
            lanes[item] = sy_join(how, lanes[item], lanes[item + reach]);
    }
    SY_BARRIER();
    return lanes[item - item % SY_REDUCE_LANES];
}

SY_FN sy_u32 sy_reduce_join(sy_u32 function)
{
    switch (function) {
    case SY_REDUCE_PROD: return SY_JOIN_PRODUCT;
    case SY_REDUCE_MAX: return SY_JOIN_LARGER;
    case SY_REDUCE_MIN: return SY_JOIN_SMALLER;
    default: return SY_JOIN_SUM;
    }
}

SY_FN sy_f32 sy_reduce_identity(sy_u32 function)
{
    switch (function) {
    case SY_REDUCE_PROD: return 1.0f;
    case SY_REDUCE_MAX: return -SY_INFINITY;
    case SY_REDUCE_MIN: return SY_INFINITY;
    default: return 0.0f;
    }
}

/* A lane's new value, of its old one and of the element x. */
SY_FN sy_f32 sy_reduce_take(sy_u32 function, sy_f32 lane, sy_f32 x, sy_f32 shift)
{
    switch (function) {
    case SY_REDUCE_SUM_SQUARE:
    case SY_REDUCE_L2: return sy_fma(x, x, lane);
    case SY_REDUCE_L1: return lane + sy_math_abs(x);
    case SY_REDUCE_LOG_SUM_EXP: return lane + sy_math_expf(x - shift);
    default: return sy_join(sy_reduce_join(function), lane, x);
    }
}

/* The `count` reduced elements of a row, through the lanes and the tree. */
SY_FN sy_f32 sy_reduce_row(SY_GLOBAL const sy_f32 *row, const sy_reduce_params *p, sy_u32 count,
                           sy_u32 function, sy_f32 shift, SY_LOCAL sy_f32 *lanes)
{
    sy_f32 lane = sy_reduce_identity(function);
    for (sy_u32 r = SY_LANE; r < count; r += SY_REDUCE_LANES) {
        const sy_position position = sy_position_of(r, p->reduced_rank, p->reduced_dims);
        const sy_f32 x = row[sy_position_offset(position, p->reduced_rank, p->reduced_strides)];
        lane = sy_reduce_take(function, lane, x, shift);
    }
    return sy_join_lanes(lanes, sy_reduce_join(function), lane);
}

SY_FN sy_f32 sy_reduce_finish(sy_u32 function, sy_f32 y, sy_u32 count, sy_f32 shift)
{
    switch (function) {
    case SY_REDUCE_MEAN: return y / (sy_f32)count;
    case SY_REDUCE_L2: return sy_sqrt(y);
    case SY_REDUCE_LOG_SUM: return sy_math_logf(y);
    case SY_REDUCE_LOG_SUM_EXP: return shift + sy_math_logf(y);
    default: return y;
    }
}

/* The first element of a row. */
SY_FN sy_index sy_reduce_start(const sy_reduce_params *p, sy_u32 row)
{
    const sy_position position = sy_position_of(row, p->kept_rank, p->kept_dims);
    return sy_position_offset(position, p->kept_rank, p->kept_strides);
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_reduce_float(SY_GLOBAL const sy_f32 *x, SY_GLOBAL sy_f32 *y, sy_reduce_params p, sy_places at)
{
    SY_SHARED(sy_f32, lanes, SY_GROUP);
    const sy_u32 row = SY_ROW, count = sy_space_count(p.reduced_rank, p.reduced_dims);
    const bool live = row < sy_space_count(p.kept_rank, p.kept_dims);
    SY_GLOBAL const sy_f32 *from = x + SY_AT(at, 0) + sy_reduce_start(&p, live ? row : 0);
    const sy_f32 result = sy_reduce_row(from, &p, live ? count : 0, p.function, 0.0f, lanes);
    if (live && SY_LANE == 0)
        y[SY_AT(at, 1) + row] = sy_reduce_finish(p.function, result, count, 0.0f);
}

/* A kernel of its own: a barrier may not depend on the function. The largest element is taken out first, so
 * that no exp overflows; an infinite one is left in, it is then the result.
 */
SY_KERNEL(SY_GROUP, 1)
void sy_k_reduce_log_sum_exp(SY_GLOBAL const sy_f32 *x, SY_GLOBAL sy_f32 *y, sy_reduce_params p, sy_places at)
{
    SY_SHARED(sy_f32, lanes, SY_GROUP);
    const sy_u32 row = SY_ROW, count = sy_space_count(p.reduced_rank, p.reduced_dims);
    const bool live = row < sy_space_count(p.kept_rank, p.kept_dims);
    SY_GLOBAL const sy_f32 *from = x + SY_AT(at, 0) + sy_reduce_start(&p, live ? row : 0);
    const sy_f32 most = sy_reduce_row(from, &p, live ? count : 0, SY_REDUCE_MAX, 0.0f, lanes);
    const sy_f32 shift = most - most == 0.0f ? most : 0.0f;
    const sy_f32 result = sy_reduce_row(from, &p, live ? count : 0, p.function, shift, lanes);
    if (live && SY_LANE == 0)
        y[SY_AT(at, 1) + row] = sy_reduce_finish(p.function, result, count, shift);
}

/* Integers are exact in any order; 64 bits, wrapping, saturated when stored. */
SY_FN sy_i64 sy_reduce_take_int(sy_u32 function, sy_i64 so_far, sy_i64 x)
{
    switch (function) {
    case SY_REDUCE_MAX: return x > so_far ? x : so_far;
    case SY_REDUCE_MIN: return x < so_far ? x : so_far;
    case SY_REDUCE_PROD: return (sy_i64)((sy_u64)so_far * (sy_u64)x);
    case SY_REDUCE_SUM_SQUARE: return (sy_i64)((sy_u64)so_far + (sy_u64)(x * x));
    case SY_REDUCE_L1: return so_far + (x < 0 ? -x : x);
    default: return so_far + x;
    }
}

SY_FN sy_i64 sy_reduce_int_identity(sy_u32 function)
{
    switch (function) {
    case SY_REDUCE_MAX: return -2147483647 - 1;
    case SY_REDUCE_MIN: return 2147483647;
    case SY_REDUCE_PROD: return 1;
    default: return 0;
    }
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_reduce_int(SY_GLOBAL const sy_i32 *x, SY_GLOBAL sy_i32 *y, sy_reduce_params p, sy_places at)
{
    const sy_u32 row = (sy_u32)SY_GLOBAL_X;
    if (row >= sy_space_count(p.kept_rank, p.kept_dims))
        return;
    const sy_index from = SY_AT(at, 0) + sy_reduce_start(&p, row);
    const sy_u32 count = sy_space_count(p.reduced_rank, p.reduced_dims);
    sy_i64 result = sy_reduce_int_identity(p.function);
    for (sy_u32 r = 0; r < count; r++) {
        const sy_position position = sy_position_of(r, p.reduced_rank, p.reduced_dims);
        result = sy_reduce_take_int(
            p.function, result, x[from + sy_position_offset(position, p.reduced_rank, p.reduced_strides)]);
    }
    if (p.function == SY_REDUCE_MEAN && count)
        result /= (sy_i64)count;
    result = result > 2147483647 ? 2147483647 : (result < -2147483647 - 1 ? -2147483647 - 1 : result);
    y[SY_AT(at, 1) + row] = (sy_i32)result;
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_softmax(SY_GLOBAL const sy_f32 *x, SY_GLOBAL sy_f32 *y, sy_softmax_params p, sy_places at)
{
    SY_SHARED(sy_f32, lanes, SY_GROUP);
    const sy_u32 row = SY_ROW;
    const sy_u32 count = row < p.outer * p.inner ? p.count : 0;
    const sy_index start = (sy_index)(row / p.inner) * p.count * p.inner + row % p.inner;
    SY_GLOBAL const sy_f32 *from = x + SY_AT(at, 0) + start;
    SY_GLOBAL sy_f32 *to = y + SY_AT(at, 1) + start;
    sy_f32 largest = -SY_INFINITY, sum = 0.0f;

    for (sy_u32 i = SY_LANE; i < count; i += SY_REDUCE_LANES)
        largest = from[(sy_index)i * p.inner] > largest ? from[(sy_index)i * p.inner] : largest;
    largest = sy_join_lanes(lanes, SY_JOIN_LARGER, largest);
    for (sy_u32 i = SY_LANE; i < count; i += SY_REDUCE_LANES)
        sum += sy_math_expf(from[(sy_index)i * p.inner] - largest);
    sum = sy_join_lanes(lanes, SY_JOIN_SUM, sum);
    const sy_f32 log_sum = sy_math_logf(sum);
    for (sy_u32 i = SY_LANE; i < count; i += SY_REDUCE_LANES) {
        const sy_f32 below = from[(sy_index)i * p.inner] - largest;
        to[(sy_index)i * p.inner] = p.logarithm ? below - log_sum : sy_math_expf(below) / sum;
    }
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_normalize(SY_GLOBAL const sy_f32 *x, SY_GLOBAL const sy_f32 *scale, SY_GLOBAL const sy_f32 *bias,
                    SY_GLOBAL sy_f32 *y, sy_normalize_params p, sy_places at)
{
    SY_SHARED(sy_f32, lanes, SY_GROUP);
    const sy_u32 row = SY_ROW, count = row < p.rows ? p.count : 0;
    SY_GLOBAL const sy_f32 *from = x + SY_AT(at, 0) + (sy_index)row * p.count;
    SY_GLOBAL sy_f32 *to = y + SY_AT(at, 3) + (sy_index)row * p.count;
    const sy_u32 start = row / p.row_period % p.scale_rows * p.scale_row_stride;
    sy_f32 sum = 0.0f, squares = 0.0f;

    for (sy_u32 i = SY_LANE; i < count; i += SY_REDUCE_LANES)
        sum += from[i];
    const sy_f32 mean = sy_join_lanes(lanes, SY_JOIN_SUM, sum) / (sy_f32)p.count;
    for (sy_u32 i = SY_LANE; i < count; i += SY_REDUCE_LANES)
        squares = sy_fma(from[i] - mean, from[i] - mean, squares);
    const sy_f32 variance = sy_join_lanes(lanes, SY_JOIN_SUM, squares) / (sy_f32)p.count;
    const sy_f32 inverse = 1.0f / sy_sqrt(variance + p.epsilon);
    for (sy_u32 i = SY_LANE; i < count; i += SY_REDUCE_LANES) {
        const sy_u32 column = start + i * p.scale_column_stride;
        const sy_f32 normal = (from[i] - mean) * inverse, factor = scale[SY_AT(at, 1) + column];
        to[i] = p.has_bias ? sy_fma(normal, factor, bias[SY_AT(at, 2) + column]) : normal * factor;
    }
}

/* A NaN is larger, and smaller, than every number, as in numpy: the first one wins, or the last. */
SY_FN bool sy_arg_beats(const sy_arg_params *p, sy_u32 word, sy_u32 best_word)
{
    const sy_f32 x = sy_float_of(word), best = sy_float_of(best_word);
    if (p->kind != SY_KIND_FLOAT) {
        if (word == best_word)
            return p->last;
        return p->smallest ? (sy_i32)word < (sy_i32)best_word : (sy_i32)word > (sy_i32)best_word;
    }
    if (best != best)
        return p->last && x != x;
    if (x != x)
        return true;
    if (x == best)
        return p->last;
    return p->smallest ? x < best : x > best;
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_arg(SY_GLOBAL const sy_u32 *x, SY_GLOBAL sy_i32 *y, sy_arg_params p, sy_places at)
{
    const sy_u32 row = (sy_u32)SY_GLOBAL_X;
    if (row >= p.outer * p.inner)
        return;
    const sy_index from = SY_AT(at, 0) + (sy_index)(row / p.inner) * p.count * p.inner + row % p.inner;
    sy_u32 best = 0;
    for (sy_u32 i = 1; i < p.count; i++)
        if (sy_arg_beats(&p, x[from + (sy_index)i * p.inner], x[from + (sy_index)best * p.inner]))
            best = i;
    y[SY_AT(at, 1) + row] = (sy_i32)best;
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_cumsum(SY_GLOBAL const sy_u32 *x, SY_GLOBAL sy_u32 *y, sy_cumsum_params p, sy_places at)
{
    const sy_u32 row = (sy_u32)SY_GLOBAL_X;
    if (row >= p.outer * p.inner)
        return;
    const sy_index start = (sy_index)(row / p.inner) * p.count * p.inner + row % p.inner;
    sy_f32 sum = 0.0f;
    sy_u32 whole = 0; /* unsigned: wraps */
    for (sy_u32 i = 0; i < p.count; i++) {
        const sy_index here = start + (sy_index)(p.reverse ? p.count - 1 - i : i) * p.inner;
        const sy_u32 word = x[SY_AT(at, 0) + here];
        const sy_u32 before = p.kind == SY_KIND_FLOAT ? sy_bits_of(sum) : whole;
        sum += sy_float_of(word);
        whole += word;
        const sy_u32 after = p.kind == SY_KIND_FLOAT ? sy_bits_of(sum) : whole;
        y[SY_AT(at, 1) + here] = p.exclusive ? before : after;
    }
}

#endif
