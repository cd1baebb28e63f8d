/* Changes one field somewhere inside a protobuf message and writes the lengths around it anew, so that most
 * of what libFuzzer tries is still a message. Bytes that are no message are left to libFuzzer's own changes.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t max_size, unsigned seed);

enum { FIELDS_MAX = 512, DEPTH_MAX = 8, VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };

typedef struct field {
    const unsigned char *start, *payload, *end;
    uint64_t tag;
} field;

static unsigned random_below(unsigned *state, unsigned limit)
{
    *state = *state * 1664525u + 1013904223u;
    return (unsigned)(((uint64_t)*state * limit) >> 32);
}

/* Fields of a message; 0 when the bytes are not one. */
static size_t split(const unsigned char *bytes, size_t size, field *out)
{
    sy_bytes at = {.at = bytes, .end = bytes + size};
    size_t count = 0;
    while (at.at < at.end && count < FIELDS_MAX) {
        field *next = &out[count++];
        next->start = at.at;
        next->tag = sy_bytes_varint(&at);
        const unsigned wire = next->tag & 7;
        size_t length = wire == FIXED64 ? 8 : wire == FIXED32 ? 4 : 0;
        if (wire == BYTES)
            length = (size_t)sy_bytes_varint(&at);
        next->payload = at.at;
        if (wire == VARINT)
            sy_bytes_varint(&at);
        else
            sy_bytes_take(&at, length);
        next->end = at.at;
        if (at.failed || next->tag < 8 ||
            (wire != VARINT && wire != FIXED64 && wire != BYTES && wire != FIXED32))
            return 0;
    }
    return at.at == at.end ? count : 0;
}

static void put_bytes_field(sy_text *out, uint64_t tag, const void *payload, size_t size)
{
    sy_put_varint(out, tag);
    sy_put_varint(out, size);
    sy_text_add(out, payload, size);
}

static void put_interesting_varint(sy_text *out, uint64_t tag, uint64_t old, unsigned *state)
{
    static const uint64_t values[] = {0,  1,   2,        3,         4,         7,          8,
                                      16, 255, 1u << 20, INT32_MAX, INT64_MAX, UINT64_MAX, UINT64_MAX - 1};
    const unsigned choice = random_below(state, sizeof values / sizeof values[0] + 2);
    sy_put_varint(out, tag);
    sy_put_varint(out, choice == 0 ? old + 1 : choice == 1 ? old - 1 : values[choice - 2]);
}

static void mutate_message(const unsigned char *bytes, size_t size, unsigned *state, int depth, sy_text *out);

static void mutate_field(const field *old, unsigned *state, int depth, sy_text *out)
{
    const size_t size = (size_t)(old->end - old->payload);
    if ((old->tag & 7) == VARINT) {
        sy_bytes value = {.at = old->payload, .end = old->end};
        put_interesting_varint(out, old->tag, sy_bytes_varint(&value), state);
        return;
    }
    if ((old->tag & 7) != BYTES) {
        sy_text_add(out, old->start, (size_t)(old->end - old->start));
        return;
    }
    field *inner = malloc(FIELDS_MAX * sizeof *inner);
    if (inner && depth < DEPTH_MAX && random_below(state, 8) && split(old->payload, size, inner)) {
        sy_text changed = {0};
        mutate_message(old->payload, size, state, depth + 1, &changed);
        put_bytes_field(out, old->tag, changed.bytes, changed.size);
        sy_text_release(&changed);
    } else {
        unsigned char *copy = malloc(size + 16);
        if (copy && size)
            memcpy(copy, old->payload, size);
        if (copy)
            put_bytes_field(out, old->tag, copy, LLVMFuzzerMutate(copy, size, size + 16));
        free(copy);
    }
    free(inner);
}

/* One field is changed, dropped, doubled, or put where another one was. */
static void mutate_message(const unsigned char *bytes, size_t size, unsigned *state, int depth, sy_text *out)
{
    field *fields = malloc(FIELDS_MAX * sizeof *fields);
    const size_t count = fields ? split(bytes, size, fields) : 0;
    const size_t chosen = count ? random_below(state, (unsigned)count) : 0;
    const unsigned action = random_below(state, 16);
    for (size_t i = 0; i < count; i++) {
        const field *kept = &fields[i];
        if (i == chosen && action == 1)
            continue;
        if (i == chosen && action == 2)
            kept = &fields[random_below(state, (unsigned)count)];
        if (i == chosen && action > 3)
            mutate_field(kept, state, depth, out);
        else
            sy_text_add(out, kept->start, (size_t)(kept->end - kept->start));
        if (i == chosen && action == 3)
            sy_text_add(out, kept->start, (size_t)(kept->end - kept->start));
    }
    free(fields);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t max_size, unsigned seed)
{
    sy_text changed = {0};
    unsigned state = seed;
    if (random_below(&state, 8))
        mutate_message(bytes, size, &state, 0, &changed);
    const bool usable = changed.bytes && !changed.failed && changed.size > 0 && changed.size <= max_size;
    const size_t result = usable ? changed.size : LLVMFuzzerMutate(bytes, size, max_size);
    if (usable)
        memcpy(bytes, changed.bytes, changed.size);
    sy_text_release(&changed);
    return result;
}
