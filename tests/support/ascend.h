/* A small network, and its file for Ascend. */
#ifndef SY_TESTS_SUPPORT_ASCEND_H
#define SY_TESTS_SUPPORT_ASCEND_H

#include "ascend_stub/deploy.h"
#include "support/plan.h"

enum { CHANNELS = 32 };

/* x [1,32,4,4] -> conv (with bias) -> relu -> wide (depthwise), flat -> matmul + bias -> gemm -> y. */
static inline network wide_network(sy_ctx *ctx)
{
    static const seen rows[] = {{"x", -1, 2},    {"conv", -2, 5},    {"relu", 0, 5}, {"wide", -3, 3},
                                {"flat", -3, 3}, {"product", -9, 9}, {"sum", -9, 9}, {"y", -4, 2}};
    float bias[CHANNELS];
    for (int i = 0; i < CHANNELS; i++)
        bias[i] = (float)(i - 7) / 8;
    sy_graph *graph = graph_create(ctx, 11);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, CHANNELS, 4, 4));
    const int b = graph_floats(ctx, graph, "b", SHAPE(CHANNELS), bias);
    const int conv = graph_node(ctx, graph, "Conv", "conv", x,
                                some_weights(ctx, graph, "w", SHAPE(CHANNELS, CHANNELS, 3, 3)), b);
    const int relu = graph_node(ctx, graph, "Relu", "relu", conv);
    const int wide = graph_node(ctx, graph, "Conv", "wide", relu,
                                some_weights(ctx, graph, "depthwise", SHAPE(CHANNELS, 1, 1, 1)));
    graph_int_attr(ctx, graph, "group", CHANNELS);
    const int flat = graph_node(ctx, graph, "Flatten", "flat", wide);
    const int product = graph_node(ctx, graph, "MatMul", "product", flat,
                                   some_weights(ctx, graph, "matrix", SHAPE(128, CHANNELS)));
    const int sum =
        graph_node(ctx, graph, "Add", "sum", product, graph_floats(ctx, graph, "b2", SHAPE(CHANNELS), bias));
    const int y =
        graph_node(ctx, graph, "Gemm", "y", sum, some_weights(ctx, graph, "last", SHAPE(10, CHANNELS)));
    graph_int_attr(ctx, graph, "transB", 1);
    graph_output(graph, y);
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    assert_ok(ctx, sy_graph_validate(ctx, graph));
    return (network){graph, stats_of(rows, sizeof rows / sizeof rows[0])};
}

static inline sy_graph *deployed(sy_ctx *ctx)
{
    network net = wide_network(ctx);
    sy_plan *plan = plan_of(ctx, net.graph, net.stats, "ASCEND");
    sy_graph *graph = NULL;
    assert_ok(ctx, sy_ascend_deploy(ctx, plan, &graph));
    sy_plan_destroy(plan);
    network_release(&net);
    return graph;
}

static inline const sy_tensor *tensor_of(const sy_graph *graph, const char *name)
{
    const int tensor = sy_graph_find_tensor(graph, name);
    assert_int_not_equal(tensor, SY_NONE);
    return &graph->tensors[tensor];
}

static inline sy_node *node_of(const sy_graph *graph, const char *name)
{
    const int node = sy_graph_find_node(graph, name);
    assert_int_not_equal(node, SY_NONE);
    return &graph->nodes[node];
}

#endif
