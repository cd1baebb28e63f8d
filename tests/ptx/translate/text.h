/* Memory of one translation, and text that grows. */
#ifndef SY_TESTS_PTX_TEXT_H
#define SY_TESTS_PTX_TEXT_H

#include <stddef.h>

/* Everything a translation allocates lives until the arena is released. */
typedef struct ptx_chunk ptx_chunk;
typedef struct {
    ptx_chunk *chunks;
} ptx_arena;

/* Zeroed; aborts the process when there is no memory, as tests may. */
void *ptx_alloc(ptx_arena *arena, size_t bytes);
char *ptx_copy(ptx_arena *arena, const char *text, size_t length);
void ptx_arena_release(ptx_arena *arena);

/* `text` always ends in NUL once something was put. Released by free(text). */
typedef struct {
    char *text;
    size_t length, capacity;
} ptx_buffer;

void ptx_put(ptx_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
