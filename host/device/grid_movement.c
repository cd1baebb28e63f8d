/* Grids of kernels that put words elsewhere: an item a word written. */
#include "device/grid_plan.h"

void sy_grid_move(sy_grid *grid, sy_grid_target target)
{
    sy_move_params *p = &grid->params.move;
    (void)target;
    /* Sums of signed strides are the same modulo 2^32. */
    p->rank = sy_grid_collapse(p->rank, p->dims,
                               (uint32_t *[]){(uint32_t *)p->x_strides, (uint32_t *)p->y_strides}, 2);
    sy_grid_add(grid, p->rank == 1 ? SY_DEVICE_KERNEL_move_line : SY_DEVICE_KERNEL_move,
                sy_grid_space(p->rank, p->dims));
}

void sy_grid_gather(sy_grid *grid, sy_grid_target target)
{
    const sy_gather_params *p = &grid->params.gather;
    (void)target;
    if (p->axis_size) /* else there is nothing to read, and the host has refused it unless y is empty too */
        sy_grid_add(grid, SY_DEVICE_KERNEL_gather, (uint64_t)p->outer * p->index_count * p->inner);
}

void sy_grid_gather_elements(sy_grid *grid, sy_grid_target target)
{
    const sy_gather_elements_params *p = &grid->params.gather_elements;
    (void)target;
    if (p->axis_size)
        sy_grid_add(grid, SY_DEVICE_KERNEL_gather_elements, sy_grid_space(p->rank, p->index_dims));
}

void sy_grid_one_hot(sy_grid *grid, sy_grid_target target)
{
    const sy_one_hot_params *p = &grid->params.one_hot;
    (void)target;
    sy_grid_add(grid, SY_DEVICE_KERNEL_one_hot, (uint64_t)p->outer * p->depth * p->inner);
}

void sy_grid_pad(sy_grid *grid, sy_grid_target target)
{
    const sy_pad_params *p = &grid->params.pad;
    const int64_t first = p->before < 0 ? -(int64_t)p->before : 0;
    const int64_t end = p->after < 0 ? (int64_t)p->in + p->after : p->in;
    const int64_t out = (int64_t)p->in + p->before + p->after;
    (void)target;
    if (end > first)
        sy_grid_add(grid, SY_DEVICE_KERNEL_pad, (uint64_t)p->outer * (uint64_t)out * p->inner);
}

void sy_grid_resize(sy_grid *grid, sy_grid_target target)
{
    const sy_resize_params *p = &grid->params.resize;
    (void)target;
    sy_grid_add(grid, SY_DEVICE_KERNEL_resize, (uint64_t)p->outer * p->out * p->inner);
}
