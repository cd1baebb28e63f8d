#include "quant/quantize.h"
#include "support/graph.h"

/* A graph of one node of an old version over x [2,3,4], float. */
typedef struct old_node {
    sy_graph *graph;
    int node;
} old_node;

static old_node make(sy_ctx *ctx, const char *type, int opset)
{
    sy_graph *graph = graph_create(ctx, opset);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(2, 3, 4));
    graph_output(graph, graph_node(ctx, graph, type, "n", x));
    return (old_node){graph, 0};
}

static const sy_node *raised(sy_ctx *ctx, old_node old, int version)
{
    assert_ok(ctx, sy_graph_raise_opset(ctx, old.graph, version));
    assert_int_equal(sy_graph_opset(old.graph), version);
    assert_int_equal(old.graph->nodes[old.node].opset, version);
    return &old.graph->nodes[old.node];
}

static void assert_ints(const old_node *old, int input, int count, const int64_t *want)
{
    const sy_node *node = &old->graph->nodes[old->node];
    assert_true(input < node->input_count);
    const sy_tensor *tensor = &old->graph->tensors[node->inputs[input]];
    assert_int_equal(tensor->dtype, SY_DTYPE_INT64);
    assert_int_equal(tensor->shape.rank, 1);
    assert_int_equal(tensor->shape.dims[0], count);
    assert_memory_equal(tensor->data, want, (size_t)count * sizeof *want);
}

static void axes_become_an_input(void **state)
{
    static const char *const types[] = {"Squeeze", "Unsqueeze", "ReduceSum"};
    static const int64_t axes[] = {1, 2};
    for (size_t i = 0; i < 3; i++) {
        old_node old = make(*state, types[i], 11);
        assert_ok(*state, sy_graph_set_attr_ints(*state, old.graph, 0, "axes", axes, 2));
        const sy_node *node = raised(*state, old, 13);
        assert_null(sy_node_attr(node, "axes"));
        assert_ints(&old, 1, 2, axes);
        sy_graph_destroy(old.graph);
    }
}

static void a_slice_takes_starts_ends_and_axes_as_inputs(void **state)
{
    static const int64_t starts[] = {0, 1}, ends[] = {2, 3}, axes[] = {1, 2};
    old_node old = make(*state, "Slice", 9);
    assert_ok(*state, sy_graph_set_attr_ints(*state, old.graph, 0, "starts", starts, 2));
    assert_ok(*state, sy_graph_set_attr_ints(*state, old.graph, 0, "ends", ends, 2));
    assert_ok(*state, sy_graph_set_attr_ints(*state, old.graph, 0, "axes", axes, 2));
    raised(*state, old, 13);
    assert_ints(&old, 1, 2, starts);
    assert_ints(&old, 2, 2, ends);
    assert_ints(&old, 3, 2, axes);
    sy_graph_destroy(old.graph);
}

static void a_clip_with_only_an_upper_limit_omits_the_lower_one(void **state)
{
    old_node old = make(*state, "Clip", 10);
    assert_ok(*state, sy_graph_set_attr_float(*state, old.graph, 0, "max", 6));
    const sy_node *node = raised(*state, old, 13);
    assert_int_equal(node->input_count, 3);
    assert_int_equal(node->inputs[1], SY_NONE);
    const sy_tensor *limit = &old.graph->tensors[node->inputs[2]];
    assert_int_equal(limit->shape.rank, 0);
    assert_true(*(const float *)limit->data == 6);
    sy_graph_destroy(old.graph);
}

static void a_softmax_over_one_long_axis_names_it(void **state)
{
    sy_graph *graph = graph_create(*state, 11);
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 10, 1, 1));
    graph_output(graph,
                 graph_node(*state, graph, "Softmax", "n", x)); /* over axis 1 by default, and after it */
    assert_ok(*state, sy_graph_raise_opset(*state, graph, 13));
    assert_int_equal(sy_node_int(&graph->nodes[0], "axis", -9), 1);
    sy_graph_destroy(graph);
}

static void a_softmax_over_several_axes_is_refused(void **state)
{
    old_node old = make(*state, "Softmax", 11);
    assert_fails(*state, sy_graph_raise_opset(*state, old.graph, 13), SY_E_UNSUPPORTED,
                 "node 'n' (Softmax) written for opset 11, which the target needs at 13: over axis 1 and "
                 "those after it, as "
                 "older versions mean it");
    sy_graph_destroy(old.graph);
}

static void an_upsample_becomes_a_resize_that_samples_as_it_did(void **state)
{
    static const float scales[] = {1, 2, 2};
    sy_graph *graph = graph_create(*state, 9);
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(2, 3, 4));
    const int by = graph_floats(*state, graph, "scales", SHAPE(3), scales);
    graph_output(graph, graph_node(*state, graph, "Upsample", "n", x, by));
    assert_ok(*state, sy_graph_set_attr_string(*state, graph, 0, "mode", "nearest"));
    assert_ok(*state, sy_graph_raise_opset(*state, graph, 13));
    const sy_node *node = &graph->nodes[0];
    assert_string_equal(node->type, "Resize");
    assert_ptr_equal(node->op, sy_op_find("", "Resize"));
    assert_int_equal(node->input_count, 3);
    assert_int_equal(node->inputs[1], SY_NONE);
    assert_int_equal(node->inputs[2], by);
    assert_string_equal(sy_node_string(node, "coordinate_transformation_mode", ""), "asymmetric");
    assert_string_equal(sy_node_string(node, "nearest_mode", ""), "floor");
    assert_string_equal(sy_node_string(node, "mode", ""), "nearest");
    sy_graph_destroy(graph);
}

static void what_only_training_read_is_dropped(void **state)
{
    old_node old = make(*state, "Dropout", 9);
    assert_ok(*state, sy_graph_set_attr_float(*state, old.graph, 0, "ratio", 0.5F));
    assert_null(sy_node_attr(raised(*state, old, 13), "ratio"));
    sy_graph_destroy(old.graph);
}

static void an_operator_that_is_not_known_is_refused(void **state)
{
    old_node old = make(*state, "Frobnicate", 9);
    assert_fails(*state, sy_graph_raise_opset(*state, old.graph, 13), SY_E_UNSUPPORTED,
                 "node 'n' (Frobnicate) was written for opset 9; the target needs 13, and what that changes "
                 "about this "
                 "operator is not known here");
    sy_graph_destroy(old.graph);
}

static void a_graph_that_is_new_enough_is_left_alone(void **state)
{
    static const int64_t axes[] = {1};
    old_node old = make(*state, "Squeeze", 15);
    assert_ok(*state,
              sy_graph_set_attr_ints(*state, old.graph, 0, "axes", axes, 1)); /* means nothing there */
    assert_ok(*state, sy_graph_raise_opset(*state, old.graph, 13));
    assert_int_equal(sy_graph_opset(old.graph), 15);
    assert_int_equal(old.graph->nodes[0].input_count, 1);
    sy_graph_destroy(old.graph);
}

static void what_changed_before_the_models_version_is_not_done_again(void **state)
{
    old_node old = make(*state, "Clip", 11);
    const sy_node *node = raised(*state, old, 17);
    assert_int_equal(node->input_count, 1);
    assert_int_equal(old.graph->tensor_count, 2);
    sy_graph_destroy(old.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(axes_become_an_input),
        cmocka_unit_test(a_slice_takes_starts_ends_and_axes_as_inputs),
        cmocka_unit_test(a_clip_with_only_an_upper_limit_omits_the_lower_one),
        cmocka_unit_test(a_softmax_over_one_long_axis_names_it),
        cmocka_unit_test(a_softmax_over_several_axes_is_refused),
        cmocka_unit_test(an_upsample_becomes_a_resize_that_samples_as_it_did),
        cmocka_unit_test(what_only_training_read_is_dropped),
        cmocka_unit_test(an_operator_that_is_not_known_is_refused),
        cmocka_unit_test(a_graph_that_is_new_enough_is_left_alone),
        cmocka_unit_test(what_changed_before_the_models_version_is_not_done_again),
    };
    return cmocka_run_group_tests_name("raise_opset", tests, open_ctx, close_ctx);
}
