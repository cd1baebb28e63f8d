#include "ops/product_integer.h"

#include <math.h>

#include "ops/arguments.h"
#include "ops/space.h"

enum { X_ZERO = 2, W_ZERO = 3, LARGEST = 255, RADIX = 16, EXACT = 1 << 24 };

static sy_status check_operand(const sy_infer *infer, int i)
{
    const sy_tensor *operand = sy_infer_input(infer, i), *zero = sy_infer_input(infer, X_ZERO + i);
    if (operand->dtype != SY_DTYPE_UINT8 && operand->dtype != SY_DTYPE_INT8 &&
        operand->dtype != SY_DTYPE_UNDEFINED)
        return sy_fail(infer->ctx, SY_E_MODEL, "input '%s' holds %s, it must be uint8 or int8", operand->name,
                       sy_dtype_name(operand->dtype));
    if (zero && operand->dtype != SY_DTYPE_UNDEFINED && zero->dtype != SY_DTYPE_UNDEFINED &&
        zero->dtype != operand->dtype)
        return sy_fail(infer->ctx, SY_E_MODEL, "the zero point '%s' is %s, its operand %s", zero->name,
                       sy_dtype_name(zero->dtype), sy_dtype_name(operand->dtype));
    return SY_OK;
}

sy_status sy_infer_integer_product(sy_infer *infer, int channel_axis)
{
    const sy_shape *w = &sy_infer_input(infer, 1)->shape;
    size_t count;
    SY_TRY(check_operand(infer, 0));
    SY_TRY(check_operand(infer, 1));
    infer->dtypes[0] = SY_DTYPE_INT32;
    const sy_tensor *x_zero = sy_infer_input(infer, X_ZERO), *w_zero = sy_infer_input(infer, W_ZERO);
    if (x_zero && sy_shape_count(&x_zero->shape, &count) && count != 1)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED,
                       "%zu zero points of the first operand are not supported, only one", count);
    if (!w_zero || !sy_shape_count(&w_zero->shape, &count) || count == 1 || w->rank == SY_NONE)
        return SY_OK;
    const int axis = channel_axis < 0 ? w->rank + channel_axis : channel_axis;
    if (w_zero->shape.rank != 1 || axis < 0 || axis >= w->rank ||
        (w->dims[axis] != SY_NONE && w->dims[axis] != (int64_t)count))
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED,
                       "%zu zero points of the second operand are neither one nor one for each channel",
                       count);
    return SY_OK;
}

/* q - zero as floats. */
static sy_operand centre(sy_lowering *lowering, const sy_node *node, int i, int channel_axis)
{
    static const int32_t none = 0;
    const sy_shape *shape = &sy_lower_input_tensor(lowering, node, i)->shape;
    sy_quantize_params params = {.outer = 1, .channels = 1, .inner = sy_known_count(shape)};
    sy_operand zero = sy_lower_input(lowering, node, X_ZERO + i);
    if (zero.slot == SY_NONE) {
        zero = sy_lower_constant(lowering, &none, 1);
    } else if (sy_known_count(&sy_lower_input_tensor(lowering, node, X_ZERO + i)->shape) > 1) {
        const int axis = channel_axis < 0 ? shape->rank + channel_axis : channel_axis;
        params = (sy_quantize_params){.outer = sy_known_product(shape, 0, axis),
                                      .channels = (uint32_t)shape->dims[axis],
                                      .inner = sy_known_product(shape, axis + 1, shape->rank)};
    }
    float *ones = sy_arena_alloc(&lowering->arena, params.channels, sizeof *ones);
    if (!ones) {
        lowering->status = sy_check_alloc(lowering->ctx, ones);
        return sy_no_operand;
    }
    for (uint32_t c = 0; c < params.channels; c++)
        ones[c] = 1;
    const sy_operand out = sy_lower_scratch(lowering, sy_known_count(shape));
    SY_LOWER(lowering, dequantize, &params, sy_lower_input(lowering, node, i),
             sy_lower_constant(lowering, ones, params.channels), zero, out);
    return out;
}

/* y = a op b, where b is one number for all of a. */
static void lower_binary(sy_lowering *lowering, uint32_t function, uint32_t kind, uint32_t count,
                         sy_operand a, sy_operand b, bool b_is_one, sy_operand y)
{
    const sy_binary_params params = {.function = function,
                                     .kind = kind,
                                     .rank = 1,
                                     .dims = {count},
                                     .a_strides = {1},
                                     .b_strides = {b_is_one ? 0 : 1},
                                     .clamp = {-INFINITY, INFINITY}};
    SY_LOWER(lowering, binary, &params, a, b, y);
}

/* x = 16 * high + low, all whole numbers, 0 <= low < 16. */
static void split(sy_lowering *lowering, uint32_t count, sy_operand x, sy_operand *high, sy_operand *low)
{
    static const float radix = RADIX, part = 1.0F / RADIX;
    const sy_unary_params floor_params = {.function = SY_UNARY_FLOOR, .kind = SY_KIND_FLOAT, .count = count};
    *high = sy_lower_scratch(lowering, count);
    *low = sy_lower_scratch(lowering, count);
    const sy_operand scaled = sy_lower_scratch(lowering, count);
    lower_binary(lowering, SY_BINARY_MUL, SY_KIND_FLOAT, count, x, sy_lower_constant(lowering, &part, 1),
                 true, scaled);
    SY_LOWER(lowering, unary, &floor_params, scaled, *high);
    lower_binary(lowering, SY_BINARY_MUL, SY_KIND_FLOAT, count, *high, sy_lower_constant(lowering, &radix, 1),
                 true, scaled);
    lower_binary(lowering, SY_BINARY_SUB, SY_KIND_FLOAT, count, x, scaled, false, *low);
}

sy_integer_product sy_lower_integer_product(sy_lowering *lowering, const sy_node *node, int channel_axis,
                                            uint64_t terms)
{
    const uint32_t x_count = sy_known_count(&sy_lower_input_tensor(lowering, node, 0)->shape);
    const uint32_t y_count = sy_known_count(&sy_lower_output_tensor(lowering, node, 0)->shape);
    const bool parted = terms > EXACT / (LARGEST * LARGEST);
    sy_integer_product out = {.x = {centre(lowering, node, 0, 0), sy_no_operand},
                              .w = centre(lowering, node, 1, channel_axis),
                              .y = {sy_lower_scratch(lowering, y_count), sy_no_operand},
                              .parts = parted ? 2 : 1};
    if (parted) {
        const sy_operand x = out.x[0];
        out.y[1] = sy_lower_scratch(lowering, y_count);
        split(lowering, x_count, x, &out.x[0], &out.x[1]);
    }
    return out;
}

void sy_lower_integer_product_end(sy_lowering *lowering, const sy_node *node,
                                  const sy_integer_product *product)
{
    static const int32_t radix = RADIX;
    const uint32_t count = sy_known_count(&sy_lower_output_tensor(lowering, node, 0)->shape);
    const sy_cast_params cast = {
        .mode = SY_CAST_FLOAT_TO_INT, .count = count, .lo = INT32_MIN, .hi = INT32_MAX};
    const sy_operand y = sy_lower_output(lowering, node, 0);
    SY_LOWER(lowering, cast, &cast, product->y[0], y);
    if (product->parts == 1)
        return;
    const sy_operand low = sy_lower_scratch(lowering, count);
    SY_LOWER(lowering, cast, &cast, product->y[1], low);
    lower_binary(lowering, SY_BINARY_MUL, SY_KIND_INT, count, y, sy_lower_constant(lowering, &radix, 1), true,
                 y);
    lower_binary(lowering, SY_BINARY_ADD, SY_KIND_INT, count, y, low, false, y);
}
