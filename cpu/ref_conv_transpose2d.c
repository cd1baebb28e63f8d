#include <stdbool.h>
#include <stddef.h>

#include "cpu/ref.h"
#include "kernels/math.h"

/* The input position whose tap falls on `at`, a padded output position less the tap's; false where there is
 * none. */
static bool source(ptrdiff_t at, ptrdiff_t stride, ptrdiff_t size, ptrdiff_t *out)
{
    *out = at / stride;
    return at >= 0 && at % stride == 0 && *out < size;
}

/* The sum at one padded output position; `x` is the first channel of the group, `w` the filter in channel 0.
 */
static float output_at(const sy_conv_transpose2d_params *p, const float *x, const float *w, ptrdiff_t down,
                       ptrdiff_t right)
{
    const size_t taps = (size_t)p->kernel_h * p->kernel_w, channel_step = p->filters / p->groups * taps;
    float sum = 0;
    for (size_t c = 0; c < p->channels / p->groups; c++) {
        for (ptrdiff_t ky = 0; ky < (ptrdiff_t)p->kernel_h; ky++) {
            ptrdiff_t iy, ix;
            if (!source(down - ky * (ptrdiff_t)p->dilation_h, p->stride_h, p->in_h, &iy))
                continue;
            for (ptrdiff_t kx = 0; kx < (ptrdiff_t)p->kernel_w; kx++) {
                if (source(right - kx * (ptrdiff_t)p->dilation_w, p->stride_w, p->in_w, &ix))
                    sum = fmaf(w[ky * (ptrdiff_t)p->kernel_w + kx], x[iy * (ptrdiff_t)p->in_w + ix], sum);
            }
        }
        x += (size_t)p->in_h * p->in_w;
        w += channel_step;
    }
    return sum;
}

void sy_ref_conv_transpose2d(void *const *operands, const void *params)
{
    const sy_conv_transpose2d_params *p = params;
    const float *x = operands[0], *weights = operands[1], *bias = operands[2];
    float *out = operands[3];
    const size_t plane = (size_t)p->in_h * p->in_w, taps = (size_t)p->kernel_h * p->kernel_w;
    const size_t group_channels = p->channels / p->groups, group_filters = p->filters / p->groups;

    for (size_t n = 0; n < p->batch; n++) {
        for (size_t f = 0; f < p->filters; f++) {
            const size_t group = f / group_filters;
            const float *from = x + (n * p->channels + group * group_channels) * plane;
            const float *w = weights + (group * group_channels * group_filters + f % group_filters) * taps;
            for (ptrdiff_t oy = 0; oy < (ptrdiff_t)p->out_h; oy++) {
                for (ptrdiff_t ox = 0; ox < (ptrdiff_t)p->out_w; ox++) {
                    float sum = output_at(p, from, w, oy + p->pad_top, ox + p->pad_left);
                    if (p->has_bias)
                        sum += bias[f];
                    *out++ = sy_math_clamp(sum, p->clamp.lo, p->clamp.hi);
                }
            }
        }
    }
}
