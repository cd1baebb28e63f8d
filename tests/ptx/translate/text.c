#include "translate/text.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 64 * 1024 };

struct ptx_chunk {
    ptx_chunk *next;
    size_t used, bytes;
    alignas(max_align_t) char memory[];
};

static void *or_abort(void *memory)
{
    if (!memory) {
        fputs("ptx: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *ptx_alloc(ptx_arena *arena, size_t bytes)
{
    const size_t rounded = (bytes + 15) & ~(size_t)15;
    ptx_chunk *chunk = arena->chunks;
    if (!chunk || chunk->bytes - chunk->used < rounded) {
        const size_t room = rounded > CHUNK ? rounded : CHUNK;
        chunk = or_abort(calloc(1, sizeof *chunk + room));
        chunk->bytes = room;
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    chunk->used += rounded;
    return chunk->memory + chunk->used - rounded;
}

char *ptx_copy(ptx_arena *arena, const char *text, size_t length)
{
    char *copy = ptx_alloc(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

void ptx_arena_release(ptx_arena *arena)
{
    while (arena->chunks) {
        ptx_chunk *next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
}

void ptx_put(ptx_buffer *buffer, const char *format, ...)
{
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    const size_t length = (size_t)vsnprintf(NULL, 0, format, values);
    va_end(values);
    if (buffer->length + length + 1 > buffer->capacity) {
        buffer->capacity = 2 * (buffer->length + length) + 1024;
        buffer->text = or_abort(realloc(buffer->text, buffer->capacity));
    }
    vsnprintf(buffer->text + buffer->length, length + 1, format, again);
    va_end(again);
    buffer->length += length;
}
