/* What weight quantization says of every weight, in models of both formats. */
#ifndef SY_PIPELINE_WEIGHT_REPORT_H
#define SY_PIPELINE_WEIGHT_REPORT_H

#include "pipeline/job.h"

/* What became of one weight. */
typedef struct sy_weight_outcome {
    const char *name;
    const char *refusal; /* why it stays float; NULL: it is integers, and the rest is set */
    const char *type;    /* they are held in: "int8" */
    int bits;            /* they have */
    const char *scales;  /* what shares one: "axis 0" */
    size_t before, after;
    double snr;
    const char *note; /* for a line of its own; NULL: none */
} sy_weight_outcome;

/* The note of a weight that GPTQ has no second moments for. */
#define SY_WEIGHT_NO_MOMENTS       "rounded as MSE does: no product of known inputs"
#define SY_WEIGHT_NO_MOMENTS_MIXED "rounded by its own error: no product of known inputs"

/* A line of the text, and an item of the JSON's list of weights. */
sy_status sy_weight_report(sy_ctx *ctx, const sy_weight_outcome *outcome, sy_report *report, cJSON *list);

/* Bytes of all that was quantized. */
typedef struct sy_weight_totals {
    size_t before, after;
} sy_weight_totals;

/* Integers with their factors must be smaller than the floats: adds both to the totals, or gives a refusal,
 * in `arena`. */
sy_status sy_weight_check_gain(sy_ctx *ctx, sy_arena *arena, size_t before, size_t after,
                               sy_weight_totals *totals, const char **out_refusal);

#endif
