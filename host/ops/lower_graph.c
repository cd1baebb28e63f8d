/* The lowering of a graph: which nodes take part, which clamps are merged, then node after node. */
#include <stdlib.h>

#include "ops/lowering.h"

/* Marks the nodes that `outputs` depend on, back to what is given. Nodes stand in an order in which they can
 * run, so one pass from the last to the first sees every reader before what it reads.
 */
static void mark_needed(sy_lowering *lowering, const bool *given, bool *wanted)
{
    const sy_graph *graph = lowering->graph;
    for (int i = graph->node_count - 1; i >= 0; i--) {
        const sy_node *node = &graph->nodes[i];
        for (int k = 0; k < node->output_count && !node->removed; k++) {
            if (node->outputs[k] != SY_NONE && wanted[node->outputs[k]] && !given[node->outputs[k]])
                lowering->needed[i] = true;
        }
        for (int k = 0; k < node->input_count && lowering->needed[i]; k++) {
            if (node->inputs[k] != SY_NONE)
                wanted[node->inputs[k]] = true;
        }
    }
}

/* The one needed node that reads `tensor`, at its input 0; SY_NONE when there is any other reading. */
static int only_reader(const sy_lowering *lowering, int tensor)
{
    int readers[8], only = SY_NONE;
    const int count = sy_graph_consumers(lowering->graph, tensor, readers, 8);
    if (count > 8)
        return SY_NONE;
    for (int i = 0; i < count; i++) {
        if (!lowering->needed[readers[i]])
            continue;
        if (only != SY_NONE)
            return SY_NONE;
        only = readers[i];
    }
    if (only != SY_NONE && lowering->graph->nodes[only].inputs[0] != tensor)
        return SY_NONE;
    return only;
}

/* `fixed`: tensors that must exist in memory as they are. */
static void merge_clamps(sy_lowering *lowering, const bool *fixed)
{
    const sy_graph *graph = lowering->graph;
    for (int i = 0; i < graph->node_count; i++) {
        const sy_node *node = &graph->nodes[i];
        sy_clamp clamp;
        if (!lowering->needed[i] || !node->op || !node->op->absorbs_clamp || fixed[node->outputs[0]])
            continue;
        const int reader = only_reader(lowering, node->outputs[0]);
        if (reader != SY_NONE && sy_clamp_of_node(graph, &graph->nodes[reader], &clamp))
            lowering->clamp_node[i] = reader;
    }
}

static sy_status lower_node(sy_lowering *lowering, int index)
{
    const sy_node *node = &lowering->graph->nodes[index];
    if (!node->op)
        return sy_fail(lowering->ctx, SY_E_UNSUPPORTED, "node '%s': operator %s%s%s is not one of ours",
                       node->name, node->domain, node->domain[0] ? "." : "", node->type);
    lowering->current = index;
    sy_status status = node->op->lower(lowering, node);
    if (status == SY_OK)
        status = lowering->status;
    return sy_while(lowering->ctx, status, "node '%s' (%s)", node->name, node->type);
}

static sy_status lower_nodes(sy_lowering *lowering, bool *merged)
{
    const int count = lowering->graph->node_count;
    for (int i = 0; i < count; i++) {
        if (lowering->clamp_node[i] != SY_NONE)
            merged[lowering->clamp_node[i]] = true;
    }
    for (int i = 0; i < count; i++) {
        if (lowering->needed[i] && !merged[i])
            SY_TRY(lower_node(lowering, i));
    }
    return SY_OK;
}

/* Flags that only the lowering itself needs: one a tensor or one a node. */
typedef struct {
    bool *given, *wanted, *fixed, *merged;
} flags;

static sy_status prepare(sy_ctx *ctx, const sy_graph *graph, sy_lowering *out, flags *marks)
{
    const size_t tensors = (size_t)graph->tensor_count, nodes = (size_t)graph->node_count;
    *out = (sy_lowering){.ctx = ctx, .graph = graph};
    out->tensors = sy_arena_alloc(&out->arena, tensors, sizeof *out->tensors);
    out->clamp_node = sy_arena_alloc(&out->arena, nodes, sizeof *out->clamp_node);
    out->needed = sy_arena_alloc(&out->arena, nodes, sizeof *out->needed);
    marks->given = sy_arena_alloc(&out->arena, tensors, sizeof(bool));
    marks->wanted = sy_arena_alloc(&out->arena, tensors, sizeof(bool));
    marks->fixed = sy_arena_alloc(&out->arena, tensors, sizeof(bool));
    marks->merged = sy_arena_alloc(&out->arena, nodes, sizeof(bool));
    const void *all[] = {out->tensors,  out->clamp_node, out->needed,  marks->given,
                         marks->wanted, marks->fixed,    marks->merged};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        SY_TRY(sy_check_alloc(ctx, all[i]));
    for (size_t i = 0; i < tensors; i++)
        out->tensors[i] = sy_no_operand;
    for (size_t i = 0; i < nodes; i++)
        out->clamp_node[i] = SY_NONE;
    return SY_OK;
}

sy_status sy_lower_graph(sy_ctx *ctx, const sy_graph *graph, const int *inputs, int input_count,
                         const int *outputs, int output_count, const bool *kept, sy_lowering *out)
{
    flags marks;
    SY_TRY(prepare(ctx, graph, out, &marks));
    for (int i = 0; i < input_count; i++) {
        marks.given[inputs[i]] = marks.fixed[inputs[i]] = true;
        sy_lower_supply(out, inputs[i]);
    }
    for (int i = 0; i < output_count; i++)
        marks.wanted[outputs[i]] = marks.fixed[outputs[i]] = true;
    for (int i = 0; i < graph->tensor_count && kept; i++)
        marks.fixed[i] = marks.fixed[i] || kept[i];
    SY_TRY(out->status);
    mark_needed(out, marks.given, marks.wanted);
    merge_clamps(out, marks.fixed);
    SY_TRY(lower_nodes(out, marks.merged));
    for (int i = 0; i < output_count; i++)
        sy_lower_locate(out, outputs[i]);
    return out->status;
}

void sy_lowering_release(sy_lowering *lowering)
{
    free(lowering->slots);
    free(lowering->steps);
    sy_arena_release(&lowering->arena);
    *lowering = (sy_lowering){0};
}

static void print_operand(sy_operand operand, sy_text *out)
{
    if (operand.slot == SY_NONE)
        sy_text_printf(out, " -");
    else if (operand.offset)
        sy_text_printf(out, " %d+%zu", operand.slot, operand.offset);
    else
        sy_text_printf(out, " %d", operand.slot);
}

void sy_lowering_print(const sy_lowering *lowering, sy_text *out)
{
    static const char *const kinds[] = {"value", "input", "constant"};
    for (int i = 0; i < lowering->slot_count; i++) {
        const sy_slot *slot = &lowering->slots[i];
        sy_text_printf(out, "slot %d %s %zu %s\n", i, kinds[slot->kind], slot->words,
                       slot->tensor == SY_NONE ? "(scratch)" : lowering->graph->tensors[slot->tensor].name);
    }
    for (int i = 0; i < lowering->step_count; i++) {
        const sy_step *step = &lowering->steps[i];
        sy_text_printf(out, "step %d %s", i, sy_kernel_name(step->kernel));
        for (int k = 0; k < sy_kernel_operands(step->kernel); k++)
            print_operand(step->operands[k], out);
        sy_text_printf(out, " for %s\n", lowering->graph->nodes[step->node].name);
    }
}
