/* The graph that weight_walk runs: the float model, a copy of it, and products of what layers read in both.
 */
#ifndef SY_PIPELINE_WEIGHT_STREAMS_H
#define SY_PIPELINE_WEIGHT_STREAMS_H

#include "pipeline/weight_walk.h"

enum { SY_STREAM_FLOAT, SY_STREAM_QUANTIZED, SY_STREAM_COUNT };

/* What is computed for a reader of a weight. */
enum {
    SY_MOMENT_PRODUCTS, /* [N, groups, size, size]: of columns of the copy, about their means */
    SY_MOMENT_CROSSED,  /* [N, groups, size, size]: of the float model's columns with those of the copy */
    SY_MOMENT_MEANS,    /* [N, groups * size ...]: of the copy's columns */
    SY_MOMENT_WANTED,   /* [N, groups * size ...]: of the float model's */
    SY_MOMENT_COUNT
};

typedef struct sy_weight_reader {
    int weight;                           /* into the list */
    int place;                            /* node of the model */
    const char *inputs[SY_STREAM_COUNT];  /* tensors it reads beside the weight */
    const char *moments[SY_MOMENT_COUNT]; /* tensors */
} sy_weight_reader;

/* Names of the copy: of what the tensor of that name of the model became, and of the bias of a weight's
 * layer. In the arena; NULL when there is no memory.
 */
const char *sy_weight_copy_name(sy_arena *arena, const char *name);
const char *sy_weight_bias_name(sy_arena *arena, const char *weight);

/* The place in the model of the node that computes a tensor of either stream; SY_NONE for other tensors. */
int sy_weight_place(const sy_graph *model, const char *name);

/* Fills is_product and layout of the list. *out_readers, in `arena`, are in the order of their places. The
 * outputs of the graph are the moments. The caller owns *out.
 */
sy_status sy_weight_streams(sy_ctx *ctx, const sy_graph *model, sy_weight_inputs *list, int count,
                            sy_arena *arena, sy_weight_reader **out_readers, int *out_count, sy_graph **out);

#endif
