/* Small graphs for tests. A node's output tensor has the node's name. */
#ifndef SY_TESTS_SUPPORT_GRAPH_H
#define SY_TESTS_SUPPORT_GRAPH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/op.h"
#include "support/test.h"

/* SHAPE(1, 3, 8, 8); a scalar is (sy_shape){0}. */
#define SHAPE(...) \
    ((sy_shape){.rank = (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), .dims = {__VA_ARGS__}})

static inline sy_graph *graph_create(sy_ctx *ctx, int64_t opset)
{
    sy_graph *graph = NULL;
    assert_ok(ctx, sy_graph_create(ctx, &graph));
    graph->opsets = sy_arena_alloc(&graph->arena, 1, sizeof *graph->opsets);
    assert_non_null(graph->opsets);
    graph->opsets[0] = (sy_opset){"", opset};
    graph->opset_count = 1;
    return graph;
}

static inline void graph_append(int **list, int *count, int tensor)
{
    *list = realloc(*list, ((size_t)*count + 1) * sizeof **list);
    assert_non_null(*list);
    (*list)[(*count)++] = tensor;
}

static inline int graph_input(sy_ctx *ctx, sy_graph *graph, const char *name, sy_dtype dtype, sy_shape shape)
{
    int tensor;
    assert_ok(ctx, sy_graph_add_tensor(ctx, graph, name, dtype, &shape, &tensor));
    graph_append(&graph->inputs, &graph->input_count, tensor);
    return tensor;
}

static inline void graph_output(sy_graph *graph, int tensor)
{
    graph_append(&graph->outputs, &graph->output_count, tensor);
}

static inline int graph_floats(sy_ctx *ctx, sy_graph *graph, const char *name, sy_shape shape,
                               const float *values)
{
    int tensor;
    size_t count;
    assert_true(sy_shape_count(&shape, &count));
    assert_ok(ctx, sy_graph_add_constant(ctx, graph, name, SY_DTYPE_FLOAT, &shape, values,
                                         count * sizeof *values, &tensor));
    return tensor;
}

/* A list of int64. */
static inline int graph_ints(sy_ctx *ctx, sy_graph *graph, const char *name, int64_t count,
                             const int64_t *values)
{
    int tensor;
    assert_ok(ctx, sy_graph_add_constant(ctx, graph, name, SY_DTYPE_INT64, &SHAPE(count), values,
                                         (size_t)count * sizeof *values, &tensor));
    return tensor;
}

/* The node's one output. */
static inline int graph_node_of(sy_ctx *ctx, sy_graph *graph, const char *type, const char *name,
                                const int *inputs, int input_count)
{
    int output, node;
    assert_ok(ctx, sy_graph_add_tensor(ctx, graph, name, SY_DTYPE_FLOAT, NULL, &output));
    assert_ok(ctx, sy_graph_add_node(ctx, graph, type, name, inputs, input_count, &output, 1, &node));
    graph->nodes[node].op = sy_op_find("", type);
    return output;
}

#define graph_node(ctx, graph, type, name, ...)                       \
    graph_node_of(ctx, graph, type, name, (const int[]){__VA_ARGS__}, \
                  (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)))

/* Of the node added last. */
static inline void graph_int_attr(sy_ctx *ctx, sy_graph *graph, const char *name, int64_t value)
{
    assert_ok(ctx, sy_graph_set_attr_int(ctx, graph, graph->node_count - 1, name, value));
}

#endif
