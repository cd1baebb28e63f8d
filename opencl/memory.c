/* Buffers of device memory. */
#include <stdlib.h>

#include "opencl/backend.h"

sy_status sy_opencl_alloc(sy_ctx *ctx, sy_device *device, size_t words, sy_buffer **out)
{
    const cl_ulong limit = device->info.buffer_bytes;
    cl_int error = CL_SUCCESS;
    if (words > limit / sizeof(uint32_t))
        return sy_fail(
            ctx, SY_E_MEMORY,
            "device opencl:%d (%s): a buffer of %zu words is more than the %llu bytes it allows: use a "
            "smaller batch",
            device->index, device->info.name, words, (unsigned long long)limit);
    sy_buffer *buffer = calloc(1, sizeof *buffer);
    SY_TRY(sy_check_alloc(ctx, buffer));
    *buffer = (sy_buffer){.words = words};
    buffer->memory = device->loader.clCreateBuffer(device->context, CL_MEM_READ_WRITE,
                                                   (words ? words : 1) * sizeof(uint32_t), NULL, &error);
    if (!buffer->memory) {
        free(buffer);
        return sy_opencl_fail(ctx, device, "no memory for a buffer", error);
    }
    *out = buffer;
    return SY_OK;
}

void sy_opencl_free(sy_device *device, sy_buffer *buffer)
{
    if (!buffer)
        return;
    device->loader.clReleaseMemObject(buffer->memory);
    free(buffer);
}

size_t sy_opencl_buffer_words(const sy_buffer *buffer)
{
    return buffer->words;
}
