/* Weight quantization, by the format of the model. */
#include "pipeline/weight_quant.h"

#include <string.h>

#include "base/file.h"
#include "import/mindir/model.h"
#include "pipeline/container.h"
#include "pipeline/tune.h"

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

sy_status sy_job_write_container(sy_job *job, sy_report *report)
{
    const char *path;
    if (!wants_container(job))
        return SY_OK;
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
    if (!path)
        return sy_job_require(job, path, "--output FOLDER");
    if (sy_path_same(path, request->model))
        return sy_fail(job->ctx, SY_E_ARGUMENT, "%s: is the float model; name another file to write", path);
    if (!request->model_output)
        SY_TRY(sy_folder_make(job->ctx, request->output));
    job->weights_file = path;
    *out = path;
    SY_TRY(sy_file_check_writable(job->ctx, path));
    return wants_container(job) ? check_container(job, path) : SY_OK;
}

static sy_status is_mindir(sy_job *job, bool *out)
{
    sy_mapped file = {0};
    SY_TRY(sy_file_map(job->ctx, job->request->model, &file));
    *out = sy_mind_recognise(file.bytes, file.size);
    sy_file_unmap(&file);
    return SY_OK;
}

sy_status sy_job_write_weights(sy_job *job, sy_report *report)
{
    bool mindir = false;
    SY_TRY(is_mindir(job, &mindir));
    return mindir ? sy_job_quantize_mindir_weights(job, report) : sy_job_quantize_onnx_weights(job, report);
}

static sy_status tune_onnx(sy_job *job, sy_report *report)
{
    const char *path;
    bool mindir = false;
    SY_TRY(is_mindir(job, &mindir));
    if (mindir)
        return sy_fail(job->ctx, SY_E_UNSUPPORTED, "auto_tune is for ONNX models; for MindIR set init_scale");
    SY_TRY(sy_job_weight_output(job, ".onnx", &path));
    return sy_job_tune(job, report);
}

static sy_status quantize_dynamic(sy_job *job, sy_report *report)
{
    bool mindir = false;
    SY_TRY(is_mindir(job, &mindir));
    if (mindir)
        return sy_fail(
            job->ctx, SY_E_UNSUPPORTED,
            "%s: is a MindIR model, and quant_type = DYNAMIC_QUANT is for ONNX models; WEIGHT_QUANT "
            "is for both",
            job->request->model);
    return sy_job_quantize_dynamic(job, report);
}

sy_status sy_job_quantize_weights(sy_job *job, sy_report *report)
{
    const sy_config *config = job->config;
    const bool tunes =
        config->common_quant_param.bit_num == 0 && config->mixed_bit_weight_quant_param.auto_tune;
    SY_TRY(sy_job_require(job, job->request->model, "the model"));
    if (config->common_quant_param.quant_type == SY_QUANT_TYPE_DYNAMIC_QUANT)
        SY_TRY(quantize_dynamic(job, report));
    else
        SY_TRY(tunes ? tune_onnx(job, report) : sy_job_write_weights(job, report));
    return sy_job_write_container(job, report);
}
