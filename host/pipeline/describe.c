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

enum { DEVICES_MAX = 16 };

static sy_status list_backend(sy_job *job, const sy_backend *backend, sy_report *report, cJSON *array)
{
    sy_device_info devices[DEVICES_MAX];
    int count = 0;
    SY_TRY(backend->list(job->ctx, devices, DEVICES_MAX, &count));
    for (int i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s:%d", backend->name, i);
        sy_text_printf(&report->text, "%-10s %s (%s)\n", name, devices[i].name, devices[i].detail);
        cJSON *item = sy_json_item(array);
        if (!item || !sy_json_text(item, "device", name) || !sy_json_text(item, "name", devices[i].name) ||
            !sy_json_text(item, "detail", devices[i].detail))
            return sy_check_alloc(job->ctx, NULL);
    }
    return SY_OK;
}

static sy_status list_devices(sy_job *job, sy_report *report)
{
    cJSON *array = sy_json_array(report->json, "devices");
    SY_TRY(sy_check_alloc(job->ctx, array));
    for (const sy_backend *const *backend = sy_backends; *backend; backend++)
        SY_TRY(list_backend(job, *backend, report, array));
    return SY_OK;
}

sy_status sy_list_devices(sy_ctx *ctx, sy_report **out)
{
    const sy_request request = {0};
    return sy_job_command(ctx, &request, list_devices, out);
}
