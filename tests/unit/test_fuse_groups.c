#include <string.h>

#include "fuse/groups.h"
#include "support/graph.h"

static const float ones[64] = {1};

typedef struct search_result {
    sy_arena arena;
    sy_groups groups;
    const sy_graph *graph;
} search_result;

static search_result find_groups(sy_ctx *ctx, const sy_graph *graph)
{
    search_result result = {.graph = graph};
    assert_ok(ctx, sy_groups_find(ctx, graph, &result.arena, &result.groups));
    return result;
}

static const sy_group *group_of(const search_result *found, const char *node)
{
    const int index = sy_graph_find_node(found->graph, node);
    assert_int_not_equal(index, SY_NONE);
    return &found->groups.groups[found->groups.of_node[index]];
}

static const char *node_name(const search_result *found, int node)
{
    return node == SY_NONE ? "-" : found->graph->nodes[node].name;
}

static int add_conv(sy_ctx *ctx, sy_graph *graph, const char *name, int x)
{
    return graph_node(ctx, graph, "Conv", name, x, graph_floats(ctx, graph, "w", SHAPE(1, 1, 1, 1), ones));
}

static sy_graph *image_graph(sy_ctx *ctx, int *x)
{
    sy_graph *graph = graph_create(ctx, 13);
    *x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 1, 4, 4));
    return graph;
}

static void an_activation_joins_what_it_alone_reads(void **state)
{
    sy_ctx *ctx = *state;
    int x;
    sy_graph *graph = image_graph(ctx, &x);
    graph_output(graph, graph_node(ctx, graph, "Relu", "act", add_conv(ctx, graph, "conv", x)));
    search_result found = find_groups(ctx, graph);
    const sy_group *group = group_of(&found, "conv");
    assert_int_equal(found.groups.group_count, 1);
    assert_ptr_equal(group, group_of(&found, "act"));
    assert_string_equal(node_name(&found, group->head), "conv");
    assert_string_equal(node_name(&found, group->activation), "act");
    assert_string_equal(graph->tensors[group->output].name, "act");
    sy_arena_release(&found.arena);
    sy_graph_destroy(graph);
}

static void a_value_that_others_see_ends_its_group(void **state)
{
    sy_ctx *ctx = *state;
    for (int shown = 0; shown < 2; shown++) { /* read by another node; put out by the graph */
        int x;
        sy_graph *graph = image_graph(ctx, &x);
        const int conv = add_conv(ctx, graph, "conv", x);
        graph_output(graph, graph_node(ctx, graph, "Relu", "act", conv));
        graph_output(graph, shown ? conv : graph_node(ctx, graph, "Sigmoid", "other", conv));
        search_result found = find_groups(ctx, graph);
        assert_int_equal(group_of(&found, "conv")->activation, SY_NONE);
        assert_ptr_not_equal(group_of(&found, "conv"), group_of(&found, "act"));
        sy_arena_release(&found.arena);
        sy_graph_destroy(graph);
    }
}

static void a_value_only_put_out_has_no_follower(void **state)
{
    sy_ctx *ctx = *state;
    int x;
    sy_graph *graph = image_graph(ctx, &x);
    graph_output(graph, graph_node(ctx, graph, "Relu", "first", x));
    graph_output(graph, add_conv(ctx, graph, "conv", x));
    search_result found = find_groups(ctx, graph);
    assert_int_equal(group_of(&found, "conv")->activation, SY_NONE);
    assert_int_equal(found.groups.group_count, 2);
    sy_arena_release(&found.arena);
    sy_graph_destroy(graph);
}

/* The first node is an Add that would do as a bias, were it its reader. */
static void a_product_only_put_out_has_no_bias(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(2, 3));
    const int b = graph_floats(ctx, graph, "b", SHAPE(3), ones);
    const int sum = graph_node(ctx, graph, "Add", "sum", x, b);
    const int w = graph_floats(ctx, graph, "w", SHAPE(3, 3), ones);
    graph_output(graph, graph_node(ctx, graph, "MatMul", "product", sum, w));
    search_result found = find_groups(ctx, graph);
    assert_int_equal(group_of(&found, "product")->bias, SY_NONE);
    sy_arena_release(&found.arena);
    sy_graph_destroy(graph);
}

static void an_activation_after_something_else_is_a_group_of_its_own(void **state)
{
    sy_ctx *ctx = *state;
    int x;
    sy_graph *graph = image_graph(ctx, &x);
    const int pool = graph_node(ctx, graph, "GlobalAveragePool", "pool", x);
    graph_output(graph, graph_node(ctx, graph, "Relu", "act", pool));
    search_result found = find_groups(ctx, graph);
    assert_int_equal(found.groups.group_count, 2);
    sy_arena_release(&found.arena);
    sy_graph_destroy(graph);
}

static void a_constant_added_to_a_product_is_its_bias(void **state)
{
    sy_ctx *ctx = *state;
    static const struct {
        sy_shape bias;
        bool joins;
    } cases[] = {{{1, {3}}, true}, {{0, {0}}, true}, {{2, {1, 3}}, true}, {{2, {2, 1}}, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_graph *graph = graph_create(ctx, 13);
        const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(2, 4));
        const int product =
            graph_node(ctx, graph, "MatMul", "product", x, graph_floats(ctx, graph, "w", SHAPE(4, 3), ones));
        const int sum =
            graph_node(ctx, graph, "Add", "sum", graph_floats(ctx, graph, "b", cases[i].bias, ones), product);
        graph_output(graph, graph_node(ctx, graph, "Relu", "act", sum));
        search_result found = find_groups(ctx, graph);
        const sy_group *group = group_of(&found, "product");
        assert_string_equal(node_name(&found, group->bias), cases[i].joins ? "sum" : "-");
        assert_string_equal(node_name(&found, group->activation), cases[i].joins ? "act" : "-");
        assert_string_equal(node_name(&found, group_of(&found, "act")->head),
                            cases[i].joins ? "product" : "sum");
        sy_arena_release(&found.arena);
        sy_graph_destroy(graph);
    }
}

static void a_residual_add_takes_the_main_branch(void **state)
{
    sy_ctx *ctx = *state;
    for (int side = 0; side < 2; side++) {
        int x;
        sy_graph *graph = image_graph(ctx, &x);
        const int a = graph_node(ctx, graph, "Relu", "act", add_conv(ctx, graph, "first", x));
        const int main_branch = add_conv(ctx, graph, "main", a);
        const int shortcut = add_conv(ctx, graph, "shortcut", x);
        const int sum = side ? graph_node(ctx, graph, "Add", "sum", shortcut, main_branch)
                             : graph_node(ctx, graph, "Add", "sum", main_branch, shortcut);
        graph_output(graph, graph_node(ctx, graph, "Relu", "end", sum));
        search_result found = find_groups(ctx, graph);
        const sy_group *add = group_of(&found, "sum");
        assert_int_equal(add->residual_input, side);
        assert_string_equal(node_name(&found, add->activation), "end");
        assert_string_equal(node_name(&found, group_of(&found, "main")->residual_add), "sum");
        assert_int_equal(group_of(&found, "shortcut")->residual_add, SY_NONE);
        assert_int_equal(group_of(&found, "first")->residual_add, SY_NONE);
        sy_arena_release(&found.arena);
        sy_graph_destroy(graph);
    }
}

static void an_add_of_activated_values_fuses_neither(void **state)
{
    sy_ctx *ctx = *state;
    int x;
    sy_graph *graph = image_graph(ctx, &x);
    const int a = graph_node(ctx, graph, "Relu", "act", add_conv(ctx, graph, "conv", x));
    graph_output(graph, graph_node(ctx, graph, "Add", "sum", a, x));
    search_result found = find_groups(ctx, graph);
    assert_int_equal(group_of(&found, "sum")->residual_input, SY_NONE);
    assert_int_equal(group_of(&found, "conv")->residual_add, SY_NONE);
    sy_arena_release(&found.arena);
    sy_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_activation_joins_what_it_alone_reads),
        cmocka_unit_test(a_value_that_others_see_ends_its_group),
        cmocka_unit_test(a_value_only_put_out_has_no_follower),
        cmocka_unit_test(a_product_only_put_out_has_no_bias),
        cmocka_unit_test(an_activation_after_something_else_is_a_group_of_its_own),
        cmocka_unit_test(a_constant_added_to_a_product_is_its_bias),
        cmocka_unit_test(a_residual_add_takes_the_main_branch),
        cmocka_unit_test(an_add_of_activated_values_fuses_neither),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
