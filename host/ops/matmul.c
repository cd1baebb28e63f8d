/* MatMul as numpy has it: the last two dimensions are matrices, those before are broadcast, a vector is a row
 * at the left and a column at the right.
 */
#include "ops/product.h"
#include "ops/product_integer.h"

typedef struct {
    sy_shape a, b;  /* of rank 2 at least */
    sy_shape batch; /* broadcast */
    bool a_vector, b_vector;
} operands;

/* The dimensions before the matrix. */
static sy_shape batch_of(const sy_shape *shape)
{
    sy_shape batch = *shape;
    batch.rank -= 2;
    return batch;
}

static sy_status read_operands(sy_ctx *ctx, const sy_shape *a, const sy_shape *b, operands *out)
{
    operands both = {.a = *a, .b = *b, .a_vector = a->rank == 1, .b_vector = b->rank == 1};
    if (a->rank == 0 || b->rank == 0)
        return sy_fail(ctx, SY_E_MODEL, "a scalar cannot be multiplied as a matrix");
    if (both.a_vector)
        both.a = (sy_shape){.rank = 2, .dims = {1, a->dims[0]}};
    if (both.b_vector)
        both.b = (sy_shape){.rank = 2, .dims = {b->dims[0], 1}};
    const int64_t a_inner = both.a.dims[both.a.rank - 1], b_inner = both.b.dims[both.b.rank - 2];
    if (a_inner != b_inner && a_inner != SY_NONE && b_inner != SY_NONE)
        return sy_fail(ctx, SY_E_MODEL, "the inner sizes differ: %lld against %lld", (long long)a_inner,
                       (long long)b_inner);
    const sy_shape a_batch = batch_of(&both.a), b_batch = batch_of(&both.b);
    SY_TRY(sy_broadcast_shapes(ctx, &a_batch, &b_batch, &both.batch));
    *out = both;
    return SY_OK;
}

static sy_status infer_shape(sy_infer *infer)
{
    const sy_shape *a = &sy_infer_input(infer, 0)->shape, *b = &sy_infer_input(infer, 1)->shape;
    operands both;
    if (a->rank == SY_NONE || b->rank == SY_NONE)
        return SY_OK;
    SY_TRY(read_operands(infer->ctx, a, b, &both));
    sy_shape y = both.batch;
    if (!both.a_vector)
        y.dims[y.rank++] = both.a.dims[both.a.rank - 2];
    if (!both.b_vector)
        y.dims[y.rank++] = both.b.dims[both.b.rank - 1];
    infer->shapes[0] = y;
    return SY_OK;
}

static sy_status infer_matmul(sy_infer *infer)
{
    SY_TRY(sy_infer_product(infer));
    return infer_shape(infer);
}

static sy_status infer_integer(sy_infer *infer)
{
    SY_TRY(sy_infer_integer_product(infer, -1));
    return infer_shape(infer);
}

/* Strides over the batch, in words. */
static void batch_strides(const sy_shape *matrices, const sy_shape *batch, uint32_t strides[SY_KERNEL_RANK])
{
    const sy_shape own = batch_of(matrices);
    const uint32_t words =
        (uint32_t)(matrices->dims[matrices->rank - 2] * matrices->dims[matrices->rank - 1]);
    sy_lower_broadcast(&own, batch, strides);
    for (int i = 0; i < batch->rank; i++)
        strides[i] *= words;
}

static sy_status read_params(sy_lowering *lowering, const sy_node *node, sy_gemm_params *out)
{
    const sy_tensor *tensors = lowering->graph->tensors;
    operands both;
    SY_TRY(read_operands(lowering->ctx, &tensors[node->inputs[0]].shape, &tensors[node->inputs[1]].shape,
                         &both));
    sy_gemm_params params = {
        .m = (uint32_t)both.a.dims[both.a.rank - 2],
        .n = (uint32_t)both.b.dims[both.b.rank - 1],
        .k = (uint32_t)both.a.dims[both.a.rank - 1],
        .alpha = 1,
        .beta = 1,
        .clamp = sy_lower_clamp(lowering, node),
    };
    if (both.b.rank == 2) {
        /* One matrix at the right of all: the rows of the batches are rows of one product. */
        for (int i = 0; i < both.batch.rank; i++)
            params.m *= (uint32_t)both.batch.dims[i];
    } else {
        params.batch_rank = (uint32_t)both.batch.rank;
        for (int i = 0; i < both.batch.rank; i++)
            params.batch_dims[i] = (uint32_t)both.batch.dims[i];
        batch_strides(&both.a, &both.batch, params.a_strides);
        batch_strides(&both.b, &both.batch, params.b_strides);
    }
    *out = params;
    return SY_OK;
}

static sy_status lower_matmul(sy_lowering *lowering, const sy_node *node)
{
    sy_gemm_params params;
    SY_TRY(read_params(lowering, node, &params));
    const sy_product product = sy_lower_product(lowering, node);
    SY_LOWER(lowering, gemm, &params, product.x, product.w, sy_no_operand, product.y);
    return sy_lower_product_end(lowering, node, &product);
}

static sy_status lower_integer(sy_lowering *lowering, const sy_node *node)
{
    sy_gemm_params params;
    SY_TRY(read_params(lowering, node, &params));
    const sy_integer_product product = sy_lower_integer_product(lowering, node, -1, params.k);
    for (int i = 0; i < product.parts; i++)
        SY_LOWER(lowering, gemm, &params, product.x[i], product.w, sy_no_operand, product.y[i]);
    sy_lower_integer_product_end(lowering, node, &product);
    return SY_OK;
}

const sy_op sy_op_matmul_integer = {
    .type = "MatMulInteger",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 4,
    .outputs_max = 1,
    .since = 10,
    .note = "one zero point of the first operand",
    .quant = SY_QUANT_NEVER,
    .infer = infer_integer,
    .lower = lower_integer,
};

const sy_op sy_op_matmul = {
    .type = "MatMul",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 2,
    .outputs_max = 1,
    .quant = SY_QUANT_WEIGHTED,
    .absorbs_clamp = true,
    .infer = infer_matmul,
    .lower = lower_matmul,
};
