/* The file of a target for the small network, and parts of it to break. */
#ifndef SY_TESTS_SUPPORT_EMITTED_H
#define SY_TESTS_SUPPORT_EMITTED_H

#include "import/import.h"
#include "quant/quantize.h"
#include "support/plan.h"
#include "target/target.h"

/* A quantized residual network that a test may break. */
static inline sy_graph *emitted(sy_ctx *ctx, const char *target)
{
    network net = residual_network(ctx);
    sy_plan *plan = plan_of(ctx, net.graph, net.stats, target);
    sy_graph *graph = NULL;
    assert_ok(ctx, sy_quantize_graph(ctx, plan, &graph));
    sy_plan_destroy(plan);
    network_release(&net);
    return graph;
}

static inline float *floats_of(const sy_graph *graph, const char *name)
{
    return (float *)graph->tensors[sy_graph_find_tensor(graph, name)].data;
}

static inline signed char *bytes_of(const sy_graph *graph, const char *name)
{
    return (signed char *)graph->tensors[sy_graph_find_tensor(graph, name)].data;
}

static inline sy_node *node_of(const sy_graph *graph, const char *name)
{
    return &graph->nodes[sy_graph_find_node(graph, name)];
}

/* The check finds this text among its faults. */
static inline void assert_fault(sy_ctx *ctx, const sy_target *target, const sy_graph *graph, const char *text)
{
    assert_int_equal(target->lint(ctx, graph), SY_E_INTERNAL);
    if (!strstr(sy_ctx_error(ctx), text))
        fail_msg("'%s' does not say '%s'", sy_ctx_error(ctx), text);
}

#endif
