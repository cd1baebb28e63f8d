#include "pack/elements.h"

#include <string.h>

size_t sy_element_bytes(sy_element element, size_t count)
{
    if (element.bits == 4)
        return count / 2 + count % 2;
    return element.bits == 16 ? (count > SIZE_MAX / 2 ? 0 : 2 * count) : count;
}

/* Without a sign the highest bit turns over: 0 is the least code. */
static unsigned flip_of(sy_element element)
{
    return element.is_signed ? 0 : 1u << (element.bits - 1);
}

void sy_elements_to_codes(sy_element element, const void *bytes, size_t count, int16_t *out)
{
    const unsigned char *at = bytes;
    const unsigned flip = flip_of(element);
    if (element.bits == 8)
        for (size_t i = 0; i < count; i++)
            out[i] = (int8_t)(at[i] ^ flip);
    else if (element.bits == 16)
        for (size_t i = 0; i < count; i++)
            out[i] = (int16_t)((at[2 * i] | (unsigned)at[2 * i + 1] << 8) ^ flip);
    else
        for (size_t i = 0; i < count; i++)
            out[i] = (int16_t)((int)(((at[i / 2] >> 4 * (i % 2) & 15u) ^ flip ^ 8u)) - 8);
}

void sy_elements_from_codes(sy_element element, const int16_t *codes, size_t count, void *out)
{
    unsigned char *at = out;
    const unsigned flip = flip_of(element);
    if (element.bits == 8) {
        for (size_t i = 0; i < count; i++)
            at[i] = (unsigned char)((unsigned)codes[i] ^ flip);
    } else if (element.bits == 16) {
        for (size_t i = 0; i < count; i++) {
            const unsigned value = (unsigned)codes[i] ^ flip;
            at[2 * i] = (unsigned char)value;
            at[2 * i + 1] = (unsigned char)(value >> 8);
        }
    } else {
        memset(at, 0, count / 2 + count % 2);
        for (size_t i = 0; i < count; i++)
            at[i / 2] |= (unsigned char)((((unsigned)codes[i] ^ flip) & 15u) << 4 * (i % 2));
    }
}
