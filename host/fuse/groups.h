/* Which nodes an integer runtime computes as one. Nothing is stored between the nodes of a group, so nothing
 * between them is quantized; the graph itself is not rewritten, so every node stays visible in a viewer.
 */
#ifndef SY_FUSE_GROUPS_H
#define SY_FUSE_GROUPS_H

#include "graph/graph.h"

/* head -> [bias] -> [activation]. Each tensor between two members has one reader and is not an output of the
 * graph. */
typedef struct sy_group {
    int head;       /* any node; only weighted ones (SY_QUANT_WEIGHTED) and Add have followers */
    int bias;       /* the Add of a constant along the last axis right after a MatMul; else SY_NONE */
    int activation; /* the Relu, Clip ... (SY_QUANT_ACTIVATION) that ends the group; else SY_NONE */
    int output; /* tensor: what the group stores; output 0 of its last node; SY_NONE when that is omitted */

    /* A residual Add reads what another group computed without an activation; such a pair can run as one
     * (convolution, add, activation), and then the value between them is never rounded to integers.
     */
    int residual_add; /* of a weighted group: the Add that takes its output as the fused operand; else SY_NONE
                       */
    int residual_input; /* of a group with such an Add as head: that operand, 0 or 1; else SY_NONE */
} sy_group;

typedef struct sy_groups {
    sy_group *groups; /* in the order of their heads */
    int group_count;
    int *of_node; /* per node of the graph: its group; SY_NONE for removed nodes only */
} sy_groups;

/* Finds the groups of a graph; storage from `arena`. An Add whose operands both come straight from weighted
 * groups fuses the one further from the graph's inputs, which is the main branch: the shortcut is the shorter
 * one. (The placement TensorRT's tools choose.) The only failure is SY_E_MEMORY.
 */
sy_status sy_groups_find(sy_ctx *ctx, const sy_graph *graph, sy_arena *arena, sy_groups *out);

#endif
