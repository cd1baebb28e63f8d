/* The bias of a convolution as its sums take it: 0 where there is none, and never -0 (see sy_conv2d_params).
 */
#ifndef SY_CPU_FAST_CONV_BIAS_H
#define SY_CPU_FAST_CONV_BIAS_H

#include <stddef.h>

#include "kernels/params.h"

static inline float conv_bias(const sy_conv2d_params *p, const float *bias, size_t filter)
{
    return (p->has_bias ? bias[filter] : 0.0f) + 0.0f;
}

static inline void conv_biases(const sy_conv2d_params *p, const float *bias, float *to)
{
    for (size_t f = 0; f < p->filters; f++)
        to[f] = conv_bias(p, bias, f);
}

#endif
