#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"
#include "support/test.h"

static const sy_shape vector = {.rank = 1, .dims = {4}};

static int add_tensor(sy_ctx *ctx, sy_graph *graph, const char *name)
{
    int index;
    assert_ok(ctx, sy_graph_add_tensor(ctx, graph, name, SY_DTYPE_FLOAT, &vector, &index));
    return index;
}

static int add_node(sy_ctx *ctx, sy_graph *graph, const char *type, int input, int output)
{
    int index;
    assert_ok(ctx, sy_graph_add_node(ctx, graph, type, "", &input, 1, &output, 1, &index));
    return index;
}

/* x -> Relu -> a -> Neg -> y, the nodes added in the wrong order; and a branch nobody needs. */
static sy_graph *small_graph(sy_ctx *ctx)
{
    sy_graph *graph;
    assert_ok(ctx, sy_graph_create(ctx, &graph));
    int x = add_tensor(ctx, graph, "x"), a = add_tensor(ctx, graph, "a"), y = add_tensor(ctx, graph, "y");
    int unused = add_tensor(ctx, graph, "unused");
    add_node(ctx, graph, "Neg", a, y);
    add_node(ctx, graph, "Exp", x, unused);
    add_node(ctx, graph, "Relu", x, a);
    graph->inputs = malloc(sizeof *graph->inputs);
    graph->outputs = malloc(sizeof *graph->outputs);
    graph->inputs[0] = x;
    graph->outputs[0] = y;
    graph->input_count = graph->output_count = 1;
    return graph;
}

static void compact_orders_nodes_and_drops_the_unneeded(void **state)
{
    sy_graph *graph = small_graph(*state);
    assert_int_equal(sy_graph_validate(*state, graph), SY_E_MODEL);
    assert_string_equal(sy_ctx_error(*state), "node 'Neg' (Neg) reads 'a' before it is computed");
    assert_ok(*state, sy_graph_compact(*state, graph));
    assert_ok(*state, sy_graph_validate(*state, graph));

    sy_text text = {0};
    sy_graph_print(graph, &text);
    assert_string_equal(text.bytes, "inputs: x float32[4]\n"
                                    "Relu = Relu(x float32[4]) -> a float32[4]\n"
                                    "Neg = Neg(a float32[4]) -> y float32[4]\n"
                                    "outputs: y float32[4]\n");
    assert_int_equal(sy_graph_find_tensor(graph, "unused"), SY_NONE);
    sy_text_release(&text);
    sy_graph_destroy(graph);
}

static void a_cycle_is_refused_by_name(void **state)
{
    sy_graph *graph = small_graph(*state);
    graph->nodes[2].inputs[0] = sy_graph_find_tensor(graph, "y");
    assert_fails(*state, sy_graph_compact(*state, graph), SY_E_MODEL,
                 "node 'Neg' (Neg) is part of a cycle: it needs its own output");
    sy_graph_destroy(graph);
}

static void a_copy_outlives_what_it_was_copied_from(void **state)
{
    sy_graph *graph = small_graph(*state), *copy, *copy_of_copy;
    static const float data[] = {1, 2, 3, 4};
    int constant, ints;
    assert_ok(*state, sy_graph_add_constant(*state, graph, "k", SY_DTYPE_FLOAT, &vector, data, sizeof data,
                                            &constant));
    assert_ok(*state, sy_graph_copy(*state, graph, &copy));
    assert_ok(*state, sy_graph_copy(*state, copy, &copy_of_copy));
    sy_graph_destroy(graph);
    sy_graph_destroy(copy);
    assert_memory_equal(copy_of_copy->tensors[constant].data, data, sizeof data);
    static const int64_t axes[] = {0, 2};
    assert_ok(*state, sy_graph_set_attr_ints(*state, copy_of_copy, 0, "axes", axes, 2));
    size_t count;
    assert_int_equal(sy_node_ints(&copy_of_copy->nodes[0], "axes", &count)[1], 2);
    assert_int_equal(count, 2);
    ints = (int)sy_node_int(&copy_of_copy->nodes[0], "axes", -7);
    assert_int_equal(ints, -7); /* another kind */
    sy_graph_destroy(copy_of_copy);
}

static void editing_a_copy_leaves_the_original(void **state)
{
    sy_graph *graph = small_graph(*state), *copy;
    assert_ok(*state, sy_graph_copy(*state, graph, &copy));
    int x = sy_graph_find_tensor(copy, "x"), a = sy_graph_find_tensor(copy, "a");
    sy_graph_replace_uses(copy, a, x);
    assert_ok(*state, sy_graph_set_attr_int(*state, copy, 0, "k", 3));
    assert_int_equal(sy_graph_consumers(copy, a, NULL, 0), 0);
    assert_int_equal(sy_graph_consumers(graph, a, NULL, 0), 1);
    assert_null(sy_node_attr(&graph->nodes[0], "k"));
    sy_graph_destroy(copy);
    sy_graph_destroy(graph);
}

static void names_stay_unique(void **state)
{
    sy_graph *graph;
    assert_ok(*state, sy_graph_create(*state, &graph));
    for (int i = 0; i < 200; i++) {
        int first = add_tensor(*state, graph, "t");
        assert_int_equal(sy_graph_find_tensor(graph, graph->tensors[first].name), first);
    }
    assert_string_equal(graph->tensors[0].name, "t");
    assert_string_equal(graph->tensors[199].name, "t_199");
    sy_graph_destroy(graph);
}

static void constants_of_every_type_are_read(void **state)
{
    static const uint16_t halves[] = {0x3c00, 0xc000, 0x7bff, 0x0001},
                          bfloats[] = {0x3f80, 0xc000, 0x7f7f, 0x0001};
    static const double doubles[] = {1, -2, 1e300, -1e300};
    static const int64_t longs[] = {1, -2, INT64_MAX, INT64_MIN};
    static const uint64_t unsigneds[] = {1, 2, UINT64_MAX, 0};
    static const uint8_t nibbles[] = {0x21, 0xF8};
    static const struct {
        sy_dtype dtype;
        const void *data;
        size_t bytes;
        float floats[4];
        int64_t ints[4];
    } cases[] = {
        {SY_DTYPE_FLOAT16, halves, 8, {1, -2, 65504, 5.9604645e-8f}, {1, -2, 65504, 0}},
        {SY_DTYPE_BFLOAT16, bfloats, 8, {1, -2, 3.3895314e38f, 9.183550e-41f}, {1, -2, INT64_MAX, 0}},
        {SY_DTYPE_DOUBLE, doubles, 32, {1, -2, 3.4028235e38f, -3.4028235e38f}, {1, -2, INT64_MAX, INT64_MIN}},
        {SY_DTYPE_INT64, longs, 32, {1, -2, 9.223372e18f, -9.223372e18f}, {1, -2, INT64_MAX, INT64_MIN}},
        {SY_DTYPE_UINT64, unsigneds, 32, {1, 2, 9.223372e18f, 0}, {1, 2, INT64_MAX, 0}},
        {SY_DTYPE_UINT4, nibbles, 2, {1, 2, 8, 15}, {1, 2, 8, 15}},
        {SY_DTYPE_INT4, nibbles, 2, {1, 2, -8, -1}, {1, 2, -8, -1}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sy_tensor tensor = {.name = "c",
                                  .dtype = cases[i].dtype,
                                  .shape = vector,
                                  .data = cases[i].data,
                                  .bytes = cases[i].bytes};
        float floats[4];
        int64_t ints[4];
        assert_ok(*state, sy_tensor_to_f32(*state, &tensor, floats, 4));
        assert_ok(*state, sy_tensor_to_i64(*state, &tensor, ints, 4));
        for (int k = 0; k < 4; k++) {
            assert_true(floats[k] == cases[i].floats[k]);
            assert_true(ints[k] == cases[i].ints[k]);
        }
    }
    const sy_tensor small = {.name = "c", .dtype = SY_DTYPE_INT64, .data = longs, .bytes = 16};
    int64_t ints[4];
    assert_fails(*state, sy_tensor_to_i64(*state, &small, ints, 3), SY_E_MODEL,
                 "tensor 'c' holds 2 elements, 3 were expected");
}

static void a_constant_of_the_wrong_size_is_refused(void **state)
{
    sy_graph *graph = small_graph(*state);
    static const float data[3] = {0};
    int index;
    assert_ok(*state,
              sy_graph_add_constant(*state, graph, "k", SY_DTYPE_FLOAT, &vector, data, sizeof data, &index));
    assert_fails(*state, sy_graph_validate(*state, graph), SY_E_MODEL,
                 "constant 'k' has 12 bytes, which is not [4] of float32");
    sy_graph_destroy(graph);
}

static void shapes_count_and_print(void **state)
{
    (void)state;
    static const struct {
        sy_shape shape;
        bool counts;
        size_t count;
        const char *text;
    } cases[] = {
        {{.rank = 0}, true, 1, "[]"},
        {{.rank = 2, .dims = {3, 0}}, true, 0, "[3,0]"},
        {{.rank = 2, .dims = {3, SY_NONE}}, false, 0, "[3,?]"},
        {{.rank = SY_NONE}, false, 0, "?"},
        {{.rank = 3, .dims = {1 << 20, 1 << 20, 2}}, false, 0, "[1048576,1048576,2]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t count = 0;
        char text[SY_SHAPE_TEXT];
        assert_int_equal(sy_shape_count(&cases[i].shape, &count), cases[i].counts);
        assert_int_equal(count, cases[i].count);
        assert_string_equal(sy_shape_print(&cases[i].shape, text), cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(compact_orders_nodes_and_drops_the_unneeded, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_cycle_is_refused_by_name, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_copy_outlives_what_it_was_copied_from, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(editing_a_copy_leaves_the_original, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(names_stay_unique, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(constants_of_every_type_are_read, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_constant_of_the_wrong_size_is_refused, open_ctx, close_ctx),
        cmocka_unit_test(shapes_count_and_print),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
