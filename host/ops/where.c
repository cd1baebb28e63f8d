/* Where: an element of one input or of another. */
#include "ops/arguments.h"
#include "ops/space.h"

static sy_status infer(sy_infer *infer)
{
    const sy_tensor *condition = sy_infer_input(infer, 0);
    const sy_tensor *a = sy_infer_input(infer, 1), *b = sy_infer_input(infer, 2);
    sy_shape shape;

    if (condition->dtype != SY_DTYPE_BOOL && condition->dtype != SY_DTYPE_UNDEFINED)
        return sy_fail(infer->ctx, SY_E_MODEL, "the condition must be bool, not %s",
                       sy_dtype_name(condition->dtype));
    SY_TRY(sy_broadcast_shapes(infer->ctx, &condition->shape, &a->shape, &shape));
    SY_TRY(sy_broadcast_shapes(infer->ctx, &shape, &b->shape, &infer->shapes[0]));
    infer->dtypes[0] = a->dtype;
    return SY_OK;
}

static sy_status lower(sy_lowering *lowering, const sy_node *node)
{
    sy_operand operands[4];
    sy_where_params params = {0};
    sy_space space = sy_space_of(&sy_lower_output_tensor(lowering, node, 0)->shape);

    for (int i = 0; i < 3; i++) {
        operands[i] = sy_lower_input(lowering, node, i);
        sy_space_add(&space, &sy_lower_input_tensor(lowering, node, i)->shape);
    }
    sy_space_add(&space, &sy_lower_output_tensor(lowering, node, 0)->shape);
    operands[3] = sy_lower_output(lowering, node, 0);
    if (sy_space_empty(&space))
        return SY_OK;
    sy_space_shrink(&space);
    params.rank = (uint32_t)space.rank;
    sy_space_dims(&space, params.dims);
    sy_space_strides(&space, 0, params.condition_strides);
    sy_space_strides(&space, 1, params.a_strides);
    sy_space_strides(&space, 2, params.b_strides);
    sy_lower_step(lowering, SY_KERNEL_where, operands, &params, sizeof params);
    return SY_OK;
}

/* Masks fill with values such as -10000: a scale for them would leave nothing for the rest. */
const sy_op sy_op_where = {
    .type = "Where",
    .domain = "",
    .inputs_min = 3,
    .inputs_max = 3,
    .outputs_max = 1,
    .since = 9,
    .quant = SY_QUANT_NEVER,
    .infer = infer,
    .lower = lower,
};
