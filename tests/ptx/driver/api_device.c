/* The device: a small card of compute capability 7.5, with this process's memory. */
#include <stdio.h>
#include <string.h>

#include "driver/driver.h"

static const struct {
    int attribute, value;
} attributes[] = {
    {1, VM_MAX_THREADS}, /* threads per block */
    {2, 1024},           /* block x, y, z */
    {3, 1024},
    {4, 64},
    {5, INT32_MAX}, /* grid x, y, z */
    {6, 65535},
    {7, 65535},
    {8, VM_MAX_SHARED},
    {9, 65536},      /* constant memory */
    {10, 32},        /* warp */
    {11, INT32_MAX}, /* pitch */
    {12, 65536},     /* registers per block */
    {13, 1590000},   /* clock, kHz */
    {14, 512},       /* texture alignment */
    {15, 1},         /* copies overlap */
    {16, 40},        /* multiprocessors */
    {17, 0},         /* time limit */
    {18, 0},         /* integrated */
    {19, 1},         /* maps host memory */
    {20, 0},         /* compute mode */
    {31, 1},         /* concurrent kernels */
    {32, 0},         /* ECC */
    {33, 0},         /* PCI bus, device */
    {34, 0},
    {36, 5001000}, /* memory clock, kHz */
    {37, 256},     /* memory bus, bits */
    {38, 4 << 20}, /* L2 */
    {39, 1024},    /* threads per multiprocessor */
    {40, 3},       /* copy engines */
    {41, 1},       /* unified addressing */
    {50, 0},       /* PCI domain */
    {75, 7},       /* compute capability */
    {76, 5},
    {78, 1}, /* stream priorities */
    {79, 1}, /* caches */
    {80, 1},
    {81, 65536},         /* shared memory per multiprocessor */
    {82, 65536},         /* registers per multiprocessor */
    {83, 0},             /* managed memory */
    {97, VM_MAX_SHARED}, /* shared memory per block, opt-in */
    {115, 0},            /* memory pools */
};

static CUresult check_device(CUdevice device)
{
    return device >= 0 && (uint32_t)device < drv.machine.options.devices ? CUDA_SUCCESS
                                                                         : CUDA_ERROR_INVALID_DEVICE;
}

EXPORT CUresult cuDriverGetVersion(int *version);
CUresult cuDriverGetVersion(int *version)
{
    *version = 13000;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuDeviceGetCount(int *count);
CUresult cuDeviceGetCount(int *count)
{
    CUresult status = drv_enter_any();
    if (!status)
        *count = (int)(drv.machine.options.devices < DRV_MAX_DEVICES ? drv.machine.options.devices
                                                                     : DRV_MAX_DEVICES);
    return drv_leave(status);
}

EXPORT CUresult cuDeviceGet(CUdevice *device, int ordinal);
CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
    CUresult status = drv_enter_any();
    if (!status && drv.machine.options.devices == 0)
        status = CUDA_ERROR_NO_DEVICE;
    if (!status)
        status = check_device(ordinal);
    if (!status)
        *device = ordinal;
    return drv_leave(status);
}

EXPORT CUresult cuDeviceGetName(char *name, int bytes, CUdevice device);
CUresult cuDeviceGetName(char *name, int bytes, CUdevice device)
{
    CUresult status = drv_enter_any();
    if (!status)
        status = bytes > 0 ? check_device(device) : CUDA_ERROR_INVALID_VALUE;
    if (!status)
        snprintf(name, (size_t)bytes, "PTX executor %d (no GPU)", device);
    return drv_leave(status);
}

EXPORT CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device);
CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device)
{
    CUresult status = drv_enter_any();
    if (!status)
        status = check_device(device);
    if (!status)
        *uuid = (CUuuid){{'p', 't', 'x', (char)device}};
    return drv_leave(status);
}

EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device);
CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
    CUresult status = drv_enter_any();
    if (!status)
        status = check_device(device);
    if (!status)
        *bytes = drv.machine.options.memory;
    return drv_leave(status);
}

EXPORT CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device);
CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device)
{
    CUresult status = drv_enter_any();
    if (!status)
        status = check_device(device);
    if (status)
        return drv_leave(status);
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
        if (attributes[i].attribute == attribute) {
            *value = attributes[i].value;
            return drv_leave(CUDA_SUCCESS);
        }
    return drv_leave(drv_refuse(CUDA_ERROR_INVALID_VALUE,
                                "cuDeviceGetAttribute: the stand-in does not know attribute %d", attribute));
}

EXPORT CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice device);
CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice device)
{
    const CUresult status = cuDeviceGetAttribute(major, 75, device);
    return status ? status : cuDeviceGetAttribute(minor, 76, device);
}
