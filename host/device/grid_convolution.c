/* Grids of convolutions and pooling. */
#include "device/grid_plan.h"

enum { TILED_FILTERS_MIN = 8 }; /* of a group; with fewer, tiles are mostly empty */

/* An image whose pixels only meet their own channels is as good as one long line. */
static bool flatten(sy_conv2d_params *p)
{
    if (p->kernel_h != 1 || p->kernel_w != 1 || p->stride_h != 1 || p->stride_w != 1 || p->pad_top != 0 ||
        p->pad_left != 0 || p->out_h != p->in_h || p->out_w != p->in_w)
        return false;
    p->in_w *= p->in_h;
    p->out_w = p->in_w;
    p->in_h = p->out_h = 1;
    return true;
}

static void plan_for_processor(sy_grid *grid)
{
    sy_conv2d_params *p = &grid->params.conv2d;
    const bool flat = flatten(p);
    const uint64_t filters = p->filters / p->groups, lines = (uint64_t)p->batch * p->out_h;
    const uint64_t tiles =
        sy_grid_tiles(p->out_w, SY_PROCESSOR_COLUMNS) * sy_grid_tiles(filters, SY_PROCESSOR_ROWS);
    if (flat && p->in_w < SY_PROCESSOR_COLUMNS)
        sy_grid_add(grid, SY_DEVICE_KERNEL_conv2d_each, lines * p->filters * p->out_w);
    else if (flat)
        sy_grid_add_groups(grid, SY_DEVICE_KERNEL_conv2d_flat, lines * p->groups * tiles);
    else if (filters == 1)
        sy_grid_add_groups(grid, SY_DEVICE_KERNEL_conv2d_line, lines * p->filters);
    else
        sy_grid_add_groups(grid, SY_DEVICE_KERNEL_conv2d_rows, lines * p->groups * tiles);
}

void sy_grid_conv2d(sy_grid *grid, sy_grid_target target)
{
    const sy_conv2d_params *p = &grid->params.conv2d;
    const uint64_t pixels = (uint64_t)p->batch * p->out_h * p->out_w, filters = p->filters / p->groups;
    if (target == SY_GRID_PROCESSOR) {
        plan_for_processor(grid);
        return;
    }
    if (filters < TILED_FILTERS_MIN) {
        sy_grid_add(grid, SY_DEVICE_KERNEL_conv2d_each, pixels * p->filters);
        return;
    }
    /* Tiles of either kind hold as many outputs, so fewer of them is less work. */
    const uint64_t square = p->groups * sy_grid_tiles(filters, 64) * sy_grid_tiles(pixels, 64);
    const uint64_t flat = p->groups * sy_grid_tiles(filters, 32) * sy_grid_tiles(pixels, 128);
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
