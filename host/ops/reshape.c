/* Operators whose output is the input's words under another shape: they cost nothing. */
#include <string.h>

#include "base/bytes.h"
#include "ops/arguments.h"
#include "ops/space.h"

static sy_status lower_alias(sy_lowering *lowering, const sy_node *node)
{
    return sy_lower_alias(lowering, node, 0, 0);
}

static sy_status infer_identity(sy_infer *infer)
{
    infer->shapes[0] = sy_infer_input(infer, 0)->shape;
    return SY_OK;
}

/* The target list of a Reshape: 0 copies a dimension of the input (unless allowzero), one -1 takes what is
 * left. */
static const sy_list_place reshape_target = {"shape", 5, 1};

/* Dimensions that are not -1, those copied from the input included. *out_free: which one is -1, or SY_NONE.
 */
static sy_status read_target(sy_infer *infer, const sy_list *target, const sy_shape *x, sy_shape *out,
                             int *out_free)
{
    const bool zero_is_zero = sy_node_int(infer->node, "allowzero", 0) != 0;

    *out_free = SY_NONE;
    out->rank = target->count;
    for (int i = 0; i < target->count; i++) {
        int64_t dim = target->values[i];
        if (dim < -1 || (dim == -1 && *out_free != SY_NONE))
            return sy_fail(infer->ctx, SY_E_MODEL, "dimension %d of the target shape is %lld: %s", i,
                           (long long)dim, dim < -1 ? "it must be at least -1" : "only one may be -1");
        if (dim == -1)
            *out_free = i;
        if (dim == 0 && !zero_is_zero) {
            if (x->rank != SY_NONE && i >= x->rank)
                return sy_fail(infer->ctx, SY_E_MODEL,
                               "dimension %d of the target shape copies one that the input lacks", i);
            dim = x->rank == SY_NONE ? SY_NONE : x->dims[i];
        }
        out->dims[i] = dim;
    }
    return SY_OK;
}

/* Products of the dimensions of `x` and of `target`, without those that both have unknown at the same place,
 * which cancel, and without target[skip]. false when another unknown remains or a product is too large.
 */
static bool comparable_counts(const sy_shape *x, const sy_shape *target, int skip, size_t *out_x,
                              size_t *out_target)
{
    size_t have = 1, want = 1;

    if (x->rank == SY_NONE)
        return false;
    for (int i = 0; i < x->rank || i < target->rank; i++) {
        const int64_t from = i < x->rank ? x->dims[i] : 1;
        const int64_t to = i < target->rank && i != skip ? target->dims[i] : 1;
        const bool cancels = from == SY_NONE && to == SY_NONE;
        if (!cancels && (from == SY_NONE || to == SY_NONE))
            return false;
        if (!cancels && (!sy_mul_size(have, (size_t)from, &have) || !sy_mul_size(want, (size_t)to, &want)))
            return false;
    }
    *out_x = have;
    *out_target = want;
    return true;
}

/* Fills the free dimension if it follows, and checks that nothing is lost. */
static sy_status settle_target(sy_infer *infer, const sy_shape *x, int free_dim, sy_shape *shape)
{
    size_t have, want;
    char from[SY_SHAPE_TEXT], to[SY_SHAPE_TEXT];

    if (!comparable_counts(x, shape, free_dim, &have, &want))
        return SY_OK;
    if (free_dim == SY_NONE ? have != want : want == 0 || have % want != 0)
        return sy_fail(infer->ctx, SY_E_MODEL, "the input's shape %s cannot become %s",
                       sy_shape_print(x, from), sy_shape_print(shape, to));
    if (free_dim != SY_NONE)
        shape->dims[free_dim] = (int64_t)(have / want);
    return SY_OK;
}

static sy_status infer_reshape(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    const sy_shape *target_shape = &sy_infer_input(infer, 1)->shape;
    sy_list target;
    sy_shape shape = {.rank = SY_NONE};
    int free_dim;

    SY_TRY(sy_read_list(infer, reshape_target, &target));
    if (target.state == SY_LIST_UNKNOWN) {
        if (target_shape->rank == 1 && target_shape->dims[0] >= 0 && target_shape->dims[0] <= SY_MAX_RANK) {
            shape.rank = (int)target_shape->dims[0];
            for (int i = 0; i < shape.rank; i++)
                shape.dims[i] = SY_NONE;
        }
        infer->shapes[0] = shape;
        return SY_OK;
    }
    if (target.count > SY_MAX_RANK)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED,
                       "the target shape has %d dimensions, at most %d can be computed", target.count,
                       SY_MAX_RANK);
    SY_TRY(read_target(infer, &target, x, &shape, &free_dim));
    SY_TRY(settle_target(infer, x, free_dim, &shape));
    infer->shapes[0] = shape;
    return SY_OK;
}

/* The product of dims [from, to); SY_NONE where one is unknown. */
static int64_t product(const sy_shape *shape, int from, int to)
{
    int64_t result = 1;

    for (int i = from; i < to; i++) {
        if (shape->dims[i] == SY_NONE || __builtin_mul_overflow(result, shape->dims[i], &result))
            return SY_NONE;
    }
    return result;
}

static sy_status infer_flatten(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    const int64_t axis = sy_node_int(infer->node, "axis", 1);

    infer->shapes[0] = (sy_shape){.rank = 2, .dims = {SY_NONE, SY_NONE}};
    if (x->rank == SY_NONE)
        return SY_OK;
    if (axis < -x->rank || axis > x->rank)
        return sy_fail(infer->ctx, SY_E_MODEL, "axis %lld is outside -%d..%d of a tensor of rank %d",
                       (long long)axis, x->rank, x->rank, x->rank);
    const int split = (int)(axis < 0 ? axis + x->rank : axis);
    infer->shapes[0].dims[0] = product(x, 0, split);
    infer->shapes[0].dims[1] = product(x, split, x->rank);
    return SY_OK;
}

static const sy_list_place squeeze_axes = {"axes", 13, 1};

static sy_status infer_squeeze(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    sy_list axes;
    bool drop[SY_MAX_RANK];
    sy_shape shape = {.rank = 0};

    SY_TRY(sy_read_list(infer, squeeze_axes, &axes));
    if (x->rank == SY_NONE || axes.state == SY_LIST_UNKNOWN)
        return SY_OK;
    SY_TRY(sy_resolve_axes(infer->ctx, &axes, x->rank, drop));
    for (int i = 0; i < x->rank; i++) {
        if (axes.state == SY_LIST_ABSENT && x->dims[i] == SY_NONE)
            return SY_OK; /* whether it goes depends on its size */
        if (drop[i] && x->dims[i] != 1 && x->dims[i] != SY_NONE)
            return sy_fail(infer->ctx, SY_E_MODEL, "axis %d has size %lld, only a 1 can be squeezed", i,
                           (long long)x->dims[i]);
        if (axes.state == SY_LIST_ABSENT ? x->dims[i] != 1 : !drop[i])
            shape.dims[shape.rank++] = x->dims[i];
    }
    infer->shapes[0] = shape;
    return SY_OK;
}

static sy_status infer_unsqueeze(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    sy_list axes;
    bool added[SY_MAX_RANK];
    sy_shape shape;
    int from = 0;

    SY_TRY(sy_read_list(infer, squeeze_axes, &axes));
    if (axes.state == SY_LIST_ABSENT)
        return sy_fail(infer->ctx, SY_E_MODEL, "it needs axes");
    if (x->rank == SY_NONE || axes.state == SY_LIST_UNKNOWN)
        return SY_OK;
    shape.rank = x->rank + axes.count;
    if (shape.rank > SY_MAX_RANK)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED, "the result has rank %d, at most %d can be computed",
                       shape.rank, SY_MAX_RANK);
    SY_TRY(sy_resolve_axes(infer->ctx, &axes, shape.rank, added));
    for (int i = 0; i < shape.rank; i++)
        shape.dims[i] = added[i] ? 1 : x->dims[from++];
    infer->shapes[0] = shape;
    return SY_OK;
}

/* As in inference: the values pass through, and the mask says that all of them did. */
static sy_status infer_dropout(sy_infer *infer)
{
    const sy_tensor *x = sy_infer_input(infer, 0);
    const sy_tensor *training = sy_infer_input(infer, 2);
    int64_t is_training = 0;

    if (training && training->data)
        SY_TRY(sy_tensor_to_i64(infer->ctx, training, &is_training, 1));
    if (is_training)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED, "training_mode is true: export the model for inference");
    infer->shapes[0] = x->shape;
    if (infer->node->output_count > 1) {
        infer->shapes[1] = x->shape;
        infer->dtypes[1] = infer->node->opset < 10 ? x->dtype : SY_DTYPE_BOOL;
    }
    return SY_OK;
}

static sy_status lower_dropout(sy_lowering *lowering, const sy_node *node)
{
    static const float one = 1;
    const sy_operand mask = sy_lower_output(lowering, node, 1);
    uint32_t word = 1;

    if (mask.slot != SY_NONE) {
        const sy_tensor *tensor = sy_lower_output_tensor(lowering, node, 1);
        if (sy_lower_kind(tensor->dtype) == SY_KIND_FLOAT)
            memcpy(&word, &one, sizeof word);
        sy_lower_fill(lowering, mask, sy_known_count(&tensor->shape), word);
    }
    return sy_lower_alias(lowering, node, 0, 0);
}

/* OPERATOR(name, type, inputs, inputs at most, outputs at most, shape rule, lowering) */
#define OPERATOR(name_, type_, min_, max_, outputs_, infer_, lower_) \
    const sy_op sy_op_##name_ = {                                    \
        .type = type_,                                               \
        .domain = "",                                                \
        .inputs_min = min_,                                          \
        .inputs_max = max_,                                          \
        .outputs_max = outputs_,                                     \
        .quant = SY_QUANT_SAME_SCALE,                                \
        .infer = infer_,                                             \
        .lower = lower_,                                             \
    };

OPERATOR(identity, "Identity", 1, 1, 1, infer_identity, lower_alias)
OPERATOR(reshape, "Reshape", 2, 2, 1, infer_reshape, lower_alias)
OPERATOR(flatten, "Flatten", 1, 1, 1, infer_flatten, lower_alias)
OPERATOR(squeeze, "Squeeze", 1, 2, 1, infer_squeeze, lower_alias)
OPERATOR(unsqueeze, "Unsqueeze", 1, 2, 1, infer_unsqueeze, lower_alias)
OPERATOR(dropout, "Dropout", 1, 3, 2, infer_dropout, lower_dropout)
