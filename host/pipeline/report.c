#include "pipeline/report.h"

#include <math.h>
#include <stdlib.h>

sy_status sy_report_create(sy_ctx *ctx, sy_report **out)
{
    sy_report *report = calloc(1, sizeof *report);
    SY_TRY(sy_check_alloc(ctx, report));
    report->json = cJSON_CreateObject();
    if (!report->json) {
        free(report);
        return sy_check_alloc(ctx, NULL);
    }
    *out = report;
    return SY_OK;
}

sy_status sy_report_finish(sy_ctx *ctx, sy_report *report)
{
    char *text = cJSON_Print(report->json);
    SY_TRY(sy_check_alloc(ctx, text));
    sy_text json = {0};
    sy_text_printf(&json, "%s\n", text);
    cJSON_free(text);
    free(report->json_text);
    report->json_text = json.bytes;
    return sy_check_alloc(ctx, json.failed || report->text.failed ? NULL : report);
}

const char *sy_report_text(const sy_report *report)
{
    return report->text.bytes ? report->text.bytes : "";
}

const char *sy_report_json(const sy_report *report)
{
    return report->json_text ? report->json_text : "{}\n";
}

void sy_report_destroy(sy_report *report)
{
    if (!report)
        return;
    sy_text_release(&report->text);
    cJSON_Delete(report->json);
    free(report->json_text);
    free(report);
}

bool sy_json_text(cJSON *object, const char *name, const char *value)
{
    return cJSON_AddStringToObject(object, name, value) != NULL;
}

bool sy_json_number(cJSON *object, const char *name, double value)
{
    return (isfinite(value) ? cJSON_AddNumberToObject(object, name, value)
                            : cJSON_AddNullToObject(object, name)) != NULL;
}

cJSON *sy_json_object(cJSON *object, const char *name)
{
    return cJSON_AddObjectToObject(object, name);
}

cJSON *sy_json_array(cJSON *object, const char *name)
{
    return cJSON_AddArrayToObject(object, name);
}

cJSON *sy_json_item(cJSON *array)
{
    cJSON *item = cJSON_CreateObject();
    if (item && !cJSON_AddItemToArray(array, item)) {
        cJSON_Delete(item);
        return NULL;
    }
    return item;
}
