/* Products of integers in an ONNX file whose activations become integers while the model runs.
 *
 * A Conv, Gemm or MatMul with constant weights becomes
 *   per tensor  DynamicQuantizeLinear, then MatMulInteger or ConvInteger, Cast, Mul by both scales [, Add]
 *   per row     rint(x / s) + 128 with s = max |x| / 127 of each row, as Abs, ReduceMax, Mul, Max, Div,
 * Round, Add, Cast; then the same. Of MatMul and Gemm; a convolution has no rows and stays per tensor. with
 * weights as uint8 and the zero point 128: kernels for uint8 x int8 saturate on processors without VNNI. What
 * several products read is quantized once. A table that only Gather reads has its rows picked as integers,
 * which then become floats. Everything else becomes a weight that is float again before it is read
 * (weight/emit.h).
 */
#ifndef SY_WEIGHT_DYNAMIC_H
#define SY_WEIGHT_DYNAMIC_H

#include "weight/choose.h"
#include "weight/emit.h"

enum { SY_DYNAMIC_OPSET = 11 }; /* that of DynamicQuantizeLinear */

typedef enum sy_dynamic_form {
    SY_DYNAMIC_PRODUCT, /* products of integers */
    SY_DYNAMIC_LOOKUP,  /* rows of a table */
    SY_DYNAMIC_FLOAT,   /* only the weights are integers */
} sy_dynamic_form;

/* What a weight that is not refused becomes. *out_why: the reason why it is no product, where FLOAT; in
 * words, a constant. */
sy_dynamic_form sy_dynamic_form_of(const sy_onnx_file *file, const sy_weight_choice *choice,
                                   const char **out_why);

/* Whether the codes are asked to be symmetric: those of products have no zero point. */
static inline bool sy_dynamic_is_symmetric(sy_dynamic_form form)
{
    return form == SY_DYNAMIC_PRODUCT;
}

typedef struct sy_dynamic sy_dynamic;

/* The operator set of `edit` must be SY_DYNAMIC_OPSET at least. In `arena`, which must live until the edit is
 * saved, as must all others. */
sy_status sy_dynamic_create(sy_ctx *ctx, const sy_onnx_file *file, sy_onnx_edit *edit, bool rows,
                            sy_arena *arena, sy_dynamic **out);

/* Puts 8-bit codes in the place of a weight whose form is PRODUCT or LOOKUP, and nodes for all that read it.
 */
sy_status sy_dynamic_emit(sy_dynamic *dynamic, const sy_weight_choice *choice, sy_dynamic_form form,
                          const sy_weight_codes *codes);

#endif
