/* Weight quantization, by the format of the model. */
#include "pipeline/weight_quant.h"

#include <string.h>

#include "base/file.h"
#include "import/mindir/model.h"
#include "pipeline/container.h"

/* Everybody can use the model alone, so nobody gets another file unasked; steps of mixed bits pay in it only.
 */
static bool wants_container(const sy_job *job)
{
    const bool is_asked = sy_config_is_set(job->config, SY_KEY_common_quant_param_enable_encode) ||
                          job->config->common_quant_param.bit_num == 0;
    return is_asked && job->config->common_quant_param.enable_encode;
}

/* The model's name with the ending of containers. */
static sy_status name_container(sy_job *job, const char *model, const char **out)
{
    const char *dot = strrchr(sy_path_base(model), '.');
    const int length = (int)(dot ? dot - model : (ptrdiff_t)strlen(model));
    *out = sy_arena_printf(&job->arena, "%.*s.syw", length, model);
    return sy_check_alloc(job->ctx, *out);
}

static sy_status check_container(sy_job *job, const char *model)
{
    const char *path;
    SY_TRY(name_container(job, model, &path));
    if (strcmp(path, model) == 0 || sy_path_same(path, job->request->model))
        return sy_fail(
            job->ctx, SY_E_ARGUMENT,
            "%s: is the name of the container too, which enable_encode asks for; give the model another one",
            model);
    return sy_file_check_writable(job->ctx, path);
}

static sy_status write_container(sy_job *job, sy_report *report)
{
    const char *path;
    cJSON *json = sy_json_object(report->json, "encoded");
    SY_TRY(sy_check_alloc(job->ctx, json));
    SY_TRY(name_container(job, job->weights_file, &path));
    return sy_job_pack(job, job->weights_file, path, report, json);
}

sy_status sy_job_weight_output(sy_job *job, const char *suffix, const char **out)
{
    const sy_request *request = job->request;
    const char *path = request->model_output;
    if (!path && request->output) {
        const char *stem = sy_job_stem(job);
        path = stem ? sy_arena_printf(&job->arena, "%s/%s.quant%s", request->output, stem, suffix) : NULL;
        SY_TRY(sy_check_alloc(job->ctx, path));
    }
    SY_TRY(sy_job_require(job, path, "--output FOLDER"));
    if (sy_path_same(path, request->model))
        return sy_fail(job->ctx, SY_E_ARGUMENT, "%s: is the float model; name another file to write", path);
    if (!request->model_output)
        SY_TRY(sy_folder_make(job->ctx, request->output));
    job->weights_file = path;
    *out = path;
    SY_TRY(sy_file_check_writable(job->ctx, path));
    return wants_container(job) ? check_container(job, path) : SY_OK;
}

sy_status sy_job_quantize_weights(sy_job *job, sy_report *report)
{
    sy_mapped file = {0};
    SY_TRY(sy_job_require(job, job->request->model, "the model"));
    SY_TRY(sy_file_map(job->ctx, job->request->model, &file));
    const bool is_mindir = sy_mind_recognise(file.bytes, file.size);
    sy_file_unmap(&file);
    SY_TRY(is_mindir ? sy_job_quantize_mindir_weights(job, report)
                     : sy_job_quantize_onnx_weights(job, report));
    return wants_container(job) ? write_container(job, report) : SY_OK;
}
