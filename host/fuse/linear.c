#include "fuse/linear.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_float_constant(const sy_tensor *tensor)
{
    return tensor && tensor->data && tensor->bytes > 0 && tensor->dtype == SY_DTYPE_FLOAT &&
           sy_shape_known(&tensor->shape);
}

static int64_t group_count(const sy_node *node)
{
    const int64_t groups = sy_node_int(node, "group", 1);
    return groups > 0 ? groups : 1;
}

/* Convolutions have weights [filters][channels/groups][...], transposed ones [channels][filters/groups][...].
 */
static bool describe_convolution(const sy_node *node, const sy_shape *weights, sy_linear *out)
{
    const bool transposed = sy_node_is(node, "ConvTranspose");
    if ((!transposed && !sy_node_is(node, "Conv")) || weights->rank < 3)
        return false;
    if (transposed && weights->dims[0] % group_count(node) != 0)
        return false;
    out->channels = (size_t)(transposed ? weights->dims[1] * group_count(node) : weights->dims[0]);
    out->output_rank = weights->rank;
    return true;
}

static bool describe_gemm(const sy_node *node, const sy_shape *weights, sy_linear *out)
{
    if (!sy_node_is(node, "Gemm") || weights->rank != 2)
        return false;
    out->channels = (size_t)weights->dims[sy_node_int(node, "transB", 0) ? 0 : 1];
    out->output_rank = 2;
    return true;
}

/* One number for all channels, or one a channel along the last axis (a Gemm's may also differ by row: not
 * ours). */
static bool describe_bias(const sy_graph *graph, const sy_node *node, sy_linear *out)
{
    const sy_tensor *bias = sy_fuse_input(graph, node, 2);
    size_t count;
    out->bias = bias ? node->inputs[2] : SY_NONE;
    if (!bias)
        return true;
    if (!is_float_constant(bias) || !sy_shape_count(&bias->shape, &count) ||
        (count != 1 && count != out->channels))
        return false;
    return count == 1 || bias->shape.dims[bias->shape.rank - 1] == (int64_t)count;
}

bool sy_linear_before(const sy_graph *graph, int tensor, sy_linear *out)
{
    const int producer = tensor == SY_NONE ? SY_NONE : graph->tensors[tensor].producer;
    if (producer == SY_NONE || sy_graph_only_reader(graph, tensor) == SY_NONE)
        return false;
    const sy_node *node = &graph->nodes[producer];
    const sy_tensor *weights = sy_fuse_input(graph, node, 1);
    if (node->output_count != 1 || !is_float_constant(weights))
        return false;
    *out = (sy_linear){.node = producer, .weights = node->inputs[1]};
    if (!describe_convolution(node, &weights->shape, out) && !describe_gemm(node, &weights->shape, out))
        return false;
    return out->channels > 0 && describe_bias(graph, node, out);
}

size_t sy_linear_channel(const sy_graph *graph, const sy_linear *linear, size_t index)
{
    const sy_node *node = &graph->nodes[linear->node];
    const sy_shape *shape = &graph->tensors[linear->weights].shape;
    size_t inner = 1; /* elements of one kernel */
    for (int i = 2; i < shape->rank; i++)
        inner *= (size_t)shape->dims[i];
    const size_t columns = (size_t)shape->dims[1], row = index / (inner * columns),
                 column = index / inner % columns;
    if (sy_node_is(node, "ConvTranspose")) {
        const size_t rows_in_group = (size_t)(shape->dims[0] / group_count(node));
        return row / rows_in_group * columns + column;
    }
    return sy_node_is(node, "Gemm") && !sy_node_int(node, "transB", 0) ? column : row;
}

static bool scale_weights(const sy_graph *graph, const sy_linear *linear, const double *scale, float *out)
{
    const sy_tensor *weights = &graph->tensors[linear->weights];
    const float *old = weights->data;
    bool finite = true;
    for (size_t i = 0; i < weights->bytes / sizeof *old; i++) {
        out[i] = (float)(scale[sy_linear_channel(graph, linear, i)] * (double)old[i]);
        finite = finite && isfinite(out[i]);
    }
    return finite;
}

static bool shift_bias(const sy_graph *graph, const sy_linear *linear, const double *scale,
                       const double *shift, float *out)
{
    const sy_tensor *bias = linear->bias == SY_NONE ? NULL : &graph->tensors[linear->bias];
    const float *old = bias ? bias->data : NULL;
    const bool one_for_all = bias && bias->bytes == sizeof *old;
    const sy_node *node = &graph->nodes[linear->node];
    const double beta = sy_node_is(node, "Gemm") ? (double)sy_node_float(node, "beta", 1) : 1;
    bool finite = true;
    for (size_t c = 0; c < linear->channels; c++) {
        const double before = old ? beta * (double)old[one_for_all ? 0 : c] : 0;
        out[c] = (float)(scale[c] * before + shift[c]);
        finite = finite && isfinite(out[c]);
    }
    return finite;
}

/* Gives input `i` of the node new elements: in its constant if only it reads that, else in a new one. */
static sy_status replace_constant(sy_fusing *fusing, int node, int i, const sy_shape *shape,
                                  const float *data)
{
    sy_graph *graph = fusing->graph;
    size_t count;
    sy_shape_count(shape, &count);
    const int old = graph->nodes[node].inputs[i];
    if (sy_graph_only_reader(graph, old) != SY_NONE) {
        graph->tensors[old].shape = *shape;
        graph->tensors[old].data = data;
        graph->tensors[old].bytes = count * sizeof *data;
        return SY_OK;
    }
    return sy_graph_add_constant(fusing->ctx, graph, graph->tensors[old].name, SY_DTYPE_FLOAT, shape, data,
                                 count * sizeof *data, &graph->nodes[node].inputs[i]);
}

static sy_status set_bias(sy_fusing *fusing, const sy_linear *linear, const float *data)
{
    sy_graph *graph = fusing->graph;
    const sy_shape shape = {.rank = 1, .dims = {(int64_t)linear->channels}};
    if (linear->bias != SY_NONE)
        return replace_constant(fusing, linear->node, 2, &shape, data);

    char name[512];
    int constant;
    snprintf(name, sizeof name, "%s_bias", graph->nodes[linear->node].name);
    SY_TRY(sy_graph_add_constant(fusing->ctx, graph, name, SY_DTYPE_FLOAT, &shape, data,
                                 linear->channels * sizeof *data, &constant));
    sy_node *node = &graph->nodes[linear->node];
    int *inputs = sy_arena_alloc(&graph->arena, 3, sizeof *inputs);
    SY_TRY(sy_check_alloc(fusing->ctx, inputs));
    memcpy(inputs, node->inputs, 2 * sizeof *inputs);
    inputs[2] = constant;
    node->inputs = inputs;
    node->input_count = 3;
    return SY_OK;
}

/* The linear node makes what the follower made; the value between them is gone. */
static void take_over_output(sy_graph *graph, int linear, int follower)
{
    sy_node *node = &graph->nodes[linear];
    const int output = graph->nodes[follower].outputs[0];
    graph->tensors[node->outputs[0]].producer = SY_NONE;
    graph->nodes[follower].removed = true;
    node->outputs[0] = output;
    graph->tensors[output].producer = linear;
}

sy_status sy_linear_fold(sy_fusing *fusing, const sy_linear *linear, int follower, const double *scale,
                         const double *shift, bool *out_done)
{
    sy_graph *graph = fusing->graph;
    const sy_shape shape = graph->tensors[linear->weights].shape;
    float *weights = sy_arena_alloc(&graph->arena, graph->tensors[linear->weights].bytes, 1);
    float *bias = sy_arena_alloc(&graph->arena, linear->channels, sizeof *bias);
    SY_TRY(sy_check_alloc(fusing->ctx, weights && bias ? weights : NULL));
    *out_done = scale_weights(graph, linear, scale, weights) && shift_bias(graph, linear, scale, shift, bias);
    if (!*out_done)
        return SY_OK;
    SY_TRY(replace_constant(fusing, linear->node, 1, &shape, weights));
    SY_TRY(set_bias(fusing, linear, bias));
    if (sy_node_is(&graph->nodes[linear->node], "Gemm"))
        SY_TRY(sy_graph_set_attr_float(fusing->ctx, graph, linear->node, "beta", 1));
    take_over_output(graph, linear->node, follower);
    return SY_OK;
}
