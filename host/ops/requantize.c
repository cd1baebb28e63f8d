/* Requantize, of our own domain: whole-number accumulators to an integer tensor, as runtimes end an integer
 * product. Made by host/verify; no file holds it.
 *
 * Inputs: accumulators (float32, whole numbers), multiplier (float32 [1] or [channels]), bias (int32
 * [channels], may be omitted). Attributes: axis of the channels; zero, lo, hi of the result; unsigned 0 or 1.
 */
#include "ops/lowering.h"

/* One element, or as many as there are channels. */
static bool fits(const sy_tensor *tensor, const sy_shape *shape, int axis, bool one_will_do)
{
    size_t count;
    return !tensor || !sy_shape_count(&tensor->shape, &count) || (one_will_do && count == 1) ||
           (int64_t)count == shape->dims[axis];
}

static sy_status infer(sy_infer *infer)
{
    const sy_shape *shape = &sy_infer_input(infer, 0)->shape;
    int axis = 0;
    if (sy_shape_known(shape)) {
        SY_TRY(sy_resolve_axis(infer->ctx, sy_node_int(infer->node, "axis", 1), shape->rank, &axis));
        if (!fits(sy_infer_input(infer, 1), shape, axis, true) ||
            !fits(sy_infer_input(infer, 2), shape, axis, false))
            return sy_fail(infer->ctx, SY_E_MODEL,
                           "multiplier and bias must have an element for each channel");
    }
    infer->dtypes[0] = sy_node_int(infer->node, "unsigned", 0) ? SY_DTYPE_UINT8 : SY_DTYPE_INT8;
    infer->shapes[0] = sy_infer_input(infer, 0)->shape;
    return SY_OK;
}

static sy_status lower(sy_lowering *lowering, const sy_node *node)
{
    const sy_shape *shape = &lowering->graph->tensors[node->inputs[0]].shape;
    int axis = 0;
    size_t multipliers = 0;
    SY_TRY(sy_resolve_axis(lowering->ctx, sy_node_int(node, "axis", 1), shape->rank, &axis));
    sy_shape_count(&lowering->graph->tensors[node->inputs[1]].shape, &multipliers);
    bool has_bias = node->input_count > 2 && node->inputs[2] != SY_NONE;
    sy_requantize_params params = {.outer = 1,
                                   .channels = (uint32_t)shape->dims[axis],
                                   .inner = 1,
                                   .multiplier_channels = (uint32_t)multipliers,
                                   .has_bias = has_bias,
                                   .zero = (int32_t)sy_node_int(node, "zero", 0),
                                   .lo = (int32_t)sy_node_int(node, "lo", -128),
                                   .hi = (int32_t)sy_node_int(node, "hi", 127)};
    for (int i = 0; i < shape->rank; i++)
        if (i != axis)
            *(i < axis ? &params.outer : &params.inner) *= (uint32_t)shape->dims[i];
    SY_LOWER(lowering, requantize, &params, sy_lower_input(lowering, node, 0),
             has_bias ? sy_lower_input(lowering, node, 2) : sy_no_operand, sy_lower_input(lowering, node, 1),
             sy_lower_output(lowering, node, 0));
    return SY_OK;
}

const sy_op sy_op_requantize = {
    .type = "Requantize",
    .domain = "steelyard",
    .inputs_min = 2,
    .inputs_max = 3,
    .outputs_max = 1,
    .quant = SY_QUANT_NEVER,
    .infer = infer,
    .lower = lower,
};
