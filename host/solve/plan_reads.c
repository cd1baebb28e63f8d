/* Where a node cannot read a tensor on the grid on which it is stored: another width, or an operator that
 * asks for the grid of its result.
 */
#include "solve/planner.h"

/* The grid on which the node has to read input i; what it is stored on where that will do. */
static sy_status wanted_form(const sy_planner *planner, const sy_class_member *members, int index, int i,
                             sy_form *out)
{
    const sy_plan *plan = planner->plan;
    const sy_node *node = &planner->graph->nodes[index];
    const sy_op_trait *trait = sy_traits_find(planner->traits, node->type);
    const sy_tensor_plan *tensor = &plan->tensors[node->inputs[i]];
    const int output = plan->nodes[index].output;
    *out = (sy_form){tensor->number, tensor->scales[0]};
    if (trait && trait->converts_inputs && plan->tensors[output].stored) {
        *out = (sy_form){plan->tensors[output].number, plan->tensors[output].scales[0]};
        return SY_OK;
    }
    const sy_number *number = plan->nodes[index].wide ? &planner->traits->wide : &planner->traits->activation;
    if (number->bits == tensor->number.bits)
        return SY_OK;
    out->number = *number;
    SY_TRY(sy_scale_from_range(planner->ctx, number, tensor->range.min, tensor->range.max, &out->scale));
    const sy_clamp bound = members[node->inputs[i]].bound;
    if (!number->symmetric)
        out->scale = sy_scale_inside(number, out->scale, bound.lo, bound.hi);
    return SY_OK;
}

static sy_status plan_node(const sy_planner *planner, const sy_class_member *members, int index)
{
    sy_plan *plan = planner->plan;
    const sy_node *node = &planner->graph->nodes[index];
    sy_form *reads = NULL;
    for (int i = 0; i < node->input_count; i++) {
        const int tensor = node->inputs[i];
        sy_form form;
        if (tensor == SY_NONE || !sy_plan_reads_integers(plan, index, i) ||
            i == plan->nodes[index].weight_input)
            continue;
        SY_TRY(wanted_form(planner, members, index, i, &form));
        const sy_form stored = {plan->tensors[tensor].number, plan->tensors[tensor].scales[0]};
        if (sy_form_equal(&form, &stored))
            continue;
        if (!reads)
            reads = sy_arena_alloc(&plan->arena, (size_t)node->input_count, sizeof *reads);
        SY_TRY(sy_check_alloc(planner->ctx, reads));
        reads[i] = form;
    }
    plan->nodes[index].reads = reads;
    return SY_OK;
}

sy_status sy_plan_reads(const sy_planner *planner, const sy_class_member *members)
{
    for (int n = 0; n < planner->graph->node_count; n++)
        if (planner->plan->nodes[n].quantized && planner->plan->nodes[n].head == SY_NONE)
            SY_TRY(plan_node(planner, members, n));
    return SY_OK;
}
