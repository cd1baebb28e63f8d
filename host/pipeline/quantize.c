/* All stages in order: statistics, then for each target ranges, file and comparison, then the manifest. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "pipeline/job.h"
#include "pipeline/weight_quant.h"
#include "verify/verify.h"

/* Where the results go. */
typedef struct {
    const char *folder, *stem;
    const char *model; /* the exact path of the one target's model; NULL: folder/stem.<target>.onnx */
} destination;

static sy_status find_destination(sy_job *job, int target_count, destination *out)
{
    *out = (destination){
        .folder = job->request->output, .stem = sy_job_stem(job), .model = job->request->model_output};
    if (out->model) {
        if (target_count != 1)
            return sy_fail(job->ctx, SY_E_ARGUMENT, "one output file was named for %d targets", target_count);
        const char *base = sy_path_base(out->model);
        const char *dot = strrchr(base, '.');
        out->stem =
            sy_arena_text_n(&job->arena, base, dot && dot != base ? (size_t)(dot - base) : strlen(base));
        out->folder = base == out->model
                          ? "."
                          : sy_arena_text_n(&job->arena, out->model,
                                            (size_t)(base - out->model) - (base - out->model > 1));
    }
    SY_TRY(sy_job_require(job, out->folder, "--output FOLDER"));
    if (out->model && sy_path_same(out->model, job->request->model))
        return sy_fail(job->ctx, SY_E_ARGUMENT, "%s: is the float model; name another file to write",
                       out->model);
    return sy_check_alloc(job->ctx, out->stem);
}

/* Found out before the long work, and after all that can be wrong with what is read. */
static sy_status prepare_destination(sy_job *job, const destination *where)
{
    const char *path =
        where->model ? where->model : sy_arena_printf(&job->arena, "%s/manifest.json", where->folder);
    SY_TRY(sy_check_alloc(job->ctx, path));
    SY_TRY(sy_folder_make(job->ctx, where->folder));
    return sy_file_check_writable(job->ctx, path);
}

/* Whether samples to measure on were named; else they are those of calibration. */
static bool is_held_out(const sy_request *request)
{
    return request->verify_data || request->labels;
}

static sy_status measure(sy_job *job, const sy_samples *samples, const char *path, sy_report *report,
                         cJSON *json)
{
    sy_verify_report *result = NULL;
    cJSON *verified = sy_json_object(json, "verify");
    SY_TRY(sy_check_alloc(job->ctx, verified));
    SY_TRY(sy_job_verify(job, samples, path, false, &result));
    sy_status status = sy_job_report_verify(job->ctx, result, report, verified);
    if (!is_held_out(job->request))
        sy_text_printf(&report->text,
                       "  (measured on the calibration samples; --labels or --verify-data names others)\n");
    sy_verify_report_destroy(result);
    return status;
}

static sy_status write_targets(sy_job *job, const destination *where, const sy_stats *stats,
                               const sy_target **targets, int count, const sy_samples *samples,
                               sy_report *report)
{
    cJSON *list = sy_json_array(report->json, "targets");
    SY_TRY(sy_check_alloc(job->ctx, list));
    sy_status status = SY_OK;
    for (int i = 0; i < count && status == SY_OK; i++) {
        const char *path = where->model ? where->model
                                        : sy_arena_printf(&job->arena, "%s/%s.%s.onnx", where->folder,
                                                          where->stem, targets[i]->suffix);
        cJSON *item = sy_json_item(list);
        status = sy_check_alloc(job->ctx, path && item ? path : NULL);
        if (status == SY_OK)
            status = sy_job_emit(job, stats, targets[i], path, report, item);
        if (status == SY_OK)
            status = measure(job, samples, path, report, item);
    }
    return status;
}

static bool describe_run(sy_job *job, const sy_stats *stats, const char *qstat, const char *content,
                         sy_report *report)
{
    char hash[SY_HASH_TEXT];
    sy_text config = {0};
    sy_hash_print(&job->model_hash, hash);
    sy_config_print(job->config, &config);
    bool good = !config.failed && sy_json_text(report->json, "steelyard", SY_VERSION) &&
                sy_json_text(report->json, "model", job->request->model) &&
                sy_json_text(report->json, "model_sha256", hash) &&
                sy_json_text(report->json, "input_shape", job->input_shape) &&
                sy_json_text(report->json, "device", job->backend->name) &&
                sy_json_text(report->json, "stats", qstat) &&
                sy_json_text(report->json, "content_hash", content) &&
                sy_json_number(report->json, "samples", stats->sample_count) &&
                sy_json_text(report->json, "preprocess", stats->preprocess) &&
                sy_json_text(report->json, "config", config.bytes ? config.bytes : "");
    sy_text_release(&config);
    return good;
}

/* manifest.json: what was asked, what it was computed from, and what came out, so that a run can be repeated
 * and compared. */
static sy_status write_manifest(sy_job *job, const destination *where, const sy_report *report)
{
    char *path = sy_arena_printf(&job->arena, "%s/manifest.json", where->folder);
    char *text = cJSON_Print(report->json);
    sy_status status = sy_check_alloc(job->ctx, path && text ? path : NULL);
    if (status == SY_OK)
        status = sy_file_save(job->ctx, path, text, strlen(text));
    cJSON_free(text);
    return status;
}

static sy_status report_stats(sy_job *job, const sy_stats *stats, const char *path, sy_report *report)
{
    sy_hash hash;
    char content[SY_HASH_TEXT];
    SY_TRY(sy_stats_content_hash(job->ctx, stats, &hash));
    sy_hash_print(&hash, content);
    sy_text_printf(&report->text, "statistics of %u tensors over %u samples: %s\ncontent hash %s\n",
                   stats->tensor_count, stats->sample_count, path, content);
    return sy_check_alloc(job->ctx, describe_run(job, stats, path, content, report) ? report : NULL);
}

static sy_status collect(sy_job *job, const destination *where, sy_report *report, sy_stats **out)
{
    const char *path = sy_arena_printf(&job->arena, "%s/%s.qstat", where->folder, where->stem);
    SY_TRY(sy_check_alloc(job->ctx, path));
    SY_TRY(sy_job_collect(job, path, out));
    return report_stats(job, *out, path, report);
}

static bool ends_with(const char *text, const char *ending)
{
    const size_t length = strlen(text), extra = strlen(ending);
    return length >= extra && strcmp(text + length - extra, ending) == 0;
}

/* Files of full quantization are ONNX, and ascend_oriented is about one target. */
static sy_status check_forms(sy_job *job, const sy_target *const *targets, int count)
{
    bool is_ascend = false;
    for (int i = 0; i < count; i++)
        is_ascend |= targets[i] == &sy_target_ascend;
    SY_TRY(sy_job_check_provider(job, is_ascend));
    if (job->request->model_output && ends_with(job->request->model_output, ".mindir"))
        return sy_fail(
            job->ctx, SY_E_UNSUPPORTED,
            "%s: full quantization writes ONNX (--saveType=ONNX); quant_type = WEIGHT_QUANT writes MindIR",
            job->request->model_output);
    for (int i = 0; i < count; i++)
        if (job->request->ascend && targets[i] != &sy_target_ascend)
            return sy_fail(job->ctx, SY_E_CONFIG,
                           "--optimize=ascend_oriented, but the target is %s: set [full_quant_param] "
                           "target_device = ASCEND",
                           targets[i]->name);
    return SY_OK;
}

/* Whatever can be wrong with the request is found before the long work begins. */
static sy_status quantize(sy_job *job, sy_report *report)
{
    const sy_target **targets;
    destination where;
    int count;
    sy_samples *held_out = NULL;
    sy_stats *stats = NULL;
    sy_status status;
    const bool full = job->config->common_quant_param.quant_type == SY_QUANT_TYPE_FULL_QUANT;
    if (job->request->resume && !full)
        return sy_fail(
            job->ctx, SY_E_ARGUMENT,
            "--resume: goes on with statistics, which quant_type = FULL_QUANT alone gathers; auto_tune "
            "goes on without it");
    if (!full)
        return sy_job_quantize_weights(job, report);
    SY_TRY(sy_job_targets(job, &targets, &count));
    SY_TRY(sy_job_require(job, job->request->model, "the model"));
    SY_TRY(find_destination(job, count, &where));
    SY_TRY(check_forms(job, targets, count));
    SY_TRY(sy_job_open_model(job));
    SY_TRY(sy_job_check_plan(job, targets, count));
    SY_TRY(sy_job_open_device(job));
    SY_TRY(sy_job_open_samples(job, job->request->data, NULL, job->request->limit, &job->samples));
    if (is_held_out(job->request))
        SY_TRY_DONE(
            sy_job_open_samples(job, job->request->verify_data, job->request->labels, SIZE_MAX, &held_out));
    SY_TRY_DONE(prepare_destination(job, &where));
    SY_TRY_DONE(collect(job, &where, report, &stats));
    status = write_targets(job, &where, stats, targets, count, held_out ? held_out : job->samples, report);
    if (status == SY_E_DEVICE)
        sy_remedy(
            job->ctx, status,
            "the statistics are whole: with --resume the same command goes on from them, on any device");
    SY_TRY_DONE(status);
    sy_report_summary(report);
    SY_TRY_DONE(write_manifest(job, &where, report));
done:
    sy_stats_destroy(stats);
    sy_samples_destroy(held_out);
    return status;
}

sy_status sy_quantize(sy_ctx *ctx, const sy_request *request, sy_report **out)
{
    return sy_job_command(ctx, request, quantize, out);
}
