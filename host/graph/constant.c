#include <math.h>
#include <string.h>

#include "graph/graph.h"

float sy_half_to_float(uint16_t bits)
{
    unsigned exponent = (bits >> 10) & 31, mantissa = bits & 1023;
    float magnitude;
    if (exponent == 31)
        magnitude = mantissa ? NAN : INFINITY;
    else if (exponent)
        magnitude = ldexpf((float)(mantissa | 1024), (int)exponent - 25);
    else
        magnitude = ldexpf((float)mantissa, -24);
    return bits & 0x8000 ? -magnitude : magnitude;
}

uint16_t sy_float_to_half(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000)
        return (uint16_t)(sign | 0x7e00);
    const float absolute = fabsf(value);
    if (absolute >= 65520)
        return (uint16_t)(sign | 0x7c00);
    if (absolute < 0x1p-14F) {
        const float steps = rintf(absolute * 0x1p24F);
        return (uint16_t)(sign | (uint32_t)steps);
    }
    const uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
    return (uint16_t)(sign | ((rounded >> 13) - (112U << 10)));
}

static float bfloat_to_float(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

static double saturated_float(double value)
{
    static const double largest = 3.4028234663852886e38;
    return isfinite(value) && fabs(value) > largest ? copysign(largest, value) : value;
}

static int64_t saturated_int(double value)
{
    if (!(value == value))
        return 0;
    if (value >= 9223372036854775807.0)
        return INT64_MAX;
    if (value <= -9223372036854775808.0)
        return INT64_MIN;
    return (int64_t)value;
}

/* Element i. Integers come in *as_int, floats in *as_double; tells which. */
static bool element(const sy_tensor *tensor, size_t i, int64_t *as_int, double *as_double)
{
    const unsigned char *at = (const unsigned char *)tensor->data + i * (sy_dtype_bits(tensor->dtype) / 8);
    uint64_t word = 0;
    if (sy_dtype_bits(tensor->dtype) >= 8)
        memcpy(&word, at, sy_dtype_bits(tensor->dtype) / 8); /* little endian, as the file and this machine */
    float single;
    uint32_t low = (uint32_t)word;
    switch (tensor->dtype) {
    case SY_DTYPE_FLOAT:
        memcpy(&single, &low, sizeof single);
        *as_double = (double)single;
        return false;
    case SY_DTYPE_DOUBLE: memcpy(as_double, &word, sizeof word); return false;
    case SY_DTYPE_FLOAT16: *as_double = (double)sy_half_to_float((uint16_t)word); return false;
    case SY_DTYPE_BFLOAT16: *as_double = (double)bfloat_to_float((uint16_t)word); return false;
    case SY_DTYPE_BOOL: *as_int = word != 0; return true;
    case SY_DTYPE_INT8: *as_int = (int8_t)word; return true;
    case SY_DTYPE_INT16: *as_int = (int16_t)word; return true;
    case SY_DTYPE_INT32: *as_int = (int32_t)low; return true;
    case SY_DTYPE_UINT4:
    case SY_DTYPE_INT4: {
        int nibble = (((const unsigned char *)tensor->data)[i / 2] >> (i % 2 ? 4 : 0)) & 15;
        *as_int = tensor->dtype == SY_DTYPE_INT4 && nibble > 7 ? nibble - 16 : nibble;
        return true;
    }
    case SY_DTYPE_UINT64: *as_int = word > INT64_MAX ? INT64_MAX : (int64_t)word; return true;
    default: *as_int = (int64_t)word; return true;
    }
}

sy_status sy_tensor_check(sy_ctx *ctx, const sy_tensor *tensor, size_t count)
{
    unsigned bits = sy_dtype_bits(tensor->dtype);
    if (!tensor->data)
        return sy_fail(ctx, SY_E_MODEL, "tensor '%s' is computed, a constant was expected", tensor->name);
    if (bits == 0)
        return sy_fail(ctx, SY_E_MODEL, "tensor '%s' holds %s, numbers were expected", tensor->name,
                       sy_dtype_name(tensor->dtype));
    if (count > tensor->bytes * 8 / bits)
        return sy_fail(ctx, SY_E_MODEL, "tensor '%s' holds %zu elements, %zu were expected", tensor->name,
                       tensor->bytes * 8 / bits, count);
    return SY_OK;
}

sy_status sy_tensor_to_f32(sy_ctx *ctx, const sy_tensor *tensor, float *out, size_t count)
{
    SY_TRY(sy_tensor_check(ctx, tensor, count));
    if (tensor->dtype == SY_DTYPE_FLOAT) {
        if (count)
            memcpy(out, tensor->data, count * sizeof *out);
        return SY_OK;
    }
    for (size_t i = 0; i < count; i++) {
        int64_t whole = 0;
        double real = 0;
        out[i] = element(tensor, i, &whole, &real) ? (float)whole : (float)saturated_float(real);
    }
    return SY_OK;
}

sy_status sy_tensor_to_i64(sy_ctx *ctx, const sy_tensor *tensor, int64_t *out, size_t count)
{
    SY_TRY(sy_tensor_check(ctx, tensor, count));
    for (size_t i = 0; i < count; i++) {
        double real = 0;
        if (!element(tensor, i, &out[i], &real))
            out[i] = saturated_int(real);
    }
    return SY_OK;
}
