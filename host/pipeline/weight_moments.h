/* What the layers of a model read: second moments over the samples, gathered on the job's device. */
#ifndef SY_PIPELINE_WEIGHT_MOMENTS_H
#define SY_PIPELINE_WEIGHT_MOMENTS_H

#include "pipeline/job.h"
#include "weight/gptq.h"

/* The weight of a product, and what its readers read beside it. */
typedef struct sy_weight_inputs {
    const char *name;          /* of the weight, by the caller */
    sy_weight_moments moments; /* positions 0: no product of known form reads it */
    sy_weight_layout layout;
} sy_weight_inputs;

/* Runs the float model over job->samples, with nodes that multiply the columns a Conv, Gemm or MatMul reads
 * by themselves, and adds up in the order of the samples, so that no number of workers changes a bit. Of
 * weights with several readers the sum over all, where they cut the weight in the same way. Fills `list`, in
 * `arena`. The job's model, device and samples are open.
 */
sy_status sy_job_collect_moments(sy_job *job, sy_arena *arena, sy_weight_inputs *list, int count);

#endif
