#include <math.h>
#include <stdlib.h>

#include "ops/lowering.h"
#include "quant/weights.h"
#include "target/generic.h"
#include "target/lint.h"

static bool is_constant(const sy_graph *graph, int tensor)
{
    return tensor != SY_NONE && graph->tensors[tensor].data;
}

/* The grid a tensor is dequantized from; false when it is not. */
static bool grid_of(sy_lint *lint, int tensor, sy_lint_grid *out)
{
    const sy_node *node = sy_lint_producer(lint->graph, tensor, "DequantizeLinear");
    return node && sy_lint_read_grid(lint, node, out);
}

/* Activations are uint8 with one scale; weights symmetric; int32 is for biases. */
static void check_grid(sy_lint *lint, const sy_node *node)
{
    sy_lint_grid grid;
    if (!sy_lint_read_grid(lint, node, &grid))
        return;
    const bool constant = sy_node_is(node, "DequantizeLinear") && is_constant(lint->graph, node->inputs[0]);
    if (!constant && (grid.dtype != SY_DTYPE_UINT8 || grid.axis != SY_NONE))
        sy_lint_fault(lint, node, "an activation must be uint8 with one scale");
    if (!grid.zeros_equal)
        sy_lint_fault(lint, node, "zero points differ between channels");
    if (grid.dtype == SY_DTYPE_INT32 && grid.zero != 0)
        sy_lint_fault(lint, node, "the zero point of a bias must be 0");
}

static void check_weight(sy_lint *lint, const sy_node *node, int input)
{
    const sy_node *dequantize = sy_lint_producer(lint->graph, node->inputs[input], "DequantizeLinear");
    sy_lint_grid grid;
    if (!dequantize || !is_constant(lint->graph, dequantize->inputs[0]) ||
        !sy_lint_read_grid(lint, dequantize, &grid))
        return;
    if (grid.zero != (grid.dtype == SY_DTYPE_UINT8 ? 128 : 0))
        sy_lint_fault(lint, node, "its weights are not symmetric");
    if (grid.axis != SY_NONE && grid.axis != sy_weight_axis(lint->graph, node, input))
        sy_lint_fault(lint, node, "its weights are quantized along axis %d", grid.axis);
}

static sy_status read_scales(sy_lint *lint, const sy_node *dequantize, size_t count, float **out)
{
    float *values = calloc(count, sizeof *values);
    SY_TRY(sy_check_alloc(lint->ctx, values));
    const sy_status status =
        sy_tensor_to_f32(lint->ctx, &lint->graph->tensors[dequantize->inputs[1]], values, count);
    if (status == SY_OK)
        *out = values;
    else
        free(values);
    return status;
}

/* Every scale of a bias is exactly the float product of those of what is multiplied, or kernels would add
 * another value. */
static sy_status check_bias(sy_lint *lint, const sy_node *node)
{
    const sy_node *dequantize =
        node->input_count > 2 ? sy_lint_producer(lint->graph, node->inputs[2], "DequantizeLinear") : NULL;
    const sy_node *weight = sy_lint_producer(lint->graph, node->inputs[1], "DequantizeLinear");
    sy_lint_grid x, w, b;
    float *weights = NULL, *biases = NULL;
    sy_status status;
    if (node->input_count > 2 && node->inputs[2] != SY_NONE && !dequantize)
        sy_lint_fault(lint, node, "its bias is float");
    if (!dequantize || !weight || !grid_of(lint, node->inputs[0], &x) ||
        !sy_lint_read_grid(lint, weight, &w) || !sy_lint_read_grid(lint, dequantize, &b))
        return SY_OK;
    if (b.dtype != SY_DTYPE_INT32 || b.count % w.count != 0) {
        sy_lint_fault(lint, node, "its bias is not int32 with a scale for each of the weights'");
        return SY_OK;
    }
    SY_TRY_DONE(read_scales(lint, weight, w.count, &weights));
    SY_TRY_DONE(read_scales(lint, dequantize, b.count, &biases));
    for (size_t i = 0; i < b.count; i++)
        if (biases[i] != x.scale * weights[i % w.count]) {
            sy_lint_fault(lint, node,
                          "scale %zu of its bias is not that of its input times that of its weights", i);
            break;
        }
done:
    free(weights);
    free(biases);
    return status;
}

/* A convolution whose result is not quantized runs in float. Between the two a clamp may stand that the grid
 * implies. */
static void check_result(sy_lint *lint, const sy_node *node)
{
    const sy_graph *graph = lint->graph;
    const sy_node *next = sy_lint_only_reader(graph, node->outputs[0]);
    sy_clamp clamp;
    if (next && sy_clamp_of_node(graph, next, &clamp)) {
        const sy_node *quantize = sy_lint_only_reader(graph, next->outputs[0]);
        sy_lint_grid grid;
        if (sy_node_is(quantize, "QuantizeLinear") && sy_lint_read_grid(lint, quantize, &grid) &&
            ((float)(0 - grid.zero) * grid.scale < clamp.lo ||
             (float)(255 - grid.zero) * grid.scale > clamp.hi))
            sy_lint_fault(lint, next,
                          "codes of its result stand for values outside its limits, so it cannot be dropped");
        next = quantize;
    }
    if (!sy_node_is(next, "QuantizeLinear"))
        sy_lint_fault(lint, node, "its inputs are integers but its result is not");
}

static sy_status check_product(sy_lint *lint, const sy_node *node)
{
    const sy_graph *graph = lint->graph;
    const bool x = sy_lint_producer(graph, node->inputs[0], "DequantizeLinear") != NULL;
    const bool w = sy_lint_producer(graph, node->inputs[1], "DequantizeLinear") != NULL;
    if (x != w && w)
        sy_lint_fault(lint, node, "its weights are quantized and its input is not");
    if (!x || !w)
        return SY_OK;
    check_weight(lint, node, 0);
    check_weight(lint, node, 1);
    if (sy_node_is(node, "Conv") || sy_node_is(node, "ConvTranspose"))
        check_result(lint, node);
    return check_bias(lint, node);
}

/* Is the tensor behind this DequantizeLinear what a Relu or Clip makes? */
static bool is_clamped(const sy_graph *graph, int tensor)
{
    const sy_node *dequantize = sy_lint_producer(graph, tensor, "DequantizeLinear");
    const sy_node *quantize =
        dequantize ? sy_lint_producer(graph, dequantize->inputs[0], "QuantizeLinear") : NULL;
    return quantize && (sy_lint_producer(graph, quantize->inputs[0], "Relu") ||
                        sy_lint_producer(graph, quantize->inputs[0], "Clip"));
}

/* What a Concat joins has the scale of its result, unless the limits of a Relu or Clip forbid that. */
static void check_concat(sy_lint *lint, const sy_node *node)
{
    const sy_node *quantize = sy_lint_only_reader(lint->graph, node->outputs[0]);
    sy_lint_grid x, y;
    if (!sy_node_is(quantize, "QuantizeLinear") || !sy_lint_read_grid(lint, quantize, &y))
        return;
    for (int i = 0; i < node->input_count; i++)
        if (is_clamped(lint->graph, node->inputs[i]))
            return;
    for (int i = 0; i < node->input_count; i++)
        if (grid_of(lint, node->inputs[i], &x) && !sy_lint_same_grid(&x, &y))
            sy_lint_fault(lint, node, "input %d has another scale than the result", i);
}

/* Values that only move are never scaled anew. */
static void check_same_scale(sy_lint *lint, const sy_node *node)
{
    const sy_graph *graph = lint->graph;
    const sy_node *quantize = sy_lint_only_reader(graph, node->outputs[0]);
    sy_lint_grid x, y;
    if (!sy_node_is(quantize, "QuantizeLinear") || !grid_of(lint, node->inputs[0], &x) ||
        !sy_lint_read_grid(lint, quantize, &y))
        return;
    if (!sy_lint_same_grid(&x, &y))
        sy_lint_fault(lint, node, "it only moves values, but its result has another scale than its input");
}

sy_status sy_generic_lint(sy_ctx *ctx, const sy_graph *emitted)
{
    sy_lint lint = {.ctx = ctx, .graph = emitted};
    sy_status status = SY_OK;
    if (sy_graph_opset(emitted) < 13)
        return sy_fail(ctx, SY_E_INTERNAL, "opset %d: scales for each channel need 13",
                       sy_graph_opset(emitted));
    sy_lint_pairs(&lint);
    for (int n = 0; n < emitted->node_count && status == SY_OK; n++) {
        const sy_node *node = &emitted->nodes[n];
        if (sy_node_is(node, "QuantizeLinear") || sy_node_is(node, "DequantizeLinear"))
            check_grid(&lint, node);
        else if (node->op && node->op->quant == SY_QUANT_WEIGHTED)
            status = check_product(&lint, node);
        else if (sy_node_is(node, "Concat"))
            check_concat(&lint, node);
        else if (node->op && node->op->quant == SY_QUANT_SAME_SCALE)
            check_same_scale(&lint, node);
    }
    const sy_status found = sy_lint_finish(&lint);
    return status == SY_OK ? found : status;
}
