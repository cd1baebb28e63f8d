/* Softmax and LogSoftmax. Until opset 12 over all dimensions from the axis on, since 13 over the axis alone.
 */
#include "ops/lowering.h"

static sy_status resolve(sy_ctx *ctx, const sy_node *node, const sy_shape *x, int *out)
{
    const int64_t fallback = node->opset < 13 ? 1 : -1;
    const int64_t axis = sy_node_int(node, "axis", fallback);
    if (node->opset < 13 && axis == x->rank) {
        *out = x->rank; /* the old flattening allows it: rows of one element */
        return SY_OK;
    }
    return sy_resolve_axis(ctx, axis, x->rank, out);
}

static sy_status infer_softmax(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    int axis;
    SY_TRY(sy_infer_floats(infer));
    if (x->rank != SY_NONE)
        SY_TRY(resolve(infer->ctx, infer->node, x, &axis));
    return sy_infer_same(infer);
}

static sy_status lower_softmax_of(sy_lowering *lowering, const sy_node *node, uint32_t logarithm)
{
    const sy_shape *x = &lowering->graph->tensors[node->inputs[0]].shape;
    int axis;
    SY_TRY(resolve(lowering->ctx, node, x, &axis));
    sy_softmax_params params = {.outer = 1, .count = 1, .inner = 1, .logarithm = logarithm};
    for (int i = 0; i < x->rank; i++) {
        const uint32_t dim = (uint32_t)x->dims[i];
        if (i < axis)
            params.outer *= dim;
        else if (i == axis || node->opset < 13)
            params.count *= dim;
        else
            params.inner *= dim;
    }
    SY_LOWER(lowering, softmax, &params, sy_lower_input(lowering, node, 0),
             sy_lower_output(lowering, node, 0));
    return SY_OK;
}

static sy_status lower_softmax(sy_lowering *lowering, const sy_node *node)
{
    return lower_softmax_of(lowering, node, 0);
}

static sy_status lower_log_softmax(sy_lowering *lowering, const sy_node *node)
{
    return lower_softmax_of(lowering, node, 1);
}

const sy_op sy_op_softmax = {
    .type = "Softmax",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .quant = SY_QUANT_NEW_SCALE,
    .infer = infer_softmax,
    .lower = lower_softmax,
};

const sy_op sy_op_log_softmax = {
    .type = "LogSoftmax",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .quant = SY_QUANT_NEVER,
    .infer = infer_softmax,
    .lower = lower_log_softmax,
};
