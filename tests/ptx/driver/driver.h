/* The state behind the stand-in libcuda.so.1: one process, one driver, one lock around every call. */
#ifndef SY_TESTS_PTX_DRIVER_H
#define SY_TESTS_PTX_DRIVER_H

#include <stdbool.h>

#include "driver/cuda_abi.h"
#include "machine/module.h"
#include "machine/run.h"

enum { DRV_MAX_DEVICES = 8 };

struct drv_context {
    struct drv_context *next;
    CUdevice device;
    uint32_t users; /* of a primary context */
    bool primary, destroyed;
};

struct drv_function {
    vm_part *part;
    const vm_loaded *loaded;
};

struct drv_module {
    struct drv_module *next;
    vm_loaded loaded;
    struct drv_function *functions;
    struct drv_module *replacement; /* its kernels come first; NULL without */
};

typedef enum { OP_COPY, OP_SET, OP_LAUNCH, OP_WAIT, OP_RECORD, OP_HOST } drv_op_kind;

typedef struct drv_op {
    struct drv_op *next;
    drv_op_kind kind;
    u64 number; /* all operations of the process, in the order they were asked for */
    struct {    /* OP_COPY */
        void *to;
        const void *from;
        size_t bytes, to_pitch, from_pitch, rows;
        void *staged; /* the copy of pageable memory, owned */
    } copy;
    struct { /* OP_SET */
        u64 at;
        u32 value, width;
        size_t count;
    } set;
    vm_launch launch;         /* OP_LAUNCH */
    vm_part *part;            /* its kernel */
    u8 *params;               /* owned */
    struct drv_stream *other; /* OP_WAIT: all of it up to `until` */
    u64 until;
    struct drv_event *event;  /* OP_RECORD */
    void (*call)(void *data); /* OP_HOST */
    void *data;
} drv_op;

struct drv_stream {
    struct drv_stream *next;
    bool blocking, destroyed;
    drv_op *first, **end;
    u64 done; /* number of the last operation that ran */
};

struct drv_event {
    struct drv_event *next;
    bool timed, destroyed;
    struct drv_stream *stream; /* of the last record; NULL before */
    u64 number;                /* of the record */
    double when;               /* it ran, in seconds */
};

typedef struct {
    vm_machine machine;
    bool open;
    CUresult broken; /* the error that ended the device, for every later call */
    u64 operations, allocations, queued;
    struct drv_stream legacy, *streams; /* the list ends with the legacy default stream */
    struct drv_event *events;
    struct drv_context *contexts;
    struct drv_module *modules;
    struct drv_context *current_primary[DRV_MAX_DEVICES];
} drv_state;

extern drv_state drv;

/* Every call of the API is status = drv_enter(); if (!status) status = ...; return drv_leave(status);
 * _any: without a context. */
CUresult drv_enter(void);
CUresult drv_enter_any(void);
CUresult drv_leave(CUresult status);
void drv_lock(void);
void drv_unlock(void);

/* Writes what is wrong with a call where sy_ptx_report finds it, and to stderr; returns `status`. */
CUresult drv_refuse(CUresult status, const char *format, ...) __attribute__((format(printf, 2, 3)));

CUcontext drv_current(void);

void drv_close_modules(void);

/* A handle's stream; NULL if it is none. 0 and 1 are the legacy default stream, 2 is that of the thread (here
 * the same). */
struct drv_stream *drv_stream_of(CUstream handle);
struct drv_event *drv_event_of(CUevent handle);

/* A new operation of this stream, to be filled and given to drv_submit; NULL if there is no memory. */
drv_op *drv_op_create(drv_op_kind kind);
/* Runs it now, or queues it in lazy mode. */
void drv_submit(struct drv_stream *stream, drv_op *op);
/* Runs what the stream has up to this operation, and what that must wait for. */
void drv_run_until(struct drv_stream *stream, u64 number);
void drv_run_stream(struct drv_stream *stream);
/* As a wait of the host: in the lazy mode where streams lead, all others run first, as far as they can. */
void drv_wait(struct drv_stream *stream, u64 number);
void drv_run_all(void);
/* Runs one operation, so that who polls gets on. True if nothing is left. */
bool drv_run_one(struct drv_stream *stream, u64 number);

#endif
