#include <math.h>
#include <stddef.h>

#include "cpu/ref.h"

typedef struct {
    float largest, sum;
    size_t inside;   /* positions of the window inside the image */
    size_t in_frame; /* inside the image and its explicit padding */
} window;

static window look(const sy_pool2d_params *p, const float *x, ptrdiff_t top, ptrdiff_t left)
{
    const ptrdiff_t in_h = p->in_h, in_w = p->in_w;
    window seen = {.largest = -INFINITY};
    for (ptrdiff_t ky = 0; ky < (ptrdiff_t)p->kernel_h; ky++) {
        const ptrdiff_t y = top + ky * (ptrdiff_t)p->dilation_h;
        for (ptrdiff_t kx = 0; kx < (ptrdiff_t)p->kernel_w; kx++) {
            const ptrdiff_t at = left + kx * (ptrdiff_t)p->dilation_w;
            if (y < in_h + p->pad_bottom && at < in_w + p->pad_right)
                seen.in_frame++;
            if (y < 0 || y >= in_h || at < 0 || at >= in_w)
                continue;
            const float value = x[y * in_w + at];
            seen.largest = value > seen.largest || isnan(value) ? value : seen.largest;
            seen.sum += value;
            seen.inside++;
        }
    }
    return seen;
}

void sy_ref_pool2d(void *const *operands, const void *params)
{
    const sy_pool2d_params *p = params;
    const float *x = operands[0];
    float *out = operands[1];

    for (size_t plane = 0; plane < p->planes; plane++) {
        for (ptrdiff_t oy = 0; oy < (ptrdiff_t)p->out_h; oy++) {
            for (ptrdiff_t ox = 0; ox < (ptrdiff_t)p->out_w; ox++) {
                const window seen = look(p, x, oy * (ptrdiff_t)p->stride_h - p->pad_top,
                                         ox * (ptrdiff_t)p->stride_w - p->pad_left);
                const size_t count = p->count_padding ? seen.in_frame : seen.inside;
                *out++ = p->kind == SY_POOL_MAX ? seen.largest : seen.sum / (float)count;
            }
        }
        x += (size_t)p->in_h * p->in_w;
    }
}
