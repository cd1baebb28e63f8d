/* What the kernels unary and binary compute of one element, for host, CUDA and OpenCL: sy_unary_<name> and
 * sy_binary_<name> for the names of SY_UNARY_MAP and SY_BINARY_MAP in params.h. Floats first, then the few
 * functions that integers have.
 */
#ifndef SY_KERNELS_ELEMENTWISE_H
#define SY_KERNELS_ELEMENTWISE_H

#include "kernels/math.h"
#include "kernels/trig.h"

#if defined(__OPENCL_VERSION__)
#define sy_fmod(x, y) fmod(x, y)
#else
#define sy_fmod(x, y) fmodf(x, y) /* exact everywhere: the remainder is a float */
#endif

SY_FN sy_f32 sy_math_floor(sy_f32 x)
{
    const sy_f32 near = sy_math_rint(x);
    return near > x ? near - 1.0f : near;
}

SY_FN sy_f32 sy_math_ceil(sy_f32 x)
{
    const sy_f32 near = sy_math_rint(x);
    return near < x ? sy_math_copysign(near + 1.0f, x) : near; /* -0.7 gives -0 */
}

/* log(1 + exp(x)) without overflow. */
SY_FN sy_f32 sy_math_softplus(sy_f32 x)
{
    return (x > 0.0f ? x : 0.0f) + sy_math_log1pf(sy_math_expf(-sy_math_abs(x)));
}

/* x tanh(softplus(x)): with e = exp(x) the tanh is e (e + 2) / (e (e + 2) + 2). Beyond 20 it is 1. */
SY_FN sy_f32 sy_math_mish(sy_f32 x)
{
    const sy_f32 e = sy_math_expf(x < 20.0f ? x : 20.0f);
    const sy_f32 n = e * (e + 2.0f);
    return x > 20.0f ? x : x * (n / (n + 2.0f));
}

SY_FN sy_f32 sy_math_gelu(sy_f32 x)
{
    return 0.5f * x * (1.0f + sy_math_erff(x * 0.707106769f));
}

SY_FN sy_f32 sy_math_gelu_tanh(sy_f32 x)
{
    return 0.5f * x * (1.0f + sy_math_tanhf(0.797884583f * sy_fma(0.044715f * x * x, x, x)));
}

/* FUNCTION(name, value): of x, alpha and beta, as floats. */
#define SY_UNARY_FLOAT_MAP(FUNCTION)                                           \
    FUNCTION(CLAMP, sy_math_clamp(x, alpha, beta))                             \
    FUNCTION(ABS, sy_math_abs(x))                                              \
    FUNCTION(NEG, -x)                                                          \
    FUNCTION(SIGN, x != x ? x : (sy_f32)((x > 0.0f) - (x < 0.0f)))             \
    FUNCTION(FLOOR, sy_math_floor(x))                                          \
    FUNCTION(CEIL, sy_math_ceil(x))                                            \
    FUNCTION(ROUND, sy_math_rint(x))                                           \
    FUNCTION(SQRT, sy_sqrt(x))                                                 \
    FUNCTION(RECIPROCAL, 1.0f / x)                                             \
    FUNCTION(EXP, sy_math_expf(x))                                             \
    FUNCTION(LOG, sy_math_logf(x))                                             \
    FUNCTION(ERF, sy_math_erff(x))                                             \
    FUNCTION(SIGMOID, sy_math_sigmoidf(x))                                     \
    FUNCTION(TANH, sy_math_tanhf(x))                                           \
    FUNCTION(HARD_SIGMOID, sy_math_clamp(sy_fma(alpha, x, beta), 0.0f, 1.0f))  \
    FUNCTION(HARD_SWISH, x *sy_math_clamp(sy_fma(alpha, x, beta), 0.0f, 1.0f)) \
    FUNCTION(LEAKY_RELU, x < 0.0f ? alpha * x : x)                             \
    FUNCTION(ELU, x < 0.0f ? alpha * sy_math_expm1f(x) : x)                    \
    FUNCTION(SELU, x > 0.0f ? beta * x : beta * (alpha * sy_math_expm1f(x)))   \
    FUNCTION(CELU, x < 0.0f ? alpha * sy_math_expm1f(x / alpha) : x)           \
    FUNCTION(SOFTPLUS, sy_math_softplus(x))                                    \
    FUNCTION(SOFTSIGN, x / (1.0f + sy_math_abs(x)))                            \
    FUNCTION(THRESHOLDED_RELU, x > alpha ? x : 0.0f)                           \
    FUNCTION(GELU, sy_math_gelu(x))                                            \
    FUNCTION(GELU_TANH, sy_math_gelu_tanh(x))                                  \
    FUNCTION(MISH, sy_math_mish(x))                                            \
    FUNCTION(SWISH, x *sy_math_sigmoidf(alpha *x))                             \
    FUNCTION(SIN, sy_math_sinf(x))                                             \
    FUNCTION(COS, sy_math_cosf(x))                                             \
    FUNCTION(TAN, sy_math_tanf(x))                                             \
    FUNCTION(ASIN, sy_math_asinf(x))                                           \
    FUNCTION(ACOS, sy_math_acosf(x))                                           \
    FUNCTION(ATAN, sy_math_atanf(x))                                           \
    FUNCTION(SINH, sy_math_sinhf(x))                                           \
    FUNCTION(COSH, sy_math_coshf(x))                                           \
    FUNCTION(ASINH, sy_math_asinhf(x))                                         \
    FUNCTION(ACOSH, sy_math_acoshf(x))                                         \
    FUNCTION(ATANH, sy_math_atanhf(x))                                         \
    FUNCTION(SHRINK, x < -alpha ? x + beta : (x > alpha ? x - beta : 0.0f))

/* FUNCTION(name, value): of x, alpha and beta; x is a float and the value an int, 0 or 1. */
#define SY_UNARY_TEST_MAP(FUNCTION) \
    FUNCTION(IS_NAN, x != x)        \
    FUNCTION(IS_INF, (alpha != 0.0f && x == -SY_INFINITY) || (beta != 0.0f && x == SY_INFINITY))

/* FUNCTION(name, value): of the int x; what would be 2^31 wraps. CLAMP's bounds saturate. */
#define SY_UNARY_INT_MAP(FUNCTION)                      \
    FUNCTION(CLAMP, sy_int_clamp(x, alpha, beta))       \
    FUNCTION(ABS, x < 0 ? (sy_i32)(0u - (sy_u32)x) : x) \
    FUNCTION(NEG, (sy_i32)(0u - (sy_u32)x))             \
    FUNCTION(SIGN, (x > 0) - (x < 0))                   \
    FUNCTION(NOT, x == 0)

/* Truncated; 2^31 and beyond saturate. Not for NaN. */
SY_FN sy_i32 sy_int_from(sy_f32 x)
{
    return x >= 2147483648.0f ? 2147483647 : (x <= -2147483648.0f ? -2147483647 - 1 : (sy_i32)x);
}

SY_FN sy_i32 sy_int_clamp(sy_i32 x, sy_f32 lo, sy_f32 hi)
{
    const sy_i32 low = sy_int_from(sy_math_ceil(lo)), high = sy_int_from(sy_math_floor(hi));
    return x < low ? low : (x > high ? high : x);
}

/* Small powers as one would write them, which is what models mean by them; the general case is within 2 ulp.
 */
SY_FN sy_f32 sy_math_power(sy_f32 x, sy_f32 y)
{
    if (y == 2.0f)
        return x * x;
    if (y == 3.0f)
        return x * x * x;
    if (y == -1.0f)
        return 1.0f / x;
    if (y == 0.5f && x > 0.0f)
        return sy_sqrt(x);
    return sy_math_powf(x, y);
}

/* By squaring, wrapping; a negative exponent leaves only powers of 1 and -1 whole, the rest is cut off to 0.
 */
SY_FN sy_i32 sy_int_power(sy_i32 x, sy_i32 y)
{
    sy_u32 base = (sy_u32)x, result = 1;
    sy_u32 left = (sy_u32)y;
    if (y < 0)
        return x == 1 ? 1 : (x == -1 ? ((left & 1u) ? -1 : 1) : 0);
    for (; left; left >>= 1) {
        result *= (left & 1u) ? base : 1u;
        base *= base;
    }
    return (sy_i32)result;
}

/* Truncated; by 0 gives 0. */
SY_FN sy_i32 sy_int_divide(sy_i32 x, sy_i32 y)
{
    return y == 0 ? 0 : (y == -1 ? (sy_i32)(0u - (sy_u32)x) : x / y);
}

/* The remainder with the sign of the dividend; of 0 it is 0. */
SY_FN sy_i32 sy_int_remainder(sy_i32 x, sy_i32 y)
{
    return y == 0 || y == -1 ? 0 : x % y;
}

/* The remainder with the sign of the divisor. */
SY_FN sy_i32 sy_int_modulo(sy_i32 x, sy_i32 y)
{
    const sy_i32 rest = sy_int_remainder(x, y);
    return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest;
}

/* FUNCTION(name, value): of the floats u and v, in two parts: what compilers turn into vectors, and what
 * stays a call. A minimum or maximum with a NaN is a NaN. */
#define SY_BINARY_FLOAT_MAP(FUNCTION)      \
    FUNCTION(ADD, u + v)                   \
    FUNCTION(SUB, u - v)                   \
    FUNCTION(MUL, u *v)                    \
    FUNCTION(DIV, u / v)                   \
    FUNCTION(MIN, u < v || u != u ? u : v) \
    FUNCTION(MAX, u > v || u != u ? u : v) \
    FUNCTION(PRELU, u < 0.0f ? u * v : u)

#define SY_BINARY_CALL_MAP(FUNCTION)   \
    FUNCTION(POW, sy_math_power(u, v)) \
    FUNCTION(FMOD, sy_fmod(u, v))

/* The same of ints, wrapping. */
#define SY_BINARY_INT_MAP(FUNCTION)                              \
    FUNCTION(ADD, (sy_i32)((sy_u32)u + (sy_u32)v))               \
    FUNCTION(SUB, (sy_i32)((sy_u32)u - (sy_u32)v))               \
    FUNCTION(MUL, (sy_i32)((sy_u32)u * (sy_u32)v))               \
    FUNCTION(DIV, sy_int_divide(u, v))                           \
    FUNCTION(POW, sy_int_power(u, v))                            \
    FUNCTION(MIN, u < v ? u : v)                                 \
    FUNCTION(MAX, u > v ? u : v)                                 \
    FUNCTION(MOD, sy_int_modulo(u, v))                           \
    FUNCTION(FMOD, sy_int_remainder(u, v))                       \
    FUNCTION(PRELU, u < 0 ? (sy_i32)((sy_u32)u * (sy_u32)v) : u) \
    FUNCTION(AND, u != 0 && v != 0)                              \
    FUNCTION(OR, u != 0 || v != 0)                               \
    FUNCTION(XOR, (u != 0) != (v != 0))

/* Of two floats or two ints; the value is an int, 0 or 1. */
#define SY_BINARY_COMPARE_MAP(FUNCTION) \
    FUNCTION(EQUAL, u == v)             \
    FUNCTION(LESS, u < v)               \
    FUNCTION(LESS_OR_EQUAL, u <= v)     \
    FUNCTION(GREATER, u > v)            \
    FUNCTION(GREATER_OR_EQUAL, u >= v)

#endif
