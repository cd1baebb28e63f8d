/* Buffers of device memory, counted against the limit. */
#include <stdlib.h>

#include "opencl/backend.h"

enum { WORD = sizeof(uint32_t) };

static sy_status refuse(sy_ctx *ctx, const sy_device *device, size_t words)
{
    return sy_fail(
        ctx, SY_E_MEMORY,
        "device opencl:%d (%s): a buffer of %zu words is more than the %llu bytes it allows: use a "
        "smaller batch",
        device->index, device->info.name, words, (unsigned long long)device->info.buffer_bytes);
}

static size_t bytes_of(size_t words)
{
    return (words ? words : 1) * WORD;
}

sy_status sy_opencl_alloc(sy_ctx *ctx, sy_device *device, size_t words, sy_buffer **out)
{
    cl_int error = CL_SUCCESS;
    if (words > device->info.buffer_bytes / WORD)
        return refuse(ctx, device, words);
    sy_buffer *buffer = malloc(sizeof *buffer);
    SY_TRY(sy_check_alloc(ctx, buffer));
    *buffer = (sy_buffer){NULL, words};
    sy_status status =
        sy_budget_reserve(ctx, &device->budget, bytes_of(words), "opencl", device->index, device->info.name);
    if (status == SY_OK) {
        buffer->memory =
            device->loader.clCreateBuffer(device->context, CL_MEM_READ_WRITE, bytes_of(words), NULL, &error);
        if (!buffer->memory) {
            sy_budget_give_back(&device->budget, bytes_of(words));
            status = sy_opencl_fail(ctx, device, "no memory for a buffer", error);
        }
    }
    if (status == SY_OK)
        *out = buffer;
    else
        free(buffer);
    return status;
}

void sy_opencl_free(sy_device *device, sy_buffer *buffer)
{
    if (!buffer)
        return;
    device->loader.clReleaseMemObject(buffer->memory);
    sy_budget_give_back(&device->budget, bytes_of(buffer->words));
    free(buffer);
}

size_t sy_opencl_buffer_words(const sy_buffer *buffer)
{
    return buffer->words;
}

/* OpenCL knows what a device has, not what others have taken of it. On processors batches bring nothing, so
 * what they have is not told.
 */
sy_status sy_opencl_memory(sy_ctx *ctx, sy_device *device, size_t *out_bytes)
{
    (void)ctx;
    *out_bytes = sy_opencl_is_processor(device)
                     ? 0
                     : sy_budget_left(&device->budget, (size_t)device->info.memory_bytes);
    return SY_OK;
}
