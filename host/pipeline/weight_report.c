#include "pipeline/weight_report.h"

sy_status sy_weight_report(sy_ctx *ctx, const sy_weight_outcome *outcome, sy_report *report, cJSON *list)
{
    cJSON *item = sy_json_item(list);
    bool good = item && sy_json_text(item, "weight", outcome->name);
    if (outcome->refusal) {
        sy_text_printf(&report->text, "  float  %-40s %s\n", outcome->name, outcome->refusal);
        good = good && sy_json_text(item, "reason", outcome->refusal);
        return sy_check_alloc(ctx, good ? item : NULL);
    }
    sy_text_printf(&report->text, "  %-6s %-40s %s, %zu -> %zu bytes, %.1f dB\n", outcome->type,
                   outcome->name, outcome->scales, outcome->before, outcome->after, outcome->snr);
    if (outcome->note)
        sy_text_printf(&report->text, "         %-40s %s\n", "", outcome->note);
    good = good && sy_json_text(item, "type", outcome->type) && sy_json_number(item, "bits", outcome->bits) &&
           sy_json_text(item, "scales", outcome->scales) &&
           sy_json_number(item, "bytes_before", (double)outcome->before) &&
           sy_json_number(item, "bytes", (double)outcome->after) &&
           sy_json_number(item, "snr_db", outcome->snr);
    return sy_check_alloc(ctx, good ? item : NULL);
}

sy_status sy_weight_check_gain(sy_ctx *ctx, sy_arena *arena, size_t before, size_t after,
                               sy_weight_totals *totals, const char **out_refusal)
{
    if (after < before) {
        totals->before += before;
        totals->after += after;
        return SY_OK;
    }
    *out_refusal = sy_arena_printf(arena, "as integers it takes %zu bytes with its factors, as floats %zu",
                                   after, before);
    return sy_check_alloc(ctx, *out_refusal);
}
