/* QuantizeLinear and DequantizeLinear, per tensor, per slice of one axis, or per block along one. */
#include <inttypes.h>

#include "ops/lowering.h"
#include "ops/space.h"

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

/* Scales have the shape of x, but along the axis one for each block of neighbours. */
static sy_status check_blocks(sy_ctx *ctx, const sy_node *node, const sy_shape *x, const sy_shape *scale)
{
    const int64_t block = sy_node_int(node, "block_size", 0);
    char x_text[SY_SHAPE_TEXT], scale_text[SY_SHAPE_TEXT];
    int axis;
    if (block < 0)
        return sy_fail(ctx, SY_E_MODEL, "block_size = %" PRId64 ": must not be negative", block);
    if (block == 0 || x->rank == SY_NONE || scale->rank == SY_NONE)
        return SY_OK;
    SY_TRY(sy_resolve_axis(ctx, sy_node_int(node, "axis", 1), x->rank, &axis));
    bool fits = scale->rank == x->rank;
    for (int i = 0; i < x->rank && fits; i++) {
        const int64_t blocks = i == axis ? (x->dims[i] - 1) / block + 1 : x->dims[i];
        fits = x->dims[i] == SY_NONE || scale->dims[i] == SY_NONE || scale->dims[i] == blocks;
    }
    if (fits)
        return SY_OK;
    return sy_fail(ctx, SY_E_MODEL, "scales of shape %s do not fit blocks of %" PRId64 " along axis %d of %s",
                   sy_shape_print(scale, scale_text), block, axis, sy_shape_print(x, x_text));
}

/* The axis that the scale has an element for each slice of; SY_NONE per tensor or per block. */
static sy_status scale_axis(sy_ctx *ctx, const sy_node *node, const sy_shape *x, const sy_shape *scale,
                            int *out)
{
    size_t count;
    *out = SY_NONE;
    if (sy_node_int(node, "block_size", 0) != 0)
        return check_blocks(ctx, node, x, scale);
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

/* What the kernels read for each slice. */
typedef struct scales {
    sy_operand scale, zero;
} scales;

/* Factors of blocks as factors of elements. */
static sy_operand spread(sy_lowering *lowering, const sy_gather_params *params, sy_operand from,
                         sy_operand positions)
{
    const sy_operand to =
        sy_lower_scratch(lowering, (size_t)params->outer * params->index_count * params->inner);
    SY_LOWER(lowering, gather, params, from, positions, to);
    return to;
}

/* Every element becomes a slice of its own, with the factors of its block. */
static sy_status lower_blocks(sy_lowering *lowering, const sy_node *node, sy_quantize_params *params,
                              scales *out)
{
    const sy_shape *x = &lowering->graph->tensors[node->inputs[0]].shape;
    const sy_shape *scale = &lowering->graph->tensors[node->inputs[1]].shape;
    int axis;
    SY_TRY(sy_resolve_axis(lowering->ctx, sy_node_int(node, "axis", 1), x->rank, &axis));
    const sy_gather_params gather = {.outer = sy_known_product(x, 0, axis),
                                     .axis_size = (uint32_t)scale->dims[axis],
                                     .inner = sy_known_product(x, axis + 1, x->rank),
                                     .index_count = (uint32_t)x->dims[axis]};
    *params = (sy_quantize_params){.outer = 1, .channels = sy_known_count(x), .inner = 1};
    if (params->channels == 0)
        return SY_OK;
    int32_t *blocks = sy_arena_alloc(&lowering->arena, gather.index_count, sizeof *blocks);
    SY_TRY(sy_check_alloc(lowering->ctx, blocks));
    for (uint32_t i = 0; i < gather.index_count; i++)
        blocks[i] = (int32_t)(i / sy_node_int(node, "block_size", 0));
    const sy_operand positions = sy_lower_constant(lowering, blocks, gather.index_count);
    out->scale = spread(lowering, &gather, out->scale, positions);
    if (out->zero.slot != SY_NONE)
        out->zero = spread(lowering, &gather, out->zero, positions);
    return SY_OK;
}

static sy_status lower_slices(sy_lowering *lowering, const sy_node *node, sy_quantize_params *params)
{
    const sy_tensor *tensors = lowering->graph->tensors;
    const sy_shape *x = &tensors[node->inputs[0]].shape;
    int axis;
    SY_TRY(scale_axis(lowering->ctx, node, x, &tensors[node->inputs[1]].shape, &axis));
    params->outer = params->channels = params->inner = 1;
    for (int i = 0; i < x->rank; i++)
        *(i < axis ? &params->outer : i == axis ? &params->channels : &params->inner) *= (uint32_t)x->dims[i];
    return SY_OK;
}

/* Fills the dimensions and gives the factors: zero points of 0 where the node has none. */
static sy_status lower_scales(sy_lowering *lowering, const sy_node *node, sy_quantize_params *params,
                              scales *out)
{
    *out = (scales){sy_lower_input(lowering, node, 1), sy_lower_input(lowering, node, 2)};
    SY_TRY(sy_node_int(node, "block_size", 0) ? lower_blocks(lowering, node, params, out)
                                              : lower_slices(lowering, node, params));
    if (out->zero.slot != SY_NONE)
        return SY_OK;
    int32_t *zeros = sy_arena_alloc(&lowering->arena, params->channels, sizeof *zeros);
    SY_TRY(sy_check_alloc(lowering->ctx, zeros));
    out->zero = sy_lower_constant(lowering, zeros, params->channels);
    return SY_OK;
}

static sy_status lower_quantize(sy_lowering *lowering, const sy_node *node)
{
    const sy_tensor *tensors = lowering->graph->tensors;
    sy_quantize_params params = {0};
    sy_operand x = sy_lower_input(lowering, node, 0);
    scales factors;
    SY_TRY(lower_scales(lowering, node, &params, &factors));
    code_range(tensors[node->outputs[0]].dtype, &params.lo, &params.hi);
    if (!sy_dtype_is_float(tensors[node->inputs[0]].dtype)) {
        const sy_cast_params cast = {.mode = SY_CAST_INT_TO_FLOAT,
                                     .count = params.outer * params.channels * params.inner};
        const sy_operand as_float = sy_lower_scratch(lowering, cast.count);
        SY_LOWER(lowering, cast, &cast, x, as_float);
        x = as_float;
    }
    SY_LOWER(lowering, quantize, &params, x, factors.scale, factors.zero, sy_lower_output(lowering, node, 0));
    return SY_OK;
}

static sy_status lower_dequantize(sy_lowering *lowering, const sy_node *node)
{
    sy_quantize_params params = {0};
    scales factors;
    SY_TRY(lower_scales(lowering, node, &params, &factors));
    SY_LOWER(lowering, dequantize, &params, sy_lower_input(lowering, node, 0), factors.scale, factors.zero,
             sy_lower_output(lowering, node, 0));
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
