/* From graphs to steps on slots: which nodes take part, which clamps are merged, what constants become. */
#include <math.h>

#include "ops/lowering.h"
#include "support/graph.h"

/* Weights, then a chain: every word of `chain` is a node of that type over the one before. */
static sy_graph *chain_of(sy_ctx *ctx, const char *const *chain, int count, int *made)
{
    static const float ones[4] = {1, 1, 1, 1};
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 2, 2));
    const int weights = graph_floats(ctx, graph, "w", SHAPE(2, 2, 1), ones);
    for (int i = 0; i < count; i++) {
        char name[16];
        const int from = i ? made[i - 1] : x;
        snprintf(name, sizeof name, "t%d", i);
        made[i] = strcmp(chain[i], "Conv") == 0 ? graph_node(ctx, graph, chain[i], name, from, weights)
                                                : graph_node(ctx, graph, chain[i], name, from);
        graph->nodes[i].opset = 13;
    }
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    return graph;
}

static void check_print(const sy_lowering *lowering, const char *want)
{
    sy_text text = {0};
    sy_lowering_print(lowering, &text);
    assert_string_equal(text.bytes ? text.bytes : "", want);
    sy_text_release(&text);
}

static void a_relu_is_merged_into_the_convolution_before_it(void **state)
{
    sy_ctx *ctx = *state;
    int made[3];
    sy_graph *graph = chain_of(ctx, (const char *const[]){"Conv", "Relu", "Sigmoid"}, 3, made);
    sy_lowering lowering;
    assert_ok(ctx, sy_lower_graph(ctx, graph, graph->inputs, 1, &made[2], 1, NULL, &lowering));
    check_print(&lowering, "slot 0 input 4 x\n"
                           "slot 1 constant 4 w\n"
                           "slot 2 value 4 t1\n"
                           "slot 3 value 4 t2\n"
                           "step 0 conv2d 0 1 - 2 for t0\n"
                           "step 1 unary 2 3 for t2\n");
    const sy_conv2d_params *params = lowering.steps[0].params;
    assert_true(params->clamp.lo == 0 && params->clamp.hi == INFINITY);
    sy_lowering_release(&lowering);
    sy_graph_destroy(graph);
}

/* The outputs asked for, or a tensor kept for its statistics, must exist as they are. */
static void a_tensor_that_is_wanted_is_not_clamped_away(void **state)
{
    sy_ctx *ctx = *state;
    int made[2];
    sy_graph *graph = chain_of(ctx, (const char *const[]){"Conv", "Relu"}, 2, made);
    bool kept[8] = {false};
    for (int way = 0; way < 3; way++) {
        const int outputs[] = {made[1], made[0]};
        sy_lowering lowering;
        kept[made[0]] = way == 1;
        assert_ok(ctx,
                  sy_lower_graph(ctx, graph, graph->inputs, 1, outputs, way == 2 ? 2 : 1, kept, &lowering));
        assert_int_equal(lowering.step_count, way == 0 ? 1 : 2);
        sy_lowering_release(&lowering);
    }
    sy_graph_destroy(graph);
}

static void a_second_reader_keeps_the_tensor_unclamped(void **state)
{
    sy_ctx *ctx = *state;
    int made[2];
    sy_graph *graph = chain_of(ctx, (const char *const[]){"Conv", "Relu"}, 2, made);
    const int sum = graph_node(ctx, graph, "Add", "sum", made[1], made[0]);
    sy_lowering lowering;
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    assert_ok(ctx, sy_lower_graph(ctx, graph, graph->inputs, 1, &sum, 1, NULL, &lowering));
    assert_int_equal(lowering.step_count, 3);
    sy_lowering_release(&lowering);

    /* A reader that is not needed for what is asked does not count. */
    assert_ok(ctx, sy_lower_graph(ctx, graph, graph->inputs, 1, &made[1], 1, NULL, &lowering));
    assert_int_equal(lowering.step_count, 1);
    sy_lowering_release(&lowering);
    sy_graph_destroy(graph);
}

static void a_clip_is_merged_when_its_bounds_are_constants(void **state)
{
    sy_ctx *ctx = *state;
    static const struct {
        float lo, hi;
        bool constant;
        float want_lo, want_hi;
    } cases[] = {
        {0, 6, true, 0, 6},
        {6, 1, true, 1, 1}, /* in the wrong order the upper one wins */
        {0, 6, false, 0, 0},
        {NAN, 6, true, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int made[1];
        sy_graph *graph = chain_of(ctx, (const char *const[]){"Conv"}, 1, made);
        const int lo = graph_floats(ctx, graph, "lo", (sy_shape){0}, &cases[i].lo);
        const int hi = cases[i].constant ? graph_floats(ctx, graph, "hi", (sy_shape){0}, &cases[i].hi)
                                         : graph_input(ctx, graph, "hi", SY_DTYPE_FLOAT, (sy_shape){0});
        const int clip = graph_node(ctx, graph, "Clip", "clip", made[0], lo, hi);
        const bool merged = cases[i].constant && !isnan(cases[i].lo);
        sy_lowering lowering;
        graph->nodes[1].opset = 13;
        assert_ok(ctx, sy_infer_shapes(ctx, graph));
        assert_ok(ctx,
                  sy_lower_graph(ctx, graph, graph->inputs, graph->input_count, &clip, 1, NULL, &lowering));
        assert_int_equal(lowering.step_count, merged ? 1 : 3);
        const sy_conv2d_params *params = lowering.steps[0].params;
        assert_true(params->clamp.lo == (merged ? cases[i].want_lo : -INFINITY));
        assert_true(params->clamp.hi == (merged ? cases[i].want_hi : INFINITY));
        sy_lowering_release(&lowering);
        sy_graph_destroy(graph);
    }
}

/* A pass over the layers one at a time gives the input of one and asks for its output. */
static void what_computes_a_given_tensor_does_not_run(void **state)
{
    sy_ctx *ctx = *state;
    int made[3];
    sy_graph *graph = chain_of(ctx, (const char *const[]){"Conv", "Sigmoid", "Relu"}, 3, made);
    sy_lowering lowering;
    assert_ok(ctx, sy_lower_graph(ctx, graph, &made[1], 1, &made[2], 1, NULL, &lowering));
    check_print(&lowering, "slot 0 input 4 t1\n"
                           "slot 1 value 4 t2\n"
                           "step 0 unary 0 1 for t2\n");
    sy_lowering_release(&lowering);
    sy_graph_destroy(graph);
}

static void reshaping_costs_nothing(void **state)
{
    sy_ctx *ctx = *state;
    int made[2];
    sy_graph *graph = chain_of(ctx, (const char *const[]){"Identity", "Flatten"}, 2, made);
    sy_lowering lowering;
    assert_ok(ctx, sy_lower_graph(ctx, graph, graph->inputs, 1, &made[1], 1, NULL, &lowering));
    check_print(&lowering, "slot 0 input 4 x\n");
    assert_int_equal(lowering.tensors[made[1]].slot, 0);
    sy_lowering_release(&lowering);
    sy_graph_destroy(graph);
}

static void a_constant_can_be_the_output(void **state)
{
    sy_ctx *ctx = *state;
    int made[1];
    sy_graph *graph = chain_of(ctx, (const char *const[]){"Conv"}, 1, made);
    const int weights = sy_graph_find_tensor(graph, "w");
    sy_lowering lowering;
    assert_ok(ctx, sy_lower_graph(ctx, graph, graph->inputs, 1, &weights, 1, NULL, &lowering));
    check_print(&lowering, "slot 0 input 4 x\nslot 1 constant 4 w\n");
    sy_lowering_release(&lowering);
    sy_graph_destroy(graph);
}

static void constants_become_words(void **state)
{
    sy_ctx *ctx = *state;
    static const int64_t wide[] = {INT64_MIN, -5, INT64_MAX};
    static const uint16_t halves[] = {0x3c00, 0xc000, 0x7c00}; /* 1, -2, infinity */
    static const uint8_t bytes[] = {0, 128, 255};
    static const struct {
        sy_dtype dtype;
        const void *data;
        size_t bytes;
        union {
            int32_t ints[3];
            float floats[3];
        } want;
    } cases[] = {
        {SY_DTYPE_INT64, wide, sizeof wide, {.ints = {INT32_MIN, -5, INT32_MAX}}},
        {SY_DTYPE_FLOAT16, halves, sizeof halves, {.floats = {1, -2, INFINITY}}},
        {SY_DTYPE_UINT8, bytes, sizeof bytes, {.ints = {0, 128, 255}}},
        {SY_DTYPE_INT8, bytes, sizeof bytes, {.ints = {0, -128, -1}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_graph *graph = graph_create(ctx, 13);
        int constant;
        sy_lowering lowering;
        assert_ok(ctx, sy_graph_add_constant(ctx, graph, "c", cases[i].dtype, &SHAPE(3), cases[i].data,
                                             cases[i].bytes, &constant));
        assert_ok(ctx, sy_lower_graph(ctx, graph, NULL, 0, &constant, 1, NULL, &lowering));
        assert_memory_equal(lowering.slots[0].words_data, &cases[i].want, sizeof cases[i].want);
        sy_lowering_release(&lowering);
        sy_graph_destroy(graph);
    }
}

static void float_constants_are_not_copied(void **state)
{
    sy_ctx *ctx = *state;
    static const float values[] = {1, 2};
    sy_graph *graph = graph_create(ctx, 13);
    const int constant = graph_floats(ctx, graph, "c", SHAPE(2), values);
    sy_lowering lowering;
    assert_ok(ctx, sy_lower_graph(ctx, graph, NULL, 0, &constant, 1, NULL, &lowering));
    assert_ptr_equal(lowering.slots[0].words_data, graph->tensors[constant].data);
    sy_lowering_release(&lowering);
    sy_graph_destroy(graph);
}

static void a_tensor_nobody_supplies_is_named(void **state)
{
    sy_ctx *ctx = *state;
    int made[1];
    sy_graph *graph = chain_of(ctx, (const char *const[]){"Sigmoid"}, 1, made);
    sy_lowering lowering;
    assert_fails(ctx, sy_lower_graph(ctx, graph, NULL, 0, made, 1, NULL, &lowering), SY_E_ARGUMENT,
                 "node 't0' (Sigmoid): tensor 'x' is needed, but nothing computes or supplies it");
    sy_lowering_release(&lowering);
    sy_graph_destroy(graph);
}

static void an_operator_that_is_not_ours_is_named_when_it_is_needed(void **state)
{
    sy_ctx *ctx = *state;
    int made[2];
    sy_graph *graph = chain_of(ctx, (const char *const[]){"Sigmoid", "Relu"}, 2, made);
    sy_lowering lowering;
    graph->nodes[1].op = NULL;
    graph->nodes[1].type = "Fancy";
    graph->nodes[1].domain = "com.acme";
    assert_ok(ctx, sy_lower_graph(ctx, graph, graph->inputs, 1, &made[0], 1, NULL, &lowering));
    sy_lowering_release(&lowering);
    assert_fails(ctx, sy_lower_graph(ctx, graph, graph->inputs, 1, &made[1], 1, NULL, &lowering),
                 SY_E_UNSUPPORTED, "node 't1': operator com.acme.Fancy is not one of ours");
    sy_lowering_release(&lowering);
    sy_graph_destroy(graph);
}

static void an_unknown_shape_is_named(void **state)
{
    sy_ctx *ctx = *state;
    int made[1];
    sy_graph *graph = chain_of(ctx, (const char *const[]){"Relu"}, 1, made);
    sy_lowering lowering;
    graph->tensors[made[0]].shape = SHAPE(2, SY_NONE);
    assert_fails(ctx, sy_lower_graph(ctx, graph, graph->inputs, 1, made, 1, NULL, &lowering), SY_E_MODEL,
                 "node 't0' (Relu): tensor 't0' has shape [2,?], which must be known to compute it");
    sy_lowering_release(&lowering);
    sy_graph_destroy(graph);
}

/* Kernels count words in 32 bits. */
static void a_tensor_too_large_to_index_is_named(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 1 << 16, 1 << 16));
    sy_lowering lowering;
    assert_fails(ctx, sy_lower_graph(ctx, graph, &x, 1, &x, 1, NULL, &lowering), SY_E_UNSUPPORTED,
                 "tensor 'x' has shape [1,65536,65536], at most 2147483647 elements can be computed");
    sy_lowering_release(&lowering);
    sy_graph_destroy(graph);
}

static void strides_of_what_is_broadcast_are_zero(void **state)
{
    (void)state;
    static const struct {
        sy_shape from, to;
        uint32_t want[4];
    } cases[] = {
        {{.rank = 2, .dims = {2, 3}}, {.rank = 2, .dims = {2, 3}}, {3, 1}},
        {{.rank = 1, .dims = {3}}, {.rank = 3, .dims = {4, 2, 3}}, {0, 0, 1}},
        {{.rank = 3, .dims = {4, 1, 3}}, {.rank = 3, .dims = {4, 2, 3}}, {3, 0, 1}},
        {{.rank = 0}, {.rank = 2, .dims = {2, 3}}, {0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t strides[SY_KERNEL_RANK];
        sy_lower_broadcast(&cases[i].from, &cases[i].to, strides);
        assert_memory_equal(strides, cases[i].want, (size_t)cases[i].to.rank * sizeof *strides);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_relu_is_merged_into_the_convolution_before_it, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_tensor_that_is_wanted_is_not_clamped_away, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_second_reader_keeps_the_tensor_unclamped, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_clip_is_merged_when_its_bounds_are_constants, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(what_computes_a_given_tensor_does_not_run, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(reshaping_costs_nothing, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_constant_can_be_the_output, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(constants_become_words, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(float_constants_are_not_copied, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_tensor_nobody_supplies_is_named, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(an_operator_that_is_not_ours_is_named_when_it_is_needed, open_ctx,
                                        close_ctx),
        cmocka_unit_test_setup_teardown(an_unknown_shape_is_named, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_tensor_too_large_to_index_is_named, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(strides_of_what_is_broadcast_are_zero, open_ctx, close_ctx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
