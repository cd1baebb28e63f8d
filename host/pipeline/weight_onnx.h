/* What weight quantization and dynamic quantization of ONNX models share. */
#ifndef SY_PIPELINE_WEIGHT_ONNX_H
#define SY_PIPELINE_WEIGHT_ONNX_H

#include "pipeline/job.h"
#include "pipeline/weight_report.h"
#include "weight/choose.h"

/* SY_E_UNSUPPORTED where the output is named as a MindIR model. */
sy_status sy_weight_check_output(const sy_job *job);

/* Bytes of a float weight in its own type. */
size_t sy_weight_float_bytes(const sy_onnx_constant *constant);
/* Its elements as floats, in the tensor's order; the caller frees them, also after a failure. */
sy_status sy_weight_load(sy_ctx *ctx, const sy_onnx_file *file, const sy_onnx_constant *constant,
                         float **out);

/* A model that stays float is no success: SY_E_MODEL, SY_E_CONFIG with the reason of the first weight. */
sy_status sy_weight_require_some(sy_ctx *ctx, const sy_onnx_file *file, const sy_weight_choice *choices,
                                 int count, bool some);

/* The written file's line, and its part of the JSON. */
sy_status sy_weight_report_file(sy_ctx *ctx, const sy_onnx_file *file, const char *path, sy_report *report);

#endif
