/* quant_type = WEIGHT_QUANT: a model whose weights are integers that become floats while it runs;
 * DYNAMIC_QUANT: one whose products are of integers too. */
#ifndef SY_PIPELINE_WEIGHT_QUANT_H
#define SY_PIPELINE_WEIGHT_QUANT_H

#include "pipeline/job.h"

/* Writes model_output, or output/<stem>.quant.<format>: a model of the format of the request's.
 * SY_E_CONFIG when that would leave every weight float.
 */
sy_status sy_job_quantize_weights(sy_job *job, sy_report *report);

/* The parts of that: the model, with the error of job->init_scale where bits are mixed; and the container of
 * the model that was written, where the configuration wants one. */
sy_status sy_job_write_weights(sy_job *job, sy_report *report);
sy_status sy_job_write_container(sy_job *job, sy_report *report);

/* For the two formats. Each edits the file and copies what is not about the weights byte for byte. */
sy_status sy_job_quantize_mindir_weights(sy_job *job, sy_report *report);
sy_status sy_job_quantize_onnx_weights(sy_job *job, sy_report *report);
/* DYNAMIC_QUANT, of ONNX models. */
sy_status sy_job_quantize_dynamic(sy_job *job, sy_report *report);

/* The path to write, ending in `suffix` (".onnx") where the request does not name it; checks that it can be
 * written and makes its folder. */
sy_status sy_job_weight_output(sy_job *job, const char *suffix, const char **out);

#endif
