/* Ranges that somebody else chose, in the place of statistics. */
#ifndef SY_SOLVE_GIVEN_H
#define SY_SOLVE_GIVEN_H

#include "solve/range.h"

typedef struct sy_named_range {
    const char *name; /* of a tensor */
    sy_range range;   /* min <= 0 <= max; both 0 where it holds nothing else */
} sy_named_range;

/* Statistics as if one sample had held exactly the two ends of each range: with MAX_MIN plans get these
 * ranges back; other methods have nothing to choose from. They are of no model (the hash is zeros) and not to
 * be saved.
 */
sy_status sy_stats_from_ranges(sy_ctx *ctx, const sy_named_range *ranges, size_t count, sy_stats **out);

#endif
