/* Untrusted bytes. The error sticks, so code reads straight down and checks once; after an error
 * every read gives 0 or NULL.
 */
#ifndef SY_BASE_BYTES_H
#define SY_BASE_BYTES_H

#include <stdbool.h>

#include "base/text.h"

typedef struct sy_bytes {
    const unsigned char *at, *end;
    bool failed;
} sy_bytes;

/* Little endian. */
uint8_t sy_bytes_u8(sy_bytes *bytes);
uint32_t sy_bytes_u32(sy_bytes *bytes);
uint64_t sy_bytes_u64(sy_bytes *bytes);
float sy_bytes_f32(sy_bytes *bytes);
double sy_bytes_f64(sy_bytes *bytes);
uint64_t sy_bytes_varint(sy_bytes *bytes); /* LEB128, at most 64 bits */
const void *sy_bytes_take(sy_bytes *bytes, size_t count);
/* A length (varint) and that many bytes. */
const char *sy_bytes_string(sy_bytes *bytes, size_t *out_length);

void sy_put_u8(sy_text *out, uint8_t value);
void sy_put_u32(sy_text *out, uint32_t value);
void sy_put_u64(sy_text *out, uint64_t value);
void sy_put_f32(sy_text *out, float value);
void sy_put_f64(sy_text *out, double value);
void sy_put_varint(sy_text *out, uint64_t value);
void sy_put_string(sy_text *out, const char *text);

/* For sizes that come from a file: false when the result does not fit. */
bool sy_mul_size(size_t a, size_t b, size_t *out);
bool sy_add_size(size_t a, size_t b, size_t *out);

#endif
