/* Walking an index space row by row; what the kernels that read by strides share. A row is the last
 * dimension. A space of rank 0 is one row of one element.
 */
#ifndef SY_CPU_WALK_H
#define SY_CPU_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/params.h"

static inline bool sy_walk_empty(sy_u32 rank, const sy_u32 *dims)
{
    for (sy_u32 i = 0; i < rank; i++) {
        if (dims[i] == 0)
            return true;
    }
    return false;
}

static inline sy_u32 sy_walk_row(sy_u32 rank, const sy_u32 *dims)
{
    return rank ? dims[rank - 1] : 1;
}

/* Steps `index` to the next row; false after the last one, and `index` is then all 0 again. */
static inline bool sy_walk_next(sy_u32 rank, const sy_u32 *dims, sy_u32 *index)
{
    for (sy_u32 i = rank ? rank - 1 : 0; i-- > 0;) {
        if (++index[i] < dims[i])
            return true;
        index[i] = 0;
    }
    return false;
}

/* Words from the start of an operand to the start of the row. */
static inline size_t sy_walk_offset(sy_u32 rank, const sy_u32 *strides, const sy_u32 *index)
{
    size_t offset = 0;

    for (sy_u32 i = 0; i + 1 < rank; i++)
        offset += (size_t)index[i] * strides[i];
    return offset;
}

static inline ptrdiff_t sy_walk_signed_offset(sy_u32 rank, const sy_i32 *strides, const sy_u32 *index)
{
    ptrdiff_t offset = 0;

    for (sy_u32 i = 0; i + 1 < rank; i++)
        offset += (ptrdiff_t)index[i] * strides[i];
    return offset;
}

#endif
