/* Expand and Tile: the same words several times. */
#include "ops/arguments.h"
#include "ops/space.h"

static const sy_list_place expand_shape = {"shape", 8, 1};

static sy_status infer_expand(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    sy_list list;
    sy_shape target;

    SY_TRY(sy_read_list(infer, expand_shape, &list));
    if (list.state != SY_LIST_KNOWN)
        return SY_OK;
    if (list.count > SY_MAX_RANK)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED,
                       "the shape has %d dimensions, at most %d can be computed", list.count, SY_MAX_RANK);
    target.rank = list.count;
    for (int i = 0; i < list.count; i++) {
        if (list.values[i] < 0)
            return sy_fail(infer->ctx, SY_E_MODEL, "dimension %d of the shape is %lld", i,
                           (long long)list.values[i]);
        target.dims[i] = list.values[i];
    }
    return sy_broadcast_shapes(infer->ctx, x, &target, &infer->shapes[0]);
}

static sy_status lower_expand(sy_lowering *lowering, const sy_node *node)
{
    const sy_shape *x = &sy_lower_input_tensor(lowering, node, 0)->shape;
    const sy_shape *y = &sy_lower_output_tensor(lowering, node, 0)->shape;
    sy_space space = sy_space_of(y);

    if (sy_known_count(x) == sy_known_count(y))
        return sy_lower_alias(lowering, node, 0, 0);
    sy_space_add(&space, x);
    sy_space_add(&space, y);
    const sy_operand from = sy_lower_input(lowering, node, 0);
    sy_lower_move(lowering, space, from, 0, sy_lower_output(lowering, node, 0), 0);
    return SY_OK;
}

static const sy_list_place tile_repeats = {"repeats", 6, 1};

static sy_status infer_tile(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    sy_shape *y = &infer->shapes[0];
    sy_list repeats;

    SY_TRY(sy_read_list(infer, tile_repeats, &repeats));
    if (x->rank == SY_NONE)
        return SY_OK;
    if (repeats.state == SY_LIST_KNOWN && repeats.count != x->rank)
        return sy_fail(infer->ctx, SY_E_MODEL, "%d repeats for a tensor of rank %d", repeats.count, x->rank);
    y->rank = x->rank;
    for (int i = 0; i < x->rank; i++) {
        y->dims[i] = SY_NONE;
        if (repeats.state != SY_LIST_KNOWN)
            continue;
        if (repeats.values[i] < 0)
            return sy_fail(infer->ctx, SY_E_MODEL, "repeat %d is %lld", i, (long long)repeats.values[i]);
        if (x->dims[i] != SY_NONE && __builtin_mul_overflow(x->dims[i], repeats.values[i], &y->dims[i]))
            return sy_fail(infer->ctx, SY_E_UNSUPPORTED, "dimension %d becomes too large", i);
    }
    return SY_OK;
}

/* Repeats one axis: [outer][block] to [outer][repeats][block], where a block is the axis and all that is
 * inside it. */
static void repeat_axis(sy_lowering *lowering, sy_operand from, sy_operand to, const sy_shape *x, int axis,
                        int64_t repeats)
{
    const int64_t block = sy_known_product(x, axis, x->rank);
    const sy_shape y = {.rank = 3, .dims = {sy_known_product(x, 0, axis), repeats, block}};
    sy_space space = sy_space_of(&y);

    sy_space_add_strides(&space, (const int64_t[]){block, 0, 1});
    sy_space_add(&space, &y);
    sy_lower_move(lowering, space, from, 0, to, 0);
}

/* The innermost repeated axis first, so that what the others repeat is already in long rows; one move an
 * axis. */
static sy_status lower_tile(sy_lowering *lowering, const sy_node *node)
{
    const sy_shape *y = &sy_lower_output_tensor(lowering, node, 0)->shape;
    sy_shape shape = sy_lower_input_tensor(lowering, node, 0)->shape;
    const sy_operand to = sy_lower_output(lowering, node, 0);
    sy_operand from = sy_lower_input(lowering, node, 0);
    int left = 0;

    for (int i = 0; i < shape.rank; i++)
        left += shape.dims[i] != y->dims[i];
    if (left == 0)
        return sy_lower_alias(lowering, node, 0, 0);
    for (int i = shape.rank - 1; i >= 0 && sy_known_count(y) > 0; i--) {
        if (shape.dims[i] == y->dims[i])
            continue;
        sy_shape wider = shape;
        wider.dims[i] = y->dims[i];
        const sy_operand step = --left ? sy_lower_scratch(lowering, sy_known_count(&wider)) : to;
        repeat_axis(lowering, from, step, &shape, i, y->dims[i] / shape.dims[i]);
        from = step;
        shape = wider;
    }
    return SY_OK;
}

const sy_op sy_op_expand = {
    .type = "Expand",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 2,
    .outputs_max = 1,
    .since = 8,
    .quant = SY_QUANT_SAME_SCALE,
    .infer = infer_expand,
    .lower = lower_expand,
};

const sy_op sy_op_tile = {
    .type = "Tile",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 2,
    .outputs_max = 1,
    .quant = SY_QUANT_SAME_SCALE,
    .infer = infer_tile,
    .lower = lower_tile,
};
