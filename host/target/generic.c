/* GENERIC: an integer model for processors. uint8 activations with any zero point, weights on the symmetric
 * grid, int32 biases, and integers around every node that has an integer kernel in onnxruntime. OpenVINO
 * reads the same file, but computes these weights on float kernels; the DSP target's it computes on integers.
 *
 * Weights are stored as uint8 with zero point 128, not as int8: the grid is the same, and onnxruntime's
 * product of uint8 and int8 saturates in 16 bits on processors with AVX2 but without VNNI, which costs up to
 * 13 dB. docs/decisions/generic_weights.md has the measurements.
 */
#include "target/generic.h"

#include "target/emit.h"
#include "target/target.h"

static const sy_op_trait ops[] = {
    {.type = "Conv", .needs_output = true},
    {.type = "ConvTranspose", .needs_output = true},
    {.type = "Gemm"},
    {.type = "MatMul"},
    {.type = "Add"},
    {.type = "Mul"},
    {.type = "Relu"},
    {.type = "Clip"},
    {.type = "LeakyRelu"},
    {.type = "Sigmoid", .fixed_max = 1},
    {.type = "AveragePool"},
    {.type = "GlobalAveragePool"},
    {.type = "MaxPool"},
    {.type = "Concat"},
    {.type = "Split"},
    {.type = "Slice"},
    {.type = "Gather"},
    {.type = "Pad"},
    {.type = "Resize"},
    {.type = "Reshape"},
    {.type = "Flatten"},
    {.type = "Squeeze"},
    {.type = "Unsqueeze"},
    {.type = "Transpose"},
};

static const sy_traits traits = {
    .activation = {.bits = 8},
    .weight = {.bits = 8, .symmetric = true, .narrow = true},
    .ops = ops,
    .op_count = sizeof ops / sizeof ops[0],
    .placement = SY_PLACE_AROUND,
    .opset_min = 13,
    .int32_bias = true,
    .quantize_outputs = true,
};

const sy_target sy_target_generic = {
    .name = "GENERIC",
    .summary = "processors: ONNX with uint8 activations; every integer kernel of onnxruntime is used",
    .suffix = "generic",
    .traits = &traits,
    .emit = sy_emit_onnx,
    .lint = sy_generic_lint,
};
