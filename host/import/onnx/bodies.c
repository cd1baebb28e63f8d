/* The subgraphs in attributes of a node, at any depth: a list of graphs still to be seen stands for calls. */
#include <stdlib.h>

#include "import/onnx/fields.h"
#include "import/onnx/file.h"

typedef struct pending {
    sy_span *graphs;
    size_t count, capacity;
} pending;

static sy_status push(sy_ctx *ctx, pending *list, sy_span graph)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 16;
        sy_span *graphs = realloc(list->graphs, capacity * sizeof *graphs);
        SY_TRY(sy_check_alloc(ctx, graphs));
        list->graphs = graphs;
        list->capacity = capacity;
    }
    list->graphs[list->count++] = graph;
    return SY_OK;
}

static sy_status damaged(sy_ctx *ctx)
{
    return sy_fail(ctx, SY_E_MODEL, "a subgraph is damaged: its fields do not fit in its bytes");
}

static sy_status visit_attribute(sy_ctx *ctx, sy_span attribute, const sy_onnx_body_visitor *visitor,
                                 bool inner, pending *list)
{
    sy_bytes bytes = sy_wire_begin(attribute);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field)) {
        if (field.type != SY_WIRE_BYTES)
            continue;
        if (field.number == SY_ATTRIBUTE_G || field.number == SY_ATTRIBUTE_GRAPHS)
            SY_TRY(push(ctx, list, field.data));
        if (inner && visitor->tensor &&
            (field.number == SY_ATTRIBUTE_T || field.number == SY_ATTRIBUTE_TENSORS))
            SY_TRY(visitor->tensor(visitor->user, field.data));
    }
    return bytes.failed ? damaged(ctx) : SY_OK;
}

/* `inner`: the node stands in a body, and is not the one whose bodies are visited. */
static sy_status visit_node(sy_ctx *ctx, sy_span node, const sy_onnx_body_visitor *visitor, bool inner,
                            pending *list)
{
    sy_bytes bytes = sy_wire_begin(node);
    sy_wire_field field;
    if (inner && visitor->node)
        SY_TRY(visitor->node(visitor->user, node));
    while (sy_wire_next(&bytes, &field)) {
        if (field.type != SY_WIRE_BYTES)
            continue;
        if (field.number == SY_NODE_ATTRIBUTE)
            SY_TRY(visit_attribute(ctx, field.data, visitor, inner, list));
        if (inner && visitor->name && (field.number == SY_NODE_INPUT || field.number == SY_NODE_OUTPUT))
            SY_TRY(visitor->name(visitor->user, field.data));
    }
    return bytes.failed ? damaged(ctx) : SY_OK;
}

static sy_status visit_value(sy_span value, const sy_onnx_body_visitor *visitor)
{
    sy_bytes bytes = sy_wire_begin(value);
    sy_wire_field field;
    while (visitor->name && sy_wire_next(&bytes, &field))
        if (field.number == SY_VALUE_NAME && field.type == SY_WIRE_BYTES)
            SY_TRY(visitor->name(visitor->user, field.data));
    return SY_OK;
}

static sy_status visit_graph(sy_ctx *ctx, sy_span graph, const sy_onnx_body_visitor *visitor, pending *list)
{
    sy_bytes bytes = sy_wire_begin(graph);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field)) {
        if (field.type != SY_WIRE_BYTES)
            continue;
        if (field.number == SY_GRAPH_NODE)
            SY_TRY(visit_node(ctx, field.data, visitor, true, list));
        if (field.number == SY_GRAPH_INPUT || field.number == SY_GRAPH_OUTPUT)
            SY_TRY(visit_value(field.data, visitor));
        if (field.number == SY_GRAPH_INITIALIZER && visitor->tensor)
            SY_TRY(visitor->tensor(visitor->user, field.data));
    }
    return bytes.failed ? damaged(ctx) : SY_OK;
}

sy_status sy_onnx_visit_bodies(sy_ctx *ctx, sy_span node, const sy_onnx_body_visitor *visitor)
{
    pending list = {0};
    sy_status status = visit_node(ctx, node, visitor, false, &list);
    while (status == SY_OK && list.count > 0) {
        const sy_span graph = list.graphs[--list.count];
        status = visit_graph(ctx, graph, visitor, &list);
    }
    free(list.graphs);
    return status;
}
