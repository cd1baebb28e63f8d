/* Rules that several targets share. */
#include <stdlib.h>

#include "ops/lowering.h"
#include "quant/weights.h"
#include "target/lint.h"

static bool is_constant(const sy_graph *graph, int tensor)
{
    return tensor != SY_NONE && graph->tensors[tensor].data;
}

bool sy_lint_grid_of(sy_lint *lint, int tensor, sy_lint_grid *out)
{
    const sy_node *node = sy_lint_producer(lint->graph, tensor, "DequantizeLinear");
    return node && sy_lint_read_grid(lint, node, out);
}

void sy_lint_weight(sy_lint *lint, const sy_node *node, int input)
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

sy_status sy_lint_bias(sy_lint *lint, const sy_node *node)
{
    const sy_node *dequantize =
        node->input_count > 2 ? sy_lint_producer(lint->graph, node->inputs[2], "DequantizeLinear") : NULL;
    const sy_node *weight = sy_lint_producer(lint->graph, node->inputs[1], "DequantizeLinear");
    sy_lint_grid x, w, b;
    float *weights = NULL, *biases = NULL;
    sy_status status;
    if (node->input_count > 2 && node->inputs[2] != SY_NONE && !dequantize)
        sy_lint_fault(lint, node, "its bias is float");
    if (!dequantize || !weight || !sy_lint_grid_of(lint, node->inputs[0], &x) ||
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

/* What the lowest and the highest code of a grid stand for. */
static bool ends_of(const sy_lint_grid *grid, float *lowest, float *highest)
{
    int64_t lo, hi;
    switch (grid->dtype) {
    case SY_DTYPE_UINT8: lo = 0, hi = UINT8_MAX; break;
    case SY_DTYPE_INT8: lo = INT8_MIN, hi = INT8_MAX; break;
    case SY_DTYPE_UINT16: lo = 0, hi = UINT16_MAX; break;
    case SY_DTYPE_INT16: lo = INT16_MIN, hi = INT16_MAX; break;
    default: return false;
    }
    *lowest = (float)(lo - grid->zero) * grid->scale;
    *highest = (float)(hi - grid->zero) * grid->scale;
    return true;
}

const sy_node *sy_lint_limits(sy_lint *lint, const sy_node *node)
{
    const sy_graph *graph = lint->graph;
    const sy_node *next = sy_lint_only_reader(graph, node->outputs[0]);
    sy_clamp clamp;
    if (!next || !sy_clamp_of_node(graph, next, &clamp))
        return next;
    const sy_node *quantize = sy_lint_only_reader(graph, next->outputs[0]);
    sy_lint_grid grid;
    float lowest, highest;
    if (sy_node_is(quantize, "QuantizeLinear") && sy_lint_read_grid(lint, quantize, &grid) &&
        ends_of(&grid, &lowest, &highest) && (lowest < clamp.lo || highest > clamp.hi))
        sy_lint_fault(lint, next,
                      "codes of its result stand for values outside its limits, so it cannot be dropped");
    return quantize;
}

void sy_lint_same_scale(sy_lint *lint, const sy_node *node)
{
    const sy_graph *graph = lint->graph;
    const sy_node *quantize = sy_lint_only_reader(graph, node->outputs[0]);
    sy_lint_grid x, y;
    if (!sy_node_is(quantize, "QuantizeLinear") || !sy_lint_grid_of(lint, node->inputs[0], &x) ||
        !sy_lint_read_grid(lint, quantize, &y))
        return;
    if (!sy_lint_same_grid(&x, &y))
        sy_lint_fault(lint, node, "it only moves values, but its result has another scale than its input");
}
