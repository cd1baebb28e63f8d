/* Dynamic quantization of an ONNX model: weights become integers now, activations while the model runs.
 * Nothing of the model is computed, so it may hold any operator and needs no samples. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "import/onnx/edit.h"
#include "pipeline/weight_onnx.h"
#include "pipeline/weight_quant.h"
#include "weight/dynamic.h"
#include "weight/method.h"

enum { BITS = 8 };

/* A run while it lasts. */
typedef struct dynamic_job {
    sy_job *job;
    sy_ctx *ctx;
    sy_onnx_file file;
    sy_onnx_edit *edit;
    sy_weight_form form; /* of weights that are float again before they are read */
    sy_dynamic *dynamic;
    sy_weight_choice *choices;
    int choice_count, counts[3]; /* by sy_dynamic_form */
    sy_weight_totals totals;
    sy_arena arena; /* of codes and what is written of them */
} dynamic_job;

/* What is said of one weight. */
typedef struct outcome {
    sy_dynamic_form form;
    const char *why_float; /* where only the weight is integers */
    size_t before, after;
    double snr;
} outcome;

static bool is_per_row(const dynamic_job *work)
{
    return work->job->config->dynamic_quant_param.quant_strategy == SY_DYNAMIC_QUANT_STRATEGY_ACWL;
}

static sy_status check_request(const dynamic_job *work)
{
    const sy_request *request = work->job->request;
    SY_TRY(sy_job_check_provider(work->job, request->ascend));
    if (request->ascend)
        return sy_fail(
            work->ctx, SY_E_UNSUPPORTED,
            "--optimize=ascend_oriented: dynamic quantization is not for Ascend; quant_type = FULL_QUANT "
            "with target_device = ASCEND is");
    return sy_weight_check_output(work->job);
}

static sy_status choose(dynamic_job *work)
{
    const sy_config_list *skipped = &work->job->config->common_quant_param.skip_quant_node;
    const sy_weight_rules rules = {.bits = BITS,
                                   .per_channel = !is_per_row(work),
                                   .skipped = (const char *const *)skipped->items,
                                   .skipped_count = skipped->count};
    return sy_weight_choose(work->ctx, &work->file, &rules, &work->arena, &work->choices,
                            &work->choice_count);
}

/* Rows of a table always have a scale each: that costs nothing while they are picked. */
static int axis_of(const sy_weight_choice *choice, sy_dynamic_form form)
{
    return form == SY_DYNAMIC_LOOKUP ? 0 : choice->axis;
}

static sy_status encode(dynamic_job *work, const sy_weight_choice *choice, sy_dynamic_form form,
                        const float *values, sy_weight_codes *out)
{
    const sy_onnx_constant *constant = &work->file.constants[choice->constant];
    const sy_weight_task task = {.bits = BITS, .symmetric = sy_dynamic_is_symmetric(form)};
    sy_weight_cut cut;
    if (!sy_weight_cut_init(&constant->shape, axis_of(choice, form), 0, &cut))
        return sy_fail(work->ctx, SY_E_INTERNAL, "constant '%s' lost its shape", constant->name);
    return sy_weight_encode(work->ctx, &work->arena, sy_weight_find_method("MAX_MIN"), &task,
                            &(sy_weight_floats){constant->name, &constant->shape, &cut, values}, out);
}

static sy_status emit(dynamic_job *work, const sy_weight_choice *choice, sy_dynamic_form form,
                      const sy_weight_codes *codes)
{
    if (form != SY_DYNAMIC_FLOAT)
        return sy_dynamic_emit(work->dynamic, choice, form, codes);
    return sy_weight_emit(work->ctx, work->edit, &work->file, choice->constant, choice->first_node, codes,
                          &work->form, &work->arena);
}

static sy_status quantize_values(dynamic_job *work, sy_weight_choice *choice, const float *values,
                                 outcome *out)
{
    sy_weight_codes codes;
    SY_TRY(encode(work, choice, out->form, values, &codes));
    out->after = sy_weight_stored_bytes(&codes, &work->form);
    SY_TRY(sy_weight_check_gain(work->ctx, &work->arena, out->before, out->after, &work->totals,
                                &choice->refusal));
    if (choice->refusal)
        return SY_OK;
    work->counts[out->form]++;
    out->snr = sy_weight_codes_snr(&codes, values);
    return emit(work, choice, out->form, &codes);
}

static sy_status quantize_weight(dynamic_job *work, sy_weight_choice *choice, outcome *out)
{
    const sy_onnx_constant *constant = &work->file.constants[choice->constant];
    float *values = NULL;
    out->form = sy_dynamic_form_of(&work->file, choice, &out->why_float);
    out->before = sy_weight_float_bytes(constant);
    sy_status status = sy_weight_load(work->ctx, &work->file, constant, &values);
    if (status == SY_OK)
        status = quantize_values(work, choice, values, out);
    free(values);
    return status;
}

static const char *form_words(sy_dynamic_form form)
{
    static const char *const words[] = {
        [SY_DYNAMIC_PRODUCT] = "product of integers",
        [SY_DYNAMIC_LOOKUP] = "rows picked as integers",
        [SY_DYNAMIC_FLOAT] = "float again before it is read",
    };
    return words[form];
}

static sy_status report_weight(dynamic_job *work, const sy_weight_choice *choice, const outcome *done,
                               sy_report *report, cJSON *list)
{
    const char *name = work->file.constants[choice->constant].name;
    cJSON *item = sy_json_item(list);
    bool good = item && sy_json_text(item, "weight", name);
    if (choice->refusal) {
        sy_text_printf(&report->text, "  float  %-40s %s\n", name, choice->refusal);
        good = good && sy_json_text(item, "reason", choice->refusal);
    } else {
        const bool is_float = done->form == SY_DYNAMIC_FLOAT;
        const char *form = form_words(done->form);
        sy_text_printf(&report->text, "  int8   %-40s %s%s%s%s, %zu -> %zu bytes, %.1f dB\n", name, form,
                       is_float ? " (" : "", is_float ? done->why_float : "", is_float ? ")" : "",
                       done->before, done->after, done->snr);
        good = good && sy_json_text(item, "form", form) &&
               (!is_float || sy_json_text(item, "reason", done->why_float)) &&
               sy_json_number(item, "bytes_before", (double)done->before) &&
               sy_json_number(item, "bytes", (double)done->after) &&
               sy_json_number(item, "snr_db", done->snr);
    }
    return sy_check_alloc(work->ctx, good ? item : NULL);
}

static sy_status quantize_all(dynamic_job *work, sy_report *report)
{
    cJSON *list = sy_json_array(report->json, "weights");
    SY_TRY(sy_check_alloc(work->ctx, list));
    for (int i = 0; i < work->choice_count; i++) {
        outcome done = {.snr = NAN};
        if (!work->choices[i].refusal)
            SY_TRY(quantize_weight(work, &work->choices[i], &done));
        SY_TRY(report_weight(work, &work->choices[i], &done, report, list));
    }
    return SY_OK;
}

static sy_status report_all(dynamic_job *work, const char *path, sy_report *report)
{
    sy_text_printf(
        &report->text,
        "%d weights are in products of integers, %d are tables, %d float again, of %d: %zu bytes of "
        "them, %zu as floats\n",
        work->counts[SY_DYNAMIC_PRODUCT], work->counts[SY_DYNAMIC_LOOKUP], work->counts[SY_DYNAMIC_FLOAT],
        work->choice_count, work->totals.after, work->totals.before);
    const bool good = sy_json_text(report->json, "strategy", is_per_row(work) ? "ACWL" : "ALWC") &&
                      sy_json_number(report->json, "products", work->counts[SY_DYNAMIC_PRODUCT]);
    SY_TRY(sy_check_alloc(work->ctx, good ? report : NULL));
    return sy_weight_report_file(work->ctx, &work->file, path, report);
}

static sy_status open_edit(dynamic_job *work)
{
    SY_TRY(sy_onnx_file_open(work->ctx, work->job->request->model, &work->file));
    SY_TRY(choose(work));
    SY_TRY(sy_onnx_edit_create(work->ctx, &work->file, &work->edit));
    SY_TRY(sy_onnx_edit_require_opset(work->edit, SY_DYNAMIC_OPSET));
    SY_TRY(sy_weight_choose_form(work->ctx, work->edit, BITS, false, SY_DYNAMIC_OPSET, &work->form));
    return sy_dynamic_create(work->ctx, &work->file, work->edit, is_per_row(work), &work->arena,
                             &work->dynamic);
}

static sy_status run(dynamic_job *work, sy_report *report)
{
    const char *path;
    SY_TRY(check_request(work));
    SY_TRY(open_edit(work));
    SY_TRY(sy_job_weight_output(work->job, ".onnx", &path));
    SY_TRY(quantize_all(work, report));
    SY_TRY(sy_weight_require_some(work->ctx, &work->file, work->choices, work->choice_count,
                                  work->totals.before > 0));
    SY_TRY(sy_onnx_edit_save(work->edit, path));
    return report_all(work, path, report);
}

sy_status sy_job_quantize_dynamic(sy_job *job, sy_report *report)
{
    dynamic_job work = {.job = job, .ctx = job->ctx};
    const sy_status status = run(&work, report);
    sy_onnx_edit_destroy(work.edit);
    sy_onnx_file_close(&work.file);
    sy_arena_release(&work.arena);
    return status;
}
