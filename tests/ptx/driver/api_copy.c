/* Copies and fills. What the device may touch is looked up when the call is made; the copy itself happens
 * when the stream comes to it, and then reads and writes pinned memory. Pageable memory is read at the call,
 * and written before the call returns, as the driver does. */
#include <stdlib.h>
#include <string.h>

#include "driver/driver.h"

typedef struct {
    const void *from;
    void *to;
    size_t bytes, from_pitch, to_pitch, rows;
    bool from_host, to_host;
} copy_form;

static u64 extent(size_t bytes, size_t pitch, size_t rows)
{
    return rows ? (u64)pitch * (rows - 1) + bytes : 0;
}

static bool is_pinned(const void *memory)
{
    const vm_allocation *a = vm_memory_holding(&drv.machine.memory, (u64)memory, 1);
    return a && a->origin == VM_PINNED;
}

static CUresult check_device_range(const char *what, const void *at, u64 bytes)
{
    char place[256];
    if (vm_memory_holding(&drv.machine.memory, (u64)at, bytes))
        return CUDA_SUCCESS;
    vm_describe(&drv.machine, (u64)at, place, sizeof place);
    return drv_refuse(CUDA_ERROR_INVALID_VALUE, "%s of %llu bytes that are not all in one allocation: %s",
                      what, (unsigned long long)bytes, place);
}

/* Pageable memory is copied row by row into the operation. */
static bool stage(drv_op *op, const copy_form *form)
{
    op->copy.staged = malloc(form->bytes * form->rows);
    if (!op->copy.staged)
        return false;
    for (size_t i = 0; i < form->rows; i++)
        memcpy((char *)op->copy.staged + i * form->bytes, (const char *)form->from + i * form->from_pitch,
               form->bytes);
    op->copy.from_pitch = form->bytes;
    return true;
}

static CUresult submit_copy(const copy_form *form, struct drv_stream *stream, bool wait)
{
    CUresult status = CUDA_SUCCESS;
    if (form->bytes == 0 || form->rows == 0)
        return CUDA_SUCCESS;
    if (!form->from_host)
        status = check_device_range("copy from the device", form->from,
                                    extent(form->bytes, form->from_pitch, form->rows));
    if (!status && !form->to_host)
        status = check_device_range("copy to the device", form->to,
                                    extent(form->bytes, form->to_pitch, form->rows));
    if (status)
        return status;
    drv_op *op = drv_op_create(OP_COPY);
    if (!op)
        return CUDA_ERROR_OUT_OF_MEMORY;
    op->copy.to = form->to;
    op->copy.from = form->from;
    op->copy.bytes = form->bytes;
    op->copy.to_pitch = form->to_pitch;
    op->copy.from_pitch = form->from_pitch;
    op->copy.rows = form->rows;
    if (form->from_host && !is_pinned(form->from) && !stage(op, form)) {
        free(op);
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    drv_submit(stream, op);
    if (wait || (form->to_host && !is_pinned(form->to)))
        drv_wait(stream, UINT64_MAX);
    return drv.broken && (wait || form->to_host) ? drv.broken : CUDA_SUCCESS;
}

static CUresult copy_on(const copy_form *form, CUstream handle, bool wait)
{
    CUresult status = drv_enter();
    struct drv_stream *stream = status ? NULL : drv_stream_of(handle);
    if (!status && !stream)
        status = CUDA_ERROR_INVALID_HANDLE;
    if (!status)
        status = submit_copy(form, stream, wait);
    return drv_leave(status);
}

static copy_form plain(void *to, const void *from, size_t bytes, bool to_host, bool from_host)
{
    return (copy_form){from, to, bytes, bytes, bytes, 1, from_host, to_host};
}

EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream);
CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream)
{
    const copy_form form = plain((void *)to, from, bytes, false, true);
    return copy_on(&form, stream, false);
}

EXPORT CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream);
CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    const copy_form form = plain(to, (const void *)from, bytes, true, false);
    return copy_on(&form, stream, false);
}

EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream);
CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    const copy_form form = plain((void *)to, (const void *)from, bytes, false, false);
    return copy_on(&form, stream, false);
}

EXPORT CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes);
CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes)
{
    const copy_form form = plain((void *)to, from, bytes, false, true);
    return copy_on(&form, NULL, true);
}

EXPORT CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes);
CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes)
{
    const copy_form form = plain(to, (const void *)from, bytes, true, false);
    return copy_on(&form, NULL, true);
}

EXPORT CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes);
CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes)
{
    const copy_form form = plain((void *)to, (const void *)from, bytes, false, false);
    return copy_on(&form, NULL, false);
}

/* Memory the driver knows is the device's or pinned; everything else is pageable. */
static copy_form unified(CUdeviceptr to, CUdeviceptr from, size_t bytes)
{
    const vm_allocation *a = vm_memory_holding(&drv.machine.memory, to, 1);
    const vm_allocation *b = vm_memory_holding(&drv.machine.memory, from, 1);
    return plain((void *)to, (const void *)from, bytes, !a || a->origin == VM_PINNED,
                 !b || b->origin == VM_PINNED);
}

EXPORT CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream);
CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream)
{
    drv_lock();
    const copy_form form = unified(to, from, bytes);
    drv_unlock();
    return copy_on(&form, stream, false);
}

EXPORT CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes);
CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes)
{
    drv_lock();
    const copy_form form = unified(to, from, bytes);
    drv_unlock();
    return copy_on(&form, NULL, true);
}

static CUresult set_on(CUdeviceptr at, u32 value, u32 width, size_t count, CUstream handle)
{
    CUresult status = drv_enter();
    struct drv_stream *stream = status ? NULL : drv_stream_of(handle);
    if (!status && !stream)
        status = CUDA_ERROR_INVALID_HANDLE;
    if (!status && at % width)
        status = drv_refuse(CUDA_ERROR_INVALID_VALUE,
                            "fill of words of %u bytes at the misaligned address %#llx", width, at);
    if (!status && count)
        status = check_device_range("fill", (const void *)at, (u64)count * width);
    drv_op *op = status || !count ? NULL : drv_op_create(OP_SET);
    if (!status && count && !op)
        status = CUDA_ERROR_OUT_OF_MEMORY;
    if (op) {
        op->set.at = at;
        op->set.value = value;
        op->set.width = width;
        op->set.count = count;
        drv_submit(stream, op);
    }
    return drv_leave(status);
}

EXPORT CUresult cuMemsetD8Async(CUdeviceptr at, unsigned char value, size_t count, CUstream stream);
CUresult cuMemsetD8Async(CUdeviceptr at, unsigned char value, size_t count, CUstream stream)
{
    return set_on(at, value, 1, count, stream);
}

EXPORT CUresult cuMemsetD16Async(CUdeviceptr at, unsigned short value, size_t count, CUstream stream);
CUresult cuMemsetD16Async(CUdeviceptr at, unsigned short value, size_t count, CUstream stream)
{
    return set_on(at, value, 2, count, stream);
}

EXPORT CUresult cuMemsetD32Async(CUdeviceptr at, unsigned value, size_t count, CUstream stream);
CUresult cuMemsetD32Async(CUdeviceptr at, unsigned value, size_t count, CUstream stream)
{
    return set_on(at, value, 4, count, stream);
}

EXPORT CUresult cuMemsetD8_v2(CUdeviceptr at, unsigned char value, size_t count);
CUresult cuMemsetD8_v2(CUdeviceptr at, unsigned char value, size_t count)
{
    return set_on(at, value, 1, count, NULL);
}

EXPORT CUresult cuMemsetD32_v2(CUdeviceptr at, unsigned value, size_t count);
CUresult cuMemsetD32_v2(CUdeviceptr at, unsigned value, size_t count)
{
    return set_on(at, value, 4, count, NULL);
}
