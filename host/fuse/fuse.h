/* The graph made ready for quantization: an ordered list of rules, one file each. Outputs do not change but
 * for rounding; names of the tensors that remain do not change.
 */
#ifndef SY_FUSE_FUSE_H
#define SY_FUSE_FUSE_H

#include "graph/graph.h"

/* Applies every rule: constants folded, identities (Identity, Dropout, Cast to the same type, Pad by nothing
 * ...) removed, BatchNormalization folded into the convolution or product before it (or turned into
 * per-channel Mul and Add where there is none). *out_report: a line a change, in the graph's arena; may be
 * NULL.
 */
sy_status sy_fuse(sy_ctx *ctx, const sy_graph *graph, sy_graph **out, const char **out_report);

#endif
