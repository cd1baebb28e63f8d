/* Queues, and transfers through pinned memory. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cuda/cuda.h"

void sy_cuda_stream_destroy(sy_stream *stream)
{
    if (!stream)
        return;
    const sy_cuda_driver *driver = &stream->device->driver;
    if (sy_cuda_enter(NULL, stream->device) == SY_OK) {
        if (stream->copy)
            driver->stream_synchronize(stream->copy);
        if (stream->compute)
            driver->stream_synchronize(stream->compute);
        for (int i = 0; i < SY_CUDA_SLOTS; i++) {
            if (stream->slots[i].moved)
                driver->event_destroy(stream->slots[i].moved);
            if (stream->slots[i].memory)
                driver->host_free(stream->slots[i].memory);
        }
        if (stream->computed)
            driver->event_destroy(stream->computed);
        if (stream->copy)
            driver->stream_destroy(stream->copy);
        if (stream->compute)
            driver->stream_destroy(stream->compute);
    }
    free(stream);
}

static sy_cuda_result create_queues(sy_stream *stream)
{
    const sy_cuda_driver *driver = &stream->device->driver;
    sy_cuda_result error = driver->stream_create(&stream->compute, SY_CUDA_STREAM_NON_BLOCKING);
    if (error == SY_CUDA_SUCCESS)
        error = driver->stream_create(&stream->copy, SY_CUDA_STREAM_NON_BLOCKING);
    if (error == SY_CUDA_SUCCESS)
        error = driver->event_create(&stream->computed, SY_CUDA_EVENT_DISABLE_TIMING);
    for (int i = 0; i < SY_CUDA_SLOTS && error == SY_CUDA_SUCCESS; i++) {
        error = driver->event_create(&stream->slots[i].moved, SY_CUDA_EVENT_DISABLE_TIMING);
        if (error == SY_CUDA_SUCCESS)
            error = driver->host_alloc(&stream->slots[i].memory, SY_CUDA_SLOT_BYTES, 0);
    }
    return error;
}

sy_status sy_cuda_stream_create(sy_ctx *ctx, sy_device *device, sy_stream **out)
{
    SY_TRY(sy_cuda_enter(ctx, device));
    sy_stream *stream = calloc(1, sizeof *stream);
    SY_TRY(sy_check_alloc(ctx, stream));
    stream->device = device;
    const sy_cuda_result error = create_queues(stream);
    if (error != SY_CUDA_SUCCESS) {
        sy_cuda_stream_destroy(stream);
        return sy_cuda_fail(ctx, device, "creating a queue", error);
    }
    *out = stream;
    return SY_OK;
}

/* The next slot of the ring, once its last transfer is through. */
static sy_cuda_result take_slot(sy_stream *stream, sy_cuda_slot **out)
{
    const sy_cuda_driver *driver = &stream->device->driver;
    sy_cuda_slot *slot = &stream->slots[stream->next_slot];
    stream->next_slot = (stream->next_slot + 1) % SY_CUDA_SLOTS;
    *out = slot;
    return driver->event_synchronize(slot->moved);
}

/* Uploads begin after the kernels queued so far, which may still read what they overwrite. */
static sy_cuda_result wait_for_kernels(sy_stream *stream)
{
    const sy_cuda_driver *driver = &stream->device->driver;
    if (!stream->busy)
        return SY_CUDA_SUCCESS;
    sy_cuda_result error = driver->event_record(stream->computed, stream->compute);
    if (error == SY_CUDA_SUCCESS)
        error = driver->stream_wait(stream->copy, stream->computed, 0);
    stream->busy = error != SY_CUDA_SUCCESS;
    return error;
}

/* At most a slot's bytes. Kernels queued later wait for them. */
static sy_cuda_result upload(sy_stream *stream, sy_cuda_address to, const void *from, size_t bytes)
{
    const sy_cuda_driver *driver = &stream->device->driver;
    sy_cuda_slot *slot;
    sy_cuda_result error = take_slot(stream, &slot);
    if (error != SY_CUDA_SUCCESS)
        return error;
    memcpy(slot->memory, from, bytes);
    error = driver->copy_to_device(to, slot->memory, bytes, stream->copy);
    if (error == SY_CUDA_SUCCESS)
        error = driver->event_record(slot->moved, stream->copy);
    if (error == SY_CUDA_SUCCESS)
        error = driver->stream_wait(stream->compute, slot->moved, 0);
    return error;
}

/* The same the other way, and waits: behind everything queued so far. */
static sy_cuda_result download(sy_stream *stream, sy_cuda_address from, void *to, size_t bytes)
{
    const sy_cuda_driver *driver = &stream->device->driver;
    sy_cuda_slot *slot;
    sy_cuda_result error = take_slot(stream, &slot);
    if (error != SY_CUDA_SUCCESS)
        return error;
    error = driver->copy_to_host(slot->memory, from, bytes, stream->compute);
    if (error == SY_CUDA_SUCCESS)
        error = driver->event_record(slot->moved, stream->compute);
    if (error == SY_CUDA_SUCCESS)
        error = driver->event_synchronize(slot->moved);
    if (error == SY_CUDA_SUCCESS)
        memcpy(to, slot->memory, bytes);
    return error;
}

static sy_cuda_address address_of(sy_view view, size_t words)
{
    assert(view.buffer && view.offset <= view.buffer->words && words <= view.buffer->words - view.offset);
    (void)words;
    return view.buffer->at + view.offset * sizeof(uint32_t);
}

static size_t piece(size_t left)
{
    return left < SY_CUDA_SLOT_BYTES ? left : SY_CUDA_SLOT_BYTES;
}

sy_status sy_cuda_write(sy_ctx *ctx, sy_stream *stream, sy_view to, const void *from, size_t words)
{
    const size_t bytes = words * sizeof(uint32_t);
    if (words == 0)
        return SY_OK;
    SY_TRY(sy_cuda_enter(ctx, stream->device));
    sy_cuda_result error = wait_for_kernels(stream);
    for (size_t at = 0; at < bytes && error == SY_CUDA_SUCCESS; at += piece(bytes - at))
        error = upload(stream, address_of(to, words) + at, (const char *)from + at, piece(bytes - at));
    return error == SY_CUDA_SUCCESS ? SY_OK
                                    : sy_cuda_fail(ctx, stream->device, "writing to its memory", error);
}

sy_status sy_cuda_read(sy_ctx *ctx, sy_stream *stream, sy_view from, void *to, size_t words)
{
    const size_t bytes = words * sizeof(uint32_t);
    sy_cuda_result error = SY_CUDA_SUCCESS;
    if (words == 0)
        return SY_OK;
    SY_TRY(sy_cuda_enter(ctx, stream->device));
    for (size_t at = 0; at < bytes && error == SY_CUDA_SUCCESS; at += piece(bytes - at))
        error = download(stream, address_of(from, words) + at, (char *)to + at, piece(bytes - at));
    return error == SY_CUDA_SUCCESS ? SY_OK : sy_cuda_fail(ctx, stream->device, "reading its memory", error);
}

sy_status sy_cuda_sync(sy_ctx *ctx, sy_stream *stream)
{
    const sy_cuda_driver *driver = &stream->device->driver;
    SY_TRY(sy_cuda_enter(ctx, stream->device));
    sy_cuda_result error = driver->stream_synchronize(stream->copy);
    if (error == SY_CUDA_SUCCESS)
        error = driver->stream_synchronize(stream->compute);
    stream->busy = false;
    return error == SY_CUDA_SUCCESS ? SY_OK
                                    : sy_cuda_fail(ctx, stream->device, "waiting for its kernels", error);
}
