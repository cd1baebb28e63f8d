/* The table that ends a run: a row a target, made from what its JSON object says. */
#include <stdio.h>
#include <string.h>

#include "pipeline/job.h"

enum { REASONS_SHOWN = 3, ACCURACY_TEXT = 64 };

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

static double number_of(const cJSON *object, const char *name)
{
    return cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

/* Top-1 where there are labels, else the SQNR of the first output. */
static void print_accuracy(const cJSON *target, char out[ACCURACY_TEXT])
{
    const cJSON *verify = cJSON_GetObjectItemCaseSensitive(target, "verify");
    const cJSON *quantized = cJSON_GetObjectItemCaseSensitive(verify, "top1_quantized");
    const cJSON *reference = cJSON_GetObjectItemCaseSensitive(verify, "top1_float");
    const cJSON *output = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(verify, "outputs"), 0);
    if (quantized && reference)
        snprintf(out, ACCURACY_TEXT, "top-1 %.2f %% (float %.2f)", 100 * number_of(quantized, "share"),
                 100 * number_of(reference, "share"));
    else if (output)
        snprintf(out, ACCURACY_TEXT, "SQNR %.2f dB", number_of(output, "sqnr_db"));
    else
        snprintf(out, ACCURACY_TEXT, "not measured");
}

static bool same_kind(const cJSON *a, const cJSON *b)
{
    return strcmp(text_of(a, "type"), text_of(b, "type")) == 0 &&
           strcmp(text_of(a, "reason"), text_of(b, "reason")) == 0;
}

/* "nothing", or how many nodes of which operator and why, the same ones counted together. */
static void print_float_nodes(const cJSON *target, sy_text *out)
{
    const cJSON *nodes = cJSON_GetObjectItemCaseSensitive(target, "float_nodes"), *node, *other;
    int shown = 0;
    cJSON_ArrayForEach(node, nodes)
    {
        int count = 0;
        bool seen = false, before = true;
        cJSON_ArrayForEach(other, nodes)
        {
            before = before && other != node;
            seen = seen || (before && same_kind(node, other));
            count += same_kind(node, other);
        }
        if (!seen && shown++ < REASONS_SHOWN)
            sy_text_printf(out, "%s%d %s (%s)", shown > 1 ? ", " : "", count, text_of(node, "type"),
                           text_of(node, "reason"));
    }
    sy_text_printf(out, "%s\n", shown == 0 ? "nothing" : shown > REASONS_SHOWN ? ", ..." : "");
}

void sy_report_summary(sy_report *report)
{
    const cJSON *targets = cJSON_GetObjectItemCaseSensitive(report->json, "targets"), *target;
    int name_width = (int)strlen("target"), file_width = (int)strlen("file");
    cJSON_ArrayForEach(target, targets)
    {
        const int name = (int)strlen(text_of(target, "target")), file = (int)strlen(text_of(target, "file"));
        name_width = name > name_width ? name : name_width;
        file_width = file > file_width ? file : file_width;
    }
    sy_text_printf(&report->text, "\n%-*s  %-*s  %10s  %-32s  left in float\n", name_width, "target",
                   file_width, "file", "bytes", "accuracy");
    cJSON_ArrayForEach(target, targets)
    {
        char accuracy[ACCURACY_TEXT];
        print_accuracy(target, accuracy);
        sy_text_printf(&report->text, "%-*s  %-*s  %10.0f  %-32s  ", name_width, text_of(target, "target"),
                       file_width, text_of(target, "file"), number_of(target, "bytes"), accuracy);
        print_float_nodes(target, &report->text);
    }
}
