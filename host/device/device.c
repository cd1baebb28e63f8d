#include "device/device.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "base/log.h"
#include "base/text.h"

enum { NAME_MAX_BYTES = 16, LISTED_MAX = 16, NO_DEVICE = -1 };

const sy_backend *const sy_backends[] = {
#if defined(SY_HAS_CUDA)
    &sy_backend_cuda,
#endif
#if defined(SY_HAS_OPENCL)
    &sy_backend_opencl,
#endif
    &sy_backend_cpu,
    NULL,
};

const char *const sy_backends_absent[] = {
#if !defined(SY_HAS_CUDA)
    "cuda",
#endif
#if !defined(SY_HAS_OPENCL)
    "opencl",
#endif
    NULL,
};

/* Splits "cuda:1" at the colon; *out_which is what follows, or NULL. */
static sy_status split_name(sy_ctx *ctx, const char *text, char name[NAME_MAX_BYTES], const char **out_which)
{
    const char *colon = strchr(text, ':');
    const size_t length = colon ? (size_t)(colon - text) : strlen(text);
    const bool has_which = colon && (isdigit((unsigned char)colon[1]) || isalpha((unsigned char)colon[1]));
    if (length == 0 || length >= NAME_MAX_BYTES || (colon && !has_which))
        return sy_fail(ctx, SY_E_ARGUMENT,
                       "device %s: expected auto, or a name, and perhaps a number or a part of the device's "
                       "name, such as "
                       "cpu, cuda:1 or opencl:radeon",
                       *text ? text : "''");
    memcpy(name, text, length);
    name[length] = '\0';
    *out_which = colon ? colon + 1 : NULL;
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
    for (const char *const *at = sy_backends_absent; *at; at++)
        if (strcmp(name, *at) == 0)
            return sy_fail(ctx, SY_E_UNSUPPORTED,
                           "device %s: this build has no %s backend; use cpu, which gives the same bits",
                           name, name);
    return sy_fail(ctx, SY_E_ARGUMENT, "device %s: there is no such device; use auto or cpu", name);
}

/* At most LISTED_MAX devices. */
static sy_status list_devices(sy_ctx *ctx, const sy_backend *backend, sy_device_info out[LISTED_MAX],
                              int *out_count)
{
    memset(out, 0, LISTED_MAX * sizeof *out);
    SY_TRY(backend->list(ctx, out, LISTED_MAX, out_count));
    *out_count = *out_count < LISTED_MAX ? *out_count : LISTED_MAX;
    return SY_OK;
}

/* The one device that has `part` in its name. */
static sy_status find_by_name(sy_ctx *ctx, const sy_backend *backend, const char *part, int *out_index)
{
    sy_device_info infos[LISTED_MAX];
    int count = 0, found = NO_DEVICE;
    SY_TRY(list_devices(ctx, backend, infos, &count));
    for (int i = 0; i < count; i++) {
        if (!strcasestr(infos[i].name, part))
            continue;
        if (found != NO_DEVICE)
            return sy_fail(ctx, SY_E_ARGUMENT,
                           "device %s:%s: that is both %s:%d (%s) and %s:%d (%s); give the number",
                           backend->name, part, backend->name, found, infos[found].name, backend->name, i,
                           infos[i].name);
        found = i;
    }
    if (found == NO_DEVICE)
        return sy_fail(ctx, SY_E_DEVICE,
                       "device %s:%s: no device of %s has '%s' in its name; 'steelyard devices' shows them",
                       backend->name, part, backend->name, part);
    *out_index = found;
    return SY_OK;
}

static sy_status find_index(sy_ctx *ctx, const sy_backend *backend, const char *which, int *out_index)
{
    int64_t index = 0;
    *out_index = 0;
    if (!which)
        return SY_OK;
    if (!isdigit((unsigned char)*which))
        return find_by_name(ctx, backend, which, out_index);
    if (!sy_parse_int(which, &index) || index > INT_MAX)
        return sy_fail(ctx, SY_E_ARGUMENT, "device %s:%s: %s is not the number of a device", backend->name,
                       which, which);
    *out_index = (int)index;
    return SY_OK;
}

static sy_status open_device(sy_ctx *ctx, const sy_backend *backend, int index, sy_device **out)
{
    sy_device_info infos[LISTED_MAX];
    sy_device *device = NULL;
    int count = 0;
    SY_TRY(backend->open(ctx, index, &device));
    if (list_devices(NULL, backend, infos, &count) == SY_OK && index < count)
        sy_log(ctx, SY_LOG_INFO, "device %s:%d: %s, %s", backend->name, index, infos[index].name,
               infos[index].detail);
    *out = device;
    return SY_OK;
}

/* The first device of a backend that `auto` may take. */
static sy_status open_automatic(sy_ctx *ctx, const sy_backend *backend, sy_device **out)
{
    sy_device_info infos[LISTED_MAX];
    int count = 0;
    SY_TRY(list_devices(ctx, backend, infos, &count));
    for (int i = 0; i < count; i++)
        if (infos[i].automatic)
            return open_device(ctx, backend, i, out);
    return sy_fail(ctx, SY_E_DEVICE, "%s is no GPU, and the backend cpu is the faster for processors",
                   infos[0].name);
}

static sy_status open_best(sy_ctx *ctx, const sy_backend **out_backend, sy_device **out_device)
{
    sy_status status = sy_fail(ctx, SY_E_DEVICE, "device auto: this build has no backend");
    for (const sy_backend *const *at = sy_backends; *at; at++) {
        status = open_automatic(ctx, *at, out_device);
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
    const char *which = NULL;
    int index = 0;
    if (strcmp(name, "auto") == 0)
        return open_best(ctx, out_backend, out_device);
    SY_TRY(split_name(ctx, name, backend_name, &which));
    const sy_backend *backend = find_backend(backend_name);
    if (!backend)
        return refuse_backend(ctx, backend_name);
    SY_TRY(find_index(ctx, backend, which, &index));
    SY_TRY(open_device(ctx, backend, index, out_device));
    *out_backend = backend;
    return SY_OK;
}
