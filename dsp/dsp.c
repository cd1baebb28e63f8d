/* DSP: integer models for digital signal processors. LAYOUT.md beside this file specifies what is written. */
#include <stdio.h>

#include "base/file.h"
#include "dsp/encodings.h"
#include "dsp/lint.h"
#include "dsp/tflite.h"
#include "target/emit.h"
#include "target/target.h"

static const sy_op_trait ops[] = {
    {.type = "Conv", .needs_output = true},
    {.type = "ConvTranspose", .needs_output = true},
    {.type = "Gemm", .needs_output = true},
    {.type = "MatMul", .needs_output = true},
    {.type = "Add"},
    {.type = "Sub"},
    {.type = "Mul"},
    {.type = "Relu"},
    {.type = "Clip"},
    {.type = "LeakyRelu"},
    {.type = "HardSigmoid", .fixed_max = 1},
    {.type = "HardSwish"},
    {.type = "Sigmoid", .fixed_max = 1},
    {.type = "Softmax", .fixed_max = 1},
    {.type = "Tanh", .fixed_min = -1, .fixed_max = 1},
    {.type = "AveragePool"},
    {.type = "GlobalAveragePool"},
    {.type = "ReduceMean"},
    {.type = "MaxPool"},
    {.type = "Concat", .converts_inputs = true},
    {.type = "Split"},
    {.type = "Slice"},
    {.type = "Gather"},
    {.type = "Pad"},
    {.type = "Resize"},
    {.type = "DepthToSpace"},
    {.type = "SpaceToDepth"},
    {.type = "Reshape"},
    {.type = "Flatten"},
    {.type = "Squeeze"},
    {.type = "Unsqueeze"},
    {.type = "Transpose"},
};

static const sy_traits traits = {
    .activation = {.bits = 8},
    .wide = {.bits = 16},
    .weight = {.bits = 8, .is_signed = true, .symmetric = true, .narrow = true},
    .ops = ops,
    .op_count = sizeof ops / sizeof ops[0],
    .placement = SY_PLACE_AROUND,
    .opset_min = 17,
    .wide_opset_min = 21,
    .fixed_shapes = true,
    .int32_bias = true,
    .factor_bits = 20, /* Hexagon's results are wrong from 2^-24 on */
    .quantize_outputs = true,
};

static sy_status write_encodings(sy_ctx *ctx, const sy_graph *emitted, const sy_emit_spec *spec,
                                 const char *path)
{
    sy_text text = {0};
    sy_status status = sy_check_alloc(ctx, path);
    if (status == SY_OK)
        status = sy_encodings_print(ctx, emitted,
                                    spec->encodings_0_6_1 ? SY_ENCODINGS_0_6_1 : SY_ENCODINGS_1_0_0, &text);
    if (status == SY_OK)
        status = text.failed ? sy_check_alloc(ctx, NULL) : sy_file_save(ctx, path, text.bytes, text.size);
    if (status == SY_OK && spec->notes)
        sy_text_printf(spec->notes, "  encodings: %s\n", path);
    sy_text_release(&text);
    return status;
}

/* Not every model has this form; one that has not is told so, and what an older run left is taken away. */
static sy_status write_tflite(sy_ctx *ctx, const sy_graph *emitted, const sy_emit_spec *spec,
                              const char *path)
{
    sy_tflite_model model = {0};
    SY_TRY(sy_check_alloc(ctx, path));
    sy_status status = sy_tflite_from_graph(ctx, emitted, &model);
    if (status == SY_E_UNSUPPORTED) {
        if (spec->notes)
            sy_text_printf(spec->notes, "  no TensorFlow Lite model: %s\n", sy_ctx_error(ctx));
        remove(path);
        return SY_OK;
    }
    SY_TRY(status);
    status = sy_tflite_save(ctx, &model, path);
    if (status == SY_OK && spec->notes)
        sy_text_printf(spec->notes, "  TensorFlow Lite: %s, %d operators\n", path, model.operator_count);
    sy_tflite_model_release(&model);
    return status;
}

static sy_status write_companions(sy_ctx *ctx, const sy_plan *plan, const sy_graph *emitted,
                                  const sy_emit_spec *spec)
{
    (void)plan;
    sy_arena arena = {0};
    sy_status status =
        write_encodings(ctx, emitted, spec, sy_path_beside(&arena, spec->path, ".encodings.json"));
    if (status == SY_OK)
        status = write_tflite(ctx, emitted, spec, sy_path_beside(&arena, spec->path, ".tflite"));
    sy_arena_release(&arena);
    return status;
}

const sy_target sy_target_dsp = {
    .name = "DSP",
    .summary = "Qualcomm's and other signal processors: ONNX with uint8 or uint16 activations, int8 weights",
    .suffix = "dsp",
    .traits = &traits,
    .emit = sy_emit_onnx,
    .lint = sy_dsp_lint,
    .companions = write_companions,
};
