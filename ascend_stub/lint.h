#ifndef SY_ASCEND_STUB_LINT_H
#define SY_ASCEND_STUB_LINT_H

#include "graph/graph.h"

/* The rules of LAYOUT.md, by their numbers there. */
sy_status sy_ascend_lint(sy_ctx *ctx, const sy_graph *emitted);

#endif
