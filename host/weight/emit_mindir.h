/* Codes in a MindIR file: (integers + zps) * scales, in the place of the floats. */
#ifndef SY_WEIGHT_EMIT_MINDIR_H
#define SY_WEIGHT_EMIT_MINDIR_H

#include "import/mindir/edit.h"
#include "import/mindir/weights.h"
#include "weight/codes.h"

/* The integers that the codes stand for, with their factors in the floats of the model: zps = shift / scale -
 * zero point. A cut without channels has one factor, else they are of the weight's shape of factors; blocks
 * have no form here. Everything is put into `arena`. *out_refusal says why the factors have no form in
 * float16; NULL: they have, and *out is set. */
sy_status sy_weight_emit_mindir(sy_ctx *ctx, const sy_mind_model *model, const sy_mind_weight *weight,
                                const sy_weight_codes *codes, sy_arena *arena, sy_mind_edit *out,
                                const char **out_refusal);

/* Bytes of integers, scales and zps. */
size_t sy_weight_edit_bytes(const sy_mind_edit *edit);

/* 10 log10 of the power of `values` over that of what the edit misses of them, computed as the file does: in
 * float16 where the weights were. INFINITY when nothing is lost, NAN for no values but 0. */
double sy_weight_edit_snr(const sy_mind_edit *edit, const sy_weight_cut *cut, bool is_half,
                          const float *values);

#endif
