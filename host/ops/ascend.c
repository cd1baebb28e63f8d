/* AscendQuant, AscendDequant and AscendAntiQuant.
 *
 * AscendQuant:     q = saturate(rint(x * scale) + offset), attributes scale (1 / the scale of the integers),
 * offset. AscendDequant:   y = x * deq[channel], x int32; deq are the low 32 bits of uint64, as float32.
 * AscendAntiQuant: y = (x - offset) * scale, x int8.
 */
#include "ops/ascend.h"

#include <math.h>
#include <string.h>

#include "ops/arguments.h"
#include "ops/space.h"

int32_t sy_ascend_offset(const sy_graph *graph, int tensor)
{
    const int producer = graph->tensors[tensor].producer;
    if (producer == SY_NONE || strcmp(graph->nodes[producer].type, "AscendQuant") != 0)
        return 0;
    return (int32_t)sy_node_float(&graph->nodes[producer], "offset", 0);
}

bool sy_ascend_read_scales(const sy_tensor *parameter, float *out, size_t count)
{
    size_t held;
    if (!parameter->data || parameter->dtype != SY_DTYPE_UINT64 ||
        !sy_shape_count(&parameter->shape, &held) || held != count)
        return false;
    for (size_t i = 0; i < count; i++)
        memcpy(&out[i], (const unsigned char *)parameter->data + i * sizeof(uint64_t), sizeof *out);
    return true;
}

static sy_status check_plain(const sy_infer *infer)
{
    const char *rounding = sy_node_string(infer->node, "round_mode", "Round");
    if (sy_node_int(infer->node, "sqrt_mode", 0) != 0)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED, "sqrt_mode is not supported");
    if (strcmp(rounding, "Round") != 0)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED, "round_mode %s is not supported, only Round", rounding);
    return SY_OK;
}

/* A scale and a whole offset of 8 bits. */
static sy_status check_numbers(const sy_infer *infer)
{
    const float scale = sy_node_float(infer->node, "scale", 0);
    const float offset = sy_node_float(infer->node, "offset", 0);
    if (!(scale > 0) || !isfinite(scale))
        return sy_fail(infer->ctx, SY_E_MODEL, "attribute scale is %g, it must be positive and finite",
                       (double)scale);
    if (!(offset >= INT8_MIN && offset <= INT8_MAX) || offset != rintf(offset))
        return sy_fail(infer->ctx, SY_E_MODEL, "attribute offset is %g, it must be a whole number of 8 bits",
                       (double)offset);
    return SY_OK;
}

static sy_status infer_quant(sy_infer *infer)
{
    const char *type = sy_node_string(infer->node, "dst_type", "INT8");
    SY_TRY(sy_infer_floats(infer));
    SY_TRY(check_plain(infer));
    SY_TRY(check_numbers(infer));
    if (strcmp(type, "INT8") != 0)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED, "dst_type %s is not supported, only INT8", type);
    infer->dtypes[0] = SY_DTYPE_INT8;
    return sy_infer_same(infer);
}

/* The product with the reciprocal is rounded to float before it is rounded to an integer, as the device does
 * it. */
static sy_status lower_quant(sy_lowering *lowering, const sy_node *node)
{
    static const float one = 1;
    const float scale = sy_node_float(node, "scale", 0);
    const int32_t offset = sy_ascend_offset(lowering->graph, node->outputs[0]);
    const uint32_t count = sy_known_count(&sy_lower_input_tensor(lowering, node, 0)->shape);
    const sy_operand steps = sy_lower_scratch(lowering, count);
    const sy_binary_params multiply = {.function = SY_BINARY_MUL,
                                       .kind = SY_KIND_FLOAT,
                                       .rank = 1,
                                       .dims = {count},
                                       .a_strides = {1},
                                       .clamp = {-INFINITY, INFINITY}};
    const sy_quantize_params quantize = {
        .outer = 1, .channels = 1, .inner = count, .lo = INT8_MIN, .hi = INT8_MAX};
    SY_LOWER(lowering, binary, &multiply, sy_lower_input(lowering, node, 0),
             sy_lower_constant(lowering, &scale, 1), steps);
    SY_LOWER(lowering, quantize, &quantize, steps, sy_lower_constant(lowering, &one, 1),
             sy_lower_constant(lowering, &offset, 1), sy_lower_output(lowering, node, 0));
    return SY_OK;
}

/* The axis whose elements have a scale each: that of the channels. */
static int channel_axis(const sy_shape *shape)
{
    return shape->rank > 1 ? 1 : 0;
}

static sy_status infer_dequant(sy_infer *infer)
{
    const sy_tensor *x = sy_infer_input(infer, 0), *parameter = sy_infer_input(infer, 1);
    const int64_t dtype = sy_node_int(infer->node, "dtype", 0);
    size_t count;
    SY_TRY(check_plain(infer));
    if (x->dtype != SY_DTYPE_INT32 && x->dtype != SY_DTYPE_UNDEFINED)
        return sy_fail(infer->ctx, SY_E_MODEL, "it takes int32, not %s", sy_dtype_name(x->dtype));
    if (!parameter->data || parameter->dtype != SY_DTYPE_UINT64 ||
        !sy_shape_count(&parameter->shape, &count) || count == 0)
        return sy_fail(infer->ctx, SY_E_MODEL, "its parameter '%s' must be a constant of uint64",
                       parameter->name);
    if (dtype != 0 && dtype != 1)
        return sy_fail(infer->ctx, SY_E_MODEL, "dtype is %lld, it must be 0 (float32) or 1 (float16)",
                       (long long)dtype);
    if (count > 1 && x->shape.rank > 0 && x->shape.dims[channel_axis(&x->shape)] != SY_NONE &&
        x->shape.dims[channel_axis(&x->shape)] != (int64_t)count)
        return sy_fail(infer->ctx, SY_E_MODEL, "%zu scales for %lld channels", count,
                       (long long)x->shape.dims[channel_axis(&x->shape)]);
    SY_TRY(sy_infer_same(infer));
    infer->dtypes[0] = dtype == 0 ? SY_DTYPE_FLOAT : SY_DTYPE_FLOAT16;
    return SY_OK;
}

static sy_status lower_dequant(sy_lowering *lowering, const sy_node *node)
{
    const sy_tensor *x = sy_lower_input_tensor(lowering, node, 0);
    const sy_tensor *parameter = sy_lower_input_tensor(lowering, node, 1);
    const uint32_t scales = sy_known_count(&parameter->shape);
    const int axis = channel_axis(&x->shape);
    float *deq = sy_arena_alloc(&lowering->arena, scales, sizeof *deq);
    SY_TRY(sy_check_alloc(lowering->ctx, deq));
    if (!sy_ascend_read_scales(parameter, deq, scales))
        return sy_fail(lowering->ctx, SY_E_MODEL, "its parameter '%s' is no constant of uint64",
                       parameter->name);
    const sy_cast_params cast = {.mode = SY_CAST_INT_TO_FLOAT, .count = sy_known_count(&x->shape)};
    const sy_operand as_float = sy_lower_scratch(lowering, cast.count);
    const uint32_t channels = x->shape.rank ? (uint32_t)x->shape.dims[axis] : 1;
    const uint32_t inner = x->shape.rank ? sy_known_product(&x->shape, axis + 1, x->shape.rank) : 1;
    const sy_binary_params multiply = {
        .function = SY_BINARY_MUL,
        .kind = SY_KIND_FLOAT,
        .rank = 3,
        .dims = {sy_known_product(&x->shape, 0, axis), channels, inner},
        .a_strides = {channels * inner, inner, 1},
        .b_strides = {0, scales > 1 ? 1 : 0, 0},
        .clamp = {sy_node_int(node, "relu_flag", 0) ? 0 : -INFINITY, INFINITY}};
    SY_LOWER(lowering, cast, &cast, sy_lower_input(lowering, node, 0), as_float);
    SY_LOWER(lowering, binary, &multiply, as_float, sy_lower_constant(lowering, deq, scales),
             sy_lower_output(lowering, node, 0));
    return SY_OK;
}

static sy_status infer_anti_quant(sy_infer *infer)
{
    const sy_tensor *x = sy_infer_input(infer, 0);
    SY_TRY(check_plain(infer));
    SY_TRY(check_numbers(infer));
    if (x->dtype != SY_DTYPE_INT8 && x->dtype != SY_DTYPE_UNDEFINED)
        return sy_fail(infer->ctx, SY_E_MODEL, "it takes int8, not %s", sy_dtype_name(x->dtype));
    SY_TRY(sy_infer_same(infer));
    infer->dtypes[0] = SY_DTYPE_FLOAT;
    return SY_OK;
}

static sy_status lower_anti_quant(sy_lowering *lowering, const sy_node *node)
{
    const float scale = sy_node_float(node, "scale", 0);
    const int32_t offset = (int32_t)sy_node_float(node, "offset", 0);
    const sy_quantize_params params = {
        .outer = 1, .channels = 1, .inner = sy_known_count(&sy_lower_input_tensor(lowering, node, 0)->shape)};
    SY_LOWER(lowering, dequantize, &params, sy_lower_input(lowering, node, 0),
             sy_lower_constant(lowering, &scale, 1), sy_lower_constant(lowering, &offset, 1),
             sy_lower_output(lowering, node, 0));
    return SY_OK;
}

const sy_op sy_op_ascend_quant = {
    .type = "AscendQuant",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .note = "of Ascend's files; int8 only",
    .quant = SY_QUANT_NEVER,
    .infer = infer_quant,
    .lower = lower_quant,
};

const sy_op sy_op_ascend_dequant = {
    .type = "AscendDequant",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 2,
    .outputs_max = 1,
    .note = "of Ascend's files; constant parameters",
    .quant = SY_QUANT_NEVER,
    .infer = infer_dequant,
    .lower = lower_dequant,
};

const sy_op sy_op_ascend_anti_quant = {
    .type = "AscendAntiQuant",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .note = "of Ascend's files",
    .quant = SY_QUANT_NEVER,
    .infer = infer_anti_quant,
    .lower = lower_anti_quant,
};
