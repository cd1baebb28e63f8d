/* How good a quantized graph is on samples: the one number that decides whether a step is kept. */
#ifndef SY_CORRECT_JUDGE_H
#define SY_CORRECT_JUDGE_H

#include "calib/collect.h"
#include "graph/graph.h"

typedef struct sy_judge_spec {
    const sy_backend *backend;
    sy_device *device;
    const sy_graph *reference; /* the float model, bound */
    const sy_sample_source *samples;
    int workers;
    uint32_t batch; /* samples a worker runs at once; 0: what suits the device. No result depends on it. */
} sy_judge_spec;

/* Mean over samples and float outputs of 10 log10(energy of the float model's output / energy of the
 * difference), each within SY_DB_MAX (compare/distance.h). */
sy_status sy_judge_outputs(sy_ctx *ctx, const sy_judge_spec *spec, const sy_graph *quantized, double *out_db);

#endif
