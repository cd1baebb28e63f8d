#include <math.h>

#include "quant/quantize.h"
#include "support/plan.h"

static sy_graph *quantized(sy_ctx *ctx, const sy_plan *plan)
{
    sy_graph *graph = NULL;
    assert_ok(ctx, sy_quantize_graph(ctx, plan, &graph));
    assert_ok(ctx, sy_graph_validate(ctx, graph));
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    return graph;
}

static const sy_tensor *tensor_named(const sy_graph *graph, const char *name)
{
    const int tensor = sy_graph_find_tensor(graph, name);
    if (tensor == SY_NONE)
        fail_msg("there is no tensor '%s'", name);
    return &graph->tensors[tensor];
}

/* What computes a tensor and from what: "Conv(x, w, b)"; constants and inputs of the graph end the text. */
static void print_tensor(const sy_graph *graph, int tensor, int depth, sy_text *out)
{
    const int producer = tensor == SY_NONE ? SY_NONE : graph->tensors[tensor].producer;
    if (producer == SY_NONE || depth == 0) {
        sy_text_printf(out, "%s", tensor == SY_NONE ? "-" : graph->tensors[tensor].name);
        return;
    }
    const sy_node *node = &graph->nodes[producer];
    const bool pair =
        strcmp(node->type, "QuantizeLinear") == 0 || strcmp(node->type, "DequantizeLinear") == 0;
    sy_text_printf(out, "%s(", pair ? (node->type[0] == 'Q' ? "Q" : "DQ") : node->type);
    for (int i = 0; i < (pair ? 1 : node->input_count); i++) {
        sy_text_printf(out, "%s", i ? ", " : "");
        print_tensor(graph, node->inputs[i], depth - 1, out);
    }
    sy_text_printf(out, ")");
}

static void assert_computed(const sy_graph *graph, const char *name, int depth, const char *want)
{
    sy_text text = {0};
    print_tensor(graph, sy_graph_find_tensor(graph, name), depth, &text);
    assert_string_equal(text.bytes, want);
    sy_text_release(&text);
}

static void generic_puts_integers_around_every_node(void **state)
{
    network net = residual_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    sy_graph *graph = quantized(*state, plan);
    assert_computed(graph, "relu1", 99, "Relu(Conv(DQ(Q(x)), DQ(w1_quantized), DQ(b1_quantized)))");
    assert_computed(graph, "relu2", 3,
                    "Relu(Add(DQ(conv2_QuantizeLinear_Output), DQ(relu1_QuantizeLinear_Output)))");
    assert_computed(graph, "pool", 2, "MaxPool(DQ(relu2_QuantizeLinear_Output))");
    /* The output of the network keeps its name on the float side. */
    assert_computed(graph, "conv3", 3,
                    "DQ(Q(Conv(pool_DequantizeLinear_Output, w3_DequantizeLinear_Output)))");
    assert_string_equal(graph->tensors[graph->outputs[0]].name, "conv3");
    assert_non_null(tensor_named(graph, "conv3_QuantizeLinear_Input"));
    assert_int_equal(sy_graph_find_node(graph, "conv3_QuantizeLinear") != SY_NONE, 1);
    assert_int_equal(tensor_named(graph, "x_QuantizeLinear_Output")->dtype, SY_DTYPE_UINT8);
    assert_int_equal(tensor_named(graph, "relu1")->producer, sy_graph_find_node(graph, "relu1"));
    sy_graph_destroy(graph);
    sy_plan_destroy(plan);
    network_release(&net);
}

static void nvgpu_leaves_the_sum_and_the_output_in_float(void **state)
{
    network net = residual_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "NVGPU");
    sy_graph *graph = quantized(*state, plan);
    assert_computed(graph, "relu2", 3,
                    "Relu(Add(Conv(relu1_DequantizeLinear_Output, w2_DequantizeLinear_Output), "
                    "DQ(relu1_QuantizeLinear_Output)))");
    assert_computed(graph, "conv3", 2, "Conv(DQ(pool_QuantizeLinear_Output), DQ(w3_quantized))");
    assert_computed(graph, "conv1", 1, "Conv(x_DequantizeLinear_Output, w1_DequantizeLinear_Output, b1_rounded)");
    assert_int_equal(tensor_named(graph, "w1_quantized")->dtype, SY_DTYPE_INT8);
    assert_int_equal(sy_graph_opset(graph), 17);
    sy_graph_destroy(graph);
    sy_plan_destroy(plan);
    network_release(&net);
}

/* x -> first -> second; both are 1x1 convolutions of two channels with the same weights. */
static network shared_network(sy_ctx *ctx)
{
    static const seen rows[] = {{"x", -1, 1}, {"first", -2, 2}, {"second", -4, 4}};
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 2, 4, 4));
    const int w =
        graph_floats(ctx, graph, "w", SHAPE(2, 2, 1, 1), (const float[]){1.27F, -0.5F, 0.25F, -12.7F});
    const int b = graph_floats(ctx, graph, "b", SHAPE(2), (const float[]){0.5F, -3});
    const int first = graph_node(ctx, graph, "Conv", "first", x, w, b);
    graph_output(graph, graph_node(ctx, graph, "Conv", "second", first, w, b));
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    return (network){graph, stats_of(rows, 3)};
}

static void weights_are_integers_at_the_scale_of_their_channel(void **state)
{
    network net = shared_network(*state);
    static const struct {
        const char *target;
        uint8_t want[4], zero;
        sy_dtype dtype;
    } cases[] = {
        {"GENERIC", {255, 78, 130, 1}, 128, SY_DTYPE_UINT8},
        {"NVGPU", {127, (uint8_t)-50, 2, (uint8_t)-127}, 0, SY_DTYPE_INT8},
    };
    for (size_t i = 0; i < 2; i++) {
        sy_plan *plan = plan_of(*state, net.graph, net.stats, cases[i].target);
        sy_graph *graph = quantized(*state, plan);
        const sy_tensor *weight = tensor_named(graph, "w_quantized");
        assert_int_equal(weight->dtype, cases[i].dtype);
        assert_memory_equal(weight->data, cases[i].want, 4);
        assert_int_equal(((const uint8_t *)tensor_named(graph, "w_zero_point")->data)[1], cases[i].zero);
        assert_true(((const float *)tensor_named(graph, "w_scale")->data)[1] == 12.7F / 127);
        const int dequantize = sy_graph_find_node(graph, "w_DequantizeLinear");
        assert_int_equal(sy_node_int(&graph->nodes[dequantize], "axis", -1), 0);
        /* One form of the weight, and both read it. */
        assert_int_equal(
            sy_graph_consumers(graph, sy_graph_find_tensor(graph, "w_DequantizeLinear_Output"), NULL, 0), 2);
        assert_int_equal(sy_graph_find_tensor(graph, "w"), SY_NONE);
        sy_graph_destroy(graph);
        sy_plan_destroy(plan);
    }
    network_release(&net);
}

static void a_shared_bias_is_rounded_for_each_of_its_readers(void **state)
{
    network net = shared_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    sy_graph *graph = quantized(*state, plan);
    const char *names[] = {"b_quantized", "b_quantized_1"};
    const float inputs[] = {2.0F / 255, 4.0F / 255};
    for (int i = 0; i < 2; i++) {
        const int32_t *got = tensor_named(graph, names[i])->data;
        assert_int_equal(tensor_named(graph, names[i])->dtype, SY_DTYPE_INT32);
        assert_int_equal(got[0], (int32_t)rint(0.5 / ((double)inputs[i] * 0.01)));
        assert_int_equal(got[1], (int32_t)rint(-3 / ((double)inputs[i] * 0.1)));
    }
    const float *scale = tensor_named(graph, "b_quantized_scale")->data;
    assert_true(scale[0] == 2.0F / 255 * (1.27F / 127));
    sy_graph_destroy(graph);
    sy_plan_destroy(plan);
    network_release(&net);
}

static void a_linear_convolution_is_clipped_to_its_grid_on_nvgpu(void **state)
{
    network net = shared_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "NVGPU");
    sy_graph *graph = quantized(*state, plan);
    assert_computed(graph, "second", 5,
                    "Conv(DQ(Q(Clip(Conv(x_DequantizeLinear_Output, w_DequantizeLinear_Output, b_rounded), "
                    "first_min, first_max))), DQ(w_quantized), b_rounded_1)");
    const float scale = 2.0F / 127;
    assert_true(*(const float *)tensor_named(graph, "first_max")->data == 127 * scale);
    assert_true(*(const float *)tensor_named(graph, "first_min")->data == -127 * scale);
    sy_graph_destroy(graph);
    sy_plan_destroy(plan);
    network_release(&net);
}

static void a_corrected_bias_replaces_the_old_one(void **state)
{
    static const float corrected[] = {1, 2};
    network net = shared_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    assert_ok(*state, sy_plan_set_bias(*state, plan, 1, corrected, 2));
    sy_graph *graph = quantized(*state, plan);
    const int32_t *got = tensor_named(graph, "b_quantized_1")->data;
    assert_int_equal(got[0], (int32_t)rint(1 / ((4.0 / 255) * 0.01)));
    assert_int_equal(((const int32_t *)tensor_named(graph, "b_quantized")->data)[0],
                     (int32_t)rint(0.5 / ((2.0 / 255) * 0.01)));
    sy_graph_destroy(graph);
    sy_plan_destroy(plan);

    plan = plan_of(*state, net.graph, net.stats, "NVGPU");
    assert_ok(*state, sy_plan_set_bias(*state, plan, 1, corrected, 2));
    graph = quantized(*state, plan);
    const float *rounded = tensor_named(graph, "b_rounded_1")->data;
    const float grid = 4.0F / 127 * (1.27F / 127);
    assert_true(rounded[0] == rintf(corrected[0] / grid) * grid);
    assert_computed(graph, "second", 1,
                    "Conv(first_DequantizeLinear_Output, w_DequantizeLinear_Output, b_rounded_1)");
    sy_graph_destroy(graph);
    sy_plan_destroy(plan);
    network_release(&net);
}

/* x [4,2] times w [2,2], with or without an Add of a bias. */
static network matrix_network(sy_ctx *ctx, bool with_bias)
{
    static const seen rows[] = {{"x", -1, 1}, {"y", -2, 2}};
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(4, 2));
    const int w = graph_floats(ctx, graph, "w", SHAPE(2, 2), (const float[]){1.27F, -0.5F, 0.25F, -12.7F});
    int y = graph_node(ctx, graph, "MatMul", with_bias ? "product" : "y", x, w);
    if (with_bias)
        y = graph_node(ctx, graph, "Add", "y", y,
                       graph_floats(ctx, graph, "b", SHAPE(2), (const float[]){0.5F, -3}));
    graph_output(graph, y);
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    return (network){graph, stats_of(rows, 2)};
}

static void the_bias_added_to_a_matmul_becomes_int32(void **state)
{
    network net = matrix_network(*state, true);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    sy_graph *graph = quantized(*state, plan);
    assert_computed(graph, "y", 99, "DQ(Q(Add(MatMul(DQ(Q(x)), DQ(w_quantized)), DQ(b_quantized))))");
    sy_graph_destroy(graph);
    sy_plan_destroy(plan);
    network_release(&net);
}

static void a_matmul_without_bias_gets_an_add_for_a_corrected_one(void **state)
{
    static const float corrected[] = {1, 2};
    network net = matrix_network(*state, false);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    assert_ok(*state, sy_plan_set_bias(*state, plan, 0, corrected, 2));
    sy_graph *graph = quantized(*state, plan);
    assert_computed(graph, "y", 99, "DQ(Q(Add(MatMul(DQ(Q(x)), DQ(w_quantized)), DQ(y_bias_quantized))))");
    sy_graph_destroy(graph);
    sy_plan_destroy(plan);
    network_release(&net);
}

static void the_graph_of_the_plan_is_left_as_it_was(void **state)
{
    network net = residual_network(*state);
    sy_text before = {0}, after = {0};
    sy_graph_print(net.graph, &before);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "NVGPU");
    sy_graph *graph = quantized(*state, plan);
    sy_graph_destroy(graph);
    sy_graph_print(net.graph, &after);
    assert_string_equal(before.bytes, after.bytes);
    sy_text_release(&before);
    sy_text_release(&after);
    sy_plan_destroy(plan);
    network_release(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generic_puts_integers_around_every_node),
        cmocka_unit_test(nvgpu_leaves_the_sum_and_the_output_in_float),
        cmocka_unit_test(weights_are_integers_at_the_scale_of_their_channel),
        cmocka_unit_test(a_shared_bias_is_rounded_for_each_of_its_readers),
        cmocka_unit_test(a_linear_convolution_is_clipped_to_its_grid_on_nvgpu),
        cmocka_unit_test(a_corrected_bias_replaces_the_old_one),
        cmocka_unit_test(the_bias_added_to_a_matmul_becomes_int32),
        cmocka_unit_test(a_matmul_without_bias_gets_an_add_for_a_corrected_one),
        cmocka_unit_test(the_graph_of_the_plan_is_left_as_it_was),
    };
    return cmocka_run_group_tests_name("quantize", tests, open_ctx, close_ctx);
}
