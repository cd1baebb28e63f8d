/* Products and convolutions for OpenCL devices that are processors: an item keeps a few rows of 16 sums in
 * vector registers and needs neither shared memory nor barriers, which processors only imitate. Each sum is
 * the one chain of fma of params.h. CUDA has no such devices, and not these vectors.
 */
#ifndef SY_KERNELS_PROCESSOR_H
#define SY_KERNELS_PROCESSOR_H

#include "kernels/dialect.h"
#include "kernels/gemm.h"

#if defined(__OPENCL_VERSION__)

#define SY_VECTOR      16
#define SY_VECTOR_RAMP ((int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))

SY_FN float16 sy_vector_clamp(float16 x, sy_clamp clamp)
{
    const float16 lo = (float16)(clamp.lo), hi = (float16)(clamp.hi);
    return select(select(x, hi, x > hi), lo, x < lo);
}

/* The first `count` lanes, or all 16. */
SY_FN void sy_vector_store(float16 x, SY_GLOBAL sy_f32 *to, sy_u32 count)
{
    sy_f32 lanes[SY_VECTOR];
    if (count >= SY_VECTOR) {
        vstore16(x, 0, to);
        return;
    }
    vstore16(x, 0, lanes);
    for (sy_u32 i = 0; i < count; i++)
        to[i] = lanes[i];
}

/* The lanes from `first` on. */
SY_FN void sy_vector_store_from(float16 x, SY_GLOBAL sy_f32 *to, sy_u32 first)
{
    sy_f32 lanes[SY_VECTOR];
    if (first == 0) {
        vstore16(x, 0, to);
        return;
    }
    vstore16(x, 0, lanes);
    for (sy_u32 i = first; i < SY_VECTOR; i++)
        to[i] = lanes[i];
}

/* Lane i is from[i * stride] for i < count, and 0 beyond. */
SY_FN float16 sy_vector_gather(SY_GLOBAL const sy_f32 *from, sy_u32 stride, sy_u32 count)
{
    sy_f32 lanes[SY_VECTOR];
    for (sy_u32 i = 0; i < SY_VECTOR; i++)
        lanes[i] = i < count ? from[(sy_index)i * stride] : 0.0f;
    return vload16(0, lanes);
}

/* Lane i is from[i * stride], for a stride of 1 or 2; no word behind the last lane's is read. */
SY_FN float16 sy_vector_load(SY_GLOBAL const sy_f32 *from, sy_u32 stride)
{
    const float16 first = vload16(0, from);
    return stride == 1 ? first : (float16)(first.even, vload16(0, from + 15).odd);
}

/* A line of an image: where it begins in x, and how much of x lies before and behind its begin. */
typedef struct {
    SY_GLOBAL const sy_f32 *from;
    sy_i32 before, behind, width;
} sy_conv_line;

/* The 16 inputs of a line that stand at `column`, one stride after the other; those in the padding are 0.
 * Where the neighbouring lines of x make that safe, whole vectors are read and the padding is blanked out.
 */
SY_FN float16 sy_conv_line_load(const sy_conv_line *line, sy_i32 column, sy_u32 stride)
{
    const sy_i32 last = column + (sy_i32)(15 * stride);
    if (stride <= 2 && column >= -line->before && last < line->behind) {
        const float16 all = sy_vector_load(line->from + column, stride);
        if (column >= 0 && last < line->width)
            return all;
        const int16 at = column + SY_VECTOR_RAMP * (int16)((sy_i32)stride);
        return select((float16)(0.0f), all, at >= 0 && at < line->width);
    }
    sy_f32 lanes[SY_VECTOR];
    for (sy_i32 i = 0; i < SY_VECTOR; i++, column += (sy_i32)stride)
        lanes[i] = column >= 0 && column < line->width ? line->from[column] : 0.0f;
    return vload16(0, lanes);
}

/* Sums of `rows` filters from `filter` on, of which `live` count, for 16 outputs from (oy, ox) on. `rows` is
 * a constant at every call.
 */
SY_FN void sy_conv_rows(const sy_conv2d_params *p, SY_GLOBAL const sy_f32 *x, SY_GLOBAL const sy_f32 *weights,
                        SY_GLOBAL const sy_f32 *bias, SY_GLOBAL sy_f32 *y, sy_u32 image, sy_u32 filter,
                        sy_u32 rows, sy_u32 live, sy_u32 oy, sy_u32 ox)
{
    const sy_u32 channels = p->channels / p->groups, depth = channels * p->kernel_h * p->kernel_w;
    const sy_u32 group = filter / (p->filters / p->groups),
                 total = p->batch * p->channels * p->in_h * p->in_w;
    const sy_u32 first_channel = image * p->channels + group * channels;
    const sy_i32 top = (sy_i32)(oy * p->stride_h) - p->pad_top,
                 left = (sy_i32)(ox * p->stride_w) - p->pad_left;
    SY_GLOBAL const sy_f32 *w = weights + (sy_index)filter * depth;
    float16 sum[6];
    SY_UNROLL
    for (sy_u32 i = 0; i < rows; i++)
        sum[i] = (float16)(0.0f);
    for (sy_u32 c = 0; c < channels; c++) {
        for (sy_u32 ky = 0; ky < p->kernel_h; ky++) {
            const sy_i32 iy = top + (sy_i32)(ky * p->dilation_h);
            if (iy < 0 || iy >= (sy_i32)p->in_h) {
                w += p->kernel_w;
                continue;
            }
            const sy_u32 start = ((first_channel + c) * p->in_h + (sy_u32)iy) * p->in_w;
            const sy_conv_line line = {x + start, (sy_i32)start, (sy_i32)(total - start), (sy_i32)p->in_w};
            for (sy_u32 kx = 0; kx < p->kernel_w; kx++, w++) {
                const float16 in = sy_conv_line_load(&line, left + (sy_i32)(kx * p->dilation_w), p->stride_w);
                SY_UNROLL
                for (sy_u32 i = 0; i < rows; i++)
                    sum[i] = fma((float16)(w[(i < live ? i : 0) * depth]), in, sum[i]);
            }
        }
    }
    SY_UNROLL
    for (sy_u32 i = 0; i < rows; i++) {
        if (i >= live)
            continue;
        const sy_f32 addend = (p->has_bias ? bias[filter + i] : 0.0f) + 0.0f;
        const sy_u32 at = ((image * p->filters + filter + i) * p->out_h + oy) * p->out_w + ox;
        sy_vector_store(sy_vector_clamp(sum[i] + (float16)(addend), p->clamp), y + at, p->out_w - ox);
    }
}

/* An item for 6 filters of a group and 16 outputs of a line; filters first, so that what the inputs are read
 * from stays in the cache. */
SY_KERNEL(1, 1)
void sy_k_conv2d_rows(SY_GLOBAL const sy_f32 *x, SY_GLOBAL const sy_f32 *weights,
                      SY_GLOBAL const sy_f32 *bias, SY_GLOBAL sy_f32 *y, sy_conv2d_params p, sy_places at)
{
    const sy_u32 filters = p.filters / p.groups, tiles = (filters + 5) / 6, blocks = (p.out_w + 15) / 16;
    const sy_u32 tile = SY_GROUP_X % tiles, block = SY_GROUP_X / tiles % blocks;
    const sy_u32 line = SY_GROUP_X / tiles / blocks, oy = line % p.out_h, group = line / p.out_h % p.groups;
    const sy_u32 left = filters - tile * 6, image = line / p.out_h / p.groups;
    sy_conv_rows(&p, x + SY_AT(at, 0), weights + SY_AT(at, 1), bias + SY_AT(at, 2), y + SY_AT(at, 3), image,
                 group * filters + tile * 6, 6, left < 6 ? left : 6, oy, block * 16);
}

/* conv2d with a kernel of one tap and outputs where the inputs are, in_h 1 and in_w at least 16: an item for
 * 6 filters of a group and 16 outputs. The last item of a line begins where it has 16, and stores those that
 * are its own.
 */
SY_KERNEL(1, 1)
void sy_k_conv2d_flat(SY_GLOBAL const sy_f32 *x, SY_GLOBAL const sy_f32 *weights,
                      SY_GLOBAL const sy_f32 *bias, SY_GLOBAL sy_f32 *y, sy_conv2d_params p, sy_places at)
{
    const sy_u32 channels = p.channels / p.groups, filters = p.filters / p.groups, plane = p.in_w;
    const sy_u32 tiles = (filters + 5) / 6, blocks = (plane + 15) / 16;
    const sy_u32 tile = SY_GROUP_X % tiles, block = SY_GROUP_X / tiles % blocks,
                 rest = SY_GROUP_X / tiles / blocks;
    const sy_u32 group = rest % p.groups, image = rest / p.groups, filter = group * filters + tile * 6;
    const sy_u32 live = filters - tile * 6 < 6 ? filters - tile * 6 : 6;
    const sy_u32 column = block * 16 + 16 <= plane ? block * 16 : plane - 16;
    SY_GLOBAL const sy_f32 *from =
        x + SY_AT(at, 0) + (sy_index)(image * p.channels + group * channels) * plane + column;
    SY_GLOBAL const sy_f32 *w = weights + SY_AT(at, 1) + (sy_index)filter * channels;
    SY_GLOBAL sy_f32 *to = y + SY_AT(at, 3) + (sy_index)(image * p.filters + filter) * plane + column;
    float16 sum[6];
    SY_UNROLL
    for (sy_u32 i = 0; i < 6; i++)
        sum[i] = (float16)(0.0f);
    for (sy_u32 c = 0; c < channels; c++, from += plane) {
        const float16 in = vload16(0, from);
        SY_UNROLL
        for (sy_u32 i = 0; i < 6; i++)
            sum[i] = fma((float16)(w[(i < live ? i : 0) * channels + c]), in, sum[i]);
    }
    SY_UNROLL
    for (sy_u32 i = 0; i < 6; i++) {
        if (i >= live)
            continue;
        const sy_f32 addend = (p.has_bias ? bias[SY_AT(at, 2) + filter + i] : 0.0f) + 0.0f;
        const float16 out = sy_vector_clamp(sum[i] + (float16)(addend), p.clamp);
        sy_vector_store_from(out, to + i * plane, block * 16 - column);
    }
}

/* An item for a line of one filter. */
SY_KERNEL(1, 1)
void sy_k_conv2d_line(SY_GLOBAL const sy_f32 *x, SY_GLOBAL const sy_f32 *weights,
                      SY_GLOBAL const sy_f32 *bias, SY_GLOBAL sy_f32 *y, sy_conv2d_params p, sy_places at)
{
    const sy_u32 oy = SY_GROUP_X % p.out_h, plane = SY_GROUP_X / p.out_h;
    for (sy_u32 ox = 0; ox < p.out_w; ox += 16)
        sy_conv_rows(&p, x + SY_AT(at, 0), weights + SY_AT(at, 1), bias + SY_AT(at, 2), y + SY_AT(at, 3),
                     plane / p.filters, plane % p.filters, 1, 1, oy, ox);
}

/* An item for 6 rows and 16 columns of a product; b is [k][n]. */
SY_KERNEL(1, 1)
void sy_k_gemm_rows(SY_GLOBAL const sy_f32 *a, SY_GLOBAL const sy_f32 *b, SY_GLOBAL const sy_f32 *c,
                    SY_GLOBAL sy_f32 *y, sy_gemm_params p, sy_places at)
{
    const sy_u32 tiles = (p.m + 5) / 6, blocks = (p.n + 15) / 16;
    const sy_u32 row = SY_GROUP_X % tiles * 6, column = SY_GROUP_X / tiles % blocks * 16;
    const sy_u32 number = SY_GROUP_X / tiles / blocks, columns = p.n - column;
    const sy_u32 live = p.m - row < 6 ? p.m - row : 6;
    const sy_u32 a_row = p.a_transposed ? 1 : p.k, a_column = p.a_transposed ? p.m : 1;
    SY_GLOBAL const sy_f32 *left =
        a + SY_AT(at, 0) + sy_gemm_matrix_at(&p, p.a_strides, number) + row * a_row;
    SY_GLOBAL const sy_f32 *right = b + SY_AT(at, 1) + sy_gemm_matrix_at(&p, p.b_strides, number) + column;
    SY_GLOBAL const sy_f32 *addend = c + SY_AT(at, 2);
    SY_GLOBAL sy_f32 *to = y + SY_AT(at, 3) + (sy_index)number * p.m * p.n;
    float16 sum[6];
    SY_UNROLL
    for (sy_u32 i = 0; i < 6; i++)
        sum[i] = (float16)(0.0f);
    for (sy_u32 k = 0; k < p.k; k++, left += a_column, right += p.n) {
        const float16 in = columns >= 16 ? vload16(0, right) : sy_vector_gather(right, 1, columns);
        SY_UNROLL
        for (sy_u32 i = 0; i < 6; i++)
            sum[i] = fma((float16)(left[(i < live ? i : 0) * a_row]), in, sum[i]);
    }
    for (sy_u32 i = 0; i < live; i++) {
        sy_f32 lanes[SY_VECTOR];
        vstore16(sum[i], 0, lanes);
        for (sy_u32 j = 0; j < 16 && j < columns; j++)
            to[(row + i) * p.n + column + j] = sy_gemm_finish(&p, addend, row + i, column + j, lanes[j]);
    }
}

#endif

#endif
