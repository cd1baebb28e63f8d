#include "dsp/lint.h"

#include <stdlib.h>

#include "ops/op.h"
#include "target/lint.h"

static bool is_product(const sy_node *node)
{
    return node->op && node->op->quant == SY_QUANT_WEIGHTED;
}

static bool is_activation(sy_dtype dtype)
{
    return dtype == SY_DTYPE_UINT8 || dtype == SY_DTYPE_UINT16;
}

/* Rule 2: every size is a number. */
static void check_sizes(sy_lint *lint)
{
    const sy_graph *graph = lint->graph;
    char text[SY_SHAPE_TEXT];
    for (int n = 0; n < graph->node_count; n++)
        for (int o = 0; o < graph->nodes[n].output_count; o++) {
            const int tensor = graph->nodes[n].outputs[o];
            if (tensor != SY_NONE && !sy_shape_known(&graph->tensors[tensor].shape))
                sy_lint_fault(lint, &graph->nodes[n], "the size of '%s' is not a number: %s",
                              graph->tensors[tensor].name,
                              sy_shape_print(&graph->tensors[tensor].shape, text));
        }
}

/* Rule 5: the lowest code of a weight is not used. */
static void check_codes(sy_lint *lint, const sy_node *node, const sy_tensor *weight)
{
    const signed char *codes = weight->data;
    for (size_t i = 0; i < weight->bytes; i++)
        if (codes[i] == INT8_MIN) {
            sy_lint_fault(lint, node, "code %zu of '%s' is -128; weights are -127 to 127", i, weight->name);
            return;
        }
}

/* Rules 3 to 6, for one QuantizeLinear or DequantizeLinear by itself. */
static void check_grid(sy_lint *lint, const sy_node *node)
{
    const sy_tensor *from = &lint->graph->tensors[node->inputs[0]];
    const bool constant = sy_node_is(node, "DequantizeLinear") && from->data;
    sy_lint_grid grid;
    if (!sy_lint_read_grid(lint, node, &grid))
        return;
    if (node->input_count < 3 || node->inputs[2] == SY_NONE)
        sy_lint_fault(lint, node, "the zero point must be written");
    if (is_activation(grid.dtype)) {
        if (grid.axis != SY_NONE)
            sy_lint_fault(lint, node, "an activation must have one scale");
        if (grid.dtype == SY_DTYPE_UINT16 && sy_graph_opset(lint->graph) < 21)
            sy_lint_fault(lint, node, "uint16 needs opset 21, not %d", sy_graph_opset(lint->graph));
        return;
    }
    if (!constant)
        sy_lint_fault(lint, node, "an activation must be uint8 or uint16, not %s", sy_dtype_name(grid.dtype));
    else if (grid.dtype != SY_DTYPE_INT8 && grid.dtype != SY_DTYPE_INT32)
        sy_lint_fault(lint, node, "a constant must be uint8, uint16, int8 or int32, not %s",
                      sy_dtype_name(grid.dtype));
    if (grid.zero != 0 || !grid.zeros_equal)
        sy_lint_fault(lint, node, "the zero point of %s must be 0", sy_dtype_name(grid.dtype));
    if (constant && grid.dtype == SY_DTYPE_INT8)
        check_codes(lint, node, from);
}

/* Rule 6: products reach the result through a factor that the processor has. A scale may have been rounded.
 */
static sy_status check_factor(sy_lint *lint, const sy_node *node, const sy_node *quantize)
{
    const sy_node *weight = sy_lint_producer(lint->graph, node->inputs[1], "DequantizeLinear");
    sy_lint_grid x, w, y;
    if (!sy_lint_grid_of(lint, node->inputs[0], &x) || !sy_lint_read_grid(lint, weight, &w) ||
        !sy_lint_read_grid(lint, quantize, &y) || !lint->graph->tensors[weight->inputs[0]].data)
        return SY_OK;
    float *scales = calloc(w.count, sizeof *scales);
    SY_TRY(sy_check_alloc(lint->ctx, scales));
    const sy_status status =
        sy_tensor_to_f32(lint->ctx, &lint->graph->tensors[weight->inputs[1]], scales, w.count);
    for (size_t c = 0; status == SY_OK && c < w.count; c++)
        if ((double)x.scale * (double)scales[c] / (double)y.scale < 0x1p-20 * (1 - 1e-6)) {
            sy_lint_fault(lint, node, "the factor from products to results of channel %zu is less than 2^-20",
                          c);
            break;
        }
    free(scales);
    return status;
}

/* Rules 5 to 7. */
static sy_status check_product(sy_lint *lint, const sy_node *node)
{
    const sy_graph *graph = lint->graph;
    const sy_node *operands[2];
    for (int i = 0; i < 2; i++)
        operands[i] = sy_lint_producer(graph, node->inputs[i], "DequantizeLinear");
    if (!operands[0] != !operands[1])
        sy_lint_fault(lint, node, "one operand is quantized and the other is not");
    if (!operands[0] || !operands[1])
        return SY_OK;
    for (int i = 0; i < 2; i++) {
        const sy_tensor *codes = &graph->tensors[operands[i]->inputs[0]];
        if (codes->data && codes->dtype != SY_DTYPE_INT8)
            sy_lint_fault(lint, node, "its weights are %s, not int8", sy_dtype_name(codes->dtype));
        else
            sy_lint_weight(lint, node, i);
    }
    const sy_node *after = sy_lint_limits(lint, node);
    if (!sy_node_is(after, "QuantizeLinear") && !(sy_node_is(node, "MatMul") && sy_node_is(after, "Add")))
        sy_lint_fault(lint, node, "its inputs are integers but its result is not");
    if (node->input_count > 2 && node->inputs[2] != SY_NONE &&
        !sy_lint_producer(graph, node->inputs[2], "DequantizeLinear"))
        sy_lint_fault(lint, node, "its bias is float");
    if (sy_node_is(after, "QuantizeLinear"))
        SY_TRY(check_factor(lint, node, after));
    return sy_lint_bias(lint, node);
}

/* The QuantizeLinear that alone reads the first result of a node; NULL where there is none. */
static const sy_node *quantizer_of(const sy_lint *lint, const sy_node *node)
{
    const sy_node *next = sy_lint_only_reader(lint->graph, node->outputs[0]);
    return sy_node_is(next, "QuantizeLinear") ? next : NULL;
}

/* Rule 8: what is known of an operator's values decides its grid. */
static void check_fixed(sy_lint *lint, const sy_node *node)
{
    static const struct {
        const char *type;
        float low, width;
    } fixed[] = {{"Softmax", 0, 1}, {"Sigmoid", 0, 1}, {"HardSigmoid", 0, 1}, {"Tanh", -1, 2}};
    const sy_node *quantize = quantizer_of(lint, node);
    sy_lint_grid grid;
    for (size_t i = 0; quantize && i < sizeof fixed / sizeof fixed[0]; i++) {
        if (!sy_node_is(node, fixed[i].type) || !sy_lint_read_grid(lint, quantize, &grid))
            continue;
        const float codes = grid.dtype == SY_DTYPE_UINT16 ? 65536 : 256;
        const float scale = fixed[i].width / codes, zero = 0 - fixed[i].low / scale;
        if (grid.scale != scale || (float)grid.zero != zero)
            sy_lint_fault(lint, node, "scale and zero point of its result must be %g and %g", (double)scale,
                          (double)zero);
    }
}

/* Rule 10: everything a Concat joins is on the grid of its result. */
static void check_concat(sy_lint *lint, const sy_node *node)
{
    const sy_node *quantize = quantizer_of(lint, node);
    sy_lint_grid x, y;
    if (!quantize || !sy_lint_read_grid(lint, quantize, &y))
        return;
    for (int i = 0; i < node->input_count; i++)
        if (sy_lint_grid_of(lint, node->inputs[i], &x) && !sy_lint_same_grid(&x, &y))
            sy_lint_fault(lint, node, "input %d has another scale than the result", i);
}

/* Rule 11: activations of one operator have one width. */
static void check_width(sy_lint *lint, const sy_node *node)
{
    const sy_graph *graph = lint->graph;
    const sy_node *quantize = quantizer_of(lint, node);
    sy_dtype width = quantize ? graph->tensors[quantize->outputs[0]].dtype : SY_DTYPE_UNDEFINED;
    for (int i = 0; i < node->input_count; i++) {
        const sy_node *input = sy_lint_producer(graph, node->inputs[i], "DequantizeLinear");
        const sy_dtype dtype = input ? graph->tensors[input->inputs[0]].dtype : SY_DTYPE_UNDEFINED;
        if (!is_activation(dtype))
            continue;
        if (width == SY_DTYPE_UNDEFINED)
            width = dtype;
        if (dtype != width)
            sy_lint_fault(lint, node, "input %d is %s beside %s", i, sy_dtype_name(dtype),
                          sy_dtype_name(width));
    }
}

static sy_status check_node(sy_lint *lint, const sy_node *node)
{
    if (sy_node_is(node, "QuantizeLinear") || sy_node_is(node, "DequantizeLinear")) {
        check_grid(lint, node);
        return SY_OK;
    }
    check_fixed(lint, node);
    check_width(lint, node);
    if (is_product(node))
        return check_product(lint, node);
    if (sy_node_is(node, "Concat"))
        check_concat(lint, node);
    else if (node->op && node->op->quant == SY_QUANT_SAME_SCALE)
        sy_lint_same_scale(lint, node);
    else
        (void)sy_lint_limits(lint, node);
    return SY_OK;
}

sy_status sy_dsp_lint(sy_ctx *ctx, const sy_graph *emitted)
{
    sy_lint lint = {.ctx = ctx, .graph = emitted};
    sy_status status = SY_OK;
    if (sy_graph_opset(emitted) < 17)
        return sy_fail(ctx, SY_E_INTERNAL, "opset %d: the file must have 17 at least",
                       sy_graph_opset(emitted));
    sy_lint_pairs(&lint);
    check_sizes(&lint);
    for (int n = 0; n < emitted->node_count && status == SY_OK; n++)
        status = check_node(&lint, &emitted->nodes[n]);
    const sy_status found = sy_lint_finish(&lint);
    return status == SY_OK ? found : status;
}
