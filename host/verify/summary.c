#include "verify/summary.h"

#include <math.h>

static void summarize_output(const sy_verify_spec *spec, const sy_pairs *pairs,
                             const sy_sample_result *results, int index, sy_output_report *out)
{
    *out = (sy_output_report){.name = spec->reference->tensors[pairs->outputs[index].reference].name,
                              .cosine_min = 1,
                              .sqnr_db_min = SY_DB_MAX};
    size_t used = 0;
    for (size_t s = 0; s < sy_samples_count(spec->samples); s++) {
        if (!results[s].usable)
            continue;
        const sy_comparison *comparison = &results[s].outputs[index];
        double cosine = sy_comparison_cosine(comparison), db = sy_comparison_db(comparison);
        out->cosine_mean += cosine;
        out->sqnr_db += db;
        out->cosine_min = fmin(out->cosine_min, cosine);
        out->sqnr_db_min = fmin(out->sqnr_db_min, db);
        out->largest_difference = fmax(out->largest_difference, comparison->largest_difference);
        used++;
    }
    out->cosine_mean /= (double)used;
    out->sqnr_db /= (double)used;
}

static void summarize_tensor(const sy_verify_spec *spec, const sy_pairs *pairs,
                             const sy_sample_result *results, int index, sy_tensor_report *out)
{
    sy_comparison sum = {0};
    for (size_t s = 0; s < sy_samples_count(spec->samples); s++) {
        const sy_comparison *comparison = &results[s].tensors[index];
        if (!results[s].usable)
            continue;
        sum.signal += comparison->signal;
        sum.noise += comparison->noise;
        sum.largest_difference = fmax(sum.largest_difference, comparison->largest_difference);
    }
    *out = (sy_tensor_report){.name = spec->reference->tensors[pairs->tensors[index].reference].name,
                              .sqnr_db = sy_comparison_db(&sum),
                              .largest_difference = sum.largest_difference};
}

static void summarize_classes(const sy_verify_spec *spec, const sy_sample_result *results,
                              sy_verify_report *out)
{
    size_t labelled = 0, right_float = 0, right_quantized = 0, same = 0;
    for (size_t s = 0; s < sy_samples_count(spec->samples); s++) {
        const sy_sample_result *result = &results[s];
        if (!result->usable)
            continue;
        int label = sy_samples_label(spec->samples, s);
        same += result->largest_float == result->largest_quantized;
        if (label < 0)
            continue;
        labelled++;
        right_float += result->largest_float == (size_t)label;
        right_quantized += result->largest_quantized == (size_t)label;
    }
    out->agreement = sy_share_of(same, out->sample_count);
    out->has_labels = labelled > 0;
    out->top1_float = sy_share_of(right_float, labelled);
    out->top1_quantized = sy_share_of(right_quantized, labelled);
}

sy_status sy_verify_summarize(sy_ctx *ctx, const sy_verify_spec *spec, const sy_pairs *pairs,
                              const sy_sample_result *results, sy_verify_report *out)
{
    for (size_t s = 0; s < sy_samples_count(spec->samples); s++)
        out->sample_count += results[s].usable;
    if (out->sample_count == 0)
        return sy_fail(ctx, SY_E_DATA, "none of the %zu samples can be used",
                       sy_samples_count(spec->samples));
    out->outputs = sy_arena_alloc(&out->arena, (size_t)pairs->output_count, sizeof *out->outputs);
    out->tensors = sy_arena_alloc(&out->arena, (size_t)pairs->tensor_count, sizeof *out->tensors);
    SY_TRY(sy_check_alloc(ctx, out->outputs && out->tensors ? out : NULL));
    out->output_count = pairs->output_count;
    out->tensor_count = pairs->tensor_count;
    for (int i = 0; i < pairs->output_count; i++) {
        summarize_output(spec, pairs, results, i, &out->outputs[i]);
        out->outputs[i].name = sy_arena_text(&out->arena, out->outputs[i].name);
        SY_TRY(sy_check_alloc(ctx, out->outputs[i].name));
    }
    for (int i = 0; i < pairs->tensor_count; i++) {
        summarize_tensor(spec, pairs, results, i, &out->tensors[i]);
        out->tensors[i].name = sy_arena_text(&out->arena, out->tensors[i].name);
        SY_TRY(sy_check_alloc(ctx, out->tensors[i].name));
    }
    summarize_classes(spec, results, out);
    return SY_OK;
}
