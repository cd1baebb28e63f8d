/* Concat and Split: one axis joined, or taken apart. */
#include "ops/arguments.h"
#include "ops/space.h"

/* Appends the move of the part of the axis at `x_from` of x to `y_from` of y; the moved part has the shape
 * `part`. */
static void move_part(sy_lowering *lowering, const sy_shape *part, int axis, sy_operand from,
                      const sy_shape *x, int64_t x_from, sy_operand to, const sy_shape *y, int64_t y_from)
{
    int64_t x_strides[SY_KERNEL_RANK], y_strides[SY_KERNEL_RANK];
    sy_space space = sy_space_of(part);

    sy_dense_strides(x, x_strides);
    sy_dense_strides(y, y_strides);
    sy_space_add_strides(&space, x_strides);
    sy_space_add_strides(&space, y_strides);
    sy_lower_move(lowering, space, from, (size_t)(x_from * x_strides[axis]), to,
                  (size_t)(y_from * y_strides[axis]));
}

/* Adds input i to the joined shape. */
static sy_status join(sy_infer *infer, const sy_tensor *input, int axis, sy_shape *joined)
{
    char one[SY_SHAPE_TEXT], other[SY_SHAPE_TEXT];

    for (int d = 0; d < joined->rank; d++) {
        const int64_t have = joined->dims[d], dim = input->shape.dims[d];
        if (d == axis)
            joined->dims[d] = have == SY_NONE || dim == SY_NONE ? SY_NONE : have + dim;
        else if (have == SY_NONE)
            joined->dims[d] = dim;
        else if (dim != SY_NONE && dim != have)
            return sy_fail(infer->ctx, SY_E_MODEL,
                           "shapes %s and %s can be joined along axis %d only if the others agree",
                           sy_shape_print(joined, one), sy_shape_print(&input->shape, other), axis);
    }
    return SY_OK;
}

static sy_status infer_concat(sy_infer *infer)
{
    sy_shape joined = sy_infer_input(infer, 0)->shape;
    const sy_attr *attr = sy_node_attr(infer->node, "axis");
    int axis = 0;

    if (!attr)
        return sy_fail(infer->ctx, SY_E_MODEL, "attribute axis is missing");
    for (int i = 0; i < infer->node->input_count; i++) {
        const sy_tensor *input = sy_infer_input(infer, i);
        if (!input)
            return sy_fail(infer->ctx, SY_E_MODEL, "input %d is missing", i);
        if (input->shape.rank == SY_NONE || joined.rank == SY_NONE)
            return SY_OK;
        if (input->shape.rank != joined.rank)
            return sy_fail(infer->ctx, SY_E_MODEL, "inputs of rank %d and %d: they must be equal",
                           joined.rank, input->shape.rank);
        SY_TRY(sy_resolve_axis(infer->ctx, sy_node_int(infer->node, "axis", 0), joined.rank, &axis));
        if (i > 0)
            SY_TRY(join(infer, input, axis, &joined));
    }
    infer->shapes[0] = joined;
    return SY_OK;
}

static sy_status lower_concat(sy_lowering *lowering, const sy_node *node)
{
    const sy_shape *y = &sy_lower_output_tensor(lowering, node, 0)->shape;
    const sy_operand to = sy_lower_output(lowering, node, 0);
    int64_t at = 0;
    int axis;

    SY_TRY(sy_resolve_axis(lowering->ctx, sy_node_int(node, "axis", 0), y->rank, &axis));
    for (int i = 0; i < node->input_count; i++) {
        const sy_shape *x = &sy_lower_input_tensor(lowering, node, i)->shape;
        move_part(lowering, x, axis, sy_lower_input(lowering, node, i), x, 0, to, y, at);
        at += x->dims[axis];
    }
    return SY_OK;
}

static const sy_list_place split_place = {"split", 13, 1};

/* Equal parts of `size`; the last is smaller where they do not come out even, which only num_outputs allows.
 */
static sy_status equal_parts(sy_infer *infer, int64_t size, int64_t *parts)
{
    const int count = infer->node->output_count;
    const int64_t whole = (size + count - 1) / count;
    int64_t left = size;

    if (size % count && !sy_node_attr(infer->node, "num_outputs"))
        return sy_fail(infer->ctx, SY_E_MODEL, "%lld positions do not come out even in %d parts",
                       (long long)size, count);
    for (int i = 0; i < count; i++) {
        parts[i] = left < whole ? left : whole;
        left -= parts[i];
    }
    return SY_OK;
}

static sy_status given_parts(sy_infer *infer, const sy_list *split, int64_t size)
{
    int64_t sum = 0;

    if (split->count != infer->node->output_count)
        return sy_fail(infer->ctx, SY_E_MODEL, "split names %d parts for %d outputs", split->count,
                       infer->node->output_count);
    for (int i = 0; i < split->count; i++) {
        if (split->values[i] < 0 || __builtin_add_overflow(sum, split->values[i], &sum))
            return sy_fail(infer->ctx, SY_E_MODEL, "split holds %lld: a part cannot have that size",
                           (long long)split->values[i]);
    }
    if (size != SY_NONE && sum != size)
        return sy_fail(infer->ctx, SY_E_MODEL, "the parts of split hold %lld positions, the axis has %lld",
                       (long long)sum, (long long)size);
    return SY_OK;
}

/* Sizes of the parts along the axis, SY_NONE where they are not known. */
static sy_status read_parts(sy_infer *infer, int64_t size, sy_list *parts)
{
    const int64_t count = sy_node_int(infer->node, "num_outputs", infer->node->output_count);

    SY_TRY(sy_read_list(infer, split_place, parts));
    if (infer->node->output_count > SY_LIST_CAPACITY)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED, "%d outputs, at most %d can be computed",
                       infer->node->output_count, SY_LIST_CAPACITY);
    if (count != infer->node->output_count)
        return sy_fail(infer->ctx, SY_E_MODEL, "attribute num_outputs is %lld for %d outputs",
                       (long long)count, infer->node->output_count);
    if (parts->state == SY_LIST_KNOWN)
        return given_parts(infer, parts, size);
    if (parts->state == SY_LIST_ABSENT && size != SY_NONE)
        return equal_parts(infer, size, parts->values);
    for (int i = 0; i < infer->node->output_count; i++)
        parts->values[i] = SY_NONE;
    return SY_OK;
}

static sy_status infer_split(sy_infer *infer)
{
    const sy_tensor *x = sy_infer_input(infer, 0);
    sy_list parts;
    int axis;

    if (x->shape.rank == SY_NONE)
        return SY_OK;
    SY_TRY(sy_resolve_axis(infer->ctx, sy_node_int(infer->node, "axis", 0), x->shape.rank, &axis));
    SY_TRY(read_parts(infer, x->shape.dims[axis], &parts));
    for (int i = 0; i < infer->node->output_count; i++) {
        infer->shapes[i] = x->shape;
        infer->shapes[i].dims[axis] = parts.values[i];
    }
    return SY_OK;
}

static sy_status lower_split(sy_lowering *lowering, const sy_node *node)
{
    sy_infer view = sy_lower_view(lowering, node);
    const sy_shape *x = &sy_lower_input_tensor(lowering, node, 0)->shape;
    const sy_operand from = sy_lower_input(lowering, node, 0);
    sy_list parts;
    int64_t at = 0;
    int axis;

    SY_TRY(sy_resolve_axis(lowering->ctx, sy_node_int(node, "axis", 0), x->rank, &axis));
    SY_TRY(read_parts(&view, x->dims[axis], &parts));
    if (parts.state == SY_LIST_UNKNOWN)
        return sy_fail(lowering->ctx, SY_E_UNSUPPORTED, "input '%s' (split) must be a constant",
                       sy_lower_input_tensor(lowering, node, split_place.input)->name);
    for (int i = 0; i < node->output_count; i++) {
        const sy_operand to = sy_lower_output(lowering, node, i);
        sy_shape part = *x;
        part.dims[axis] = parts.values[i];
        if (to.slot != SY_NONE)
            move_part(lowering, &part, axis, from, x, at, to, &part, 0);
        at += part.dims[axis];
    }
    return SY_OK;
}

const sy_op sy_op_concat = {
    .type = "Concat",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = SY_NONE,
    .outputs_max = 1,
    .quant = SY_QUANT_SAME_SCALE,
    .infer = infer_concat,
    .lower = lower_concat,
};

const sy_op sy_op_split = {
    .type = "Split",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 2,
    .outputs_max = SY_LIST_CAPACITY,
    .note = "split is a constant",
    .quant = SY_QUANT_SAME_SCALE,
    .infer = infer_split,
    .lower = lower_split,
};
