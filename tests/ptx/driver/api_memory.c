#include <string.h>

#include "driver/driver.h"

static CUresult alloc_device(CUdeviceptr *out, size_t bytes)
{
    vm_memory *memory = &drv.machine.memory;
    if (bytes == 0)
        return CUDA_ERROR_INVALID_VALUE;
    if (++drv.allocations == drv.machine.options.failing_alloc)
        return drv_refuse(CUDA_ERROR_OUT_OF_MEMORY, "allocation %llu, of %zu bytes, was told to fail",
                          (unsigned long long)drv.allocations, bytes);
    if (bytes > drv.machine.options.memory || memory->used > drv.machine.options.memory - bytes)
        return CUDA_ERROR_OUT_OF_MEMORY;
    const vm_allocation *a = vm_memory_add(memory, VM_DEVICE, 0, bytes);
    if (!a)
        return CUDA_ERROR_OUT_OF_MEMORY;
    *out = a->base;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *out, size_t bytes);
CUresult cuMemAlloc_v2(CUdeviceptr *out, size_t bytes)
{
    CUresult status = drv_enter();
    if (!status)
        status = alloc_device(out, bytes);
    return drv_leave(status);
}

/* Waits for everything, as the driver does. */
static CUresult free_memory(vm_origin origin, u64 address)
{
    if (!address)
        return CUDA_SUCCESS;
    drv_run_all();
    if (!vm_memory_free(&drv.machine.memory, origin, address))
        return drv_refuse(CUDA_ERROR_INVALID_VALUE, "free of %#llx, where no allocation begins",
                          (unsigned long long)address);
    return drv.broken;
}

EXPORT CUresult cuMemFree_v2(CUdeviceptr address);
CUresult cuMemFree_v2(CUdeviceptr address)
{
    CUresult status = drv_enter();
    if (!status)
        status = free_memory(VM_DEVICE, address);
    return drv_leave(status);
}

EXPORT CUresult cuMemHostAlloc(void **out, size_t bytes, unsigned flags);
CUresult cuMemHostAlloc(void **out, size_t bytes, unsigned flags)
{
    CUresult status = drv_enter();
    (void)flags;
    if (!status && bytes == 0)
        status = CUDA_ERROR_INVALID_VALUE;
    if (!status) {
        const vm_allocation *a = vm_memory_add(&drv.machine.memory, VM_PINNED, 0, bytes);
        *out = a ? (void *)a->base : NULL;
        status = a ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
    }
    return drv_leave(status);
}

EXPORT CUresult cuMemAllocHost_v2(void **out, size_t bytes);
CUresult cuMemAllocHost_v2(void **out, size_t bytes)
{
    return cuMemHostAlloc(out, bytes, 0);
}

EXPORT CUresult cuMemFreeHost(void *memory);
CUresult cuMemFreeHost(void *memory)
{
    CUresult status = drv_enter();
    if (!status)
        status = free_memory(VM_PINNED, (u64)memory);
    return drv_leave(status);
}

EXPORT CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *out, void *memory, unsigned flags);
CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *out, void *memory, unsigned flags)
{
    CUresult status = drv_enter();
    (void)flags;
    if (!status && !vm_memory_holding(&drv.machine.memory, (u64)memory, 1))
        status = CUDA_ERROR_INVALID_VALUE;
    if (!status)
        *out = (CUdeviceptr)memory;
    return drv_leave(status);
}

EXPORT CUresult cuMemGetInfo_v2(size_t *free_bytes, size_t *total);
CUresult cuMemGetInfo_v2(size_t *free_bytes, size_t *total)
{
    CUresult status = drv_enter();
    if (!status) {
        const u64 all = drv.machine.options.memory, used = drv.machine.memory.used;
        *free_bytes = used < all ? all - used : 0;
        *total = all;
    }
    return drv_leave(status);
}

EXPORT CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *bytes, CUdeviceptr address);
CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *bytes, CUdeviceptr address)
{
    CUresult status = drv_enter();
    const vm_allocation *a = status ? NULL : vm_memory_holding(&drv.machine.memory, address, 1);
    if (!status && (!a || a->origin != VM_DEVICE))
        status = CUDA_ERROR_NOT_FOUND;
    if (!status) {
        if (base)
            *base = a->base;
        if (bytes)
            *bytes = a->bytes;
    }
    return drv_leave(status);
}
