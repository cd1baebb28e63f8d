/* Streams. In lazy mode an operation runs only when something waits for it: what the host forgot to wait for,
 * or to order, is then late. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "driver/driver.h"

enum { MAX_QUEUED = 65536 };

struct drv_stream *drv_stream_of(CUstream handle)
{
    if ((uintptr_t)handle <= 2)
        return &drv.legacy;
    for (struct drv_stream *s = drv.streams; s; s = s->next)
        if (s == handle && !s->destroyed)
            return s;
    return NULL;
}

struct drv_event *drv_event_of(CUevent handle)
{
    for (struct drv_event *e = drv.events; e; e = e->next)
        if (e == handle && !e->destroyed)
            return e;
    return NULL;
}

drv_op *drv_op_create(drv_op_kind kind)
{
    drv_op *op = calloc(1, sizeof *op);
    if (op)
        op->kind = kind;
    return op;
}

static void destroy(drv_op *op)
{
    free(op->copy.staged);
    free(op->params);
    free(op);
}

static void run_copy(const drv_op *op)
{
    const vm_memory *memory = &drv.machine.memory;
    const char *from = op->copy.staged ? op->copy.staged : op->copy.from;
    char *to = op->copy.to;
    for (size_t i = 0; i < op->copy.rows; i++) {
        memmove(to, from, op->copy.bytes);
        vm_memory_copied(memory, (u64)to, (u64)from, op->copy.bytes);
        to += op->copy.to_pitch;
        from += op->copy.from_pitch;
    }
}

static void run_set(const drv_op *op)
{
    u8 *at = (u8 *)op->set.at;
    for (size_t i = 0; i < op->set.count; i++)
        memcpy(at + i * op->set.width, &op->set.value, op->set.width);
    vm_memory_wrote(&drv.machine.memory, op->set.at, op->set.count * op->set.width);
}

/* Notes, once, that the kernel has run to its end. */
static void tell_launch(vm_part *part)
{
    const char *path = drv.machine.options.launches;
    if (!path || part->launched)
        return;
    part->launched = true;
    FILE *file = fopen(path, "a");
    if (!file || fprintf(file, "%s\n", part->kernel.name) < 0)
        fprintf(stderr, "ptx: cannot write '%s'\n", path);
    if (file)
        fclose(file);
}

static void run_launch(const drv_op *op)
{
    drv.machine.launches++;
    if (drv.machine.launches == drv.machine.options.failing_launch) {
        drv.broken = drv_refuse(CUDA_ERROR_LAUNCH_FAILED, "launch %llu, of kernel '%s', was told to fail",
                                (unsigned long long)drv.machine.launches, op->launch.kernel->name);
        return;
    }
    vm_launch launch = op->launch;
    launch.params = op->params;
    const int error = vm_run(&drv.machine, &launch);
    if (error)
        drv.broken = error;
    else
        tell_launch(op->part);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void run(const drv_op *op)
{
    switch (op->kind) {
    case OP_COPY: run_copy(op); break;
    case OP_SET: run_set(op); break;
    case OP_LAUNCH: run_launch(op); break;
    case OP_WAIT: drv_run_until(op->other, op->until); break;
    case OP_RECORD: op->event->when = op->event->number == op->number ? now() : op->event->when; break;
    case OP_HOST: op->call(op->data); break;
    }
}

/* The legacy default stream waits for the blocking streams, and they for it. */
static void run_what_comes_before(struct drv_stream *stream, u64 number)
{
    if (stream == &drv.legacy) {
        for (struct drv_stream *s = drv.streams; s; s = s->next)
            if (s != stream && s->blocking)
                drv_run_until(s, number);
    } else if (stream->blocking) {
        drv_run_until(&drv.legacy, number);
    }
}

static void run_first(struct drv_stream *stream)
{
    run_what_comes_before(stream, stream->first->number);
    drv_op *op = stream->first;
    stream->first = op->next;
    if (!stream->first)
        stream->end = &stream->first;
    drv.queued--;
    if (!drv.broken)
        run(op);
    stream->done = op->number;
    destroy(op);
}

void drv_run_until(struct drv_stream *stream, u64 number)
{
    while (stream->first && stream->first->number <= number)
        run_first(stream);
}

void drv_run_stream(struct drv_stream *stream)
{
    drv_run_until(stream, UINT64_MAX);
}

void drv_wait(struct drv_stream *stream, u64 number)
{
    if (drv.machine.options.lazy == 2)
        for (struct drv_stream *s = drv.streams; s; s = s->next)
            if (s != stream)
                drv_run_stream(s);
    drv_run_until(stream, number);
}

void drv_run_all(void)
{
    for (struct drv_stream *s = drv.streams; s; s = s->next)
        drv_run_stream(s);
}

bool drv_run_one(struct drv_stream *stream, u64 number)
{
    if (stream->first && stream->first->number <= number)
        run_first(stream);
    return !stream->first || stream->first->number > number;
}

void drv_submit(struct drv_stream *stream, drv_op *op)
{
    op->number = ++drv.operations;
    if (op->kind == OP_RECORD) {
        op->event->stream = stream;
        op->event->number = op->number;
    }
    *stream->end = op;
    stream->end = &op->next;
    drv.queued++;
    if (!drv.machine.options.lazy)
        drv_run_until(stream, op->number);
    else if (drv.queued > MAX_QUEUED)
        drv_run_all();
}
