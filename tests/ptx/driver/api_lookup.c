/* Names of errors and of functions. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "driver/driver.h"

static const struct {
    CUresult status;
    const char *name, *text;
} results[] = {
#define X(name, number, text) {name, #name, text},
    CUDA_RESULTS(X)
#undef X
};

static CUresult find(CUresult status, const char **name, const char **text)
{
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++)
        if (results[i].status == status) {
            *name = results[i].name;
            *text = results[i].text;
            return CUDA_SUCCESS;
        }
    *name = *text = NULL;
    return CUDA_ERROR_INVALID_VALUE;
}

EXPORT CUresult cuGetErrorName(CUresult status, const char **out);
CUresult cuGetErrorName(CUresult status, const char **out)
{
    const char *text;
    return find(status, out, &text);
}

EXPORT CUresult cuGetErrorString(CUresult status, const char **out);
CUresult cuGetErrorString(CUresult status, const char **out)
{
    const char *name;
    return find(status, &name, out);
}

/* cuMemAlloc may be exported as cuMemAlloc_v2: callers ask by the plain name for the newest form they know.
 */
static void *function_of(const char *symbol, int version)
{
    static const char *const suffixes[] = {"_v4", "_v3", "_v2", ""};
    char name[128];
    Dl_info self = {0};
    dladdr((void *)results, &self);
    void *library = dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    void *found = NULL;
    for (size_t i = version >= 13000 ? 0 : 1; i < 4 && library && !found; i++) {
        snprintf(name, sizeof name, "%s%s", symbol, suffixes[i]);
        found = dlsym(library, name);
    }
    if (library)
        dlclose(library);
    return found;
}

EXPORT CUresult cuGetProcAddress_v2(const char *symbol, void **out, int version, uint64_t flags, int *how);
CUresult cuGetProcAddress_v2(const char *symbol, void **out, int version, uint64_t flags, int *how)
{
    (void)flags;
    *out = function_of(symbol, version);
    if (how)
        *how = *out ? 0 : 1;
    return *out ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

EXPORT CUresult cuGetProcAddress(const char *symbol, void **out, int version, uint64_t flags);
CUresult cuGetProcAddress(const char *symbol, void **out, int version, uint64_t flags)
{
    return cuGetProcAddress_v2(symbol, out, version, flags, NULL);
}
