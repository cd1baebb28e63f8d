/* A launch, as the kernels that grids name. */
#include <assert.h>
#include <stdio.h>

#include "device/product.h"
#include "opencl/blas.h"

static sy_status fail_kernel(sy_ctx *ctx, const sy_stream *stream, sy_device_kernel kernel, cl_int error)
{
    char what[96];
    snprintf(what, sizeof what, "kernel %s", sy_device_kernel_at(kernel)->name);
    return sy_opencl_fail(ctx, stream->device, what, error);
}

static sy_status find_kernel(sy_ctx *ctx, sy_stream *stream, sy_device_kernel kernel, cl_kernel *out)
{
    cl_int error = CL_SUCCESS;
    if (!stream->kernels[kernel])
        stream->kernels[kernel] = stream->device->loader.clCreateKernel(
            stream->device->program, sy_device_kernel_at(kernel)->name, &error);
    *out = stream->kernels[kernel];
    return *out ? SY_OK : fail_kernel(ctx, stream, kernel, error);
}

/* Operands that are not read are NULL. */
static cl_int set_arguments(const sy_stream *stream, cl_kernel kernel, const sy_launch *launch,
                            const sy_grid *grid)
{
    const sy_opencl_loader *loader = &stream->device->loader;
    const cl_uint count = (cl_uint)sy_kernel_operands(launch->kernel);
    cl_int error = CL_SUCCESS;
    for (cl_uint i = 0; i < count && error == CL_SUCCESS; i++) {
        const sy_buffer *buffer = launch->operands[i].buffer;
        const cl_mem memory = buffer ? buffer->memory : NULL;
        error = loader->clSetKernelArg(kernel, i, sizeof memory, &memory);
    }
    if (error == CL_SUCCESS)
        error = loader->clSetKernelArg(kernel, count, grid->params_bytes, &grid->params);
    if (error == CL_SUCCESS)
        error = loader->clSetKernelArg(kernel, count + 1, sizeof grid->places, &grid->places);
    return error;
}

static sy_status launch_step(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch, const sy_grid *grid,
                             const sy_grid_step *step)
{
    const sy_device_kernel_info *info = sy_device_kernel_at(step->kernel);
    const size_t group[] = {info->group[0], info->group[1], 1};
    const size_t items[] = {group[0] * step->groups[0], group[1] * step->groups[1], step->groups[2]};
    cl_kernel kernel;
    SY_TRY(find_kernel(ctx, stream, step->kernel, &kernel));
    cl_int error = set_arguments(stream, kernel, launch, grid);
    if (error == CL_SUCCESS)
        error = stream->device->loader.clEnqueueNDRangeKernel(stream->queue, kernel, 3, NULL, items, group, 0,
                                                              NULL, NULL);
    return error == CL_SUCCESS ? SY_OK : fail_kernel(ctx, stream, step->kernel, error);
}

sy_status sy_opencl_launch(sy_ctx *ctx, sy_stream *stream, const sy_launch *launch)
{
    const sy_grid_target target = sy_opencl_is_processor(stream->device) ? SY_GRID_PROCESSOR : SY_GRID_GPU;
    sy_grid grid;
    assert(!launch->packed);
    if (stream->device->blas && sy_product_count(launch)) {
        SY_TRY(sy_grid_plan_finish(ctx, launch, &grid));
        SY_TRY(sy_opencl_blas_launch(ctx, stream, launch));
    } else {
        SY_TRY(sy_grid_plan(ctx, launch, target, &grid));
    }
    for (int s = 0; s < grid.step_count; s++)
        SY_TRY(launch_step(ctx, stream, launch, &grid, &grid.steps[s]));
    return SY_OK;
}
