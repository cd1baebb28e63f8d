#include <stddef.h>
#include <string.h>

#include "cpu/ref.h"
#include "kernels/math.h"

/* Where output `i` lies on the input's axis, as ONNX's Resize defines each word. */
static float coordinate(const sy_resize_params *p, float i)
{
    const float in = (float)p->in, out = (float)p->out, half_pixel = (i + 0.5f) / p->scale - 0.5f;
    switch (p->coordinate) {
    case SY_COORDINATE_PYTORCH_HALF_PIXEL: return p->out > 1 ? half_pixel : -0.5f;
    case SY_COORDINATE_ALIGN_CORNERS: return p->out > 1 ? i * (in - 1) / (out - 1) : 0;
    case SY_COORDINATE_ASYMMETRIC: return i / p->scale;
    case SY_COORDINATE_CROP:
        return p->out > 1
                   ? p->crop_start * (in - 1) + i * (p->crop_end - p->crop_start) * (in - 1) / (out - 1)
                   : 0.5f * (p->crop_start + p->crop_end) * (in - 1);
    case SY_COORDINATE_HALF_PIXEL_SYMMETRIC: return in / 2 * (1 - out / (p->scale * in)) + half_pixel;
    default: return half_pixel;
    }
}

static float nearest(const sy_resize_params *p, float at)
{
    switch (p->nearest) {
    case SY_NEAREST_ROUND_PREFER_CEIL: return floorf(at + 0.5f);
    case SY_NEAREST_FLOOR: return floorf(at);
    case SY_NEAREST_CEIL: return ceilf(at);
    default: return ceilf(at - 0.5f);
    }
}

/* The convolution kernel of Keys, at distance |d| <= 1 and in 1..2. */
static float cubic_near(float a, float d)
{
    return ((a + 2) * d - (a + 3)) * d * d + 1;
}

static float cubic_far(float a, float d)
{
    return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
}

enum { TAPS = 4 };

/* Weights of the inputs base-1, base, base+1 and base+2 for a point `t` behind base. */
static void weigh(const sy_resize_params *p, float base, float t, float weights[TAPS])
{
    float sum = 0;
    weights[0] = weights[3] = 0;
    weights[1] = 1 - t;
    weights[2] = t;
    if (p->mode != SY_RESIZE_CUBIC)
        return;
    weights[0] = cubic_far(p->cubic_a, 1 + t);
    weights[1] = cubic_near(p->cubic_a, t);
    weights[2] = cubic_near(p->cubic_a, 1 - t);
    weights[3] = cubic_far(p->cubic_a, 2 - t);
    for (int i = 0; i < TAPS && p->exclude_outside; i++) {
        const float at = base + (float)(i - 1);
        if (at < 0 || at > (float)(p->in - 1))
            weights[i] = 0;
        sum += weights[i];
    }
    for (int i = 0; i < TAPS && p->exclude_outside; i++)
        weights[i] /= sum;
}

/* The input line at `at`, the nearest where that is outside. */
static const float *line_at(const sy_resize_params *p, const float *x, float at)
{
    return x + (size_t)sy_math_clamp(at, 0, (float)(p->in - 1)) * p->inner;
}

static void interpolate(const sy_resize_params *p, const float *x, float *y, float at)
{
    const float base = floorf(at);
    const float *l0 = line_at(p, x, base - 1), *l1 = line_at(p, x, base), *l2 = line_at(p, x, base + 1),
                *l3 = line_at(p, x, base + 2);
    float w[TAPS];
    weigh(p, base, at - base, w);
    for (size_t k = 0; k < p->inner; k++) {
        if (p->mode == SY_RESIZE_LINEAR)
            y[k] = fmaf(w[2], l2[k], w[1] * l1[k]);
        else
            y[k] = fmaf(w[3], l3[k], fmaf(w[2], l2[k], fmaf(w[1], l1[k], w[0] * l0[k])));
    }
}

static void resize_line(const sy_resize_params *p, const float *x, float *y, float at)
{
    if (p->coordinate == SY_COORDINATE_CROP && (at < 0 || at > (float)(p->in - 1))) {
        for (size_t k = 0; k < p->inner; k++)
            y[k] = p->extrapolation;
    } else if (p->mode == SY_RESIZE_NEAREST) {
        /* Words: integers pass through here too. */
        memcpy(y, line_at(p, x, nearest(p, at)), p->inner * sizeof *y);
    } else {
        interpolate(p, x, y, at);
    }
}

void sy_ref_resize(void *const *operands, const void *params)
{
    const sy_resize_params *p = params;
    const float *x = operands[0];
    float *y = operands[1];

    for (size_t o = 0; o < p->outer; o++) {
        for (size_t i = 0; i < p->out; i++, y += p->inner)
            resize_line(p, x, y, coordinate(p, (float)i));
        x += (size_t)p->in * p->inner;
    }
}
