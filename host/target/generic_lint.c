#include "ops/op.h"
#include "target/generic.h"
#include "target/lint.h"

/* A convolution whose result is not quantized runs in float. Between the two a clamp may stand that the grid
 * implies. */
static void check_result(sy_lint *lint, const sy_node *node)
{
    const sy_node *quantize = sy_lint_limits(lint, node);
    if (!sy_node_is(quantize, "QuantizeLinear"))
        sy_lint_fault(lint, node, "its inputs are integers but its result is not");
}

static bool is_constant(const sy_graph *graph, int tensor)
{
    return tensor != SY_NONE && graph->tensors[tensor].data;
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

static sy_status check_product(sy_lint *lint, const sy_node *node)
{
    const sy_graph *graph = lint->graph;
    const bool x = sy_lint_producer(graph, node->inputs[0], "DequantizeLinear") != NULL;
    const bool w = sy_lint_producer(graph, node->inputs[1], "DequantizeLinear") != NULL;
    if (x != w && w)
        sy_lint_fault(lint, node, "its weights are quantized and its input is not");
    if (!x || !w)
        return SY_OK;
    sy_lint_weight(lint, node, 0);
    sy_lint_weight(lint, node, 1);
    if (sy_node_is(node, "Conv") || sy_node_is(node, "ConvTranspose"))
        check_result(lint, node);
    return sy_lint_bias(lint, node);
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
        if (sy_lint_grid_of(lint, node->inputs[i], &x) && !sy_lint_same_grid(&x, &y))
            sy_lint_fault(lint, node, "input %d has another scale than the result", i);
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
            sy_lint_same_scale(&lint, node);
    }
    const sy_status found = sy_lint_finish(&lint);
    return status == SY_OK ? found : status;
}
