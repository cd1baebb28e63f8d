/* A plan's graph on its way to a quantized one: what every form of it is made with. */
#ifndef SY_QUANT_REWRITE_H
#define SY_QUANT_REWRITE_H

#include "solve/plan.h"

/* Tensors and nodes below the plan's counts are those of the plan. */
typedef struct sy_rewrite {
    sy_ctx *ctx;
    const sy_plan *plan;
    sy_graph *graph; /* the new one */
    int *made;       /* per tensor of the plan: what was made of it; SY_NONE: nothing yet */
} sy_rewrite;

/* A copy of the plan's graph, raised to `opset`, that `rewire` has changed; without what nothing needs any
 * more, and valid. Fails as sy_graph_raise_opset() and `rewire` do.
 */
sy_status sy_rewrite_graph(sy_ctx *ctx, const sy_plan *plan, int opset, sy_status (*rewire)(sy_rewrite *work),
                           sy_graph **out);

/* A name made of a part of the model's and an ending; in the arena of the graph. */
const char *sy_rewrite_name(const sy_rewrite *work, const char *base, const char *ending);

/* A node of ONNX's own domain that computes `output`. */
sy_status sy_rewrite_add_node(sy_rewrite *work, const char *type, const char *name, const int *inputs,
                              int input_count, int output, int *out_node);

/* What computed `tensor` writes *out_raw, of this type, from now on; the caller gives the tensor another
 * producer. */
sy_status sy_rewrite_split(sy_rewrite *work, int tensor, const char *ending, sy_dtype dtype, int *out_raw);

/* The integers of a constant by its plan, named <tensor>_quantized. */
sy_status sy_rewrite_add_weight(sy_rewrite *work, int tensor, sy_dtype dtype, int *out);

#endif
