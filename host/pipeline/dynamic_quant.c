/* Dynamic quantization of an ONNX model: weights become integers now, activations while the model runs.
 * Nothing of the model is computed, so it may hold any operator and needs no samples. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "import/onnx/edit.h"
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
    size_t before, after;        /* bytes of the quantized weights */
    sy_arena arena;              /* of codes and what is written of them */
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
    const char *dot = request->model_output ? strrchr(request->model_output, '.') : NULL;
    if (dot && strcmp(dot, ".mindir") == 0)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED,
                       "%s: the model is ONNX and so is what is written of it (--saveType=ONNX)",
                       request->model_output);
    return SY_OK;
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
    return sy_weight_encode(work->ctx, &work->arena, sy_weight_find_method("MAX_MIN"), &task, constant->name,
                            &constant->shape, &cut, values, out);
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
    if (out->after >= out->before) {
        choice->refusal =
            sy_arena_printf(&work->arena, "as integers it takes %zu bytes with its factors, as floats %zu",
                            out->after, out->before);
        return sy_check_alloc(work->ctx, choice->refusal);
    }
    work->before += out->before;
    work->after += out->after;
    work->counts[out->form]++;
    out->snr = sy_weight_codes_snr(&codes, values);
    return emit(work, choice, out->form, &codes);
}

static sy_status quantize_weight(dynamic_job *work, sy_weight_choice *choice, outcome *out)
{
    const sy_onnx_constant *constant = &work->file.constants[choice->constant];
    size_t count = 0;
    sy_shape_count(&constant->shape, &count);
    float *values = malloc((count ? count : 1) * sizeof *values);
    sy_status status = sy_check_alloc(work->ctx, values);
    out->form = sy_dynamic_form_of(&work->file, choice, &out->why_float);
    out->before = count * sy_dtype_bits((sy_dtype)constant->data_type) / 8;
    if (status == SY_OK)
        status = sy_onnx_constant_floats(work->ctx, &work->file, constant, values, count);
    if (status == SY_OK)
        status = quantize_values(work, choice, values, out);
    free(values);
    return status;
}

static const char *form_words(const dynamic_job *work, const outcome *done)
{
    static const char *const words[] = {
        [SY_DYNAMIC_PRODUCT] = "product of integers",
        [SY_DYNAMIC_LOOKUP] = "rows picked as integers",
        [SY_DYNAMIC_FLOAT] = "float again before it is read",
    };
    (void)work;
    return words[done->form];
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
        const char *form = form_words(work, done);
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

/* A model without a product of integers is no success: the first reason tells why. */
static sy_status require_some(const dynamic_job *work)
{
    if (work->counts[SY_DYNAMIC_PRODUCT] || work->counts[SY_DYNAMIC_LOOKUP] || work->counts[SY_DYNAMIC_FLOAT])
        return SY_OK;
    if (!work->choice_count)
        return sy_fail(work->ctx, SY_E_MODEL,
                       "no weight can be quantized: the model has no float matrices among its constants");
    return sy_fail(work->ctx, SY_E_CONFIG, "no weight was quantized; of the first, '%s': %s",
                   work->file.constants[work->choices[0].constant].name, work->choices[0].refusal);
}

static sy_status report_file(dynamic_job *work, const char *path, sy_report *report)
{
    sy_mapped written = {0};
    SY_TRY(sy_file_map(work->ctx, path, &written));
    sy_text_printf(
        &report->text,
        "%d weights are in products of integers, %d are tables, %d float again, of %d: %zu bytes of "
        "them, %zu as floats\n%s: %zu bytes, the float model has %zu\n",
        work->counts[SY_DYNAMIC_PRODUCT], work->counts[SY_DYNAMIC_LOOKUP], work->counts[SY_DYNAMIC_FLOAT],
        work->choice_count, work->after, work->before, path, written.size, work->file.bytes.size);
    const bool good = sy_json_text(report->json, "file", path) &&
                      sy_json_text(report->json, "strategy", is_per_row(work) ? "ACWL" : "ALWC") &&
                      sy_json_number(report->json, "bytes", (double)written.size) &&
                      sy_json_number(report->json, "bytes_before", (double)work->file.bytes.size) &&
                      sy_json_number(report->json, "products", work->counts[SY_DYNAMIC_PRODUCT]);
    sy_file_unmap(&written);
    return sy_check_alloc(work->ctx, good ? report : NULL);
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
    SY_TRY(require_some(work));
    SY_TRY(sy_onnx_edit_save(work->edit, path));
    return report_file(work, path, report);
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
