/* From a plan to the quantized graph: integer weights and biases, and QuantizeLinear / DequantizeLinear
 * around what runs on integers, as ONNX runtimes recognise it.
 */
#ifndef SY_QUANT_QUANTIZE_H
#define SY_QUANT_QUANTIZE_H

#include "solve/plan.h"

/* A new graph that shares the plan's one; nodes and tensors keep their names. What is added is named after
 * what it belongs to: `x` gets the node x_QuantizeLinear, the tensors x_QuantizeLinear_Output, x_scale,
 * x_zero_point, and the same with Dequantize; a weight's integers are w_quantized. An output of the network
 * that leaves as integers keeps its name on the float side, and what computes it writes
 * x_QuantizeLinear_Input. The model's opset is raised to the target's minimum first: SY_E_UNSUPPORTED where a
 * node has no equal there. A plan with `half` gives a graph of float16, as sy_graph_to_half() makes it.
 */
sy_status sy_quantize_graph(sy_ctx *ctx, const sy_plan *plan, sy_graph **out);

/* Rewrites ONNX's own nodes of a graph, in place, to mean in `version` what they meant in the graph's; does
 * nothing for a graph that is as new already. SY_E_UNSUPPORTED names the node that has no equal, or that is
 * not known here.
 */
sy_status sy_graph_raise_opset(sy_ctx *ctx, sy_graph *graph, int version);

#endif
