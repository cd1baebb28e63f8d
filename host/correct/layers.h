/* The linear layers of a quantized graph, and what flows between them. */
#ifndef SY_CORRECT_LAYERS_H
#define SY_CORRECT_LAYERS_H

#include "solve/plan.h"

/* A product with a bias that can be changed. Tensors are of the bound quantized graph. */
typedef struct sy_layer {
    int plan_node; /* in the plan's graph */
    int node;      /* in the bound quantized graph */
    int sums;      /* tensor: product plus bias, before the activation */
    int bias;      /* tensor: a constant of `channels` floats */
    size_t channels;
    size_t outer, inner; /* of `sums`: [outer][channels][inner] */
    const char *target;  /* name of the float model's tensor whose channel means are to be met */
    float lo, hi; /* what the next layer can see of the sums: activation and integer range; infinite where
                     there is none */
} sy_layer;

/* The layers in the order they are computed. `bound` is the plan's quantized graph with every shape known.
 * Products whose bias cannot be found are left out. In `arena`.
 */
sy_status sy_layers_find(sy_ctx *ctx, const sy_plan *plan, const sy_graph *bound, sy_arena *arena,
                         sy_layer **out, int *out_count);

/* The tensors that nodes from `node` on read and that are there before it: graph inputs, and results of
 * earlier nodes. In `arena`. */
sy_status sy_cut_find(sy_ctx *ctx, const sy_graph *bound, int node, sy_arena *arena, int **out,
                      int *out_count);

#endif
