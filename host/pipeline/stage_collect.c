#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "calib/collect.h"
#include "pipeline/job.h"

/* The files of one run, and what an earlier one left. */
typedef struct gathering {
    const char *path, *part; /* of all samples; of those so far */
    const char *from;        /* what the run goes on from, NULL: nothing */
    sy_stats *resumed;       /* what is in it */
} gathering;

static sy_status load_part(sy_job *job, gathering *work)
{
    work->from = sy_path_exists(work->part) ? work->part : sy_path_exists(work->path) ? work->path : NULL;
    if (!work->from)
        return sy_fail(
            job->ctx, SY_E_ARGUMENT,
            "--resume: there is neither %s nor %s to go on from; without --resume the run begins anew",
            work->part, work->path);
    sy_status status = sy_stats_load(job->ctx, work->from, &work->resumed);
    if (status == SY_OK && work->resumed->fast && job->config->run_param.arithmetic == SY_ARITHMETIC_EXACT)
        status = sy_fail(job->ctx, SY_E_DATA,
                         "--resume: %s: was gathered with arithmetic = FAST, and this run is to be EXACT",
                         work->from);
    return sy_remedy(job->ctx, status, "without --resume the run begins anew");
}

static sy_status find_part(sy_job *job, gathering *work)
{
    work->part = sy_arena_printf(&job->arena, "%s.part", work->path);
    SY_TRY(sy_check_alloc(job->ctx, work->part));
    if (job->request->resume)
        return load_part(job, work);
    if (sy_path_exists(work->part))
        sy_log(
            job->ctx, SY_LOG_WARN,
            "%s: an earlier run did not come to its end; --resume goes on from it, and this run begins anew",
            work->part);
    return SY_OK;
}

/* What to do after a failure. */
static sy_status tell_kept(sy_job *job, const gathering *work, const sy_calib_keep *keep, sy_status status)
{
    if (keep->samples == 0)
        return status == SY_E_DEVICE
                   ? sy_remedy(job->ctx, status, "no statistics were kept yet, so the run begins anew")
                   : status;
    return sy_remedy(
        job->ctx, status,
        "statistics of %zu of %zu samples are kept in %s: with --resume the same command goes on "
        "from there, on any device",
        keep->samples, sy_samples_count(job->samples), sy_path_exists(work->part) ? work->part : work->from);
}

static sy_status gather(sy_job *job, gathering *work, sy_stats **out)
{
    int *observed = NULL, count = 0;
    sy_sample_source source = sy_sample_source_of(job->samples);
    sy_calib_keep keep = {.path = work->part, .seconds = job->config->run_param.keep_seconds};
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
                                .preprocess = sy_samples_preprocess(job->samples),
                                .fast = job->backend->is_fast && job->backend->is_fast(job->device),
                                .keep = &keep,
                                .resumed = work->resumed,
                                .resumed_name = work->from};
    if (work->resumed)
        sy_log(job->ctx, SY_LOG_INFO, "stats: goes on from the %u of %zu samples in %s",
               work->resumed->sample_count, source.count, work->from);
    sy_stats *stats = NULL;
    sy_status status = sy_calib_collect(job->ctx, &spec, &stats);
    if (status == SY_OK)
        status = sy_stats_save(job->ctx, stats, work->path);
    if (status != SY_OK) {
        sy_stats_destroy(stats);
        return tell_kept(job, work, &keep, status);
    }
    unlink(work->part);
    *out = stats;
    return SY_OK;
}

sy_status sy_job_collect(sy_job *job, const char *path, sy_stats **out)
{
    gathering work = {.path = path};
    sy_status status = find_part(job, &work);
    if (status == SY_OK)
        status = gather(job, &work, out);
    sy_stats_destroy(work.resumed);
    SY_TRY(status);
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
    SY_TRY(sy_job_collect(job, job->request->output, &stats));
    const sy_status status = report_stats(job, stats, report);
    sy_stats_destroy(stats);
    return status;
}

sy_status sy_collect(sy_ctx *ctx, const sy_request *request, sy_report **out)
{
    return sy_job_command(ctx, request, collect, out);
}
