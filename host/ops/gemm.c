/* Gemm: alpha * A' * B' + beta * C of matrices. */
#include "ops/product.h"

static sy_status check_matrix(const sy_infer *infer, int i)
{
    const sy_tensor *input = sy_infer_input(infer, i);
    if (input->shape.rank == SY_NONE || input->shape.rank == 2)
        return SY_OK;
    return sy_fail(infer->ctx, SY_E_MODEL, "input '%s' must be a matrix, not of rank %d", input->name,
                   input->shape.rank);
}

static sy_status infer_gemm(sy_infer *infer)
{
    const sy_tensor *a = sy_infer_input(infer, 0), *b = sy_infer_input(infer, 1),
                    *c = sy_infer_input(infer, 2);
    const int a_transposed = sy_node_int(infer->node, "transA", 0) != 0;
    const int b_transposed = sy_node_int(infer->node, "transB", 0) != 0;
    sy_shape y = {.rank = 2, .dims = {SY_NONE, SY_NONE}}, joined;
    SY_TRY(sy_infer_product(infer));
    SY_TRY(check_matrix(infer, 0));
    SY_TRY(check_matrix(infer, 1));
    if (a->shape.rank == 2)
        y.dims[0] = a->shape.dims[a_transposed];
    if (b->shape.rank == 2)
        y.dims[1] = b->shape.dims[!b_transposed];
    if (a->shape.rank == 2 && b->shape.rank == 2) {
        const int64_t a_inner = a->shape.dims[!a_transposed], b_inner = b->shape.dims[b_transposed];
        if (a_inner != b_inner && a_inner != SY_NONE && b_inner != SY_NONE)
            return sy_fail(infer->ctx, SY_E_MODEL, "the inner sizes differ: %lld against %lld",
                           (long long)a_inner, (long long)b_inner);
    }
    infer->shapes[0] = y;
    if (!c || c->shape.rank == SY_NONE || !sy_shape_known(&y))
        return SY_OK;
    SY_TRY(sy_broadcast_shapes(infer->ctx, &c->shape, &y, &joined));
    if (!sy_shape_equal(&joined, &y) && sy_shape_known(&joined)) {
        char c_text[SY_SHAPE_TEXT], y_text[SY_SHAPE_TEXT];
        return sy_fail(infer->ctx, SY_E_MODEL, "input '%s' of shape %s does not fit the product of shape %s",
                       c->name, sy_shape_print(&c->shape, c_text), sy_shape_print(&y, y_text));
    }
    return SY_OK;
}

static sy_status lower_gemm(sy_lowering *lowering, const sy_node *node)
{
    const sy_tensor *tensors = lowering->graph->tensors;
    const sy_shape *a = &tensors[node->inputs[0]].shape, *y = &tensors[node->outputs[0]].shape;
    const sy_product product = sy_lower_product(lowering, node);
    uint32_t strides[SY_KERNEL_RANK] = {0};
    if (product.bias.slot != SY_NONE)
        sy_lower_broadcast(&tensors[node->inputs[2]].shape, y, strides);
    sy_gemm_params params = {
        .m = (uint32_t)y->dims[0],
        .n = (uint32_t)y->dims[1],
        .a_transposed = sy_node_int(node, "transA", 0) != 0,
        .b_transposed = sy_node_int(node, "transB", 0) != 0,
        .has_c = product.bias.slot != SY_NONE,
        .c_row_stride = strides[0],
        .c_column_stride = strides[1],
        .alpha = sy_node_float(node, "alpha", 1),
        .beta = sy_node_float(node, "beta", 1),
        .clamp = sy_lower_clamp(lowering, node),
    };
    params.k = (uint32_t)a->dims[params.a_transposed ? 0 : 1];
    SY_LOWER(lowering, gemm, &params, product.x, product.w, product.bias, product.y);
    return sy_lower_product_end(lowering, node, &product);
}

const sy_op sy_op_gemm = {
    .type = "Gemm",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 3,
    .outputs_max = 1,
    .quant = SY_QUANT_WEIGHTED,
    .absorbs_clamp = true,
    .infer = infer_gemm,
    .lower = lower_gemm,
};
