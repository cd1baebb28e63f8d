/* Integer execution of Q/DQ models, as runtimes with integer kernels do it. */
#ifndef SY_VERIFY_INTEGER_H
#define SY_VERIFY_INTEGER_H

#include "graph/graph.h"

/* A copy of an imported (not bound) Q/DQ graph in which every product between DequantizeLinear and
 * QuantizeLinear is computed as onnxruntime computes it: 32-bit integer accumulators, the bias added as an
 * integer, one product with the float scale x * w / y, round half to even, zero point, saturation.
 * DequantizeLinear of every quantized tensor stays, so that it can be observed.
 */
sy_status sy_integer_graph(sy_ctx *ctx, const sy_graph *graph, sy_graph **out);

#endif
