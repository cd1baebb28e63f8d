#include "run/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

/* Larger first; of equals the one needed earlier, then the one given earlier, so that the result is the same
 * everywhere. */
static int compare_items(const void *left, const void *right)
{
    const sy_memory_item *a = *(sy_memory_item *const *)left, *b = *(sy_memory_item *const *)right;
    if (a->words != b->words)
        return a->words > b->words ? -1 : 1;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return a < b ? -1 : a > b;
}

static size_t aligned(size_t words)
{
    return (words + SY_MEMORY_ALIGNMENT - 1) / SY_MEMORY_ALIGNMENT * SY_MEMORY_ALIGNMENT;
}

static bool live_together(const sy_memory_item *a, const sy_memory_item *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* The offset of the smallest gap that holds `item` between those of `placed` (by ascending offset) that live
 * with it; behind all of them when there is none.
 */
static size_t best_offset(const sy_memory_item *item, sy_memory_item *const *placed, int placed_count)
{
    const size_t words = aligned(item->words);
    size_t end = 0, best = SIZE_MAX, best_gap = SIZE_MAX;
    for (int i = 0; i < placed_count; i++) {
        const sy_memory_item *other = placed[i];
        if (!live_together(item, other))
            continue;
        const size_t gap = other->offset > end ? other->offset - end : 0;
        if (gap >= words && gap < best_gap) {
            best = end;
            best_gap = gap;
        }
        const size_t other_end = other->offset + aligned(other->words);
        if (other_end > end)
            end = other_end;
    }
    return best == SIZE_MAX ? end : best;
}

static void insert_by_offset(sy_memory_item **placed, int count, sy_memory_item *item)
{
    int at = count;
    while (at > 0 && placed[at - 1]->offset > item->offset) {
        placed[at] = placed[at - 1];
        at--;
    }
    placed[at] = item;
}

sy_status sy_memory_place(sy_ctx *ctx, sy_memory_item *items, int count, size_t *out_words)
{
    const size_t bytes = ((size_t)count + 1) * sizeof(sy_memory_item *);
    sy_memory_item **order = calloc(1, bytes), **placed = calloc(1, bytes);
    size_t total = 0;
    sy_status status = SY_OK;
    SY_TRY_DONE(sy_check_alloc(ctx, order));
    SY_TRY_DONE(sy_check_alloc(ctx, placed));

    for (int i = 0; i < count; i++)
        order[i] = &items[i];
    qsort(order, (size_t)count, sizeof *order, compare_items);
    for (int i = 0; i < count; i++) {
        sy_memory_item *item = order[i];
        item->offset = best_offset(item, placed, i);
        insert_by_offset(placed, i, item);
        const size_t end = item->offset + aligned(item->words);
        if (end > total)
            total = end;
    }
    *out_words = total;
done:
    free(placed);
    free(order);
    return status;
}
