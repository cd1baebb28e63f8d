/* Kernels between floats and the integers that stand for them, and the step of an LSTM. One item an element.
 */
#ifndef SY_KERNELS_CODES_H
#define SY_KERNELS_CODES_H

#include "kernels/dialect.h"

/* Clamped while it is still a float, so that nothing overflows: the bounds less zero are exact. A NaN becomes
 * zero.
 */
SY_FN sy_i32 sy_to_code(sy_f32 x, sy_i32 zero, sy_i32 lo, sy_i32 hi)
{
    if (x != x)
        return zero;
    return (sy_i32)sy_math_clamp(sy_math_rint(x), (sy_f32)(lo - zero), (sy_f32)(hi - zero)) + zero;
}

/* Unsigned: the difference of two integers may not fit. */
SY_FN sy_f32 sy_from_code(sy_i32 q, sy_f32 scale, sy_i32 zero)
{
    return (sy_f32)(sy_i32)((sy_u32)q - (sy_u32)zero) * scale;
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_quantize(SY_GLOBAL const sy_f32 *x, SY_GLOBAL const sy_f32 *scale, SY_GLOBAL const sy_i32 *zero,
                   SY_GLOBAL sy_i32 *q, sy_quantize_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X;
    if (i >= p.outer * p.channels * p.inner)
        return;
    const sy_u32 c = i / p.inner % p.channels;
    q[SY_AT(at, 3) + i] =
        sy_to_code(x[SY_AT(at, 0) + i] / scale[SY_AT(at, 1) + c], zero[SY_AT(at, 2) + c], p.lo, p.hi);
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_dequantize(SY_GLOBAL const sy_i32 *q, SY_GLOBAL const sy_f32 *scale, SY_GLOBAL const sy_i32 *zero,
                     SY_GLOBAL sy_f32 *x, sy_dequantize_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X;
    if (i >= p.outer * p.channels * p.inner)
        return;
    const sy_u32 c = i / p.inner % p.channels;
    x[SY_AT(at, 3) + i] = sy_from_code(q[SY_AT(at, 0) + i], scale[SY_AT(at, 1) + c], zero[SY_AT(at, 2) + c]);
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_fake_quant(SY_GLOBAL const sy_f32 *x, SY_GLOBAL const sy_f32 *scale, SY_GLOBAL const sy_i32 *zero,
                     SY_GLOBAL sy_f32 *y, sy_fake_quant_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X;
    if (i >= p.outer * p.channels * p.inner)
        return;
    const sy_u32 c = i / p.inner % p.channels;
    const sy_f32 step = scale[SY_AT(at, 1) + c];
    const sy_i32 offset = zero[SY_AT(at, 2) + c];
    y[SY_AT(at, 3) + i] =
        sy_from_code(sy_to_code(x[SY_AT(at, 0) + i] / step, offset, p.lo, p.hi), step, offset);
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_requantize(SY_GLOBAL const sy_f32 *accumulators, SY_GLOBAL const sy_i32 *bias,
                     SY_GLOBAL const sy_f32 *multiplier, SY_GLOBAL sy_i32 *q, sy_requantize_params p,
                     sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X;
    if (i >= p.outer * p.channels * p.inner)
        return;
    const sy_u32 c = i / p.inner % p.channels;
    const sy_f32 factor = multiplier[SY_AT(at, 2) + (p.multiplier_channels > 1 ? c : 0)];
    const sy_i64 sum = (sy_i64)accumulators[SY_AT(at, 0) + i] + (p.has_bias ? bias[SY_AT(at, 1) + c] : 0);
    q[SY_AT(at, 3) + i] = sy_to_code((sy_f32)sum * factor, p.zero, p.lo, p.hi);
}

SY_FN sy_f32 sy_lstm_clip(const sy_lstm_cell_params *p, sy_f32 x)
{
    return p->cell_clip > 0.0f ? sy_math_clamp(x, -p->cell_clip, p->cell_clip) : x;
}

SY_KERNEL(SY_GROUP, 1)
void sy_k_lstm_cell(SY_GLOBAL const sy_f32 *gates, SY_GLOBAL const sy_f32 *c_previous,
                    SY_GLOBAL const sy_f32 *peephole, SY_GLOBAL sy_f32 *h, SY_GLOBAL sy_f32 *c,
                    sy_lstm_cell_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X;
    if (i >= p.batch * p.hidden)
        return;
    const sy_u32 n = i / p.hidden, j = i % p.hidden;
    const sy_index gate = SY_AT(at, 0) + (sy_index)n * 4 * p.hidden + j, weight = SY_AT(at, 2) + j;
    const sy_f32 before = c_previous[SY_AT(at, 1) + i];
    sy_f32 in = gates[gate], out = gates[gate + p.hidden], forget = gates[gate + 2 * (sy_index)p.hidden];
    if (p.has_peephole) {
        in = sy_fma(peephole[weight], before, in);
        forget = sy_fma(peephole[weight + 2 * (sy_index)p.hidden], before, forget);
    }
    in = sy_math_sigmoidf(sy_lstm_clip(&p, in));
    forget = p.input_forget ? 1.0f - in : sy_math_sigmoidf(sy_lstm_clip(&p, forget));
    const sy_f32 fresh = sy_math_tanhf(sy_lstm_clip(&p, gates[gate + 3 * (sy_index)p.hidden]));
    const sy_f32 now = sy_fma(forget, before, in * fresh);
    if (p.has_peephole)
        out = sy_fma(peephole[weight + p.hidden], now, out);
    h[SY_AT(at, 3) + i] = sy_math_sigmoidf(sy_lstm_clip(&p, out)) * sy_math_tanhf(sy_lstm_clip(&p, now));
    c[SY_AT(at, 4) + i] = now;
}

#endif
