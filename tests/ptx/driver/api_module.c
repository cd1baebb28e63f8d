#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/driver.h"
#include "machine/image.h"

/* Options of cuModuleLoadDataEx come as numbers and values; only the log of errors is of use here. */
static void log_error(unsigned count, const int *options, void **values, const char *message)
{
    char *buffer = NULL;
    size_t bytes = 0;
    for (unsigned i = 0; i < count; i++) {
        if (options[i] == CU_JIT_ERROR_LOG_BUFFER)
            buffer = values[i];
        if (options[i] == CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES)
            bytes = (size_t)(uintptr_t)values[i] & UINT32_MAX;
    }
    if (buffer && bytes)
        snprintf(buffer, bytes, "%s", message);
}

/* A module's variables are device memory that kernels may reach. */
static bool add_variables(const vm_loaded *loaded)
{
    for (u32 i = 0; i < loaded->variable_count; i++) {
        const vm_variable *v = &loaded->variables[i];
        vm_allocation *a = vm_memory_add(&drv.machine.memory, VM_MODULE, (u64)v->address, v->bytes);
        if (!a)
            return false;
        a->name = v->name;
        a->constant = v->space == VM_CONST;
    }
    return true;
}

/* Frees `ptx`. */
static CUresult open_text(struct drv_module **out, char *ptx, char *message, size_t bytes)
{
    struct drv_module *module = calloc(1, sizeof *module);
    const bool loaded =
        ptx && module && vm_module_load(&drv.machine.options, ptx, &module->loaded, message, bytes);
    const CUresult status = ptx ? CUDA_ERROR_INVALID_PTX : CUDA_ERROR_NO_BINARY_FOR_GPU;
    free(ptx);
    if (!loaded) {
        free(module);
        return status;
    }
    const vm_loaded *parts = &module->loaded;
    module->functions = calloc(parts->part_count + 1, sizeof *module->functions);
    if (!module->functions || !add_variables(parts))
        return CUDA_ERROR_OUT_OF_MEMORY;
    for (u32 i = 0; i < parts->part_count; i++)
        module->functions[i] = (struct drv_function){&parts->parts[i], parts};
    *out = module;
    return CUDA_SUCCESS;
}

static void close_text(struct drv_module *module)
{
    const vm_loaded *loaded = &module->loaded;
    for (u32 i = 0; i < loaded->variable_count; i++)
        vm_memory_free(&drv.machine.memory, VM_MODULE, (u64)loaded->variables[i].address);
    vm_module_unload(&module->loaded);
    free(module->functions);
    free(module);
}

static CUresult open_module(CUmodule *out, const void *image, char *message, size_t bytes)
{
    const char *path = drv.machine.options.replacement;
    struct drv_module *module = NULL;
    CUresult status = open_text(&module, vm_image_ptx(image, message, bytes), message, bytes);
    if (!status && path)
        status = open_text(&module->replacement, vm_image_read(path, message, bytes), message, bytes);
    if (status) {
        if (module)
            close_text(module);
        return status;
    }
    module->next = drv.modules;
    drv.modules = module;
    *out = module;
    return CUDA_SUCCESS;
}

EXPORT CUresult cuModuleLoadDataEx(CUmodule *out, const void *image, unsigned count, int *options,
                                   void **values);
CUresult cuModuleLoadDataEx(CUmodule *out, const void *image, unsigned count, int *options, void **values)
{
    char message[1024] = "";
    CUresult status = drv_enter();
    if (!status && !image)
        status = CUDA_ERROR_INVALID_VALUE;
    else if (!status) {
        status = open_module(out, image, message, sizeof message);
        if (status) {
            log_error(count, options, values, message);
            drv_refuse(status, "cannot load the module: %s", message);
        }
    }
    return drv_leave(status);
}

EXPORT CUresult cuModuleLoadData(CUmodule *out, const void *image);
CUresult cuModuleLoadData(CUmodule *out, const void *image)
{
    return cuModuleLoadDataEx(out, image, 0, NULL, NULL);
}

EXPORT CUresult cuModuleLoadFatBinary(CUmodule *out, const void *image);
CUresult cuModuleLoadFatBinary(CUmodule *out, const void *image)
{
    return cuModuleLoadDataEx(out, image, 0, NULL, NULL);
}

static struct drv_module **find_module(CUmodule handle)
{
    for (struct drv_module **m = &drv.modules; *m; m = &(*m)->next)
        if (*m == handle)
            return m;
    return NULL;
}

static void close_module(struct drv_module **at)
{
    struct drv_module *module = *at;
    drv_run_all();
    *at = module->next;
    if (module->replacement)
        close_text(module->replacement);
    close_text(module);
}

void drv_close_modules(void)
{
    while (drv.modules)
        close_module(&drv.modules);
}

EXPORT CUresult cuModuleUnload(CUmodule handle);
CUresult cuModuleUnload(CUmodule handle)
{
    CUresult status = drv_enter();
    struct drv_module **at = status ? NULL : find_module(handle);
    if (!status && !at)
        status = CUDA_ERROR_INVALID_HANDLE;
    if (at)
        close_module(at);
    return drv_leave(status);
}

static CUfunction find_function(struct drv_module *module, const char *name)
{
    const vm_part *part = module ? vm_module_find(&module->loaded, name) : NULL;
    return part ? &module->functions[part - module->loaded.parts] : NULL;
}

EXPORT CUresult cuModuleGetFunction(CUfunction *out, CUmodule handle, const char *name);
CUresult cuModuleGetFunction(CUfunction *out, CUmodule handle, const char *name)
{
    CUresult status = drv_enter();
    struct drv_module **at = status ? NULL : find_module(handle);
    if (!status && !at)
        status = CUDA_ERROR_INVALID_HANDLE;
    if (at) {
        const CUfunction other = find_function((*at)->replacement, name);
        const CUfunction found = other ? other : find_function(*at, name);
        status = found ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
        *out = found ? found : *out;
    }
    return drv_leave(status);
}

EXPORT CUresult cuModuleGetGlobal_v2(CUdeviceptr *out, size_t *bytes, CUmodule handle, const char *name);
CUresult cuModuleGetGlobal_v2(CUdeviceptr *out, size_t *bytes, CUmodule handle, const char *name)
{
    CUresult status = drv_enter();
    struct drv_module **at = status ? NULL : find_module(handle);
    if (!status && !at)
        status = CUDA_ERROR_INVALID_HANDLE;
    const vm_variable *v = at ? vm_module_variable(&(*at)->loaded, name) : NULL;
    if (at && !v)
        status = CUDA_ERROR_NOT_FOUND;
    if (v && out)
        *out = (CUdeviceptr)v->address;
    if (v && bytes)
        *bytes = v->bytes;
    return drv_leave(status);
}

EXPORT CUresult cuFuncGetAttribute(int *value, int attribute, CUfunction f);
CUresult cuFuncGetAttribute(int *value, int attribute, CUfunction f)
{
    CUresult status = drv_enter();
    if (status)
        return drv_leave(status);
    switch (attribute) {
    case 0: *value = (int)f->part->kernel.max_threads; break;
    case 1: *value = (int)f->part->kernel.shared_bytes; break;
    case 2: *value = 0; break;
    case 3: *value = (int)f->part->kernel.local_bytes; break;
    case 5: *value = 75; break;
    case 6: *value = 75; break;
    case 8: *value = VM_MAX_SHARED; break;
    default:
        status = drv_refuse(CUDA_ERROR_NOT_SUPPORTED, "cuFuncGetAttribute: PTX does not say attribute %d",
                            attribute);
    }
    return drv_leave(status);
}
