#include "pipeline/job.h"

#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/pool.h"
#include "fuse/fuse.h"
#include "pipeline/container.h"
#include "run/run.h"
#include "verify/integer.h"

sy_status sy_job_require(sy_job *job, const char *value, const char *what)
{
    return value && *value ? SY_OK : sy_fail(job->ctx, SY_E_ARGUMENT, "%s is missing", what);
}

sy_status sy_job_check_provider(sy_job *job, bool is_ascend)
{
    if (is_ascend || job->config->ascend_context.provider == SY_ASCEND_PROVIDER_UNSET)
        return SY_OK;
    return sy_fail(
        job->ctx, SY_E_CONFIG,
        "[ascend_context] provider = ge is Ascend's compiler: --optimize=ascend_oriented says that the model "
        "is for it");
}

sy_status sy_job_open(sy_ctx *ctx, const sy_request *request, sy_job *out)
{
    *out = (sy_job){.ctx = ctx, .request = request, .config = request->config};
    if (!out->config) {
        SY_TRY(sy_config_create(ctx, &out->default_config));
        out->config = out->default_config;
    }
    SY_TRY(sy_config_check(ctx, out->config));
    if (request->workers < 0)
        return sy_fail(ctx, SY_E_ARGUMENT, "%d workers: must be at least 1", request->workers);
    if (request->batch < 0)
        return sy_fail(ctx, SY_E_ARGUMENT, "a batch of %d samples: must be at least 1", request->batch);
    out->init_scale = out->config->mixed_bit_weight_quant_param.init_scale;
    out->batch = (uint32_t)(request->batch ? request->batch : out->config->run_param.batch);
    out->workers = request->workers ? request->workers : sy_pool_default_workers();
    return SY_OK;
}

void sy_job_close(sy_job *job)
{
    sy_samples_destroy(job->samples);
    if (job->device)
        job->backend->close(job->device);
    sy_graph_destroy(job->bound);
    sy_graph_destroy(job->fused);
    sy_graph_destroy(job->model);
    sy_config_destroy(job->default_config);
    sy_arena_release(&job->arena);
}

static const char *describe_inputs(sy_job *job)
{
    sy_text text = {0};
    for (int i = 0; i < job->bound->input_count; i++) {
        const sy_tensor *tensor = &job->bound->tensors[job->bound->inputs[i]];
        sy_text_printf(&text, "%s%s:", i ? ";" : "", tensor->name);
        for (int d = 0; d < tensor->shape.rank; d++)
            sy_text_printf(&text, "%s%lld", d ? "," : "", (long long)tensor->shape.dims[d]);
    }
    const char *copy = text.failed ? NULL : sy_arena_text(&job->arena, text.bytes ? text.bytes : "");
    sy_text_release(&text);
    return copy;
}

sy_status sy_job_open_model(sy_job *job)
{
    const char *report = NULL;
    sy_input_shape *shapes = NULL;
    int shape_count = 0;
    SY_TRY(sy_job_require(job, job->request->model, "the model"));
    SY_TRY(sy_job_import(job, job->request->model, &job->model, &job->model_hash));
    if (job->request->input_shape)
        SY_TRY(sy_input_shapes_parse(job->ctx, job->model, job->request->input_shape, &job->arena, &shapes,
                                     &shape_count));
    SY_TRY(
        sy_while(job->ctx, sy_fuse(job->ctx, job->model, &job->fused, &report), "%s", job->request->model));
    if (report && *report)
        sy_log(job->ctx, SY_LOG_DEBUG, "%s", report);
    SY_TRY(sy_while(job->ctx, sy_graph_bind(job->ctx, job->fused, shapes, shape_count, &job->bound), "%s",
                    job->request->model));
    job->input_shape = describe_inputs(job);
    return sy_check_alloc(job->ctx, job->input_shape);
}

/* What the configuration says of the device's memory and arithmetic. */
static sy_status limit_device(sy_job *job)
{
    const int mebibytes =
        job->request->max_memory ? job->request->max_memory : job->config->run_param.max_memory;
    const sy_device_limits limits = {.memory_bytes = (size_t)mebibytes << 20,
                                     .fast = job->config->run_param.arithmetic == SY_ARITHMETIC_FAST};
    if (job->backend->limit)
        return job->backend->limit(job->ctx, job->device, &limits);
    if (limits.memory_bytes)
        return sy_fail(
            job->ctx, SY_E_ARGUMENT,
            "--max-mem: device %s keeps to no limit: --workers and --batch decide how much memory it "
            "takes",
            job->backend->name);
    if (limits.fast)
        sy_log(job->ctx, SY_LOG_INFO, "device %s: arithmetic is EXACT, as always on it", job->backend->name);
    return SY_OK;
}

sy_status sy_job_open_device(sy_job *job)
{
    const char *name = job->request->device ? job->request->device : "auto";
    SY_TRY(sy_device_open(job->ctx, name, &job->backend, &job->device));
    return limit_device(job);
}

/* A class that is no element of the output could only ever count as wrong. */
static sy_status check_classes(sy_job *job, const sy_samples *samples, const char *labels)
{
    const sy_graph *graph = job->bound;
    const sy_tensor *output = graph->output_count ? &graph->tensors[graph->outputs[0]] : NULL;
    size_t classes;
    if (!output || !sy_shape_count(&output->shape, &classes))
        return SY_OK;
    for (size_t i = 0; i < sy_samples_count(samples); i++) {
        const int label = sy_samples_label(samples, i);
        if (label >= 0 && (size_t)label >= classes)
            return sy_fail(job->ctx, SY_E_DATA,
                           "%s: %s is of class %d, but output '%s' has %zu elements: classes count from 0",
                           labels, sy_samples_name(samples, i), label, output->name, classes);
    }
    return SY_OK;
}

sy_status sy_job_open_samples(sy_job *job, const char *data, const char *labels, size_t limit,
                              sy_samples **out)
{
    const sy_graph *graph = job->bound;
    sy_sample_input *inputs = sy_arena_alloc(&job->arena, (size_t)graph->input_count, sizeof *inputs);
    SY_TRY(sy_check_alloc(job->ctx, inputs));
    for (int i = 0; i < graph->input_count; i++) {
        const sy_tensor *tensor = &graph->tensors[graph->inputs[i]];
        inputs[i] = (sy_sample_input){.name = tensor->name, .dtype = tensor->dtype, .shape = tensor->shape};
    }
    const sy_samples_spec spec = {.config = job->config,
                                  .data = data,
                                  .labels = labels,
                                  .inputs = inputs,
                                  .input_count = graph->input_count,
                                  .limit = limit,
                                  .known = job->samples};
    sy_samples *samples = NULL;
    SY_TRY(sy_samples_open(job->ctx, &spec, &samples));
    sy_status status = labels ? check_classes(job, samples, labels) : SY_OK;
    if (status == SY_OK)
        *out = samples;
    else
        sy_samples_destroy(samples);
    return status;
}

sy_status sy_job_load_like(sy_job *job, const char *path, sy_graph **out)
{
    sy_graph *graph = NULL, *integer = NULL;
    sy_input_shape *shapes = sy_arena_alloc(&job->arena, (size_t)job->bound->input_count, sizeof *shapes);
    int count = 0;
    sy_status status;
    SY_TRY(sy_check_alloc(job->ctx, shapes));
    SY_TRY_DONE(sy_job_import(job, path, &graph, NULL));
    for (int i = 0; i < job->bound->input_count; i++) {
        const sy_tensor *tensor = &job->bound->tensors[job->bound->inputs[i]];
        if (sy_graph_find_tensor(graph, tensor->name) != SY_NONE)
            shapes[count++] = (sy_input_shape){.name = tensor->name, .shape = tensor->shape};
    }
    SY_TRY_DONE(sy_while(job->ctx, sy_integer_graph(job->ctx, graph, &integer), "%s", path));
    SY_TRY_DONE(sy_while(job->ctx, sy_graph_bind(job->ctx, integer, shapes, count, out), "%s", path));
done:
    sy_graph_destroy(integer);
    sy_graph_destroy(graph);
    return status;
}

sy_status sy_job_targets(sy_job *job, const sy_target ***out, int *out_count)
{
    const char *configured = sy_config_word(SY_KEY_full_quant_param_target_device,
                                            (int)job->config->full_quant_param.target_device);
    int count = job->request->target_count ? job->request->target_count : 1;
    const sy_target **targets = sy_arena_alloc(&job->arena, (size_t)count, sizeof *targets);
    SY_TRY(sy_check_alloc(job->ctx, targets));
    for (int i = 0; i < count; i++) {
        const char *name = job->request->target_count ? job->request->targets[i] : configured;
        sy_status status = sy_target_find(job->ctx, name ? name : "", &targets[i]);
        if (status != SY_OK)
            return status == SY_E_CONFIG && job->request->target_count ? SY_E_ARGUMENT : status;
        for (int k = 0; k < i; k++)
            if (targets[k] == targets[i])
                return sy_fail(job->ctx, SY_E_ARGUMENT, "target %s is asked for twice", targets[i]->name);
    }
    *out = targets;
    *out_count = count;
    return SY_OK;
}

const char *sy_job_stem(sy_job *job)
{
    const char *name = sy_path_base(job->request->model);
    const char *dot = strrchr(name, '.');
    return sy_arena_text_n(&job->arena, name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
}

sy_status sy_job_command(sy_ctx *ctx, const sy_request *request,
                         sy_status (*work)(sy_job *job, sy_report *report), sy_report **out)
{
    sy_job job;
    sy_report *report = NULL;
    sy_status status = sy_job_open(ctx, request, &job);
    if (status == SY_OK)
        status = sy_report_create(ctx, &report);
    if (status == SY_OK)
        status = work(&job, report);
    if (status == SY_OK)
        status = sy_report_finish(ctx, report);
    sy_job_close(&job);
    if (status != SY_OK) {
        sy_report_destroy(report);
        return status;
    }
    *out = report;
    return SY_OK;
}
