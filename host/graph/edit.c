#include <stdlib.h>
#include <string.h>

#include "graph/internal.h"

void sy_graph_replace_uses(sy_graph *graph, int from, int to)
{
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->nodes[n].input_count; i++)
            if (graph->nodes[n].inputs[i] == from)
                graph->nodes[n].inputs[i] = to;
}

/* Working memory of one compaction. */
typedef struct {
    sy_graph *graph;
    bool *needed;    /* per node */
    int *stack;      /* nodes whose producers are still to be marked */
    int *order;      /* old node indices in their new order */
    int *new_node;   /* old to new, or SY_NONE */
    int *new_tensor; /* old to new, or SY_NONE */
    bool *ready;     /* per tensor: available to a node placed next */
} compaction;

static void mark_needed(compaction *work)
{
    const sy_graph *graph = work->graph;
    int depth = 0;
    for (int o = 0; o < graph->output_count; o++) {
        int producer = graph->tensors[graph->outputs[o]].producer;
        if (producer != SY_NONE && !work->needed[producer]) {
            work->needed[producer] = true;
            work->stack[depth++] = producer;
        }
    }
    while (depth) {
        const sy_node *node = &graph->nodes[work->stack[--depth]];
        for (int i = 0; i < node->input_count; i++) {
            int producer = node->inputs[i] == SY_NONE ? SY_NONE : graph->tensors[node->inputs[i]].producer;
            if (producer != SY_NONE && !work->needed[producer]) {
                work->needed[producer] = true;
                work->stack[depth++] = producer;
            }
        }
    }
}

static bool can_run(const compaction *work, const sy_node *node)
{
    for (int i = 0; i < node->input_count; i++) {
        int tensor = node->inputs[i];
        if (tensor != SY_NONE && work->graph->tensors[tensor].producer != SY_NONE && !work->ready[tensor])
            return false;
    }
    return true;
}

static void place(compaction *work, int node, int *count)
{
    work->new_node[node] = *count;
    work->order[(*count)++] = node;
    for (int o = 0; o < work->graph->nodes[node].output_count; o++)
        if (work->graph->nodes[node].outputs[o] != SY_NONE)
            work->ready[work->graph->nodes[node].outputs[o]] = true;
}

/* Passes over what is left, in the old order, until all is placed. A graph that is nearly in order needs few
 * passes. */
static sy_status order_nodes(sy_ctx *ctx, compaction *work, int *out_count)
{
    int count = 0, needed = 0;
    for (int n = 0; n < work->graph->node_count; n++)
        needed += work->needed[n];
    while (count < needed) {
        int before = count;
        for (int n = 0; n < work->graph->node_count; n++)
            if (work->needed[n] && work->new_node[n] == SY_NONE && can_run(work, &work->graph->nodes[n]))
                place(work, n, &count);
        if (count == before) {
            int n = 0;
            while (!work->needed[n] || work->new_node[n] != SY_NONE)
                n++;
            return sy_fail(ctx, SY_E_MODEL, "node '%s' (%s) is part of a cycle: it needs its own output",
                           work->graph->nodes[n].name, work->graph->nodes[n].type);
        }
    }
    *out_count = count;
    return SY_OK;
}

static void keep(compaction *work, int tensor)
{
    if (tensor != SY_NONE)
        work->new_tensor[tensor] = 0;
}

static void renumber(const compaction *work, int *list, int count)
{
    for (int i = 0; i < count; i++)
        if (list[i] != SY_NONE)
            list[i] = work->new_tensor[list[i]];
}

static void compact_tensors(compaction *work, int node_count)
{
    sy_graph *graph = work->graph;
    for (int i = 0; i < graph->input_count; i++)
        keep(work, graph->inputs[i]);
    for (int o = 0; o < graph->output_count; o++)
        keep(work, graph->outputs[o]);
    for (int k = 0; k < node_count; k++) {
        const sy_node *node = &graph->nodes[work->order[k]];
        for (int i = 0; i < node->input_count; i++)
            keep(work, node->inputs[i]);
        for (int o = 0; o < node->output_count; o++)
            keep(work, node->outputs[o]);
    }
    int count = 0;
    for (int t = 0; t < graph->tensor_count; t++) {
        if (work->new_tensor[t] == SY_NONE)
            continue;
        sy_tensor tensor = graph->tensors[t];
        if (tensor.producer != SY_NONE)
            tensor.producer = work->new_node[tensor.producer];
        work->new_tensor[t] = count;
        graph->tensors[count++] = tensor;
    }
    graph->tensor_count = count;
}

static void compact_nodes(compaction *work, sy_node *sorted, int node_count)
{
    sy_graph *graph = work->graph;
    for (int k = 0; k < node_count; k++) {
        sorted[k] = graph->nodes[work->order[k]];
        renumber(work, sorted[k].inputs, sorted[k].input_count);
        renumber(work, sorted[k].outputs, sorted[k].output_count);
    }
    free(graph->nodes);
    graph->nodes = sorted;
    graph->node_count = node_count;
    graph->node_capacity = node_count;
    renumber(work, graph->inputs, graph->input_count);
    renumber(work, graph->outputs, graph->output_count);
}

/* A removed node no longer produces anything. */
static void forget_removed(sy_graph *graph)
{
    for (int t = 0; t < graph->tensor_count; t++) {
        int producer = graph->tensors[t].producer;
        if (producer != SY_NONE && graph->nodes[producer].removed)
            graph->tensors[t].producer = SY_NONE;
    }
}

static sy_status compact(sy_ctx *ctx, compaction *work, sy_arena *arena)
{
    size_t nodes = (size_t)work->graph->node_count, tensors = (size_t)work->graph->tensor_count;
    work->needed = sy_arena_alloc(arena, nodes, sizeof *work->needed);
    work->stack = sy_arena_alloc(arena, nodes, sizeof *work->stack);
    work->order = sy_arena_alloc(arena, nodes, sizeof *work->order);
    work->new_node = sy_arena_alloc(arena, nodes, sizeof *work->new_node);
    work->new_tensor = sy_arena_alloc(arena, tensors, sizeof *work->new_tensor);
    work->ready = sy_arena_alloc(arena, tensors, sizeof *work->ready);
    SY_TRY(sy_check_alloc(ctx, work->needed && work->stack && work->order && work->new_node &&
                                       work->new_tensor && work->ready
                                   ? work
                                   : NULL));
    for (size_t n = 0; n < nodes; n++)
        work->new_node[n] = SY_NONE;
    for (size_t t = 0; t < tensors; t++)
        work->new_tensor[t] = SY_NONE;

    int node_count = 0;
    forget_removed(work->graph);
    mark_needed(work);
    SY_TRY(order_nodes(ctx, work, &node_count));
    sy_node *sorted = malloc(((size_t)node_count + 1) * sizeof *sorted);
    SY_TRY(sy_check_alloc(ctx, sorted));
    compact_tensors(work, node_count);
    compact_nodes(work, sorted, node_count);
    return sy_graph_reindex(ctx, work->graph);
}

sy_status sy_graph_compact(sy_ctx *ctx, sy_graph *graph)
{
    sy_arena arena = {0};
    compaction work = {.graph = graph};
    sy_status status = compact(ctx, &work, &arena);
    sy_arena_release(&arena);
    return status;
}
