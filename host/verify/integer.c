#include "verify/integer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ops/op.h"

/* A float holds every whole number below this, so sums that stay below it are exact in any order. */
static const double exact_limit = 16777216;

/* A tensor between DequantizeLinear and a product. */
typedef struct {
    int quantized;   /* the integer tensor */
    float *scales;   /* [channels] */
    int64_t *zeros;  /* [channels] */
    size_t channels; /* 1: per tensor */
    int axis;
    double largest; /* |q - zero| at most, of a computed tensor */
} operand;

/* What follows a product: the clamp of a Relu or Clip, then QuantizeLinear. */
typedef struct {
    int *removed; /* nodes whose work the new ones do */
    int removed_count;
    float lo, hi; /* of the activation */
    int quantize; /* node; SY_NONE: the result stays float */
    float scale;
    int64_t zero;
} ending;

typedef struct {
    sy_ctx *ctx;
    sy_graph *graph;
    sy_arena arena;
    int *centred; /* per tensor: its values minus the zero point as floats; SY_NONE until needed */
    int centred_count;
} rewrite;

static bool is_type(const sy_node *node, const char *type)
{
    return node->domain[0] == '\0' && strcmp(node->type, type) == 0;
}

/* Scale and zero point of a QuantizeLinear or DequantizeLinear, if they are constants. */
static sy_status read_scales(rewrite *work, const sy_node *node, operand *out, bool *out_known)
{
    const sy_graph *graph = work->graph;
    const sy_tensor *scale = &graph->tensors[node->inputs[1]];
    const sy_tensor *zero =
        node->input_count > 2 && node->inputs[2] != SY_NONE ? &graph->tensors[node->inputs[2]] : NULL;
    *out_known = scale->data && (!zero || zero->data) && sy_shape_count(&scale->shape, &out->channels);
    if (!*out_known)
        return SY_OK;
    out->scales = sy_arena_alloc(&work->arena, out->channels, sizeof *out->scales);
    out->zeros = sy_arena_alloc(&work->arena, out->channels, sizeof *out->zeros);
    SY_TRY(sy_check_alloc(work->ctx, out->scales && out->zeros ? out : NULL));
    SY_TRY(sy_tensor_to_f32(work->ctx, scale, out->scales, out->channels));
    if (zero)
        SY_TRY(sy_tensor_to_i64(work->ctx, zero, out->zeros, out->channels));
    out->axis = (int)sy_node_int(node, "axis", 1);
    return SY_OK;
}

/* *out_found: the tensor comes from a DequantizeLinear of an 8-bit tensor. */
static sy_status find_operand(rewrite *work, int tensor, operand *out, bool *out_found)
{
    const sy_graph *graph = work->graph;
    int producer = tensor == SY_NONE ? SY_NONE : graph->tensors[tensor].producer;
    *out_found = false;
    if (producer == SY_NONE || !is_type(&graph->nodes[producer], "DequantizeLinear"))
        return SY_OK;
    const sy_node *node = &graph->nodes[producer];
    out->quantized = node->inputs[0];
    SY_TRY(read_scales(work, node, out, out_found));
    const sy_tensor *quantized = &graph->tensors[out->quantized];
    if (quantized->data && out->axis < 0)
        out->axis += quantized->shape.rank;
    out->largest = 255;
    return SY_OK;
}

/* The constant minus its zero points, as floats, and the largest sum of magnitudes of one output channel. */
static sy_status centre_constant(rewrite *work, const operand *weight, int channel_axis, float **out_values,
                                 double *out_largest_sum)
{
    const sy_tensor *tensor = &work->graph->tensors[weight->quantized];
    size_t count = 0, inner = 1, channel_inner = 1;
    sy_shape_count(&tensor->shape, &count);
    size_t channels = channel_axis < tensor->shape.rank ? (size_t)tensor->shape.dims[channel_axis] : 1;
    for (int i = tensor->shape.rank - 1; i > weight->axis && weight->channels > 1; i--)
        inner *= (size_t)tensor->shape.dims[i];
    for (int i = tensor->shape.rank - 1; i > channel_axis; i--)
        channel_inner *= (size_t)tensor->shape.dims[i];
    int64_t *codes = sy_arena_alloc(&work->arena, count, sizeof *codes);
    float *values = sy_arena_alloc(&work->arena, count, sizeof *values);
    double *sums = sy_arena_alloc(&work->arena, channels, sizeof *sums);
    SY_TRY(sy_check_alloc(work->ctx, codes && values && sums ? work : NULL));
    SY_TRY(sy_tensor_to_i64(work->ctx, tensor, codes, count));
    *out_largest_sum = 0;
    for (size_t i = 0; i < count; i++) {
        size_t channel = weight->channels > 1 ? i / inner % weight->channels : 0;
        size_t output = i / channel_inner % (channels ? channels : 1);
        values[i] = (float)(codes[i] - weight->zeros[channel]);
        sums[output] += fabs((double)values[i]);
        *out_largest_sum = fmax(*out_largest_sum, sums[output]);
    }
    *out_values = values;
    return SY_OK;
}

/* The one reader of a tensor that is not an output of the graph; SY_NONE otherwise. */
static int only_reader(const sy_graph *graph, int tensor)
{
    int reader;
    bool single = sy_graph_consumers(graph, tensor, &reader, 1) == 1 && !sy_graph_is_output(graph, tensor);
    return single ? reader : SY_NONE;
}

/* The bounds of a Relu or of a Clip with constant bounds. */
static sy_status read_activation(rewrite *work, const sy_node *node, ending *out, bool *out_is)
{
    *out_is = is_type(node, "Relu") || is_type(node, "Clip");
    if (is_type(node, "Relu"))
        out->lo = fmaxf(out->lo, 0);
    for (int i = 1; i < node->input_count && i < 3 && *out_is && is_type(node, "Clip"); i++) {
        float bound;
        if (node->inputs[i] == SY_NONE)
            continue;
        if (!work->graph->tensors[node->inputs[i]].data) {
            *out_is = false;
            break;
        }
        SY_TRY(sy_tensor_to_f32(work->ctx, &work->graph->tensors[node->inputs[i]], &bound, 1));
        *(i == 1 ? &out->lo : &out->hi) = bound;
    }
    return SY_OK;
}

static sy_status find_ending(rewrite *work, int product, ending *out)
{
    const sy_graph *graph = work->graph;
    bool activation = false, known = false;
    operand scales = {0};
    *out = (ending){.lo = -INFINITY, .hi = INFINITY, .quantize = SY_NONE};
    out->removed = sy_arena_alloc(&work->arena, 2, sizeof *out->removed);
    SY_TRY(sy_check_alloc(work->ctx, out->removed));
    int reader = only_reader(graph, graph->nodes[product].outputs[0]);
    if (reader != SY_NONE)
        SY_TRY(read_activation(work, &graph->nodes[reader], out, &activation));
    int next = activation ? only_reader(graph, graph->nodes[reader].outputs[0]) : reader;
    if (next == SY_NONE || !is_type(&graph->nodes[next], "QuantizeLinear"))
        return SY_OK;
    SY_TRY(read_scales(work, &graph->nodes[next], &scales, &known));
    if (!known || scales.channels != 1)
        return SY_OK;
    if (activation)
        out->removed[out->removed_count++] = reader;
    out->removed[out->removed_count++] = next;
    out->quantize = next;
    out->scale = scales.scales[0];
    out->zero = scales.zeros[0];
    return SY_OK;
}

/* q - zero as floats, computed once for all readers. */
static sy_status centre_computed(rewrite *work, const operand *input, int *out)
{
    static const float one = 1;
    sy_graph *graph = work->graph;
    if (input->quantized < work->centred_count && work->centred[input->quantized] != SY_NONE) {
        *out = work->centred[input->quantized];
        return SY_OK;
    }
    int scale, zero, result, node;
    const sy_tensor quantized = graph->tensors[input->quantized];
    const sy_shape scalar = {.rank = 0};
    int8_t code = (int8_t)input->zeros[0];
    SY_TRY(sy_graph_add_constant(work->ctx, graph, "one", SY_DTYPE_FLOAT, &scalar, &one, sizeof one, &scale));
    SY_TRY(sy_graph_add_constant(work->ctx, graph, "zero", quantized.dtype, &scalar, &code, 1, &zero));
    SY_TRY(sy_graph_add_tensor(work->ctx, graph, quantized.name, SY_DTYPE_FLOAT, &quantized.shape, &result));
    const int inputs[] = {input->quantized, scale, zero};
    SY_TRY(sy_graph_add_node(work->ctx, graph, "DequantizeLinear", "centre", inputs, 3, &result, 1, &node));
    graph->nodes[node].op = sy_op_find("", "DequantizeLinear");
    if (input->quantized < work->centred_count)
        work->centred[input->quantized] = result;
    *out = result;
    return SY_OK;
}

/* A product rewritten: what is needed to end it. */
typedef struct {
    int accumulators; /* tensor */
    const operand *x, *w;
    int64_t *bias; /* NULL: none */
    size_t bias_count;
    int axis; /* of the output channels in the result */
} product;

static sy_status end_quantized(rewrite *work, const product *made, const ending *end, int output)
{
    sy_graph *graph = work->graph;
    size_t channels = made->w->channels;
    float *multipliers = sy_arena_alloc(&work->arena, channels, sizeof *multipliers);
    SY_TRY(sy_check_alloc(work->ctx, multipliers));
    for (size_t c = 0; c < channels; c++) {
        float both = made->x->scales[0] * made->w->scales[c]; /* two roundings, as onnxruntime computes it */
        multipliers[c] = both / end->scale;
    }
    bool is_unsigned = graph->tensors[output].dtype == SY_DTYPE_UINT8;
    double lo = is_unsigned ? 0 : -128, hi = is_unsigned ? 255 : 127;
    if (isfinite(end->lo))
        lo = fmax(lo, rint((double)(end->lo / end->scale)) + (double)end->zero);
    if (isfinite(end->hi))
        hi = fmin(hi, rint((double)(end->hi / end->scale)) + (double)end->zero);

    int inputs[3] = {made->accumulators, SY_NONE, SY_NONE}, node;
    const sy_shape per_channel = {.rank = 1, .dims = {(int64_t)channels}};
    const sy_shape bias_shape = {.rank = 1, .dims = {(int64_t)made->bias_count}};
    SY_TRY(sy_graph_add_constant(work->ctx, graph, "multiplier", SY_DTYPE_FLOAT, &per_channel, multipliers,
                                 channels * sizeof *multipliers, &inputs[1]));
    if (made->bias)
        SY_TRY(sy_graph_add_constant(work->ctx, graph, "bias", SY_DTYPE_INT64, &bias_shape, made->bias,
                                     made->bias_count * sizeof *made->bias, &inputs[2]));
    SY_TRY(sy_graph_add_node(work->ctx, graph, "Requantize", "requantize", inputs, made->bias ? 3 : 2,
                             &output, 1, &node));
    graph->nodes[node].op = sy_op_find("steelyard", "Requantize");
    graph->nodes[node].domain = "steelyard";
    SY_TRY(sy_graph_set_attr_int(work->ctx, graph, node, "axis", made->axis));
    SY_TRY(sy_graph_set_attr_int(work->ctx, graph, node, "zero", end->zero));
    SY_TRY(sy_graph_set_attr_int(work->ctx, graph, node, "lo", (int64_t)lo));
    SY_TRY(sy_graph_set_attr_int(work->ctx, graph, node, "hi", (int64_t)hi));
    return sy_graph_set_attr_int(work->ctx, graph, node, "unsigned", is_unsigned);
}

static sy_status add_binary(rewrite *work, const char *type, int a, const float *values, size_t count,
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

/* (accumulators + bias) * scale, for results that stay float. */
static sy_status end_float(rewrite *work, const product *made, int output)
{
    sy_graph *graph = work->graph;
    size_t channels = made->w->channels;
    int rank = graph->tensors[output].shape.rank, sums = made->accumulators;
    if (rank < 1)
        rank = 1;
    int axis = made->axis < 0 ? rank + made->axis : made->axis;
    float *values = sy_arena_alloc(&work->arena, channels + made->bias_count, sizeof *values);
    SY_TRY(sy_check_alloc(work->ctx, values));
    if (made->bias) {
        for (size_t c = 0; c < made->bias_count; c++)
            values[c] = (float)made->bias[c];
        SY_TRY(sy_graph_add_tensor(work->ctx, graph, "sums", SY_DTYPE_FLOAT, &graph->tensors[output].shape,
                                   &sums));
        SY_TRY(add_binary(work, "Add", made->accumulators, values, made->bias_count, rank, axis, sums));
    }
    for (size_t c = 0; c < channels; c++)
        values[c] = made->x->scales[0] * made->w->scales[c];
    return add_binary(work, "Mul", sums, values, channels, rank, axis, output);
}

/* The integer bias of a product. *out_plain: there is none, or it is an int32 constant. */
static sy_status read_bias(rewrite *work, const sy_node *node, product *made, bool *out_plain)
{
    operand bias;
    bool found = false;
    int tensor = node->input_count > 2 ? node->inputs[2] : SY_NONE;
    *out_plain = tensor == SY_NONE;
    if (tensor == SY_NONE)
        return SY_OK;
    SY_TRY(find_operand(work, tensor, &bias, &found));
    const sy_tensor *codes = found ? &work->graph->tensors[bias.quantized] : NULL;
    if (!codes || !codes->data || codes->dtype != SY_DTYPE_INT32 ||
        !sy_shape_count(&codes->shape, &made->bias_count))
        return SY_OK;
    made->bias = sy_arena_alloc(&work->arena, made->bias_count, sizeof *made->bias);
    SY_TRY(sy_check_alloc(work->ctx, made->bias));
    *out_plain = true;
    return sy_tensor_to_i64(work->ctx, codes, made->bias, made->bias_count);
}

/* Where the output channels are, in the weights and in the result. false for products this does not take on.
 */
static bool find_axes(const sy_graph *graph, const sy_node *node, int rank, int *weight_axis,
                      int *result_axis)
{
    if (is_type(node, "Conv")) {
        *weight_axis = 0;
        *result_axis = 1;
        return true;
    }
    if (is_type(node, "Gemm")) {
        *weight_axis = sy_node_int(node, "transB", 0) ? 0 : 1;
        *result_axis = 1;
        return sy_node_float(node, "alpha", 1) == 1 && sy_node_float(node, "beta", 1) == 1;
    }
    *weight_axis = rank - 1;
    *result_axis = -1;
    return is_type(node, "MatMul") && graph->tensors[node->outputs[0]].shape.rank >= 1;
}

/* The product on whole numbers: same node, other operands, a result of its own. */
static sy_status accumulate(rewrite *work, int index, const operand *x, const operand *w, int weight_axis,
                            int *out, bool *out_exact)
{
    sy_graph *graph = work->graph;
    int inputs[2], result;
    const sy_tensor weights = graph->tensors[w->quantized];
    double largest_sum = 0;
    *out_exact = true;
    if (weights.data) {
        float *values;
        SY_TRY(centre_constant(work, w, weight_axis, &values, &largest_sum));
        *out_exact = largest_sum * x->largest < exact_limit;
        if (!*out_exact)
            return SY_OK;
        size_t count = 0;
        sy_shape_count(&weights.shape, &count);
        SY_TRY(sy_graph_add_constant(work->ctx, graph, weights.name, SY_DTYPE_FLOAT, &weights.shape, values,
                                     count * sizeof *values, &inputs[1]));
    } else {
        int64_t depth = weights.shape.rank >= 2 ? weights.shape.dims[weights.shape.rank - 2] : -1;
        *out_exact = depth > 0 && (double)depth * x->largest * w->largest < exact_limit;
        if (!*out_exact)
            return SY_OK;
        SY_TRY(centre_computed(work, w, &inputs[1]));
    }
    SY_TRY(centre_computed(work, x, &inputs[0]));
    const sy_tensor old = graph->tensors[graph->nodes[index].outputs[0]];
    SY_TRY(sy_graph_add_tensor(work->ctx, graph, "accumulators", SY_DTYPE_FLOAT, &old.shape, &result));
    sy_node *node = &graph->nodes[index];
    node->inputs[0] = inputs[0];
    node->inputs[1] = inputs[1];
    node->input_count = 2;
    node->outputs[0] = result;
    graph->tensors[result].producer = index;
    *out = result;
    return SY_OK;
}

/* What stands for tensor `vanished` from now on takes its name, so that it is found under it. */
static void pass_on_name(sy_graph *graph, int vanished, int quantized)
{
    int reader;
    int count = sy_graph_consumers(graph, quantized, &reader, 1);
    if (count < 1 || !is_type(&graph->nodes[reader], "DequantizeLinear"))
        return;
    int successor = graph->nodes[reader].outputs[0];
    if (sy_graph_is_output(graph, successor))
        return;
    sy_graph_swap_names(graph, successor, vanished);
}

static sy_status rewrite_product(rewrite *work, int index)
{
    sy_graph *graph = work->graph;
    operand x = {0}, w = {0};
    ending end;
    product made = {.x = &x, .w = &w};
    bool found_x = false, found_w = false, plain_bias = false, exact = false;
    int weight_axis, result = graph->nodes[index].outputs[0];
    SY_TRY(find_operand(work, graph->nodes[index].inputs[0], &x, &found_x));
    SY_TRY(find_operand(work, graph->nodes[index].inputs[1], &w, &found_w));
    if (!found_x || !found_w || x.channels != 1 || graph->tensors[x.quantized].data ||
        !find_axes(graph, &graph->nodes[index], graph->tensors[w.quantized].shape.rank, &weight_axis,
                   &made.axis) ||
        (w.channels > 1 && w.axis != weight_axis) || sy_node_int(&graph->nodes[index], "transA", 0))
        return SY_OK;
    SY_TRY(read_bias(work, &graph->nodes[index], &made, &plain_bias));
    if (!plain_bias)
        return SY_OK;
    SY_TRY(find_ending(work, index, &end));
    SY_TRY(accumulate(work, index, &x, &w, weight_axis, &made.accumulators, &exact));
    if (!exact)
        return SY_OK;
    if (end.quantize == SY_NONE)
        return end_float(work, &made, result);

    int output = graph->nodes[end.quantize].outputs[0], before = graph->nodes[end.quantize].inputs[0];
    for (int i = 0; i < end.removed_count; i++)
        graph->nodes[end.removed[i]].removed = true;
    pass_on_name(graph, before, output);
    return end_quantized(work, &made, &end, output);
}

/* Every dequantized activation becomes an output, so that none is dropped as unneeded. */
static sy_status keep_dequantized(rewrite *work)
{
    sy_graph *graph = work->graph;
    int *outputs = malloc(((size_t)graph->output_count + (size_t)graph->node_count) * sizeof *outputs);
    SY_TRY(sy_check_alloc(work->ctx, outputs));
    memcpy(outputs, graph->outputs, (size_t)graph->output_count * sizeof *outputs);
    free(graph->outputs);
    graph->outputs = outputs;
    for (int n = 0; n < graph->node_count; n++) {
        const sy_node *node = &graph->nodes[n];
        if (!node->removed && is_type(node, "DequantizeLinear") && !graph->tensors[node->inputs[0]].data &&
            !sy_graph_is_output(graph, node->outputs[0]))
            outputs[graph->output_count++] = node->outputs[0];
    }
    return SY_OK;
}

static sy_status rewrite_all(rewrite *work)
{
    int node_count = work->graph->node_count;
    work->centred_count = work->graph->tensor_count;
    work->centred = sy_arena_alloc(&work->arena, (size_t)work->centred_count, sizeof *work->centred);
    SY_TRY(sy_check_alloc(work->ctx, work->centred));
    for (int t = 0; t < work->centred_count; t++)
        work->centred[t] = SY_NONE;
    SY_TRY(keep_dequantized(work));
    for (int n = 0; n < node_count; n++) {
        const sy_node *node = &work->graph->nodes[n];
        if (is_type(node, "Conv") || is_type(node, "Gemm") || is_type(node, "MatMul"))
            SY_TRY(sy_while(work->ctx, rewrite_product(work, n), "node '%s' (%s)", node->name, node->type));
    }
    return sy_graph_compact(work->ctx, work->graph);
}

sy_status sy_integer_graph(sy_ctx *ctx, const sy_graph *graph, sy_graph **out)
{
    rewrite work = {.ctx = ctx};
    SY_TRY(sy_graph_copy(ctx, graph, &work.graph));
    sy_status status = rewrite_all(&work);
    sy_arena_release(&work.arena);
    if (status != SY_OK) {
        sy_graph_destroy(work.graph);
        return status;
    }
    *out = work.graph;
    return SY_OK;
}
