/* ArgMax and ArgMin: where along an axis the largest or the smallest element stands. */
#include "ops/arguments.h"
#include "ops/space.h"

static sy_status infer(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    const bool keep = sy_node_int(infer->node, "keepdims", 1) != 0;
    sy_shape y = {.rank = 0};
    int axis;

    infer->dtypes[0] = SY_DTYPE_INT64;
    if (x->rank == SY_NONE)
        return SY_OK;
    SY_TRY(sy_resolve_axis(infer->ctx, sy_node_int(infer->node, "axis", 0), x->rank, &axis));
    if (x->dims[axis] == 0)
        return sy_fail(infer->ctx, SY_E_MODEL,
                       "axis %d is empty: nothing in it is the largest or the smallest", axis);
    for (int i = 0; i < x->rank; i++) {
        if (i != axis || keep)
            y.dims[y.rank++] = i == axis ? 1 : x->dims[i];
    }
    infer->shapes[0] = y;
    return SY_OK;
}

static sy_status lower_arg(sy_lowering *lowering, const sy_node *node, bool smallest)
{
    const sy_tensor *x = sy_lower_input_tensor(lowering, node, 0);
    const sy_operand from = sy_lower_input(lowering, node, 0), to = sy_lower_output(lowering, node, 0);
    int axis;

    SY_TRY(sy_resolve_axis(lowering->ctx, sy_node_int(node, "axis", 0), x->shape.rank, &axis));
    const sy_arg_params params = {.outer = sy_known_product(&x->shape, 0, axis),
                                  .count = (uint32_t)x->shape.dims[axis],
                                  .inner = sy_known_product(&x->shape, axis + 1, x->shape.rank),
                                  .smallest = smallest,
                                  .last = sy_node_int(node, "select_last_index", 0) != 0,
                                  .kind = sy_lower_kind(x->dtype)};
    if (params.outer && params.inner)
        SY_LOWER(lowering, arg, &params, from, to);
    return SY_OK;
}

static sy_status lower_max(sy_lowering *lowering, const sy_node *node)
{
    return lower_arg(lowering, node, false);
}

static sy_status lower_min(sy_lowering *lowering, const sy_node *node)
{
    return lower_arg(lowering, node, true);
}

const sy_op sy_op_arg_max = {
    .type = "ArgMax",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .quant = SY_QUANT_NEVER,
    .infer = infer,
    .lower = lower_max,
};

const sy_op sy_op_arg_min = {
    .type = "ArgMin",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .quant = SY_QUANT_NEVER,
    .infer = infer,
    .lower = lower_min,
};
