/* Protobuf's wire format, field by field over the bytes of a file: nothing is copied, and what is not
 * understood can be passed on as it stands.
 */
#ifndef SY_IMPORT_WIRE_H
#define SY_IMPORT_WIRE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/fail.h"

typedef enum sy_wire_type {
    SY_WIRE_VARINT = 0,
    SY_WIRE_FIXED64 = 1,
    SY_WIRE_BYTES = 2,
    SY_WIRE_FIXED32 = 5,
} sy_wire_type;

/* Bytes of the file. */
typedef struct sy_span {
    const unsigned char *at; /* NULL: there are none */
    size_t size;
} sy_span;

typedef struct sy_wire_field {
    uint64_t number;
    sy_wire_type type;
    uint64_t value; /* of VARINT, FIXED32 and FIXED64: the bits */
    sy_span data;   /* of BYTES */
    sy_span whole;  /* the field with its tag */
} sy_wire_field;

sy_bytes sy_wire_begin(sy_span message);
/* The next field; false at the end, and where the bytes make no sense: then bytes->failed. */
bool sy_wire_next(sy_bytes *bytes, sy_wire_field *out);

/* Fields of this number that hold bytes. */
size_t sy_wire_count(sy_span message, uint64_t number);
/* Zeroed memory for a list of a file's parts, counted against *left; NULL, with a message, where that or the
 * machine has no more: two bytes of a file can ask for many.
 */
void *sy_wire_take(sy_ctx *ctx, sy_arena *arena, size_t *left, size_t count, size_t size);

void sy_wire_put_varint(sy_text *out, uint32_t number, uint64_t value);
void sy_wire_put_fixed32(sy_text *out, uint32_t number, uint32_t bits);
void sy_wire_put_bytes(sy_text *out, uint32_t number, const void *data, size_t size);
void sy_wire_put_string(sy_text *out, uint32_t number, const char *text);

#endif
