#include "run/run.h"
#include "support/graph.h"

static sy_graph *two_inputs(sy_ctx *ctx)
{
    sy_graph *graph = graph_create(ctx, 13);
    graph_input(ctx, graph, "x:0", SY_DTYPE_FLOAT, SHAPE(SY_NONE, 3));
    graph_input(ctx, graph, "state", SY_DTYPE_FLOAT, SHAPE(2, SY_NONE));
    return graph;
}

static void each_input_gets_its_shape(void **state)
{
    static const char *const texts[] = {"x:0:1,3;state:2,128", " state : 2 , 128 ; x:0:1,3 ;",
                                        "x:0:1,3; state:2,128;"};
    sy_graph *graph = two_inputs(*state);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        sy_arena arena = {0};
        sy_input_shape *shapes = NULL;
        int count = 0;
        assert_ok(*state, sy_input_shapes_parse(*state, graph, texts[i], &arena, &shapes, &count));
        assert_int_equal(count, 2);
        const int x = strcmp(shapes[0].name, "x:0") == 0 ? 0 : 1;
        assert_string_equal(shapes[x].name, "x:0");
        assert_true(sy_shape_equal(&shapes[x].shape, &SHAPE(1, 3)));
        assert_string_equal(shapes[1 - x].name, "state");
        assert_true(sy_shape_equal(&shapes[1 - x].shape, &SHAPE(2, 128)));
        sy_arena_release(&arena);
    }
    sy_graph_destroy(graph);
}

static void a_lone_shape_belongs_to_the_one_input(void **state)
{
    sy_graph *graph = graph_create(*state, 13);
    sy_arena arena = {0};
    sy_input_shape *shapes = NULL;
    int count = 0;
    graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 3, SY_NONE, SY_NONE));
    assert_ok(*state, sy_input_shapes_parse(*state, graph, "1,3,224,192", &arena, &shapes, &count));
    assert_int_equal(count, 1);
    assert_string_equal(shapes[0].name, "x");
    assert_true(sy_shape_equal(&shapes[0].shape, &SHAPE(1, 3, 224, 192)));
    sy_arena_release(&arena);
    sy_graph_destroy(graph);
}

static void nothing_gives_no_shapes(void **state)
{
    sy_graph *graph = two_inputs(*state);
    sy_arena arena = {0};
    sy_input_shape *shapes = NULL;
    int count = 9;
    assert_ok(*state, sy_input_shapes_parse(*state, graph, " ", &arena, &shapes, &count));
    assert_int_equal(count, 0);
    sy_arena_release(&arena);
    sy_graph_destroy(graph);
}

static void a_mistake_is_named(void **state)
{
#define EXPECTED "expected name:1,3,224,224 and, for more inputs, a ';' between them"
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"y:1,3", "--inputShape=y:1,3: the model has no input 'y'; it has 'x:0', 'state'"},
        {"1,3", "--inputShape=1,3: which of the model's 2 inputs has this shape? " EXPECTED},
        {"state:1,b", "--inputShape=state:1,b: 'b' is not a whole number; " EXPECTED},
        {"state:1,", "--inputShape=state:1,: '' is not a whole number; " EXPECTED},
        {"state:", "--inputShape=state:: '' is not a whole number; " EXPECTED},
        {"state:-1,3",
         "--inputShape=state:-1,3: dimension -1 must be at least 1 and below 2^31: a run has one size"},
        {"state:2147483648", "--inputShape=state:2147483648: dimension 2147483648 must be at least 1 and "
                             "below 2^31: a run has one size"},
        {"state:1,1,1,1,1,1,1,1,1", "--inputShape=state:1,1,1,1,1,1,1,1,1: more than 8 dimensions"},
        {"state:1;state:2", "--inputShape=state:1;state:2: input 'state' is given twice"},
        {";state:1", "--inputShape=;state:1: which of the model's 2 inputs has this shape? " EXPECTED},
    };
    sy_graph *graph = two_inputs(*state);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_arena arena = {0};
        sy_input_shape *shapes = NULL;
        int count = 0;
        assert_fails(*state, sy_input_shapes_parse(*state, graph, cases[i].text, &arena, &shapes, &count),
                     SY_E_ARGUMENT, cases[i].message);
        sy_arena_release(&arena);
    }
    sy_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_input_gets_its_shape),
        cmocka_unit_test(a_lone_shape_belongs_to_the_one_input),
        cmocka_unit_test(nothing_gives_no_shapes),
        cmocka_unit_test(a_mistake_is_named),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
