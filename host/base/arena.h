/* Memory that is freed all at once: the storage of one value of the pipeline. */
#ifndef SY_BASE_ARENA_H
#define SY_BASE_ARENA_H

#include "base/fail.h"

typedef struct sy_arena {
    struct sy_arena_block *blocks;
} sy_arena; /* a zeroed one is empty and ready */

void sy_arena_release(sy_arena *arena);

/* Zeroed memory for `count` objects of `size` bytes, aligned to 64. NULL when there is none or when
 * the product overflows; never NULL for count 0.
 */
void *sy_arena_alloc(sy_arena *arena, size_t count, size_t size);

/* Copies; NULL when there is no memory. */
char *sy_arena_text(sy_arena *arena, const char *text);
char *sy_arena_text_n(sy_arena *arena, const char *text, size_t length);
char *sy_arena_printf(sy_arena *arena, const char *format, ...) SY_PRINTF(2, 3);
void *sy_arena_copy(sy_arena *arena, const void *from, size_t bytes);

#endif
