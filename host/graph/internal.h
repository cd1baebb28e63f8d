/* What the files of this module share. */
#ifndef SY_GRAPH_INTERNAL_H
#define SY_GRAPH_INTERNAL_H

#include "graph/graph.h"

/* Makes the table of names again after tensors moved. */
sy_status sy_graph_reindex(sy_ctx *ctx, sy_graph *graph);

#endif
