/* DynamicQuantizeLinear: a scale and a zero point from the extremes of the tensor, 0 among them, and its
 * uint8 codes. A tensor of nothing but 0 has the scale 1, as onnxruntime gives it; the specification divides
 * by 0.
 */
#include <math.h>

#include "ops/arguments.h"
#include "ops/lowering.h"
#include "ops/space.h"

enum { CODES_MAX = 255 };

static sy_status infer(sy_infer *infer)
{
    static const sy_dtype types[] = {SY_DTYPE_UINT8, SY_DTYPE_FLOAT, SY_DTYPE_UINT8};
    const sy_dtype dtype = sy_infer_input(infer, 0)->dtype;
    if (dtype != SY_DTYPE_FLOAT && dtype != SY_DTYPE_UNDEFINED)
        return sy_fail(infer->ctx, SY_E_MODEL, "it takes float32, not %s", sy_dtype_name(dtype));
    for (int i = 0; i < infer->node->output_count && i < 3; i++) {
        infer->dtypes[i] = types[i];
        infer->shapes[i] = i == 0 ? sy_infer_input(infer, 0)->shape : (sy_shape){.rank = 0};
    }
    return SY_OK;
}

static const sy_binary_params single = {
    .kind = SY_KIND_FLOAT, .rank = 1, .dims = {1}, .clamp = {-INFINITY, INFINITY}};

/* y = a op b of single numbers. */
static sy_operand combine(sy_lowering *lowering, uint32_t function, sy_operand a, sy_operand b)
{
    sy_binary_params params = single;
    const sy_operand y = sy_lower_scratch(lowering, 1);
    params.function = function;
    SY_LOWER(lowering, binary, &params, a, b, y);
    return y;
}

/* The extreme of all elements and 0. */
static sy_operand extreme(sy_lowering *lowering, sy_operand x, uint32_t count, uint32_t reduce,
                          uint32_t binary, sy_operand zero)
{
    const sy_reduce_params params = {.function = reduce,
                                     .kind = SY_KIND_FLOAT,
                                     .reduced_rank = 1,
                                     .reduced_dims = {count},
                                     .reduced_strides = {1}};
    const sy_operand found = sy_lower_scratch(lowering, 1);
    SY_LOWER(lowering, reduce, &params, x, found);
    return combine(lowering, binary, found, zero);
}

/* The codes begin at 0, so the zero point is -lo / scale, rounded and within the codes. */
static void lower_zero_point(sy_lowering *lowering, sy_operand lo, sy_operand scale, sy_operand zero,
                             sy_operand out)
{
    const sy_unary_params round = {.function = SY_UNARY_ROUND, .kind = SY_KIND_FLOAT, .count = 1};
    const sy_cast_params cast = {.mode = SY_CAST_FLOAT_TO_INT, .count = 1, .lo = 0, .hi = CODES_MAX};
    const sy_operand steps = combine(lowering, SY_BINARY_DIV, lo, scale);
    const sy_operand exact = combine(lowering, SY_BINARY_SUB, zero, steps);
    const sy_operand rounded = sy_lower_scratch(lowering, 1);
    SY_LOWER(lowering, unary, &round, exact, rounded);
    SY_LOWER(lowering, cast, &cast, rounded, out);
}

/* An output that the node may not have. */
static sy_operand output_or_scratch(sy_lowering *lowering, const sy_node *node, int i)
{
    const bool is_there = i < node->output_count && node->outputs[i] != SY_NONE;
    return is_there ? sy_lower_output(lowering, node, i) : sy_lower_scratch(lowering, 1);
}

static sy_status lower(sy_lowering *lowering, const sy_node *node)
{
    static const float numbers[] = {0, CODES_MAX, 1};
    const sy_where_params choose = {.rank = 1, .dims = {1}};
    const uint32_t count = sy_known_count(&sy_lower_input_tensor(lowering, node, 0)->shape);
    const sy_quantize_params quantize = {.outer = 1, .channels = 1, .inner = count, .lo = 0, .hi = CODES_MAX};
    const sy_operand x = sy_lower_input(lowering, node, 0);
    const sy_operand zero = sy_lower_constant(lowering, &numbers[0], 1);
    const sy_operand scale = output_or_scratch(lowering, node, 1);
    const sy_operand zero_point = output_or_scratch(lowering, node, 2);

    const sy_operand lo = extreme(lowering, x, count, SY_REDUCE_MIN, SY_BINARY_MIN, zero);
    const sy_operand hi = extreme(lowering, x, count, SY_REDUCE_MAX, SY_BINARY_MAX, zero);
    const sy_operand range = combine(lowering, SY_BINARY_SUB, hi, lo);
    const sy_operand step =
        combine(lowering, SY_BINARY_DIV, range, sy_lower_constant(lowering, &numbers[1], 1));
    const sy_operand is_flat = combine(lowering, SY_BINARY_EQUAL, step, zero);
    SY_LOWER(lowering, where, &choose, is_flat, sy_lower_constant(lowering, &numbers[2], 1), step, scale);
    lower_zero_point(lowering, lo, scale, zero, zero_point);
    SY_LOWER(lowering, quantize, &quantize, x, scale, zero_point, sy_lower_output(lowering, node, 0));
    return SY_OK;
}

const sy_op sy_op_dynamic_quantize_linear = {
    .type = "DynamicQuantizeLinear",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 3,
    .since = 11,
    .quant = SY_QUANT_NEVER,
    .infer = infer,
    .lower = lower,
};
