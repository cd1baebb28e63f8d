#include "cpu/ref.h"
#include "cpu/walk.h"

void sy_ref_move(void *const *operands, const void *params)
{
    const sy_move_params *p = params;
    const sy_u32 *x = operands[0];
    sy_u32 *y = operands[1];
    const sy_u32 row = sy_walk_row(p->rank, p->dims);
    const sy_i32 x_stride = p->rank ? p->x_strides[p->rank - 1] : 0;
    const sy_i32 y_stride = p->rank ? p->y_strides[p->rank - 1] : 0;
    sy_u32 index[SY_KERNEL_RANK] = {0};

    if (sy_walk_empty(p->rank, p->dims))
        return;
    do {
        const sy_u32 *from = x + p->x_offset + sy_walk_signed_offset(p->rank, p->x_strides, index);
        sy_u32 *to = y + p->y_offset + sy_walk_signed_offset(p->rank, p->y_strides, index);
        for (sy_u32 i = 0; i < row; i++)
            to[(ptrdiff_t)i * y_stride] = from[(ptrdiff_t)i * x_stride];
    } while (sy_walk_next(p->rank, p->dims, index));
}
