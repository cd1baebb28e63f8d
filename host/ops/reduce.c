/* Operators that reduce some axes to one value. */
#include "ops/arguments.h"
#include "ops/space.h"

/* ReduceSum got its axes as an input five opsets before the others. */
enum { SUM_AXES_SINCE = 13, AXES_SINCE = 18 };

/* Which axes go. *out_known false: the list is computed. */
static sy_status read_axes(const sy_infer *infer, int since, int rank, bool flags[SY_MAX_RANK],
                           bool *out_known)
{
    const sy_list_place place = {"axes", since, 1};
    sy_list axes;

    SY_TRY(sy_read_list(infer, place, &axes));
    *out_known = axes.state != SY_LIST_UNKNOWN;
    SY_TRY(sy_resolve_axes(infer->ctx, &axes, rank, flags));
    const bool all = axes.count == 0 && sy_node_int(infer->node, "noop_with_empty_axes", 0) == 0;
    for (int i = 0; i < rank && all; i++)
        flags[i] = true;
    return SY_OK;
}

static sy_status infer_since(sy_infer *infer, int since)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    const bool keep = sy_node_int(infer->node, "keepdims", 1) != 0;
    bool reduced[SY_MAX_RANK], known;
    sy_shape y = {.rank = 0};

    if (x->rank == SY_NONE)
        return SY_OK;
    SY_TRY(read_axes(infer, since, x->rank, reduced, &known));
    if (!known) {
        if (keep) {
            y.rank = x->rank;
            for (int i = 0; i < x->rank; i++)
                y.dims[i] = x->dims[i] == 1 ? 1 : SY_NONE;
            infer->shapes[0] = y;
        }
        return SY_OK;
    }
    for (int i = 0; i < x->rank; i++) {
        if (!reduced[i] || keep)
            y.dims[y.rank++] = reduced[i] ? 1 : x->dims[i];
    }
    infer->shapes[0] = y;
    return SY_OK;
}

static sy_status infer(sy_infer *infer)
{
    return infer_since(infer, AXES_SINCE);
}

static sy_status infer_sum(sy_infer *infer)
{
    return infer_since(infer, SUM_AXES_SINCE);
}

/* Neighbouring dimensions of one fate are merged: the order of the elements, which is part of the contract,
 * stays. */
static void set_spaces(sy_reduce_params *params, const sy_shape *x, const bool *reduced)
{
    sy_space kept = {.operands = 1}, gone = {.operands = 1};
    int64_t strides[SY_KERNEL_RANK];

    sy_dense_strides(x, strides);
    for (int i = 0; i < x->rank; i++) {
        sy_space *space = reduced[i] ? &gone : &kept;
        space->dims[space->rank] = x->dims[i];
        space->strides[0][space->rank++] = strides[i];
    }
    sy_space_shrink(&kept);
    sy_space_shrink(&gone);
    params->kept_rank = (uint32_t)kept.rank;
    params->reduced_rank = (uint32_t)gone.rank;
    sy_space_dims(&kept, params->kept_dims);
    sy_space_strides(&kept, 0, params->kept_strides);
    sy_space_dims(&gone, params->reduced_dims);
    sy_space_strides(&gone, 0, params->reduced_strides);
}

/* The roots and logarithms of integers are computed as floats, and cut off. */
static bool needs_float(uint32_t function)
{
    return function == SY_REDUCE_L2 || function == SY_REDUCE_LOG_SUM || function == SY_REDUCE_LOG_SUM_EXP;
}

static void lower_as_float(sy_lowering *lowering, sy_reduce_params *params, sy_operand x, uint32_t x_count,
                           sy_operand y, uint32_t y_count)
{
    const sy_cast_params there = {.mode = SY_CAST_INT_TO_FLOAT, .kind = SY_KIND_INT, .count = x_count};
    const sy_cast_params back = {.mode = SY_CAST_FLOAT_TO_INT,
                                 .kind = SY_KIND_FLOAT,
                                 .count = y_count,
                                 .lo = INT32_MIN,
                                 .hi = INT32_MAX};
    const sy_operand as_float = sy_lower_scratch(lowering, x_count);

    params->kind = SY_KIND_FLOAT;
    if (x_count)
        SY_LOWER(lowering, cast, &there, x, as_float);
    SY_LOWER(lowering, reduce, params, as_float, y);
    SY_LOWER(lowering, cast, &back, y, y);
}

static sy_status lower_since(sy_lowering *lowering, const sy_node *node, int since, uint32_t function)
{
    const sy_infer view = sy_lower_view(lowering, node);
    const sy_tensor *x = sy_lower_input_tensor(lowering, node, 0);
    const uint32_t y_count = sy_known_count(&sy_lower_output_tensor(lowering, node, 0)->shape);
    const sy_operand from = sy_lower_input(lowering, node, 0), to = sy_lower_output(lowering, node, 0);
    sy_reduce_params params = {.function = function, .kind = sy_lower_kind(x->dtype)};
    bool reduced[SY_MAX_RANK], known;

    SY_TRY(read_axes(&view, since, x->shape.rank, reduced, &known));
    if (!known)
        return sy_fail(lowering->ctx, SY_E_UNSUPPORTED, "input '%s' (axes) must be a constant",
                       sy_lower_input_tensor(lowering, node, 1)->name);
    if (y_count == 0)
        return SY_OK;
    set_spaces(&params, &x->shape, reduced);
    if (params.kind == SY_KIND_INT && needs_float(function))
        lower_as_float(lowering, &params, from, sy_known_count(&x->shape), to, y_count);
    else
        SY_LOWER(lowering, reduce, &params, from, to);
    return SY_OK;
}

/* REDUCE(name, type, quantization, opset since which the axes are an input, shape rule, function) */
#define REDUCE(name_, type_, quant_, since_, infer_, function_)                \
    static sy_status lower_##name_(sy_lowering *lowering, const sy_node *node) \
    {                                                                          \
        return lower_since(lowering, node, since_, SY_REDUCE_##function_);     \
    }                                                                          \
    const sy_op sy_op_##name_ = {                                              \
        .type = type_,                                                         \
        .domain = "",                                                          \
        .inputs_min = 1,                                                       \
        .inputs_max = 2,                                                       \
        .outputs_max = 1,                                                      \
        .quant = SY_QUANT_##quant_,                                            \
        .infer = infer_,                                                       \
        .lower = lower_##name_,                                                \
    };

REDUCE(reduce_sum, "ReduceSum", NEW_SCALE, SUM_AXES_SINCE, infer_sum, SUM)
REDUCE(reduce_mean, "ReduceMean", NEW_SCALE, AXES_SINCE, infer, MEAN)
REDUCE(reduce_max, "ReduceMax", SAME_SCALE, AXES_SINCE, infer, MAX)
REDUCE(reduce_min, "ReduceMin", SAME_SCALE, AXES_SINCE, infer, MIN)
/* Products, squares and logarithms spread over a range for which eight bits are too few. */
REDUCE(reduce_prod, "ReduceProd", NEVER, AXES_SINCE, infer, PROD)
REDUCE(reduce_sum_square, "ReduceSumSquare", NEVER, AXES_SINCE, infer, SUM_SQUARE)
REDUCE(reduce_l1, "ReduceL1", NEVER, AXES_SINCE, infer, L1)
REDUCE(reduce_l2, "ReduceL2", NEVER, AXES_SINCE, infer, L2)
REDUCE(reduce_log_sum, "ReduceLogSum", NEVER, AXES_SINCE, infer, LOG_SUM)
REDUCE(reduce_log_sum_exp, "ReduceLogSumExp", NEVER, AXES_SINCE, infer, LOG_SUM_EXP)
