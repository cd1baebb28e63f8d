/* From what each sample gave to the report. */
#ifndef SY_VERIFY_SUMMARY_H
#define SY_VERIFY_SUMMARY_H

#include "compare/distance.h"
#include "verify/pairs.h"
#include "verify/verify.h"

/* What one sample gave, for each pair of outputs and of inner tensors. */
typedef struct sy_sample_result {
    sy_comparison *outputs, *tensors;
    size_t largest_float, largest_quantized; /* indices into output 0 */
    bool usable;
} sy_sample_result;

/* results[s] is of sample s of spec->samples. SY_E_DATA when none is usable. */
sy_status sy_verify_summarize(sy_ctx *ctx, const sy_verify_spec *spec, const sy_pairs *pairs,
                              const sy_sample_result *results, sy_verify_report *out);

#endif
