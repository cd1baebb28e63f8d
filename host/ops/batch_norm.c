/* BatchNormalization with fixed statistics. */
#include "ops/lowering.h"

static sy_status infer_batch_norm(sy_infer *infer)
{
    const sy_node *node = infer->node;
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    SY_TRY(sy_infer_floats(infer));
    if (sy_node_int(node, "training_mode", 0) != 0)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED,
                       "training_mode 1 is not supported: export the model for inference");
    if (node->opset < 9 && sy_node_int(node, "spatial", 1) == 0)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED,
                       "spatial 0 (statistics per activation) is not supported, only 1");
    for (int i = 1; i < node->input_count && x->rank != SY_NONE; i++)
        SY_TRY(sy_infer_vector(infer, i, x->rank > 1 ? x->dims[1] : 1));
    return sy_infer_same(infer);
}

static sy_status lower_batch_norm(sy_lowering *lowering, const sy_node *node)
{
    const sy_shape *x = &lowering->graph->tensors[node->inputs[0]].shape;
    sy_batch_norm_params params = {
        .outer = x->rank > 0 ? (uint32_t)x->dims[0] : 1,
        .channels = x->rank > 1 ? (uint32_t)x->dims[1] : 1,
        .inner = 1,
        .epsilon = sy_node_float(node, "epsilon", 1e-5f),
        .clamp = sy_lower_clamp(lowering, node),
    };
    for (int i = 2; i < x->rank; i++)
        params.inner *= (uint32_t)x->dims[i];
    SY_LOWER(lowering, batch_norm, &params, sy_lower_input(lowering, node, 0),
             sy_lower_input(lowering, node, 1), sy_lower_input(lowering, node, 2),
             sy_lower_input(lowering, node, 3), sy_lower_input(lowering, node, 4),
             sy_lower_output(lowering, node, 0));
    return SY_OK;
}

const sy_op sy_op_batch_normalization = {
    .type = "BatchNormalization",
    .domain = "",
    .inputs_min = 5,
    .inputs_max = 5,
    .outputs_max = 1,
    .quant = SY_QUANT_NEW_SCALE,
    .absorbs_clamp = true,
    .infer = infer_batch_norm,
    .lower = lower_batch_norm,
};
