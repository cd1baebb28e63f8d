/* Nodes whose output is their input. */

#include "fuse/rule.h"

typedef struct identity_kind {
    const char *type;
    bool (*changes_nothing)(const sy_graph *graph, const sy_node *node);
} identity_kind;

static bool always(const sy_graph *graph, const sy_node *node)
{
    (void)graph;
    (void)node;
    return true;
}

static bool same_type(const sy_graph *graph, const sy_node *node)
{
    const sy_dtype from = graph->tensors[node->inputs[0]].dtype;
    return from != SY_DTYPE_UNDEFINED && sy_node_int(node, "to", SY_DTYPE_UNDEFINED) == (int64_t)from;
}

static bool same_shape(const sy_graph *graph, const sy_node *node)
{
    const sy_shape *from = &graph->tensors[node->inputs[0]].shape,
                   *to = &graph->tensors[node->outputs[0]].shape;
    return sy_shape_known(from) && sy_shape_equal(from, to);
}

static bool one_input(const sy_graph *graph, const sy_node *node)
{
    (void)graph;
    return node->input_count == 1;
}

/* Training is asked for by input 2, and then a mask may be wanted too. */
static bool not_training(const sy_graph *graph, const sy_node *node)
{
    const sy_tensor *training = sy_fuse_input(graph, node, 2);
    int64_t value = 0;
    if (training && sy_tensor_to_i64(NULL, training, &value, 1) != SY_OK)
        return false;
    return value == 0 && (node->output_count < 2 || !sy_fuse_is_read(graph, node->outputs[1]));
}

static bool identity_order(const sy_graph *graph, const sy_node *node)
{
    (void)graph;
    size_t count;
    const int64_t *order = sy_node_ints(node, "perm", &count);
    for (size_t i = 0; i < count; i++)
        if (order[i] != (int64_t)i)
            return false;
    return count > 0; /* without it the order is reversed */
}

/* Every element of constant input i is `value`. */
static bool all_equal(const sy_graph *graph, const sy_node *node, int i, int64_t value)
{
    const sy_tensor *tensor = sy_fuse_input(graph, node, i);
    size_t count;
    if (!tensor || !tensor->data || tensor->dtype != SY_DTYPE_INT64 ||
        !sy_shape_count(&tensor->shape, &count))
        return false;
    const int64_t *elements = tensor->data;
    for (size_t k = 0; k < count; k++)
        if (elements[k] != value)
            return false;
    return true;
}

/* Paddings are an attribute up to opset 10, then an input. */
static bool pads_by_nothing(const sy_graph *graph, const sy_node *node)
{
    size_t count;
    const int64_t *pads = sy_node_ints(node, "pads", &count);
    for (size_t i = 0; i < count; i++)
        if (pads[i])
            return false;
    return count > 0 || all_equal(graph, node, 1, 0);
}

/* With steps of 1 only the whole has the size of the whole. */
static bool takes_all(const sy_graph *graph, const sy_node *node)
{
    return same_shape(graph, node) && (!sy_fuse_input(graph, node, 4) || all_equal(graph, node, 4, 1));
}

static const identity_kind kinds[] = {
    {"Identity", always},      {"Dropout", not_training}, {"Cast", same_type},
    {"Pad", pads_by_nothing},  {"Slice", takes_all},      {"Transpose", identity_order},
    {"Reshape", same_shape},   {"Flatten", same_shape},   {"Squeeze", same_shape},
    {"Unsqueeze", same_shape}, {"Expand", same_shape},    {"Tile", same_shape},
    {"Concat", one_input},     {"Sum", one_input},        {"Mean", one_input},
    {"Max", one_input},        {"Min", one_input},
};

static bool is_identity(const sy_graph *graph, const sy_node *node)
{
    if (!sy_fuse_input(graph, node, 0) || node->output_count < 1 || node->outputs[0] == SY_NONE)
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (sy_node_is(node, kinds[i].type))
            return kinds[i].changes_nothing(graph, node);
    return false;
}

/* The producer of the input makes the output instead: the graph's outputs keep their names. */
static void produce_output(sy_graph *graph, int input, int output)
{
    const int producer = graph->tensors[input].producer;
    sy_node *node = &graph->nodes[producer];
    for (int i = 0; i < node->output_count; i++)
        if (node->outputs[i] == input)
            node->outputs[i] = output;
    sy_graph_replace_uses(graph, input, output);
    graph->tensors[output].producer = producer;
    graph->tensors[input].producer = SY_NONE;
}

static sy_status apply(sy_fusing *fusing, int index)
{
    sy_graph *graph = fusing->graph;
    sy_node *node = &graph->nodes[index];
    if (!is_identity(graph, node))
        return SY_OK;
    const int input = node->inputs[0], output = node->outputs[0];
    const bool output_is_fixed = sy_graph_is_output(graph, output);
    if (output_is_fixed && (graph->tensors[input].producer == SY_NONE || sy_graph_is_output(graph, input)))
        return SY_OK; /* two fixed names need a node between them */

    node->removed = true;
    if (output_is_fixed)
        produce_output(graph, input, output);
    else
        sy_graph_replace_uses(graph, output, input);
    sy_fuse_note(fusing, "%s '%s' changes nothing: removed", node->type, node->name);
    return SY_OK;
}

const sy_fuse_rule sy_fuse_remove_identities = {"remove_identities", apply};
