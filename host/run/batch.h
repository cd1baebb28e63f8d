/* How many samples a worker runs at once. No result depends on it. */
#ifndef SY_RUN_BATCH_H
#define SY_RUN_BATCH_H

#include "device/device.h"

typedef struct sy_batch_spec {
    const sy_backend *backend;
    sy_device *device;
    uint32_t asked; /* 0: as is best */
    int workers;    /* at least 1 */
    size_t samples;
    size_t sample_bytes; /* of device memory that a worker takes for each sample of its batch */
} sy_batch_spec;

/* What is asked for; else 1, or on a device that tells its memory as many as fit into four fifths of it and
 * leave every worker some, at most 32. At least 1, and no more than there are samples.
 */
sy_status sy_batch_choose(sy_ctx *ctx, const sy_batch_spec *spec, uint32_t *out);

/* Whether there was no memory for the batch and half of it can be tried: halves it then, with a warning. */
bool sy_batch_halve(sy_ctx *ctx, sy_status status, uint32_t *batch);

#endif
