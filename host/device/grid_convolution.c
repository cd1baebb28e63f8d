/* Grids of convolutions and pooling. */
#include "device/grid_plan.h"

enum { TILED_FILTERS_MIN = 8 }; /* of a group; with fewer, tiles are mostly empty */

static uint64_t tiles_of(uint64_t size, uint64_t tile)
{
    return (size + tile - 1) / tile;
}

void sy_grid_conv2d(sy_grid *grid, sy_grid_target target)
{
    const sy_conv2d_params *p = &grid->params.conv2d;
    const uint64_t pixels = (uint64_t)p->batch * p->out_h * p->out_w, filters = p->filters / p->groups;
    if (target == SY_GRID_PROCESSOR || filters < TILED_FILTERS_MIN) {
        sy_grid_add(grid, SY_DEVICE_KERNEL_conv2d_each, pixels * p->filters);
        return;
    }
    /* Tiles of either kind hold as many outputs, so fewer of them is less work. */
    const uint64_t square = p->groups * tiles_of(filters, 64) * tiles_of(pixels, 64);
    const uint64_t flat = p->groups * tiles_of(filters, 32) * tiles_of(pixels, 128);
    if (flat < square)
        sy_grid_add_groups(grid, SY_DEVICE_KERNEL_conv2d_32x128, flat);
    else
        sy_grid_add_groups(grid, SY_DEVICE_KERNEL_conv2d_64x64, square);
}

void sy_grid_conv_transpose2d(sy_grid *grid, sy_grid_target target)
{
    const sy_conv_transpose2d_params *p = &grid->params.conv_transpose2d;
    (void)target;
    sy_grid_add(grid, SY_DEVICE_KERNEL_conv_transpose2d,
                (uint64_t)p->batch * p->filters * p->out_h * p->out_w);
}

void sy_grid_pool2d(sy_grid *grid, sy_grid_target target)
{
    const sy_pool2d_params *p = &grid->params.pool2d;
    (void)target;
    sy_grid_add(grid, SY_DEVICE_KERNEL_pool2d, (uint64_t)p->planes * p->out_h * p->out_w);
}
