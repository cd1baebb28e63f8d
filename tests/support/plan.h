/* Small networks with statistics, for tests of plans and of what is made of them. */
#ifndef SY_TESTS_SUPPORT_PLAN_H
#define SY_TESTS_SUPPORT_PLAN_H

#include "solve/plan.h"
#include "support/graph.h"
#include "target/target.h"

/* What the samples showed of one tensor. */
typedef struct seen {
    const char *name;
    float min, max;
} seen;

static inline sy_stats *stats_of(const seen *rows, size_t count)
{
    static const uint64_t empty[SY_HISTOGRAM_SIDE];
    sy_stats *stats = calloc(1, sizeof *stats);
    assert_non_null(stats);
    stats->tensors = sy_arena_alloc(&stats->arena, count, sizeof *stats->tensors);
    stats->tensor_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++)
        stats->tensors[i] = (sy_tensor_stats){.name = rows[i].name,
                                              .elements = 100,
                                              .min = rows[i].min,
                                              .max = rows[i].max,
                                              .sum_of_squares = 100,
                                              .exponent = 10,
                                              .positive = empty,
                                              .negative = empty};
    return stats;
}

/* `count` weights that differ, the largest in absolute value being 1.27 at every first of `each`. */
static inline int some_weights(sy_ctx *ctx, sy_graph *graph, const char *name, sy_shape shape)
{
    size_t count;
    assert_true(sy_shape_count(&shape, &count));
    float *values = calloc(count, sizeof *values);
    const size_t each = count / (size_t)shape.dims[0];
    for (size_t i = 0; i < count; i++)
        values[i] = i % each == 0 ? 1.27F : (float)((int)(i * 37 % 101) - 50) / 100;
    const int tensor = graph_floats(ctx, graph, name, shape, values);
    free(values);
    return tensor;
}

static inline const sy_traits *traits_of(const char *target)
{
    const sy_target *found = NULL;
    assert_int_equal(sy_target_find(NULL, target, &found), SY_OK);
    return found->traits;
}

static inline sy_plan *plan_of(sy_ctx *ctx, const sy_graph *graph, const sy_stats *stats, const char *target)
{
    sy_plan *plan = NULL;
    const sy_plan_options options = {0};
    assert_ok(ctx, sy_plan_create(ctx, graph, stats, traits_of(target), &options, &plan));
    return plan;
}

static inline const sy_tensor_plan *tensor_plan(const sy_plan *plan, const char *name)
{
    const int tensor = sy_graph_find_tensor(plan->graph, name);
    assert_int_not_equal(tensor, SY_NONE);
    return &plan->tensors[tensor];
}

static inline const sy_node_plan *node_plan(const sy_plan *plan, const char *name)
{
    const int node = sy_graph_find_node(plan->graph, name);
    assert_int_not_equal(node, SY_NONE);
    return &plan->nodes[node];
}

/* A network and what the samples showed of it. */
typedef struct network {
    sy_graph *graph;
    sy_stats *stats;
} network;

static inline void network_release(network *net)
{
    sy_graph_destroy(net->graph);
    sy_stats_destroy(net->stats);
}

/* x [1,4,8,8] -> conv1 -> relu1 -> conv2, and relu1 + conv2 -> sum -> relu2 -> pool -> conv3 -> y. Channels
 * stay 4. */
static inline network residual_network(sy_ctx *ctx)
{
    static const seen rows[] = {{"x", -1, 1},   {"conv1", -2, 5}, {"relu1", 0, 5},   {"conv2", -3, 3},
                                {"sum", -3, 8}, {"relu2", 0, 8},  {"pool", 0.5F, 8}, {"conv3", -4, 2}};
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 4, 8, 8));
    const int bias = graph_floats(ctx, graph, "b1", SHAPE(4), (const float[]){0.5F, -0.25F, 0, 1});
    const int conv1 =
        graph_node(ctx, graph, "Conv", "conv1", x, some_weights(ctx, graph, "w1", SHAPE(4, 4, 1, 1)), bias);
    const int relu1 = graph_node(ctx, graph, "Relu", "relu1", conv1);
    const int conv2 =
        graph_node(ctx, graph, "Conv", "conv2", relu1, some_weights(ctx, graph, "w2", SHAPE(4, 4, 1, 1)));
    const int sum = graph_node(ctx, graph, "Add", "sum", conv2, relu1);
    const int relu2 = graph_node(ctx, graph, "Relu", "relu2", sum);
    const int pool = graph_node(ctx, graph, "MaxPool", "pool", relu2);
    assert_ok(ctx, sy_graph_set_attr_ints(ctx, graph, graph->node_count - 1, "kernel_shape",
                                          (const int64_t[]){2, 2}, 2));
    const int conv3 =
        graph_node(ctx, graph, "Conv", "conv3", pool, some_weights(ctx, graph, "w3", SHAPE(4, 4, 1, 1)));
    graph_output(graph, conv3);
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    assert_ok(ctx, sy_graph_validate(ctx, graph));
    return (network){graph, stats_of(rows, sizeof rows / sizeof rows[0])};
}

#endif
