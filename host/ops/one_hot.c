/* OneHot: an axis that is `on` where the index points, `off` elsewhere. */
#include "ops/arguments.h"
#include "ops/space.h"

/* The depth, which the specification lets be a scalar or a list of one, of any numeric type. SY_NONE: not
 * known. */
static sy_status read_depth(const sy_infer *infer, int64_t *out)
{
    const sy_tensor *depth = sy_infer_input(infer, 1);
    size_t count;

    *out = SY_NONE;
    if (!depth->data)
        return SY_OK;
    if (!sy_shape_count(&depth->shape, &count) || count != 1)
        return sy_fail(infer->ctx, SY_E_MODEL, "the depth must be one number");
    SY_TRY(sy_tensor_to_i64(infer->ctx, depth, out, 1));
    if (*out < 1 || *out > INT32_MAX)
        return sy_fail(infer->ctx, SY_E_MODEL, "the depth is %lld, it must be 1 to %d", (long long)*out,
                       INT32_MAX);
    return SY_OK;
}

static sy_status infer(sy_infer *infer)
{
    const sy_shape *indices = &sy_infer_input(infer, 0)->shape;
    const sy_shape *values = &sy_infer_input(infer, 2)->shape;
    sy_shape *y = &infer->shapes[0];
    int64_t depth;
    int axis, from = 0;

    infer->dtypes[0] = sy_infer_input(infer, 2)->dtype;
    if (values->rank != SY_NONE &&
        (values->rank != 1 || (values->dims[0] != 2 && values->dims[0] != SY_NONE)))
        return sy_fail(infer->ctx, SY_E_MODEL, "the values must be a list of two: off and on");
    SY_TRY(read_depth(infer, &depth));
    if (indices->rank == SY_NONE)
        return SY_OK;
    if (indices->rank == SY_MAX_RANK)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED, "the result has rank %d, at most %d can be computed",
                       indices->rank + 1, SY_MAX_RANK);
    SY_TRY(sy_resolve_axis(infer->ctx, sy_node_int(infer->node, "axis", -1), indices->rank + 1, &axis));
    y->rank = indices->rank + 1;
    for (int i = 0; i < y->rank; i++)
        y->dims[i] = i == axis ? depth : indices->dims[from++];
    return SY_OK;
}

/* The indices may come as floats. */
static sy_operand whole_indices(sy_lowering *lowering, const sy_node *node)
{
    const sy_tensor *tensor = sy_lower_input_tensor(lowering, node, 0);
    const sy_operand indices = sy_lower_input(lowering, node, 0);
    const sy_cast_params params = {.mode = SY_CAST_FLOAT_TO_INT,
                                   .kind = SY_KIND_FLOAT,
                                   .count = sy_known_count(&tensor->shape),
                                   .lo = INT32_MIN,
                                   .hi = INT32_MAX};

    if (!sy_dtype_is_float(tensor->dtype))
        return indices;
    const sy_operand whole = sy_lower_scratch(lowering, params.count);
    if (params.count)
        SY_LOWER(lowering, cast, &params, indices, whole);
    return whole;
}

static sy_status lower(sy_lowering *lowering, const sy_node *node)
{
    const sy_shape *y = &sy_lower_output_tensor(lowering, node, 0)->shape;
    const sy_operand indices = whole_indices(lowering, node);
    const sy_operand values = sy_lower_input(lowering, node, 2);
    const sy_operand to = sy_lower_output(lowering, node, 0);
    int axis;

    SY_TRY(sy_resolve_axis(lowering->ctx, sy_node_int(node, "axis", -1), y->rank, &axis));
    const sy_one_hot_params params = {.outer = sy_known_product(y, 0, axis),
                                      .depth = (uint32_t)y->dims[axis],
                                      .inner = sy_known_product(y, axis + 1, y->rank)};
    if (sy_known_count(y))
        SY_LOWER(lowering, one_hot, &params, indices, values, to);
    return SY_OK;
}

const sy_op sy_op_one_hot = {
    .type = "OneHot",
    .domain = "",
    .inputs_min = 3,
    .inputs_max = 3,
    .outputs_max = 1,
    .since = 9,
    .note = "the depth is a constant",
    .quant = SY_QUANT_NEVER,
    .infer = infer,
    .lower = lower,
};
