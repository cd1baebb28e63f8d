#include <stdlib.h>
#include <string.h>

#include "driver/driver.h"

enum { MAX_LOCAL = 64 * 1024 }; /* fits the stack of a fiber */

static CUresult check_grid(const vm_launch *launch)
{
    static const u32 grid_max[3] = {INT32_MAX, 65535, 65535}, block_max[3] = {1024, 1024, 64};
    const char *name = launch->kernel->name;
    for (int i = 0; i < 3; i++) {
        if (launch->grid[i] == 0 || launch->grid[i] > grid_max[i])
            return drv_refuse(CUDA_ERROR_INVALID_VALUE,
                              "launch of '%s': a grid of %u blocks in dimension %c, it must be 1 to %u", name,
                              launch->grid[i], 'x' + i, grid_max[i]);
        if (launch->block[i] == 0 || launch->block[i] > block_max[i])
            return drv_refuse(CUDA_ERROR_INVALID_VALUE,
                              "launch of '%s': a block of %u threads in dimension %c, it must be 1 to %u",
                              name, launch->block[i], 'x' + i, block_max[i]);
    }
    return CUDA_SUCCESS;
}

static CUresult check_resources(const vm_launch *launch)
{
    const vm_kernel *kernel = launch->kernel;
    const u32 threads = launch->block[0] * launch->block[1] * launch->block[2];
    if (threads > VM_MAX_THREADS)
        return drv_refuse(CUDA_ERROR_INVALID_VALUE, "launch of '%s': a block of %u threads, more than %u",
                          kernel->name, threads, VM_MAX_THREADS);
    if (threads > kernel->max_threads)
        return drv_refuse(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,
                          "launch of '%s': a block of %u threads, its .maxntid is %u", kernel->name, threads,
                          kernel->max_threads);
    if (kernel->shared_bytes > VM_MAX_SHARED || launch->dynamic_shared > VM_MAX_SHARED - kernel->shared_bytes)
        return drv_refuse(CUDA_ERROR_INVALID_VALUE,
                          "launch of '%s': %u bytes of shared memory and %u at launch, more than %u",
                          kernel->name, kernel->shared_bytes, launch->dynamic_shared, VM_MAX_SHARED);
    if (kernel->local_bytes > MAX_LOCAL)
        return drv_refuse(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,
                          "launch of '%s': %u bytes of local memory, the executor has %u", kernel->name,
                          kernel->local_bytes, MAX_LOCAL);
    return CUDA_SUCCESS;
}

/* extra: pairs of a key and a value up to 0. 1: the buffer of all parameters, 2: its size. */
static CUresult read_buffer(const vm_kernel *kernel, void **extra, u8 *params)
{
    const void *buffer = NULL;
    size_t bytes = 0;
    for (; *extra; extra += 2) {
        if ((uintptr_t)extra[0] == 1)
            buffer = extra[1];
        else if ((uintptr_t)extra[0] == 2)
            memcpy(&bytes, extra[1], sizeof bytes);
    }
    if (!buffer || bytes != kernel->param_bytes)
        return drv_refuse(CUDA_ERROR_INVALID_VALUE,
                          "launch of '%s': a buffer of %zu bytes of parameters, not %u", kernel->name, bytes,
                          kernel->param_bytes);
    memcpy(params, buffer, bytes);
    return CUDA_SUCCESS;
}

static CUresult read_params(const vm_kernel *kernel, void **values, void **extra, u8 *params)
{
    if (kernel->param_count == 0)
        return CUDA_SUCCESS;
    if (!values && extra)
        return read_buffer(kernel, extra, params);
    for (u32 i = 0; i < kernel->param_count; i++) {
        if (!values || !values[i])
            return drv_refuse(CUDA_ERROR_INVALID_VALUE, "launch of '%s': parameter %u of %u is missing",
                              kernel->name, i, kernel->param_count);
        memcpy(params + kernel->params[i].offset, values[i], kernel->params[i].bytes);
    }
    return CUDA_SUCCESS;
}

static CUresult submit(vm_part *part, const vm_launch *launch, struct drv_stream *stream, void **values,
                       void **extra)
{
    CUresult status = check_grid(launch);
    if (!status)
        status = check_resources(launch);
    if (status)
        return status;
    drv_op *op = drv_op_create(OP_LAUNCH);
    u8 *params = calloc(1, VM_MAX_PARAM_BYTES);
    status = op && params ? read_params(launch->kernel, values, extra, params) : CUDA_ERROR_OUT_OF_MEMORY;
    if (status) {
        free(op);
        free(params);
        return status;
    }
    op->part = part;
    op->launch = *launch;
    op->params = params;
    drv_submit(stream, op);
    return CUDA_SUCCESS;
}

static CUresult compile(CUfunction f)
{
    char message[512] = "";
    if (vm_module_ready(&drv.machine.options, f->loaded, f->part, message, sizeof message))
        return CUDA_SUCCESS;
    return drv_refuse(CUDA_ERROR_INVALID_PTX, "kernel '%s': %s", f->part->kernel.name, message);
}

EXPORT CUresult cuLaunchKernel(CUfunction f, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                               unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared,
                               CUstream handle, void **values, void **extra);
CUresult cuLaunchKernel(CUfunction f, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                        unsigned block_y, unsigned block_z, unsigned shared, CUstream handle, void **values,
                        void **extra)
{
    CUresult status = drv_enter();
    struct drv_stream *stream = status ? NULL : drv_stream_of(handle);
    if (!status && (!stream || !f))
        status = CUDA_ERROR_INVALID_HANDLE;
    if (!status)
        status = compile(f);
    if (!status) {
        const vm_launch launch = {.kernel = &f->part->kernel,
                                  .checked = f->loaded->checked,
                                  .grid = {grid_x, grid_y, grid_z},
                                  .block = {block_x, block_y, block_z},
                                  .dynamic_shared = shared};
        status = submit(f->part, &launch, stream, values, extra);
    }
    return drv_leave(status);
}
