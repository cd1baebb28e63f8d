#include <stddef.h>

#include "cpu/ref.h"
#include "kernels/math.h"

void sy_ref_batch_norm(void *const *operands, const void *params)
{
    const sy_batch_norm_params *p = params;
    const float *x = operands[0], *scale = operands[1], *bias = operands[2], *mean = operands[3],
                *variance = operands[4];
    float *y = operands[5];

    for (size_t o = 0; o < p->outer; o++) {
        for (size_t c = 0; c < p->channels; c++) {
            const float factor = scale[c] / sqrtf(variance[c] + p->epsilon);
            for (size_t i = 0; i < p->inner; i++)
                *y++ = sy_math_clamp(fmaf(*x++ - mean[c], factor, bias[c]), p->clamp.lo, p->clamp.hi);
        }
    }
}
