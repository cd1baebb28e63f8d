#include "ops/product.h"

#include <math.h>
#include <string.h>

#include "ops/arguments.h"
#include "ops/ascend.h"
#include "ops/space.h"

/* ONNX allows matrices of wide integers. */
static sy_status infer_matrices(const sy_infer *infer)
{
    for (int i = 0; i < infer->node->input_count; i++) {
        const sy_tensor *input = sy_infer_input(infer, i);
        const unsigned bits = input ? sy_dtype_bits(input->dtype) : 0;
        if (bits >= 32 && !sy_dtype_is_float(input->dtype))
            return sy_fail(infer->ctx, SY_E_UNSUPPORTED,
                           "input '%s' holds %s: matrices of integers are not multiplied, only of floats",
                           input->name, sy_dtype_name(input->dtype));
    }
    return sy_infer_floats(infer);
}

sy_status sy_infer_product(sy_infer *infer)
{
    const sy_node *node = infer->node;
    const sy_tensor *bias = sy_infer_input(infer, 2);
    if (sy_infer_input(infer, 0)->dtype != SY_DTYPE_INT8 || sy_infer_input(infer, 1)->dtype != SY_DTYPE_INT8)
        return node->op == &sy_op_gemm || node->op == &sy_op_matmul ? infer_matrices(infer)
                                                                    : sy_infer_floats(infer);
    if (bias && bias->dtype != SY_DTYPE_INT32)
        return sy_fail(infer->ctx, SY_E_MODEL, "a product of int8 needs a bias of int32, not of %s",
                       sy_dtype_name(bias->dtype));
    if (sy_node_float(node, "alpha", 1) != 1 || sy_node_float(node, "beta", 1) != 1)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED, "a product of int8 has no alpha and no beta but 1");
    infer->dtypes[0] = SY_DTYPE_INT32;
    return SY_OK;
}

/* Constant integers as floats, minus nothing: weights have no offset. */
static sy_operand constant_factor(sy_lowering *lowering, const sy_tensor *tensor)
{
    const uint32_t count = sy_known_count(&tensor->shape);
    float *values = sy_arena_alloc(&lowering->arena, count, sizeof *values);
    if (lowering->status == SY_OK)
        lowering->status = sy_check_alloc(lowering->ctx, values);
    if (lowering->status == SY_OK)
        lowering->status = sy_tensor_to_f32(lowering->ctx, tensor, values, count);
    return lowering->status == SY_OK ? sy_lower_constant(lowering, values, count) : sy_no_operand;
}

/* Operand i of an integer product: q - offset, as floats. */
static sy_operand integer_factor(sy_lowering *lowering, const sy_node *node, int i)
{
    static const float one = 1;
    const sy_tensor *tensor = sy_lower_input_tensor(lowering, node, i);
    if (tensor->data)
        return constant_factor(lowering, tensor);
    const int32_t offset = sy_ascend_offset(lowering->graph, node->inputs[i]);
    const sy_quantize_params params = {.outer = 1, .channels = 1, .inner = sy_known_count(&tensor->shape)};
    const sy_operand centred = sy_lower_scratch(lowering, params.inner);
    SY_LOWER(lowering, dequantize, &params, sy_lower_input(lowering, node, i),
             sy_lower_constant(lowering, &one, 1), sy_lower_constant(lowering, &offset, 1), centred);
    return centred;
}

sy_product sy_lower_product(sy_lowering *lowering, const sy_node *node)
{
    if (sy_lower_input_tensor(lowering, node, 0)->dtype != SY_DTYPE_INT8)
        return (sy_product){.x = sy_lower_input(lowering, node, 0),
                            .w = sy_lower_input(lowering, node, 1),
                            .bias = sy_lower_input(lowering, node, 2),
                            .y = sy_lower_output(lowering, node, 0)};
    const uint32_t count = sy_known_count(&sy_lower_output_tensor(lowering, node, 0)->shape);
    return (sy_product){.x = integer_factor(lowering, node, 0),
                        .w = integer_factor(lowering, node, 1),
                        .bias = sy_no_operand,
                        .y = sy_lower_scratch(lowering, count),
                        .integer = true};
}

sy_status sy_lower_product_end(sy_lowering *lowering, const sy_node *node, const sy_product *product)
{
    const sy_shape *shape = &sy_lower_output_tensor(lowering, node, 0)->shape;
    if (!product->integer)
        return SY_OK;
    const sy_operand y = sy_lower_output(lowering, node, 0), bias = sy_lower_input(lowering, node, 2);
    const sy_cast_params cast = {
        .mode = SY_CAST_FLOAT_TO_INT, .count = sy_known_count(shape), .lo = INT32_MIN, .hi = INT32_MAX};
    SY_LOWER(lowering, cast, &cast, product->y, y);
    if (bias.slot == SY_NONE)
        return SY_OK;
    /* One number for each element of axis 1, which holds the channels of all these operators. */
    const sy_binary_params add = {
        .function = SY_BINARY_ADD,
        .kind = SY_KIND_INT,
        .rank = 3,
        .dims = {sy_known_product(shape, 0, 1), (uint32_t)shape->dims[1],
                 sy_known_product(shape, 2, shape->rank)},
        .a_strides = {sy_known_product(shape, 1, shape->rank), sy_known_product(shape, 2, shape->rank), 1},
        .b_strides = {0, 1, 0},
        .clamp = {-INFINITY, INFINITY}};
    SY_LOWER(lowering, binary, &add, y, bias, y);
    return SY_OK;
}
