#include "fuse/groups.h"

#include "ops/op.h"

/* What the search knows of a graph while it runs. */
typedef struct group_search {
    const sy_graph *graph;
    const int *readers; /* per tensor: how many node inputs read it, plus one when the graph outputs it */
    const int *reader;  /* per tensor: the last node that reads it, or SY_NONE */
    const int *depth;   /* per tensor: nodes on the longest way to it from an input or constant */
    sy_groups found;
} group_search;

static bool has_quant_rule(const sy_node *node, sy_quant_rule rule)
{
    return node->op && node->op->quant == rule;
}

static bool is_add(const sy_node *node)
{
    return sy_node_is(node, "Add") && node->input_count == 2;
}

/* The node that alone reads output 0 of `node`, or SY_NONE. */
static int only_reader(const group_search *search, int node)
{
    const sy_node *from = &search->graph->nodes[node];
    const int tensor = from->output_count > 0 ? from->outputs[0] : SY_NONE;
    if (tensor == SY_NONE || search->readers[tensor] != 1)
        return SY_NONE;
    return search->reader[tensor];
}

static bool is_constant(const sy_graph *graph, int tensor)
{
    return tensor != SY_NONE && graph->tensors[tensor].data;
}

/* y = x + b with b one number, or one a column: the bias a MatMul has no input for. */
static bool adds_last_axis_constant(const sy_graph *graph, const sy_node *node)
{
    if (!is_add(node) || is_constant(graph, node->inputs[0]) == is_constant(graph, node->inputs[1]))
        return false;
    const int constant = node->inputs[is_constant(graph, node->inputs[0]) ? 0 : 1];
    const sy_shape *shape = &graph->tensors[constant].shape;
    for (int i = 0; i + 1 < shape->rank; i++)
        if (shape->dims[i] != 1)
            return false;
    return true;
}

static int bias_after(const group_search *search, int head)
{
    const sy_node *node = &search->graph->nodes[head];
    if (!has_quant_rule(node, SY_QUANT_WEIGHTED) || !sy_node_is(node, "MatMul"))
        return SY_NONE;
    const int next = only_reader(search, head);
    const bool is_bias =
        next != SY_NONE && adds_last_axis_constant(search->graph, &search->graph->nodes[next]);
    return is_bias ? next : SY_NONE;
}

static int activation_after(const group_search *search, int head, int last)
{
    const sy_node *node = &search->graph->nodes[head];
    if (!has_quant_rule(node, SY_QUANT_WEIGHTED) && !is_add(node))
        return SY_NONE;
    const int next = only_reader(search, last);
    if (next == SY_NONE || !has_quant_rule(&search->graph->nodes[next], SY_QUANT_ACTIVATION))
        return SY_NONE;
    /* A Clip reads its limits too; it is an activation only of what it clips. */
    return search->graph->nodes[next].inputs[0] == search->graph->nodes[last].outputs[0] ? next : SY_NONE;
}

static void add_group(group_search *search, int head)
{
    const int index = search->found.group_count++;
    sy_group *group = &search->found.groups[index];
    *group = (sy_group){.head = head, .residual_add = SY_NONE, .residual_input = SY_NONE};
    int last = head;

    group->bias = bias_after(search, head);
    if (group->bias != SY_NONE)
        last = group->bias;
    group->activation = activation_after(search, head, last);
    if (group->activation != SY_NONE)
        last = group->activation;

    const sy_node *end = &search->graph->nodes[last];
    group->output = end->output_count > 0 ? end->outputs[0] : SY_NONE;
    search->found.of_node[head] = index;
    if (group->bias != SY_NONE)
        search->found.of_node[group->bias] = index;
    if (group->activation != SY_NONE)
        search->found.of_node[group->activation] = index;
}

/* The weighted group that computes this operand, ends without an activation and is read by nobody else. */
static sy_group *fusable_operand(const group_search *search, int tensor)
{
    if (tensor == SY_NONE || search->readers[tensor] != 1)
        return NULL;
    const int producer = search->graph->tensors[tensor].producer;
    if (producer == SY_NONE || search->found.of_node[producer] == SY_NONE)
        return NULL;
    sy_group *group = &search->found.groups[search->found.of_node[producer]];
    const bool fits = has_quant_rule(&search->graph->nodes[group->head], SY_QUANT_WEIGHTED) &&
                      group->activation == SY_NONE && group->output == tensor;
    return fits ? group : NULL;
}

static void pair_residual(const group_search *search, sy_group *add)
{
    const sy_node *node = &search->graph->nodes[add->head];
    if (!is_add(node) || is_constant(search->graph, node->inputs[0]) ||
        is_constant(search->graph, node->inputs[1]))
        return;
    sy_group *operands[2] = {fusable_operand(search, node->inputs[0]),
                             fusable_operand(search, node->inputs[1])};
    if (!operands[0] && !operands[1])
        return;

    int fused = operands[0] ? 0 : 1;
    if (operands[0] && operands[1] && search->depth[node->inputs[1]] > search->depth[node->inputs[0]])
        fused = 1;
    operands[fused]->residual_add = add->head;
    add->residual_input = fused;
}

static void count_readers(const sy_graph *graph, int *readers, int *reader)
{
    for (int t = 0; t < graph->tensor_count; t++)
        reader[t] = SY_NONE;
    for (int n = 0; n < graph->node_count; n++) {
        const sy_node *node = &graph->nodes[n];
        for (int i = 0; !node->removed && i < node->input_count; i++) {
            if (node->inputs[i] == SY_NONE)
                continue;
            readers[node->inputs[i]]++;
            reader[node->inputs[i]] = n;
        }
    }
    for (int i = 0; i < graph->output_count; i++)
        readers[graph->outputs[i]]++;
}

/* Nodes stand in an order in which they can run, so one pass is enough. */
static void measure_depth(const sy_graph *graph, int *depth)
{
    for (int n = 0; n < graph->node_count; n++) {
        const sy_node *node = &graph->nodes[n];
        int deepest = 0;
        for (int i = 0; !node->removed && i < node->input_count; i++)
            if (node->inputs[i] != SY_NONE && depth[node->inputs[i]] > deepest)
                deepest = depth[node->inputs[i]];
        for (int i = 0; !node->removed && i < node->output_count; i++)
            if (node->outputs[i] != SY_NONE)
                depth[node->outputs[i]] = deepest + 1;
    }
}

static void find(group_search *search)
{
    const sy_graph *graph = search->graph;
    for (int n = 0; n < graph->node_count; n++)
        search->found.of_node[n] = SY_NONE;
    for (int n = 0; n < graph->node_count; n++)
        if (!graph->nodes[n].removed && search->found.of_node[n] == SY_NONE)
            add_group(search, n);
    for (int g = 0; g < search->found.group_count; g++)
        pair_residual(search, &search->found.groups[g]);
}

sy_status sy_groups_find(sy_ctx *ctx, const sy_graph *graph, sy_arena *arena, sy_groups *out)
{
    const size_t tensors = (size_t)graph->tensor_count, nodes = (size_t)graph->node_count;
    int *readers = sy_arena_alloc(arena, tensors, sizeof *readers);
    int *reader = sy_arena_alloc(arena, tensors, sizeof *reader);
    int *depth = sy_arena_alloc(arena, tensors, sizeof *depth);
    group_search search = {.graph = graph, .readers = readers, .reader = reader, .depth = depth};
    search.found.groups = sy_arena_alloc(arena, nodes, sizeof *search.found.groups);
    search.found.of_node = sy_arena_alloc(arena, nodes, sizeof *search.found.of_node);
    if (!readers || !reader || !depth || !search.found.groups || !search.found.of_node)
        return sy_check_alloc(ctx, NULL);

    count_readers(graph, readers, reader);
    measure_depth(graph, depth);
    find(&search);
    *out = search.found;
    return SY_OK;
}
