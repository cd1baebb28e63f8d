/* Bias correction: the mean error that quantization adds to each channel is taken out through the biases.
 *
 * Sequential: layer by layer, each sees inputs computed with quantized weights, corrected biases and
 * quantized activations before it. The shift of a channel makes the mean of the quantized stream equal to
 * that of the float stream behind the activation, where it counts: values far in the clipped region of a ReLU
 * do not pull at it.
 */
#ifndef SY_CORRECT_CORRECT_H
#define SY_CORRECT_CORRECT_H

#include "calib/collect.h"
#include "solve/plan.h"

typedef struct sy_correct_spec {
    const sy_backend *backend;
    sy_device *device;
    const sy_graph *reference; /* the float model, fused and with every shape known */
    const sy_sample_source *samples;
    int workers;
    uint32_t batch; /* samples a worker runs at once; 0: what suits the device. No result depends on it. */
    size_t memory_bytes; /* for what is kept of all samples between two layers; fewer samples are used if need
                            be */
} sy_correct_spec;

typedef struct sy_correct_result {
    int layers; /* that have a new bias */
    size_t samples_used, samples_held_back;
    double before_db,
        after_db; /* SQNR of the outputs over the samples held back: the mean over samples and outputs */
    bool kept;    /* whether it helped there */
} sy_correct_result;

/* Corrects the biases of a plan. Where it does not help on the samples held back (*out says so), the plan
 * must be thrown away and made again without. With fewer than 4 samples there is none to hold back, and
 * nothing is done: `layers` is 0. Deterministic: the workers do not change a bit.
 */
sy_status sy_correct_biases(sy_ctx *ctx, const sy_correct_spec *spec, sy_plan *plan, sy_correct_result *out);

#endif
