/* Transpose: dimensions in another order. */
#include "ops/arguments.h"
#include "ops/space.h"

/* The order of the input's dimensions; reversed where the node does not say. */
static sy_status read_order(const sy_infer *infer, int rank, int order[SY_MAX_RANK])
{
    size_t count;
    const int64_t *perm = sy_node_ints(infer->node, "perm", &count);
    bool used[SY_MAX_RANK] = {false};

    if (perm && count != (size_t)rank)
        return sy_fail(infer->ctx, SY_E_MODEL, "attribute perm has %zu values for a tensor of rank %d", count,
                       rank);
    for (int i = 0; i < rank; i++) {
        const int64_t axis = perm ? perm[i] : rank - 1 - i;
        if (axis < 0 || axis >= rank || used[axis])
            return sy_fail(infer->ctx, SY_E_MODEL,
                           "attribute perm holds %lld at %d: it must name every axis 0..%d once",
                           (long long)axis, i, rank - 1);
        used[axis] = true;
        order[i] = (int)axis;
    }
    return SY_OK;
}

static sy_status infer(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    int order[SY_MAX_RANK];

    if (x->rank == SY_NONE)
        return SY_OK;
    SY_TRY(read_order(infer, x->rank, order));
    infer->shapes[0].rank = x->rank;
    for (int i = 0; i < x->rank; i++)
        infer->shapes[0].dims[i] = x->dims[order[i]];
    return SY_OK;
}

static sy_status lower(sy_lowering *lowering, const sy_node *node)
{
    const sy_infer view = sy_lower_view(lowering, node);
    const sy_shape *x = &sy_lower_input_tensor(lowering, node, 0)->shape;
    const sy_shape *y = &sy_lower_output_tensor(lowering, node, 0)->shape;
    int order[SY_MAX_RANK];
    int64_t dense[SY_KERNEL_RANK], strides[SY_KERNEL_RANK];
    sy_space space = sy_space_of(y);

    SY_TRY(read_order(&view, x->rank, order));
    sy_dense_strides(x, dense);
    for (int i = 0; i < x->rank; i++)
        strides[i] = dense[order[i]];
    sy_space_add_strides(&space, strides);
    sy_space_add(&space, y);
    const sy_operand from = sy_lower_input(lowering, node, 0);
    sy_lower_move(lowering, space, from, 0, sy_lower_output(lowering, node, 0), 0);
    return SY_OK;
}

const sy_op sy_op_transpose = {
    .type = "Transpose",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .quant = SY_QUANT_SAME_SCALE,
    .infer = infer,
    .lower = lower,
};
