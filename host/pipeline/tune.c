#include "pipeline/tune.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "pipeline/weight_quant.h"
#include "verify/verify.h"

/* A search while it lasts. */
typedef struct tuning {
    sy_job *job;
    sy_ctx *ctx;
    const sy_request *request; /* of the job, which has another one while a probe is made */
    const char *path;          /* of the model */
    const char *probe_path, *state_path, *inputs_path;
    bool drawn;
    sy_hash key;
    sy_text probes; /* of sy_tune_probe */
    size_t resumed; /* probes of an earlier run */
    double written; /* scale of the model on disk, as far as this run knows; 0: none */
    double target;
    time_t begin;
} tuning;

static const sy_tune_probe *probes_of(const tuning *work, size_t *out_count)
{
    *out_count = work->probes.size / sizeof(sy_tune_probe);
    return (const sy_tune_probe *)(const void *)work->probes.bytes;
}

static time_t now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec;
}

static bool is_over_budget(const tuning *work)
{
    return work->request->time_budget && now() - work->begin >= work->request->time_budget;
}

/* What the result of a probe depends on: the model, the samples, and the configuration. */
static void add_samples(const tuning *work, sy_text *text)
{
    const sy_samples *samples = work->job->samples;
    sy_text_printf(text, "%s\n%s\n", work->drawn ? "drawn" : "samples", sy_samples_preprocess(samples));
    for (size_t i = 0; i < sy_samples_count(samples) && !work->drawn; i++)
        sy_text_printf(text, "%s\n", sy_samples_name(samples, i));
}

static sy_status make_key(tuning *work)
{
    sy_text text = {0};
    const sy_config *config = work->job->config;
    sy_text_add(&text, work->job->model_hash.bytes, SY_HASH_BYTES);
    sy_text_printf(&text, "%s\n", work->job->input_shape);
    add_samples(work, &text);
    for (int key = 0; key < SY_KEY_COUNT; key++) {
        sy_text_printf(&text, "%d=", key);
        sy_config_print_value(config, (sy_config_key)key, &text);
        sy_text_printf(&text, "\n");
    }
    if (!text.failed)
        work->key = sy_hash_of(text.bytes, text.size);
    const sy_status status = sy_check_alloc(work->ctx, text.failed ? NULL : text.bytes);
    sy_text_release(&text);
    return status;
}

static sy_status write_model(tuning *work, double scale, const char *path, sy_report *report)
{
    sy_request request = *work->request;
    request.model_output = path;
    work->job->request = &request;
    work->job->init_scale = scale;
    const sy_status status = sy_job_write_weights(work->job, report);
    work->job->request = work->request;
    return status;
}

/* The least cosine of the outputs, each the mean over the samples. */
static sy_status measure(tuning *work, const char *path, double *out)
{
    sy_verify_report *result = NULL;
    SY_TRY(sy_job_verify(work->job, work->job->samples, path, false, &result));
    double cosine = 1;
    for (int i = 0; i < result->output_count; i++)
        cosine = fmin(cosine, result->outputs[i].cosine_mean);
    sy_verify_report_destroy(result);
    *out = cosine;
    return SY_OK;
}

static void forget_probe(const tuning *work)
{
    char data[4096];
    unlink(work->probe_path);
    if (snprintf(data, sizeof data, "%s.data", work->probe_path) < (int)sizeof data)
        unlink(data);
}

/* The best model so far, before the state says that it is. */
static sy_status keep_best(tuning *work)
{
    size_t count;
    const sy_tune_probe *probes = probes_of(work, &count);
    const sy_tune_probe *best = sy_tune_best(probes, count, work->target);
    if (!best || best->scale == work->written)
        return SY_OK;
    sy_report *unread = NULL;
    SY_TRY(sy_report_create(work->ctx, &unread));
    sy_status status = write_model(work, best->scale, work->path, unread);
    if (status == SY_OK)
        status = sy_job_write_container(work->job, unread);
    sy_report_destroy(unread);
    if (status == SY_OK)
        work->written = best->scale;
    return status;
}

/* What a probe would tell is not wanted: only how near it comes. */
static sy_status make_probe(tuning *work, sy_tune_probe *probe)
{
    sy_report *unread = NULL;
    SY_TRY(sy_report_create(work->ctx, &unread));
    sy_status status = write_model(work, probe->scale, work->probe_path, unread);
    if (status == SY_OK)
        status = measure(work, work->probe_path, &probe->cosine);
    sy_report_destroy(unread);
    return status;
}

static sy_status try_scale(tuning *work, double scale)
{
    sy_tune_probe probe = {.scale = scale};
    size_t count;
    SY_TRY(make_probe(work, &probe));
    sy_text_add(&work->probes, &probe, sizeof probe);
    SY_TRY(sy_check_alloc(work->ctx, work->probes.failed ? NULL : work));
    SY_TRY(keep_best(work));
    const sy_tune_probe *probes = probes_of(work, &count);
    sy_log(work->ctx, SY_LOG_INFO, "auto_tune: probe %zu, init_scale %.6g: cosine %.6f, %s", count, scale,
           probe.cosine, probe.cosine >= work->target ? "near enough" : "too far");
    return sy_tune_save(work->ctx, work->state_path, &work->key, probes, count);
}

static sy_status search(tuning *work)
{
    const int most = work->job->config->mixed_bit_weight_quant_param.max_iterations;
    const double first = work->job->config->mixed_bit_weight_quant_param.init_scale;
    for (;;) {
        size_t count;
        double scale;
        const sy_tune_probe *probes = probes_of(work, &count);
        if (count >= (size_t)most || !sy_tune_next(probes, count, first, work->target, &scale))
            return SY_OK;
        if (count > work->resumed && is_over_budget(work))
            return SY_OK;
        SY_TRY(sy_progress(work->ctx, "auto_tune", count, (size_t)most));
        SY_TRY(try_scale(work, scale));
    }
}

static bool report_probes(const tuning *work, const sy_tune_probe *best, sy_report *report)
{
    size_t count;
    const sy_tune_probe *probes = probes_of(work, &count);
    cJSON *json = sy_json_object(report->json, "auto_tune"), *list = sy_json_array(json, "probes");
    bool good = json && list;
    sy_text_printf(&report->text, "auto_tune, cosine at least %.6g on %zu %ssamples:\n", work->target,
                   sy_samples_count(work->job->samples), work->drawn ? "drawn " : "");
    for (size_t i = 0; i < count && good; i++) {
        cJSON *item = sy_json_item(list);
        sy_text_printf(&report->text, "  init_scale %-12.6g cosine %.6f%s\n", probes[i].scale,
                       probes[i].cosine, &probes[i] == best ? "  (the one that is written)" : "");
        good = item && sy_json_number(item, "init_scale", probes[i].scale) &&
               sy_json_number(item, "cosine", probes[i].cosine);
    }
    return good && sy_json_number(json, "target_cosine", work->target) &&
           sy_json_number(json, "resumed_probes", (double)work->resumed) &&
           (!best || (sy_json_number(json, "init_scale", best->scale) &&
                      sy_json_number(json, "cosine", best->cosine)));
}

/* The model of the best probe is written once more, whoever wrote the one on disk: the same one, wherever the
 * search was interrupted. */
static sy_status finish(tuning *work, sy_report *report)
{
    size_t count;
    const sy_tune_probe *probes = probes_of(work, &count), *best = sy_tune_best(probes, count, work->target);
    SY_TRY(sy_check_alloc(work->ctx, report_probes(work, best, report) ? report : NULL));
    if (best)
        return write_model(work, best->scale, work->path, report);
    double nearest = -1;
    for (size_t i = 0; i < count; i++)
        nearest = fmax(nearest, probes[i].cosine);
    return sy_fail(
        work->ctx, SY_E_ACCURACY,
        "auto_tune: none of %zu values of init_scale reaches target_cosine = %.15g, the nearest has "
        "%.6f; what was "
        "tried is in %s, and the next run goes on from there",
        count, work->target, nearest, work->state_path);
}

static sy_status load_state(tuning *work)
{
    bool other = false;
    SY_TRY(sy_tune_load(work->ctx, work->state_path, &work->key, &work->probes, &other));
    probes_of(work, &work->resumed);
    if (other)
        sy_log(work->ctx, SY_LOG_WARN,
               "auto_tune: %s is of another model, other samples or another configuration: the search begins "
               "anew",
               work->state_path);
    else if (work->resumed)
        sy_log(work->ctx, SY_LOG_INFO, "auto_tune: goes on after %zu probes of %s", work->resumed,
               work->state_path);
    return SY_OK;
}

static sy_status name_files(tuning *work)
{
    sy_arena *arena = &work->job->arena;
    const char *dot = strrchr(sy_path_base(work->path), '.');
    const int length = (int)(dot ? dot - work->path : (ptrdiff_t)strlen(work->path));
    work->probe_path = sy_arena_printf(arena, "%.*s.probe.onnx", length, work->path);
    work->state_path = sy_arena_printf(arena, "%.*s.tune", length, work->path);
    work->inputs_path = sy_arena_printf(arena, "%.*s.drawn", length, work->path);
    return sy_check_alloc(work->ctx, work->probe_path && work->state_path && work->inputs_path ? work : NULL);
}

static sy_status open_inputs(tuning *work)
{
    SY_TRY(sy_tune_open_inputs(work->job, work->inputs_path, &work->drawn));
    if (work->drawn && work->job->config->weight_quant_param.quant_strategy == SY_WEIGHT_QUANT_STRATEGY_GPTQ)
        return sy_fail(
            work->ctx, SY_E_CONFIG,
            "auto_tune with quant_strategy = GPTQ: drawn inputs do not tell what layers read; name "
            "samples with --data, or with use_cv_data = true and calibrate_path");
    return SY_OK;
}

static sy_status run(tuning *work, sy_report *report)
{
    SY_TRY(name_files(work));
    SY_TRY(sy_job_open_model(work->job));
    SY_TRY(sy_job_open_device(work->job));
    SY_TRY(open_inputs(work));
    SY_TRY(make_key(work));
    SY_TRY(load_state(work));
    SY_TRY(search(work));
    return finish(work, report);
}

sy_status sy_job_tune(sy_job *job, sy_report *report)
{
    tuning work = {.job = job,
                   .ctx = job->ctx,
                   .request = job->request,
                   .path = job->weights_file,
                   .target = job->config->mixed_bit_weight_quant_param.target_cosine,
                   .begin = now()};
    const sy_status status = run(&work, report);
    if (work.probe_path)
        forget_probe(&work);
    if (work.drawn)
        sy_tune_forget_inputs(job, work.inputs_path);
    sy_text_release(&work.probes);
    return status;
}
