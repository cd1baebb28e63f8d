#ifndef SY_PIPELINE_WEIGHT_QUANT_H
#define SY_PIPELINE_WEIGHT_QUANT_H

#include "pipeline/job.h"

/* quant_type = WEIGHT_QUANT: the request's MindIR model with weights that become floats while it runs. Writes
 * model_output, or output/<stem>.quant.mindir. SY_E_CONFIG when that would leave every weight float.
 */
sy_status sy_job_quantize_weights(sy_job *job, sy_report *report);

#endif
