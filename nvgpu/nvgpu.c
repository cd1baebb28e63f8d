/* NVGPU: an explicitly quantized ONNX model for TensorRT. LAYOUT.md beside this file specifies it. */
#include "base/file.h"
#include "import/import.h"
#include "nvgpu/int4.h"
#include "nvgpu/lint.h"
#include "nvgpu/ranges.h"
#include "quant/quantize.h"
#include "target/target.h"

static const sy_op_trait ops[] = {
    {.type = "Conv", .clip_linear = true},
    {.type = "ConvTranspose", .clip_linear = true},
    {.type = "Gemm"},
    {.type = "MatMul"},
    {.type = "Add"},
    {.type = "MaxPool"},
    {.type = "AveragePool"},
    {.type = "GlobalAveragePool"},
    {.type = "Concat", .commutes = true},
    {.type = "Split", .commutes = true},
    {.type = "Slice", .commutes = true},
    {.type = "Reshape", .commutes = true},
    {.type = "Flatten", .commutes = true},
    {.type = "Squeeze", .commutes = true},
    {.type = "Unsqueeze", .commutes = true},
    {.type = "Transpose", .commutes = true},
};

static const sy_traits traits = {
    .activation = {.bits = 8, .is_signed = true, .symmetric = true, .narrow = true},
    .weight = {.bits = 8, .is_signed = true, .symmetric = true, .narrow = true},
    .ops = ops,
    .op_count = sizeof ops / sizeof ops[0],
    .placement = SY_PLACE_INPUTS,
    .opset_min = 17,
    .half_opset_min = 19,
    .block_opset_min = 21,
    .residual_shortcut_only = true,
    .matrix_dim_min = 16,
    .float_vector = true,
};

static sy_status emit(sy_ctx *ctx, const sy_plan *plan, const char *path)
{
    sy_graph *quantized = NULL;
    SY_TRY(sy_quantize_graph(ctx, plan, &quantized));
    sy_status status = sy_nvgpu_add_blocks(ctx, plan, quantized);
    if (status == SY_OK)
        status = sy_export_onnx(ctx, quantized, path);
    sy_graph_destroy(quantized);
    return status;
}

static sy_status save(sy_ctx *ctx, const char *path, const sy_text *text, const char *what,
                      const sy_emit_spec *spec)
{
    SY_TRY(sy_file_save(ctx, path, text->bytes, text->size));
    if (spec->notes)
        sy_text_printf(spec->notes, "  %s: %s\n", what, path);
    return SY_OK;
}

static sy_status write_companions(sy_ctx *ctx, const sy_plan *plan, const sy_graph *emitted,
                                  const sy_emit_spec *spec)
{
    (void)emitted;
    sy_arena arena = {0};
    sy_text ranges = {0}, cache = {0};
    sy_status status;
    const char *ranges_path = sy_path_beside(&arena, spec->path, ".ranges.json");
    const char *cache_path = sy_path_beside(&arena, spec->path, ".cache");
    SY_TRY_DONE(sy_check_alloc(ctx, ranges_path && cache_path ? cache_path : NULL));
    SY_TRY_DONE(sy_ranges_print_json(ctx, plan, &ranges));
    SY_TRY_DONE(save(ctx, ranges_path, &ranges, "ranges", spec));
    if (spec->tensorrt_version) {
        SY_TRY_DONE(sy_ranges_print_cache(ctx, plan, spec->tensorrt_version, &cache));
        SY_TRY_DONE(save(ctx, cache_path, &cache, "calibration cache", spec));
    }
done:
    sy_text_release(&ranges);
    sy_text_release(&cache);
    sy_arena_release(&arena);
    return status;
}

const sy_target sy_target_nvgpu = {
    .name = "NVGPU",
    .summary = "NVIDIA GPUs: ONNX with int8 Q/DQ where TensorRT fuses it",
    .suffix = "nvgpu",
    .traits = &traits,
    .emit = emit,
    .lint = sy_nvgpu_lint,
    .all_ranges = true,
    .companions = write_companions,
};
