#include "dsp/flatbuffer.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum { LARGEST_ALIGNMENT = 16 };
static const size_t reach = (size_t)1 << 31; /* of an offset */

/* Room for `size` more bytes in front, or NULL. */
static unsigned char *claim(sy_flatbuffer *buffer, size_t size)
{
    size_t needed;
    if (buffer->failed || !sy_add_size(buffer->used, size, &needed) || needed >= reach) {
        buffer->failed = true;
        return NULL;
    }
    if (needed > buffer->capacity) {
        const size_t capacity = 2 * needed + 1024;
        unsigned char *bytes = malloc(capacity);
        if (!bytes) {
            buffer->failed = true;
            return NULL;
        }
        if (buffer->used)
            memcpy(bytes + capacity - buffer->used, sy_flat_bytes(buffer), buffer->used);
        free(buffer->bytes);
        buffer->bytes = bytes;
        buffer->capacity = capacity;
    }
    buffer->used = needed;
    return buffer->bytes + buffer->capacity - needed;
}

static void put(sy_flatbuffer *buffer, uint64_t value, size_t size)
{
    unsigned char *to = claim(buffer, size);
    for (size_t i = 0; to && i < size; i++)
        to[i] = (unsigned char)(value >> (8 * i));
}

/* Zeros until `ahead` more bytes end on a multiple of `alignment` from the end; the whole buffer is padded to
 * the largest alignment at last, so that then holds from the beginning too. */
static void align(sy_flatbuffer *buffer, size_t ahead, size_t alignment)
{
    const size_t padding = (alignment - (buffer->used + ahead) % alignment) % alignment;
    unsigned char *to = claim(buffer, padding);
    if (to)
        memset(to, 0, padding);
}

static sy_flat_ref here(const sy_flatbuffer *buffer)
{
    return (sy_flat_ref)buffer->used;
}

/* From a field about to be written, of 4 bytes, to what was written before. */
static void put_ref(sy_flatbuffer *buffer, sy_flat_ref to)
{
    align(buffer, 0, 4);
    put(buffer, buffer->used + 4 - to, 4);
}

sy_flat_ref sy_flat_vector(sy_flatbuffer *buffer, const void *elements, size_t count, size_t size,
                           size_t alignment)
{
    size_t bytes;
    if (!sy_mul_size(count, size, &bytes)) {
        buffer->failed = true;
        return 0;
    }
    align(buffer, bytes, 4);
    align(buffer, bytes, alignment);
    unsigned char *to = claim(buffer, bytes);
    if (to && bytes)
        memcpy(to, elements, bytes);
    put(buffer, count, 4);
    return here(buffer);
}

sy_flat_ref sy_flat_refs(sy_flatbuffer *buffer, const sy_flat_ref *refs, size_t count)
{
    align(buffer, 0, 4);
    for (size_t i = count; i-- > 0;)
        put_ref(buffer, refs[i]);
    put(buffer, count, 4);
    return here(buffer);
}

sy_flat_ref sy_flat_string(sy_flatbuffer *buffer, const char *text)
{
    const size_t length = strlen(text);
    align(buffer, length + 1, 4);
    put(buffer, 0, 1);
    unsigned char *to = claim(buffer, length);
    if (to)
        memcpy(to, text, length); /* NOLINT(bugprone-not-null-terminated-result): the zero is there already */
    put(buffer, length, 4);
    return here(buffer);
}

void sy_flat_begin(sy_flatbuffer *buffer)
{
    align(buffer, 0, 4);
    memset(buffer->fields, 0, sizeof buffer->fields);
    buffer->field_count = 0;
    buffer->table_end = buffer->used;
}

static void note_field(sy_flatbuffer *buffer, int field)
{
    buffer->fields[field] = buffer->used;
    if (field >= buffer->field_count)
        buffer->field_count = field + 1;
}

void sy_flat_u8(sy_flatbuffer *buffer, int field, uint8_t value)
{
    put(buffer, value, 1);
    note_field(buffer, field);
}

void sy_flat_u32(sy_flatbuffer *buffer, int field, uint32_t value)
{
    align(buffer, 0, 4);
    put(buffer, value, 4);
    note_field(buffer, field);
}

void sy_flat_f32(sy_flatbuffer *buffer, int field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    sy_flat_u32(buffer, field, bits);
}

void sy_flat_ref_field(sy_flatbuffer *buffer, int field, sy_flat_ref to)
{
    if (!to)
        return;
    put_ref(buffer, to);
    note_field(buffer, field);
}

/* The table begins with the distance back to its vtable: the sizes of both, then where each field is. */
sy_flat_ref sy_flat_end(sy_flatbuffer *buffer)
{
    const size_t vtable_bytes = 4 + 2 * (size_t)buffer->field_count;
    align(buffer, 0, 4);
    put(buffer, vtable_bytes, 4);
    const size_t table = buffer->used;
    for (int field = buffer->field_count; field-- > 0;)
        put(buffer, buffer->fields[field] ? table - buffer->fields[field] : 0, 2);
    put(buffer, table - buffer->table_end, 2);
    put(buffer, vtable_bytes, 2);
    return (sy_flat_ref)table;
}

sy_status sy_flat_finish(sy_ctx *ctx, sy_flatbuffer *buffer, sy_flat_ref root, const char identifier[4])
{
    align(buffer, 8, LARGEST_ALIGNMENT);
    unsigned char *to = claim(buffer, 4);
    if (to)
        memcpy(to, identifier, 4);
    put_ref(buffer, root);
    return sy_check_alloc(ctx, buffer->failed ? NULL : buffer);
}

const unsigned char *sy_flat_bytes(const sy_flatbuffer *buffer)
{
    return buffer->bytes + buffer->capacity - buffer->used;
}

void sy_flatbuffer_release(sy_flatbuffer *buffer)
{
    free(buffer->bytes);
    *buffer = (sy_flatbuffer){0};
}
