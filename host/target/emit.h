/* What targets that read ONNX share. */
#ifndef SY_TARGET_EMIT_H
#define SY_TARGET_EMIT_H

#include "solve/plan.h"

/* Quantizes the plan's graph and writes it as an ONNX model. */
sy_status sy_emit_onnx(sy_ctx *ctx, const sy_plan *plan, const char *path);

#endif
