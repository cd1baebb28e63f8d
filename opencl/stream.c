/* In-order queues, and transfers. */
#include <assert.h>
#include <stdlib.h>

#include "opencl/backend.h"

sy_status sy_opencl_stream_create(sy_ctx *ctx, sy_device *device, sy_stream **out)
{
    cl_int error = CL_SUCCESS;
    sy_stream *stream = calloc(1, sizeof *stream);
    SY_TRY(sy_check_alloc(ctx, stream));
    stream->device = device;
    stream->queue = device->loader.clCreateCommandQueue(device->context, device->info.id, 0, &error);
    if (!stream->queue) {
        free(stream);
        return sy_opencl_fail(ctx, device, "it has no queue left", error);
    }
    *out = stream;
    return SY_OK;
}

void sy_opencl_stream_destroy(sy_stream *stream)
{
    if (!stream)
        return;
    const sy_opencl_loader *loader = &stream->device->loader;
    loader->clFinish(stream->queue);
    for (int i = 0; i < SY_DEVICE_KERNEL_COUNT; i++)
        if (stream->kernels[i])
            loader->clReleaseKernel(stream->kernels[i]);
    loader->clReleaseCommandQueue(stream->queue);
    free(stream);
}

static void check_view(sy_view view, size_t words)
{
    assert(view.buffer && view.offset <= view.buffer->words && words <= view.buffer->words - view.offset);
    (void)view;
    (void)words;
}

sy_status sy_opencl_write(sy_ctx *ctx, sy_stream *stream, sy_view to, const void *from, size_t words)
{
    if (words == 0)
        return SY_OK;
    check_view(to, words);
    cl_int error = stream->device->loader.clEnqueueWriteBuffer(stream->queue, to.buffer->memory, CL_TRUE,
                                                               to.offset * sizeof(uint32_t),
                                                               words * sizeof(uint32_t), from, 0, NULL, NULL);
    return error == CL_SUCCESS ? SY_OK : sy_opencl_fail(ctx, stream->device, "writing to its memory", error);
}

sy_status sy_opencl_read(sy_ctx *ctx, sy_stream *stream, sy_view from, void *to, size_t words)
{
    if (words == 0)
        return SY_OK;
    check_view(from, words);
    cl_int error = stream->device->loader.clEnqueueReadBuffer(stream->queue, from.buffer->memory, CL_TRUE,
                                                              from.offset * sizeof(uint32_t),
                                                              words * sizeof(uint32_t), to, 0, NULL, NULL);
    return error == CL_SUCCESS ? SY_OK : sy_opencl_fail(ctx, stream->device, "reading its memory", error);
}

sy_status sy_opencl_sync(sy_ctx *ctx, sy_stream *stream)
{
    cl_int error = stream->device->loader.clFinish(stream->queue);
    return error == CL_SUCCESS ? SY_OK
                               : sy_opencl_fail(ctx, stream->device, "waiting for its kernels", error);
}
