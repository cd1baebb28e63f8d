#include "device/device.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

static const struct {
    const char *name;
    int operands;
} kernels[SY_KERNEL_COUNT] = {
#define KERNEL(name, operands) [SY_KERNEL_##name] = {#name, operands},
#include "kernels/kernels.def"
#undef KERNEL
};

/* Names of backends that exist, so that asking for one this build lacks is told apart from a slip of the pen.
 */
static const char *const elsewhere[] = {"cuda", "opencl"};

enum { NAME_MAX_BYTES = 16 };

const sy_backend *const sy_backends[] = {&sy_backend_cpu, NULL};

const char *sy_kernel_name(sy_kernel kernel)
{
    return kernels[kernel].name;
}

int sy_kernel_operands(sy_kernel kernel)
{
    return kernels[kernel].operands;
}

/* Splits "cuda:1"; the index is 0 where there is none. */
static sy_status parse_name(sy_ctx *ctx, const char *text, char name[NAME_MAX_BYTES], int *out_index)
{
    const char *colon = strchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : strlen(text);
    int64_t index = 0;
    if (length == 0 || length >= NAME_MAX_BYTES ||
        (colon && (!isdigit((unsigned char)colon[1]) || !sy_parse_int(colon + 1, &index) || index > INT_MAX)))
        return sy_fail(ctx, SY_E_ARGUMENT,
                       "device %s: expected auto, or a name and a number such as cpu or cpu:0",
                       *text ? text : "''");
    memcpy(name, text, length);
    name[length] = '\0';
    *out_index = (int)index;
    return SY_OK;
}

static const sy_backend *find_backend(const char *name)
{
    for (const sy_backend *const *at = sy_backends; *at; at++)
        if (strcmp((*at)->name, name) == 0)
            return *at;
    return NULL;
}

static sy_status refuse_backend(sy_ctx *ctx, const char *name)
{
    for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++)
        if (strcmp(name, elsewhere[i]) == 0)
            return sy_fail(ctx, SY_E_UNSUPPORTED,
                           "device %s: this build has no %s backend; use cpu, which gives the same bits",
                           name, name);
    return sy_fail(ctx, SY_E_ARGUMENT, "device %s: there is no such device; use auto or cpu", name);
}

static sy_status open_device(sy_ctx *ctx, const sy_backend *backend, int index, sy_device **out)
{
    sy_device_info info = {0};
    sy_device *device = NULL;
    SY_TRY(backend->open(ctx, index, &device));

    /* A list shorter than the index cannot be: the device has just been opened. */
    enum { LISTED = 16 };
    sy_device_info infos[LISTED];
    int count = 0;
    if (backend->list(NULL, infos, LISTED, &count) == SY_OK && index < count && index < LISTED)
        info = infos[index];
    sy_log(ctx, SY_LOG_INFO, "device %s:%d: %s, %s", backend->name, index, info.name, info.detail);
    *out = device;
    return SY_OK;
}

static sy_status open_best(sy_ctx *ctx, const sy_backend **out_backend, sy_device **out_device)
{
    sy_status status = sy_fail(ctx, SY_E_DEVICE, "device auto: this build has no backend");
    for (const sy_backend *const *at = sy_backends; *at; at++) {
        status = open_device(ctx, *at, 0, out_device);
        if (status == SY_OK) {
            *out_backend = *at;
            return SY_OK;
        }
        if (at[1])
            sy_log(ctx, SY_LOG_INFO, "device %s: not used: %s", (*at)->name, sy_ctx_error(ctx));
    }
    return status;
}

sy_status sy_device_open(sy_ctx *ctx, const char *name, const sy_backend **out_backend,
                         sy_device **out_device)
{
    char backend_name[NAME_MAX_BYTES];
    int index = 0;
    if (strcmp(name, "auto") == 0)
        return open_best(ctx, out_backend, out_device);
    SY_TRY(parse_name(ctx, name, backend_name, &index));
    const sy_backend *backend = find_backend(backend_name);
    if (!backend)
        return refuse_backend(ctx, backend_name);
    SY_TRY(open_device(ctx, backend, index, out_device));
    *out_backend = backend;
    return SY_OK;
}
