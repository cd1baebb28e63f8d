#ifndef SY_TARGET_GENERIC_H
#define SY_TARGET_GENERIC_H

#include "graph/graph.h"

/* What makes onnxruntime run every product of a GENERIC file on integers, as far as it can be read off the
 * graph. */
sy_status sy_generic_lint(sy_ctx *ctx, const sy_graph *emitted);

#endif
