/* Where an element of a space of up to SY_KERNEL_RANK dimensions lies in operands that are read by strides.
 */
#ifndef SY_KERNELS_WALK_H
#define SY_KERNELS_WALK_H

#include "kernels/dialect.h"

typedef struct {
    sy_u32 at[SY_KERNEL_RANK]; /* 0 from the rank on */
} sy_position;

SY_FN sy_u32 sy_space_count(sy_u32 rank, const sy_u32 *dims)
{
    sy_u32 count = 1;
    SY_UNROLL
    for (sy_u32 d = 0; d < SY_KERNEL_RANK; d++)
        count *= d < rank ? dims[d] : 1;
    return count;
}

/* Of element `number`, counted row-major. The loops here run to the largest rank, so that compilers unroll
 * them and every position stays in registers.
 */
SY_FN sy_position sy_position_of(sy_u32 number, sy_u32 rank, const sy_u32 *dims)
{
    sy_position position;
    SY_UNROLL
    for (sy_u32 d = SY_KERNEL_RANK; d-- > 0;) {
        position.at[d] = 0;
        if (d < rank) {
            const sy_u32 rest = d ? number / dims[d] : 0;
            position.at[d] = number - rest * dims[d];
            number = rest;
        }
    }
    return position;
}

/* Words from the start of an operand; of signed strides too, modulo 2^32. */
SY_FN sy_u32 sy_position_offset(sy_position position, sy_u32 rank, const sy_u32 *strides)
{
    sy_u32 offset = 0;
    SY_UNROLL
    for (sy_u32 d = 0; d < SY_KERNEL_RANK; d++)
        offset += d < rank ? position.at[d] * strides[d] : 0;
    return offset;
}

#endif
