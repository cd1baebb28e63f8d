/* The kernel resize: one item an element. The order of every operation is that of cpu/ref_resize.c. */
#ifndef SY_KERNELS_RESIZE_H
#define SY_KERNELS_RESIZE_H

#include "kernels/dialect.h"
#include "kernels/elementwise.h"

/* Where output `i` lies on the input's axis, as ONNX's Resize defines each word. */
SY_FN sy_f32 sy_resize_coordinate(const sy_resize_params *p, sy_f32 i)
{
    const sy_f32 in = (sy_f32)p->in, out = (sy_f32)p->out, half_pixel = (i + 0.5f) / p->scale - 0.5f;
    switch (p->coordinate) {
    case SY_COORDINATE_PYTORCH_HALF_PIXEL: return p->out > 1 ? half_pixel : -0.5f;
    case SY_COORDINATE_ALIGN_CORNERS: return p->out > 1 ? i * (in - 1.0f) / (out - 1.0f) : 0.0f;
    case SY_COORDINATE_ASYMMETRIC: return i / p->scale;
    case SY_COORDINATE_CROP:
        return p->out > 1 ? p->crop_start * (in - 1.0f) +
                                i * (p->crop_end - p->crop_start) * (in - 1.0f) / (out - 1.0f)
                          : 0.5f * (p->crop_start + p->crop_end) * (in - 1.0f);
    case SY_COORDINATE_HALF_PIXEL_SYMMETRIC: return in / 2.0f * (1.0f - out / (p->scale * in)) + half_pixel;
    default: return half_pixel;
    }
}

SY_FN sy_f32 sy_resize_nearest(const sy_resize_params *p, sy_f32 at)
{
    switch (p->nearest) {
    case SY_NEAREST_ROUND_PREFER_CEIL: return sy_math_floor(at + 0.5f);
    case SY_NEAREST_FLOOR: return sy_math_floor(at);
    case SY_NEAREST_CEIL: return sy_math_ceil(at);
    default: return sy_math_ceil(at - 0.5f);
    }
}

/* The convolution kernel of Keys, at distance |d| <= 1 and in 1..2. */
SY_FN sy_f32 sy_cubic_near(sy_f32 a, sy_f32 d)
{
    return ((a + 2.0f) * d - (a + 3.0f)) * d * d + 1.0f;
}

SY_FN sy_f32 sy_cubic_far(sy_f32 a, sy_f32 d)
{
    return ((a * d - 5.0f * a) * d + 8.0f * a) * d - 4.0f * a;
}

/* The weight of a tap of cubic, 0 where it is outside and those are to be left out. */
SY_FN sy_f32 sy_cubic_weight(const sy_resize_params *p, sy_f32 at, sy_f32 weight)
{
    return p->exclude_outside && (at < 0.0f || at > (sy_f32)(p->in - 1)) ? 0.0f : weight;
}

/* The word of the input line at `at`, the nearest where that is outside. */
SY_FN sy_index sy_resize_line(const sy_resize_params *p, sy_f32 at)
{
    return (sy_index)(sy_u32)sy_math_clamp(at, 0.0f, (sy_f32)(p->in - 1)) * p->inner;
}

SY_FN sy_f32 sy_resize_linear(const sy_resize_params *p, SY_GLOBAL const sy_f32 *x, sy_f32 at)
{
    const sy_f32 base = sy_math_floor(at), t = at - base;
    return sy_fma(t, x[sy_resize_line(p, base + 1.0f)], (1.0f - t) * x[sy_resize_line(p, base)]);
}

SY_FN sy_f32 sy_resize_cubic(const sy_resize_params *p, SY_GLOBAL const sy_f32 *x, sy_f32 at)
{
    const sy_f32 base = sy_math_floor(at), t = at - base;
    sy_f32 w0 = sy_cubic_weight(p, base - 1.0f, sy_cubic_far(p->cubic_a, 1.0f + t));
    sy_f32 w1 = sy_cubic_weight(p, base, sy_cubic_near(p->cubic_a, t));
    sy_f32 w2 = sy_cubic_weight(p, base + 1.0f, sy_cubic_near(p->cubic_a, 1.0f - t));
    sy_f32 w3 = sy_cubic_weight(p, base + 2.0f, sy_cubic_far(p->cubic_a, 2.0f - t));
    if (p->exclude_outside) {
        const sy_f32 sum = 0.0f + w0 + w1 + w2 + w3;
        w0 /= sum;
        w1 /= sum;
        w2 /= sum;
        w3 /= sum;
    }
    const sy_f32 first = w0 * x[sy_resize_line(p, base - 1.0f)];
    const sy_f32 second = sy_fma(w1, x[sy_resize_line(p, base)], first);
    const sy_f32 third = sy_fma(w2, x[sy_resize_line(p, base + 1.0f)], second);
    return sy_fma(w3, x[sy_resize_line(p, base + 2.0f)], third);
}

/* `nearest` copies words: integers pass through here too. */
SY_KERNEL(SY_GROUP, 1)
void sy_k_resize(SY_GLOBAL const sy_f32 *x, SY_GLOBAL sy_f32 *y, sy_resize_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X;
    if (i >= p.outer * p.out * p.inner)
        return;
    const sy_u32 inner = i % p.inner, along = i / p.inner % p.out, outer = i / p.inner / p.out;
    const sy_f32 where = sy_resize_coordinate(&p, (sy_f32)along);
    SY_GLOBAL const sy_f32 *from = x + SY_AT(at, 0) + (sy_index)outer * p.in * p.inner + inner;
    sy_f32 value;
    if (p.coordinate == SY_COORDINATE_CROP && (where < 0.0f || where > (sy_f32)(p.in - 1)))
        value = p.extrapolation;
    else if (p.mode == SY_RESIZE_NEAREST)
        value = from[sy_resize_line(&p, sy_resize_nearest(&p, where))];
    else if (p.mode == SY_RESIZE_LINEAR)
        value = sy_resize_linear(&p, from, where);
    else
        value = sy_resize_cubic(&p, from, where);
    y[SY_AT(at, 1) + i] = value;
}

#endif
