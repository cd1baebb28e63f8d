/* conv2d as a product of matrices that are never made: y[filter][pixel] = sum over k of w[filter][k] *
 * x[k][pixel], k counting (channel, ky, kx) and a pixel (image, oy, ox). Depthwise and other thin
 * convolutions, and transposed ones, have an item for each output.
 *
 * Taps in the padding are added as 0 times a weight, which changes no sum that counts: a sum of -0 becomes 0
 * when the addend, which is never -0, is added.
 */
#ifndef SY_KERNELS_CONVOLUTION_H
#define SY_KERNELS_CONVOLUTION_H

#include "kernels/dialect.h"
#include "kernels/tile.h"

/* Where k leads, from the window's first input: to word `offset`, and so many rows and columns on. One of
 * each for every k of a slice.
 */
typedef struct {
    sy_u32 offset[SY_TILE_DEPTH], down[SY_TILE_DEPTH], right[SY_TILE_DEPTH];
} sy_conv_taps;

/* The window's first input of one output pixel: its word in x, row and column. All modulo 2^32, for it may
 * lie in the padding.
 */
typedef struct {
    sy_u32 origin, top, left;
} sy_conv_window;

#define SY_CONV_NOWHERE 0x40000000u /* a row that no image has, nor with padding added */

SY_FN sy_u32 sy_conv_depth(const sy_conv2d_params *p)
{
    return p->channels / p->groups * p->kernel_h * p->kernel_w;
}

/* The slice's taps; the first SY_TILE_DEPTH items work. */
SY_FN void sy_conv_find_taps(const sy_conv2d_params *p, sy_u32 start, SY_LOCAL sy_conv_taps *taps)
{
    const sy_u32 item = SY_ITEM_X, k = start + item;
    if (item >= SY_TILE_DEPTH)
        return;
    const sy_u32 line = k / p->kernel_w, channel = line / p->kernel_h;
    const sy_u32 down = (line - channel * p->kernel_h) * p->dilation_h;
    const sy_u32 right = (k - line * p->kernel_w) * p->dilation_w;
    taps->offset[item] = (channel * p->in_h + down) * p->in_w + right;
    taps->down[item] = k < sy_conv_depth(p) ? down : SY_CONV_NOWHERE;
    taps->right[item] = right;
}

SY_FN sy_conv_window sy_conv_window_of(const sy_conv2d_params *p, sy_u32 group, sy_u32 pixel)
{
    const sy_u32 plane = p->out_h * p->out_w, image = pixel / plane, place = pixel - image * plane;
    const sy_u32 oy = place / p->out_w, ox = place - oy * p->out_w;
    const sy_u32 channel = image * p->channels + group * (p->channels / p->groups);
    sy_conv_window window;
    window.top = oy * p->stride_h - (sy_u32)p->pad_top;
    window.left = ox * p->stride_w - (sy_u32)p->pad_left;
    window.origin = (channel * p->in_h + window.top) * p->in_w + window.left;
    if (pixel >= p->batch * plane)
        window.top = SY_CONV_NOWHERE;
    return window;
}

SY_FN void sy_conv_load(const sy_conv2d_params *p, SY_GLOBAL const sy_f32 *x, sy_conv_window window,
                        SY_LOCAL const sy_conv_taps *taps, sy_u32 columns, SY_LOCAL sy_f32 *to)
{
    const sy_u32 column = SY_ITEM_X % columns;
    SY_UNROLL
    for (sy_u32 step = 0; step < SY_TILE_DEPTH * columns / SY_GROUP; step++) {
        const sy_u32 k = SY_ITEM_X / columns + step * (SY_GROUP / columns);
        const sy_u32 row = window.top + taps->down[k], at = window.left + taps->right[k];
        sy_f32 value = 0.0f;
        if (row < p->in_h && at < p->in_w)
            value = x[window.origin + taps->offset[k]];
        to[k * SY_TILE_LINE(columns) + column] = value;
    }
}

SY_FN void sy_conv_store(const sy_conv2d_params *p, SY_GLOBAL const sy_f32 *bias, SY_GLOBAL sy_f32 *y,
                         sy_u32 filter, sy_u32 filter_end, sy_u32 pixel, const sy_tile_sums *sums)
{
    const sy_u32 plane = p->out_h * p->out_w;
    SY_UNROLL
    for (sy_u32 j = 0; j < 4; j++) {
        const sy_u32 image = (pixel + j) / plane, place = pixel + j - image * plane;
        SY_UNROLL
        for (sy_u32 i = 0; i < 4; i++) {
            if (filter + i >= filter_end || pixel + j >= p->batch * plane)
                continue;
            const sy_f32 addend = (p->has_bias ? bias[filter + i] : 0.0f) + 0.0f;
            const sy_f32 value = sy_math_clamp(sums->sum[i][j] + addend, p->clamp.lo, p->clamp.hi);
            y[(image * p->filters + filter + i) * plane + place] = value;
        }
    }
}

/* One tile; operands are those of the sample. */
SY_FN void sy_conv_tile(SY_GLOBAL const sy_f32 *x, SY_GLOBAL const sy_f32 *weights,
                        SY_GLOBAL const sy_f32 *bias, SY_GLOBAL sy_f32 *y, const sy_conv2d_params *p,
                        sy_u32 rows, sy_u32 columns, SY_LOCAL sy_f32 *a, SY_LOCAL sy_f32 *b,
                        SY_LOCAL sy_conv_taps *taps)
{
    const sy_u32 filters = p->filters / p->groups, depth = sy_conv_depth(p);
    const sy_u32 row_tiles = (filters + rows - 1) / rows;
    const sy_u32 row_tile = SY_GROUP_X % row_tiles, rest = SY_GROUP_X / row_tiles;
    const sy_u32 group = rest % p->groups, first_row = row_tile * rows,
                 first_pixel = rest / p->groups * columns;
    const sy_conv_window window = sy_conv_window_of(p, group, first_pixel + SY_ITEM_X % columns);
    const sy_tile_walk walk = sy_tile_walk_of(rows, 1, depth, first_row);
    sy_tile_sums sums;
    weights += (sy_index)(group * filters) * depth;
    sy_tile_clear(&sums);
    sy_conv_find_taps(p, 0, taps);
    SY_BARRIER();
    for (sy_u32 start = 0; start < depth; start += SY_TILE_DEPTH) {
        sy_tile_load(a, rows, weights + start, walk, filters - first_row, depth - start, -0.0f);
        sy_conv_load(p, x, window, taps, columns, b);
        SY_BARRIER();
        sy_conv_find_taps(p, start + SY_TILE_DEPTH, taps);
        sy_tile_multiply(a, b, rows, columns, &sums);
        SY_BARRIER();
    }
    const sy_u32 filter = group * filters + first_row + sy_tile_row(columns);
    sy_conv_store(p, bias, y, filter, (group + 1) * filters, first_pixel + sy_tile_column(columns), &sums);
}

#define SY_CONV_TILE_KERNEL(name, rows, columns)                                                          \
    SY_KERNEL(SY_GROUP, 1)                                                                                \
    void sy_k_conv2d_##name(SY_GLOBAL const sy_f32 *SY_RESTRICT x,                                        \
                            SY_GLOBAL const sy_f32 *SY_RESTRICT weights,                                  \
                            SY_GLOBAL const sy_f32 *SY_RESTRICT bias, SY_GLOBAL sy_f32 *SY_RESTRICT y,    \
                            sy_conv2d_params p, sy_places at)                                             \
    {                                                                                                     \
        SY_SHARED(sy_f32, a, SY_TILE_DEPTH *SY_TILE_LINE(rows));                                          \
        SY_SHARED(sy_f32, b, SY_TILE_DEPTH *SY_TILE_LINE(columns));                                       \
        SY_SHARED(sy_conv_taps, taps, 1);                                                                 \
        sy_conv_tile(x + SY_AT(at, 0), weights + SY_AT(at, 1), bias + SY_AT(at, 2), y + SY_AT(at, 3), &p, \
                     rows, columns, a, b, taps);                                                          \
    }
SY_CONV_TILE_KERNEL(64x64, 64, 64)
SY_CONV_TILE_KERNEL(32x128, 32, 128)

/* An item for each output. */
SY_KERNEL(SY_GROUP, 1)
void sy_k_conv2d_each(SY_GLOBAL const sy_f32 *SY_RESTRICT x, SY_GLOBAL const sy_f32 *SY_RESTRICT weights,
                      SY_GLOBAL const sy_f32 *SY_RESTRICT bias, SY_GLOBAL sy_f32 *SY_RESTRICT y,
                      sy_conv2d_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X, plane = p.out_h * p.out_w, channels = p.channels / p.groups;
    if (SY_GLOBAL_X >= (sy_index)p.batch * p.filters * plane)
        return;
    const sy_u32 line = i / plane, image = line / p.filters, filter = line - image * p.filters;
    const sy_conv_window window =
        sy_conv_window_of(&p, filter / (p.filters / p.groups), image * plane + i - line * plane);
    SY_GLOBAL const sy_f32 *w = weights + SY_AT(at, 1) + (sy_index)filter * sy_conv_depth(&p);
    SY_GLOBAL const sy_f32 *from = x + SY_AT(at, 0);
    sy_f32 sum = 0.0f;
    for (sy_u32 c = 0; c < channels; c++) {
        for (sy_u32 ky = 0; ky < p.kernel_h; ky++) {
            const sy_u32 row = window.top + ky * p.dilation_h;
            const sy_u32 origin = window.origin + (c * p.in_h + ky * p.dilation_h) * p.in_w;
            for (sy_u32 kx = 0; kx < p.kernel_w; kx++, w++) {
                const sy_u32 right = kx * p.dilation_w;
                if (row < p.in_h && window.left + right < p.in_w)
                    sum = sy_fma(*w, from[origin + right], sum);
            }
        }
    }
    const sy_f32 addend = (p.has_bias ? bias[SY_AT(at, 2) + filter] : 0.0f) + 0.0f;
    y[SY_AT(at, 3) + i] = sy_math_clamp(sum + addend, p.clamp.lo, p.clamp.hi);
}

/* Where another has left the products' sums in y. */
SY_KERNEL(SY_GROUP, 1)
void sy_k_conv2d_finish(SY_GLOBAL const sy_f32 *SY_RESTRICT x, SY_GLOBAL const sy_f32 *SY_RESTRICT weights,
                        SY_GLOBAL const sy_f32 *SY_RESTRICT bias, SY_GLOBAL sy_f32 *SY_RESTRICT y,
                        sy_conv2d_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X, filter = i / (p.out_h * p.out_w) % p.filters;
    (void)x;
    (void)weights;
    if (SY_GLOBAL_X >= (sy_index)p.batch * p.filters * p.out_h * p.out_w)
        return;
    SY_GLOBAL sy_f32 *to = y + SY_AT(at, 3) + i;
    *to = sy_math_clamp(*to + (p.has_bias ? bias[SY_AT(at, 2) + filter] : 0.0f), p.clamp.lo, p.clamp.hi);
}

/* The input whose tap falls on the padded output `at`, along one axis; at least `size` where there is none.
 */
SY_FN sy_u32 sy_conv_transpose_source(sy_i32 at, sy_u32 stride, sy_u32 size)
{
    if (at < 0)
        return size;
    const sy_u32 source = (sy_u32)at / stride;
    return source * stride == (sy_u32)at ? source : size;
}

/* An item for each output. */
SY_KERNEL(SY_GROUP, 1)
void sy_k_conv_transpose2d(SY_GLOBAL const sy_f32 *SY_RESTRICT x, SY_GLOBAL const sy_f32 *SY_RESTRICT weights,
                           SY_GLOBAL const sy_f32 *SY_RESTRICT bias, SY_GLOBAL sy_f32 *SY_RESTRICT y,
                           sy_conv_transpose2d_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X, plane = p.out_h * p.out_w, taps = p.kernel_h * p.kernel_w;
    const sy_u32 channels = p.channels / p.groups, filters = p.filters / p.groups;
    if (SY_GLOBAL_X >= (sy_index)p.batch * p.filters * plane)
        return;
    const sy_u32 line = i / plane, place = i - line * plane, oy = place / p.out_w;
    const sy_u32 image = line / p.filters, filter = line - image * p.filters, group = filter / filters;
    const sy_i32 down = (sy_i32)oy + p.pad_top, right = (sy_i32)(place - oy * p.out_w) + p.pad_left;
    SY_GLOBAL const sy_f32 *from =
        x + SY_AT(at, 0) + (image * p.channels + group * channels) * p.in_h * p.in_w;
    SY_GLOBAL const sy_f32 *w =
        weights + SY_AT(at, 1) + (sy_index)(group * channels * filters + filter - group * filters) * taps;
    sy_f32 sum = 0.0f;
    for (sy_u32 c = 0; c < channels; c++) {
        for (sy_u32 ky = 0; ky < p.kernel_h; ky++) {
            const sy_u32 iy =
                sy_conv_transpose_source(down - (sy_i32)(ky * p.dilation_h), p.stride_h, p.in_h);
            for (sy_u32 kx = 0; kx < p.kernel_w && iy < p.in_h; kx++) {
                const sy_u32 ix =
                    sy_conv_transpose_source(right - (sy_i32)(kx * p.dilation_w), p.stride_w, p.in_w);
                if (ix < p.in_w)
                    sum = sy_fma(w[ky * p.kernel_w + kx], from[iy * p.in_w + ix], sum);
            }
        }
        from += p.in_h * p.in_w;
        w += (sy_index)filters * taps;
    }
    if (p.has_bias)
        sum += bias[SY_AT(at, 2) + filter];
    y[SY_AT(at, 3) + i] = sy_math_clamp(sum, p.clamp.lo, p.clamp.hi);
}

#endif
