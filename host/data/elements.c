#include "data/elements.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

bool sy_elements_limits(sy_dtype dtype, int64_t *out_least, int64_t *out_most)
{
    static const struct {
        sy_dtype dtype;
        int64_t least, most;
    } limits[] = {
        {SY_DTYPE_BOOL, 0, 1},
        {SY_DTYPE_UINT8, 0, UINT8_MAX},
        {SY_DTYPE_INT8, INT8_MIN, INT8_MAX},
        {SY_DTYPE_UINT16, 0, UINT16_MAX},
        {SY_DTYPE_INT16, INT16_MIN, INT16_MAX},
        {SY_DTYPE_INT32, INT32_MIN, INT32_MAX},
        {SY_DTYPE_INT64, INT32_MIN, INT32_MAX}, /* a word has 32 bits */
        {SY_DTYPE_UINT32, 0, INT32_MAX},
        {SY_DTYPE_UINT64, 0, INT32_MAX},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (limits[i].dtype == dtype) {
            *out_least = limits[i].least;
            *out_most = limits[i].most;
            return true;
        }
    return false;
}

/* IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction. */
static float half_to_float(uint16_t half)
{
    int exponent = half >> 10 & 31, fraction = half & 1023;
    float magnitude = exponent == 0    ? ldexpf((float)fraction, -24)
                      : exponent == 31 ? (fraction ? NAN : INFINITY)
                                       : ldexpf((float)(fraction + 1024), exponent - 25);
    return half & 0x8000 ? -magnitude : magnitude;
}

static float bfloat_to_float(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

static uint64_t read_bits(const unsigned char *at, unsigned bytes)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < bytes; i++)
        bits |= (uint64_t)at[i] << (8 * i);
    return bits;
}

static float read_float(sy_dtype from, const unsigned char *at)
{
    uint64_t bits = read_bits(at, sy_dtype_bits(from) / 8);
    if (from == SY_DTYPE_FLOAT16)
        return half_to_float((uint16_t)bits);
    if (from == SY_DTYPE_BFLOAT16)
        return bfloat_to_float((uint16_t)bits);
    if (from == SY_DTYPE_DOUBLE) {
        double value;
        memcpy(&value, &bits, sizeof value);
        return (float)value;
    }
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return value;
}

/* Integers beyond int64_t saturate; no word holds them either way. */
static int64_t read_integer(sy_dtype from, const unsigned char *at)
{
    uint64_t bits = read_bits(at, sy_dtype_bits(from) / 8);
    switch (from) {
    case SY_DTYPE_BOOL: return bits != 0;
    case SY_DTYPE_INT8: return (int8_t)bits;
    case SY_DTYPE_INT16: return (int16_t)bits;
    case SY_DTYPE_INT32: return (int32_t)bits;
    case SY_DTYPE_UINT64: return bits > INT64_MAX ? INT64_MAX : (int64_t)bits;
    default: return (int64_t)bits;
    }
}

/* Where element i of a file is among the words. */
static size_t place(size_t i, const sy_shape *shape, sy_order order)
{
    if (order == SY_ORDER_SAME)
        return i;
    /* [n][a][b] to [n][b][a], where one of a and b is the channels and the other the positions. */
    const bool channels_last = order == SY_ORDER_NHWC_TO_NCHW;
    const size_t channels = (size_t)shape->dims[channels_last ? 1 : 3];
    const size_t positions =
        channels_last ? (size_t)(shape->dims[2] * shape->dims[3]) : (size_t)(shape->dims[1] * shape->dims[2]);
    const size_t a = channels_last ? positions : channels, b = channels_last ? channels : positions;
    const size_t n = i / (a * b), rest = i % (a * b);
    return n * a * b + rest % b * a + rest / b;
}

static sy_status convert_floats(sy_ctx *ctx, const sy_elements *from, const sy_shape *shape, sy_order order,
                                float *words)
{
    const bool floating = sy_dtype_is_float(from->dtype);
    const size_t step = sy_dtype_bits(from->dtype) / 8;
    for (size_t i = 0; i < from->count; i++) {
        const unsigned char *at = from->bytes + i * step;
        float value = floating ? read_float(from->dtype, at) : (float)read_integer(from->dtype, at);
        if (isnan(value))
            return sy_fail(ctx, SY_E_DATA, "element %zu is not a number", i);
        words[place(i, shape, order)] = value;
    }
    return SY_OK;
}

static sy_status convert_integers(sy_ctx *ctx, const sy_elements *from, sy_dtype dtype, const sy_shape *shape,
                                  sy_order order, int32_t *words)
{
    const size_t step = sy_dtype_bits(from->dtype) / 8;
    int64_t least = 0, most = 0;
    if (!sy_elements_limits(dtype, &least, &most))
        return sy_fail(ctx, SY_E_UNSUPPORTED, "an input of %s cannot be filled from files",
                       sy_dtype_name(dtype));
    if (sy_dtype_is_float(from->dtype))
        return sy_fail(ctx, SY_E_DATA, "holds %s where the model wants %s", sy_dtype_name(from->dtype),
                       sy_dtype_name(dtype));
    for (size_t i = 0; i < from->count; i++) {
        int64_t value = read_integer(from->dtype, from->bytes + i * step);
        if (value < least || value > most)
            return sy_fail(ctx, SY_E_DATA, "element %zu is %" PRId64 ", outside %" PRId64 " to %" PRId64, i,
                           value, least, most);
        words[place(i, shape, order)] = (int32_t)value;
    }
    return SY_OK;
}

sy_status sy_elements_convert(sy_ctx *ctx, const sy_elements *from, sy_dtype dtype, const sy_shape *shape,
                              sy_order order, void *words)
{
    if (sy_dtype_is_float(dtype))
        return convert_floats(ctx, from, shape, order, words);
    return convert_integers(ctx, from, dtype, shape, order, words);
}
