#ifndef SY_ASCEND_STUB_DEPLOY_H
#define SY_ASCEND_STUB_DEPLOY_H

#include "solve/plan.h"

/* The plan's graph in the form of LAYOUT.md. What is added is named after what it belongs to: `x` gets the
 * node x_AscendQuant and the tensor x_quantized; a weight's integers are w_quantized; the result y of a
 * product comes out of y_AscendDequant, with y_accumulator before it and y_deq_scale as its parameter.
 */
sy_status sy_ascend_deploy(sy_ctx *ctx, const sy_plan *plan, sy_graph **out);

/* The same, written to a file. */
sy_status sy_ascend_emit(sy_ctx *ctx, const sy_plan *plan, const char *path);

#endif
