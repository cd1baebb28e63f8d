/* Which devices there are, and one of them with its kernels. */
#include <stdio.h>
#include <stdlib.h>

#include "cuda/blas.h"
#include "cuda/cuda.h"

enum { CAPABILITY_MIN = 75 }; /* the oldest that the kernels are compiled for */

static const sy_device_kernel kernels[] = {
#define DEVICE_KERNEL(name, kernel, group_x, group_y) SY_DEVICE_KERNEL_##name,
#define PROCESSOR_KERNEL(name, kernel, group_x, group_y)
#include "kernels/device.def"
#undef PROCESSOR_KERNEL
#undef DEVICE_KERNEL
};

typedef struct {
    char name[96];
    int major, minor;
    size_t memory_bytes;
    sy_cuda_ordinal ordinal;
} description;

/* 0 where the driver does not tell. */
static double attribute(const sy_cuda_driver *driver, sy_cuda_ordinal ordinal, int which)
{
    int value = 0;
    return driver->device_attribute(&value, which, ordinal) == SY_CUDA_SUCCESS ? value : 0;
}

/* Two operations a clock on each of a multiprocessor's float32 units, two words a clock of memory. */
static void find_peaks(const sy_cuda_driver *driver, const description *d, sy_device_info *out)
{
    const bool narrow = d->major * 10 + d->minor <= 80;
    const double units = attribute(driver, d->ordinal, SY_CUDA_MULTIPROCESSORS) * (narrow ? 64 : 128);
    const double bytes = attribute(driver, d->ordinal, SY_CUDA_MEMORY_BUS_BITS) / 8;
    out->peak_gflops = 2 * units * attribute(driver, d->ordinal, SY_CUDA_CLOCK_KHZ) * 1e-6;
    out->peak_gigabytes = 2 * bytes * attribute(driver, d->ordinal, SY_CUDA_MEMORY_CLOCK_KHZ) * 1e-6;
}

/* What to do about an error, in words. */
static const char *remedy(sy_cuda_result error)
{
    switch (error) {
    case SY_CUDA_OUT_OF_MEMORY: return "use a smaller --batch or fewer --workers";
    case SY_CUDA_NO_BINARY:
    case SY_CUDA_UNSUPPORTED_PTX: return "update the NVIDIA driver";
    default: return "look at nvidia-smi and the system's log, or use --device cpu, which gives the same bits";
    }
}

sy_status sy_cuda_fail(sy_ctx *ctx, const sy_device *device, const char *what, sy_cuda_result error)
{
    char text[160];
    sy_cuda_describe(&device->driver, error, text, sizeof text);
    return sy_fail(ctx, error == SY_CUDA_OUT_OF_MEMORY ? SY_E_MEMORY : SY_E_DEVICE,
                   "device cuda:%d (%s): %s: %s: %s", device->index, device->name, what, text, remedy(error));
}

sy_status sy_cuda_enter(sy_ctx *ctx, const sy_device *device)
{
    const sy_cuda_result error = device->driver.context_set(device->context);
    return error == SY_CUDA_SUCCESS ? SY_OK : sy_cuda_fail(ctx, device, "using it from this thread", error);
}

static sy_cuda_result describe(const sy_cuda_driver *driver, int index, description *out)
{
    sy_cuda_result error = driver->device_get(&out->ordinal, index);
    if (error == SY_CUDA_SUCCESS)
        error = driver->device_name(out->name, (int)sizeof out->name, out->ordinal);
    if (error == SY_CUDA_SUCCESS)
        error = driver->device_attribute(&out->major, SY_CUDA_CAPABILITY_MAJOR, out->ordinal);
    if (error == SY_CUDA_SUCCESS)
        error = driver->device_attribute(&out->minor, SY_CUDA_CAPABILITY_MINOR, out->ordinal);
    if (error == SY_CUDA_SUCCESS)
        error = driver->device_memory(&out->memory_bytes, out->ordinal);
    return error;
}

static sy_status fail_driver(sy_ctx *ctx, const sy_cuda_driver *driver, const char *what,
                             sy_cuda_result error)
{
    char text[160];
    sy_cuda_describe(driver, error, text, sizeof text);
    return sy_fail(ctx, SY_E_DEVICE, "the CUDA driver: %s: %s: check it with nvidia-smi", what, text);
}

static sy_status count_devices(sy_ctx *ctx, const sy_cuda_driver *driver, int *out)
{
    const sy_cuda_result error = driver->device_count(out);
    if (error != SY_CUDA_SUCCESS)
        return fail_driver(ctx, driver, "counting devices", error);
    if (*out == 0)
        return sy_fail(ctx, SY_E_DEVICE, "the CUDA driver finds no device: check it with nvidia-smi");
    return SY_OK;
}

sy_status sy_cuda_list(sy_ctx *ctx, sy_device_info *out, int capacity, int *out_count)
{
    sy_cuda_driver driver;
    int version = 0;
    SY_TRY(sy_cuda_load(ctx, &driver));
    SY_TRY(count_devices(ctx, &driver, out_count));
    driver.driver_version(&version);
    for (int i = 0; i < *out_count && i < capacity; i++) {
        description d = {.name = ""};
        const sy_cuda_result error = describe(&driver, i, &d);
        if (error != SY_CUDA_SUCCESS)
            return fail_driver(ctx, &driver, "describing a device", error);
        const bool known = d.major * 10 + d.minor >= CAPABILITY_MIN;
        snprintf(out[i].name, sizeof out[i].name, "%s", d.name);
        snprintf(out[i].detail, sizeof out[i].detail, "compute capability %d.%d%s, %.1f GiB, CUDA %d.%d%s",
                 d.major, d.minor, known ? "" : " (too old: 7.5 is needed)",
                 (double)d.memory_bytes / (1 << 30), version / 1000, version % 1000 / 10,
                 sy_cuda_image_size ? "" : "; this build has no kernels for it");
        out[i].automatic = known && sy_cuda_image_size;
        find_peaks(&driver, &d, &out[i]);
    }
    return SY_OK;
}

static sy_status find_device(sy_ctx *ctx, sy_device *device)
{
    description d = {.name = ""};
    int count = 0;
    SY_TRY(sy_cuda_load(ctx, &device->driver));
    SY_TRY(count_devices(ctx, &device->driver, &count));
    if (device->index < 0 || device->index >= count)
        return sy_fail(ctx, SY_E_DEVICE,
                       "device cuda:%d: there are %d, from cuda:0 on: see 'steelyard devices'", device->index,
                       count);
    const sy_cuda_result error = describe(&device->driver, device->index, &d);
    if (error != SY_CUDA_SUCCESS)
        return fail_driver(ctx, &device->driver, "describing a device", error);
    device->ordinal = d.ordinal;
    snprintf(device->name, sizeof device->name, "%s", d.name);
    if (d.major * 10 + d.minor < CAPABILITY_MIN)
        return sy_fail(
            ctx, SY_E_DEVICE,
            "device cuda:%d (%s) has compute capability %d.%d, the kernels need 7.5: use another device",
            device->index, device->name, d.major, d.minor);
    return SY_OK;
}

static sy_status load_kernels(sy_ctx *ctx, sy_device *device)
{
    const sy_cuda_driver *driver = &device->driver;
    if (!sy_cuda_image_size)
        return sy_fail(
            ctx, SY_E_UNSUPPORTED,
            "this build has no CUDA kernels: build it where nvcc of the CUDA toolkit is found, or use "
            "--device cpu, which gives the same bits");
    sy_cuda_result error = driver->context_retain(&device->context, device->ordinal);
    if (error != SY_CUDA_SUCCESS)
        return sy_cuda_fail(ctx, device, "it cannot be opened", error);
    SY_TRY(sy_cuda_enter(ctx, device));
    error = driver->module_load(&device->module, sy_cuda_image);
    if (error != SY_CUDA_SUCCESS)
        return sy_cuda_fail(ctx, device, "loading the kernels", error);
    for (size_t i = 0; i < sizeof kernels / sizeof kernels[0]; i++) {
        const char *name = sy_device_kernel_at(kernels[i])->name;
        error = driver->module_function(&device->functions[kernels[i]], device->module, name);
        if (error != SY_CUDA_SUCCESS)
            return sy_cuda_fail(ctx, device, name, error);
    }
    return SY_OK;
}

void sy_cuda_close(sy_device *device)
{
    if (!device)
        return;
    if (device->context && sy_cuda_enter(NULL, device) == SY_OK) {
        sy_cuda_blas_destroy(device->blas);
        if (device->module)
            device->driver.module_unload(device->module);
    }
    if (device->context)
        device->driver.context_release(device->ordinal);
    sy_budget_destroy(&device->budget);
    free(device);
}

sy_status sy_cuda_open(sy_ctx *ctx, int index, sy_device **out)
{
    sy_device *device = calloc(1, sizeof *device);
    SY_TRY(sy_check_alloc(ctx, device));
    device->index = index;
    sy_budget_init(&device->budget);
    sy_status status = find_device(ctx, device);
    if (status == SY_OK)
        status = load_kernels(ctx, device);
    if (status != SY_OK) {
        sy_cuda_close(device);
        return status;
    }
    *out = device;
    return SY_OK;
}

sy_status sy_cuda_limit(sy_ctx *ctx, sy_device *device, const sy_device_limits *limits)
{
    SY_TRY(sy_cuda_enter(ctx, device));
    if (limits->fast && !device->blas)
        SY_TRY(sy_cuda_blas_create(ctx, device, &device->blas));
    device->fast = limits->fast;
    device->budget.limit = limits->memory_bytes;
    return SY_OK;
}

bool sy_cuda_is_fast(const sy_device *device)
{
    return device->fast;
}
