/* Commands that only tell: config, its keys, devices. */
#include <stdio.h>

#include "pipeline/job.h"

static sy_status describe_config(sy_job *job, sy_report *report)
{
    sy_config_print(job->config, &report->text);
    bool good = sy_json_text(report->json, "config", sy_report_text(report));
    return sy_check_alloc(job->ctx, good ? report : NULL);
}

sy_status sy_describe_config(sy_ctx *ctx, const sy_request *request, sy_report **out)
{
    return sy_job_command(ctx, request, describe_config, out);
}

static sy_status describe_keys(sy_job *job, sy_report *report)
{
    sy_config_print_help(&report->text);
    bool good = sy_json_text(report->json, "keys", sy_report_text(report));
    return sy_check_alloc(job->ctx, good ? report : NULL);
}

sy_status sy_describe_keys(sy_ctx *ctx, sy_report **out)
{
    const sy_request request = {0};
    return sy_job_command(ctx, &request, describe_keys, out);
}

enum { DEVICES_MAX = 16, NAME_BYTES = 64 };

static sy_status add_device(sy_job *job, const char *device, const char *name, const char *detail,
                            sy_report *report, cJSON *array)
{
    sy_text_printf(&report->text, "%-10s %s (%s)\n", device, name, detail);
    cJSON *item = sy_json_item(array);
    bool good = item && sy_json_text(item, "device", device) && sy_json_text(item, "name", name) &&
                sy_json_text(item, "detail", detail);
    return sy_check_alloc(job->ctx, good ? item : NULL);
}

/* A backend that cannot be used, and why. */
static sy_status add_absent(sy_job *job, const char *backend, const char *reason, sy_report *report,
                            cJSON *array)
{
    sy_text_printf(&report->text, "%-10s not available: %s\n", backend, reason);
    cJSON *item = sy_json_item(array);
    bool good = item && sy_json_text(item, "device", backend) && sy_json_text(item, "missing", reason);
    return sy_check_alloc(job->ctx, good ? item : NULL);
}

static sy_status list_backend(sy_job *job, const sy_backend *backend, sy_report *report, cJSON *array)
{
    sy_device_info devices[DEVICES_MAX] = {{.name = ""}};
    int count = 0;
    if (backend->list(job->ctx, devices, DEVICES_MAX, &count) != SY_OK)
        return add_absent(job, backend->name, sy_ctx_error(job->ctx), report, array);
    for (int i = 0; i < count && i < DEVICES_MAX; i++) {
        char name[NAME_BYTES];
        snprintf(name, sizeof name, "%s:%d", backend->name, i);
        SY_TRY(add_device(job, name, devices[i].name, devices[i].detail, report, array));
    }
    return SY_OK;
}

static sy_status list_devices(sy_job *job, sy_report *report)
{
    cJSON *array = sy_json_array(report->json, "devices");
    SY_TRY(sy_check_alloc(job->ctx, array));
    for (const sy_backend *const *backend = sy_backends; *backend; backend++)
        SY_TRY(list_backend(job, *backend, report, array));
    for (const char *const *name = sy_backends_absent; *name; name++)
        SY_TRY(add_absent(job, *name, "this build does not have it", report, array));
    return SY_OK;
}

sy_status sy_list_devices(sy_ctx *ctx, sy_report **out)
{
    const sy_request request = {0};
    return sy_job_command(ctx, &request, list_devices, out);
}
