#include <stddef.h>

#include "cpu/gather_index.h"
#include "cpu/ref.h"
#include "cpu/walk.h"

void sy_ref_gather_elements(void *const *operands, const void *params)
{
    const sy_gather_elements_params *p = params;
    const sy_u32 *x = operands[0];
    const sy_i32 *indices = operands[1];
    sy_u32 *y = operands[2];
    const sy_u32 last = p->rank - 1;
    sy_u32 index[SY_KERNEL_RANK] = {0};

    if (sy_walk_empty(p->rank, p->index_dims) || p->axis_size == 0)
        return;
    do {
        for (sy_u32 i = 0; i < p->index_dims[last]; i++) {
            size_t offset = 0;
            index[last] = i;
            for (sy_u32 d = 0; d < p->rank; d++) {
                const sy_u32 at = d == p->axis ? sy_gather_index(*indices, p->axis_size) : index[d];
                offset += (size_t)at * p->x_strides[d];
            }
            *y++ = x[offset];
            indices++;
        }
        index[last] = 0;
    } while (sy_walk_next(p->rank, p->index_dims, index));
}
