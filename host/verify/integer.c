#include "verify/integer.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ops/op.h"
#include "verify/ending.h"

/* A float holds every whole number below this, so sums that stay below it are exact in any order. */
static const double exact_limit = 16777216;

typedef struct {
    sy_rewrite base;
    int *centred; /* per tensor: its values minus the zero point as floats; SY_NONE until needed */
    int centred_count;
} rewrite;

/* The computed factor minus its zero point, as floats: a node that all its readers share. */
static sy_status centre_computed(rewrite *work, const sy_factor *factor, int *out)
{
    static const float one = 1;
    sy_ctx *ctx = work->base.ctx;
    sy_graph *graph = work->base.graph;
    const sy_tensor quantized = graph->tensors[factor->quantized];
    const sy_shape scalar = {.rank = 0};
    const int8_t code = (int8_t)factor->grid.zeros[0];
    int scale, zero, result, node;
    if (factor->quantized < work->centred_count && work->centred[factor->quantized] != SY_NONE) {
        *out = work->centred[factor->quantized];
        return SY_OK;
    }
    SY_TRY(sy_graph_add_constant(ctx, graph, "one", SY_DTYPE_FLOAT, &scalar, &one, sizeof one, &scale));
    SY_TRY(sy_graph_add_constant(ctx, graph, "zero", quantized.dtype, &scalar, &code, 1, &zero));
    SY_TRY(sy_graph_add_tensor(ctx, graph, quantized.name, SY_DTYPE_FLOAT, &quantized.shape, &result));
    const int inputs[] = {factor->quantized, scale, zero};
    SY_TRY(sy_graph_add_node(ctx, graph, "DequantizeLinear", "centre", inputs, 3, &result, 1, &node));
    graph->nodes[node].op = sy_op_find("", "DequantizeLinear");
    if (factor->quantized < work->centred_count)
        work->centred[factor->quantized] = result;
    *out = result;
    return SY_OK;
}

/* Where the output channels are, in the weights and in the result. false for products this does not take on.
 */
static bool find_axes(const sy_graph *graph, const sy_node *node, int rank, int *weight_axis,
                      int *result_axis)
{
    if (sy_node_is(node, "Conv")) {
        *weight_axis = 0;
        *result_axis = 1;
        return true;
    }
    if (sy_node_is(node, "Gemm")) {
        *weight_axis = sy_node_int(node, "transB", 0) ? 0 : 1;
        *result_axis = 1;
        return sy_node_float(node, "alpha", 1) == 1 && sy_node_float(node, "beta", 1) == 1;
    }
    *weight_axis = rank - 1;
    *result_axis = -1;
    return sy_node_is(node, "MatMul") && graph->tensors[node->outputs[0]].shape.rank >= 1;
}

/* *out_found: node `index` multiplies what this takes on, one scale for x, and w scaled by output channel at
 * most. */
static sy_status find_product(rewrite *work, int index, sy_product *out, int *out_weight_axis,
                              bool *out_found)
{
    const sy_graph *graph = work->base.graph;
    const sy_node *node = &graph->nodes[index];
    bool found_x, found_w, whole;
    *out_found = false;
    SY_TRY(sy_factor_find(&work->base, node->inputs[0], &out->x, &found_x));
    SY_TRY(sy_factor_find(&work->base, node->inputs[1], &out->w, &found_w));
    if (!found_x || !found_w || out->x.grid.count != 1 || graph->tensors[out->x.quantized].data ||
        sy_node_int(node, "transA", 0) ||
        !find_axes(graph, node, graph->tensors[out->w.quantized].shape.rank, out_weight_axis, &out->axis) ||
        (out->w.grid.count > 1 && out->w.grid.axis != *out_weight_axis))
        return SY_OK;
    SY_TRY(sy_factor_bias(&work->base, node, &out->bias, &out->bias_count, &whole));
    *out_found = whole;
    return SY_OK;
}

/* The second factor as whole numbers; *out_exact is false when sums with it could lose digits. */
static sy_status centre_weights(rewrite *work, const sy_product *product, int weight_axis, int *out,
                                bool *out_exact)
{
    sy_graph *graph = work->base.graph;
    const sy_tensor weights = graph->tensors[product->w.quantized];
    size_t count = 0;
    double largest_sum;
    float *values;
    if (!weights.data) {
        const int64_t depth = weights.shape.rank >= 2 ? weights.shape.dims[weights.shape.rank - 2] : SY_NONE;
        *out_exact = depth > 0 && (double)depth * product->x.largest * product->w.largest < exact_limit;
        return *out_exact ? centre_computed(work, &product->w, out) : SY_OK;
    }
    SY_TRY(sy_factor_centre(&work->base, &product->w, weight_axis, &values, &largest_sum));
    *out_exact = largest_sum * product->x.largest < exact_limit;
    if (!*out_exact)
        return SY_OK;
    sy_shape_count(&weights.shape, &count);
    return sy_graph_add_constant(work->base.ctx, graph, weights.name, SY_DTYPE_FLOAT, &weights.shape, values,
                                 count * sizeof *values, out);
}

/* The product on whole numbers: same node, other factors, a result of its own. */
static sy_status multiply_whole(rewrite *work, int index, int weights, sy_product *product)
{
    sy_graph *graph = work->base.graph;
    const sy_tensor old = graph->tensors[graph->nodes[index].outputs[0]];
    int x;
    SY_TRY(centre_computed(work, &product->x, &x));
    SY_TRY(sy_graph_add_tensor(work->base.ctx, graph, "accumulators", SY_DTYPE_FLOAT, &old.shape,
                               &product->sums));
    sy_node *node = &graph->nodes[index];
    node->inputs[0] = x;
    node->inputs[1] = weights;
    node->input_count = 2;
    node->outputs[0] = product->sums;
    graph->tensors[product->sums].producer = index;
    return SY_OK;
}

static sy_status rewrite_product(rewrite *work, int index)
{
    sy_graph *graph = work->base.graph;
    sy_product product;
    sy_ending ending;
    bool found, exact;
    int weight_axis, weights;
    const int result = graph->nodes[index].outputs[0];
    SY_TRY(find_product(work, index, &product, &weight_axis, &found));
    if (!found)
        return SY_OK;
    SY_TRY(centre_weights(work, &product, weight_axis, &weights, &exact));
    if (!exact) {
        sy_log(work->base.ctx, SY_LOG_WARN,
               "node '%s' (%s): its integer sums can exceed 2^24, which float does not hold exactly: it is "
               "computed in float, and a runtime's integer kernel may round some results the other way",
               graph->nodes[index].name, graph->nodes[index].type);
        return SY_OK;
    }
    SY_TRY(sy_ending_find(&work->base, index, &ending));
    SY_TRY(multiply_whole(work, index, weights, &product));
    if (ending.quantize == SY_NONE)
        return sy_end_float(&work->base, &product, result);
    return sy_end_quantized(&work->base, &product, &ending, graph->nodes[ending.quantize].outputs[0]);
}

/* Every dequantized activation becomes an output, so that none is dropped as unneeded. */
static sy_status keep_dequantized(sy_ctx *ctx, sy_graph *graph)
{
    int *outputs = malloc(((size_t)graph->output_count + (size_t)graph->node_count) * sizeof *outputs);
    SY_TRY(sy_check_alloc(ctx, outputs));
    memcpy(outputs, graph->outputs, (size_t)graph->output_count * sizeof *outputs);
    free(graph->outputs);
    graph->outputs = outputs;
    for (int n = 0; n < graph->node_count; n++) {
        const sy_node *node = &graph->nodes[n];
        if (!node->removed && sy_node_is(node, "DequantizeLinear") && !graph->tensors[node->inputs[0]].data &&
            !sy_graph_is_output(graph, node->outputs[0]))
            outputs[graph->output_count++] = node->outputs[0];
    }
    return SY_OK;
}

static sy_status rewrite_all(rewrite *work)
{
    sy_ctx *ctx = work->base.ctx;
    sy_graph *graph = work->base.graph;
    const int node_count = graph->node_count;
    work->centred_count = graph->tensor_count;
    work->centred = sy_arena_alloc(&work->base.arena, (size_t)work->centred_count, sizeof *work->centred);
    SY_TRY(sy_check_alloc(ctx, work->centred));
    for (int t = 0; t < work->centred_count; t++)
        work->centred[t] = SY_NONE;
    SY_TRY(keep_dequantized(ctx, graph));
    for (int n = 0; n < node_count; n++) {
        const sy_node *node = &graph->nodes[n];
        if (sy_node_is(node, "Conv") || sy_node_is(node, "Gemm") || sy_node_is(node, "MatMul"))
            SY_TRY(sy_while(ctx, rewrite_product(work, n), "node '%s' (%s)", node->name, node->type));
    }
    return sy_graph_compact(ctx, graph);
}

sy_status sy_integer_graph(sy_ctx *ctx, const sy_graph *graph, sy_graph **out)
{
    rewrite work = {.base = {.ctx = ctx}};
    SY_TRY(sy_graph_copy(ctx, graph, &work.base.graph));
    const sy_status status = rewrite_all(&work);
    sy_arena_release(&work.base.arena);
    if (status != SY_OK) {
        sy_graph_destroy(work.base.graph);
        return status;
    }
    *out = work.base.graph;
    return SY_OK;
}
