#include "verify/ending.h"

#include <math.h>

#include "ops/op.h"

/* A bound of a Clip, left as it is where there is none; *out_constant is false when it is computed. */
static sy_status read_bound(sy_rewrite *work, const sy_node *clip, int input, float *bound,
                            bool *out_constant)
{
    const int tensor = clip->input_count > input ? clip->inputs[input] : SY_NONE;
    *out_constant = tensor == SY_NONE || work->graph->tensors[tensor].data;
    if (tensor == SY_NONE || !*out_constant)
        return SY_OK;
    return sy_tensor_to_f32(work->ctx, &work->graph->tensors[tensor], bound, 1);
}

/* The bounds of a Relu, or of a Clip with constant ones. */
static sy_status read_activation(sy_rewrite *work, const sy_node *node, sy_ending *out, bool *out_is)
{
    bool lo_constant = true, hi_constant = true;
    *out_is = sy_node_is(node, "Relu") || sy_node_is(node, "Clip");
    if (sy_node_is(node, "Relu"))
        out->lo = 0;
    if (sy_node_is(node, "Clip")) {
        SY_TRY(read_bound(work, node, 1, &out->lo, &lo_constant));
        SY_TRY(read_bound(work, node, 2, &out->hi, &hi_constant));
    }
    *out_is = *out_is && lo_constant && hi_constant;
    return SY_OK;
}

sy_status sy_ending_find(sy_rewrite *work, int product, sy_ending *out)
{
    const sy_graph *graph = work->graph;
    const int reader = sy_graph_only_reader(graph, graph->nodes[product].outputs[0]);
    sy_ending found = {.activation = SY_NONE, .quantize = SY_NONE, .lo = -INFINITY, .hi = INFINITY};
    bool activation = false, known = false;
    sy_code_grid grid;
    *out = found;
    if (reader == SY_NONE)
        return SY_OK;
    SY_TRY(read_activation(work, &graph->nodes[reader], &found, &activation));
    const int next = activation ? sy_graph_only_reader(graph, graph->nodes[reader].outputs[0]) : reader;
    if (next == SY_NONE || !sy_node_is(&graph->nodes[next], "QuantizeLinear"))
        return SY_OK;
    SY_TRY(sy_code_grid_read(work->ctx, graph, &graph->nodes[next], &work->arena, &grid, &known));
    if (!known || grid.count != 1 || sy_dtype_bits(graph->tensors[graph->nodes[next].outputs[0]].dtype) != 8)
        return SY_OK;
    found.activation = activation ? reader : SY_NONE;
    found.quantize = next;
    found.scale = grid.scales[0];
    found.zero = grid.zeros[0];
    *out = found;
    return SY_OK;
}

/* The codes that the integer type and the activation leave. */
static void code_limits(const sy_ending *ending, bool is_unsigned, int64_t *out_lo, int64_t *out_hi)
{
    double lo = is_unsigned ? 0 : -128, hi = is_unsigned ? 255 : 127;
    if (isfinite(ending->lo))
        lo = fmax(lo, rint((double)(ending->lo / ending->scale)) + (double)ending->zero);
    if (isfinite(ending->hi))
        hi = fmin(hi, rint((double)(ending->hi / ending->scale)) + (double)ending->zero);
    *out_lo = (int64_t)lo;
    *out_hi = (int64_t)hi;
}

static sy_status add_requantize(sy_rewrite *work, const int inputs[3], int input_count, int output,
                                int *out_node)
{
    SY_TRY(sy_graph_add_node(work->ctx, work->graph, "Requantize", "requantize", inputs, input_count, &output,
                             1, out_node));
    work->graph->nodes[*out_node].op = sy_op_find("steelyard", "Requantize");
    work->graph->nodes[*out_node].domain = "steelyard";
    return SY_OK;
}

/* What stands for tensor `vanished` from now on takes its name, so that it is found under it. */
static void pass_on_name(sy_graph *graph, int vanished, int quantized)
{
    int reader;
    const int count = sy_graph_consumers(graph, quantized, &reader, 1);
    if (count < 1 || !sy_node_is(&graph->nodes[reader], "DequantizeLinear"))
        return;
    const int successor = graph->nodes[reader].outputs[0];
    if (!sy_graph_is_output(graph, successor))
        sy_graph_swap_names(graph, successor, vanished);
}

sy_status sy_end_quantized(sy_rewrite *work, const sy_product *product, const sy_ending *ending, int output)
{
    sy_graph *graph = work->graph;
    const size_t channels = product->w.grid.count;
    const sy_shape per_channel = {.rank = 1, .dims = {(int64_t)channels}};
    const sy_shape bias_shape = {.rank = 1, .dims = {(int64_t)product->bias_count}};
    const bool is_unsigned = graph->tensors[output].dtype == SY_DTYPE_UINT8;
    int inputs[3] = {product->sums, SY_NONE, SY_NONE}, node;
    int64_t lo, hi;
    float *multipliers = sy_arena_alloc(&work->arena, channels, sizeof *multipliers);
    SY_TRY(sy_check_alloc(work->ctx, multipliers));
    for (size_t c = 0; c < channels; c++) {
        /* Two roundings, as onnxruntime computes it. */
        const float both = product->x.grid.scales[0] * product->w.grid.scales[c];
        multipliers[c] = both / ending->scale;
    }
    code_limits(ending, is_unsigned, &lo, &hi);
    if (ending->activation != SY_NONE)
        graph->nodes[ending->activation].removed = true;
    graph->nodes[ending->quantize].removed = true;
    pass_on_name(graph, graph->nodes[ending->quantize].inputs[0], output);

    SY_TRY(sy_graph_add_constant(work->ctx, graph, "multiplier", SY_DTYPE_FLOAT, &per_channel, multipliers,
                                 channels * sizeof *multipliers, &inputs[1]));
    if (product->bias)
        SY_TRY(sy_graph_add_constant(work->ctx, graph, "bias", SY_DTYPE_INT64, &bias_shape, product->bias,
                                     product->bias_count * sizeof *product->bias, &inputs[2]));
    SY_TRY(add_requantize(work, inputs, product->bias ? 3 : 2, output, &node));
    SY_TRY(sy_graph_set_attr_int(work->ctx, graph, node, "axis", product->axis));
    SY_TRY(sy_graph_set_attr_int(work->ctx, graph, node, "zero", ending->zero));
    SY_TRY(sy_graph_set_attr_int(work->ctx, graph, node, "lo", lo));
    SY_TRY(sy_graph_set_attr_int(work->ctx, graph, node, "hi", hi));
    return sy_graph_set_attr_int(work->ctx, graph, node, "unsigned", is_unsigned);
}

/* `type` of tensor `a` and a constant with an element for each index of `axis`, as tensor `output`. */
static sy_status add_binary(sy_rewrite *work, const char *type, int a, const float *values, size_t count,
                            int rank, int axis, int output)
{
    sy_graph *graph = work->graph;
    sy_shape shape = {.rank = rank};
    int inputs[2] = {a, SY_NONE}, node;
    for (int i = 0; i < rank; i++)
        shape.dims[i] = i == axis ? (int64_t)count : 1;
    SY_TRY(sy_graph_add_constant(work->ctx, graph, type, SY_DTYPE_FLOAT, &shape, values,
                                 count * sizeof *values, &inputs[1]));
    SY_TRY(sy_graph_add_node(work->ctx, graph, type, type, inputs, 2, &output, 1, &node));
    graph->nodes[node].op = sy_op_find("", type);
    return SY_OK;
}

/* `from` as the type that tensor `output` has. */
static sy_status add_cast(sy_rewrite *work, int from, int output)
{
    sy_graph *graph = work->graph;
    int node;
    SY_TRY(sy_graph_add_node(work->ctx, graph, "Cast", "Cast", &from, 1, &output, 1, &node));
    graph->nodes[node].op = sy_op_find("", "Cast");
    return sy_graph_set_attr_int(work->ctx, graph, node, "to", graph->tensors[output].dtype);
}

sy_status sy_end_float(sy_rewrite *work, const sy_product *product, int output)
{
    sy_graph *graph = work->graph;
    const size_t channels = product->w.grid.count;
    const int rank = graph->tensors[output].shape.rank < 1 ? 1 : graph->tensors[output].shape.rank;
    const int axis = product->axis < 0 ? rank + product->axis : product->axis;
    int sums = product->sums;
    float *values = sy_arena_alloc(&work->arena, channels + product->bias_count, sizeof *values);
    SY_TRY(sy_check_alloc(work->ctx, values));
    if (product->bias) {
        for (size_t c = 0; c < product->bias_count; c++)
            values[c] = (float)product->bias[c];
        SY_TRY(sy_graph_add_tensor(work->ctx, graph, "sums", SY_DTYPE_FLOAT, &graph->tensors[output].shape,
                                   &sums));
        SY_TRY(add_binary(work, "Add", product->sums, values, product->bias_count, rank, axis, sums));
    }
    for (size_t c = 0; c < channels; c++)
        values[c] = product->x.grid.scales[0] * product->w.grid.scales[c];
    if (graph->tensors[output].dtype == SY_DTYPE_FLOAT)
        return add_binary(work, "Mul", sums, values, channels, rank, axis, output);
    int wide;
    SY_TRY(
        sy_graph_add_tensor(work->ctx, graph, "wide", SY_DTYPE_FLOAT, &graph->tensors[output].shape, &wide));
    SY_TRY(add_binary(work, "Mul", sums, values, channels, rank, axis, wide));
    return add_cast(work, wide, output);
}
