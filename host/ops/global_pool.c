/* GlobalAveragePool and GlobalMaxPool: a reduction over all that follows the channels. */
#include "ops/lowering.h"

static sy_status infer_global_pool(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    SY_TRY(sy_infer_floats(infer));
    if (x->rank == SY_NONE)
        return SY_OK;
    if (x->rank < 3)
        return sy_fail(infer->ctx, SY_E_MODEL, "an input of rank %d has nothing after its channels to pool",
                       x->rank);
    infer->shapes[0] = *x;
    for (int i = 2; i < x->rank; i++)
        infer->shapes[0].dims[i] = 1;
    return SY_OK;
}

static sy_status lower_global_pool(sy_lowering *lowering, const sy_node *node, uint32_t function)
{
    const sy_shape *x = &lowering->graph->tensors[node->inputs[0]].shape;
    uint32_t plane = 1;
    for (int i = 2; i < x->rank; i++)
        plane *= (uint32_t)x->dims[i];
    const sy_reduce_params params = {
        .function = function,
        .kind = SY_KIND_FLOAT,
        .kept_rank = 1,
        .kept_dims = {(uint32_t)(x->dims[0] * x->dims[1])},
        .kept_strides = {plane},
        .reduced_rank = 1,
        .reduced_dims = {plane},
        .reduced_strides = {1},
    };
    SY_LOWER(lowering, reduce, &params, sy_lower_input(lowering, node, 0),
             sy_lower_output(lowering, node, 0));
    return SY_OK;
}

static sy_status lower_average(sy_lowering *lowering, const sy_node *node)
{
    return lower_global_pool(lowering, node, SY_REDUCE_MEAN);
}

static sy_status lower_max(sy_lowering *lowering, const sy_node *node)
{
    return lower_global_pool(lowering, node, SY_REDUCE_MAX);
}

const sy_op sy_op_global_average_pool = {
    .type = "GlobalAveragePool",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .quant = SY_QUANT_NEW_SCALE,
    .infer = infer_global_pool,
    .lower = lower_average,
};

const sy_op sy_op_global_max_pool = {
    .type = "GlobalMaxPool",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .quant = SY_QUANT_SAME_SCALE,
    .infer = infer_global_pool,
    .lower = lower_max,
};
