#include <stdlib.h>
#include <strings.h>

#include "base/file.h"
#include "pipeline/job.h"
#include "verify/verify.h"

sy_status sy_job_verify(sy_job *job, const sy_samples *samples, const char *path, bool tensors,
                        sy_verify_report **out)
{
    sy_graph *quantized = NULL;
    SY_TRY(sy_job_load_like(job, path, &quantized));
    const sy_verify_spec spec = {.backend = job->backend,
                                 .device = job->device,
                                 .reference = job->bound,
                                 .quantized = quantized,
                                 .samples = samples,
                                 .workers = job->workers,
                                 .batch = job->batch,
                                 .tensors = tensors};
    sy_status status = sy_verify_models(job->ctx, &spec, out);
    sy_graph_destroy(quantized);
    return status;
}

static void print_share(sy_text *out, const char *what, sy_share share)
{
    sy_text_printf(out, "  %-26s %6.2f %%   (%zu of %zu; 95 %% interval %.1f to %.1f)\n", what,
                   100.0 * (double)share.hits / (double)share.count, share.hits, share.count, 100 * share.low,
                   100 * share.high);
}

static bool json_share(cJSON *object, const char *name, sy_share share)
{
    cJSON *item = sy_json_object(object, name);
    return item && sy_json_number(item, "hits", (double)share.hits) &&
           sy_json_number(item, "count", (double)share.count) &&
           sy_json_number(item, "share", (double)share.hits / (double)share.count) &&
           sy_json_number(item, "low", share.low) && sy_json_number(item, "high", share.high);
}

static bool json_outputs(const sy_verify_report *result, cJSON *json)
{
    cJSON *outputs = sy_json_array(json, "outputs");
    for (int i = 0; i < result->output_count && outputs; i++) {
        const sy_output_report *output = &result->outputs[i];
        cJSON *item = sy_json_item(outputs);
        if (!item || !sy_json_text(item, "name", output->name) ||
            !sy_json_number(item, "cosine", output->cosine_mean) ||
            !sy_json_number(item, "cosine_min", output->cosine_min) ||
            !sy_json_number(item, "sqnr_db", output->sqnr_db) ||
            !sy_json_number(item, "sqnr_db_min", output->sqnr_db_min) ||
            !sy_json_number(item, "largest_difference", output->largest_difference))
            return false;
    }
    return outputs != NULL;
}

static bool json_tensors(const sy_verify_report *result, cJSON *json)
{
    cJSON *tensors = sy_json_array(json, "tensors");
    for (int i = 0; i < result->tensor_count && tensors; i++) {
        cJSON *item = sy_json_item(tensors);
        if (!item || !sy_json_text(item, "name", result->tensors[i].name) ||
            !sy_json_number(item, "sqnr_db", result->tensors[i].sqnr_db) ||
            !sy_json_number(item, "largest_difference", result->tensors[i].largest_difference))
            return false;
    }
    return tensors != NULL;
}

static bool json_result(const sy_verify_report *result, cJSON *json)
{
    bool good = sy_json_number(json, "samples", (double)result->sample_count) && json_outputs(result, json) &&
                json_share(json, "agreement", result->agreement);
    if (good && result->has_labels)
        good = json_share(json, "top1_float", result->top1_float) &&
               json_share(json, "top1_quantized", result->top1_quantized);
    return good && (!result->tensor_count || json_tensors(result, json));
}

sy_status sy_job_report_verify(sy_ctx *ctx, const sy_verify_report *result, sy_report *report, cJSON *json)
{
    sy_text *out = &report->text;
    sy_text_printf(out, "  compared with the float model over %zu samples\n", result->sample_count);
    for (int i = 0; i < result->output_count; i++) {
        const sy_output_report *output = &result->outputs[i];
        sy_text_printf(
            out,
            "  output %-19s cosine %.6f (worst %.6f)   SQNR %.2f dB (worst %.2f)   largest difference %.4g\n",
            output->name, output->cosine_mean, output->cosine_min, output->sqnr_db, output->sqnr_db_min,
            output->largest_difference);
    }
    if (result->has_labels) {
        print_share(out, "top-1, float model", result->top1_float);
        print_share(out, "top-1, quantized model", result->top1_quantized);
    }
    print_share(out, "same largest element", result->agreement);
    return sy_check_alloc(ctx, json_result(result, json) ? report : NULL);
}

static void print_tensors(const sy_verify_report *result, sy_text *out)
{
    if (result->tensor_count)
        sy_text_printf(out, "\n%9s  %12s  tensor\n", "SQNR, dB", "largest diff");
    for (int i = 0; i < result->tensor_count; i++)
        sy_text_printf(out, "%9.2f  %12.4g  %s\n", result->tensors[i].sqnr_db,
                       result->tensors[i].largest_difference, result->tensors[i].name);
}

/* The file's size beside that of the float model; data in other files do not count. */
static sy_status report_size(sy_job *job, sy_report *report)
{
    const char *paths[] = {job->request->quantized, job->request->model};
    size_t sizes[2];
    for (int i = 0; i < 2; i++) {
        sy_mapped file = {0};
        SY_TRY(sy_file_map(job->ctx, paths[i], &file));
        sizes[i] = file.size;
        sy_file_unmap(&file);
    }
    sy_text_printf(&report->text, "%s: %zu bytes, the float model has %zu\n", paths[0], sizes[0], sizes[1]);
    const bool good = sy_json_number(report->json, "bytes", (double)sizes[0]) &&
                      sy_json_number(report->json, "bytes_before", (double)sizes[1]);
    return sy_check_alloc(job->ctx, good ? report : NULL);
}

static sy_status verify(sy_job *job, sy_report *report)
{
    sy_verify_report *result = NULL;
    SY_TRY(sy_job_require(job, job->request->quantized, "the quantized model"));
    if (job->request->as && strcasecmp(job->request->as, "DSP") != 0)
        return sy_fail(job->ctx, SY_E_ARGUMENT, "--as %s: there is an integer arithmetic of DSP only",
                       job->request->as);
    SY_TRY(sy_job_open_model(job));
    SY_TRY(sy_job_open_device(job));
    SY_TRY(sy_job_open_samples(job, job->request->data, job->request->labels, job->request->limit,
                               &job->samples));
    SY_TRY(sy_job_verify(job, job->samples, job->request->quantized, true, &result));
    sy_status status = report_size(job, report);
    if (status == SY_OK)
        status = sy_job_report_verify(job->ctx, result, report, report->json);
    print_tensors(result, &report->text);
    sy_verify_report_destroy(result);
    return status == SY_OK && job->request->as ? sy_job_simulate(job, job->request->quantized, report)
                                               : status;
}

sy_status sy_verify(sy_ctx *ctx, const sy_request *request, sy_report **out)
{
    return sy_job_command(ctx, request, verify, out);
}
