/* What the steps of planning share. Each step is a file, in this order: plan_nodes, plan_tensors,
 * plan_ranges (with plan_classes before and plan_reads after), plan_weights.
 */
#ifndef SY_SOLVE_PLANNER_H
#define SY_SOLVE_PLANNER_H

#include "fuse/groups.h"
#include "ops/lowering.h"
#include "ops/op.h"
#include "solve/plan.h"

typedef struct sy_planner {
    sy_ctx *ctx;
    const sy_graph *graph;
    const sy_stats *stats;
    const sy_traits *traits;
    const sy_plan_options *options;
    sy_plan *plan;
    sy_groups groups;
    bool *skipped;   /* per node: named by skip_nodes */
    bool *wide;      /* per node: named by wide_nodes */
    int *first_read; /* [tensor_count + 1]: where the readers of a tensor begin in `readers` */
    int *readers;    /* nodes */
} sy_planner;

/* Where floats become float16: no value the samples showed is beyond it. SY_E_NUMERIC names the tensor. */
sy_status sy_plan_check_half(const sy_planner *planner);
/* The scale as the file of this plan holds it. */
float sy_plan_scale(const sy_plan *plan, float scale);

/* Which nodes run on integers, and which of them another one finishes. */
sy_status sy_plan_nodes(sy_planner *planner);
/* Which tensors carry integers. */
void sy_plan_tensors(sy_planner *planner);
/* Per tensor; the fields of a class are those of its root. */
typedef struct sy_class_member {
    int parent;
    bool covered;   /* its values are among those of another member */
    sy_clamp bound; /* a Relu or Clip whose work the grid does: no code may stand for a value outside */
    bool wide;      /* class: has the target's wide activations */
    bool computed;  /* class: a node makes one of its tensors anew */
    bool has_range;
    sy_range range;
} sy_class_member;

/* Fills [tensor_count] members, and says of quantized nodes which are wide. */
void sy_plan_classes(const sy_planner *planner, sy_class_member *members);
int sy_class_root(sy_class_member *members, int tensor);
/* Which inputs are converted before a node reads them. */
sy_status sy_plan_reads(const sy_planner *planner, const sy_class_member *members);
/* Ranges and scales of activations; tensors that must agree get the same ones. */
sy_status sy_plan_ranges(sy_planner *planner);
/* Scales of weights. */
sy_status sy_plan_weights(sy_planner *planner);

/* Widens the weight scales of one quantized product until its bias, as the plan has it, fits in int32, and the
 * factor from its products to its result is one the target has.
 */
sy_status sy_plan_fit_bias(sy_ctx *ctx, sy_plan *plan, int node);

/* What these steps ask about a graph. */

static inline bool sy_is_constant(const sy_graph *graph, int tensor)
{
    return tensor != SY_NONE && graph->tensors[tensor].data;
}

/* The operator's rule; SY_QUANT_NEVER for an unknown one. */
sy_quant_rule sy_node_rule(const sy_node *node);
/* Is input i one that holds values, float or computed from floats, and not a shape, an axis or a limit? */
bool sy_input_is_value(const sy_graph *graph, const sy_node *node, int i);

#endif
