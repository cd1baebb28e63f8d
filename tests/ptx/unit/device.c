#include "unit/device.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

device_calls cu;

static char set_names[8][64];
static int set_count;

static void set_options(const char *options)
{
    char copy[512], *rest = copy;
    while (set_count > 0)
        unsetenv(set_names[--set_count]);
    snprintf(copy, sizeof copy, "%s", options ? options : "");
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        assert_true(value && set_count < 8);
        *value = '\0';
        setenv(word, value + 1, 1);
        snprintf(set_names[set_count++], sizeof set_names[0], "%s", word);
    }
}

static void find_calls(void)
{
    const char *path = getenv("SY_LIBCUDA");
    void *library = dlopen(path ? path : PTX_LIBCUDA, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fail_msg("%s", dlerror());
#define X(name, arguments)                      \
    *(void **)&cu.name = dlsym(library, #name); \
    if (!cu.name)                               \
        fail_msg("%s is missing", #name);
    DEVICE_CALLS(X)
#undef X
    *(void **)&cu.report = dlsym(library, "sy_ptx_report");
}

void device_open(const char *options)
{
    CUcontext context;
    CUdevice device;
    set_options(options);
    if (!cu.cuInit)
        find_calls();
    assert_cu(cu.cuInit(0), CUDA_SUCCESS);
    assert_cu(cu.cuDeviceGet(&device, 0), CUDA_SUCCESS);
    assert_cu(cu.cuDevicePrimaryCtxRetain(&context, device), CUDA_SUCCESS);
    assert_cu(cu.cuCtxSetCurrent(context), CUDA_SUCCESS);
}

void device_close(void)
{
    cu.cuDevicePrimaryCtxRelease_v2(0);
}

CUmodule device_module(const char *ptx)
{
    CUmodule module = NULL;
    assert_cu(cu.cuModuleLoadData(&module, ptx), CUDA_SUCCESS);
    return module;
}

CUfunction device_kernel(CUmodule module, const char *name)
{
    CUfunction kernel = NULL;
    assert_cu(cu.cuModuleGetFunction(&kernel, module, name), CUDA_SUCCESS);
    return kernel;
}

CUdeviceptr device_alloc(size_t bytes)
{
    CUdeviceptr at = 0;
    assert_cu(cu.cuMemAlloc_v2(&at, bytes), CUDA_SUCCESS);
    return at;
}

CUdeviceptr device_upload(const void *bytes, size_t size)
{
    const CUdeviceptr at = device_alloc(size);
    assert_cu(cu.cuMemcpyHtoD_v2(at, bytes, size), CUDA_SUCCESS);
    return at;
}

void device_download(void *bytes, CUdeviceptr from, size_t size)
{
    assert_cu(cu.cuMemcpyDtoH_v2(bytes, from, size), CUDA_SUCCESS);
}

char *device_fixture(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", PTX_SOURCE, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s cannot be opened", path);
    fseek(file, 0, SEEK_END);
    const size_t bytes = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(bytes + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, bytes, file), bytes);
    text[bytes] = '\0';
    fclose(file);
    return text;
}

void assert_report(const char *words)
{
    char copy[512], *rest = copy;
    if (!cu.report)
        return;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok_r(copy, "|", &rest); word; word = strtok_r(NULL, "|", &rest))
        if (!strstr(cu.report(), word))
            fail_msg("the report lacks '%s': %s", word, cu.report());
}
