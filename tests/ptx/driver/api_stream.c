#include <stdlib.h>

#include "driver/driver.h"

EXPORT CUresult cuStreamCreate(CUstream *out, unsigned flags);
CUresult cuStreamCreate(CUstream *out, unsigned flags)
{
    CUresult status = drv_enter();
    struct drv_stream *stream = status ? NULL : calloc(1, sizeof *stream);
    if (!status && !stream)
        status = CUDA_ERROR_OUT_OF_MEMORY;
    if (stream) {
        stream->blocking = !(flags & CU_STREAM_NON_BLOCKING);
        stream->end = &stream->first;
        stream->next = drv.streams;
        drv.streams = stream;
        *out = stream;
    }
    return drv_leave(status);
}

EXPORT CUresult cuStreamCreateWithPriority(CUstream *out, unsigned flags, int priority);
CUresult cuStreamCreateWithPriority(CUstream *out, unsigned flags, int priority)
{
    (void)priority;
    return cuStreamCreate(out, flags);
}

EXPORT CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest);
CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest)
{
    *least = 0;
    *greatest = 0;
    return CUDA_SUCCESS;
}

/* Looks the handle up and does `work` on the stream, under the lock. */
static CUresult with_stream(CUstream handle, CUresult (*work)(struct drv_stream *stream))
{
    CUresult status = drv_enter();
    struct drv_stream *stream = status ? NULL : drv_stream_of(handle);
    if (!status)
        status = stream ? work(stream) : CUDA_ERROR_INVALID_HANDLE;
    return drv_leave(status);
}

/* The object stays, for events recorded on it; there are few. */
static CUresult destroy_stream(struct drv_stream *stream)
{
    if (stream == &drv.legacy)
        return CUDA_ERROR_INVALID_HANDLE;
    drv_run_stream(stream);
    stream->destroyed = true;
    return CUDA_SUCCESS;
}

static CUresult synchronize(struct drv_stream *stream)
{
    if (stream == &drv.legacy)
        for (struct drv_stream *s = drv.streams; s; s = s->next)
            if (s->blocking)
                drv_run_stream(s);
    drv_wait(stream, UINT64_MAX);
    return drv.broken;
}

static CUresult query(struct drv_stream *stream)
{
    const bool done = drv_run_one(stream, UINT64_MAX);
    return drv.broken ? drv.broken : done ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

EXPORT CUresult cuStreamDestroy_v2(CUstream stream);
CUresult cuStreamDestroy_v2(CUstream stream)
{
    return with_stream(stream, destroy_stream);
}

EXPORT CUresult cuStreamSynchronize(CUstream stream);
CUresult cuStreamSynchronize(CUstream stream)
{
    return with_stream(stream, synchronize);
}

EXPORT CUresult cuStreamQuery(CUstream stream);
CUresult cuStreamQuery(CUstream stream)
{
    return with_stream(stream, query);
}

EXPORT CUresult cuEventCreate(CUevent *out, unsigned flags);
CUresult cuEventCreate(CUevent *out, unsigned flags)
{
    CUresult status = drv_enter();
    struct drv_event *event = status ? NULL : calloc(1, sizeof *event);
    if (!status && !event)
        status = CUDA_ERROR_OUT_OF_MEMORY;
    if (event) {
        event->timed = !(flags & CU_EVENT_DISABLE_TIMING);
        event->next = drv.events;
        drv.events = event;
        *out = event;
    }
    return drv_leave(status);
}

EXPORT CUresult cuEventDestroy_v2(CUevent handle);
CUresult cuEventDestroy_v2(CUevent handle)
{
    CUresult status = drv_enter();
    struct drv_event *event = status ? NULL : drv_event_of(handle);
    if (!status && !event)
        status = CUDA_ERROR_INVALID_HANDLE;
    if (event)
        event->destroyed = true;
    return drv_leave(status);
}

EXPORT CUresult cuEventRecord(CUevent handle, CUstream stream_handle);
CUresult cuEventRecord(CUevent handle, CUstream stream_handle)
{
    CUresult status = drv_enter();
    struct drv_event *event = status ? NULL : drv_event_of(handle);
    struct drv_stream *stream = status ? NULL : drv_stream_of(stream_handle);
    if (!status && (!event || !stream))
        status = CUDA_ERROR_INVALID_HANDLE;
    drv_op *op = status ? NULL : drv_op_create(OP_RECORD);
    if (op) {
        op->event = event;
        drv_submit(stream, op);
    }
    return drv_leave(status);
}

static bool is_done(const struct drv_event *event)
{
    return !event->stream || event->stream->done >= event->number;
}

/* Looks the handle up and does `work` on the event, under the lock. */
static CUresult with_event(CUevent handle, CUresult (*work)(struct drv_event *event))
{
    CUresult status = drv_enter();
    struct drv_event *event = status ? NULL : drv_event_of(handle);
    if (!status)
        status = event ? work(event) : CUDA_ERROR_INVALID_HANDLE;
    return drv_leave(status);
}

static CUresult wait_for(struct drv_event *event)
{
    if (event->stream)
        drv_wait(event->stream, event->number);
    return drv.broken;
}

static CUresult ask(struct drv_event *event)
{
    if (event->stream && !is_done(event))
        drv_run_one(event->stream, event->number);
    return drv.broken ? drv.broken : is_done(event) ? CUDA_SUCCESS : CUDA_ERROR_NOT_READY;
}

EXPORT CUresult cuEventSynchronize(CUevent event);
CUresult cuEventSynchronize(CUevent event)
{
    return with_event(event, wait_for);
}

EXPORT CUresult cuEventQuery(CUevent event);
CUresult cuEventQuery(CUevent event)
{
    return with_event(event, ask);
}

EXPORT CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent from_handle, CUevent to_handle);
CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent from_handle, CUevent to_handle)
{
    CUresult status = drv_enter();
    const struct drv_event *from = status ? NULL : drv_event_of(from_handle);
    const struct drv_event *to = status ? NULL : drv_event_of(to_handle);
    if (!status && (!from || !to || !from->timed || !to->timed || !from->stream || !to->stream))
        status = CUDA_ERROR_INVALID_HANDLE;
    if (!status && (!is_done(from) || !is_done(to)))
        status = CUDA_ERROR_NOT_READY;
    if (!status)
        *milliseconds = (float)(1e3 * (to->when - from->when));
    return drv_leave(status);
}

EXPORT CUresult cuEventElapsedTime(float *milliseconds, CUevent from, CUevent to);
CUresult cuEventElapsedTime(float *milliseconds, CUevent from, CUevent to)
{
    return cuEventElapsedTime_v2(milliseconds, from, to);
}

/* An event that was never recorded orders nothing. */
EXPORT CUresult cuStreamWaitEvent(CUstream stream_handle, CUevent handle, unsigned flags);
CUresult cuStreamWaitEvent(CUstream stream_handle, CUevent handle, unsigned flags)
{
    CUresult status = drv_enter();
    struct drv_event *event = status ? NULL : drv_event_of(handle);
    struct drv_stream *stream = status ? NULL : drv_stream_of(stream_handle);
    (void)flags;
    if (!status && (!event || !stream))
        status = CUDA_ERROR_INVALID_HANDLE;
    drv_op *op = status || !event->stream ? NULL : drv_op_create(OP_WAIT);
    if (op) {
        op->other = event->stream;
        op->until = event->number;
        drv_submit(stream, op);
    }
    return drv_leave(status);
}

EXPORT CUresult cuLaunchHostFunc(CUstream handle, CUhostFn call, void *data);
CUresult cuLaunchHostFunc(CUstream handle, CUhostFn call, void *data)
{
    CUresult status = drv_enter();
    struct drv_stream *stream = status ? NULL : drv_stream_of(handle);
    if (!status && (!stream || !call))
        status = CUDA_ERROR_INVALID_HANDLE;
    drv_op *op = status ? NULL : drv_op_create(OP_HOST);
    if (op) {
        op->call = call;
        op->data = data;
        drv_submit(stream, op);
    }
    return drv_leave(status);
}
