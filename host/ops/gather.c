/* Gather and GatherElements: what stands at given positions of one axis. */
#include "ops/arguments.h"
#include "ops/space.h"

static sy_status check_indices(const sy_infer *infer)
{
    const sy_dtype dtype = sy_infer_input(infer, 1)->dtype;

    if (dtype != SY_DTYPE_INT32 && dtype != SY_DTYPE_INT64 && dtype != SY_DTYPE_UNDEFINED)
        return sy_fail(infer->ctx, SY_E_MODEL, "the indices must be int32 or int64, not %s",
                       sy_dtype_name(dtype));
    return SY_OK;
}

/* An index outside reads the nearest position; a constant one is reported instead. */
static sy_status check_constant_indices(const sy_infer *infer, int64_t axis_size)
{
    int64_t indices[SY_LIST_CAPACITY];
    const sy_tensor *tensor = sy_infer_input(infer, 1);
    size_t count;

    if (!tensor->data || axis_size == SY_NONE || !sy_shape_count(&tensor->shape, &count) ||
        count > SY_LIST_CAPACITY)
        return SY_OK;
    SY_TRY(sy_tensor_to_i64(infer->ctx, tensor, indices, count));
    for (size_t i = 0; i < count; i++) {
        if (indices[i] < -axis_size || indices[i] >= axis_size)
            return sy_fail(infer->ctx, SY_E_MODEL, "index %lld is outside -%lld..%lld", (long long)indices[i],
                           (long long)axis_size, (long long)axis_size - 1);
    }
    return SY_OK;
}

/* Nothing can be read from an empty axis. */
static sy_status check_not_empty(const sy_infer *infer, int64_t axis_size, const sy_shape *y)
{
    size_t count;

    if (axis_size == 0 && sy_shape_count(y, &count) && count > 0)
        return sy_fail(infer->ctx, SY_E_MODEL, "the axis is empty: it has nothing to read");
    return SY_OK;
}

static sy_status infer_gather(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape, *indices = &sy_infer_input(infer, 1)->shape;
    sy_shape *y = &infer->shapes[0];
    int axis, at = 0;

    SY_TRY(check_indices(infer));
    if (x->rank == SY_NONE)
        return SY_OK;
    SY_TRY(sy_resolve_axis(infer->ctx, sy_node_int(infer->node, "axis", 0), x->rank, &axis));
    SY_TRY(check_constant_indices(infer, x->dims[axis]));
    if (indices->rank == SY_NONE)
        return SY_OK;
    if (x->rank - 1 + indices->rank > SY_MAX_RANK)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED, "the result has rank %d, at most %d can be computed",
                       x->rank - 1 + indices->rank, SY_MAX_RANK);
    for (int i = 0; i < axis; i++)
        y->dims[at++] = x->dims[i];
    for (int i = 0; i < indices->rank; i++)
        y->dims[at++] = indices->dims[i];
    for (int i = axis + 1; i < x->rank; i++)
        y->dims[at++] = x->dims[i];
    y->rank = at;
    return check_not_empty(infer, x->dims[axis], y);
}

static sy_status lower_gather(sy_lowering *lowering, const sy_node *node)
{
    const sy_shape *x = &sy_lower_input_tensor(lowering, node, 0)->shape;
    const sy_shape *indices = &sy_lower_input_tensor(lowering, node, 1)->shape;
    const sy_operand from = sy_lower_input(lowering, node, 0), at = sy_lower_input(lowering, node, 1);
    const sy_operand to = sy_lower_output(lowering, node, 0);
    int axis;

    SY_TRY(sy_resolve_axis(lowering->ctx, sy_node_int(node, "axis", 0), x->rank, &axis));
    const sy_gather_params params = {.outer = sy_known_product(x, 0, axis),
                                     .axis_size = (uint32_t)x->dims[axis],
                                     .inner = sy_known_product(x, axis + 1, x->rank),
                                     .index_count = sy_known_count(indices)};
    if (params.outer && params.inner && params.index_count)
        SY_LOWER(lowering, gather, &params, from, at, to);
    return SY_OK;
}

static sy_status infer_gather_elements(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape, *indices = &sy_infer_input(infer, 1)->shape;
    int axis;

    SY_TRY(check_indices(infer));
    infer->shapes[0] = *indices;
    if (x->rank == SY_NONE || indices->rank == SY_NONE)
        return SY_OK;
    if (x->rank != indices->rank || x->rank == 0)
        return sy_fail(infer->ctx, SY_E_MODEL,
                       "the indices have rank %d, the data %d: they must be equal and at least 1",
                       indices->rank, x->rank);
    SY_TRY(sy_resolve_axis(infer->ctx, sy_node_int(infer->node, "axis", 0), x->rank, &axis));
    for (int i = 0; i < x->rank; i++) {
        if (i != axis && x->dims[i] != SY_NONE && indices->dims[i] > x->dims[i])
            return sy_fail(infer->ctx, SY_E_MODEL, "axis %d of the indices has size %lld, the data only %lld",
                           i, (long long)indices->dims[i], (long long)x->dims[i]);
    }
    SY_TRY(check_constant_indices(infer, x->dims[axis]));
    return check_not_empty(infer, x->dims[axis], indices);
}

static sy_status lower_gather_elements(sy_lowering *lowering, const sy_node *node)
{
    const sy_shape *x = &sy_lower_input_tensor(lowering, node, 0)->shape;
    const sy_shape *indices = &sy_lower_input_tensor(lowering, node, 1)->shape;
    const sy_operand from = sy_lower_input(lowering, node, 0), at = sy_lower_input(lowering, node, 1);
    const sy_operand to = sy_lower_output(lowering, node, 0);
    sy_gather_elements_params params = {.rank = (uint32_t)x->rank};
    int axis;

    SY_TRY(sy_resolve_axis(lowering->ctx, sy_node_int(node, "axis", 0), x->rank, &axis));
    params.axis = (uint32_t)axis;
    params.axis_size = (uint32_t)x->dims[axis];
    sy_lower_strides(x, params.x_strides);
    for (int i = 0; i < x->rank; i++)
        params.index_dims[i] = (uint32_t)indices->dims[i];
    if (sy_known_count(indices))
        SY_LOWER(lowering, gather_elements, &params, from, at, to);
    return SY_OK;
}

const sy_op sy_op_gather = {
    .type = "Gather",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 2,
    .outputs_max = 1,
    .quant = SY_QUANT_SAME_SCALE,
    .infer = infer_gather,
    .lower = lower_gather,
};

const sy_op sy_op_gather_elements = {
    .type = "GatherElements",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 2,
    .outputs_max = 1,
    .since = 11,
    .quant = SY_QUANT_SAME_SCALE,
    .infer = infer_gather_elements,
    .lower = lower_gather_elements,
};
