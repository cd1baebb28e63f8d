#include <stddef.h>

#include "cpu/ref.h"
#include "kernels/math.h"

/* The sum at one output. `x` is the first channel of the group, `w` the filter. */
static float output_at(const sy_conv2d_params *p, const float *x, const float *w, ptrdiff_t top,
                       ptrdiff_t left)
{
    const ptrdiff_t in_h = p->in_h, in_w = p->in_w;
    float sum = 0;
    for (size_t c = 0; c < p->channels / p->groups; c++) {
        for (ptrdiff_t ky = 0; ky < (ptrdiff_t)p->kernel_h; ky++) {
            for (ptrdiff_t kx = 0; kx < (ptrdiff_t)p->kernel_w; kx++, w++) {
                const ptrdiff_t y = top + ky * (ptrdiff_t)p->dilation_h;
                const ptrdiff_t at = left + kx * (ptrdiff_t)p->dilation_w;
                if (y >= 0 && y < in_h && at >= 0 && at < in_w)
                    sum = fmaf(*w, x[y * in_w + at], sum);
            }
        }
        x += in_h * in_w;
    }
    return sum;
}

void sy_ref_conv2d(void *const *operands, const void *params)
{
    const sy_conv2d_params *p = params;
    const float *x = operands[0], *weights = operands[1], *bias = operands[2];
    float *out = operands[3];
    const size_t plane = (size_t)p->in_h * p->in_w, group_channels = p->channels / p->groups;
    const size_t filter_words = group_channels * p->kernel_h * p->kernel_w;

    for (size_t n = 0; n < p->batch; n++) {
        for (size_t f = 0; f < p->filters; f++) {
            const size_t group = f / (p->filters / p->groups);
            /* Never -0: then a sum of 0 has one sign, whether or not taps in the padding were added. */
            const float addend = (p->has_bias ? bias[f] : 0.0f) + 0.0f;
            const float *from = x + (n * p->channels + group * group_channels) * plane;
            for (ptrdiff_t oy = 0; oy < (ptrdiff_t)p->out_h; oy++) {
                for (ptrdiff_t ox = 0; ox < (ptrdiff_t)p->out_w; ox++) {
                    const ptrdiff_t top = oy * (ptrdiff_t)p->stride_h - p->pad_top;
                    const ptrdiff_t left = ox * (ptrdiff_t)p->stride_w - p->pad_left;
                    const float sum = output_at(p, from, weights + f * filter_words, top, left);
                    *out++ = sy_math_clamp(sum + addend, p->clamp.lo, p->clamp.hi);
                }
            }
        }
    }
}
