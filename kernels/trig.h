/* Circular and hyperbolic functions and their inverses, by the rules of math.h. Nothing a network runs often,
 * so these do branch. Largest errors, in units in the last place, are stated at each and tested in
 * tests/unit/test_trig.c.
 */
#ifndef SY_KERNELS_TRIG_H
#define SY_KERNELS_TRIG_H

#include "kernels/math.h"

/* sin(r) and cos(r) for |r| <= pi / 4. */
SY_FN sy_f32 sy_math_sin_kernel(sy_f32 r)
{
    const sy_f32 z = r * r;
    sy_f32 p = 2.83751319e-06f;
    p = sy_fma(p, z, -0.000198535112f);
    p = sy_fma(p, z, 0.00833338033f);
    p = sy_fma(p, z, -0.166666672f);
    return sy_fma(r * z, p, r);
}

SY_FN sy_f32 sy_math_cos_kernel(sy_f32 r)
{
    const sy_f32 z = r * r;
    sy_f32 p = 2.44306684e-05f;
    p = sy_fma(p, z, -0.00138873013f);
    p = sy_fma(p, z, 0.0416666456f);
    return sy_fma(z * z, p, sy_fma(-0.5f, z, 1.0f));
}

/* Word i of 2 / pi as a binary fraction, after a word of zeros. */
SY_FN sy_u32 sy_math_two_over_pi(sy_u32 i)
{
    const sy_u32 words[9] = {0,           0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u,
                             0xdb629599u, 0x3c439041u, 0xfe5163abu, 0xdebbc561u};
    return words[i]; /* NOLINT(clang-analyzer-core.uninitialized.UndefReturn): |x| >= 2^17 holds i below 9 */
}

/* The 32 bits of that fraction from bit `position` on. */
SY_FN sy_u32 sy_math_two_over_pi_at(sy_u32 position)
{
    const sy_u32 word = position >> 5;
    const sy_u64 two = (sy_u64)sy_math_two_over_pi(word) << 32 | sy_math_two_over_pi(word + 1);
    return (sy_u32)(two << (position & 31u) >> 32);
}

/* Payne and Hanek's reduction for |x| >= 2^17: x = m 2^e, and of m times 2 / pi only the bits from twice the
 * unit down to 2^-62 matter: what is above are whole turns.
 */
SY_FN sy_f32 sy_math_reduce_far(sy_f32 x, sy_u32 *quadrant)
{
    const sy_u32 bits = sy_bits_of(x) & 0x7fffffffu;
    const sy_u32 m = (bits & 0x007fffffu) | 0x00800000u;
    const sy_u32 position = (bits >> 23) - 150u - 2u + 32u;
    const sy_u64 low = (sy_u64)m * sy_math_two_over_pi_at(position + 64u);
    const sy_u64 middle = (sy_u64)m * sy_math_two_over_pi_at(position + 32u) + (low >> 32);
    const sy_u64 high = (sy_u64)m * sy_math_two_over_pi_at(position) + (middle >> 32);
    const sy_u64 turns =
        (high << 32) | (middle & 0xffffffffu); /* in units of 2^-62 quarter turns, modulo 4 */
    const sy_u64 nearest = (turns + ((sy_u64)1 << 61)) >> 62;
    const sy_i64 rest = (sy_i64)(turns - (nearest << 62));
    /* Times pi / 2 in two parts, so that only the sum is rounded. */
    const sy_f32 hi = (sy_f32)rest, lo = (sy_f32)(rest - (sy_i64)hi);
    const sy_f32 scaled = sy_fma(hi, 1.57079637f, sy_fma(hi, -4.37113883e-08f, lo * 1.57079637f));
    const sy_f32 r = scaled * 2.16840434e-19f; /* 2^-62 */

    *quadrant = (sy_u32)(x < 0.0f ? 4u - (sy_u32)nearest : (sy_u32)nearest) & 3u;
    return x < 0.0f ? -r : r;
}

/* x = quadrant * pi / 2 + r modulo 2 pi, |r| <= pi / 4 and a little; x finite. */
SY_FN sy_f32 sy_math_reduce_angle(sy_f32 x, sy_u32 *quadrant)
{
    if (sy_math_abs(x) >= 131072.0f)
        return sy_math_reduce_far(x, quadrant);
    const sy_f32 shifted = sy_fma(x, 0.636619747f, SY_RINT_MAGIC);
    const sy_f32 whole = shifted - SY_RINT_MAGIC;
    *quadrant = (sy_bits_of(shifted) - SY_RINT_MAGIC_BITS) & 3u;
    /* pi / 2 in three parts; the first product leaves no remainder. */
    const sy_f32 r = sy_fma(whole, -1.57079637f, x);
    return sy_fma(whole, 1.71512451e-15f, sy_fma(whole, 4.37113883e-08f, r));
}

/* Below 2 ulp. */
SY_FN sy_f32 sy_math_sinf(sy_f32 x)
{
    sy_u32 quadrant;
    if (x == 0.0f || x - x != 0.0f)
        return x == 0.0f ? x : x - x;
    const sy_f32 r = sy_math_reduce_angle(x, &quadrant);
    const sy_f32 y = quadrant & 1u ? sy_math_cos_kernel(r) : sy_math_sin_kernel(r);
    return quadrant & 2u ? -y : y;
}

/* As sin. */
SY_FN sy_f32 sy_math_cosf(sy_f32 x)
{
    sy_u32 quadrant;
    if (x - x != 0.0f)
        return x - x;
    const sy_f32 r = sy_math_reduce_angle(x, &quadrant);
    const sy_f32 y = quadrant & 1u ? sy_math_sin_kernel(r) : sy_math_cos_kernel(r);
    return (quadrant + 1u) & 2u ? -y : y;
}

/* Below 4 ulp. */
SY_FN sy_f32 sy_math_tanf(sy_f32 x)
{
    sy_u32 quadrant;
    if (x == 0.0f || x - x != 0.0f)
        return x == 0.0f ? x : x - x;
    const sy_f32 r = sy_math_reduce_angle(x, &quadrant);
    const sy_f32 s = sy_math_sin_kernel(r), c = sy_math_cos_kernel(r);
    return quadrant & 1u ? -c / s : s / c;
}

/* atan(t) for |t| <= tan(pi / 8). */
SY_FN sy_f32 sy_math_atan_kernel(sy_f32 t)
{
    const sy_f32 z = t * t;
    sy_f32 p = -0.0609279387f;
    p = sy_fma(p, z, 0.106001884f);
    p = sy_fma(p, z, -0.142445117f);
    p = sy_fma(p, z, 0.199985325f);
    p = sy_fma(p, z, -0.333333164f);
    return sy_fma(t * z, p, t);
}

/* Below 2.5 ulp. From three ranges: around 0, around 1, and large. */
SY_FN sy_f32 sy_math_atanf(sy_f32 x)
{
    const sy_f32 a = sy_math_abs(x);
    sy_f32 y;
    if (a > 2.41421356f)
        y = 1.57079637f + (sy_math_atan_kernel(-1.0f / a) - 4.37113883e-08f);
    else if (a > 0.414213562f)
        y = 0.785398185f + (sy_math_atan_kernel((a - 1.0f) / (a + 1.0f)) - 2.18556941e-08f);
    else
        y = sy_math_atan_kernel(a);
    return sy_math_copysign(y, x);
}

/* asin(s) for s in [0, 1/2] with its square. */
SY_FN sy_f32 sy_math_asin_kernel(sy_f32 s, sy_f32 z)
{
    sy_f32 p = 0.0376729965f;
    p = sy_fma(p, z, 0.0143292341f);
    p = sy_fma(p, z, 0.0318360515f);
    p = sy_fma(p, z, 0.0445136353f);
    p = sy_fma(p, z, 0.0750052109f);
    p = sy_fma(p, z, 0.166666597f);
    return sy_fma(s * z, p, s);
}

/* Below 2.5 ulp; NaN outside [-1, 1]. Beyond 1/2 from asin(x) = pi / 2 - 2 asin(sqrt((1 - x) / 2)). */
SY_FN sy_f32 sy_math_asinf(sy_f32 x)
{
    const sy_f32 a = sy_math_abs(x);
    const sy_f32 z = a > 0.5f ? 0.5f * (1.0f - a) : a * a;
    const sy_f32 y = sy_math_asin_kernel(a > 0.5f ? sy_sqrt(z) : a, z);
    const sy_f32 folded = 1.57079637f - sy_fma(2.0f, y, 4.37113883e-08f);
    return a <= 1.0f ? sy_math_copysign(a > 0.5f ? folded : y, x) : SY_NAN;
}

/* Below 1.5 ulp; NaN outside [-1, 1]. */
SY_FN sy_f32 sy_math_acosf(sy_f32 x)
{
    const sy_f32 a = sy_math_abs(x);
    const sy_f32 z = a > 0.5f ? 0.5f * (1.0f - a) : a * a;
    const sy_f32 y = sy_math_asin_kernel(a > 0.5f ? sy_sqrt(z) : a, z);
    const sy_f32 near_zero = 1.57079637f - (sy_math_copysign(y, x) + 4.37113883e-08f);
    const sy_f32 near_one = x > 0.0f ? 2.0f * y : 3.14159274f - sy_fma(2.0f, y, 8.742278e-08f);
    return a <= 1.0f ? (a > 0.5f ? near_one : near_zero) : SY_NAN;
}

/* Below 2.5 ulp. */
SY_FN sy_f32 sy_math_sinhf(sy_f32 x)
{
    const sy_f32 a = sy_math_abs(x);
    const sy_f32 t = sy_math_expm1f(a);
    const sy_f32 y = a > 9.0f ? sy_math_exp_shifted(a, -1) : 0.5f * (t + t / (t + 1.0f));
    return sy_math_copysign(y, x);
}

/* Below 2 ulp. */
SY_FN sy_f32 sy_math_coshf(sy_f32 x)
{
    const sy_f32 half_exp = sy_math_exp_shifted(sy_math_abs(x), -1);
    return half_exp + 0.25f / half_exp;
}

/* Below 2 ulp. Squares of what is large would overflow; there asinh is log(2x). */
SY_FN sy_f32 sy_math_asinhf(sy_f32 x)
{
    const sy_f32 a = sy_math_abs(x);
    const sy_f32 y = a > 1048576.0f ? sy_math_logf(a) + 0.693147182f
                                    : sy_math_log1pf(a + a * a / (1.0f + sy_sqrt(sy_fma(a, a, 1.0f))));
    return sy_math_copysign(y, x);
}

/* Below 2.5 ulp; NaN below 1. */
SY_FN sy_f32 sy_math_acoshf(sy_f32 x)
{
    const sy_f32 t = x - 1.0f;
    const sy_f32 y =
        x > 1048576.0f ? sy_math_logf(x) + 0.693147182f : sy_math_log1pf(t + sy_sqrt(t * (t + 2.0f)));
    return x >= 1.0f ? y : SY_NAN;
}

/* Below 2.5 ulp; NaN outside [-1, 1]. */
SY_FN sy_f32 sy_math_atanhf(sy_f32 x)
{
    const sy_f32 a = sy_math_abs(x);
    const sy_f32 y = 0.5f * sy_math_log1pf(2.0f * a / (1.0f - a));
    return a <= 1.0f ? sy_math_copysign(y, x) : SY_NAN;
}

#endif
