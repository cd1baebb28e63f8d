/* Tensors between which values only move must have the same grid; they form a class, found with union-find.
 */
#include <float.h>
#include <math.h>

#include "base/log.h"
#include "ops/lowering.h"
#include "solve/planner.h"

static const sy_clamp unbounded = {-INFINITY, INFINITY};

int sy_class_root(sy_class_member *members, int tensor)
{
    while (members[tensor].parent != tensor) {
        members[tensor].parent = members[members[tensor].parent].parent;
        tensor = members[tensor].parent;
    }
    return tensor;
}

/* The smaller index becomes the root, so the result does not depend on the order of unions. */
static void unite(sy_class_member *members, int a, int b)
{
    a = sy_class_root(members, a);
    b = sy_class_root(members, b);
    if (a != b)
        members[a < b ? b : a].parent = a < b ? a : b;
}

static bool has_activation_form(const sy_planner *planner, int tensor)
{
    return tensor != SY_NONE && planner->plan->tensors[tensor].role != SY_ROLE_FLOAT;
}

static bool same_bound(sy_clamp a, sy_clamp b)
{
    return a.lo == b.lo && a.hi == b.hi;
}

/* The output of these holds every value of the inputs; of others that move values, the input holds those of
 * the output. */
static bool output_covers(const sy_node *node)
{
    return sy_node_is(node, "Concat") || sy_node_is(node, "Pad");
}

/* Inputs with different bounds (a Relu6 beside a linear layer) keep their own scales: on a common grid the
 * clamp could not be left to the grid, and the product before it would not run on integers.
 */
static bool may_share(const sy_planner *planner, const sy_class_member *members, const sy_node *node)
{
    for (int i = 0; i < node->input_count; i++)
        if (sy_input_is_value(planner->graph, node, i) && has_activation_form(planner, node->inputs[i]) &&
            !same_bound(members[node->inputs[i]].bound, members[node->inputs[0]].bound))
            return false;
    return true;
}

static void join_same_scale(const sy_planner *planner, sy_class_member *members, const sy_node *node)
{
    for (int o = 0; o < node->output_count; o++) {
        const int output = node->outputs[o];
        if (!has_activation_form(planner, output))
            continue;
        for (int i = 0; i < node->input_count; i++) {
            const int input = node->inputs[i];
            if (!sy_input_is_value(planner->graph, node, i) || !has_activation_form(planner, input))
                continue;
            unite(members, input, output);
            members[output].bound = members[input].bound;
            members[output_covers(node) ? input : output].covered = true;
        }
    }
}

/* Nodes stand in an order in which they can run, so bounds of inputs are known. */
static void find_classes(const sy_planner *planner, sy_class_member *members)
{
    const sy_graph *graph = planner->graph;
    for (int t = 0; t < graph->tensor_count; t++)
        members[t] = (sy_class_member){.parent = t, .bound = unbounded};
    for (int n = 0; n < graph->node_count; n++) {
        const sy_node *node = &graph->nodes[n];
        sy_clamp clamp;
        if (!planner->plan->nodes[n].quantized)
            continue;
        if (!planner->traits->activation.symmetric && sy_clamp_of_node(graph, node, &clamp))
            members[node->outputs[0]].bound = (sy_clamp){clamp.lo <= -FLT_MAX ? -INFINITY : clamp.lo,
                                                         clamp.hi >= FLT_MAX ? INFINITY : clamp.hi};
        if (sy_node_rule(node) == SY_QUANT_SAME_SCALE && may_share(planner, members, node))
            join_same_scale(planner, members, node);
    }
}

/* The node that computes what this one finishes, or the node itself. */
static int head_of(const sy_planner *planner, int node)
{
    const int head = planner->plan->nodes[node].head;
    return head == SY_NONE ? node : head;
}

/* A class is wide when a node that was named makes one of its tensors. */
static void mark_named(const sy_planner *planner, sy_class_member *members)
{
    for (int n = 0; n < planner->graph->node_count; n++) {
        const sy_node_plan *plan = &planner->plan->nodes[head_of(planner, n)];
        if (!planner->wide[n])
            continue;
        if (!plan->quantized)
            sy_log(planner->ctx, SY_LOG_WARN, "activation_16bit_node names '%s', which stays float: %s",
                   planner->graph->nodes[n].name, plan->reason ? plan->reason : "it computes no floats");
        else if (has_activation_form(planner, plan->output))
            members[sy_class_root(members, plan->output)].wide = true;
    }
}

/* Nodes of wide classes are wide: what makes one of their tensors, and what only moves them. */
static void settle_nodes(const sy_planner *planner, sy_class_member *members)
{
    for (int n = 0; n < planner->graph->node_count; n++) {
        sy_node_plan *plan = &planner->plan->nodes[n];
        const int head = head_of(planner, n), output = planner->plan->nodes[head].output;
        if (plan->quantized)
            plan->wide = planner->options->wide || planner->wide[n] ||
                         (output != SY_NONE && members[sy_class_root(members, output)].wide);
    }
}

/* What no node computes, inputs of the network and constants, is wide where a wide node reads it; another
 * reader converts it. */
static void mark_read(const sy_planner *planner, sy_class_member *members)
{
    const sy_graph *graph = planner->graph;
    for (int t = 0; t < graph->tensor_count; t++) {
        const int producer = graph->tensors[t].producer;
        if (producer != SY_NONE && planner->plan->nodes[producer].quantized &&
            sy_node_rule(&graph->nodes[producer]) != SY_QUANT_SAME_SCALE)
            members[sy_class_root(members, t)].computed = true;
    }
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->nodes[n].input_count && planner->plan->nodes[n].wide; i++) {
            const int tensor = graph->nodes[n].inputs[i];
            sy_class_member *root = tensor == SY_NONE ? NULL : &members[sy_class_root(members, tensor)];
            if (root && !root->computed)
                root->wide = true;
        }
}

void sy_plan_classes(const sy_planner *planner, sy_class_member *members)
{
    find_classes(planner, members);
    for (int t = 0; planner->options->wide && t < planner->graph->tensor_count; t++)
        members[t].wide = true;
    mark_named(planner, members);
    settle_nodes(planner, members);
    mark_read(planner, members);
    settle_nodes(planner, members);
}
