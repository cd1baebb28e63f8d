/* The table of operators, and what shape rules share. */
#include "ops/op.h"
#include "support/graph.h"

static void operators_are_found_by_domain_and_type(void **state)
{
    (void)state;
    assert_ptr_equal(sy_op_find("", "Conv"), &sy_op_conv);
    assert_ptr_equal(sy_op_find("ai.onnx", "Conv"), &sy_op_conv);
    assert_null(sy_op_find("com.microsoft", "Conv"));
    assert_null(sy_op_find("", "conv"));
    assert_string_equal(sy_op_nearest("Convv"), "Conv");
    assert_null(sy_op_nearest("Zzzzzzzzzzzz"));
}

static void every_row_is_whole_and_listed_once(void **state)
{
    (void)state;
    int count = 0;
    for (const sy_op *op; (op = sy_op_at(count)); count++) {
        assert_ptr_equal(sy_op_find(op->domain, op->type), op);
        assert_non_null(op->infer);
        assert_non_null(op->lower);
        assert_true(op->inputs_max == SY_NONE || op->inputs_max >= op->inputs_min);
        assert_true(op->outputs_max >= 1 || op->outputs_max == SY_NONE);
    }
    assert_true(count > 50);
    assert_null(sy_op_at(-1));
}

static void axes_count_from_either_end(void **state)
{
    sy_ctx *ctx = *state;
    int axis;
    assert_ok(ctx, sy_resolve_axis(ctx, -1, 4, &axis));
    assert_int_equal(axis, 3);
    assert_ok(ctx, sy_resolve_axis(ctx, 0, 4, &axis));
    assert_int_equal(axis, 0);
    assert_fails(ctx, sy_resolve_axis(ctx, 4, 4, &axis), SY_E_MODEL,
                 "axis 4 is outside -4..3 of a tensor of rank 4");
    assert_fails(ctx, sy_resolve_axis(ctx, 0, 0, &axis), SY_E_MODEL, "a tensor of rank 0 has no axis 0");
}

static void shapes_broadcast_from_the_last_dimension(void **state)
{
    sy_ctx *ctx = *state;
    const sy_shape unknown = {.rank = SY_NONE};
    const struct {
        sy_shape a, b, want;
    } cases[] = {
        {SHAPE(2, 3), SHAPE(3), SHAPE(2, 3)},
        {SHAPE(2, 1), SHAPE(1, 4), SHAPE(2, 4)},
        {{0}, SHAPE(5), SHAPE(5)},
        {SHAPE(SY_NONE, 3), SHAPE(1, 3), SHAPE(SY_NONE, 3)},
        {SHAPE(SY_NONE, 3), SHAPE(5, 1), SHAPE(5, 3)},
        {SHAPE(SY_NONE), SHAPE(SY_NONE), SHAPE(SY_NONE)},
        {SHAPE(0), SHAPE(1), SHAPE(0)},
        {unknown, SHAPE(2), unknown},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int turned = 0; turned < 2; turned++) {
            sy_shape got;
            assert_ok(ctx, sy_broadcast_shapes(ctx, turned ? &cases[i].b : &cases[i].a,
                                               turned ? &cases[i].a : &cases[i].b, &got));
            assert_int_equal(got.rank, cases[i].want.rank);
            for (int k = 0; k < got.rank; k++)
                assert_int_equal(got.dims[k], cases[i].want.dims[k]);
        }
    }
    sy_shape got;
    assert_fails(ctx, sy_broadcast_shapes(ctx, &SHAPE(2, 3), &SHAPE(4, 3), &got), SY_E_MODEL,
                 "shapes [2,3] and [4,3] do not broadcast: 2 against 4");
}

static void a_node_is_blamed_with_its_inputs(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = graph_create(ctx, 13);
    const int a = graph_input(ctx, graph, "a", SY_DTYPE_FLOAT, SHAPE(2, 3));
    const int b = graph_input(ctx, graph, "b", SY_DTYPE_FLOAT, SHAPE(SY_NONE, 4, 5));
    graph_node(ctx, graph, "MatMul", "product", a, b);
    assert_fails(
        ctx, sy_infer_shapes(ctx, graph), SY_E_MODEL,
        "node 'product' (MatMul of a float32[2,3], b float32[?,4,5]): the inner sizes differ: 3 against 4");
    sy_graph_destroy(graph);
}

static void inputs_and_outputs_are_counted(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(2));
    graph_node(ctx, graph, "Relu", "wide", x, x);
    assert_fails(ctx, sy_infer_node(ctx, graph, 0), SY_E_MODEL,
                 "node 'wide' (Relu of x float32[2], x float32[2]): 2 inputs, at most 1 belong to it");
    graph_node(ctx, graph, "MatMul", "narrow", x, SY_NONE);
    assert_fails(ctx, sy_infer_node(ctx, graph, 1), SY_E_MODEL,
                 "node 'narrow' (MatMul of x float32[2], none): input 1 is missing, it needs 2");
    sy_graph_destroy(graph);
}

static void what_does_not_follow_stays_as_declared(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(SY_NONE, 3));
    const int y = graph_node(ctx, graph, "Relu", "y", x);
    const int z = graph_node(ctx, graph, "Relu", "z", x);
    graph->nodes[1].op = NULL; /* not one of ours */
    graph->tensors[y].shape = SHAPE(7, 4);
    graph->tensors[z].shape = SHAPE(9);
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    assert_true(sy_shape_equal(&graph->tensors[y].shape, &SHAPE(7, 3)));
    assert_true(sy_shape_equal(&graph->tensors[z].shape, &SHAPE(9)));
    sy_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_are_found_by_domain_and_type),
        cmocka_unit_test(every_row_is_whole_and_listed_once),
        cmocka_unit_test_setup_teardown(axes_count_from_either_end, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(shapes_broadcast_from_the_last_dimension, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_node_is_blamed_with_its_inputs, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(inputs_and_outputs_are_counted, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(what_does_not_follow_stays_as_declared, open_ctx, close_ctx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
