/* pool2d: an item for each output. */
#ifndef SY_KERNELS_POOL_H
#define SY_KERNELS_POOL_H

#include "kernels/dialect.h"

/* Positions of a window that begins at `first`, along one axis, which are below `end`. */
SY_FN sy_u32 sy_pool_positions_below(sy_i32 first, sy_u32 taps, sy_u32 step, sy_i32 end)
{
    if (first >= end)
        return 0;
    const sy_u32 count = (sy_u32)(end - first - 1) / step + 1;
    return count < taps ? count : taps;
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_pool2d(SY_GLOBAL const sy_f32 *SY_RESTRICT x, SY_GLOBAL sy_f32 *SY_RESTRICT y, sy_pool2d_params p,
                 sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X, plane = p.out_h * p.out_w;
    if (SY_GLOBAL_X >= (sy_index)p.planes * plane)
        return;
    const sy_u32 number = i / plane, place = i - number * plane, oy = place / p.out_w,
                 ox = place - oy * p.out_w;
    const sy_i32 top = (sy_i32)(oy * p.stride_h) - p.pad_top, left = (sy_i32)(ox * p.stride_w) - p.pad_left;
    SY_GLOBAL const sy_f32 *from = x + SY_AT(at, 0) + (sy_index)number * p.in_h * p.in_w;
    sy_f32 largest = -SY_INFINITY, sum = 0.0f;
    sy_u32 inside = 0;
    for (sy_u32 ky = 0; ky < p.kernel_h; ky++) {
        const sy_u32 row = (sy_u32)top + ky * p.dilation_h;
        for (sy_u32 kx = 0; kx < p.kernel_w && row < p.in_h; kx++) {
            const sy_u32 column = (sy_u32)left + kx * p.dilation_w;
            if (column >= p.in_w)
                continue;
            const sy_f32 value = from[row * p.in_w + column];
            largest = value > largest || value != value ? value : largest;
            sum += value;
            inside++;
        }
    }
    if (p.count_padding)
        inside = sy_pool_positions_below(top, p.kernel_h, p.dilation_h, (sy_i32)p.in_h + p.pad_bottom) *
                 sy_pool_positions_below(left, p.kernel_w, p.dilation_w, (sy_i32)p.in_w + p.pad_right);
    y[SY_AT(at, 1) + i] = p.kind == SY_POOL_MAX ? largest : sum / (sy_f32)inside;
}

#endif
