#include "import/wire.h"

#include <string.h>

sy_bytes sy_wire_begin(sy_span message)
{
    static const unsigned char nothing[1];
    const unsigned char *at = message.at ? message.at : nothing;
    return (sy_bytes){.at = at, .end = at + (message.at ? message.size : 0)};
}

bool sy_wire_next(sy_bytes *bytes, sy_wire_field *out)
{
    const unsigned char *begin = bytes->at;
    if (bytes->failed || bytes->at == bytes->end)
        return false;
    const uint64_t tag = sy_bytes_varint(bytes);
    *out = (sy_wire_field){.number = tag >> 3, .type = (sy_wire_type)(tag & 7)};
    switch (tag & 7) {
    case SY_WIRE_VARINT: out->value = sy_bytes_varint(bytes); break;
    case SY_WIRE_FIXED64: out->value = sy_bytes_u64(bytes); break;
    case SY_WIRE_FIXED32: out->value = sy_bytes_u32(bytes); break;
    case SY_WIRE_BYTES: out->data.at = (const unsigned char *)sy_bytes_string(bytes, &out->data.size); break;
    default: bytes->failed = true;
    }
    bytes->failed |= out->number == 0;
    out->whole = (sy_span){begin, (size_t)(bytes->at - begin)};
    return !bytes->failed;
}

static void put_tag(sy_text *out, uint32_t number, sy_wire_type type)
{
    sy_put_varint(out, (uint64_t)number << 3 | (uint64_t)type);
}

size_t sy_wire_count(sy_span message, uint64_t number)
{
    sy_bytes bytes = sy_wire_begin(message);
    sy_wire_field field;
    size_t count = 0;
    while (sy_wire_next(&bytes, &field))
        count += field.number == number && field.type == SY_WIRE_BYTES;
    return count;
}

void *sy_wire_take(sy_ctx *ctx, sy_arena *arena, size_t *left, size_t count, size_t size)
{
    enum { ROUNDING = 64 }; /* of the arena */
    size_t bytes;
    if (!sy_mul_size(count, size, &bytes) || *left < ROUNDING || bytes > *left - ROUNDING) {
        sy_fail(ctx, SY_E_MODEL,
                "listing its parts takes far more memory than the file has bytes; this is no model");
        return NULL;
    }
    *left -= bytes + ROUNDING;
    void *memory = sy_arena_alloc(arena, count, size);
    sy_check_alloc(ctx, memory);
    return memory;
}

void sy_wire_put_varint(sy_text *out, uint32_t number, uint64_t value)
{
    put_tag(out, number, SY_WIRE_VARINT);
    sy_put_varint(out, value);
}

void sy_wire_put_fixed32(sy_text *out, uint32_t number, uint32_t bits)
{
    put_tag(out, number, SY_WIRE_FIXED32);
    sy_put_u32(out, bits);
}

void sy_wire_put_bytes(sy_text *out, uint32_t number, const void *data, size_t size)
{
    put_tag(out, number, SY_WIRE_BYTES);
    sy_put_varint(out, size);
    sy_text_add(out, data, size);
}

void sy_wire_put_string(sy_text *out, uint32_t number, const char *text)
{
    sy_wire_put_bytes(out, number, text, strlen(text));
}
