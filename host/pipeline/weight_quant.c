/* Weight quantization, by the format of the model. */
#include "pipeline/weight_quant.h"

#include <string.h>

#include "base/file.h"
#include "import/mindir/model.h"

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
    *out = path;
    return sy_file_check_writable(job->ctx, path);
}

sy_status sy_job_quantize_weights(sy_job *job, sy_report *report)
{
    sy_mapped file = {0};
    SY_TRY(sy_job_require(job, job->request->model, "the model"));
    SY_TRY(sy_file_map(job->ctx, job->request->model, &file));
    const bool is_mindir = sy_mind_recognise(file.bytes, file.size);
    sy_file_unmap(&file);
    return is_mindir ? sy_job_quantize_mindir_weights(job, report)
                     : sy_job_quantize_onnx_weights(job, report);
}
