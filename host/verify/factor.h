/* What a product between DequantizeLinear and QuantizeLinear multiplies and adds, as whole numbers. */
#ifndef SY_VERIFY_FACTOR_H
#define SY_VERIFY_FACTOR_H

#include "graph/grid.h"

/* A graph while its products are rewritten. */
typedef struct sy_rewrite {
    sy_ctx *ctx;
    sy_graph *graph;
    sy_arena arena; /* of what is read from the graph */
} sy_rewrite;

/* A tensor that comes from DequantizeLinear. */
typedef struct sy_factor {
    int quantized; /* the integer tensor before it */
    sy_code_grid grid;
    double largest; /* |q - zero| is at most this */
} sy_factor;

/* *out_found is false, and *out untouched, unless `tensor` (SY_NONE is allowed) comes from a DequantizeLinear
 * with constant scales. */
sy_status sy_factor_find(sy_rewrite *work, int tensor, sy_factor *out, bool *out_found);

/* The elements of a constant factor minus their zero points, and the largest sum of their magnitudes over one
 * index of `channel_axis`. In the arena of `work`.
 */
sy_status sy_factor_centre(sy_rewrite *work, const sy_factor *factor, int channel_axis, float **out_values,
                           double *out_largest_sum);

/* The integers that a product adds: in the arena of `work`, NULL and 0 where it adds none. *out_whole is
 * false when it adds something else than an int32 constant. */
sy_status sy_factor_bias(sy_rewrite *work, const sy_node *node, int64_t **out, size_t *out_count,
                         bool *out_whole);

#endif
