/* LayerNormalization and InstanceNormalization: each row less its mean, over its deviation. */
#include <math.h>

#include "ops/lowering.h"

static sy_status resolve_layer_axis(sy_ctx *ctx, const sy_node *node, const sy_shape *x, int *out)
{
    return sy_resolve_axis(ctx, sy_node_int(node, "axis", -1), x->rank, out);
}

/* Inputs 1 and 2 are read over the normalized dimensions. */
static sy_status check_scale(const sy_infer *infer, int i, const sy_shape *row)
{
    const sy_tensor *input = sy_infer_input(infer, i);
    sy_shape joined;
    if (!input || !sy_shape_known(&input->shape) || !sy_shape_known(row))
        return SY_OK;
    SY_TRY(sy_broadcast_shapes(infer->ctx, &input->shape, row, &joined));
    if (sy_shape_equal(&joined, row))
        return SY_OK;
    char text[SY_SHAPE_TEXT], wanted[SY_SHAPE_TEXT];
    return sy_fail(infer->ctx, SY_E_MODEL, "input '%s' of shape %s does not fit rows of shape %s",
                   input->name, sy_shape_print(&input->shape, text), sy_shape_print(row, wanted));
}

static sy_shape row_shape(const sy_shape *x, int axis)
{
    sy_shape row = {.rank = x->rank - axis};
    for (int i = axis; i < x->rank; i++)
        row.dims[i - axis] = x->dims[i];
    return row;
}

static sy_status infer_layer_norm(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    int axis;
    SY_TRY(sy_infer_floats(infer));
    if (x->rank == SY_NONE)
        return SY_OK;
    SY_TRY(resolve_layer_axis(infer->ctx, infer->node, x, &axis));
    const sy_shape row = row_shape(x, axis);
    SY_TRY(check_scale(infer, 1, &row));
    SY_TRY(check_scale(infer, 2, &row));
    sy_shape moments = *x;
    for (int i = axis; i < x->rank; i++)
        moments.dims[i] = 1;
    for (int i = 1; i < infer->node->output_count; i++) {
        infer->shapes[i] = moments;
        infer->dtypes[i] = SY_DTYPE_FLOAT;
    }
    return sy_infer_same(infer);
}

/* Input i as one number a column: as it is, or written out over the row. */
static sy_operand spread(sy_lowering *lowering, const sy_node *node, int i, const sy_shape *row)
{
    const sy_operand from = sy_lower_input(lowering, node, i);
    if (from.slot == SY_NONE)
        return from;
    const sy_shape *shape = &lowering->graph->tensors[node->inputs[i]].shape;
    size_t have = 0, count = 0;
    sy_shape_count(shape, &have);
    sy_shape_count(row, &count);
    if (have == count)
        return from;
    sy_move_params params = {.rank = (uint32_t)row->rank};
    uint32_t strides[SY_KERNEL_RANK], dense[SY_KERNEL_RANK];
    sy_lower_broadcast(shape, row, strides);
    sy_lower_strides(row, dense);
    for (int k = 0; k < row->rank; k++) {
        params.dims[k] = (uint32_t)row->dims[k];
        params.x_strides[k] = (int32_t)strides[k];
        params.y_strides[k] = (int32_t)dense[k];
    }
    const sy_operand to = sy_lower_scratch(lowering, count);
    SY_LOWER(lowering, move, &params, from, to);
    return to;
}

/* y = function(a, b) over [rows][count]; the right operand is one number, or one a row. */
static void lower_row_arithmetic(sy_lowering *lowering, uint32_t function, uint32_t rows, uint32_t count,
                                 sy_operand a, sy_operand b, bool b_per_row, sy_operand y)
{
    const sy_binary_params params = {.function = function,
                                     .kind = SY_KIND_FLOAT,
                                     .rank = 2,
                                     .dims = {rows, count},
                                     .a_strides = {count, 1},
                                     .b_strides = {b_per_row, 0},
                                     .clamp = {-INFINITY, INFINITY}};
    SY_LOWER(lowering, binary, &params, a, b, y);
}

static void lower_row_reduction(sy_lowering *lowering, uint32_t function, uint32_t rows, uint32_t count,
                                sy_operand x, sy_operand y)
{
    const sy_reduce_params params = {.function = function,
                                     .kind = SY_KIND_FLOAT,
                                     .kept_rank = 1,
                                     .kept_dims = {rows},
                                     .kept_strides = {count},
                                     .reduced_rank = 1,
                                     .reduced_dims = {count},
                                     .reduced_strides = {1}};
    SY_LOWER(lowering, reduce, &params, x, y);
}

/* The optional outputs Mean and InvStdDev, which inference seldom asks for, from the kernels there are. */
static void lower_moments(sy_lowering *lowering, const sy_node *node, uint32_t rows, uint32_t count,
                          float epsilon)
{
    const sy_operand x = sy_lower_input(lowering, node, 0);
    const sy_operand mean_output = sy_lower_output(lowering, node, 1),
                     inverse = sy_lower_output(lowering, node, 2);
    const sy_operand mean = mean_output.slot == SY_NONE ? sy_lower_scratch(lowering, rows) : mean_output;
    const float elements = (float)count;
    lower_row_reduction(lowering, SY_REDUCE_MEAN, rows, count, x, mean);
    if (inverse.slot == SY_NONE)
        return;
    const sy_operand centred = sy_lower_scratch(lowering, (size_t)rows * count);
    const sy_operand variance = sy_lower_scratch(lowering, rows);
    const sy_operand size = sy_lower_constant(lowering, &elements, 1),
                     least = sy_lower_constant(lowering, &epsilon, 1);
    lower_row_arithmetic(lowering, SY_BINARY_SUB, rows, count, x, mean, true, centred);
    lower_row_reduction(lowering, SY_REDUCE_SUM_SQUARE, rows, count, centred, variance);
    lower_row_arithmetic(lowering, SY_BINARY_DIV, 1, rows, variance, size, false, variance);
    lower_row_arithmetic(lowering, SY_BINARY_ADD, 1, rows, variance, least, false, variance);
    const sy_unary_params root = {.function = SY_UNARY_SQRT, .kind = SY_KIND_FLOAT, .count = rows};
    const sy_unary_params reciprocal = {
        .function = SY_UNARY_RECIPROCAL, .kind = SY_KIND_FLOAT, .count = rows};
    SY_LOWER(lowering, unary, &root, variance, variance);
    SY_LOWER(lowering, unary, &reciprocal, variance, inverse);
}

static sy_status lower_layer_norm(sy_lowering *lowering, const sy_node *node)
{
    const sy_shape *x = &lowering->graph->tensors[node->inputs[0]].shape;
    int axis;
    SY_TRY(resolve_layer_axis(lowering->ctx, node, x, &axis));
    const sy_shape row = row_shape(x, axis);
    const sy_operand scale = spread(lowering, node, 1, &row), bias = spread(lowering, node, 2, &row);
    sy_normalize_params params = {.rows = 1,
                                  .count = 1,
                                  .has_bias = bias.slot != SY_NONE,
                                  .row_period = 1,
                                  .scale_rows = 1,
                                  .scale_column_stride = 1,
                                  .epsilon = sy_node_float(node, "epsilon", 1e-5f)};
    for (int i = 0; i < x->rank; i++)
        *(i < axis ? &params.rows : &params.count) *= (uint32_t)x->dims[i];
    SY_LOWER(lowering, normalize, &params, sy_lower_input(lowering, node, 0), scale, bias,
             sy_lower_output(lowering, node, 0));
    for (int i = 1; i < node->output_count; i++) {
        if (node->outputs[i] != SY_NONE) {
            lower_moments(lowering, node, params.rows, params.count, params.epsilon);
            break;
        }
    }
    return SY_OK;
}

static sy_status infer_instance_norm(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    SY_TRY(sy_infer_floats(infer));
    if (x->rank == SY_NONE)
        return SY_OK;
    if (x->rank < 3)
        return sy_fail(infer->ctx, SY_E_MODEL,
                       "an input of rank %d has nothing after its channels to normalize", x->rank);
    SY_TRY(sy_infer_vector(infer, 1, x->dims[1]));
    SY_TRY(sy_infer_vector(infer, 2, x->dims[1]));
    return sy_infer_same(infer);
}

static sy_status lower_instance_norm(sy_lowering *lowering, const sy_node *node)
{
    const sy_shape *x = &lowering->graph->tensors[node->inputs[0]].shape;
    sy_normalize_params params = {.rows = (uint32_t)(x->dims[0] * x->dims[1]),
                                  .count = 1,
                                  .has_bias = 1,
                                  .row_period = 1,
                                  .scale_rows = (uint32_t)x->dims[1],
                                  .scale_row_stride = 1,
                                  .epsilon = sy_node_float(node, "epsilon", 1e-5f)};
    for (int i = 2; i < x->rank; i++)
        params.count *= (uint32_t)x->dims[i];
    SY_LOWER(lowering, normalize, &params, sy_lower_input(lowering, node, 0),
             sy_lower_input(lowering, node, 1), sy_lower_input(lowering, node, 2),
             sy_lower_output(lowering, node, 0));
    return SY_OK;
}

const sy_op sy_op_layer_normalization = {
    .type = "LayerNormalization",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 3,
    .outputs_max = 3,
    .since = 17,
    .quant = SY_QUANT_NEVER,
    .infer = infer_layer_norm,
    .lower = lower_layer_norm,
};

const sy_op sy_op_instance_normalization = {
    .type = "InstanceNormalization",
    .domain = "",
    .inputs_min = 3,
    .inputs_max = 3,
    .outputs_max = 1,
    .quant = SY_QUANT_NEVER,
    .infer = infer_instance_norm,
    .lower = lower_instance_norm,
};
