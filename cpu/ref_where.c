#include "cpu/ref.h"
#include "cpu/walk.h"

void sy_ref_where(void *const *operands, const void *params)
{
    const sy_where_params *p = params;
    const sy_i32 *condition = operands[0];
    const sy_u32 *a = operands[1];
    const sy_u32 *b = operands[2];
    sy_u32 *y = operands[3];
    const sy_u32 last = p->rank ? p->rank - 1 : 0; /* its strides are 0 for a scalar */
    const sy_u32 row = sy_walk_row(p->rank, p->dims);
    sy_u32 index[SY_KERNEL_RANK] = {0};

    if (sy_walk_empty(p->rank, p->dims))
        return;
    do {
        const sy_i32 *row_condition = condition + sy_walk_offset(p->rank, p->condition_strides, index);
        const sy_u32 *row_a = a + sy_walk_offset(p->rank, p->a_strides, index);
        const sy_u32 *row_b = b + sy_walk_offset(p->rank, p->b_strides, index);
        for (sy_u32 i = 0; i < row; i++) {
            y[i] = row_condition[(size_t)i * p->condition_strides[last]]
                       ? row_a[(size_t)i * p->a_strides[last]]
                       : row_b[(size_t)i * p->b_strides[last]];
        }
        y += row;
    } while (sy_walk_next(p->rank, p->dims, index));
}
