/* Both models over the samples, in batches, spread over workers. */
#ifndef SY_VERIFY_BATCHES_H
#define SY_VERIFY_BATCHES_H

#include "compare/distance.h"
#include "run/run.h"
#include "verify/pairs.h"
#include "verify/verify.h"

/* What one sample gave, for one output or inner tensor. */
typedef struct sy_sample_result {
    sy_comparison *outputs, *tensors;
    size_t largest_float, largest_quantized; /* indices into output 0 */
    bool usable;
} sy_sample_result;

typedef struct sy_verification {
    const sy_verify_spec *spec;
    sy_program *reference, *quantized;
    sy_pairs pairs;
    sy_sample_result *results;
    sy_arena *arena;
} sy_verification;

/* Fills work->results of every sample. Each program supplies the graph's inputs, keeps the paired outputs and
 * shows the paired inner tensors, in the order of the pairs.
 */
sy_status sy_verify_batches(sy_ctx *ctx, const sy_verification *work);

#endif
