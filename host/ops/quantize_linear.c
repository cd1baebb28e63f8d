/* QuantizeLinear and DequantizeLinear, per tensor or per slice of one axis. */
#include "ops/lowering.h"

static bool code_range(sy_dtype dtype, int32_t *lo, int32_t *hi)
{
    switch (dtype) {
    case SY_DTYPE_UINT8: *lo = 0, *hi = UINT8_MAX; return true;
    case SY_DTYPE_INT8: *lo = INT8_MIN, *hi = INT8_MAX; return true;
    case SY_DTYPE_UINT16: *lo = 0, *hi = UINT16_MAX; return true;
    case SY_DTYPE_INT16: *lo = INT16_MIN, *hi = INT16_MAX; return true;
    case SY_DTYPE_UINT4: *lo = 0, *hi = 15; return true;
    case SY_DTYPE_INT4: *lo = -8, *hi = 7; return true;
    default: return false;
    }
}

/* The axis that the scale has an element for each slice of; SY_NONE per tensor. */
static sy_status scale_axis(sy_ctx *ctx, const sy_node *node, const sy_shape *x, const sy_shape *scale,
                            int *out)
{
    size_t count;
    *out = SY_NONE;
    if (sy_node_int(node, "block_size", 0) != 0)
        return sy_fail(ctx, SY_E_UNSUPPORTED,
                       "block_size is not supported, only a scale per tensor or per axis");
    if (scale->rank > 1)
        return sy_fail(ctx, SY_E_MODEL, "a scale of rank %d is neither per tensor nor per axis", scale->rank);
    if (!sy_shape_count(scale, &count) || count == 1 || x->rank == SY_NONE)
        return SY_OK;
    int axis;
    SY_TRY(sy_resolve_axis(ctx, sy_node_int(node, "axis", 1), x->rank, &axis));
    if (x->dims[axis] != SY_NONE && x->dims[axis] != (int64_t)count)
        return sy_fail(ctx, SY_E_MODEL, "%zu scales for %lld slices along axis %d", count,
                       (long long)x->dims[axis], axis);
    *out = axis;
    return SY_OK;
}

static sy_status check_scales(const sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape, *scale = &sy_infer_input(infer, 1)->shape;
    const sy_tensor *zero = sy_infer_input(infer, 2);
    size_t scales, zeros;
    int axis;
    SY_TRY(scale_axis(infer->ctx, infer->node, x, scale, &axis));
    if (zero && sy_shape_count(&zero->shape, &zeros) && sy_shape_count(scale, &scales) && zeros != scales)
        return sy_fail(infer->ctx, SY_E_MODEL, "%zu zero points for %zu scales", zeros, scales);
    return SY_OK;
}

static sy_status infer_quantize(sy_infer *infer)
{
    const sy_tensor *zero = sy_infer_input(infer, 2);
    const sy_dtype named = (sy_dtype)sy_node_int(infer->node, "output_dtype", SY_DTYPE_UNDEFINED);
    sy_dtype dtype = zero ? zero->dtype : named != SY_DTYPE_UNDEFINED ? named : SY_DTYPE_UINT8;
    int32_t lo, hi;
    if (!code_range(dtype, &lo, &hi))
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED,
                       "quantizing to %s is not supported, only to integers of 4, 8 and 16 bits",
                       sy_dtype_name(dtype));
    SY_TRY(check_scales(infer));
    infer->dtypes[0] = dtype;
    return sy_infer_same(infer);
}

static sy_status infer_dequantize(sy_infer *infer)
{
    const sy_tensor *q = sy_infer_input(infer, 0);
    const sy_dtype named = (sy_dtype)sy_node_int(infer->node, "output_dtype", SY_DTYPE_UNDEFINED);
    int32_t lo, hi;
    if (!code_range(q->dtype, &lo, &hi) && q->dtype != SY_DTYPE_INT32 && q->dtype != SY_DTYPE_UNDEFINED)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED,
                       "dequantizing %s is not supported, only integers of 4, 8, 16 and 32 bits",
                       sy_dtype_name(q->dtype));
    SY_TRY(check_scales(infer));
    infer->dtypes[0] = named != SY_DTYPE_UNDEFINED ? named : sy_infer_input(infer, 1)->dtype;
    return sy_infer_same(infer);
}

/* Fills the dimensions and gives the zero points: those of the node, or zeros. */
static sy_status lower_scales(sy_lowering *lowering, const sy_node *node, sy_quantize_params *params,
                              sy_operand *out_zero)
{
    const sy_tensor *tensors = lowering->graph->tensors;
    const sy_shape *x = &tensors[node->inputs[0]].shape;
    int axis;
    SY_TRY(scale_axis(lowering->ctx, node, x, &tensors[node->inputs[1]].shape, &axis));
    params->outer = params->channels = params->inner = 1;
    for (int i = 0; i < x->rank; i++)
        *(i < axis ? &params->outer : i == axis ? &params->channels : &params->inner) *= (uint32_t)x->dims[i];
    *out_zero = sy_lower_input(lowering, node, 2);
    if (out_zero->slot != SY_NONE)
        return SY_OK;
    int32_t *zeros = sy_arena_alloc(&lowering->arena, params->channels, sizeof *zeros);
    SY_TRY(sy_check_alloc(lowering->ctx, zeros));
    *out_zero = sy_lower_constant(lowering, zeros, params->channels);
    return SY_OK;
}

static sy_status lower_quantize(sy_lowering *lowering, const sy_node *node)
{
    const sy_tensor *tensors = lowering->graph->tensors;
    sy_quantize_params params = {0};
    sy_operand x = sy_lower_input(lowering, node, 0), zero;
    SY_TRY(lower_scales(lowering, node, &params, &zero));
    code_range(tensors[node->outputs[0]].dtype, &params.lo, &params.hi);
    if (!sy_dtype_is_float(tensors[node->inputs[0]].dtype)) {
        const sy_cast_params cast = {.mode = SY_CAST_INT_TO_FLOAT,
                                     .count = params.outer * params.channels * params.inner};
        const sy_operand as_float = sy_lower_scratch(lowering, cast.count);
        SY_LOWER(lowering, cast, &cast, x, as_float);
        x = as_float;
    }
    SY_LOWER(lowering, quantize, &params, x, sy_lower_input(lowering, node, 1), zero,
             sy_lower_output(lowering, node, 0));
    return SY_OK;
}

static sy_status lower_dequantize(sy_lowering *lowering, const sy_node *node)
{
    sy_quantize_params params = {0};
    sy_operand zero;
    SY_TRY(lower_scales(lowering, node, &params, &zero));
    SY_LOWER(lowering, dequantize, &params, sy_lower_input(lowering, node, 0),
             sy_lower_input(lowering, node, 1), zero, sy_lower_output(lowering, node, 0));
    return SY_OK;
}

const sy_op sy_op_quantize_linear = {
    .type = "QuantizeLinear",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 3,
    .outputs_max = 1,
    .since = 10,
    .quant = SY_QUANT_NEVER,
    .infer = infer_quantize,
    .lower = lower_quantize,
};

const sy_op sy_op_dequantize_linear = {
    .type = "DequantizeLinear",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 3,
    .outputs_max = 1,
    .since = 10,
    .quant = SY_QUANT_NEVER,
    .infer = infer_dequantize,
    .lower = lower_dequantize,
};
