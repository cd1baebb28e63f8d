/* What a command found out, as text and as JSON. */
#ifndef SY_PIPELINE_REPORT_H
#define SY_PIPELINE_REPORT_H

#include <cjson/cJSON.h>

#include "base/text.h"

struct sy_report {
    sy_text text;
    cJSON *json;     /* an object */
    char *json_text; /* made by sy_report_finish */
};

sy_status sy_report_create(sy_ctx *ctx, sy_report **out);
/* After the last change; SY_E_MEMORY when any step ran out of it. */
sy_status sy_report_finish(sy_ctx *ctx, sy_report *report);

/* Adds to a JSON object; an allocation that fails shows in sy_report_finish as a missing item would not, so
 * these are checked: they return false.
 */
bool sy_json_text(cJSON *object, const char *name, const char *value);
bool sy_json_number(cJSON *object, const char *name, double value); /* null when it is not finite */
cJSON *sy_json_object(cJSON *object, const char *name);             /* NULL without memory */
cJSON *sy_json_array(cJSON *object, const char *name);
cJSON *sy_json_item(cJSON *array); /* a new object at the end */

#endif
