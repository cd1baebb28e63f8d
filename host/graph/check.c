#include <string.h>

#include "graph/graph.h"

static sy_status check_tensor(sy_ctx *ctx, const sy_graph *graph, int t)
{
    const sy_tensor *tensor = &graph->tensors[t];
    if (!tensor->name || !*tensor->name)
        return sy_fail(ctx, SY_E_MODEL, "tensor %d has no name", t);
    if (sy_graph_find_tensor(graph, tensor->name) != t)
        return sy_fail(ctx, SY_E_MODEL, "two tensors are named '%s'", tensor->name);
    if (!tensor->data)
        return SY_OK;
    size_t count;
    unsigned bits = sy_dtype_bits(tensor->dtype);
    if (tensor->producer != SY_NONE)
        return sy_fail(ctx, SY_E_MODEL, "tensor '%s' is a constant and also computed by node '%s'",
                       tensor->name, graph->nodes[tensor->producer].name);
    if (!sy_shape_count(&tensor->shape, &count) || (bits && tensor->bytes != (count * bits + 7) / 8)) {
        char shape[SY_SHAPE_TEXT];
        return sy_fail(ctx, SY_E_MODEL, "constant '%s' has %zu bytes, which is not %s of %s", tensor->name,
                       tensor->bytes, sy_shape_print(&tensor->shape, shape), sy_dtype_name(tensor->dtype));
    }
    return SY_OK;
}

static sy_status check_node(sy_ctx *ctx, const sy_graph *graph, int n)
{
    const sy_node *node = &graph->nodes[n];
    for (int i = 0; i < node->input_count; i++) {
        int t = node->inputs[i];
        if (t == SY_NONE)
            continue;
        if (t < 0 || t >= graph->tensor_count)
            return sy_fail(ctx, SY_E_MODEL, "node '%s' (%s): input %d does not exist", node->name, node->type,
                           i);
        const sy_tensor *tensor = &graph->tensors[t];
        if (tensor->producer >= n)
            return sy_fail(ctx, SY_E_MODEL, "node '%s' (%s) reads '%s' before it is computed", node->name,
                           node->type, tensor->name);
        if (tensor->producer == SY_NONE && !tensor->data && !sy_graph_is_input(graph, t))
            return sy_fail(ctx, SY_E_MODEL, "node '%s' (%s) reads '%s', which nothing provides", node->name,
                           node->type, tensor->name);
    }
    for (int o = 0; o < node->output_count; o++) {
        int t = node->outputs[o];
        if (t != SY_NONE && (t < 0 || t >= graph->tensor_count || graph->tensors[t].producer != n))
            return sy_fail(ctx, SY_E_MODEL, "node '%s' (%s): output %d is not its own", node->name,
                           node->type, o);
    }
    return SY_OK;
}

sy_status sy_graph_validate(sy_ctx *ctx, const sy_graph *graph)
{
    for (int t = 0; t < graph->tensor_count; t++)
        SY_TRY(check_tensor(ctx, graph, t));
    for (int n = 0; n < graph->node_count; n++)
        if (!graph->nodes[n].removed)
            SY_TRY(check_node(ctx, graph, n));
    for (int o = 0; o < graph->output_count; o++) {
        const sy_tensor *tensor = &graph->tensors[graph->outputs[o]];
        if (tensor->producer == SY_NONE && !tensor->data && !sy_graph_is_input(graph, graph->outputs[o]))
            return sy_fail(ctx, SY_E_MODEL, "output '%s' is not computed by any node", tensor->name);
    }
    return SY_OK;
}

static void print_tensor(const sy_graph *graph, int t, sy_text *out)
{
    if (t == SY_NONE) {
        sy_text_printf(out, "-");
        return;
    }
    char shape[SY_SHAPE_TEXT];
    const sy_tensor *tensor = &graph->tensors[t];
    sy_text_printf(out, "%s %s%s", tensor->name, sy_dtype_name(tensor->dtype),
                   sy_shape_print(&tensor->shape, shape));
}

static void print_list(const sy_graph *graph, const int *list, int count, sy_text *out)
{
    for (int i = 0; i < count; i++) {
        sy_text_printf(out, "%s", i ? ", " : "");
        print_tensor(graph, list[i], out);
    }
}

static void print_attr(const sy_attr *attr, sy_text *out)
{
    sy_text_printf(out, " %s=", attr->name);
    switch (attr->kind) {
    case SY_ATTR_FLOAT: sy_text_printf(out, "%.9g", (double)attr->f); break;
    case SY_ATTR_INT: sy_text_printf(out, "%lld", (long long)attr->i); break;
    case SY_ATTR_STRING: sy_text_printf(out, "\"%s\"", attr->s); break;
    case SY_ATTR_TENSOR: sy_text_printf(out, "tensor"); break;
    case SY_ATTR_OPAQUE: sy_text_printf(out, "(%zu bytes)", attr->raw_bytes); break;
    case SY_ATTR_FLOATS:
    case SY_ATTR_INTS:
        for (size_t i = 0; i < attr->count; i++)
            if (attr->kind == SY_ATTR_INTS)
                sy_text_printf(out, "%s%lld", i ? "," : "", (long long)attr->ints[i]);
            else
                sy_text_printf(out, "%s%.9g", i ? "," : "", (double)attr->floats[i]);
        break;
    }
}

void sy_graph_print(const sy_graph *graph, sy_text *out)
{
    sy_text_printf(out, "inputs: ");
    print_list(graph, graph->inputs, graph->input_count, out);
    sy_text_printf(out, "\n");
    for (int n = 0; n < graph->node_count; n++) {
        const sy_node *node = &graph->nodes[n];
        if (node->removed)
            continue;
        sy_text_printf(out, "%s = %s%s%s(", node->name, node->domain, *node->domain ? "." : "", node->type);
        print_list(graph, node->inputs, node->input_count, out);
        sy_text_printf(out, ")");
        for (int a = 0; a < node->attr_count; a++)
            print_attr(&node->attrs[a], out);
        sy_text_printf(out, " -> ");
        print_list(graph, node->outputs, node->output_count, out);
        sy_text_printf(out, "\n");
    }
    sy_text_printf(out, "outputs: ");
    print_list(graph, graph->outputs, graph->output_count, out);
    sy_text_printf(out, "\n");
}
