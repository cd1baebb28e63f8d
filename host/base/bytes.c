#include "base/bytes.h"

#include <string.h>

const void *sy_bytes_take(sy_bytes *bytes, size_t count)
{
    if (bytes->failed || (size_t)(bytes->end - bytes->at) < count) {
        bytes->failed = true;
        return NULL;
    }
    const void *taken = bytes->at;
    bytes->at += count;
    return taken;
}

static uint64_t little_endian(sy_bytes *bytes, size_t count)
{
    const unsigned char *at = sy_bytes_take(bytes, count);
    uint64_t value = 0;
    for (size_t i = 0; at && i < count; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

uint8_t sy_bytes_u8(sy_bytes *bytes)
{
    return (uint8_t)little_endian(bytes, 1);
}

uint32_t sy_bytes_u32(sy_bytes *bytes)
{
    return (uint32_t)little_endian(bytes, 4);
}

uint64_t sy_bytes_u64(sy_bytes *bytes)
{
    return little_endian(bytes, 8);
}

float sy_bytes_f32(sy_bytes *bytes)
{
    uint32_t bits = sy_bytes_u32(bytes);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

double sy_bytes_f64(sy_bytes *bytes)
{
    uint64_t bits = sy_bytes_u64(bytes);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

uint64_t sy_bytes_varint(sy_bytes *bytes)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = sy_bytes_u8(bytes);
        if (shift == 63 && byte > 1)
            break;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return bytes->failed ? 0 : value;
    }
    bytes->failed = true;
    return 0;
}

const char *sy_bytes_string(sy_bytes *bytes, size_t *out_length)
{
    uint64_t length = sy_bytes_varint(bytes);
    if (length > (uint64_t)(bytes->end - bytes->at))
        bytes->failed = true;
    const char *text = bytes->failed ? NULL : sy_bytes_take(bytes, (size_t)length);
    *out_length = text ? (size_t)length : 0;
    return text;
}

static void put_little_endian(sy_text *out, uint64_t value, size_t count)
{
    unsigned char bytes[8];
    for (size_t i = 0; i < count; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
    sy_text_add(out, bytes, count);
}

void sy_put_u8(sy_text *out, uint8_t value)
{
    put_little_endian(out, value, 1);
}

void sy_put_u32(sy_text *out, uint32_t value)
{
    put_little_endian(out, value, 4);
}

void sy_put_u64(sy_text *out, uint64_t value)
{
    put_little_endian(out, value, 8);
}

void sy_put_f32(sy_text *out, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    sy_put_u32(out, bits);
}

void sy_put_f64(sy_text *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    sy_put_u64(out, bits);
}

void sy_put_varint(sy_text *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        sy_put_u8(out, (uint8_t)(value | 0x80));
    sy_put_u8(out, (uint8_t)value);
}

void sy_put_string(sy_text *out, const char *text)
{
    size_t length = strlen(text);
    sy_put_varint(out, length);
    sy_text_add(out, text, length);
}

bool sy_mul_size(size_t a, size_t b, size_t *out)
{
    if (b && a > SIZE_MAX / b)
        return false;
    *out = a * b;
    return true;
}

bool sy_add_size(size_t a, size_t b, size_t *out)
{
    if (a > SIZE_MAX - b)
        return false;
    *out = a + b;
    return true;
}
