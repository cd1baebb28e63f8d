#include "nvgpu/lint.h"

#include <math.h>
#include <stdlib.h>

#include "ops/op.h"
#include "quant/weights.h"
#include "target/lint.h"

static bool is_product(const sy_node *node)
{
    return node->op && node->op->quant == SY_QUANT_WEIGHTED;
}

/* The scales of blocks are positive and finite constants of the type of what is dequantized. */
static bool check_block_scales(sy_lint *lint, const sy_node *node, const sy_tensor *codes, int64_t block)
{
    const sy_tensor *scale = &lint->graph->tensors[node->inputs[1]];
    const sy_dtype floats = lint->graph->tensors[node->outputs[0]].dtype;
    size_t count = 0;
    bool good = scale->data && scale->dtype == floats && scale->shape.rank == 2 &&
                scale->shape.dims[0] * block == codes->shape.dims[0] &&
                scale->shape.dims[1] == codes->shape.dims[1] && sy_shape_count(&scale->shape, &count);
    float *values = good ? calloc(count, sizeof *values) : NULL;
    good = good && values && sy_tensor_to_f32(lint->ctx, scale, values, count) == SY_OK;
    for (size_t i = 0; good && i < count; i++)
        good = values[i] > 0 && isfinite(values[i]);
    free(values);
    return good;
}

/* Rules 4 and 12: the lowest code of a weight is not used. */
static void check_codes(sy_lint *lint, const sy_node *node, const sy_tensor *weight)
{
    const unsigned char *bytes = weight->data;
    const bool nibbles = weight->dtype == SY_DTYPE_INT4;
    for (size_t i = 0; i < (nibbles ? 2 : 1) * weight->bytes; i++) {
        const int code = nibbles ? bytes[i / 2] >> i % 2 * 4 & 15 : bytes[i];
        if (code != (nibbles ? 8 : 128))
            continue;
        sy_lint_fault(lint, node, "code %zu of '%s' is %s", i, weight->name,
                      nibbles ? "-8; those of 4 bits are -7 to 7" : "-128; weights are -127 to 127");
        return;
    }
}

/* Rule 12: 4 bits are of a constant matrix in blocks of rows, and MatMul reads it on the right. */
static void check_blocks(sy_lint *lint, const sy_node *node)
{
    const sy_graph *graph = lint->graph;
    const sy_tensor *codes = &graph->tensors[node->inputs[0]];
    const int64_t block = sy_node_int(node, "block_size", 0);
    if (!codes->data || codes->dtype != SY_DTYPE_INT4 || codes->shape.rank != 2 || codes->shape.dims[1] % 2)
        sy_lint_fault(lint, node, "blocks are of constant int4 matrices with an even number of columns");
    else if ((block != 64 && block != 128) || sy_node_int(node, "axis", 1) != 0 || node->input_count > 2)
        sy_lint_fault(lint, node, "its blocks must be 64 or 128 rows, along axis 0, without a zero point");
    else if (!check_block_scales(lint, node, codes, block))
        sy_lint_fault(lint, node, "its scales must be positive constants of the floats' type, one a block");
    else
        check_codes(lint, node, codes);
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->nodes[n].input_count; i++)
            if (graph->nodes[n].inputs[i] == node->outputs[0] &&
                (!sy_node_is(&graph->nodes[n], "MatMul") || i != 1))
                sy_lint_fault(lint, &graph->nodes[n], "it reads weights of 4 bits, which only MatMul does");
}

/* Rules 1 to 4: int8, zero points 0, one scale for activations. */
static void check_grids(sy_lint *lint)
{
    for (int n = 0; n < lint->graph->node_count; n++) {
        const sy_node *node = &lint->graph->nodes[n];
        const bool quantizes = sy_node_is(node, "QuantizeLinear");
        sy_lint_grid grid;
        if (sy_lint_is_blocked(node)) {
            check_blocks(lint, node);
            continue;
        }
        if ((!quantizes && !sy_node_is(node, "DequantizeLinear")) || !sy_lint_read_grid(lint, node, &grid))
            continue;
        const bool constant = !quantizes && lint->graph->tensors[node->inputs[0]].data;
        if (grid.dtype != SY_DTYPE_INT8)
            sy_lint_fault(lint, node, "TensorRT takes int8 here, not %s", sy_dtype_name(grid.dtype));
        if (node->input_count < 3 || grid.zero != 0 || !grid.zeros_equal)
            sy_lint_fault(lint, node, "the zero point must be there and 0");
        if (!constant && grid.axis != SY_NONE)
            sy_lint_fault(lint, node, "an activation must have one scale");
        if (constant && grid.dtype == SY_DTYPE_INT8)
            check_codes(lint, node, &lint->graph->tensors[node->inputs[0]]);
        if (lint->graph->tensors[node->inputs[0]].shape.rank == 0)
            sy_lint_fault(lint, node, "a single number cannot be quantized");
    }
}

/* Rules 5 and 6: a product reads integers at both operands or at none, and its scales lie along output
 * channels. */
static void check_product(sy_lint *lint, const sy_node *node)
{
    const sy_graph *graph = lint->graph;
    const sy_node *operands[2];
    for (int i = 0; i < 2; i++) {
        operands[i] = sy_lint_producer(graph, node->inputs[i], "DequantizeLinear");
        if (sy_lint_is_blocked(operands[i]))
            operands[i] = NULL; /* weights of 4 bits: the product is one of floats */
    }
    if (!operands[0] != !operands[1])
        sy_lint_fault(lint, node, "one operand is quantized and the other is not");
    if (node->input_count > 2 && sy_lint_producer(graph, node->inputs[2], "DequantizeLinear"))
        sy_lint_fault(lint, node, "the bias must stay float");
    for (int i = 0; i < 2; i++) {
        sy_lint_grid grid;
        if (!operands[i] || !graph->tensors[operands[i]->inputs[0]].data ||
            !sy_lint_read_grid(lint, operands[i], &grid))
            continue;
        if (grid.axis != SY_NONE && grid.axis != sy_weight_axis(graph, node, i))
            sy_lint_fault(lint, node, "its weights are quantized along axis %d", grid.axis);
    }
}

/* Rule 7: nothing between a product and its activation, and a convolution of integers has one. */
static void check_activation(sy_lint *lint, const sy_node *node)
{
    const sy_node *quantize = sy_lint_only_reader(lint->graph, node->outputs[0]);
    const bool convolves = sy_node_is(node, "Conv") || sy_node_is(node, "ConvTranspose");
    if (convolves && sy_node_is(quantize, "QuantizeLinear") &&
        sy_lint_producer(lint->graph, node->inputs[1], "DequantizeLinear"))
        sy_lint_fault(lint, node, "its result is quantized without an activation or a Clip to the grid");
    const sy_node *dequantize = sy_node_is(quantize, "QuantizeLinear")
                                    ? sy_lint_only_reader(lint->graph, quantize->outputs[0])
                                    : NULL;
    const sy_node *after = sy_node_is(dequantize, "DequantizeLinear")
                               ? sy_lint_only_reader(lint->graph, dequantize->outputs[0])
                               : NULL;
    if (sy_node_is(after, "Relu") || sy_node_is(after, "Clip"))
        sy_lint_fault(lint, node, "QuantizeLinear stands between it and its activation '%s'", after->name);
}

/* Rule 8: of a residual sum only the shortcut is quantized. */
static void check_add(sy_lint *lint, const sy_node *node)
{
    int quantized = 0;
    for (int i = 0; i < 2; i++)
        quantized += sy_lint_producer(lint->graph, node->inputs[i], "DequantizeLinear") != NULL;
    if (quantized == 2)
        sy_lint_fault(lint, node, "both operands are quantized, so it cannot join the product before it");
}

/* Rule 9: tensors that a Concat joins, where they are quantized, have the grid of what it makes. */
static void check_concat(sy_lint *lint, const sy_node *node)
{
    const sy_node *result = NULL;
    sy_lint_grid first, grid;
    for (int n = 0; n < lint->graph->node_count && !result; n++)
        if (sy_node_is(&lint->graph->nodes[n], "QuantizeLinear") &&
            lint->graph->nodes[n].inputs[0] == node->outputs[0])
            result = &lint->graph->nodes[n];
    if (!result || !sy_lint_read_grid(lint, result, &first))
        return;
    for (int i = 0; i < node->input_count; i++) {
        const sy_node *input = sy_lint_producer(lint->graph, node->inputs[i], "DequantizeLinear");
        if (input && sy_lint_read_grid(lint, input, &grid) && !sy_lint_same_grid(&first, &grid))
            sy_lint_fault(lint, node, "input %d has another scale than the result", i);
    }
}

/* Rule 11: a tensor has one pair, which all that compute on integers read. */
static sy_status check_pairs(sy_lint *lint)
{
    const sy_graph *graph = lint->graph;
    int *quantized = calloc((size_t)graph->tensor_count + 1, sizeof *quantized); /* by node + 1 */
    SY_TRY(sy_check_alloc(lint->ctx, quantized));
    for (int n = 0; n < graph->node_count; n++) {
        const sy_node *node = &graph->nodes[n];
        if (!sy_node_is(node, "QuantizeLinear"))
            continue;
        int *first = &quantized[node->inputs[0]];
        if (*first)
            sy_lint_fault(lint, node,
                          "'%s' quantizes the same tensor, which must have one pair for all its readers",
                          graph->nodes[*first - 1].name);
        else
            *first = n + 1;
    }
    free(quantized);
    return SY_OK;
}

/* Rule 10: outputs of the network are float. */
static void check_outputs(sy_lint *lint)
{
    const sy_graph *graph = lint->graph;
    for (int o = 0; o < graph->output_count; o++) {
        const sy_node *node = sy_lint_producer(graph, graph->outputs[o], "DequantizeLinear");
        if (node)
            sy_lint_fault(lint, node,
                          "it makes an output of the network, which must leave as it was computed");
    }
}

sy_status sy_nvgpu_lint(sy_ctx *ctx, const sy_graph *emitted)
{
    sy_lint lint = {.ctx = ctx, .graph = emitted, .half = sy_graph_opset(emitted) >= 19, .blocks = true};
    if (sy_graph_opset(emitted) < 13)
        return sy_fail(ctx, SY_E_INTERNAL, "opset %d: scales for each channel need 13",
                       sy_graph_opset(emitted));
    sy_lint_pairs(&lint);
    check_grids(&lint);
    for (int n = 0; n < emitted->node_count; n++) {
        const sy_node *node = &emitted->nodes[n];
        if (is_product(node)) {
            check_product(&lint, node);
            check_activation(&lint, node);
        } else if (sy_node_is(node, "Add")) {
            check_add(&lint, node);
        } else if (sy_node_is(node, "Concat")) {
            check_concat(&lint, node);
        } else if (sy_node_is(node, "MaxPool")) {
            sy_lint_same_scale(&lint, node); /* rule 9 */
        }
    }
    const sy_status status = check_pairs(&lint);
    check_outputs(&lint);
    const sy_status faults = sy_lint_finish(&lint);
    return status == SY_OK ? faults : status;
}
