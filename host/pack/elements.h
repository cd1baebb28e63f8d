/* The bytes of a tensor of integers, and its codes. */
#ifndef SY_PACK_ELEMENTS_H
#define SY_PACK_ELEMENTS_H

#include <stdbool.h>

#include "base/fail.h"

/* How integers stand in a model file: little endian; those of 4 bits two a byte, the first one low. */
typedef struct sy_element {
    int bits; /* 4, 8 or 16 */
    bool is_signed;
} sy_element;

/* Bytes of `count` elements; 0 where there are too many. */
size_t sy_element_bytes(sy_element element, size_t count);

/* A code is the element, or where that has no sign the element less 2^(bits-1). */
void sy_elements_to_codes(sy_element element, const void *bytes, size_t count, int16_t *out);
/* What fills up the last byte is 0. Codes that do not fit lose their high bits. */
void sy_elements_from_codes(sy_element element, const int16_t *codes, size_t count, void *out);

#endif
