#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "driver/driver.h"

/* A driver is state of the process by its nature: its functions have no argument to keep it in. */
drv_state drv;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local CUcontext current;

void drv_lock(void)
{
    pthread_mutex_lock(&lock);
}

void drv_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

CUresult drv_enter_any(void)
{
    drv_lock();
    return drv.open ? CUDA_SUCCESS : CUDA_ERROR_NOT_INITIALIZED;
}

CUcontext drv_current(void)
{
    return current && !current->destroyed ? current : NULL;
}

CUresult drv_enter(void)
{
    const CUresult status = drv_enter_any();
    if (status)
        return status;
    if (!drv_current())
        return CUDA_ERROR_INVALID_CONTEXT;
    return drv.broken;
}

CUresult drv_leave(CUresult status)
{
    drv_unlock();
    return status;
}

CUresult drv_refuse(CUresult status, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(drv.machine.report, sizeof drv.machine.report, format, values);
    va_end(values);
    fprintf(stderr, "ptx: %s\n", drv.machine.report);
    return status;
}

/* The last finding or refusal; "" if there was none. Part of the stand-in only. */
EXPORT const char *sy_ptx_report(void);
const char *sy_ptx_report(void)
{
    return drv.machine.report;
}

/* Opening again reads the environment again; nothing else changes unless no context is alive. */
EXPORT CUresult cuInit(unsigned flags);
CUresult cuInit(unsigned flags)
{
    drv_lock();
    CUresult status = flags ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
    if (!status && drv.open) {
        vm_options_read(&drv.machine.options);
        drv.machine.memory.checked = drv.machine.options.checked;
    } else if (!status) {
        drv.legacy = (struct drv_stream){.blocking = true, .end = &drv.legacy.first};
        drv.streams = &drv.legacy;
        drv.open = vm_machine_open(&drv.machine);
        status = drv.open ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    }
    return drv_leave(status);
}

static CUcontext new_context(CUdevice device)
{
    CUcontext context = calloc(1, sizeof *context);
    if (context) {
        context->device = device;
        context->next = drv.contexts;
        drv.contexts = context;
    }
    return context;
}

static void free_streams_and_events(void)
{
    while (drv.streams != &drv.legacy) {
        struct drv_stream *stream = drv.streams;
        drv.streams = stream->next;
        free(stream);
    }
    while (drv.events) {
        struct drv_event *event = drv.events;
        drv.events = event->next;
        free(event);
    }
}

/* With the last context goes all it held, and what broke the device. */
static void destroy_context(CUcontext context)
{
    drv_run_all();
    context->destroyed = true;
    for (CUcontext c = drv.contexts; c; c = c->next)
        if (!c->destroyed)
            return;
    drv_close_modules();
    free_streams_and_events();
    vm_memory_release(&drv.machine.memory);
    drv.broken = CUDA_SUCCESS;
    drv.allocations = 0;
    drv.machine.launches = 0;
}

static bool is_device(CUdevice device)
{
    return device >= 0 && (uint32_t)device < drv.machine.options.devices && device < DRV_MAX_DEVICES;
}

EXPORT CUresult cuCtxCreate_v2(CUcontext *out, unsigned flags, CUdevice device);
CUresult cuCtxCreate_v2(CUcontext *out, unsigned flags, CUdevice device)
{
    CUresult status = drv_enter_any();
    (void)flags;
    if (!status && !is_device(device))
        status = CUDA_ERROR_INVALID_DEVICE;
    if (!status) {
        *out = new_context(device);
        current = *out;
        status = *out ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    }
    return drv_leave(status);
}

EXPORT CUresult cuCtxCreate_v4(CUcontext *out, void *params, unsigned flags, CUdevice device);
CUresult cuCtxCreate_v4(CUcontext *out, void *params, unsigned flags, CUdevice device)
{
    return params ? CUDA_ERROR_NOT_SUPPORTED : cuCtxCreate_v2(out, flags, device);
}

EXPORT CUresult cuCtxDestroy_v2(CUcontext context);
CUresult cuCtxDestroy_v2(CUcontext context)
{
    CUresult status = drv_enter_any();
    if (!status && (!context || context->destroyed || context->primary))
        status = CUDA_ERROR_INVALID_CONTEXT;
    if (!status)
        destroy_context(context);
    return drv_leave(status);
}

EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext *out, CUdevice device);
CUresult cuDevicePrimaryCtxRetain(CUcontext *out, CUdevice device)
{
    CUresult status = drv_enter_any();
    if (!status && !is_device(device))
        status = CUDA_ERROR_INVALID_DEVICE;
    if (!status) {
        CUcontext *primary = &drv.current_primary[device];
        if (!*primary || (*primary)->destroyed)
            *primary = new_context(device);
        if (*primary) {
            (*primary)->primary = true;
            (*primary)->users++;
        }
        *out = *primary;
        status = *primary ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    }
    return drv_leave(status);
}

EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device);
CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
    CUresult status = drv_enter_any();
    CUcontext primary = !status && is_device(device) ? drv.current_primary[device] : NULL;
    if (!status && (!primary || primary->destroyed))
        status = CUDA_ERROR_INVALID_CONTEXT;
    if (!status && --primary->users == 0)
        destroy_context(primary);
    return drv_leave(status);
}

EXPORT CUresult cuCtxSetCurrent(CUcontext context);
CUresult cuCtxSetCurrent(CUcontext context)
{
    CUresult status = drv_enter_any();
    if (!status && context && context->destroyed)
        status = CUDA_ERROR_INVALID_CONTEXT;
    if (!status)
        current = context;
    return drv_leave(status);
}

EXPORT CUresult cuCtxGetCurrent(CUcontext *out);
CUresult cuCtxGetCurrent(CUcontext *out)
{
    CUresult status = drv_enter_any();
    if (!status)
        *out = drv_current();
    return drv_leave(status);
}

EXPORT CUresult cuCtxPushCurrent_v2(CUcontext context);
CUresult cuCtxPushCurrent_v2(CUcontext context)
{
    (void)context;
    return CUDA_ERROR_NOT_SUPPORTED;
}

EXPORT CUresult cuCtxGetDevice(CUdevice *out);
CUresult cuCtxGetDevice(CUdevice *out)
{
    CUresult status = drv_enter();
    if (!status)
        *out = drv_current()->device;
    return drv_leave(status);
}

EXPORT CUresult cuCtxSynchronize(void);
CUresult cuCtxSynchronize(void)
{
    CUresult status = drv_enter();
    if (!status) {
        drv_run_all();
        status = drv.broken;
    }
    return drv_leave(status);
}
