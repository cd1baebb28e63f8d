/* Buffers of device memory, counted against the limit. */
#include <stdlib.h>

#include "cuda/cuda.h"

enum { WORD = sizeof(uint32_t) };

static size_t bytes_of(size_t words)
{
    return (words ? words : 1) * WORD;
}

sy_status sy_cuda_alloc(sy_ctx *ctx, sy_device *device, size_t words, sy_buffer **out)
{
    if (words > SIZE_MAX / WORD)
        return sy_fail(ctx, SY_E_MEMORY, "a buffer of %zu words does not fit in memory", words);
    SY_TRY(sy_cuda_enter(ctx, device));
    sy_buffer *buffer = malloc(sizeof *buffer);
    SY_TRY(sy_check_alloc(ctx, buffer));
    *buffer = (sy_buffer){0, words};
    sy_status status =
        sy_budget_reserve(ctx, &device->budget, bytes_of(words), "cuda", device->index, device->name);
    if (status == SY_OK) {
        const sy_cuda_result error = device->driver.memory_alloc(&buffer->at, bytes_of(words));
        if (error != SY_CUDA_SUCCESS) {
            sy_budget_give_back(&device->budget, bytes_of(words));
            status = sy_cuda_fail(ctx, device, "allocating memory", error);
        }
    }
    if (status == SY_OK)
        *out = buffer;
    else
        free(buffer);
    return status;
}

void sy_cuda_free(sy_device *device, sy_buffer *buffer)
{
    if (!buffer)
        return;
    if (sy_cuda_enter(NULL, device) == SY_OK)
        device->driver.memory_free(buffer->at);
    sy_budget_give_back(&device->budget, bytes_of(buffer->words));
    free(buffer);
}

size_t sy_cuda_buffer_words(const sy_buffer *buffer)
{
    return buffer->words;
}

sy_status sy_cuda_memory(sy_ctx *ctx, sy_device *device, size_t *out_bytes)
{
    size_t unused = 0, total = 0;
    SY_TRY(sy_cuda_enter(ctx, device));
    const sy_cuda_result error = device->driver.memory_info(&unused, &total);
    if (error != SY_CUDA_SUCCESS)
        return sy_cuda_fail(ctx, device, "asking how much memory it has", error);
    const size_t left = sy_budget_left(&device->budget, SIZE_MAX);
    *out_bytes = left < unused ? left : unused;
    return SY_OK;
}
