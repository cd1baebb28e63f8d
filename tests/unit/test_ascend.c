/* The file for Ascend: what becomes of each operator, and what it computes. */
#include <math.h>

#include "ascend_stub/lint.h"
#include "import/import.h"
#include "run/run.h"
#include "support/ascend.h"

static void a_deployed_network_reads_as_the_layout_says(void **state)
{
    static const char expected[] =
        "AscendQuant(x) Conv(x_quantized, w_quantized, b_quantized) AscendDequant(conv_accumulator, "
        "conv_deq_scale) "
        "Relu(conv) AscendQuant(relu) Conv(relu_quantized, depthwise_quantized) "
        "AscendDequant(wide_accumulator, wide_deq_scale) Flatten(wide) AscendQuant(flat) "
        "MatMul(flat_quantized, matrix_quantized) Add(product_accumulator, b2_quantized) "
        "AscendDequant(sum_accumulator, sum_deq_scale) AscendQuant(sum) Gemm(sum_quantized, last_quantized) "
        "AscendDequant(y_accumulator, y_deq_scale) ";
    sy_graph *graph = deployed(*state);
    sy_text text = {0};
    for (int n = 0; n < graph->node_count; n++) {
        sy_text_printf(&text, "%s(", graph->nodes[n].type);
        for (int i = 0; i < graph->nodes[n].input_count; i++)
            sy_text_printf(&text, "%s%s", i ? ", " : "", graph->tensors[graph->nodes[n].inputs[i]].name);
        sy_text_printf(&text, ") ");
    }
    assert_string_equal(text.bytes, expected);
    assert_string_equal(graph->tensors[graph->outputs[0]].name, "y");
    assert_int_equal(sy_graph_opset(graph), 13);
    sy_text_release(&text);
    sy_graph_destroy(graph);
}

static void factors_are_reciprocals_and_products_in_the_low_half(void **state)
{
    sy_graph *graph = deployed(*state);
    const sy_node *quant = node_of(graph, "x_AscendQuant");
    const float scale = 3.0F / 255;
    assert_true(sy_node_float(quant, "scale", 0) == 1 / scale);
    assert_true(sy_node_float(quant, "offset", 0) == -43); /* -128 + 1 / scale = -43 */
    assert_int_equal(tensor_of(graph, "conv_deq_scale")->shape.dims[0], CHANNELS);
    assert_int_equal(tensor_of(graph, "sum_deq_scale")->shape.dims[0], 1);
    const uint64_t *words = tensor_of(graph, "conv_deq_scale")->data;
    const float weight = 1.27F / 127;
    for (int c = 0; c < CHANNELS; c++) {
        const uint32_t low = (uint32_t)words[c];
        float product;
        memcpy(&product, &low, sizeof product);
        assert_int_equal(words[c] >> 32, 0);
        assert_true(fabsf(product - scale * weight) <= 1e-6F * product);
        assert_int_equal(((const int32_t *)tensor_of(graph, "b_quantized")->data)[c],
                         lrint((double)(c - 7) / 8 / (double)product));
    }
    sy_graph_destroy(graph);
}

/* What the file computes, by hand: the first output of the convolution at the corner of the image. */
static void a_product_of_int8_is_a_sum_of_centred_integers(void **state)
{
    sy_graph *graph = deployed(*state), *bound = NULL;
    const int conv = sy_graph_find_tensor(graph, "conv");
    static float x[CHANNELS * 16], y[CHANNELS * 4];
    for (int i = 0; i < CHANNELS * 16; i++)
        x[i] = (float)(i * 29 % 97) / 32 - 1;
    graph_output(graph, conv);
    assert_ok(*state, sy_graph_bind(*state, graph, NULL, 0, &bound));

    const sy_backend *backend = NULL;
    sy_device *device = NULL;
    sy_program *program = NULL;
    sy_runner *runner = NULL;
    const int input = bound->inputs[0], output = sy_graph_find_tensor(bound, "conv");
    const sy_program_spec spec = {
        .graph = bound, .inputs = &input, .input_count = 1, .outputs = &output, .output_count = 1};
    assert_ok(*state, sy_device_open(*state, "cpu", &backend, &device));
    assert_ok(*state, sy_program_create(*state, backend, device, &spec, &program));
    assert_ok(*state, sy_runner_create(*state, program, 1, &runner));
    assert_ok(*state, sy_runner_run(*state, runner, 1, (const void *const[]){x}, NULL, NULL));
    assert_ok(*state, sy_runner_read(*state, runner, 0, 0, y, CHANNELS * 4));

    const int8_t *w = tensor_of(graph, "w_quantized")->data;
    const int32_t *b = tensor_of(graph, "b_quantized")->data;
    const float scale = sy_node_float(node_of(graph, "x_AscendQuant"), "scale", 0);
    for (int f = 0; f < CHANNELS; f++)
        for (int at = 0; at < 4; at++) {
            int32_t sum = b[f];
            for (int c = 0; c < CHANNELS; c++)
                for (int k = 0; k < 9; k++) {
                    const int row = at / 2 + k / 3, column = at % 2 + k % 3;
                    const float q = fminf(fmaxf(rintf(x[c * 16 + row * 4 + column] * scale) - 43, -128), 127);
                    sum += ((int32_t)q + 43) * w[(f * CHANNELS + c) * 9 + k];
                }
            float deq;
            memcpy(&deq, (const uint64_t *)tensor_of(graph, "conv_deq_scale")->data + f, sizeof deq);
            assert_true(y[f * 4 + at] == (float)sum * deq);
        }
    sy_runner_destroy(runner);
    sy_program_destroy(program);
    backend->close(device);
    sy_graph_destroy(bound);
    sy_graph_destroy(graph);
}

static void what_gains_nothing_on_this_device_stays_float(void **state)
{
    sy_ctx *ctx = *state;
    static const seen rows[] = {{"x", -1, 2}, {"few", 0, 5}, {"enough", 0, 5}, {"left", 0, 1}};
    sy_graph *graph = graph_create(ctx, 13);
    sy_plan *plan = NULL;
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 16, 4, 4));
    const int few =
        graph_node(ctx, graph, "Conv", "few", x, some_weights(ctx, graph, "w", SHAPE(17, 16, 1, 1)));
    const int enough =
        graph_node(ctx, graph, "Conv", "enough", few, some_weights(ctx, graph, "w2", SHAPE(8, 17, 1, 1)));
    const int left =
        graph_node(ctx, graph, "MatMul", "left", some_weights(ctx, graph, "w3", SHAPE(20, 4)), enough);
    graph_output(graph, left);
    sy_stats *stats = stats_of(rows, sizeof rows / sizeof rows[0]);
    const sy_plan_options options = {.outputs_min = 8};
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    assert_ok(ctx, sy_plan_create(ctx, graph, stats, traits_of("ASCEND"), &options, &plan));
    assert_string_equal(node_plan(plan, "few")->reason, "16 input channels, fewer than 17, gain nothing");
    assert_true(node_plan(plan, "enough")->quantized);
    assert_string_equal(node_plan(plan, "left")->reason, "its weights are not on the right");
    sy_plan_destroy(plan);

    const sy_plan_options more = {.outputs_min = 9};
    assert_ok(ctx, sy_plan_create(ctx, graph, stats, traits_of("ASCEND"), &more, &plan));
    assert_string_equal(node_plan(plan, "enough")->reason,
                        "8 output channels are fewer than min_quant_weight_channel = 9");
    sy_plan_destroy(plan);
    assert_ok(ctx, sy_plan_create(ctx, graph, stats, traits_of("GENERIC"), &more, &plan));
    assert_true(node_plan(plan, "enough")->quantized);
    sy_plan_destroy(plan);
    sy_stats_destroy(stats);
    sy_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deployed_network_reads_as_the_layout_says),
        cmocka_unit_test(factors_are_reciprocals_and_products_in_the_low_half),
        cmocka_unit_test(a_product_of_int8_is_a_sum_of_centred_integers),
        cmocka_unit_test(what_gains_nothing_on_this_device_stays_float),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
