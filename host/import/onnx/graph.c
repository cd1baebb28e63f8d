#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "import/onnx/names.h"
#include "import/onnx/onnx.h"
#include "ops/op.h"

enum { WHAT_TEXT = 256 };

static bool is_empty(const char *text)
{
    return !text || !*text;
}

/* "node 'conv1' (Conv)"; by its place in the file where it has no name. */
static const char *name_node(const SyOnnx__Node *proto, size_t index, char out[WHAT_TEXT])
{
    const char *type = is_empty(proto->op_type) ? "no operator" : proto->op_type;
    if (is_empty(proto->name))
        snprintf(out, WHAT_TEXT, "node %zu (%s)", index, type);
    else
        snprintf(out, WHAT_TEXT, "node '%s' (%s)", proto->name, type);
    return out;
}

static sy_status define(sy_onnx_reader *reader, const char *name, const char *what, const sy_tensor *tensor,
                        int *out)
{
    sy_graph *graph = reader->graph;
    if (sy_graph_find_tensor(graph, name) != SY_NONE)
        return sy_fail(reader->ctx, SY_E_MODEL,
                       "%s defines '%s', which is already defined; names must be unique", what, name);
    SY_TRY(sy_graph_add_tensor(reader->ctx, graph, name, tensor->dtype, &tensor->shape, out));
    sy_tensor *added = &graph->tensors[*out];
    added->data = tensor->data;
    added->bytes = tensor->bytes;
    return SY_OK;
}

static sy_status read_initializers(sy_onnx_reader *reader)
{
    const SyOnnx__Graph *proto = reader->model->graph;
    if (proto->n_sparse_initializer)
        return sy_fail(reader->ctx, SY_E_UNSUPPORTED,
                       "the model has sparse initializers; store them densely");
    for (size_t i = 0; i < proto->n_initializer; i++) {
        const char *name = proto->initializer[i]->name;
        char what[WHAT_TEXT];
        sy_tensor tensor;
        int index;
        if (is_empty(name))
            return sy_fail(reader->ctx, SY_E_MODEL, "initializer %zu has no name", i);
        snprintf(what, sizeof what, "initializer '%s'", name);
        SY_TRY(sy_onnx_read_tensor(reader, proto->initializer[i], what, &tensor));
        SY_TRY(define(reader, name, what, &tensor, &index));
    }
    return SY_OK;
}

/* Dimensions that are not numbers stay unknown and keep their names. Some exporters write -1 for unknown. */
static sy_status read_dims(sy_onnx_reader *reader, const SyOnnx__Shape *shape, const char *what,
                           sy_tensor *tensor)
{
    if (shape->n_dim > SY_MAX_RANK)
        return sy_fail(reader->ctx, SY_E_UNSUPPORTED, "%s has %zu dimensions; at most %d are supported", what,
                       shape->n_dim, SY_MAX_RANK);
    tensor->shape.rank = (int)shape->n_dim;
    for (int i = 0; i < tensor->shape.rank; i++) {
        const SyOnnx__Dimension *dim = shape->dim[i];
        tensor->shape.dims[i] = dim->has_dim_value ? dim->dim_value : SY_NONE;
        tensor->dim_names[i] = is_empty(dim->dim_param) ? NULL : dim->dim_param;
        if (tensor->shape.dims[i] < SY_NONE)
            return sy_fail(reader->ctx, SY_E_MODEL,
                           "%s: dimension %d is %" PRId64 "; a size cannot be negative", what, i,
                           dim->dim_value);
    }
    return SY_OK;
}

/* Declared type and shape; an unknown type where it is not a tensor of numbers. */
static sy_status read_type(sy_onnx_reader *reader, const SyOnnx__ValueInfo *info, const char *what,
                           sy_tensor *out)
{
    const SyOnnx__TensorType *type = info->type ? info->type->tensor_type : NULL;
    *out = (sy_tensor){.shape = {.rank = SY_NONE}};
    if (!type)
        return SY_OK;
    if (type->elem_type != SY_DTYPE_STRING && sy_dtype_bits((sy_dtype)type->elem_type) > 0)
        out->dtype = (sy_dtype)type->elem_type;
    return type->shape ? read_dims(reader, type->shape, what, out) : SY_OK;
}

/* Larger sizes than this are nonsense, and sums and products of them must not overflow. */
static sy_status check_input_sizes(sy_ctx *ctx, const sy_tensor *input, const char *what)
{
    for (int i = 0; i < input->shape.rank; i++)
        if (input->shape.dims[i] > INT32_MAX)
            return sy_fail(ctx, SY_E_MODEL, "%s: dimension %d is %" PRId64 ", larger than any model can be",
                           what, i, input->shape.dims[i]);
    return SY_OK;
}

static sy_status read_inputs(sy_onnx_reader *reader)
{
    const SyOnnx__Graph *proto = reader->model->graph;
    sy_graph *graph = reader->graph;
    graph->inputs = calloc(proto->n_input + 1, sizeof *graph->inputs);
    SY_TRY(sy_check_alloc(reader->ctx, graph->inputs));
    for (size_t i = 0; i < proto->n_input; i++) {
        const char *name = proto->input[i]->name;
        char what[WHAT_TEXT];
        sy_tensor tensor;
        int index;
        if (is_empty(name))
            return sy_fail(reader->ctx, SY_E_MODEL, "graph input %zu has no name", i);
        const int known = sy_graph_find_tensor(graph, name);
        if (known != SY_NONE && graph->tensors[known].data)
            continue; /* up to IR version 3 initializers had to be listed as inputs */
        snprintf(what, sizeof what, "graph input '%s'", name);
        SY_TRY(read_type(reader, proto->input[i], what, &tensor));
        if (tensor.dtype == SY_DTYPE_UNDEFINED)
            return sy_fail(reader->ctx, SY_E_UNSUPPORTED, "%s is not a tensor of a supported element type",
                           what);
        SY_TRY(check_input_sizes(reader->ctx, &tensor, what));
        SY_TRY(define(reader, name, what, &tensor, &index));
        memcpy(graph->tensors[index].dim_names, tensor.dim_names, sizeof tensor.dim_names);
        graph->inputs[graph->input_count++] = index;
    }
    return SY_OK;
}

/* Says whether a later node would have made the tensor, or none at all. */
static sy_status fail_undefined(sy_onnx_reader *reader, size_t node, const char *what, const char *name)
{
    const SyOnnx__Graph *proto = reader->model->graph;
    char later[WHAT_TEXT];
    for (size_t n = node; n < proto->n_node; n++)
        for (size_t o = 0; o < proto->node[n]->n_output; o++)
            if (strcmp(proto->node[n]->output[o], name) == 0)
                return sy_fail(
                    reader->ctx, SY_E_MODEL,
                    "%s reads '%s' before %s computes it; nodes must stand in an order in which they can run",
                    what, name, name_node(proto->node[n], n, later));
    return sy_fail(reader->ctx, SY_E_MODEL, "%s reads '%s', which no input, initializer or node provides",
                   what, name);
}

static sy_status read_attributes(sy_onnx_reader *reader, const SyOnnx__Node *proto, const char *what,
                                 sy_node *node)
{
    node->attrs = sy_arena_alloc(&reader->graph->arena, proto->n_attribute, sizeof *node->attrs);
    SY_TRY(sy_check_alloc(reader->ctx, node->attrs));
    for (size_t i = 0; i < proto->n_attribute; i++)
        SY_TRY(sy_onnx_read_attribute(reader, &proto->attribute[i], what, &node->attrs[i]));
    node->attr_count = (int)proto->n_attribute;
    return SY_OK;
}

static sy_status find_opset(sy_onnx_reader *reader, const char *what, sy_node *node)
{
    for (int i = 0; i < reader->graph->opset_count; i++) {
        if (strcmp(reader->graph->opsets[i].domain, node->domain) == 0) {
            node->opset = (int)reader->graph->opsets[i].version;
            return SY_OK;
        }
    }
    return sy_fail(reader->ctx, SY_E_MODEL, "%s is of the domain '%s', which the model does not import", what,
                   *node->domain ? node->domain : "ai.onnx");
}

static sy_status link_inputs(sy_onnx_reader *reader, const SyOnnx__Node *proto, size_t index,
                             const char *what, sy_node *node)
{
    node->inputs = sy_arena_alloc(&reader->graph->arena, proto->n_input, sizeof *node->inputs);
    SY_TRY(sy_check_alloc(reader->ctx, node->inputs));
    node->input_count = (int)proto->n_input;
    for (int i = 0; i < node->input_count; i++) {
        node->inputs[i] = SY_NONE;
        if (is_empty(proto->input[i]))
            continue;
        node->inputs[i] = sy_graph_find_tensor(reader->graph, proto->input[i]);
        if (node->inputs[i] == SY_NONE)
            return fail_undefined(reader, index, what, proto->input[i]);
    }
    return SY_OK;
}

static sy_status define_outputs(sy_onnx_reader *reader, const SyOnnx__Node *proto, const char *what,
                                sy_node *node)
{
    const sy_tensor unknown = {.shape = {.rank = SY_NONE}};
    node->outputs = sy_arena_alloc(&reader->graph->arena, proto->n_output, sizeof *node->outputs);
    SY_TRY(sy_check_alloc(reader->ctx, node->outputs));
    node->output_count = (int)proto->n_output;
    for (int i = 0; i < node->output_count; i++) {
        node->outputs[i] = SY_NONE;
        if (is_empty(proto->output[i]))
            continue;
        SY_TRY(define(reader, proto->output[i], what, &unknown, &node->outputs[i]));
        reader->graph->tensors[node->outputs[i]].producer = reader->graph->node_count;
    }
    return SY_OK;
}

/* The value of a Constant node as a tensor; false for the kinds we do not hold (strings, sparse): such a node
 * stays. */
static bool constant_value(const sy_node *node, sy_tensor *out)
{
    if (node->attr_count != 1)
        return false;
    const sy_attr *attr = &node->attrs[0];
    sy_tensor list = {.shape = {.rank = 1, .dims = {(int64_t)attr->count}}, .producer = SY_NONE};
    if (strcmp(attr->name, "value") == 0 && attr->kind == SY_ATTR_TENSOR)
        list = *attr->tensor;
    else if (strcmp(attr->name, "value_float") == 0 && attr->kind == SY_ATTR_FLOAT)
        list = (sy_tensor){.dtype = SY_DTYPE_FLOAT, .data = &attr->f, .bytes = sizeof attr->f};
    else if (strcmp(attr->name, "value_int") == 0 && attr->kind == SY_ATTR_INT)
        list = (sy_tensor){.dtype = SY_DTYPE_INT64, .data = &attr->i, .bytes = sizeof attr->i};
    else if (strcmp(attr->name, "value_floats") == 0 && attr->kind == SY_ATTR_FLOATS) {
        list.dtype = SY_DTYPE_FLOAT;
        list.data = attr->count ? (const void *)attr->floats : attr;
        list.bytes = attr->count * sizeof *attr->floats;
    } else if (strcmp(attr->name, "value_ints") == 0 && attr->kind == SY_ATTR_INTS) {
        list.dtype = SY_DTYPE_INT64;
        list.data = attr->count ? (const void *)attr->ints : attr;
        list.bytes = attr->count * sizeof *attr->ints;
    } else {
        return false;
    }
    *out = list;
    return true;
}

static sy_status read_node(sy_onnx_reader *reader, const SyOnnx__Node *proto, size_t index,
                           sy_name_set *names)
{
    sy_graph *graph = reader->graph;
    char what[WHAT_TEXT];
    name_node(proto, index, what);
    if (is_empty(proto->op_type))
        return sy_fail(reader->ctx, SY_E_MODEL, "%s has no operator", what);
    sy_node node = {.type = proto->op_type, .domain = is_empty(proto->domain) ? "" : proto->domain};
    if (strcmp(node.domain, "ai.onnx") == 0)
        node.domain = "";
    SY_TRY(find_opset(reader, what, &node));
    SY_TRY(read_attributes(reader, proto, what, &node));

    sy_tensor value;
    if (sy_node_is(&node, "Constant") && !*node.domain && proto->n_output == 1 &&
        !is_empty(proto->output[0]) && constant_value(&node, &value)) {
        int tensor;
        return define(reader, proto->output[0], what, &value, &tensor);
    }
    SY_TRY(link_inputs(reader, proto, index, what, &node));
    SY_TRY(define_outputs(reader, proto, what, &node));
    node.name = sy_name_set_make_unique(names, &graph->arena, proto->name, node.type, index);
    SY_TRY(sy_check_alloc(reader->ctx, node.name));
    if (!is_empty(proto->name) && strcmp(node.name, proto->name) != 0)
        sy_log(reader->ctx, SY_LOG_WARN, "two nodes are named '%s'; the later one is called '%s' here",
               proto->name, node.name);
    node.op = sy_op_find(node.domain, node.type);
    graph->nodes[graph->node_count++] = node;
    return SY_OK;
}

/* Names in the file come first: a made-up one must not take the name of a later node. */
static sy_status read_nodes(sy_onnx_reader *reader, sy_arena *arena)
{
    const SyOnnx__Graph *proto = reader->model->graph;
    sy_graph *graph = reader->graph;
    sy_name_set names;
    if (proto->n_node > INT32_MAX / 4)
        return sy_fail(reader->ctx, SY_E_MODEL, "%zu nodes are more than any model has", proto->n_node);
    graph->nodes = calloc(proto->n_node + 1, sizeof *graph->nodes);
    graph->node_capacity = graph->nodes ? (int)proto->n_node + 1 : 0;
    SY_TRY(sy_check_alloc(reader->ctx, graph->nodes));
    SY_TRY(sy_check_alloc(reader->ctx, sy_name_set_init(&names, arena, proto->n_node) ? &names : NULL));
    for (size_t n = 0; n < proto->n_node; n++)
        sy_name_set_reserve(&names, proto->node[n]->name);
    for (size_t n = 0; n < proto->n_node; n++)
        SY_TRY(read_node(reader, proto->node[n], n, &names));
    return SY_OK;
}

/* A declaration helps only where nothing better is known; a computed shape may still refine it. */
static sy_status declare(sy_onnx_reader *reader, const SyOnnx__ValueInfo *info, int index, bool with_names)
{
    sy_tensor *tensor = &reader->graph->tensors[index];
    char what[WHAT_TEXT];
    sy_tensor declared;
    snprintf(what, sizeof what, "value '%s'", info->name);
    SY_TRY(read_type(reader, info, what, &declared));
    if (tensor->producer == SY_NONE)
        return SY_OK; /* inputs and constants are exact already */
    for (int i = 0; i < declared.shape.rank; i++)
        if (declared.shape.dims[i] > INT32_MAX)
            declared.shape.dims[i] = SY_NONE;
    if (tensor->dtype == SY_DTYPE_UNDEFINED)
        tensor->dtype = declared.dtype;
    if (tensor->shape.rank == SY_NONE)
        tensor->shape = declared.shape;
    if (with_names)
        memcpy(tensor->dim_names, declared.dim_names, sizeof declared.dim_names);
    return SY_OK;
}

static sy_status read_outputs(sy_onnx_reader *reader)
{
    const SyOnnx__Graph *proto = reader->model->graph;
    sy_graph *graph = reader->graph;
    if (proto->n_output == 0)
        return sy_fail(reader->ctx, SY_E_MODEL, "the graph has no outputs");
    graph->outputs = calloc(proto->n_output, sizeof *graph->outputs);
    SY_TRY(sy_check_alloc(reader->ctx, graph->outputs));
    for (size_t i = 0; i < proto->n_output; i++) {
        const char *name = proto->output[i]->name;
        const int tensor = is_empty(name) ? SY_NONE : sy_graph_find_tensor(graph, name);
        if (tensor == SY_NONE)
            return sy_fail(reader->ctx, SY_E_MODEL, "graph output '%s' is not computed by any node",
                           name ? name : "");
        if (sy_graph_is_output(graph, tensor))
            return sy_fail(reader->ctx, SY_E_MODEL, "graph output '%s' is listed twice", name);
        SY_TRY(declare(reader, proto->output[i], tensor, true));
        graph->outputs[graph->output_count++] = tensor;
    }
    return SY_OK;
}

static sy_status read_value_infos(sy_onnx_reader *reader)
{
    const SyOnnx__Graph *proto = reader->model->graph;
    for (size_t i = 0; i < proto->n_value_info; i++) {
        const char *name = proto->value_info[i]->name;
        const int tensor = is_empty(name) ? SY_NONE : sy_graph_find_tensor(reader->graph, name);
        if (tensor != SY_NONE) /* tools leave those of values that they removed */
            SY_TRY(declare(reader, proto->value_info[i], tensor, false));
    }
    return SY_OK;
}

sy_status sy_onnx_read_graph(sy_onnx_reader *reader)
{
    sy_arena arena = {0};
    sy_status status;
    SY_TRY_DONE(read_initializers(reader));
    SY_TRY_DONE(read_inputs(reader));
    SY_TRY_DONE(read_nodes(reader, &arena));
    SY_TRY_DONE(read_outputs(reader));
    SY_TRY_DONE(read_value_infos(reader));
    status = sy_infer_shapes(reader->ctx, reader->graph);
done:
    sy_arena_release(&arena);
    return status;
}
