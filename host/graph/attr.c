#include <string.h>

#include "graph/graph.h"

const sy_attr *sy_node_attr(const sy_node *node, const char *name)
{
    for (int i = 0; i < node->attr_count; i++)
        if (strcmp(node->attrs[i].name, name) == 0)
            return &node->attrs[i];
    return NULL;
}

static const sy_attr *attr_of_kind(const sy_node *node, const char *name, sy_attr_kind kind)
{
    const sy_attr *attr = sy_node_attr(node, name);
    return attr && attr->kind == kind ? attr : NULL;
}

int64_t sy_node_int(const sy_node *node, const char *name, int64_t fallback)
{
    const sy_attr *attr = attr_of_kind(node, name, SY_ATTR_INT);
    return attr ? attr->i : fallback;
}

float sy_node_float(const sy_node *node, const char *name, float fallback)
{
    const sy_attr *attr = attr_of_kind(node, name, SY_ATTR_FLOAT);
    return attr ? attr->f : fallback;
}

const char *sy_node_string(const sy_node *node, const char *name, const char *fallback)
{
    const sy_attr *attr = attr_of_kind(node, name, SY_ATTR_STRING);
    return attr ? attr->s : fallback;
}

const int64_t *sy_node_ints(const sy_node *node, const char *name, size_t *out_count)
{
    const sy_attr *attr = attr_of_kind(node, name, SY_ATTR_INTS);
    *out_count = attr ? attr->count : 0;
    return attr ? attr->ints : NULL;
}

/* The attribute of that name, made where there is none. The array is copied, since a copy of the graph may
 * read it. */
static sy_status attr_slot(sy_ctx *ctx, sy_graph *graph, int node_index, const char *name, sy_attr **out)
{
    sy_node *node = &graph->nodes[node_index];
    for (int i = 0; i < node->attr_count; i++)
        if (strcmp(node->attrs[i].name, name) == 0) {
            *out = &node->attrs[i];
            return SY_OK;
        }
    sy_attr *attrs = sy_arena_alloc(&graph->arena, (size_t)node->attr_count + 1, sizeof *attrs);
    const char *copy = sy_arena_text(&graph->arena, name);
    SY_TRY(sy_check_alloc(ctx, attrs && copy ? attrs : NULL));
    if (node->attr_count)
        memcpy(attrs, node->attrs, (size_t)node->attr_count * sizeof *attrs);
    attrs[node->attr_count].name = copy;
    node->attrs = attrs;
    *out = &attrs[node->attr_count++];
    return SY_OK;
}

static sy_status set_attr(sy_ctx *ctx, sy_graph *graph, int node, const char *name, sy_attr value)
{
    sy_attr *attr;
    SY_TRY(attr_slot(ctx, graph, node, name, &attr));
    value.name = attr->name;
    *attr = value;
    return SY_OK;
}

sy_status sy_graph_set_attr_int(sy_ctx *ctx, sy_graph *graph, int node, const char *name, int64_t value)
{
    return set_attr(ctx, graph, node, name, (sy_attr){.kind = SY_ATTR_INT, .i = value});
}

sy_status sy_graph_set_attr_float(sy_ctx *ctx, sy_graph *graph, int node, const char *name, float value)
{
    return set_attr(ctx, graph, node, name, (sy_attr){.kind = SY_ATTR_FLOAT, .f = value});
}

sy_status sy_graph_set_attr_ints(sy_ctx *ctx, sy_graph *graph, int node, const char *name,
                                 const int64_t *values, size_t count)
{
    const int64_t *copy = sy_arena_copy(&graph->arena, values, count * sizeof *values);
    SY_TRY(sy_check_alloc(ctx, copy));
    return set_attr(ctx, graph, node, name, (sy_attr){.kind = SY_ATTR_INTS, .ints = copy, .count = count});
}

sy_status sy_graph_set_attr_string(sy_ctx *ctx, sy_graph *graph, int node, const char *name,
                                   const char *value)
{
    const char *copy = sy_arena_text(&graph->arena, value);
    SY_TRY(sy_check_alloc(ctx, copy));
    return set_attr(ctx, graph, node, name,
                    (sy_attr){.kind = SY_ATTR_STRING, .s = copy, .count = strlen(copy)});
}
