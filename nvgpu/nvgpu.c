/* NVGPU: an explicitly quantized ONNX model for TensorRT. LAYOUT.md beside this file specifies it. */
#include "nvgpu/lint.h"
#include "target/emit.h"
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
    .residual_shortcut_only = true,
    .matrix_dim_min = 16,
    .float_vector = true,
};

const sy_target sy_target_nvgpu = {
    .name = "NVGPU",
    .summary = "NVIDIA GPUs: ONNX with int8 Q/DQ where TensorRT fuses it",
    .suffix = "nvgpu",
    .traits = &traits,
    .emit = sy_emit_onnx,
    .lint = sy_nvgpu_lint,
};
