#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, BLOCK_BYTES = 64 * 1024 };

/* The header takes one alignment unit, so what follows it is aligned. */
struct sy_arena_block {
    struct sy_arena_block *next;
    size_t used, capacity; /* of the bytes behind the header */
};

static struct sy_arena_block *block_create(size_t bytes)
{
    size_t capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    struct sy_arena_block *block = aligned_alloc(ALIGNMENT, ALIGNMENT + capacity);
    if (block)
        *block = (struct sy_arena_block){.capacity = capacity};
    return block;
}

void sy_arena_release(sy_arena *arena)
{
    while (arena->blocks) {
        struct sy_arena_block *next = arena->blocks->next;
        free(arena->blocks);
        arena->blocks = next;
    }
}

void *sy_arena_alloc(sy_arena *arena, size_t count, size_t size)
{
    if (size && count > (SIZE_MAX / 2 - 4 * (size_t)ALIGNMENT) / size)
        return NULL;
    size_t bytes = (count * size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (bytes == 0)
        bytes = ALIGNMENT;

    struct sy_arena_block *block = arena->blocks;
    if (!block || block->capacity - block->used < bytes) {
        struct sy_arena_block *fresh = block_create(bytes);
        if (!fresh)
            return NULL;
        /* A large object gets a block of its own behind the current one, which may have room left. */
        if (block && bytes > BLOCK_BYTES / 2) {
            fresh->next = block->next;
            block->next = fresh;
        } else {
            fresh->next = block;
            arena->blocks = fresh;
        }
        block = fresh;
    }
    char *memory = (char *)block + ALIGNMENT + block->used;
    block->used += bytes;
    return memset(memory, 0, bytes);
}

void *sy_arena_copy(sy_arena *arena, const void *from, size_t bytes)
{
    void *to = sy_arena_alloc(arena, bytes, 1);
    if (to && bytes)
        memcpy(to, from, bytes);
    return to;
}

char *sy_arena_text_n(sy_arena *arena, const char *text, size_t length)
{
    char *copy = sy_arena_alloc(arena, length + 1, 1);
    if (copy && length)
        memcpy(copy, text, length);
    return copy;
}

char *sy_arena_text(sy_arena *arena, const char *text)
{
    return sy_arena_text_n(arena, text, strlen(text));
}

char *sy_arena_printf(sy_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0)
        return NULL;
    char *text = sy_arena_alloc(arena, (size_t)length + 1, 1);
    if (!text)
        return NULL;
    va_start(args, format);
    vsnprintf(text, (size_t)length + 1, format, args);
    va_end(args);
    return text;
}
