/* Which tensor of one model stands for which of another. */
#ifndef SY_VERIFY_PAIRS_H
#define SY_VERIFY_PAIRS_H

#include "graph/graph.h"

/* A tensor of floats of the float model, and what the quantized model has of it. */
typedef struct sy_pair {
    int reference, quantized; /* tensors */
    size_t words;
    size_t
        offset; /* where the words of `reference` go in a copy of all its paired outputs, or inner tensors */
} sy_pair;

typedef struct sy_pairs {
    int *inputs;                /* for each of the quantized model, its position among the float model's */
    sy_pair *outputs, *tensors; /* inner tensors in the order they are computed */
    int output_count, tensor_count;
    size_t output_words, activation_words; /* of all outputs, and of all inner tensors */
} sy_pairs;

/* Pairs outputs, and with `inner` the inner tensors, by name. SY_E_DATA when inputs or outputs do not match.
 * In `arena`. */
sy_status sy_pairs_find(sy_ctx *ctx, const sy_graph *reference, const sy_graph *quantized, bool inner,
                        sy_arena *arena, sy_pairs *out);

#endif
