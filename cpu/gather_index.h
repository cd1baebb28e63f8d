/* What Gather, GatherElements and OneHot make of an index. */
#ifndef SY_CPU_GATHER_INDEX_H
#define SY_CPU_GATHER_INDEX_H

#include "kernels/params.h"

/* A negative index counts from the end; one outside is clamped, so that no index reads outside the tensor. */
static inline sy_u32 sy_gather_index(sy_i32 index, sy_u32 size)
{
    if (index < 0) {
        const sy_u32 back = 0u - (sy_u32)index;
        return back > size ? 0 : size - back;
    }
    return (sy_u32)index < size ? (sy_u32)index : size - 1;
}

#endif
