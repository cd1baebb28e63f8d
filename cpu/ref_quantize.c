/* Between floats and the integers that stand for them: quantize, dequantize, both in turn, and to a new
 * scale. */
#include <stddef.h>

#include "cpu/ref.h"
#include "kernels/math.h"

/* Clamped while it is still a float, so that nothing overflows: the bounds less zero are exact. A NaN becomes
 * zero. */
static sy_i32 to_code(float x, sy_i32 zero, sy_i32 lo, sy_i32 hi)
{
    if (x != x)
        return zero;
    const float whole = sy_math_clamp(sy_math_rint(x), (float)(lo - zero), (float)(hi - zero));
    return (sy_i32)whole + zero;
}

static float from_code(sy_i32 q, float scale, sy_i32 zero)
{
    /* Unsigned: the difference of two int32 may not fit, and must not be undefined. */
    return (float)(sy_i32)((sy_u32)q - (sy_u32)zero) * scale;
}

void sy_ref_quantize(void *const *operands, const void *params)
{
    const sy_quantize_params *p = params;
    const float *x = operands[0], *scale = operands[1];
    const sy_i32 *zero = operands[2];
    sy_i32 *q = operands[3];

    for (size_t o = 0; o < p->outer; o++) {
        for (size_t c = 0; c < p->channels; c++) {
            for (size_t i = 0; i < p->inner; i++)
                *q++ = to_code(*x++ / scale[c], zero[c], p->lo, p->hi);
        }
    }
}

void sy_ref_dequantize(void *const *operands, const void *params)
{
    const sy_quantize_params *p = params;
    const sy_i32 *q = operands[0], *zero = operands[2];
    const float *scale = operands[1];
    float *x = operands[3];

    for (size_t o = 0; o < p->outer; o++) {
        for (size_t c = 0; c < p->channels; c++) {
            for (size_t i = 0; i < p->inner; i++)
                *x++ = from_code(*q++, scale[c], zero[c]);
        }
    }
}

void sy_ref_fake_quant(void *const *operands, const void *params)
{
    const sy_quantize_params *p = params;
    const float *x = operands[0], *scale = operands[1];
    const sy_i32 *zero = operands[2];
    float *y = operands[3];

    for (size_t o = 0; o < p->outer; o++) {
        for (size_t c = 0; c < p->channels; c++) {
            for (size_t i = 0; i < p->inner; i++)
                *y++ = from_code(to_code(*x++ / scale[c], zero[c], p->lo, p->hi), scale[c], zero[c]);
        }
    }
}

void sy_ref_requantize(void *const *operands, const void *params)
{
    const sy_requantize_params *p = params;
    const float *accumulators = operands[0], *multiplier = operands[2];
    const sy_i32 *bias = operands[1];
    sy_i32 *q = operands[3];

    for (size_t o = 0; o < p->outer; o++) {
        for (size_t c = 0; c < p->channels; c++) {
            const float factor = multiplier[p->multiplier_channels > 1 ? c : 0];
            for (size_t i = 0; i < p->inner; i++) {
                const int64_t sum = (int64_t)*accumulators++ + (p->has_bias ? bias[c] : 0);
                *q++ = to_code((float)sum * factor, p->zero, p->lo, p->hi);
            }
        }
    }
}
