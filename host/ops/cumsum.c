/* CumSum: running sums along an axis. */
#include "ops/arguments.h"
#include "ops/space.h"

static sy_status infer(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    int64_t axis;
    int count, resolved;

    infer->shapes[0] = *x;
    SY_TRY(sy_infer_ints(infer, 1, &axis, 1, &count));
    return count == 1 && x->rank != SY_NONE ? sy_resolve_axis(infer->ctx, axis, x->rank, &resolved) : SY_OK;
}

static sy_status lower(sy_lowering *lowering, const sy_node *node)
{
    const sy_infer view = sy_lower_view(lowering, node);
    const sy_tensor *x = sy_lower_input_tensor(lowering, node, 0);
    const sy_operand from = sy_lower_input(lowering, node, 0), to = sy_lower_output(lowering, node, 0);
    int64_t value;
    int count, axis;

    SY_TRY(sy_infer_ints(&view, 1, &value, 1, &count));
    if (count != 1)
        return sy_fail(lowering->ctx, SY_E_UNSUPPORTED, "the axis must be a constant");
    SY_TRY(sy_resolve_axis(lowering->ctx, value, x->shape.rank, &axis));
    const sy_cumsum_params params = {.outer = sy_known_product(&x->shape, 0, axis),
                                     .count = (uint32_t)x->shape.dims[axis],
                                     .inner = sy_known_product(&x->shape, axis + 1, x->shape.rank),
                                     .exclusive = sy_node_int(node, "exclusive", 0) != 0,
                                     .reverse = sy_node_int(node, "reverse", 0) != 0,
                                     .kind = sy_lower_kind(x->dtype)};
    if (sy_known_count(&x->shape))
        SY_LOWER(lowering, cumsum, &params, from, to);
    return SY_OK;
}

const sy_op sy_op_cumsum = {
    .type = "CumSum",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 2,
    .outputs_max = 1,
    .since = 11,
    .note = "the axis is a constant",
    .quant = SY_QUANT_NEVER,
    .infer = infer,
    .lower = lower,
};
