#include "ascend_stub/lint.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/ascend.h"
#include "ops/op.h"
#include "target/lint.h"

enum { OPSET_MIN = 13, OPSET_MAX = 22 };

static bool is_type(const sy_node *node, const char *type)
{
    return node && strcmp(node->type, type) == 0;
}

static const sy_tensor *input_of(const sy_lint *lint, const sy_node *node, int i)
{
    return i < node->input_count && node->inputs[i] != SY_NONE ? &lint->graph->tensors[node->inputs[i]]
                                                               : NULL;
}

/* A product on integers is told by its input. */
static bool is_integer_product(const sy_lint *lint, const sy_node *node)
{
    const sy_tensor *x = input_of(lint, node, 0);
    return node->op && node->op->quant == SY_QUANT_WEIGHTED && x && x->dtype == SY_DTYPE_INT8;
}

/* Rule 1. */
static void check_foreign(sy_lint *lint, const sy_node *node)
{
    if (is_type(node, "QuantizeLinear") || is_type(node, "DequantizeLinear"))
        sy_lint_fault(lint, node, "Ascend's compiler does not read it");
}

/* Rules 2 and 3. */
static void check_quant(sy_lint *lint, const sy_node *node)
{
    const float scale = sy_node_float(node, "scale", 0), offset = sy_node_float(node, "offset", 0);
    if (!(scale >= FLT_MIN) || !isfinite(scale))
        sy_lint_fault(lint, node, "its scale is %g, it must be positive, finite and normal", (double)scale);
    if (!(offset >= -128 && offset <= 127) || offset != rintf(offset))
        sy_lint_fault(lint, node, "its offset is %g, it must be a whole number from -128 to 127",
                      (double)offset);
    if (strcmp(sy_node_string(node, "dst_type", ""), "INT8") != 0)
        sy_lint_fault(lint, node, "its dst_type must be INT8");
    if (sy_node_int(node, "sqrt_mode", 0) != 0 ||
        strcmp(sy_node_string(node, "round_mode", "Round"), "Round") != 0)
        sy_lint_fault(lint, node, "sqrt_mode must be 0 and round_mode Round, or left out");
    for (int n = 0; n < lint->graph->node_count; n++)
        for (int i = 0; i < lint->graph->nodes[n].input_count; i++)
            if (lint->graph->nodes[n].inputs[i] == node->outputs[0] &&
                (i != 0 || !is_integer_product(lint, &lint->graph->nodes[n])))
                sy_lint_fault(lint, node, "its int8 goes to '%s', which is no product's first input",
                              lint->graph->nodes[n].name);
    if (sy_graph_is_output(lint->graph, node->outputs[0]))
        sy_lint_fault(lint, node, "its int8 leaves the network");
}

static size_t output_channels(const sy_lint *lint, const sy_node *node)
{
    const sy_shape *w = &lint->graph->tensors[node->inputs[1]].shape;
    if (is_type(node, "Conv"))
        return (size_t)w->dims[0];
    if (is_type(node, "ConvTranspose"))
        return (size_t)(w->dims[1] * sy_node_int(node, "group", 1));
    const bool transposed = is_type(node, "Gemm") && sy_node_int(node, "transB", 0);
    return (size_t)w->dims[transposed ? 0 : 1];
}

/* Rule 4. */
static bool check_weights(sy_lint *lint, const sy_node *node)
{
    const sy_tensor *w = input_of(lint, node, 1);
    size_t count;
    if (!w || !w->data || w->dtype != SY_DTYPE_INT8 || !sy_shape_count(&w->shape, &count) ||
        w->shape.rank < 2 || (is_type(node, "MatMul") && w->shape.rank != 2)) {
        sy_lint_fault(lint, node, "its weights must be an int8 constant in the layout of the float ones");
        return false;
    }
    for (size_t i = 0; i < count; i++)
        if (((const int8_t *)w->data)[i] == INT8_MIN) {
            sy_lint_fault(lint, node, "weight %zu is -128, they must be from -127 to 127", i);
            break;
        }
    return true;
}

/* Rule 5. */
static void check_bias(sy_lint *lint, const sy_node *node, const sy_tensor *bias, size_t channels)
{
    size_t count;
    if (bias && (!bias->data || bias->dtype != SY_DTYPE_INT32 || !sy_shape_count(&bias->shape, &count) ||
                 count != channels))
        sy_lint_fault(lint, node, "its bias must be an int32 constant with %zu elements", channels);
}

/* The node that reads a sum of integers and nothing else does; for MatMul, past the Add of its bias. */
static const sy_node *find_end(sy_lint *lint, const sy_node *node, size_t channels)
{
    const sy_node *reader = sy_lint_only_reader(lint->graph, node->outputs[0]);
    if (!is_type(node, "MatMul") || !is_type(reader, "Add"))
        return reader;
    const int bias = reader->inputs[0] == node->outputs[0] ? 1 : 0;
    check_bias(lint, reader, input_of(lint, reader, bias), channels);
    return sy_lint_only_reader(lint->graph, reader->outputs[0]);
}

/* Rules 4 to 7. */
static void check_product(sy_lint *lint, const sy_node *node)
{
    if (!sy_lint_producer(lint->graph, node->inputs[0], "AscendQuant"))
        sy_lint_fault(lint, node, "its int8 input does not come from AscendQuant");
    if (!check_weights(lint, node))
        return;
    const size_t channels = output_channels(lint, node);
    check_bias(lint, node, input_of(lint, node, 2), channels);
    if (is_type(node, "Gemm") && sy_node_int(node, "transA", 0))
        sy_lint_fault(lint, node, "transA must be 0");
    const sy_node *end = find_end(lint, node, channels);
    if (!is_type(end, "AscendDequant")) {
        sy_lint_fault(lint, node, "its sums must go to AscendDequant and nowhere else");
        return;
    }
    const bool matrix = is_type(node, "Gemm") || is_type(node, "MatMul");
    const sy_tensor *parameter = input_of(lint, end, 1);
    size_t count;
    if (!parameter || !sy_shape_count(&parameter->shape, &count) ||
        (count != 1 && (matrix || count != channels)))
        sy_lint_fault(lint, end, matrix ? "a matrix product has one scale" : "it must have one scale or %zu",
                      channels);
}

/* Rules 6 and 8. */
static void check_dequant(sy_lint *lint, const sy_node *node)
{
    const sy_tensor *parameter = input_of(lint, node, 1);
    size_t count = 0;
    const sy_node *from = sy_lint_producer(lint->graph, node->inputs[0], "Add");
    const int sums =
        from ? from->inputs[lint->graph->tensors[from->inputs[0]].data ? 1 : 0] : node->inputs[0];
    const int producer = lint->graph->tensors[sums].producer;
    if (producer == SY_NONE || !is_integer_product(lint, &lint->graph->nodes[producer]))
        sy_lint_fault(lint, node, "it must read the sums of a product");
    if (sy_node_int(node, "sqrt_mode", 0) != 0)
        sy_lint_fault(lint, node, "sqrt_mode must be 0");
    if (!parameter || !parameter->data || parameter->dtype != SY_DTYPE_UINT64 ||
        !sy_shape_count(&parameter->shape, &count) || parameter->shape.rank != 1) {
        sy_lint_fault(lint, node, "its parameter must be a constant list of uint64");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t word;
        float scale;
        memcpy(&word, (const unsigned char *)parameter->data + i * sizeof word, sizeof word);
        memcpy(&scale, &word, sizeof scale);
        if (word >> 32 || !(scale >= FLT_MIN) || !isfinite(scale)) {
            sy_lint_fault(lint, node,
                          "word %zu of its parameter must be a positive float32 below 32 zero bits", i);
            break;
        }
    }
}

/* Rule 9. */
static sy_status check_opset(sy_ctx *ctx, const sy_graph *graph)
{
    const int opset = sy_graph_opset(graph);
    if (opset >= OPSET_MIN && opset <= OPSET_MAX)
        return SY_OK;
    return sy_fail(ctx, SY_E_INTERNAL, "opset %d: Ascend's compiler reads these nodes in %d to %d", opset,
                   OPSET_MIN, OPSET_MAX);
}

sy_status sy_ascend_lint(sy_ctx *ctx, const sy_graph *emitted)
{
    sy_lint lint = {.ctx = ctx, .graph = emitted};
    SY_TRY(check_opset(ctx, emitted));
    for (int n = 0; n < emitted->node_count; n++) {
        const sy_node *node = &emitted->nodes[n];
        check_foreign(&lint, node);
        if (is_type(node, "AscendQuant"))
            check_quant(&lint, node);
        else if (is_type(node, "AscendDequant"))
            check_dequant(&lint, node);
        else if (is_integer_product(&lint, node))
            check_product(&lint, node);
    }
    return sy_lint_finish(&lint);
}
