#include "nvgpu/ranges.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void sy_ranges_release(sy_ranges *ranges)
{
    sy_arena_release(&ranges->arena);
    *ranges = (sy_ranges){0};
}

/* Whether the plan knows a range of this tensor, and the scale of its int8 form. */
static sy_status scale_of(sy_ctx *ctx, const sy_plan *plan, int tensor, bool *out_known, float *out)
{
    const sy_tensor_plan *entry = &plan->tensors[tensor];
    sy_scale scale;
    *out_known = entry->method && !plan->graph->tensors[tensor].data && entry->role != SY_ROLE_WEIGHT;
    if (!*out_known)
        return SY_OK;
    if (entry->scales) {
        *out = entry->scales[0].scale;
        return SY_OK;
    }
    SY_TRY(sy_scale_from_range(ctx, &plan->traits->activation, entry->range.min, entry->range.max, &scale));
    *out = scale.scale;
    return SY_OK;
}

sy_status sy_ranges_print_cache(sy_ctx *ctx, const sy_plan *plan, int version, sy_text *out)
{
    sy_text_printf(out, "TRT-%d-EntropyCalibration2\n", version);
    for (int t = 0; t < plan->graph->tensor_count; t++) {
        uint32_t bits;
        float scale;
        bool known;
        SY_TRY(scale_of(ctx, plan, t, &known, &scale));
        if (!known)
            continue;
        memcpy(&bits, &scale, sizeof bits);
        sy_text_printf(out, "%s: %08x\n", plan->graph->tensors[t].name, (unsigned)bits);
    }
    return sy_check_alloc(ctx, out->failed ? NULL : out);
}

sy_status sy_ranges_print_json(sy_ctx *ctx, const sy_plan *plan, sy_text *out)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *tensors =
        root && cJSON_AddNumberToObject(root, "version", 1) ? cJSON_AddObjectToObject(root, "ranges") : NULL;
    bool good = tensors != NULL;
    for (int t = 0; t < plan->graph->tensor_count && good; t++) {
        const sy_tensor_plan *entry = &plan->tensors[t];
        if (!entry->method || plan->graph->tensors[t].data || entry->role == SY_ROLE_WEIGHT)
            continue;
        cJSON *row = cJSON_AddObjectToObject(tensors, plan->graph->tensors[t].name);
        good = row && cJSON_AddNumberToObject(row, "min", (double)entry->range.min) &&
               cJSON_AddNumberToObject(row, "max", (double)entry->range.max);
    }
    char *text = good ? cJSON_Print(root) : NULL;
    if (text)
        sy_text_printf(out, "%s\n", text);
    const sy_status status = sy_check_alloc(ctx, text && !out->failed ? text : NULL);
    cJSON_free(text);
    cJSON_Delete(root);
    return status;
}

static const char header[] = "TRT-";

static bool is_json(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size && text[at] && strchr(" \t\r\n", text[at]))
        at++;
    return at < size && text[at] == '{';
}

bool sy_ranges_recognise(const void *bytes, size_t size)
{
    return (size >= sizeof header - 1 && memcmp(bytes, header, sizeof header - 1) == 0) ||
           is_json(bytes, size);
}

static sy_status add(sy_ctx *ctx, sy_ranges *to, const char *name, size_t length, sy_range range)
{
    char *copy = sy_arena_text_n(&to->arena, name, length);
    SY_TRY(sy_check_alloc(ctx, copy));
    to->rows[to->count++] = (sy_named_range){copy, range};
    return SY_OK;
}

/* "name: 3c010a14", the bits of a float32. */
static sy_status parse_line(sy_ctx *ctx, const char *line, size_t length, sy_ranges *to)
{
    enum { DIGITS = 8 };
    char digits[DIGITS + 1] = "", *end;
    float scale;
    const bool fits = length > DIGITS + 2 && memcmp(line + length - DIGITS - 2, ": ", 2) == 0;
    if (fits)
        memcpy(digits, line + length - DIGITS, DIGITS);
    const uint32_t bits = (uint32_t)strtoul(digits, &end, 16);
    if (!fits || end != digits + DIGITS || strspn(digits, "0123456789abcdefABCDEF") != DIGITS)
        return sy_fail(ctx, SY_E_DATA, "'%.*s' is not a name, a colon and 8 hexadecimal digits",
                       (int)(length > 80 ? 80 : length), line);
    memcpy(&scale, &bits, sizeof scale);
    const float limit = scale * 127;
    if (!(scale >= 0) || !isfinite(limit))
        return sy_fail(ctx, SY_E_DATA, "the scale %s is %g: it must be positive and finite", digits,
                       (double)scale);
    return add(ctx, to, line, length - DIGITS - 2, (sy_range){-limit, limit});
}

static sy_status parse_cache(sy_ctx *ctx, const char *text, size_t size, sy_ranges *to)
{
    size_t number = 0;
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end ? (size_t)(end - (text + at)) : size - at;
        const size_t next = at + length + 1;
        if (length && text[at + length - 1] == '\r')
            length--;
        if (number++ && length)
            SY_TRY(sy_while(ctx, parse_line(ctx, text + at, length, to), "line %zu", number));
        at = next;
    }
    return SY_OK;
}

/* {"min": a, "max": b}, or one number for both ways. */
static bool read_range(const cJSON *item, sy_range *out)
{
    const cJSON *min = cJSON_GetObjectItemCaseSensitive(item, "min");
    const cJSON *max = cJSON_GetObjectItemCaseSensitive(item, "max");
    if (cJSON_IsNumber(item))
        *out = (sy_range){(float)-item->valuedouble, (float)item->valuedouble};
    else if (cJSON_IsNumber(min) && cJSON_IsNumber(max))
        *out = (sy_range){fminf((float)min->valuedouble, 0), fmaxf((float)max->valuedouble, 0)};
    else
        return false;
    return isfinite(out->min) && isfinite(out->max) && out->min <= out->max;
}

static sy_status parse_json(sy_ctx *ctx, const char *text, size_t size, sy_ranges *to)
{
    cJSON *root = cJSON_ParseWithLength(text, size);
    const cJSON *ranges = cJSON_GetObjectItemCaseSensitive(root, "ranges"), *item;
    sy_status status = SY_OK;
    if (!root)
        status = sy_fail(ctx, SY_E_DATA, "is no JSON");
    const cJSON *list = cJSON_IsObject(ranges) ? ranges : root;
    cJSON_ArrayForEach(item, list)
    {
        sy_range range;
        if (status != SY_OK)
            break;
        status = read_range(item, &range)
                     ? add(ctx, to, item->string, strlen(item->string), range)
                     : sy_fail(ctx, SY_E_DATA, "tensor '%s' has neither a number nor min and max of a range",
                               item->string);
    }
    cJSON_Delete(root);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const sy_named_range *)a)->name, ((const sy_named_range *)b)->name);
}

/* Sorts the rows by name. */
static sy_status check_rows(sy_ctx *ctx, const sy_ranges *ranges)
{
    if (!ranges->count)
        return sy_fail(ctx, SY_E_DATA, "there is no range in it");
    qsort(ranges->rows, ranges->count, sizeof *ranges->rows, by_name);
    for (size_t i = 1; i < ranges->count; i++)
        if (by_name(&ranges->rows[i - 1], &ranges->rows[i]) == 0)
            return sy_fail(ctx, SY_E_DATA, "tensor '%s' stands there twice", ranges->rows[i].name);
    return SY_OK;
}

/* No more rows than lines or commas, and one. */
static size_t rows_at_most(const char *text, size_t size)
{
    size_t count = 1;
    for (size_t i = 0; i < size; i++)
        count += text[i] == '\n' || text[i] == ',';
    return count;
}

sy_status sy_ranges_parse(sy_ctx *ctx, const char *name, const void *bytes, size_t size, sy_ranges *out)
{
    sy_ranges found = {0};
    const char *text = bytes;
    found.rows = sy_arena_alloc(&found.arena, rows_at_most(text, size), sizeof *found.rows);
    sy_status status = sy_check_alloc(ctx, found.rows);
    if (status == SY_OK)
        status =
            is_json(text, size) ? parse_json(ctx, text, size, &found) : parse_cache(ctx, text, size, &found);
    if (status == SY_OK)
        status = check_rows(ctx, &found);
    if (status == SY_OK)
        *out = found;
    else
        sy_ranges_release(&found);
    return sy_while(ctx, status, "%s", name);
}
