/* Runs a TensorFlow Lite model of integers as a signal processor does: int8 codes, int32 accumulators, and
 * the arithmetic of fixed_point.h between them. Plain loops, one sample at a time.
 */
#ifndef SY_DSP_INTEGER_H
#define SY_DSP_INTEGER_H

#include "dsp/fixed_point.h"
#include "dsp/tflite.h"

/* What happened in one operator over all runs. */
typedef struct sy_integer_finding {
    int64_t largest;  /* |accumulator|, bias included, in unlimited integers */
    size_t overflows; /* accumulators that do not fit in int32 */
    size_t
        bias_overflows; /* biases of more than 30 bits, which leave too little room for products; once each */
} sy_integer_finding;

typedef struct sy_integer {
    sy_ctx *ctx;
    const sy_tflite_model *model; /* must outlive this */
    sy_rounding rounding;
    int8_t **codes;               /* per tensor; constants as the model has them, int32 ones NULL */
    sy_integer_finding *findings; /* per operator */
    sy_arena arena;
} sy_integer;

/* SY_E_UNSUPPORTED names an operator that cannot be run. `release` also after a failure. */
sy_status sy_integer_init(sy_ctx *ctx, const sy_tflite_model *model, sy_rounding rounding, sy_integer *out);
void sy_integer_release(sy_integer *run);

/* Runs all operators. Inputs are written to run->codes before, results are read there after. An accumulator
 * that does not fit in int32 wraps around, as the processors' do, and is counted.
 */
sy_status sy_integer_run(sy_integer *run);

/* For the operators. */
size_t sy_integer_elements(const sy_tflite_tensor *tensor);
/* Field of an operator's options. */
int sy_integer_option(const sy_tflite_operator *from, int field, int fallback);
/* An accumulator of unlimited width, noted, as 32 bits keep it. */
int32_t sy_integer_accumulate(sy_integer_finding *finding, int64_t acc);
int8_t sy_integer_clamp(int64_t code);

typedef sy_status (*sy_integer_rule)(sy_integer *run, const sy_tflite_operator *op,
                                     sy_integer_finding *finding);
sy_status sy_integer_conv(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_transposed(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_matrix(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_sum(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_product(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_mean(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_requantize(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_table(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_hard_swish(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_softmax(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_resize(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_max_pool(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_copy(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_transpose(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_concat(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_slice(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_pad(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);
sy_status sy_integer_blocks(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding);

#endif
