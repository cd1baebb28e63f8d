/* Grids of kernels of one element each. */
#include <assert.h>

#include "device/grid_plan.h"

void sy_grid_unary(sy_grid *grid, sy_grid_target target)
{
    static const sy_device_kernel floats[SY_UNARY_COUNT] = {
#define ROW(name, value) [SY_UNARY_##name] = SY_DEVICE_KERNEL_unary_float_##name,
        SY_UNARY_FLOAT_MAP(ROW)
#undef ROW
#define ROW(name, value) [SY_UNARY_##name] = SY_DEVICE_KERNEL_unary_test_##name,
            SY_UNARY_TEST_MAP(ROW)
#undef ROW
    };
    static const sy_device_kernel ints[SY_UNARY_COUNT] = {
#define ROW(name, value) [SY_UNARY_##name] = SY_DEVICE_KERNEL_unary_int_##name,
        SY_UNARY_INT_MAP(ROW)
#undef ROW
    };
    const sy_unary_params *p = &grid->params.unary;
    (void)target;
    sy_grid_add(grid, p->kind == SY_KIND_FLOAT ? floats[p->function] : ints[p->function], p->count);
}

void sy_grid_binary(sy_grid *grid, sy_grid_target target)
{
    static const sy_device_kernel floats[SY_BINARY_COUNT] = {
#define ROW(name, value) [SY_BINARY_##name] = SY_DEVICE_KERNEL_binary_float_##name,
        SY_BINARY_FLOAT_MAP(ROW) SY_BINARY_CALL_MAP(ROW) SY_BINARY_COMPARE_MAP(ROW)
#undef ROW
    };
    static const sy_device_kernel ints[SY_BINARY_COUNT] = {
#define ROW(name, value) [SY_BINARY_##name] = SY_DEVICE_KERNEL_binary_int_##name,
        SY_BINARY_INT_MAP(ROW) SY_BINARY_COMPARE_MAP(ROW)
#undef ROW
    };
    sy_binary_params *p = &grid->params.binary;
    const sy_device_kernel one = p->kind == SY_KIND_FLOAT ? floats[p->function] : ints[p->function];
    (void)target;
    p->rank = sy_grid_collapse(p->rank, p->dims, (uint32_t *[]){p->a_strides, p->b_strides}, 2);
    sy_grid_add(grid, p->rank == 1 ? one : SY_DEVICE_KERNEL_binary_broadcast,
                sy_grid_space(p->rank, p->dims));
}

void sy_grid_where(sy_grid *grid, sy_grid_target target)
{
    sy_where_params *p = &grid->params.where;
    (void)target;
    p->rank = sy_grid_collapse(p->rank, p->dims,
                               (uint32_t *[]){p->condition_strides, p->a_strides, p->b_strides}, 3);
    sy_grid_add(grid, SY_DEVICE_KERNEL_where, sy_grid_space(p->rank, p->dims));
}

void sy_grid_fill(sy_grid *grid, sy_grid_target target)
{
    (void)target;
    sy_grid_add(grid, SY_DEVICE_KERNEL_fill, grid->params.fill.count);
}

void sy_grid_cast(sy_grid *grid, sy_grid_target target)
{
    (void)target;
    sy_grid_add(grid, SY_DEVICE_KERNEL_cast, grid->params.cast.count);
}

void sy_grid_batch_norm(sy_grid *grid, sy_grid_target target)
{
    const sy_batch_norm_params *p = &grid->params.batch_norm;
    (void)target;
    sy_grid_add(grid, SY_DEVICE_KERNEL_batch_norm, (uint64_t)p->outer * p->channels * p->inner);
}
