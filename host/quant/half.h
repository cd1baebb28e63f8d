/* A float32 graph as one of float16, for runtimes that compute in the types the file has. */
#ifndef SY_QUANT_HALF_H
#define SY_QUANT_HALF_H

#include "graph/graph.h"

/* Every float32 tensor becomes float16, in place: constants, results, the scales of QuantizeLinear and
 * DequantizeLinear. Inputs and outputs of the network keep float32 and pass a Cast each. What ONNX wants as
 * float32 (the factors of Resize) stays so. Finite constants beyond float16 become its largest value, and a
 * single number too close to 0 its least one, so that what divides by it still can; both are logged. The
 * graph must be of opset 19 at least. SY_E_UNSUPPORTED names a node whose types are not known here or that
 * ONNX has no float16 form of.
 */
sy_status sy_graph_to_half(sy_ctx *ctx, sy_graph *graph);

#endif
