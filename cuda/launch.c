/* A launch, as the kernels that grids name. */
#include <assert.h>

#include "cuda/blas.h"
#include "cuda/cuda.h"
#include "device/product.h"

enum { ARGUMENTS_MAX = SY_MAX_OPERANDS + 2 };

static sy_status launch_step(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch, sy_grid *grid,
                             const sy_grid_step *step)
{
    const sy_device *device = stream->device;
    const sy_device_kernel_info *info = sy_device_kernel_at(step->kernel);
    const int count = sy_kernel_operands(launch->kernel);
    sy_cuda_address operands[SY_MAX_OPERANDS] = {0};
    void *arguments[ARGUMENTS_MAX];
    for (int i = 0; i < count; i++) {
        if (launch->operands[i].buffer)
            operands[i] = launch->operands[i].buffer->at;
        arguments[i] = &operands[i];
    }
    arguments[count] = &grid->params;
    arguments[count + 1] = &grid->places;
    const sy_cuda_result error = device->driver.launch(
        device->functions[step->kernel], step->groups[0], step->groups[1], step->groups[2], info->group[0],
        info->group[1], 1, 0, stream->compute, arguments, NULL);
    return error == SY_CUDA_SUCCESS ? SY_OK : sy_cuda_fail(ctx, device, info->name, error);
}

sy_status sy_cuda_launch(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch)
{
    sy_grid grid;
    assert(!launch->packed);
    SY_TRY(sy_cuda_enter(ctx, stream->device));
    stream->busy = true;
    if (stream->device->fast && sy_product_count(launch)) {
        SY_TRY(sy_grid_plan_finish(ctx, launch, &grid));
        SY_TRY(sy_cuda_blas_launch(ctx, stream, launch));
    } else {
        SY_TRY(sy_grid_plan(ctx, launch, SY_GRID_GPU, &grid));
    }
    for (int s = 0; s < grid.step_count; s++)
        SY_TRY(launch_step(ctx, stream, launch, &grid, &grid.steps[s]));
    return SY_OK;
}
