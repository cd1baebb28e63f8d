/* Codes in an ONNX file: the integers in the place of the floats, and the nodes that turn them back. */
#ifndef SY_WEIGHT_EMIT_H
#define SY_WEIGHT_EMIT_H

#include "import/onnx/edit.h"
#include "weight/codes.h"

/* How far a file's operator set may and can be raised, found out once. */
typedef struct sy_weight_form {
    int opset;           /* what DequantizeLinear is written for; below 10: it is not used */
    const char *why_not; /* the reason why it is not 21, in words; NULL: it is, or nothing asks for it */
    bool uint4;          /* 4 bits without a sign in the place of int4: codes and zero points are 8 higher */
} sy_weight_form;

/* The operator set for weights of so many bits: 21 for up to 4 or more than 8 bits and for blocks, else 13,
 * where the model lets itself be raised to it and opset_max allows; else what it has. Raises that of `edit`.
 */
sy_status sy_weight_choose_form(sy_ctx *ctx, sy_onnx_edit *edit, int bits, bool blocks, int opset_max,
                                sy_weight_form *out);

/* The type that the integers are held in: int4 or uint4 where they fit and the form allows, int8, or int16.
 */
sy_dtype sy_weight_storage(const sy_weight_codes *codes, const sy_weight_form *form);
/* Bytes of integers, scales, zero points and shifts. */
size_t sy_weight_stored_bytes(const sy_weight_codes *codes, const sy_weight_form *form);

/* Puts the codes in the place of a constant of their shape, which `first_node` is the first to read, and
 * nodes before that whose result has the constant's name and type:
 *   DequantizeLinear [Add] [Cast]           where the form has it: per tensor from 10, per axis from 13, of
 *                                           int4, int16 and blocks from 21
 *   Cast [Sub] Mul [Add] [Cast]             otherwise, which every operator set has, to the same bits
 * Add where there are shifts, the last Cast to float16 where the constant is. Integers and factors are put
 * into `arena`, which must live until the edit is saved. SY_E_UNSUPPORTED: blocks, where the form is below
 * 21.
 */
sy_status sy_weight_emit(sy_ctx *ctx, sy_onnx_edit *edit, const sy_onnx_file *file, int constant,
                         int first_node, const sy_weight_codes *codes, const sy_weight_form *form,
                         sy_arena *arena);

#endif
