/* The bias of a layer, where rounding its weights moved the mean of its outputs. */
#ifndef SY_WEIGHT_BIAS_H
#define SY_WEIGHT_BIAS_H

#include "import/onnx/edit.h"

/* Whether the node that alone reads a constant as its weight has a bias of a float32 value for each
 * output that no other node reads, or none and room for one: Conv and Gemm. `out_outputs` may be NULL.
 */
bool sy_weight_bias_is_free(const sy_onnx_file *file, int constant, size_t *out_outputs);

/* Adds `shift`, [outputs], to that bias, or makes it one. New values are put into `arena`, which must live
 * until the edit is saved.
 */
sy_status sy_weight_move_bias(sy_ctx *ctx, sy_onnx_edit *edit, const sy_onnx_file *file, int constant,
                              const double *shift, size_t outputs, sy_arena *arena);

#endif
