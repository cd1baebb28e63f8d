/* bit_num = 0: each weight in the steps that its error allows, or where these do not pay in fixed bits. */
#ifndef SY_PIPELINE_WEIGHT_MIXED_H
#define SY_PIPELINE_WEIGHT_MIXED_H

#include "pack/codes.h"
#include "pipeline/job.h"
#include "pipeline/weight_walk.h"
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
    double error;        /* |w - w'| / |w| */
    double output_error; /* the same of what its layer makes of it; NAN: its inputs are not known */
} sy_mixed_weight;

/* All weights of a run. */
typedef struct sy_mixed {
    sy_text weights;     /* of sy_mixed_weight */
    double power, noise; /* squares of all weights, and of what is missed of them */

    /* Of sy_mixed_expect(). */
    double shares, outputs;
} sy_mixed; /* a zeroed one is empty */

void sy_mixed_release(sy_mixed *mixed);

/* A weight to encode. */
typedef struct sy_mixed_source {
    const char *name; /* stays where it is, as long as the sy_mixed */
    const sy_shape *shape;
    int axis;                       /* of its channels; SY_NONE: none */
    const float *values;            /* in the tensor's order */
    const sy_weight_inputs *inputs; /* what its layer reads; NULL, or no product: not known */
    double *bias;                   /* [outputs]: as in weight/gptq.h; NULL: the layer's bias stays */
} sy_mixed_source;

/* Says, before any is encoded, which weights have inputs that are known. What rounding to nearest would miss
 * of the outputs of these is job->init_scale, in the root mean square over the outputs of all of them. Its
 * square grows with the cube root of the elements: a bit more for each weight of a small layer costs little.
 */
void sy_mixed_expect(sy_mixed *mixed, const sy_weight_inputs *list, int count);

/* Encodes a weight in `arena`, and adds it to `mixed`: where the inputs are known by the error of its
 * outputs, else by its own, of job->init_scale; or where that takes no fewer bytes in `fixed` by `method`.
 */
sy_status sy_mixed_encode(sy_job *job, sy_arena *arena, const sy_weight_method *method,
                          const sy_weight_task *fixed, const sy_mixed_source *source, sy_mixed *mixed,
                          sy_weight_codes *out);

/* The table of bits, bytes and errors. */
sy_status sy_mixed_report(sy_job *job, const sy_mixed *mixed, sy_report *report);

#endif
