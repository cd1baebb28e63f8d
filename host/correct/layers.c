#include "correct/layers.h"

#include <math.h>
#include <string.h>

#include "graph/grid.h"

/* A constant of floats with `count` elements. */
static bool is_bias(const sy_graph *graph, int tensor, size_t count)
{
    size_t elements;
    return tensor != SY_NONE && graph->tensors[tensor].data &&
           graph->tensors[tensor].dtype == SY_DTYPE_FLOAT &&
           sy_shape_count(&graph->tensors[tensor].shape, &elements) && elements == count;
}

/* Where the bias of a product is: an input of it, or an Add right behind it. */
static bool find_bias(const sy_graph *graph, sy_layer *layer)
{
    const sy_node *node = &graph->nodes[layer->node];
    layer->sums = node->outputs[0];
    if (!sy_node_is(node, "MatMul")) {
        layer->bias = node->input_count > 2 ? node->inputs[2] : SY_NONE;
        return is_bias(graph, layer->bias, layer->channels);
    }
    int reader = sy_graph_only_reader(graph, layer->sums);
    if (reader == SY_NONE || !sy_node_is(&graph->nodes[reader], "Add"))
        return false;
    const sy_node *add = &graph->nodes[reader];
    layer->bias = add->inputs[add->inputs[0] == layer->sums ? 1 : 0];
    layer->sums = add->outputs[0];
    return is_bias(graph, layer->bias, layer->channels);
}

static void set_layout(const sy_graph *graph, sy_layer *layer)
{
    const sy_shape *shape = &graph->tensors[layer->sums].shape;
    int axis = sy_node_is(&graph->nodes[layer->node], "MatMul") ? shape->rank - 1 : 1;
    layer->outer = layer->inner = 1;
    for (int i = 0; i < shape->rank; i++)
        if (i != axis)
            *(i < axis ? &layer->outer : &layer->inner) *= (size_t)shape->dims[i];
}

static void narrow(sy_layer *layer, float lo, float hi)
{
    layer->lo = fmaxf(layer->lo, lo);
    layer->hi = fminf(layer->hi, hi);
}

/* The range of a QuantizeLinear node's codes. */
static sy_status narrow_to_codes(sy_ctx *ctx, const sy_graph *graph, const sy_node *node, sy_arena *arena,
                                 sy_layer *layer)
{
    sy_code_grid grid;
    bool known;
    SY_TRY(sy_code_grid_read(ctx, graph, node, arena, &grid, &known));
    if (!known || grid.count != 1)
        return SY_OK;
    const bool is_signed = graph->tensors[node->outputs[0]].dtype == SY_DTYPE_INT8;
    narrow(layer, grid.scales[0] * (float)((is_signed ? -128 : 0) - grid.zeros[0]),
           grid.scales[0] * (float)((is_signed ? 127 : 255) - grid.zeros[0]));
    return SY_OK;
}

static sy_status narrow_to_activation(sy_ctx *ctx, const sy_graph *graph, const sy_node *node,
                                      sy_layer *layer)
{
    if (sy_node_is(node, "Relu"))
        narrow(layer, 0, INFINITY);
    for (int i = 1; i < node->input_count && i < 3 && sy_node_is(node, "Clip"); i++) {
        float bound;
        if (node->inputs[i] == SY_NONE || !graph->tensors[node->inputs[i]].data)
            continue;
        SY_TRY(sy_tensor_to_f32(ctx, &graph->tensors[node->inputs[i]], &bound, 1));
        narrow(layer, i == 1 ? bound : -INFINITY, i == 1 ? INFINITY : bound);
    }
    return SY_OK;
}

/* Follows the sums through Relu and Clip to where they are rounded. */
static sy_status find_limits(sy_ctx *ctx, const sy_graph *graph, sy_arena *arena, sy_layer *layer)
{
    int tensor = layer->sums;
    layer->lo = -INFINITY;
    layer->hi = INFINITY;
    for (int reader = sy_graph_only_reader(graph, tensor); reader != SY_NONE;
         reader = sy_graph_only_reader(graph, tensor)) {
        const sy_node *node = &graph->nodes[reader];
        if (sy_node_is(node, "QuantizeLinear"))
            return narrow_to_codes(ctx, graph, node, arena, layer);
        if (!sy_node_is(node, "Relu") && !sy_node_is(node, "Clip"))
            break;
        SY_TRY(narrow_to_activation(ctx, graph, node, layer));
        tensor = node->outputs[0];
    }
    return SY_OK;
}

sy_status sy_layers_find(sy_ctx *ctx, const sy_plan *plan, const sy_graph *bound, sy_arena *arena,
                         sy_layer **out, int *out_count)
{
    const sy_graph *fused = plan->graph;
    sy_layer *layers = sy_arena_alloc(arena, (size_t)fused->node_count, sizeof *layers);
    int count = 0;
    SY_TRY(sy_check_alloc(ctx, layers));
    for (int n = 0; n < bound->node_count; n++) {
        int plan_node = sy_graph_find_node(fused, bound->nodes[n].name);
        int channels = plan_node == SY_NONE ? 0 : sy_plan_channels(plan, plan_node);
        sy_layer layer = {.plan_node = plan_node, .node = n, .channels = (size_t)channels};
        if (channels <= 0 || strcmp(bound->nodes[n].type, fused->nodes[plan_node].type) != 0 ||
            !find_bias(bound, &layer))
            continue;
        layer.target = fused->tensors[plan->nodes[plan_node].output].name;
        set_layout(bound, &layer);
        SY_TRY(find_limits(ctx, bound, arena, &layer));
        layers[count++] = layer;
    }
    *out = layers;
    *out_count = count;
    return SY_OK;
}

/* What is kept of a tensor between layers: its integers, if it is only a dequantized form of them. */
static int kept_form(const sy_graph *graph, int tensor)
{
    int producer = graph->tensors[tensor].producer;
    if (producer == SY_NONE || !sy_node_is(&graph->nodes[producer], "DequantizeLinear"))
        return tensor;
    return graph->nodes[producer].inputs[0];
}

sy_status sy_cut_find(sy_ctx *ctx, const sy_graph *bound, int node, sy_arena *arena, int **out,
                      int *out_count)
{
    int *cut = sy_arena_alloc(arena, (size_t)bound->tensor_count, sizeof *cut);
    bool *taken = sy_arena_alloc(arena, (size_t)bound->tensor_count, sizeof *taken);
    int count = 0;
    SY_TRY(sy_check_alloc(ctx, cut && taken ? cut : NULL));
    for (int n = node; n < bound->node_count; n++)
        for (int i = 0; i < bound->nodes[n].input_count; i++) {
            int tensor = bound->nodes[n].inputs[i];
            if (tensor == SY_NONE || bound->tensors[tensor].data || bound->tensors[tensor].producer >= node)
                continue;
            tensor = kept_form(bound, tensor);
            if (taken[tensor])
                continue;
            taken[tensor] = true;
            cut[count++] = tensor;
        }
    *out = cut;
    *out_count = count;
    return SY_OK;
}
