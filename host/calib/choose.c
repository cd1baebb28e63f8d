#include "calib/collect.h"
#include "fuse/groups.h"
#include "ops/op.h"

static bool is_observable(const sy_graph *graph, int index)
{
    size_t count;
    if (index == SY_NONE)
        return false;
    const sy_tensor *tensor = &graph->tensors[index];
    return !tensor->data && sy_dtype_is_float(tensor->dtype) && sy_shape_count(&tensor->shape, &count) &&
           count > 0;
}

/* The last node of the group stores its result; what is between its nodes is stored nowhere. */
static bool ends_group(const sy_graph *graph, const sy_groups *groups, int node)
{
    if (groups->of_node[node] == SY_NONE)
        return false;
    const sy_group *group = &groups->groups[groups->of_node[node]];
    const int last = group->activation != SY_NONE ? group->activation
                     : group->bias != SY_NONE     ? group->bias
                                                  : group->head;
    return node == last && !graph->nodes[node].removed;
}

sy_status sy_calib_choose(sy_ctx *ctx, const sy_graph *graph, sy_arena *arena, int **out, int *out_count)
{
    sy_groups groups;
    SY_TRY(sy_groups_find(ctx, graph, arena, &groups));
    int *chosen = sy_arena_alloc(arena, (size_t)graph->tensor_count, sizeof *chosen);
    SY_TRY(sy_check_alloc(ctx, chosen));

    int count = 0;
    for (int i = 0; i < graph->input_count; i++)
        if (is_observable(graph, graph->inputs[i]))
            chosen[count++] = graph->inputs[i];
    for (int n = 0; n < graph->node_count; n++) {
        if (!ends_group(graph, &groups, n))
            continue;
        for (int i = 0; i < graph->nodes[n].output_count; i++)
            if (is_observable(graph, graph->nodes[n].outputs[i]))
                chosen[count++] = graph->nodes[n].outputs[i];
    }
    *out = chosen;
    *out_count = count;
    return SY_OK;
}

/* Where the channels of a linear operator's output are, or SY_NONE. */
static int channel_axis(const sy_graph *graph, const sy_group *group)
{
    const sy_node *node = &graph->nodes[group->head];
    const int rank = graph->tensors[group->output].shape.rank;
    if (!node->op || node->op->quant != SY_QUANT_WEIGHTED || rank < 2)
        return SY_NONE;
    const bool last = sy_node_is(node, "MatMul") || sy_node_is(node, "Gemm");
    return last ? rank - 1 : 1;
}

sy_status sy_calib_channels(sy_ctx *ctx, const sy_graph *graph, const int *observed, int count,
                            sy_channel_sum_params *out)
{
    sy_arena scratch = {0};
    sy_groups groups;
    sy_status status;
    SY_TRY_DONE(sy_groups_find(ctx, graph, &scratch, &groups));
    for (int i = 0; i < count; i++) {
        const sy_tensor *tensor = &graph->tensors[observed[i]];
        out[i] = (sy_channel_sum_params){0};
        if (tensor->producer == SY_NONE || groups.of_node[tensor->producer] == SY_NONE)
            continue;
        const sy_group *group = &groups.groups[groups.of_node[tensor->producer]];
        const int axis = group->output == observed[i] ? channel_axis(graph, group) : SY_NONE;
        if (axis == SY_NONE)
            continue;
        out[i] = (sy_channel_sum_params){1, (uint32_t)tensor->shape.dims[axis], 1};
        for (int d = 0; d < tensor->shape.rank; d++) {
            if (d < axis)
                out[i].outer *= (uint32_t)tensor->shape.dims[d];
            else if (d > axis)
                out[i].inner *= (uint32_t)tensor->shape.dims[d];
        }
    }
done:
    sy_arena_release(&scratch);
    return status;
}
