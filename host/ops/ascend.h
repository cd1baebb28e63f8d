/* The operators of Ascend's offline quantization, which stand in ONNX's own domain in files for its compiler.
 */
#ifndef SY_OPS_ASCEND_H
#define SY_OPS_ASCEND_H

#include "graph/graph.h"

/* The offset of the AscendQuant that makes this tensor; 0 where another node does. */
int32_t sy_ascend_offset(const sy_graph *graph, int tensor);

/* The float32 scales in the parameter of an AscendDequant: the low halves of its uint64. false unless it is
 * such a constant, with `count` elements.
 */
bool sy_ascend_read_scales(const sy_tensor *parameter, float *out, size_t count);

#endif
