#include "run/run.h"
#include "graph/words.h"
#include "support/graph.h"

static sy_graph *bound(sy_ctx *ctx, const sy_graph *graph)
{
    sy_graph *out = NULL;
    assert_ok(ctx, sy_graph_bind(ctx, graph, NULL, 0, &out));
    assert_ok(ctx, sy_graph_validate(ctx, out));
    return out;
}

static const sy_tensor *tensor_named(const sy_graph *graph, const char *name)
{
    const int index = sy_graph_find_tensor(graph, name);
    assert_int_not_equal(index, SY_NONE);
    return &graph->tensors[index];
}

static void assert_ints(void *ctx, const sy_tensor *tensor, const int64_t *want, size_t count)
{
    int64_t got[16];
    assert_non_null(tensor->data);
    assert_int_equal(tensor->bytes, count * sizeof *want);
    assert_ok(ctx, sy_tensor_to_i64(ctx, tensor, got, count));
    assert_memory_equal(got, want, count * sizeof *want);
}

static void set_symbol(sy_graph *graph, int tensor, int dim, const char *symbol)
{
    graph->tensors[tensor].dim_names[dim] = symbol;
}

/* As torch exports x.reshape(x.shape[0], -1). */
static sy_graph *exported_flatten(sy_ctx *ctx)
{
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(SY_NONE, 3, 4));
    const int zero = graph_ints(ctx, graph, "zero", 1, (const int64_t[]){0});
    const int rest = graph_ints(ctx, graph, "rest", 1, (const int64_t[]){-1});
    const int shape = graph_node(ctx, graph, "Shape", "shape", x);
    const int batch = graph_node(ctx, graph, "Gather", "batch", shape, zero);
    const int both = graph_node(ctx, graph, "Concat", "both", batch, rest);
    graph_int_attr(ctx, graph, "axis", 0);
    graph_output(graph, graph_node(ctx, graph, "Reshape", "flat", x, both));
    return graph;
}

static void shape_arithmetic_becomes_constants(void **state)
{
    sy_graph *graph = exported_flatten(*state), *out = bound(*state, graph);
    assert_int_equal(out->node_count, 1);
    assert_string_equal(out->nodes[0].type, "Reshape");
    assert_ints(*state, tensor_named(out, "both"), (const int64_t[]){1, -1}, 2);
    assert_true(sy_shape_equal(&tensor_named(out, "flat")->shape, &SHAPE(1, 12)));
    sy_graph_destroy(out);
    sy_graph_destroy(graph);
}

static void the_graph_itself_is_left_as_it_was(void **state)
{
    sy_graph *graph = exported_flatten(*state);
    sy_text before = {0}, after = {0};
    sy_graph_print(graph, &before);
    sy_graph *out = bound(*state, graph);
    sy_graph_print(graph, &after);
    assert_string_equal(before.bytes, after.bytes);
    sy_text_release(&before);
    sy_text_release(&after);
    sy_graph_destroy(graph); /* the copy keeps alive what it shares */
    assert_string_equal(out->nodes[0].name, "flat");
    sy_graph_destroy(out);
}

static void a_given_shape_decides_what_the_model_leaves_open(void **state)
{
    sy_graph *graph = exported_flatten(*state), *out = NULL;
    const sy_input_shape given = {"x", SHAPE(5, 3, 4)};
    assert_ok(*state, sy_graph_bind(*state, graph, &given, 1, &out));
    assert_true(sy_shape_equal(&tensor_named(out, "x")->shape, &SHAPE(5, 3, 4)));
    assert_true(sy_shape_equal(&tensor_named(out, "flat")->shape, &SHAPE(5, 12)));
    sy_graph_destroy(out);
    sy_graph_destroy(graph);
}

static void a_symbol_has_one_size_wherever_it_stands(void **state)
{
    sy_graph *graph = graph_create(*state, 13), *out = NULL;
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(SY_NONE, SY_NONE));
    const int y = graph_input(*state, graph, "y", SY_DTYPE_FLOAT, SHAPE(SY_NONE, SY_NONE));
    set_symbol(graph, x, 0, "N");
    set_symbol(graph, x, 1, "T");
    set_symbol(graph, y, 0, "T");
    set_symbol(graph, y, 1, "N");
    graph_output(graph, graph_node(*state, graph, "Relu", "cut", x));
    graph_output(graph, y);
    const sy_input_shape given = {"x", SHAPE(2, 7)};
    assert_ok(*state, sy_graph_bind(*state, graph, &given, 1, &out));
    assert_true(sy_shape_equal(&tensor_named(out, "y")->shape, &SHAPE(7, 2)));
    assert_true(sy_shape_equal(&tensor_named(out, "cut")->shape, &SHAPE(2, 7)));
    assert_null(tensor_named(out, "x")->dim_names[0]);
    sy_graph_destroy(out);
    sy_graph_destroy(graph);
}

static void sizes_the_file_declares_for_inner_tensors_do_not_outlive_the_choice(void **state)
{
    sy_graph *graph = graph_create(*state, 13), *out = NULL;
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(SY_NONE, 4));
    const int y = graph_node(*state, graph, "Relu", "y", x);
    graph->tensors[y].shape = SHAPE(1, 4);
    graph_output(graph, y);
    const sy_input_shape given = {"x", SHAPE(3, 4)};
    assert_ok(*state, sy_graph_bind(*state, graph, &given, 1, &out));
    assert_true(sy_shape_equal(&tensor_named(out, "y")->shape, &SHAPE(3, 4)));
    sy_graph_destroy(out);
    sy_graph_destroy(graph);
}

static void what_must_be_chosen_is_told_with_an_example(void **state)
{
    sy_graph *graph = graph_create(*state, 13), *out = NULL;
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(SY_NONE, 3, SY_NONE, SY_NONE));
    const int ids = graph_input(*state, graph, "ids", SY_DTYPE_INT64, SHAPE(SY_NONE, SY_NONE));
    graph_input(*state, graph, "known", SY_DTYPE_FLOAT, SHAPE(SY_NONE, 8));
    graph_input(*state, graph, "any", SY_DTYPE_FLOAT, (sy_shape){.rank = SY_NONE});
    set_symbol(graph, x, 2, "H");
    set_symbol(graph, ids, 0, "N");
    set_symbol(graph, ids, 1, "T");
    assert_fails(
        *state, sy_graph_bind(*state, graph, NULL, 0, &out), SY_E_ARGUMENT,
        "the model leaves the size of input 'x' [1,3,H,?], 'ids' [1,T], 'any' ? open: choose it, e.g. "
        "--inputShape=\"x:1,3,224,224;ids:1,128;any:1,3,224,224\"");
    sy_graph_destroy(graph);
}

static void a_shape_that_contradicts_the_model_is_refused(void **state)
{
    static const struct {
        sy_shape shape;
        const char *text;
    } cases[] = {
        {{3, {1, 3, 5}}, "[1,3,5]"},
        {{2, {1, 3}}, "[1,3]"},
    };
    sy_graph *graph = exported_flatten(*state), *out = NULL;
    set_symbol(graph, graph->inputs[0], 0, "N");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char message[256];
        const sy_input_shape given = {"x", cases[i].shape};
        snprintf(
            message, sizeof message,
            "input 'x': shape %s does not fit the model's [N,3,4]; only named or unknown dimensions can be "
            "chosen",
            cases[i].text);
        assert_fails(*state, sy_graph_bind(*state, graph, &given, 1, &out), SY_E_ARGUMENT, message);
    }
    const sy_input_shape stranger = {"flat", SHAPE(1, 12)};
    assert_fails(*state, sy_graph_bind(*state, graph, &stranger, 1, &out), SY_E_ARGUMENT,
                 "the model has no input 'flat' to give a shape to");
    sy_graph_destroy(graph);
}

static void every_operator_we_lack_is_named_once(void **state)
{
    sy_graph *graph = graph_create(*state, 13), *out = NULL;
    int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 4));
    x = graph_node(*state, graph, "Rellu", "a", x);
    x = graph_node(*state, graph, "Frobnicate", "b", x);
    graph->nodes[graph->node_count - 1].domain = "com.acme";
    x = graph_node(*state, graph, "Rellu", "c", x);
    x = graph_node(*state, graph, "Rellu", "d", x);
    x = graph_node(*state, graph, "Rellu", "e", x);
    graph_output(graph, x);
    assert_fails(
        *state, sy_graph_bind(*state, graph, NULL, 0, &out), SY_E_UNSUPPORTED,
        "the model uses 2 operators we do not have: Rellu (4 nodes: 'a', 'c', 'd' ...; the nearest we have "
        "is Relu), com.acme.Frobnicate (1 node: 'b')");
    sy_graph_destroy(graph);
}

static void an_unknown_operator_nothing_needs_does_no_harm(void **state)
{
    sy_graph *graph = graph_create(*state, 13);
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 4));
    graph_node(*state, graph, "Frobnicate", "aside", x);
    graph_output(graph, graph_node(*state, graph, "Relu", "y", x));
    sy_graph *out = bound(*state, graph);
    assert_int_equal(out->node_count, 1);
    sy_graph_destroy(out);
    sy_graph_destroy(graph);
}

static void a_size_that_depends_on_values_is_refused(void **state)
{
    sy_graph *graph = graph_create(*state, 13), *out = NULL;
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 4));
    const int size = graph_input(*state, graph, "size", SY_DTYPE_INT64, SHAPE(2));
    graph_output(graph, graph_node(*state, graph, "Reshape", "y", x, size));
    assert_int_equal(sy_graph_bind(*state, graph, NULL, 0, &out), SY_E_UNSUPPORTED);
    assert_non_null(
        strstr(sy_ctx_error(*state), "node 'y' (Reshape) makes it depend on the values of a sample"));
    sy_graph_destroy(graph);
}

static void float_constants_are_folded_too(void **state)
{
    static const float left[] = {1, -2, 3}, right[] = {0.5f};
    static const float want[] = {1.5f, 0, 3.5f};
    sy_graph *graph = graph_create(*state, 13);
    const int a = graph_floats(*state, graph, "a", SHAPE(3), left);
    const int b = graph_floats(*state, graph, "b", SHAPE(1), right);
    const int sum = graph_node(*state, graph, "Add", "sum", a, b);
    const int cut = graph_node(*state, graph, "Relu", "cut", sum);
    const int half = graph_node(*state, graph, "Cast", "half", cut);
    graph_int_attr(*state, graph, "to", SY_DTYPE_FLOAT16);
    graph_output(graph, cut);
    graph_output(graph, half);
    sy_graph *out = bound(*state, graph);
    assert_int_equal(out->node_count, 0);
    assert_memory_equal(tensor_named(out, "cut")->data, want, sizeof want);
    static const uint16_t halves[] = {0x3e00, 0, 0x4300};
    assert_int_equal(tensor_named(out, "half")->dtype, SY_DTYPE_FLOAT16);
    assert_int_equal(tensor_named(out, "half")->bytes, sizeof halves);
    assert_memory_equal(tensor_named(out, "half")->data, halves, sizeof halves);
    sy_graph_destroy(out);
    sy_graph_destroy(graph);
}

/* The padding that torch exports: zeros of a computed length, sliced and joined. */
static void computed_lists_of_integers_are_folded(void **state)
{
    sy_graph *graph = graph_create(*state, 13);
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(2, 5));
    const int two = graph_ints(*state, graph, "two", 1, (const int64_t[]){2});
    const int start = graph_ints(*state, graph, "start", 1, (const int64_t[]){1});
    const int end = graph_ints(*state, graph, "end", 1, (const int64_t[]){INT64_MAX});
    const int zeros = graph_node(*state, graph, "ConstantOfShape", "zeros", two);
    const int whole = graph_node(*state, graph, "Cast", "whole", zeros);
    graph_int_attr(*state, graph, "to", SY_DTYPE_INT64);
    const int shape = graph_node(*state, graph, "Shape", "shape", x);
    const int all = graph_node(*state, graph, "Concat", "all", whole, shape);
    graph_int_attr(*state, graph, "axis", 0);
    graph_output(graph, graph_node(*state, graph, "Slice", "tail", all, start, end));
    sy_graph *out = bound(*state, graph);
    assert_ints(*state, tensor_named(out, "tail"), (const int64_t[]){0, 2, 5}, 3);
    sy_graph_destroy(out);
    sy_graph_destroy(graph);
}

static void a_failing_node_is_named(void **state)
{
    sy_graph *graph = graph_create(*state, 13), *out = NULL;
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(2, 5));
    const int y = graph_input(*state, graph, "y", SY_DTYPE_FLOAT, SHAPE(3));
    graph_output(graph, graph_node(*state, graph, "Add", "sum", x, y));
    assert_int_equal(sy_graph_bind(*state, graph, NULL, 0, &out), SY_E_MODEL);
    assert_non_null(strstr(sy_ctx_error(*state), "node 'sum' (Add of x float32[2,5], y float32[3])"));
    sy_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape_arithmetic_becomes_constants),
        cmocka_unit_test(the_graph_itself_is_left_as_it_was),
        cmocka_unit_test(a_given_shape_decides_what_the_model_leaves_open),
        cmocka_unit_test(a_symbol_has_one_size_wherever_it_stands),
        cmocka_unit_test(sizes_the_file_declares_for_inner_tensors_do_not_outlive_the_choice),
        cmocka_unit_test(what_must_be_chosen_is_told_with_an_example),
        cmocka_unit_test(a_shape_that_contradicts_the_model_is_refused),
        cmocka_unit_test(every_operator_we_lack_is_named_once),
        cmocka_unit_test(an_unknown_operator_nothing_needs_does_no_harm),
        cmocka_unit_test(a_size_that_depends_on_values_is_refused),
        cmocka_unit_test(float_constants_are_folded_too),
        cmocka_unit_test(computed_lists_of_integers_are_folded),
        cmocka_unit_test(a_failing_node_is_named),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
