/* A node that reads only constants is computed now and becomes constants itself, under the names of its
 * outputs. */
#include "fuse/rule.h"
#include "ops/op.h"
#include "run/run.h"

/* Results above this stay nodes if they are also larger than what they are made of: a large constant from a
 * small recipe (ConstantOfShape, Expand, Tile ...) would only make the file grow.
 */
enum { SMALL_BYTES = 65536 };

/* Computing happens in float32 and int32, so other types keep their exact values only as long as nobody
 * computes them. */
static bool computes_exactly(sy_dtype dtype)
{
    switch (dtype) {
    case SY_DTYPE_FLOAT:
    case SY_DTYPE_INT8:
    case SY_DTYPE_UINT8:
    case SY_DTYPE_INT16:
    case SY_DTYPE_UINT16:
    case SY_DTYPE_INT32:
    case SY_DTYPE_BOOL: return true;
    default: return false;
    }
}

/* 64-bit integers are sizes and indices; what does not fit in 32 bits must not be touched. */
static bool fits_words(const sy_tensor *tensor)
{
    if (tensor->dtype != SY_DTYPE_INT64)
        return computes_exactly(tensor->dtype);
    const int64_t *elements = tensor->data;
    for (size_t i = 0; i < tensor->bytes / sizeof *elements; i++)
        if (elements[i] > INT32_MAX || elements[i] < INT32_MIN)
            return false;
    return true;
}

/* Q/DQ pairs are what a quantized model is made of; folding one would undo it. */
static bool is_candidate(const sy_node *node)
{
    return node->op && node->input_count > 0 && !sy_node_is(node, "QuantizeLinear") &&
           !sy_node_is(node, "DequantizeLinear");
}

static bool reads_only_constants(const sy_graph *graph, const sy_node *node, size_t *out_bytes)
{
    *out_bytes = 0;
    for (int i = 0; i < node->input_count; i++) {
        const sy_tensor *input = sy_fuse_input(graph, node, i);
        if (input && (!input->data || !fits_words(input)))
            return false;
        *out_bytes += input ? input->bytes : 0;
    }
    return true;
}

/* An output of the graph stays computed: few programs take a constant there. */
static bool results_are_worth_keeping(const sy_graph *graph, const sy_node *node, size_t input_bytes)
{
    size_t bytes = 0, count;
    for (int i = 0; i < node->output_count; i++) {
        if (node->outputs[i] == SY_NONE)
            continue;
        const sy_tensor *output = &graph->tensors[node->outputs[i]];
        const bool whole = output->dtype == SY_DTYPE_INT64 || computes_exactly(output->dtype);
        if (!whole || !sy_shape_count(&output->shape, &count) || sy_graph_is_output(graph, node->outputs[i]))
            return false;
        bytes += count * sy_dtype_bits(output->dtype) / 8;
    }
    return bytes <= SMALL_BYTES || bytes <= input_bytes;
}

static sy_status apply(sy_fusing *fusing, int index)
{
    sy_graph *graph = fusing->graph;
    size_t input_bytes;
    if (!is_candidate(&graph->nodes[index]) ||
        !reads_only_constants(graph, &graph->nodes[index], &input_bytes))
        return SY_OK;
    SY_TRY(sy_infer_node(fusing->ctx, graph, index)); /* inputs may have become constants just now */
    if (!results_are_worth_keeping(graph, &graph->nodes[index], input_bytes))
        return SY_OK;
    SY_TRY(sy_graph_fold_node(fusing->ctx, graph, index));
    sy_fuse_note(fusing, "%s '%s' reads only constants: computed", graph->nodes[index].type,
                 graph->nodes[index].name);
    return SY_OK;
}

const sy_fuse_rule sy_fuse_fold_constants = {"fold_constants", apply};
