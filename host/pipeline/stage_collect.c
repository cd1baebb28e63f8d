#include "base/file.h"
#include "base/log.h"
#include "calib/collect.h"
#include "pipeline/job.h"

sy_status sy_job_collect(sy_job *job, sy_stats **out)
{
    int *observed = NULL, count = 0;
    sy_sample_source source = sy_sample_source_of(job->samples);
    SY_TRY(sy_calib_choose(job->ctx, job->bound, &job->arena, &observed, &count));
    const sy_calib_spec spec = {.backend = job->backend,
                                .device = job->device,
                                .graph = job->bound,
                                .observed = observed,
                                .observed_count = count,
                                .samples = &source,
                                .workers = job->workers,
                                .batch = job->batch,
                                .model = job->model_hash,
                                .input_shape = job->input_shape,
                                .preprocess = sy_samples_preprocess(job->samples)};
    SY_TRY(sy_calib_collect(job->ctx, &spec, out));
    sy_log(job->ctx, SY_LOG_INFO, "stats: %u tensors over %u samples", (*out)->tensor_count,
           (*out)->sample_count);
    return SY_OK;
}

static sy_status report_stats(sy_job *job, const sy_stats *stats, sy_report *report)
{
    char hash[SY_HASH_TEXT];
    sy_hash content;
    SY_TRY(sy_stats_content_hash(job->ctx, stats, &content));
    sy_hash_print(&content, hash);
    sy_text_printf(&report->text, "%s: %u tensors over %u samples\ncontent hash %s\n", job->request->output,
                   stats->tensor_count, stats->sample_count, hash);
    bool good = sy_json_text(report->json, "stats", job->request->output) &&
                sy_json_number(report->json, "tensors", stats->tensor_count) &&
                sy_json_number(report->json, "samples", stats->sample_count) &&
                sy_json_text(report->json, "content_hash", hash);
    return sy_check_alloc(job->ctx, good ? report : NULL);
}

static sy_status collect(sy_job *job, sy_report *report)
{
    sy_stats *stats = NULL;
    SY_TRY(sy_job_require(job, job->request->output, "--output FILE.qstat"));
    if (sy_path_is_folder(job->request->output))
        return sy_fail(job->ctx, SY_E_ARGUMENT, "--output %s: is a folder; name the .qstat file to write",
                       job->request->output);
    SY_TRY(sy_job_open_model(job));
    if (sy_path_same(job->request->output, job->request->model))
        return sy_fail(job->ctx, SY_E_ARGUMENT, "--output %s: is the model; name the .qstat file to write",
                       job->request->output);
    SY_TRY(sy_job_open_device(job));
    SY_TRY(sy_job_open_samples(job, job->request->data, NULL, job->request->limit, &job->samples));
    SY_TRY(sy_file_check_writable(job->ctx, job->request->output));
    SY_TRY(sy_job_collect(job, &stats));
    sy_status status = sy_stats_save(job->ctx, stats, job->request->output);
    if (status == SY_OK)
        status = report_stats(job, stats, report);
    sy_stats_destroy(stats);
    return status;
}

sy_status sy_collect(sy_ctx *ctx, const sy_request *request, sy_report **out)
{
    return sy_job_command(ctx, request, collect, out);
}
