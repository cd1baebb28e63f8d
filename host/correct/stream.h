/* The quantized activations of all samples, as far as they have been computed: what crosses a cut through the
 * graph. */
#ifndef SY_CORRECT_STREAM_H
#define SY_CORRECT_STREAM_H

#include "calib/collect.h"
#include "graph/graph.h"

typedef struct sy_activations {
    const sy_graph *graph; /* bound, quantized */
    size_t sample_count;
    int *tensors; /* of the cut */
    int tensor_count;
    void ***data; /* [sample][tensor]: elements in the tensor's own type, so that integers take a byte each */
    bool *usable; /* [sample] */
} sy_activations;

/* Bytes one sample takes at this cut. */
size_t sy_cut_bytes(const sy_graph *graph, const int *tensors, int count);

/* Loads the graph inputs of samples `first`, first + step, ... */
sy_status sy_activations_load(sy_ctx *ctx, const sy_graph *graph, const sy_graph *reference,
                              const sy_sample_source *source, const size_t *samples, size_t count,
                              int workers, sy_activations *out);
void sy_activations_release(sy_activations *activations); /* a zeroed one too */

typedef struct sy_advance {
    const sy_backend *backend;
    sy_device *device;
    int workers;
    uint32_t batch; /* samples a worker runs at once; 0: what suits the device */
} sy_advance;

/* Called for each usable sample with the words of one tensor. One worker at a time for each `worker`. */
typedef sy_status (*sy_visit_fn)(sy_ctx *ctx, void *user, int worker, size_t sample, const float *words);

/* Computes one tensor of floats for every sample from the cut and shows it. */
sy_status sy_activations_visit(sy_ctx *ctx, const sy_advance *how, const sy_activations *activations,
                               int tensor, sy_visit_fn visit, void *user);

/* Called for each usable sample, in the order of the samples, with the words of each tensor. */
typedef sy_status (*sy_visit_in_order_fn)(sy_ctx *ctx, void *user, size_t sample, const float *const *words);

/* Computes tensors of floats for every sample from the cut and shows them, from one thread. */
sy_status sy_activations_visit_in_order(sy_ctx *ctx, const sy_advance *how, const sy_activations *activations,
                                        const int *tensors, int count, sy_visit_in_order_fn visit,
                                        void *user);

/* Moves the cut on: computes the tensors of the new cut for every sample and forgets those no longer needed.
 */
sy_status sy_activations_move(sy_ctx *ctx, const sy_advance *how, sy_activations *activations,
                              const int *tensors, int count);

#endif
