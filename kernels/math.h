/* exp, log and what is built on them, for host, CUDA and OpenCL: fixed sequences of exactly rounded
 * operations, so every compiler gives the same bits. No function of a maths library is called but fma and
 * sqrt, which are exactly rounded everywhere (OpenCL: build with -cl-fp32-correctly-rounded-divide-sqrt).
 * Largest errors, in units in the last place of the exact result, are stated at each function and tested in
 * tests/unit/test_math.c.
 *
 * Polynomials are minimax fits (Lawson's algorithm on Chebyshev nodes) with coefficients rounded one after
 * the other. Nothing branches on data, so that compilers can vectorise loops over these functions.
 */
#ifndef SY_KERNELS_MATH_H
#define SY_KERNELS_MATH_H

#include "kernels/params.h"

#if defined(__OPENCL_VERSION__)

#define SY_FN             static inline
#define sy_fma(a, b, c)   fma(a, b, c)
#define sy_sqrt(x)        sqrt(x)
#define sy_bits_of(x)     as_uint(x)
#define sy_float_of(bits) as_float(bits)
typedef ulong sy_u64;
typedef long sy_i64;

#elif defined(__CUDACC__)

#define SY_FN             __device__ static inline
#define sy_fma(a, b, c)   __fmaf_rn(a, b, c)
#define sy_sqrt(x)        __fsqrt_rn(x)
#define sy_bits_of(x)     __float_as_uint(x)
#define sy_float_of(bits) __uint_as_float(bits)
typedef unsigned long long sy_u64;
typedef long long sy_i64;

#else

#include <math.h>

#define SY_FN           static inline
#define sy_fma(a, b, c) fmaf(a, b, c)
#define sy_sqrt(x)      sqrtf(x)
typedef uint64_t sy_u64;
typedef int64_t sy_i64;

SY_FN sy_u32 sy_bits_of(sy_f32 x)
{
    const union {
        sy_f32 x;
        sy_u32 bits;
    } word = {.x = x};
    return word.bits;
}

SY_FN sy_f32 sy_float_of(sy_u32 bits)
{
    const union {
        sy_u32 bits;
        sy_f32 x;
    } word = {.bits = bits};
    return word.x;
}

#endif

#define SY_INFINITY sy_float_of(0x7f800000u)
#define SY_NAN      sy_float_of(0x7fc00000u)

/* Adding and subtracting 1.5 * 2^23 rounds to a whole number, half to even; the low bits of the sum are that
 * number. */
#define SY_RINT_MAGIC      12582912.0f
#define SY_RINT_MAGIC_BITS 0x4b400000u

SY_FN sy_f32 sy_math_abs(sy_f32 x)
{
    return sy_float_of(sy_bits_of(x) & 0x7fffffffu);
}

/* |magnitude| with the sign of `sign`. */
SY_FN sy_f32 sy_math_copysign(sy_f32 magnitude, sy_f32 sign)
{
    return sy_float_of((sy_bits_of(magnitude) & 0x7fffffffu) | (sy_bits_of(sign) & 0x80000000u));
}

/* lo <= hi. A NaN stays a NaN; -0 stays -0 against a bound of 0. */
SY_FN sy_f32 sy_math_clamp(sy_f32 x, sy_f32 lo, sy_f32 hi)
{
    return x < lo ? lo : (x > hi ? hi : x);
}

/* To a whole number, half to even; any float. */
SY_FN sy_f32 sy_math_rint(sy_f32 x)
{
    const sy_f32 a = sy_math_abs(x);
    const sy_f32 rounded = (a + 8388608.0f) - 8388608.0f;
    return a < 8388608.0f ? sy_math_copysign(rounded, x) : x;
}

/* 2^n for n in -126..127. */
SY_FN sy_f32 sy_math_power_of_two(sy_i32 n)
{
    return sy_float_of((sy_u32)(n + 127) << 23);
}

/* The part of exp that remains: exp(r) = 1 + r + r^2 * this, for |r| <= ln(2) / 2. */
SY_FN sy_f32 sy_math_exp_tail(sy_f32 r)
{
    sy_f32 q = 0.00019948429f;
    q = sy_fma(q, r, 0.0013935086f);
    q = sy_fma(q, r, 0.008333203f);
    q = sy_fma(q, r, 0.041666463f);
    q = sy_fma(q, r, 0.16666667f);
    return sy_fma(q, r, 0.5f);
}

/* n = rint(x / ln 2) and r = x - n * ln 2, for |x| <= 105. */
SY_FN sy_f32 sy_math_exp_reduce(sy_f32 x, sy_i32 *n)
{
    const sy_f32 shifted = sy_fma(x, 1.44269504f, SY_RINT_MAGIC);
    const sy_f32 whole = shifted - SY_RINT_MAGIC;
    *n = (sy_i32)(sy_bits_of(shifted) - SY_RINT_MAGIC_BITS);
    return sy_fma(whole, 1.904654323e-9f, sy_fma(whole, -0.693147182f, x));
}

/* exp(x) * 2^shift for shift -1 or 0, without overflow in between. */
SY_FN sy_f32 sy_math_exp_shifted(sy_f32 x, sy_i32 shift)
{
    sy_i32 n;
    const sy_f32 r = sy_math_exp_reduce(sy_math_clamp(x, -105.0f, 90.0f), &n);
    const sy_f32 y = 1.0f + sy_fma(r * r, sy_math_exp_tail(r), r);
    /* Two factors: the first product is exact, so a result below the normal range is rounded once. */
    n += shift;
    const sy_i32 first = n >> 1;
    return y * sy_math_power_of_two(first) * sy_math_power_of_two(n - first);
}

/* Below 1 ulp. */
SY_FN sy_f32 sy_math_expf(sy_f32 x)
{
    return sy_math_exp_shifted(x, 0);
}

/* exp(x) - 1; below 1.5 ulp. */
SY_FN sy_f32 sy_math_expm1f(sy_f32 x)
{
    sy_i32 n;
    const sy_f32 r = sy_math_exp_reduce(sy_math_clamp(x, -20.0f, 20.0f), &n);
    const sy_f32 tail = sy_fma(r * r, sy_math_exp_tail(r), r);
    const sy_f32 power = sy_math_power_of_two(n);
    const sy_f32 y = n == 0 ? tail : sy_fma(power, tail, power - 1.0f);
    return x == 0.0f ? x : (x > 20.0f ? sy_math_expf(x) : y);
}

/* log(1 + f) + k * ln 2 for 1 + f in [sqrt(1/2), sqrt(2)]; f^3 P(f) completes f - f^2 / 2. `low` is added
 * late. */
SY_FN sy_f32 sy_math_log_of(sy_f32 f, sy_f32 k, sy_f32 low)
{
    sy_f32 p = 0.067501776f;
    p = sy_fma(p, f, -0.11671285f);
    p = sy_fma(p, f, 0.11883792f);
    p = sy_fma(p, f, -0.12406087f);
    p = sy_fma(p, f, 0.14220315f);
    p = sy_fma(p, f, -0.16667993f);
    p = sy_fma(p, f, 0.20002073f);
    p = sy_fma(p, f, -0.2500001f);
    p = sy_fma(p, f, 0.33333313f);
    const sy_f32 square = f * f;
    /* ln 2 in two parts, the first of 10 bits so that k times it is exact. */
    const sy_f32 tail = sy_fma(square * f, p, sy_fma(k, -2.12194440e-4f, low));
    return sy_fma(k, 0.693359375f, f - sy_fma(0.5f, square, -tail));
}

/* x = 2^k * m with m in [sqrt(1/2), sqrt(2)); x positive and finite. Returns m. */
SY_FN sy_f32 sy_math_log_reduce(sy_f32 x, sy_f32 *k)
{
    const sy_i32 tiny = x < 1.17549435e-38f;
    const sy_u32 bits = sy_bits_of(tiny ? x * 8388608.0f : x);
    const sy_i32 exponent = (sy_i32)(bits - 0x3f3504f3u) >> 23;
    *k = (sy_f32)(exponent - (tiny ? 23 : 0));
    return sy_float_of(bits - ((sy_u32)exponent << 23));
}

/* Below 0.9 ulp. */
SY_FN sy_f32 sy_math_logf(sy_f32 x)
{
    sy_f32 k;
    const sy_f32 m = sy_math_log_reduce(x, &k);
    const sy_f32 y = sy_math_log_of(m - 1.0f, k, 0.0f);
    const sy_f32 special = x == 0.0f ? -SY_INFINITY : (x > 0.0f ? x : SY_NAN);
    return x > 0.0f && x < SY_INFINITY ? y : special;
}

/* log(1 + x); below 0.9 ulp. */
SY_FN sy_f32 sy_math_log1pf(sy_f32 x)
{
    sy_f32 k;
    const sy_f32 u = 1.0f + x;
    const sy_f32 m = sy_math_log_reduce(u, &k);
    /* What rounding took from 1 + x, relative to it. */
    const sy_f32 lost = (x > 1.0f ? 1.0f - (u - x) : x - (u - 1.0f)) / u;
    const sy_f32 y = sy_math_log_of(k == 0.0f ? x : m - 1.0f, k, k == 0.0f ? 0.0f : lost);
    const sy_f32 special = u == 0.0f ? -SY_INFINITY : (u > 0.0f ? x : SY_NAN);
    return x == 0.0f ? x : (u > 0.0f && u < SY_INFINITY ? y : special);
}

/* Below 1.5 ulp. */
SY_FN sy_f32 sy_math_tanhf(sy_f32 x)
{
    const sy_f32 a = sy_math_abs(x), s = a * a;
    sy_f32 p = 0.0017455011f;
    p = sy_fma(p, s, -0.0076715946f);
    p = sy_fma(p, s, 0.021460991f);
    p = sy_fma(p, s, -0.053895276f);
    p = sy_fma(p, s, 0.13332726f);
    p = sy_fma(p, s, -0.33333316f);
    const sy_f32 small = sy_fma(s * a, p, a);
    const sy_f32 large = 1.0f - 2.0f / (sy_math_expf(2.0f * a) + 1.0f);
    return sy_math_copysign(a < 0.75f ? small : large, x);
}

/* Below 1.5 ulp. Beyond 0.92 as 1 - exp(-a Q(a)). */
SY_FN sy_f32 sy_math_erff(sy_f32 x)
{
    const sy_f32 a = sy_math_abs(x), s = a * a;
    sy_f32 p = -0.0006015283f;
    p = sy_fma(p, s, 0.0049981643f);
    p = sy_fma(p, s, -0.026770158f);
    p = sy_fma(p, s, 0.11281918f);
    p = sy_fma(p, s, -0.37612504f);
    p = sy_fma(p, s, 0.12837915f);
    const sy_f32 small = sy_fma(p, a, a);
    const sy_f32 t = a > 4.0f ? 4.0f : a;
    sy_f32 q = 1.0429016e-05f;
    q = sy_fma(q, t, -0.00031482783f);
    q = sy_fma(q, t, 0.0036102545f);
    q = sy_fma(q, t, -0.023694443f);
    q = sy_fma(q, t, 0.106158964f);
    q = sy_fma(q, t, 0.63519806f);
    q = sy_fma(q, t, 1.1286371f);
    const sy_f32 large = 1.0f - sy_math_expf(-(q * t));
    return sy_math_copysign(a < 0.92f ? small : large, x);
}

/* 1 / (1 + exp(-x)); below 2.5 ulp. Only exp of what is negative is taken, so small results keep their
 * digits. */
SY_FN sy_f32 sy_math_sigmoidf(sy_f32 x)
{
    const sy_f32 e = sy_math_expf(-sy_math_abs(x));
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

/* log(x) as a sum hi + lo with about 30 good bits, for positive finite x. With q = f / (2 + f) it is
 * k ln 2 + 2 q + q^3 R(q^2).
 */
SY_FN sy_f32 sy_math_log_pair(sy_f32 x, sy_f32 *lo)
{
    sy_f32 k;
    const sy_f32 f = sy_math_log_reduce(x, &k) - 1.0f;
    /* q in two parts. 2 + f is rounded: its remainder is (2 - d) + f, exactly. */
    const sy_f32 d = 2.0f + f, d_low = (2.0f - d) + f;
    const sy_f32 q = f / d;
    const sy_f32 q_low = sy_fma(-q, d_low, sy_fma(-q, d, f)) / d;
    const sy_f32 s = q * q;
    sy_f32 r = 0.2091215f;
    r = sy_fma(r, s, 0.28659323f);
    r = sy_fma(r, s, 0.39998895f);
    r = sy_fma(r, s, 0.6666667f);
    const sy_f32 main = 2.0f * q, tail = sy_fma(s * q, r, 2.0f * q_low);
    /* Exact sums: |k ln 2| is 0 or larger than |main|, and main is larger than tail. */
    const sy_f32 base = k * 0.693359375f;
    const sy_f32 sum = base + main;
    const sy_f32 left = k == 0.0f ? 0.0f : main - (sum - base);
    const sy_f32 rest = left + sy_fma(k, -2.12194440e-4f, tail);
    const sy_f32 hi = sum + rest;
    *lo = rest - (hi - sum);
    return hi;
}

/* x^y with the special cases of IEEE 754 and C; below 2 ulp. */
SY_FN sy_f32 sy_math_powf(sy_f32 x, sy_f32 y)
{
    const sy_f32 a = sy_math_abs(x), b = sy_math_abs(y);
    const sy_i32 y_whole = b >= 8388608.0f || sy_math_rint(b) == b;
    const sy_i32 y_odd = b < 16777216.0f && y_whole && sy_math_rint(b * 0.5f) * 2.0f != b;
    sy_f32 lo;
    const sy_f32 hi = sy_math_log_pair(a, &lo);
    /* Beyond 200 the result is 0 or infinite; the bound keeps the products finite. */
    const sy_f32 product = sy_math_clamp(y * hi, -200.0f, 200.0f);
    const sy_f32 product_low = sy_fma(y, lo, sy_fma(y, hi, -product));
    /* Above 1 by halves, so that what rounds to the largest floats does not overflow on the way. */
    const sy_f32 e = sy_math_exp_shifted(product, product > 0.0f ? -1 : 0);
    const sy_f32 corrected =
        (product < -199.0f ? 0.0f : sy_fma(e, product_low, e)) * (product > 0.0f ? 2.0f : 1.0f);
    const sy_f32 magnitude = product > 89.0f ? SY_INFINITY : corrected;
    sy_f32 result = x < 0.0f && !y_whole ? SY_NAN : sy_math_copysign(magnitude, x < 0.0f && y_odd ? x : 1.0f);
    const sy_f32 zero_or_infinity = (a == 0.0f) == (y > 0.0f) ? 0.0f : SY_INFINITY;
    if (a == 0.0f || a == SY_INFINITY)
        result = sy_math_copysign(zero_or_infinity, y_odd ? x : 1.0f);
    if (b == SY_INFINITY)
        result = a == 1.0f ? 1.0f : ((a > 1.0f) == (y > 0.0f) ? SY_INFINITY : 0.0f);
    if (x != x || y != y)
        result = x + y;
    return y == 0.0f || x == 1.0f ? 1.0f : result;
}

#endif
