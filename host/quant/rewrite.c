#include "quant/rewrite.h"

#include <stdlib.h>

#include "ops/op.h"
#include "quant/quantize.h"
#include "quant/weights.h"

const char *sy_rewrite_name(const sy_rewrite *work, const char *base, const char *ending)
{
    const char *name = sy_arena_printf(&work->graph->arena, "%s%s", base, ending);
    return name ? name : base;
}

sy_status sy_rewrite_add_node(sy_rewrite *work, const char *type, const char *name, const int *inputs,
                              int input_count, int output, int *out_node)
{
    SY_TRY(sy_graph_add_node(work->ctx, work->graph, type, name, inputs, input_count, &output, 1, out_node));
    work->graph->nodes[*out_node].op = sy_op_find("", type);
    return SY_OK;
}

sy_status sy_rewrite_split(sy_rewrite *work, int tensor, const char *ending, sy_dtype dtype, int *out_raw)
{
    const sy_tensor old = work->graph->tensors[tensor];
    SY_TRY(sy_graph_add_tensor(work->ctx, work->graph, sy_rewrite_name(work, old.name, ending), dtype,
                               &old.shape, out_raw));
    sy_node *node = &work->graph->nodes[old.producer];
    for (int o = 0; o < node->output_count; o++)
        if (node->outputs[o] == tensor)
            node->outputs[o] = *out_raw;
    work->graph->tensors[*out_raw].producer = old.producer;
    return SY_OK;
}

sy_status sy_rewrite_add_weight(sy_rewrite *work, int tensor, sy_dtype dtype, int *out)
{
    const sy_tensor_plan *plan = &work->plan->tensors[tensor];
    const sy_tensor from = work->graph->tensors[tensor];
    const size_t bytes = sy_dtype_bits(dtype) / 8;
    sy_channels channels;
    size_t count = 0;
    float *values = NULL;
    uint8_t *integers = NULL;
    sy_status status;
    if (!sy_shape_count(&from.shape, &count) || !sy_weight_channels(&from, plan->axis, &channels))
        return sy_fail(work->ctx, SY_E_INTERNAL, "weight '%s' lost its shape", from.name);
    values = calloc(count, sizeof *values);
    integers = malloc(count * bytes);
    SY_TRY_DONE(sy_check_alloc(work->ctx, values && integers ? values : NULL));
    SY_TRY_DONE(sy_tensor_to_f32(work->ctx, &from, values, count));
    sy_weight_quantize(values, &channels, &plan->number, plan->scales, integers);
    SY_TRY_DONE(sy_graph_add_constant(work->ctx, work->graph, sy_rewrite_name(work, from.name, "_quantized"),
                                      dtype, &from.shape, integers, count * bytes, out));
done:
    free(values);
    free(integers);
    return status;
}

static sy_status finish(sy_rewrite *work, int opset, sy_status (*rewire)(sy_rewrite *work))
{
    SY_TRY(sy_graph_raise_opset(work->ctx, work->graph, opset));
    SY_TRY(rewire(work));
    SY_TRY(sy_graph_compact(work->ctx, work->graph));
    return sy_graph_validate(work->ctx, work->graph);
}

sy_status sy_rewrite_graph(sy_ctx *ctx, const sy_plan *plan, int opset, sy_status (*rewire)(sy_rewrite *work),
                           sy_graph **out)
{
    const size_t tensors = (size_t)plan->graph->tensor_count;
    sy_rewrite work = {.ctx = ctx, .plan = plan};
    sy_status status;
    work.made = calloc(tensors + 1, sizeof *work.made);
    SY_TRY_DONE(sy_check_alloc(ctx, work.made));
    for (size_t t = 0; t < tensors; t++)
        work.made[t] = SY_NONE;
    SY_TRY_DONE(sy_graph_copy(ctx, plan->graph, &work.graph));
    SY_TRY_DONE(finish(&work, opset, rewire));
    *out = work.graph;
    work.graph = NULL;
done:
    sy_graph_destroy(work.graph);
    free(work.made);
    return status;
}
