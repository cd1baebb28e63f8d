/* Weights of MatMul and Gemm in 4 bits, with scales of blocks. */
#ifndef SY_NVGPU_INT4_H
#define SY_NVGPU_INT4_H

#include "solve/plan.h"

/* For each product of the plan with a block, found by name in `graph` (the plan's, quantized, of opset 21): a
 * Gemm becomes a MatMul, and an Add of its bias; weights [K, N] become int4, -7..7, behind a DequantizeLinear with axis 0, block_size and scales [K /
 * block, N] of the weights' type, largest value of the block / 7. A weight that several read is written once.
 * Leaves the graph as sy_graph_compact() does.
 */
sy_status sy_nvgpu_add_blocks(sy_ctx *ctx, const sy_plan *plan, sy_graph *graph);

#endif
