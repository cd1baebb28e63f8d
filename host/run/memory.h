/* Sharing one block of memory between things that live at different times. */
#ifndef SY_RUN_MEMORY_H
#define SY_RUN_MEMORY_H

#include "base/fail.h"

enum { SY_MEMORY_ALIGNMENT = 16 }; /* words: 64 bytes, a cache line */

typedef struct sy_memory_item {
    size_t words;
    int first, last; /* the times at which it is needed, both included; first <= last */
    size_t offset;   /* out, in words: a multiple of SY_MEMORY_ALIGNMENT */
} sy_memory_item;

/* Gives every item an offset such that no two that live at a common time overlap. Greedy: the largest first,
 * each into the smallest gap that holds it. *out_words is what they need in all.
 */
sy_status sy_memory_place(sy_ctx *ctx, sy_memory_item *items, int count, size_t *out_words);

#endif
