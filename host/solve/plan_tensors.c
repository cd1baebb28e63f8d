/* Which tensors carry integers, given which nodes compute on them. */
#include <string.h>

#include "solve/planner.h"

static bool commutes(const sy_planner *planner, const sy_node *node)
{
    const sy_op_trait *trait = sy_traits_find(planner->traits, node->type);
    return planner->traits->placement == SY_PLACE_INPUTS && trait && trait->commutes;
}

static void mark_inputs(sy_planner *planner, int index)
{
    const sy_graph *graph = planner->graph;
    const sy_node *node = &graph->nodes[index];
    for (int i = 0; i < node->input_count; i++) {
        if (i == planner->plan->nodes[index].float_input || !sy_input_is_value(graph, node, i))
            continue;
        const bool constant = sy_is_constant(graph, node->inputs[i]);
        planner->plan->tensors[node->inputs[i]].role = constant ? SY_ROLE_WEIGHT : SY_ROLE_ACTIVATION;
    }
}

static void mark_output(sy_planner *planner, int tensor)
{
    if (tensor == SY_NONE || planner->graph->tensors[tensor].dtype != SY_DTYPE_FLOAT)
        return;
    planner->plan->tensors[tensor].role = SY_ROLE_ACTIVATION;
    planner->plan->tensors[tensor].stored = true;
}

static void mark_outputs(sy_planner *planner, int index)
{
    const sy_node *node = &planner->graph->nodes[index];
    const int output = planner->plan->nodes[index].output;
    const bool may_be_float =
        sy_node_rule(node) == SY_QUANT_WEIGHTED && !sy_traits_find(planner->traits, node->type)->needs_output;
    if (!may_be_float || (planner->traits->quantize_outputs && sy_graph_is_output(planner->graph, output)))
        mark_output(planner, output);
    for (int i = 1; i < node->output_count; i++)
        mark_output(planner, node->outputs[i]);
}

static void mark_bias(sy_planner *planner, int index)
{
    const sy_node *node = &planner->graph->nodes[index];
    if (sy_node_rule(node) != SY_QUANT_WEIGHTED || node->input_count < 3 || node->inputs[2] == SY_NONE)
        return;
    sy_tensor_plan *bias = &planner->plan->tensors[node->inputs[2]];
    if (bias->role == SY_ROLE_FLOAT)
        bias->role = SY_ROLE_BIAS;
}

/* A node that passes integers on does so where somebody downstream asked for them. */
static void settle_commuting(sy_planner *planner, int index)
{
    const sy_node *node = &planner->graph->nodes[index];
    sy_node_plan *plan = &planner->plan->nodes[index];
    bool asked = false;
    for (int i = 0; i < node->output_count; i++)
        asked |= node->outputs[i] != SY_NONE &&
                 planner->plan->tensors[node->outputs[i]].role == SY_ROLE_ACTIVATION;
    plan->quantized = asked;
    plan->reason = asked ? NULL : "what reads it is computed in float";
}

void sy_plan_tensors(sy_planner *planner)
{
    const sy_graph *graph = planner->graph;
    const bool around = planner->traits->placement == SY_PLACE_AROUND;
    for (int i = 0; i < graph->node_count; i++) {
        const sy_node_plan *node = &planner->plan->nodes[i];
        if (!node->quantized || node->head != SY_NONE || commutes(planner, &graph->nodes[i]))
            continue;
        mark_inputs(planner, i);
        mark_bias(planner, i);
        if (around)
            mark_outputs(planner, i);
    }
    for (int i = 0; i < graph->node_count; i++)
        if (planner->plan->nodes[i].quantized && planner->plan->nodes[i].head == SY_NONE &&
            commutes(planner, &graph->nodes[i]))
            settle_commuting(planner, i);
}
