#include "device/grid.h"

#include <string.h>

#include "device/grid_plan.h"

static const sy_device_kernel_info device_kernels[SY_DEVICE_KERNEL_COUNT] = {
#define DEVICE_KERNEL(name, kernel, group_x, group_y) \
    [SY_DEVICE_KERNEL_##name] = {"sy_k_" #name, SY_KERNEL_##kernel, {group_x, group_y}},
#include "kernels/device.def"
#undef DEVICE_KERNEL
};

static const struct {
    size_t params_bytes;
    void (*plan)(sy_grid *grid, sy_grid_target target);
} kernels[SY_KERNEL_COUNT] = {
#define KERNEL(name, operands) [SY_KERNEL_##name] = {sizeof(sy_##name##_params), sy_grid_##name},
#include "kernels/kernels.def"
#undef KERNEL
};

enum { SAMPLES_MAX = 65535 }; /* of a grid's third dimension, on every GPU */

const sy_device_kernel_info *sy_device_kernel_at(sy_device_kernel kernel)
{
    return &device_kernels[kernel];
}

void sy_grid_add_groups(sy_grid *grid, sy_device_kernel kernel, uint64_t groups)
{
    if (groups)
        grid->steps[grid->step_count++] = (sy_grid_step){kernel, {(uint32_t)groups, 1, 1}};
}

void sy_grid_add(sy_grid *grid, sy_device_kernel kernel, uint64_t items)
{
    const uint32_t group = device_kernels[kernel].group[0];
    sy_grid_add_groups(grid, kernel, sy_grid_tiles(items, group));
}

uint64_t sy_grid_space(uint32_t rank, const uint32_t *dims)
{
    uint64_t count = 1;
    for (uint32_t d = 0; d < rank; d++)
        count *= dims[d];
    return count;
}

uint64_t sy_grid_tiles(uint64_t size, uint64_t tile)
{
    return (size + tile - 1) / tile;
}

/* Whether dimension `inner` goes on where one step of `outer` ends, for every operand. */
static bool continues(uint32_t outer, uint32_t inner, const uint32_t *dims, uint32_t *const *strides,
                      int operand_count)
{
    for (int k = 0; k < operand_count; k++)
        if (strides[k][outer] != strides[k][inner] * dims[inner])
            return false;
    return true;
}

uint32_t sy_grid_collapse(uint32_t rank, uint32_t *dims, uint32_t *const *strides, int operand_count)
{
    uint32_t kept = 0;
    const bool empty = sy_grid_space(rank, dims) == 0;
    for (uint32_t d = 0; d < rank && !empty; d++) {
        if (dims[d] == 1)
            continue;
        const bool joins = kept && continues(kept - 1, d, dims, strides, operand_count);
        const uint32_t to = joins ? kept - 1 : kept++;
        dims[to] = joins ? dims[to] * dims[d] : dims[d];
        for (int k = 0; k < operand_count; k++)
            strides[k][to] = strides[k][d];
    }
    if (kept)
        return kept;
    dims[0] = empty ? 0 : 1;
    for (int k = 0; k < operand_count; k++)
        strides[k][0] = 0;
    return 1;
}

static sy_status place_operands(sy_ctx *ctx, const sy_launch *launch, sy_places *places)
{
    *places = (sy_places){{0}, {0}};
    for (int i = 0; i < sy_kernel_operands(launch->kernel); i++) {
        const size_t offset = launch->operands[i].offset;
        const size_t stride = launch->batch > 1 ? launch->batch_strides[i] : 0;
        if (!launch->operands[i].buffer)
            continue;
        if (offset > UINT32_MAX || stride > UINT32_MAX)
            return sy_fail(
                ctx, SY_E_UNSUPPORTED,
                "kernel %s: its operand %d begins beyond word 2^32 of a buffer: use a smaller batch",
                sy_kernel_name(launch->kernel), i);
        places->offset[i] = (uint32_t)offset;
        places->stride[i] = (uint32_t)stride;
    }
    return SY_OK;
}

/* Samples run side by side, so what they write must not be in one place. */
static sy_status check_strides(sy_ctx *ctx, const sy_launch *launch)
{
    for (int i = 0; i < sy_kernel_operands(launch->kernel) && launch->batch > 1; i++)
        if (launch->operands[i].buffer && sy_kernel_writes(launch->kernel, i) && !launch->batch_strides[i])
            return sy_fail(ctx, SY_E_UNSUPPORTED,
                           "kernel %s: it writes its operand %d, which is one for all %u samples of a batch: "
                           "give each its own, or launch them one at a time",
                           sy_kernel_name(launch->kernel), i, launch->batch);
    return SY_OK;
}

sy_status sy_grid_plan(sy_ctx *ctx, const sy_launch *launch, sy_grid_target target, sy_grid *out)
{
    sy_grid grid = {.params_bytes = kernels[launch->kernel].params_bytes};
    if (launch->batch > SAMPLES_MAX)
        return sy_fail(ctx, SY_E_UNSUPPORTED,
                       "kernel %s: a batch of %u samples: devices take at most %d at once",
                       sy_kernel_name(launch->kernel), launch->batch, SAMPLES_MAX);
    SY_TRY(place_operands(ctx, launch, &grid.places));
    memcpy(&grid.params, launch->params, grid.params_bytes);
    kernels[launch->kernel].plan(&grid, target);
    if (grid.step_count)
        SY_TRY(check_strides(ctx, launch));
    for (int s = 0; s < grid.step_count; s++)
        grid.steps[s].groups[2] = launch->batch;
    *out = grid;
    return SY_OK;
}
