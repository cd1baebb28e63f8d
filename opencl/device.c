/* Devices: found, checked, opened and closed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "opencl/blas.h"

enum { DEVICES_MAX = 64 };

/* The text of kernels/kernels.cl and all it includes; the build makes it. */
extern const unsigned char sy_opencl_source[];
extern const size_t sy_opencl_source_size;

/* What to do about an error, in words. */
static const char *remedy(cl_int error)
{
    switch (error) {
    case CL_MEM_OBJECT_ALLOCATION_FAILURE:
    case CL_OUT_OF_RESOURCES:
    case CL_OUT_OF_HOST_MEMORY: return "use a smaller batch, fewer workers, or --device cpu";
    default: return "update its driver, or use --device cpu";
    }
}

sy_status sy_opencl_fail(sy_ctx *ctx, const sy_device *device, const char *what, cl_int error)
{
    const bool memory = error == CL_MEM_OBJECT_ALLOCATION_FAILURE || error == CL_OUT_OF_HOST_MEMORY;
    return sy_fail(ctx, memory ? SY_E_MEMORY : SY_E_DEVICE, "device opencl:%d (%s): %s: %s (%d): %s",
                   device->index, device->info.name, what, sy_opencl_error(error), error, remedy(error));
}

static const char *type_name(cl_device_type type)
{
    return type & CL_DEVICE_TYPE_GPU ? "GPU" : type & CL_DEVICE_TYPE_CPU ? "processor" : "accelerator";
}

sy_status sy_opencl_list(sy_ctx *ctx, sy_device_info *out, int capacity, int *out_count)
{
    sy_opencl_loader loader;
    sy_opencl_device found[DEVICES_MAX];
    int count = 0;
    SY_TRY(sy_opencl_load(ctx, &loader));
    SY_TRY(sy_opencl_find_devices(ctx, &loader, found, DEVICES_MAX, &count));
    count = count < DEVICES_MAX ? count : DEVICES_MAX;
    for (int i = 0; i < count && i < capacity; i++) {
        const char *lack = sy_opencl_inexact(&found[i]);
        snprintf(out[i].name, sizeof out[i].name, "%s", found[i].name);
        snprintf(out[i].detail, sizeof out[i].detail, "%s, %.1f GiB, %.48s %.48s%s%.60s",
                 type_name(found[i].type), (double)found[i].memory_bytes / (1 << 30), found[i].platform_name,
                 found[i].driver, lack ? "; not exact: " : "", lack ? lack : "");
        out[i].automatic = (found[i].type & CL_DEVICE_TYPE_GPU) != 0;
    }
    *out_count = count;
    return SY_OK;
}

/* The device can run the kernels and gives the bits that every other device gives. */
static sy_status check_device(sy_ctx *ctx, int index, const sy_opencl_device *device)
{
    const char *lack = sy_opencl_inexact(device);
    if (!device->usable)
        return sy_fail(
            ctx, SY_E_DEVICE,
            "device opencl:%d (%s) is not available, or its driver has no compiler: use another device",
            index, device->name);
    if (device->group_items < SY_GROUP)
        return sy_fail(ctx, SY_E_DEVICE,
                       "device opencl:%d (%s) runs groups of %zu items, the kernels need %d: use "
                       "another device",
                       index, device->name, device->group_items, SY_GROUP);
    if (lack)
        return sy_fail(ctx, SY_E_DEVICE,
                       "device opencl:%d (%s) %s, so its results would not have the bits of other devices: "
                       "use another device",
                       index, device->name, lack);
    return SY_OK;
}

void sy_opencl_close(sy_device *device)
{
    if (!device)
        return;
    sy_opencl_blas_destroy(device->blas);
    if (device->program)
        device->loader.clReleaseProgram(device->program);
    if (device->context)
        device->loader.clReleaseContext(device->context);
    sy_budget_destroy(&device->budget);
    free(device);
}

static sy_status find_device(sy_ctx *ctx, sy_device *device)
{
    sy_opencl_device found[DEVICES_MAX];
    int count = 0;
    SY_TRY(sy_opencl_load(ctx, &device->loader));
    SY_TRY(sy_opencl_find_devices(ctx, &device->loader, found, DEVICES_MAX, &count));
    if (device->index < 0 || device->index >= count || device->index >= DEVICES_MAX)
        return sy_fail(ctx, SY_E_DEVICE,
                       "device opencl:%d: there are %d, from opencl:0 on: see 'steelyard devices'",
                       device->index, count);
    device->info = found[device->index];
    return check_device(ctx, device->index, &device->info);
}

/* PoCL has a cache of its own, and where it is asked for a program's binary it first compiles every kernel in
 * it, which takes half a minute.
 */
static bool keeps_programs(const sy_opencl_device *device)
{
    return strcmp(device->platform_name, "Portable Computing Language") == 0;
}

static sy_status open_program(sy_ctx *ctx, sy_device *device)
{
    cl_int error = CL_SUCCESS;
    device->context = device->loader.clCreateContext(NULL, 1, &device->info.id, NULL, NULL, &error);
    if (!device->context)
        return sy_opencl_fail(ctx, device, "it cannot be opened", error);
    const sy_opencl_program_spec spec = {
        .loader = &device->loader,
        .device = &device->info,
        .context = device->context,
        .options = "-w -cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt",
        .source = (const char *)sy_opencl_source,
        .source_size = sy_opencl_source_size,
        .cached = !keeps_programs(&device->info),
    };
    return sy_opencl_program_open(ctx, &spec, &device->program);
}

sy_status sy_opencl_open(sy_ctx *ctx, int index, sy_device **out)
{
    sy_device *device = calloc(1, sizeof *device);
    SY_TRY(sy_check_alloc(ctx, device));
    device->index = index;
    sy_budget_init(&device->budget);
    sy_status status = find_device(ctx, device);
    if (status == SY_OK)
        status = open_program(ctx, device);
    if (status != SY_OK) {
        sy_opencl_close(device);
        return status;
    }
    *out = device;
    return SY_OK;
}

bool sy_opencl_is_processor(const sy_device *device)
{
    return (device->info.type & CL_DEVICE_TYPE_CPU) != 0;
}

/* On processors CLBlast is slower than our kernels, so it is used there only when it is named: by tests. */
static sy_status make_fast(sy_ctx *ctx, sy_device *device)
{
    const char *named = getenv("SY_LIBCLBLAST");
    if (sy_opencl_is_processor(device) && !(named && *named)) {
        sy_log(ctx, SY_LOG_INFO, "device opencl:%d: arithmetic is EXACT, as always on a processor",
               device->index);
        return SY_OK;
    }
    sy_ctx *opening = NULL; /* a library that is missing is no failure of the caller's */
    SY_TRY(sy_ctx_create(&opening));
    const sy_status status = sy_opencl_blas_create(opening, &device->blas);
    if (status == SY_OK)
        sy_log(
            ctx, SY_LOG_INFO,
            "device opencl:%d: arithmetic is FAST: a product of k terms may differ from the exact one by 2 k "
            "2^-24 times the sum of the terms' magnitudes",
            device->index);
    else
        sy_log(ctx, SY_LOG_WARN, "device opencl:%d: arithmetic is EXACT, slower than FAST: no CLBlast: %s",
               device->index, sy_ctx_error(opening));
    sy_ctx_destroy(opening);
    return SY_OK;
}

sy_status sy_opencl_limit(sy_ctx *ctx, sy_device *device, const sy_device_limits *limits)
{
    device->budget.limit = limits->memory_bytes;
    return limits->fast && !device->blas ? make_fast(ctx, device) : SY_OK;
}

bool sy_opencl_is_fast(const sy_device *device)
{
    return device->blas != NULL;
}
