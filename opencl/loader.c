#include "opencl/loader.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A function pointer from a data pointer, which POSIX promises but C does not. */
static bool find_function(void *handle, const char *name, void *out)
{
    void *found = dlsym(handle, name);
    memcpy(out, &found, sizeof found);
    return found != NULL;
}

sy_status sy_opencl_load(sy_ctx *ctx, sy_opencl_loader *out)
{
    const char *named = getenv("SY_LIBOPENCL");
    const char *path = named && *named ? named : "libOpenCL.so.1";
    sy_opencl_loader loader = {.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)};
    if (!loader.handle)
        return sy_fail(ctx, SY_E_DEVICE,
                       "OpenCL is not installed here: %s: install ocl-icd-libopencl1 and the driver of the "
                       "device, or use --device cpu, which gives the same bits",
                       dlerror());
#define FUNCTION(result, name, arguments)                                                                   \
    if (!find_function(loader.handle, #name, &loader.name))                                                 \
        return sy_fail(ctx, SY_E_DEVICE, "%s has no function " #name ": it must be a loader of OpenCL 1.2", \
                       path);
#include "opencl/functions.def"
#undef FUNCTION
    *out = loader;
    return SY_OK;
}

const char *sy_opencl_error(cl_int error)
{
    static const struct {
        cl_int error;
        const char *name;
    } names[] = {
#define NAME(name) {name, #name}
        NAME(CL_DEVICE_NOT_FOUND),       NAME(CL_DEVICE_NOT_AVAILABLE),
        NAME(CL_COMPILER_NOT_AVAILABLE), NAME(CL_MEM_OBJECT_ALLOCATION_FAILURE),
        NAME(CL_OUT_OF_RESOURCES),       NAME(CL_OUT_OF_HOST_MEMORY),
        NAME(CL_BUILD_PROGRAM_FAILURE),  NAME(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST),
        NAME(CL_INVALID_VALUE),          NAME(CL_INVALID_BINARY),
        NAME(CL_INVALID_KERNEL_NAME),    NAME(CL_INVALID_KERNEL_ARGS),
        NAME(CL_INVALID_ARG_SIZE),       NAME(CL_INVALID_WORK_GROUP_SIZE),
        NAME(CL_INVALID_BUFFER_SIZE),
#undef NAME
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].error == error)
            return names[i].name;
    return "an error of OpenCL";
}
