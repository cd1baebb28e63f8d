#include <stdlib.h>
#include <string.h>

#include "opencl/opencl.h"

enum { PLATFORMS_MAX = 16, DEVICES_MAX = 64 };

static void device_text(const sy_opencl_loader *loader, cl_device_id id, cl_device_info what, char *out,
                        size_t capacity)
{
    size_t size = 0;
    char *text = NULL;
    out[0] = '\0';
    if (loader->clGetDeviceInfo(id, what, 0, NULL, &size) != CL_SUCCESS || !(text = malloc(size + 1)))
        return;
    if (loader->clGetDeviceInfo(id, what, size, text, NULL) == CL_SUCCESS) {
        text[size] = '\0';
        strncat(out, text, capacity - 1);
    }
    free(text);
}

static void platform_text(const sy_opencl_loader *loader, cl_platform_id id, cl_platform_info what, char *out,
                          size_t capacity)
{
    size_t size = 0;
    char *text = NULL;
    out[0] = '\0';
    if (loader->clGetPlatformInfo(id, what, 0, NULL, &size) != CL_SUCCESS || !(text = malloc(size + 1)))
        return;
    if (loader->clGetPlatformInfo(id, what, size, text, NULL) == CL_SUCCESS) {
        text[size] = '\0';
        strncat(out, text, capacity - 1);
    }
    free(text);
}

/* Values that a device does not tell stay 0, and 0 is never enough. */
static void describe(const sy_opencl_loader *loader, cl_platform_id platform, cl_device_id id,
                     sy_opencl_device *out)
{
    cl_bool available = CL_FALSE, compiler = CL_FALSE;
    *out = (sy_opencl_device){.platform = platform, .id = id};
    loader->clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof out->type, &out->type, NULL);
    loader->clGetDeviceInfo(id, CL_DEVICE_SINGLE_FP_CONFIG, sizeof out->floats, &out->floats, NULL);
    loader->clGetDeviceInfo(id, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof out->group_items, &out->group_items,
                            NULL);
    loader->clGetDeviceInfo(id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof out->memory_bytes, &out->memory_bytes,
                            NULL);
    loader->clGetDeviceInfo(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof out->buffer_bytes, &out->buffer_bytes,
                            NULL);
    loader->clGetDeviceInfo(id, CL_DEVICE_AVAILABLE, sizeof available, &available, NULL);
    loader->clGetDeviceInfo(id, CL_DEVICE_COMPILER_AVAILABLE, sizeof compiler, &compiler, NULL);
    out->usable = available && compiler;
    device_text(loader, id, CL_DEVICE_NAME, out->name, sizeof out->name);
    device_text(loader, id, CL_DRIVER_VERSION, out->driver, sizeof out->driver);
    device_text(loader, id, CL_DEVICE_VERSION, out->version, sizeof out->version);
    platform_text(loader, platform, CL_PLATFORM_NAME, out->platform_name, sizeof out->platform_name);
    platform_text(loader, platform, CL_PLATFORM_VERSION, out->platform_version, sizeof out->platform_version);
}

sy_status sy_opencl_find_devices(sy_ctx *ctx, const sy_opencl_loader *loader, sy_opencl_device *out,
                                 int capacity, int *out_count)
{
    cl_platform_id platforms[PLATFORMS_MAX];
    cl_uint platform_count = 0;
    int found = 0;
    /* The loader says "no platform" with an error of its own. */
    if (loader->clGetPlatformIDs(PLATFORMS_MAX, platforms, &platform_count) != CL_SUCCESS)
        platform_count = 0;
    for (cl_uint p = 0; p < platform_count && p < PLATFORMS_MAX; p++) {
        cl_device_id ids[DEVICES_MAX];
        cl_uint count = 0;
        if (loader->clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, DEVICES_MAX, ids, &count) != CL_SUCCESS)
            continue;
        for (cl_uint d = 0; d < count && d < DEVICES_MAX; d++, found++)
            if (found < capacity)
                describe(loader, platforms[p], ids[d], &out[found]);
    }
    if (found == 0)
        return sy_fail(ctx, SY_E_DEVICE,
                       "OpenCL has no device here: install the driver of the GPU, or pocl-opencl-icd for "
                       "processors, or use --device cpu, which gives the same bits");
    *out_count = found;
    return SY_OK;
}

const char *sy_opencl_inexact(const sy_opencl_device *device)
{
    static const struct {
        cl_device_fp_config bit;
        const char *lack;
    } needs[] = {
        {CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT, "does not round quotients and square roots correctly"},
        {CL_FP_DENORM, "flushes denormal numbers to zero"},
        {CL_FP_INF_NAN, "has no infinities and NaNs"},
        {CL_FP_ROUND_TO_NEAREST, "does not round to nearest"},
    };
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        if (!(device->floats & needs[i].bit))
            return needs[i].lack;
    return NULL;
}
