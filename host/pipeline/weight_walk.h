/* Layer after layer through the model, with what each reads: as the float model has it, and as it is behind
 * the layers that are quantized already.
 */
#ifndef SY_PIPELINE_WEIGHT_WALK_H
#define SY_PIPELINE_WEIGHT_WALK_H

#include "pipeline/job.h"
#include "weight/adapt.h"

/* A weight that is to be quantized. */
typedef struct sy_weight_inputs {
    const char *name;        /* in the job's model, by the caller; "": none, it stays as it is */
    bool moves_bias;         /* by the caller: the bias of its only reader, a Conv or Gemm, may be changed */
    bool is_product;         /* a product of known form reads it, and so it gets its turn */
    sy_weight_layout layout; /* of a product */
    sy_weight_moments moments;   /* of a product; sums only while it has its turn */
    sy_weight_crossing crossing; /* while it has its turn */
} sy_weight_inputs;

typedef struct sy_weight_walk sy_weight_walk;

/* The float model and a copy of it, in which weights become quantized, as one graph; the job's samples at its
 * beginning. `list` outlives the walk. The job's model, device and samples are open. Keeps what crosses a cut
 * through the graph for all samples where that takes no more than 1 GiB, and else computes it anew; with more
 * samples than inputs of which fit, as many as fit, evenly spread.
 */
sy_status sy_weight_walk_open(sy_job *job, sy_weight_inputs *list, int count, sy_weight_walk **out);
void sy_weight_walk_close(sy_weight_walk *walk); /* takes NULL */

/* From now on the copy computes with these values of a weight, [its elements], and with `bias`, [outputs],
 * added to its layer's bias; NULL: nothing. For weights that are no product's, before the first turn.
 */
sy_status sy_weight_walk_set(sy_weight_walk *walk, int index, const float *values, const double *bias);

/* The next product's weight, in the order of their last readers, with its moments over the samples; SY_NONE:
 * that was the last. Sums are in the order of the samples, so that no number of workers changes a bit. Of
 * weights with several readers they are sums over all that cut the weight in the same way.
 */
sy_status sy_weight_walk_next(sy_weight_walk *walk, int *out_index);

/* Of a product's weight that has its turn: *out, `count` elements that the caller frees, is what its values
 * should be now (sy_weight_adapt). *out_bias, [outputs] in `arena`, is what its layer's bias must gain then;
 * NULL where the bias stays.
 */
sy_status sy_weight_walk_adapt(sy_ctx *ctx, const sy_weight_inputs *inputs, const float *values, size_t count,
                               sy_arena *arena, float **out, double **out_bias);

#endif
