/* The graph made ready for quantization: an ordered list of rules, one file each. Outputs do not change but
 * for rounding; names of the tensors that remain do not change.
 */
#ifndef SY_FUSE_FUSE_H
#define SY_FUSE_FUSE_H

#include "graph/graph.h"

/* Applies every rule until nothing changes:
 * - nodes that read only constants are computed, except Q/DQ and what would make large constants from small
 * ones;
 * - identities are removed (Identity, Dropout, Cast to the same type, Pad by nothing, Reshape to the same
 * shape ...);
 * - BatchNormalization, and Add, Sub, Mul and Div by a constant per channel, are folded into the Conv,
 * ConvTranspose or Gemm before them, which then produces their output under their output's name. Where there
 * is none, or its result is also read by others, they stay. Groups such as Conv and Relu are not rewritten;
 * see groups.h. `graph` itself is not changed. *out_report: a line a change, in the arena of *out;
 * `out_report` may be NULL.
 */
sy_status sy_fuse(sy_ctx *ctx, const sy_graph *graph, sy_graph **out, const char **out_report);

#endif
