/* The integers that QuantizeLinear and DequantizeLinear map values to: value = scale * (integer - zero). */
#ifndef SY_GRAPH_GRID_H
#define SY_GRAPH_GRID_H

#include "graph/graph.h"

typedef struct sy_code_grid {
    float *scales;  /* [count] */
    int64_t *zeros; /* [count]; 0 where the node has none */
    size_t count;   /* 1: for the whole tensor */
    int axis;       /* with several scales: that of the quantized tensor they belong to, from 0 */
} sy_code_grid;

/* Of a QuantizeLinear or DequantizeLinear; *out_known is false where scale or zero point are computed. Fails
 * with SY_E_MODEL when there are fewer zero points than scales. In `arena`.
 */
sy_status sy_code_grid_read(sy_ctx *ctx, const sy_graph *graph, const sy_node *node, sy_arena *arena,
                            sy_code_grid *out, bool *out_known);

#endif
