/* Linear nodes with constant weights, and what can be folded into them: y = scale * x + shift per output
 * channel. */
#ifndef SY_FUSE_LINEAR_H
#define SY_FUSE_LINEAR_H

#include "fuse/rule.h"

typedef struct sy_linear {
    int node;        /* Conv, ConvTranspose or Gemm */
    int weights;     /* tensor, constant, float32 */
    int bias;        /* tensor, constant, float32, one element a channel or one for all; or SY_NONE */
    size_t channels; /* of the output; its axis 1 */
    int output_rank;
} sy_linear;

/* Describes the node that produces `tensor`, if it is such a node and the tensor has one reader, so that what
 * its reader does can be folded into it.
 */
bool sy_linear_before(const sy_graph *graph, int tensor, sy_linear *out);

/* The output channel that element `index` of the weights works for. */
size_t sy_linear_channel(const sy_graph *graph, const sy_linear *linear, size_t index);

/* Folds y = scale[c] * x + shift[c] into weights and bias, in double, rounded once. The linear node then
 * produces output 0 of `follower`, which is removed. Weights or bias that another node reads too are copied
 * first. *out_done false, and nothing changed, when a result would not be finite.
 */
sy_status sy_linear_fold(sy_fusing *fusing, const sy_linear *linear, int follower, const double *scale,
                         const double *shift, bool *out_done);

#endif
