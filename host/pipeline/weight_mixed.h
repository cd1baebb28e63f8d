/* bit_num = 0: each weight in the steps that its error allows, or where these do not pay in fixed bits. */
#ifndef SY_PIPELINE_WEIGHT_MIXED_H
#define SY_PIPELINE_WEIGHT_MIXED_H

#include "pack/codes.h"
#include "pipeline/job.h"
#include "weight/method.h"

/* Bits of weights whose steps do not pay, as in MindSpore Lite. */
enum { SY_MIXED_FIXED_BITS = 8 };

/* What became of one weight. */
typedef struct sy_mixed_weight {
    const char *name;
    bool is_fixed; /* in SY_MIXED_FIXED_BITS bits: its steps would have taken steps_bytes */
    size_t elements;
    size_t bytes, steps_bytes; /* with factors, as they stand in a container */
    int width;                 /* bits that hold every code */
    double entropy;            /* bits a code */
    sy_coding coding;
    double error; /* |w - w'| / |w| */
} sy_mixed_weight;

/* All weights of a run. */
typedef struct sy_mixed {
    sy_text weights;     /* of sy_mixed_weight */
    double power, noise; /* squares of all weights, and of what is missed of them */
} sy_mixed;              /* a zeroed one is empty */

void sy_mixed_release(sy_mixed *mixed);

/* Encodes a weight, values in its order, whose channels are along `axis` (SY_NONE: none), in `arena`, where
 * `name` must stay too: by the error of job->init_scale, or where that takes no fewer bytes in `fixed` by its
 * method. Adds to `mixed`.
 */
sy_status sy_mixed_encode(sy_job *job, sy_arena *arena, const sy_weight_method *method,
                          const sy_weight_task *fixed, const char *name, const sy_shape *shape, int axis,
                          const float *values, sy_mixed *mixed, sy_weight_codes *out);

/* The table of bits, bytes and errors. */
sy_status sy_mixed_report(sy_job *job, const sy_mixed *mixed, sy_report *report);

#endif
