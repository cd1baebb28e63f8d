#include "pipeline/weight_onnx.h"

#include <stdlib.h>
#include <string.h>

sy_status sy_weight_check_output(const sy_job *job)
{
    const char *path = job->request->model_output, *dot = path ? strrchr(path, '.') : NULL;
    if (dot && strcmp(dot, ".mindir") == 0)
        return sy_fail(job->ctx, SY_E_UNSUPPORTED,
                       "%s: the model is ONNX and so is what is written of it (--saveType=ONNX)", path);
    return SY_OK;
}

static size_t elements_of(const sy_onnx_constant *constant)
{
    size_t count = 0;
    return sy_shape_count(&constant->shape, &count) ? count : 0;
}

size_t sy_weight_float_bytes(const sy_onnx_constant *constant)
{
    return elements_of(constant) * sy_dtype_bits((sy_dtype)constant->data_type) / 8;
}

/* What the shape claims is not asked of memory before the elements are there. */
sy_status sy_weight_load(sy_ctx *ctx, const sy_onnx_file *file, const sy_onnx_constant *constant, float **out)
{
    sy_graph *memory = NULL;
    sy_tensor tensor;
    SY_TRY(sy_onnx_constant_load(ctx, file, constant, &memory, &tensor));
    const size_t count = elements_of(constant);
    *out = malloc((count ? count : 1) * sizeof **out);
    sy_status status = sy_check_alloc(ctx, *out);
    if (status == SY_OK)
        status = sy_tensor_to_f32(ctx, &tensor, *out, count);
    sy_graph_destroy(memory);
    return sy_while(ctx, status, "constant '%s'", constant->name);
}

sy_status sy_weight_require_some(sy_ctx *ctx, const sy_onnx_file *file, const sy_weight_choice *choices,
                                 int count, bool some)
{
    if (some)
        return SY_OK;
    if (!count)
        return sy_fail(ctx, SY_E_MODEL,
                       "no weight can be quantized: the model has no float matrices among its constants");
    return sy_fail(ctx, SY_E_CONFIG, "no weight was quantized; of the first, '%s': %s",
                   file->constants[choices[0].constant].name, choices[0].refusal);
}

sy_status sy_weight_report_file(sy_ctx *ctx, const sy_onnx_file *file, const char *path, sy_report *report)
{
    sy_mapped written = {0};
    SY_TRY(sy_file_map(ctx, path, &written));
    sy_text_printf(&report->text, "%s: %zu bytes, the float model has %zu\n", path, written.size,
                   file->bytes.size);
    const bool good = sy_json_text(report->json, "file", path) &&
                      sy_json_number(report->json, "bytes", (double)written.size) &&
                      sy_json_number(report->json, "bytes_before", (double)file->bytes.size);
    sy_file_unmap(&written);
    return sy_check_alloc(ctx, good ? report : NULL);
}
