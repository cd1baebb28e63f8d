#include "dsp/fixed_point.h"

#include <math.h>

const char *sy_rounding_name(sy_rounding rounding)
{
    static const char *const names[] = {"double rounding", "single rounding", "float factors"};
    return rounding < SY_ROUNDINGS ? names[rounding] : "?";
}

sy_factor_form sy_factor_form_of(double factor, float real)
{
    int exponent;
    const double fraction = frexp(factor, &exponent); /* in [0.5, 1) */
    int64_t multiplier = llrint(ldexp(fraction, 31));
    if (multiplier == (int64_t)1 << 31) {
        multiplier /= 2;
        exponent++;
    }
    if (exponent < -31)
        return (sy_factor_form){.real = real};
    return (sy_factor_form){.multiplier = (int32_t)multiplier, .shift = exponent, .real = real};
}

static int32_t saturate(int64_t value)
{
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

int32_t sy_fixed_high_product(int32_t a, int32_t b)
{
    if (a == INT32_MIN && b == INT32_MIN)
        return INT32_MAX;
    const int64_t product = (int64_t)a * b, half = (int64_t)1 << 30;
    return (int32_t)((product + (product >= 0 ? half : 1 - half)) / ((int64_t)1 << 31));
}

int32_t sy_fixed_shift(int32_t x, int bits)
{
    const int64_t magnitude = x < 0 ? -(int64_t)x : x;
    const int64_t rounded = bits > 0 ? (magnitude + ((int64_t)1 << (bits - 1))) >> bits : magnitude;
    return (int32_t)(x < 0 ? -rounded : rounded);
}

/* floor(value / 2^bits); the shift of a negative number is the compiler's choice. */
static int64_t floor_shift(int64_t value, int bits)
{
    const int64_t divisor = (int64_t)1 << bits;
    const int64_t quotient = value / divisor;
    return value % divisor < 0 ? quotient - 1 : quotient;
}

int32_t sy_fixed_multiply(int32_t acc, const sy_factor_form *factor, sy_rounding rounding)
{
    const int left = factor->shift > 0 ? factor->shift : 0, right = factor->shift < 0 ? -factor->shift : 0;
    if (rounding == SY_ROUND_FLOAT) {
        const float real = rintf((float)acc * factor->real);
        return real >= 0x1p31F ? INT32_MAX : real <= -0x1p31F ? INT32_MIN : (int32_t)real;
    }
    if (rounding == SY_ROUND_DOUBLE)
        return sy_fixed_shift(
            sy_fixed_high_product(saturate((int64_t)acc * ((int64_t)1 << left)), factor->multiplier), right);
    const int bits = 31 - factor->shift;
    return saturate(floor_shift((int64_t)acc * factor->multiplier + ((int64_t)1 << (bits - 1)), bits));
}
