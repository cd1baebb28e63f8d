/* Grids of kernels over rows: with SY_REDUCE_LANES items a row where lanes are summed, else with one. */
#include "device/grid_plan.h"

void sy_grid_reduce(sy_grid *grid, sy_grid_target target)
{
    sy_reduce_params *p = &grid->params.reduce;
    (void)target;
    p->kept_rank = sy_grid_collapse(p->kept_rank, p->kept_dims, (uint32_t *[]){p->kept_strides}, 1);
    p->reduced_rank =
        sy_grid_collapse(p->reduced_rank, p->reduced_dims, (uint32_t *[]){p->reduced_strides}, 1);
    const uint64_t rows = sy_grid_space(p->kept_rank, p->kept_dims);
    if (p->kind != SY_KIND_FLOAT)
        sy_grid_add(grid, SY_DEVICE_KERNEL_reduce_int, rows);
    else if (p->function == SY_REDUCE_LOG_SUM_EXP)
        sy_grid_add(grid, SY_DEVICE_KERNEL_reduce_log_sum_exp, rows * SY_REDUCE_LANES);
    else
        sy_grid_add(grid, SY_DEVICE_KERNEL_reduce_float, rows * SY_REDUCE_LANES);
}

void sy_grid_softmax(sy_grid *grid, sy_grid_target target)
{
    const sy_softmax_params *p = &grid->params.softmax;
    (void)target;
    sy_grid_add(grid, SY_DEVICE_KERNEL_softmax,
                p->count ? (uint64_t)p->outer * p->inner * SY_REDUCE_LANES : 0);
}

void sy_grid_normalize(sy_grid *grid, sy_grid_target target)
{
    const sy_normalize_params *p = &grid->params.normalize;
    (void)target;
    sy_grid_add(grid, SY_DEVICE_KERNEL_normalize, p->count ? (uint64_t)p->rows * SY_REDUCE_LANES : 0);
}

void sy_grid_arg(sy_grid *grid, sy_grid_target target)
{
    const sy_arg_params *p = &grid->params.arg;
    (void)target;
    sy_grid_add(grid, SY_DEVICE_KERNEL_arg, (uint64_t)p->outer * p->inner);
}

void sy_grid_cumsum(sy_grid *grid, sy_grid_target target)
{
    const sy_cumsum_params *p = &grid->params.cumsum;
    (void)target;
    sy_grid_add(grid, SY_DEVICE_KERNEL_cumsum, p->count ? (uint64_t)p->outer * p->inner : 0);
}
