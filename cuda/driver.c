#include "cuda/driver.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sy_status sy_cuda_open_library(sy_ctx *ctx, const char *path, const char *remedy, void **out)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle)
        return sy_fail(ctx, SY_E_DEVICE, "%s: %s", dlerror(), remedy);
    *out = handle;
    return SY_OK;
}

sy_status sy_cuda_find_function(sy_ctx *ctx, void *handle, const char *path, const char *symbol, void *out)
{
    /* A function pointer from a data pointer, which POSIX promises but C does not. */
    void *found = dlsym(handle, symbol);
    if (!found)
        return sy_fail(ctx, SY_E_DEVICE, "%s has no function %s: update the NVIDIA driver", path, symbol);
    memcpy(out, &found, sizeof found);
    return SY_OK;
}

void sy_cuda_describe(const sy_cuda_driver *driver, sy_cuda_result error, char *out, size_t capacity)
{
    const char *name = NULL, *text = NULL;
    driver->error_name(error, &name);
    driver->error_text(error, &text);
    if (name && text)
        snprintf(out, capacity, "%s: %s", name, text);
    else
        snprintf(out, capacity, "error %d of CUDA", error);
}

sy_status sy_cuda_load(sy_ctx *ctx, sy_cuda_driver *out)
{
    const char *named = getenv("SY_LIBCUDA");
    const char *path = named && *named ? named : "libcuda.so.1";
    sy_cuda_driver driver = {0};
    SY_TRY(sy_cuda_open_library(ctx, path,
                                "install the NVIDIA driver, or use --device cpu, which gives the same bits",
                                &driver.handle));
#define FUNCTION(name, symbol, arguments) \
    SY_TRY(sy_cuda_find_function(ctx, driver.handle, path, #symbol, &driver.name));
#include "cuda/functions.def"
#undef FUNCTION
    const sy_cuda_result error = driver.init(0);
    if (error != SY_CUDA_SUCCESS) {
        char text[160];
        sy_cuda_describe(&driver, error, text, sizeof text);
        return sy_fail(ctx, SY_E_DEVICE,
                       "the CUDA driver does not start: %s: check it with nvidia-smi, or use --device cpu, "
                       "which gives the same bits",
                       text);
    }
    *out = driver;
    return SY_OK;
}
