/* Writing FlatBuffers: tables of optional fields that refer to each other by offsets. A buffer grows from its
 * end to its beginning, so what is referred to is written first. Everything is little endian.
 */
#ifndef SY_DSP_FLATBUFFER_H
#define SY_DSP_FLATBUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

enum { SY_FLATBUFFER_FIELDS = 16 };

/* A zeroed one is empty. Running out of memory, or of the 2 GiB that offsets reach, sets `failed`; code
 * writes straight down and checks once.
 */
typedef struct sy_flatbuffer {
    unsigned char *bytes; /* the last `used` of `capacity` hold what was written */
    size_t capacity, used;
    bool failed;
    size_t table_end;                    /* of the table being written: `used` at its beginning */
    size_t fields[SY_FLATBUFFER_FIELDS]; /* `used` after each field; 0: left out */
    int field_count;
} sy_flatbuffer;

/* Where something was written, as its distance from the end; 0 is nothing. */
typedef uint32_t sy_flat_ref;

/* `count` numbers of `size` bytes; the first one's address is a multiple of `alignment` (at least `size`)
 * from the beginning of the file. */
sy_flat_ref sy_flat_vector(sy_flatbuffer *buffer, const void *elements, size_t count, size_t size,
                           size_t alignment);
sy_flat_ref sy_flat_refs(sy_flatbuffer *buffer, const sy_flat_ref *refs, size_t count);
sy_flat_ref sy_flat_string(sy_flatbuffer *buffer, const char *text);

/* One table at a time: begin, its fields in any order, end. A field that is not written has its default. */
void sy_flat_begin(sy_flatbuffer *buffer);
void sy_flat_u8(sy_flatbuffer *buffer, int field, uint8_t value);
void sy_flat_u32(sy_flatbuffer *buffer, int field, uint32_t value);
void sy_flat_f32(sy_flatbuffer *buffer, int field, float value);
void sy_flat_ref_field(sy_flatbuffer *buffer, int field, sy_flat_ref to); /* nothing for 0 */
sy_flat_ref sy_flat_end(sy_flatbuffer *buffer);

/* Ends the buffer with its root table and the file's identifier of four letters. The file is then
 * sy_flat_bytes(), `used` bytes long. SY_E_MEMORY when anything failed.
 */
sy_status sy_flat_finish(sy_ctx *ctx, sy_flatbuffer *buffer, sy_flat_ref root, const char identifier[4]);
const unsigned char *sy_flat_bytes(const sy_flatbuffer *buffer);
void sy_flatbuffer_release(sy_flatbuffer *buffer);

#endif
