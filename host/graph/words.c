#include "graph/words.h"

#include <math.h>
#include <string.h>

/* IEEE binary16 from binary32: the shift that makes the last place of the result 1 is a power of two, so the
 * one rounding is that of rint, half to even.
 */
static uint16_t half_from_float(float value)
{
    const uint16_t sign = signbit(value) ? 0x8000 : 0;
    const float magnitude = fabsf(value);
    int exponent;
    if (isnan(value))
        return sign | 0x7e00;
    if (magnitude >= 65520.0f) /* halfway from the largest, 65504, to what would come next */
        return sign | 0x7c00;
    if (magnitude < 0x1p-14f) /* zero and subnormal: multiples of 2^-24 */
        return sign | (uint16_t)rintf(ldexpf(magnitude, 24));
    frexpf(magnitude, &exponent); /* 2^(exponent-1) <= magnitude < 2^exponent */
    /* 1024 .. 2048, where 2048 carries into the exponent by itself. */
    const uint16_t mantissa = (uint16_t)rintf(ldexpf(magnitude, 11 - exponent));
    return sign | (uint16_t)(((exponent + 14) << 10) + mantissa - 1024);
}

/* The upper half of binary32, rounded half to even. */
static uint16_t bfloat_from_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (isnan(value))
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static sy_status refuse(sy_ctx *ctx, sy_dtype dtype)
{
    return sy_fail(ctx, SY_E_UNSUPPORTED, "elements of type %s cannot be computed with",
                   sy_dtype_name(dtype));
}

static int32_t saturated(int64_t value)
{
    return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

/* The two types that quantized activations have, without a detour. */
static bool widen_bytes(sy_dtype dtype, const void *elements, size_t count, int32_t *words)
{
    if (dtype == SY_DTYPE_UINT8) {
        const uint8_t *at = elements;
        for (size_t i = 0; i < count; i++)
            words[i] = at[i];
    } else if (dtype == SY_DTYPE_INT8) {
        const int8_t *at = elements;
        for (size_t i = 0; i < count; i++)
            words[i] = at[i];
    }
    return dtype == SY_DTYPE_UINT8 || dtype == SY_DTYPE_INT8;
}

sy_status sy_words_from_tensor(sy_ctx *ctx, const sy_tensor *tensor, size_t count, void *words)
{
    enum { CHUNK = 256 }; /* even, so that 4-bit elements start a byte */
    const unsigned bits = sy_dtype_bits(tensor->dtype);
    const unsigned char *at = tensor->data;
    if (bits == 0)
        return refuse(ctx, tensor->dtype);
    SY_TRY(sy_tensor_check(ctx, tensor, count));
    if (tensor->dtype == SY_DTYPE_INT32 && count)
        memcpy(words, at, count * sizeof(int32_t));
    if (tensor->dtype == SY_DTYPE_INT32 || widen_bytes(tensor->dtype, at, count, words))
        return SY_OK;
    if (sy_dtype_is_float(tensor->dtype))
        return sy_tensor_to_f32(ctx, tensor, words, count);
    for (size_t done = 0; done < count; done += CHUNK) {
        const size_t n = count - done < CHUNK ? count - done : CHUNK;
        sy_tensor chunk = *tensor;
        int64_t wide[CHUNK];
        chunk.data = at + done * bits / 8;
        chunk.bytes = tensor->bytes - done * bits / 8;
        SY_TRY(sy_tensor_to_i64(ctx, &chunk, wide, n));
        for (size_t i = 0; i < n; i++)
            ((int32_t *)words)[done + i] = saturated(wide[i]);
    }
    return SY_OK;
}

sy_status sy_words_from_elements(sy_ctx *ctx, sy_dtype dtype, const void *elements, size_t count, void *words)
{
    const sy_tensor tensor = {.name = "elements",
                              .dtype = dtype,
                              .data = elements,
                              .bytes = (count * sy_dtype_bits(dtype) + 7) / 8};
    return sy_words_from_tensor(ctx, &tensor, count, words);
}

/* One element; `out` holds 8 bytes, of which the low ones are the element. */
static bool element_from_word(sy_dtype dtype, const void *word, uint64_t *out)
{
    float real;
    double wide;
    int32_t whole;
    memcpy(&real, word, sizeof real);
    memcpy(&whole, word, sizeof whole);
    switch (dtype) {
    case SY_DTYPE_FLOAT: *out = (uint32_t)whole; return true;
    case SY_DTYPE_DOUBLE:
        wide = (double)real;
        memcpy(out, &wide, sizeof *out);
        return true;
    case SY_DTYPE_FLOAT16: *out = half_from_float(real); return true;
    case SY_DTYPE_BFLOAT16: *out = bfloat_from_float(real); return true;
    case SY_DTYPE_BOOL: *out = whole != 0; return true;
    case SY_DTYPE_UINT8:
    case SY_DTYPE_INT8:
    case SY_DTYPE_UINT16:
    case SY_DTYPE_INT16:
    case SY_DTYPE_INT32:
    case SY_DTYPE_UINT32:
    case SY_DTYPE_INT64:
    case SY_DTYPE_UINT64: *out = (uint64_t)(int64_t)whole; return true;
    case SY_DTYPE_UNDEFINED:
    case SY_DTYPE_STRING:
    case SY_DTYPE_UINT4:
    case SY_DTYPE_INT4: break;
    }
    return false;
}

sy_status sy_words_to_elements(sy_ctx *ctx, sy_dtype dtype, const void *words, size_t count, void *elements)
{
    const size_t size = sy_dtype_bits(dtype) / 8;
    const unsigned char *from = words;
    unsigned char *to = elements;
    if (dtype == SY_DTYPE_FLOAT && count)
        memcpy(elements, words, count * sizeof(float));
    if (dtype == SY_DTYPE_UINT8 || dtype == SY_DTYPE_INT8)
        for (size_t i = 0; i < count; i++)
            to[i] = (unsigned char)((const uint32_t *)words)[i];
    if (dtype == SY_DTYPE_FLOAT || dtype == SY_DTYPE_UINT8 || dtype == SY_DTYPE_INT8)
        return SY_OK;
    for (size_t i = 0; i < count; i++) {
        uint64_t element;
        if (!element_from_word(dtype, from + i * sizeof(uint32_t), &element))
            return refuse(ctx, dtype);
        memcpy(to + i * size, &element, size); /* little endian, as the file and this machine */
    }
    return SY_OK;
}
