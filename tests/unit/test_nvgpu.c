/* Files for NVGPU: each rule of nvgpu/LAYOUT.md on a file that breaks it, and weights of 4 bits. */
#include <math.h>

#include "nvgpu/int4.h"
#include "support/emitted.h"

static void nvgpu_files_with_a_broken_rule_are_refused_by_node(void **state)
{
    sy_graph *graph = emitted(*state, "NVGPU");
    assert_ok(*state, sy_target_nvgpu.lint(*state, graph));

    signed char *zero = bytes_of(graph, "relu1_zero_point");
    *zero = 1;
    assert_fault(*state, &sy_target_nvgpu, graph,
                 "node 'relu1_QuantizeLinear' (QuantizeLinear): the zero point must be there and 0");
    *zero = 0;

    sy_node *sum = node_of(graph, "sum");
    const int kept = sum->inputs[0];
    sum->inputs[0] = sum->inputs[1];
    assert_fault(*state, &sy_target_nvgpu, graph, "node 'sum' (Add): both operands are quantized");
    sum->inputs[0] = kept;

    sy_node *conv = node_of(graph, "conv2");
    const int weight = conv->inputs[1];
    conv->inputs[1] = sy_graph_find_tensor(graph, "x");
    assert_fault(*state, &sy_target_nvgpu, graph,
                 "node 'conv2' (Conv): one operand is quantized and the other is not");
    conv->inputs[1] = weight;

    sy_node *dequantize = node_of(graph, "w1_DequantizeLinear");
    sy_attr *axis = &dequantize->attrs[0];
    axis->i = 1;
    assert_fault(*state, &sy_target_nvgpu, graph,
                 "node 'conv1' (Conv): its weights are quantized along axis 1");
    axis->name = "axes";
    assert_fault(*state, &sy_target_nvgpu, graph,
                 "node 'w1_DequantizeLinear' (DequantizeLinear): it has a list of scales and no axis");
    axis->name = "axis";
    axis->i = 0;

    const int output = graph->outputs[0];
    graph->outputs[0] = sy_graph_find_tensor(graph, "pool_DequantizeLinear_Output");
    assert_fault(*state, &sy_target_nvgpu, graph,
                 "it makes an output of the network, which must leave as it was computed");
    graph->outputs[0] = output;

    float *scale = floats_of(graph, "pool_scale");
    *scale *= 2;
    assert_fault(
        *state, &sy_target_nvgpu, graph,
        "node 'pool' (MaxPool): it only moves values, but its result has another scale than its input");
    *scale /= 2;

    sy_node *second = node_of(graph, "pool_QuantizeLinear");
    const int pooled = second->inputs[0];
    second->inputs[0] = node_of(graph, "relu2_QuantizeLinear")->inputs[0];
    assert_fault(
        *state, &sy_target_nvgpu, graph,
        "node 'pool_QuantizeLinear' (QuantizeLinear): 'relu2_QuantizeLinear' quantizes the same tensor, "
        "which must have one pair for all its readers");
    second->inputs[0] = pooled;
    assert_ok(*state, sy_target_nvgpu.lint(*state, graph));
    sy_graph_destroy(graph);
}

/* Whatever of the file a row of the layout is about, broken and mended again. */
static void every_row_of_the_nvgpu_layout_has_a_fault(void **state)
{
    sy_graph *graph = emitted(*state, "NVGPU");
    float *scale = floats_of(graph, "w1_scale");
    const float kept_scale = scale[2];
    scale[2] = 0;
    assert_fault(*state, &sy_target_nvgpu, graph, "scale 2 is 0, it must be positive and finite");
    scale[2] = kept_scale;

    sy_tensor *x_scale = &graph->tensors[sy_graph_find_tensor(graph, "x_scale")];
    x_scale->dtype = SY_DTYPE_FLOAT16;
    assert_fault(*state, &sy_target_nvgpu, graph,
                 "the scale 'x_scale' must be a float32 constant, one number or a list");
    x_scale->dtype = SY_DTYPE_FLOAT;

    sy_tensor *x = &graph->tensors[sy_graph_find_tensor(graph, "x")];
    x->dtype = SY_DTYPE_FLOAT16;
    x->shape.rank = 0;
    assert_fault(*state, &sy_target_nvgpu, graph, "a single number cannot be quantized");
    x->dtype = SY_DTYPE_FLOAT;
    x->shape.rank = 4;

    sy_node *pair[] = {node_of(graph, "x_QuantizeLinear"), node_of(graph, "x_DequantizeLinear")};
    const int one_scale = pair[0]->inputs[1], one_zero = pair[0]->inputs[2];
    for (int i = 0; i < 2; i++) {
        pair[i]->inputs[1] = sy_graph_find_tensor(graph, "w1_scale");
        pair[i]->inputs[2] = sy_graph_find_tensor(graph, "w1_zero_point");
    }
    assert_fault(*state, &sy_target_nvgpu, graph, "an activation must have one scale");
    for (int i = 0; i < 2; i++) {
        pair[i]->inputs[1] = one_scale;
        pair[i]->inputs[2] = one_zero;
    }

    sy_node *conv = node_of(graph, "conv1");
    const int bias = conv->inputs[2];
    conv->inputs[2] = sy_graph_find_tensor(graph, "w1_DequantizeLinear_Output");
    assert_fault(*state, &sy_target_nvgpu, graph, "node 'conv1' (Conv): the bias must stay float");
    conv->inputs[2] = bias;

    sy_node *pool = node_of(graph, "pool");
    pool->type = "Relu"; /* reads the sum's activation through Q and DQ */
    sy_node *sum = node_of(graph, "relu2");
    sum->type = "Conv";
    sum->op = sy_op_find("", "Conv");
    sum->input_count = 2;
    int inputs[2] = {sum->inputs[0], sum->inputs[0]}, *kept = sum->inputs;
    sum->inputs = inputs;
    assert_fault(*state, &sy_target_nvgpu, graph,
                 "QuantizeLinear stands between it and its activation 'pool'");
    sum->inputs = kept;
    sum->input_count = 1;
    sum->type = "Relu";
    sum->op = sy_op_find("", "Relu");
    pool->type = "MaxPool";
    graph->opsets[0].version = 12;
    assert_fails(*state, sy_target_nvgpu.lint(*state, graph), SY_E_INTERNAL,
                 "opset 12: scales for each channel need 13");
    graph->opsets[0].version = 17;
    assert_ok(*state, sy_target_nvgpu.lint(*state, graph));
    sy_graph_destroy(graph);
}

/* A Gemm is a MatMul of the same values, and an Add; one with factors keeps 8 bits. */
static void a_gemm_with_4_bits_becomes_a_product_and_a_sum(void **state)
{
    static const seen rows[] = {{"x", -1, 1}, {"y", -9, 9}, {"z", -9, 9}};
    sy_graph *graph = graph_create(*state, 17), *made = NULL;
    sy_plan *plan = NULL;
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(3, 128));
    const int w = some_weights(*state, graph, "w", SHAPE(32, 128)),
              v = some_weights(*state, graph, "v", SHAPE(32, 128));
    const int bias = some_weights(*state, graph, "bias", SHAPE(32));
    graph_output(graph, graph_node(*state, graph, "Gemm", "y", x, w, bias));
    graph_output(graph, graph_node(*state, graph, "Gemm", "z", x, v, bias));
    for (int n = 0; n < 2; n++)
        assert_ok(*state, sy_graph_set_attr_int(*state, graph, n, "transB", 1));
    assert_ok(*state, sy_graph_set_attr_float(*state, graph, 1, "alpha", 0.5F));
    assert_ok(*state, sy_infer_shapes(*state, graph));
    network net = {graph, stats_of(rows, sizeof rows / sizeof rows[0])};
    const sy_plan_options options = {.block = 64};
    assert_ok(*state, sy_plan_create(*state, net.graph, net.stats, traits_of("NVGPU"), &options, &plan));
    assert_int_equal(node_plan(plan, "y")->block, 64);
    assert_int_equal(node_plan(plan, "z")->block, 0);
    assert_ok(*state, sy_quantize_graph(*state, plan, &made));
    assert_ok(*state, sy_nvgpu_add_blocks(*state, plan, made));
    assert_ok(*state, sy_target_nvgpu.lint(*state, made));
    const sy_node *product = node_of(made, "y"), *sum = node_of(made, "y_bias");
    assert_string_equal(product->type, "MatMul");
    assert_string_equal(sum->type, "Add");
    assert_int_equal(sum->inputs[0], product->outputs[0]);
    assert_string_equal(made->tensors[sum->outputs[0]].name, "y");
    assert_string_equal(node_of(made, "z")->type, "Gemm");

    const sy_tensor *codes = &made->tensors[sy_graph_find_tensor(made, "w_quantized")];
    float floats[32 * 128], back[128 * 32];
    assert_int_equal(codes->shape.dims[0], 128);
    assert_ok(*state, sy_tensor_to_f32(*state, &net.graph->tensors[w], floats, 32 * 128));
    assert_ok(*state, sy_tensor_to_f32(*state, codes, back, 128 * 32));
    for (size_t k = 0; k < 128; k++)
        for (size_t n = 0; n < 32; n++) {
            const float scale = floats_of(made, "w_scale")[k / 64 * 32 + n];
            assert_true(fabsf(back[k * 32 + n] * scale - floats[n * 128 + k]) <= scale * 0.5001F);
        }
    sy_graph_destroy(made);
    sy_plan_destroy(plan);
    network_release(&net);
}

static void weights_of_4_bits_are_checked_block_by_block(void **state)
{
    static const seen rows[] = {{"x", -1, 1}, {"y", -9, 9}, {"z", -9, 9}};
    sy_graph *graph = graph_create(*state, 17), *made = NULL;
    sy_plan *plan = NULL;
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(3, 128));
    const int w = some_weights(*state, graph, "w", SHAPE(128, 128));
    const int y = graph_node(*state, graph, "MatMul", "y", x, w);
    graph_output(graph, graph_node(*state, graph, "MatMul", "z", y, w)); /* the same weights again */
    assert_ok(*state, sy_infer_shapes(*state, graph));
    network net = {graph, stats_of(rows, sizeof rows / sizeof rows[0])};
    const sy_plan_options options = {.block = 64};
    assert_ok(*state, sy_plan_create(*state, net.graph, net.stats, traits_of("NVGPU"), &options, &plan));
    assert_string_equal(node_plan(plan, "y")->reason,
                        "its weights have 4 bits, what they multiply stays float");
    assert_ok(*state, sy_quantize_graph(*state, plan, &made));
    assert_int_equal(sy_graph_opset(made), 21);
    assert_ok(*state, sy_nvgpu_add_blocks(*state, plan, made));
    assert_ok(*state, sy_target_nvgpu.lint(*state, made));
    assert_int_equal(made->node_count, 3);

    /* Against the floats: no further than half a step of the block's largest value / 7. */
    const sy_tensor *codes = &made->tensors[sy_graph_find_tensor(made, "w_quantized")];
    float floats[128 * 128], back[128 * 128];
    assert_ok(*state, sy_tensor_to_f32(*state, &net.graph->tensors[w], floats, 128 * 128));
    assert_ok(*state, sy_tensor_to_f32(*state, codes, back, 128 * 128));
    for (size_t i = 0; i < 128 * 128; i++) {
        const float scale = floats_of(made, "w_scale")[i / 128 / 64 * 128 + i % 128];
        assert_true(fabsf(back[i] * scale - floats[i]) <= scale * 0.5001F && fabsf(back[i]) <= 7);
    }

    sy_node *dequantize = node_of(made, "w_DequantizeLinear");
    sy_attr *size = &dequantize->attrs[1];
    size->i = 32;
    assert_fault(*state, &sy_target_nvgpu, made, "its blocks must be 64 or 128 rows, along axis 0");
    size->i = 128;
    assert_fault(*state, &sy_target_nvgpu, made, "its scales must be positive constants of the floats' type");
    size->i = 64;
    floats_of(made, "w_scale")[5] *= -1;
    assert_fault(*state, &sy_target_nvgpu, made, "its scales must be positive constants of the floats' type");
    floats_of(made, "w_scale")[5] *= -1;
    uint8_t *nibbles = (uint8_t *)(uintptr_t)codes->data;
    const uint8_t kept = nibbles[3];
    nibbles[3] = 0x80; /* the second of two */
    assert_fault(*state, &sy_target_nvgpu, made,
                 "code 7 of 'w_quantized' is -8; those of 4 bits are -7 to 7");
    nibbles[3] = kept;
    ((sy_tensor *)codes)->dtype = SY_DTYPE_INT8;
    assert_fault(*state, &sy_target_nvgpu, made, "blocks are of constant int4 matrices with an even number");
    ((sy_tensor *)codes)->dtype = SY_DTYPE_INT4;
    node_of(made, "z")->type = "Add";
    assert_fault(*state, &sy_target_nvgpu, made,
                 "node 'z' (Add): it reads weights of 4 bits, which only MatMul does");
    sy_graph_destroy(made);
    sy_plan_destroy(plan);
    plan = NULL;
    assert_fails(*state, sy_plan_create(*state, net.graph, net.stats, traits_of("DSP"), &options, &plan),
                 SY_E_UNSUPPORTED,
                 "this target has no 4-bit weights: leave int4_block_size out, or ask for a target that has "
                 "them");
    network_release(&net);
}

/* a and b joined, quantized behind, and a read by a convolution too. */
static void tensors_that_an_nvgpu_concat_joins_share_a_scale(void **state)
{
    static const seen rows[] = {{"x", -1, 1}, {"a", 0, 4}, {"b", 0, 9}, {"all", 0, 9}, {"y", -1, 1}};
    sy_graph *graph = graph_create(*state, 17), *made = NULL;
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 4, 2, 2));
    const int a =
        graph_node(*state, graph, "Conv", "a", x, some_weights(*state, graph, "wa", SHAPE(4, 4, 1, 1)));
    const int b =
        graph_node(*state, graph, "Conv", "b", a, some_weights(*state, graph, "wb", SHAPE(4, 4, 1, 1)));
    const int all = graph_node(*state, graph, "Concat", "all", a, b);
    graph_int_attr(*state, graph, "axis", 1);
    graph_output(graph, graph_node(*state, graph, "Conv", "y", all,
                                   some_weights(*state, graph, "wy", SHAPE(4, 8, 1, 1))));
    assert_ok(*state, sy_infer_shapes(*state, graph));
    network net = {graph, stats_of(rows, sizeof rows / sizeof rows[0])};
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "NVGPU");
    assert_ok(*state, sy_quantize_graph(*state, plan, &made));
    assert_ok(*state, sy_target_nvgpu.lint(*state, made));
    sy_node *concat = node_of(made, "all");
    const int floats = concat->inputs[0],
              dequantized = sy_graph_find_tensor(made, "a_DequantizeLinear_Output");
    assert_int_not_equal(dequantized, SY_NONE);
    concat->inputs[0] = dequantized;
    assert_ok(*state, sy_target_nvgpu.lint(*state, made)); /* on the grid of the result */
    *floats_of(made, "a_scale") *= 2;
    assert_fault(*state, &sy_target_nvgpu, made,
                 "node 'all' (Concat): input 0 has another scale than the result");
    concat->inputs[0] = floats;
    sy_graph_destroy(made);
    sy_plan_destroy(plan);
    network_release(&net);
}

/* Weights that use the lowest code, and a convolution that nothing holds to the grid. */
static void codes_stay_above_the_lowest_and_convolutions_within_the_grid(void **state)
{
    sy_graph *graph = emitted(*state, "NVGPU");
    signed char *codes = bytes_of(graph, "w1_quantized");
    const signed char kept = codes[5];
    codes[5] = -128;
    assert_fault(
        *state, &sy_target_nvgpu, graph,
        "node 'w1_DequantizeLinear' (DequantizeLinear): code 5 of 'w1_quantized' is -128; weights are -127 "
        "to 127");
    codes[5] = kept;
    sy_node *relu = node_of(graph, "relu1");
    relu->type = "QuantizeLinear"; /* as if nothing stood between */
    sy_node *after = node_of(graph, "relu1_QuantizeLinear");
    relu->inputs = (int[]){relu->inputs[0], after->inputs[1], after->inputs[2]};
    relu->input_count = 3;
    assert_fault(*state, &sy_target_nvgpu, graph,
                 "node 'conv1' (Conv): its result is quantized without an activation or a Clip to the grid");
    relu->input_count = 1;
    relu->type = "Relu";
    assert_ok(*state, sy_target_nvgpu.lint(*state, graph));
    sy_graph_destroy(graph);
}

/* Rules that every target with QuantizeLinear and DequantizeLinear has. */
static void pairs_agree_and_scales_lie_along_their_axis(void **state)
{
    sy_graph *graph = emitted(*state, "NVGPU");
    sy_node *weight = node_of(graph, "w1_DequantizeLinear"), *x = node_of(graph, "x_DequantizeLinear");
    weight->attrs[0].i = 4;
    assert_fault(*state, &sy_target_nvgpu, graph, "axis 4 is none of its tensor");
    weight->attrs[0].i = 2;
    assert_fault(*state, &sy_target_nvgpu, graph, "4 scales along an axis of 1");
    weight->attrs[0].i = 0;
    const int scale = x->inputs[1], codes = x->inputs[0];
    x->inputs[1] = sy_graph_find_tensor(graph, "relu1_scale");
    assert_fault(*state, &sy_target_nvgpu, graph,
                 "node 'x_DequantizeLinear' (DequantizeLinear): its scale or zero point is not that of "
                 "'x_QuantizeLinear'");
    x->inputs[1] = SY_NONE;
    assert_fault(*state, &sy_target_nvgpu, graph,
                 "node 'x_DequantizeLinear' (DequantizeLinear): it has no scale");
    x->inputs[1] = scale;
    sy_tensor *integers = &graph->tensors[codes];
    const int producer = integers->producer;
    integers->producer = SY_NONE;
    assert_fault(
        *state, &sy_target_nvgpu, graph,
        "node 'x_DequantizeLinear' (DequantizeLinear): it reads neither a constant nor QuantizeLinear");
    integers->producer = producer;
    sy_tensor *zero = &graph->tensors[x->inputs[2]];
    zero->dtype = SY_DTYPE_UINT8;
    assert_fault(*state, &sy_target_nvgpu, graph, "must be a constant of 1 int8");
    zero->dtype = SY_DTYPE_INT8;
    assert_ok(*state, sy_target_nvgpu.lint(*state, graph));
    sy_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nvgpu_files_with_a_broken_rule_are_refused_by_node),
        cmocka_unit_test(every_row_of_the_nvgpu_layout_has_a_fault),
        cmocka_unit_test(a_gemm_with_4_bits_becomes_a_product_and_a_sum),
        cmocka_unit_test(weights_of_4_bits_are_checked_block_by_block),
        cmocka_unit_test(tensors_that_an_nvgpu_concat_joins_share_a_scale),
        cmocka_unit_test(codes_stay_above_the_lowest_and_convolutions_within_the_grid),
        cmocka_unit_test(pairs_agree_and_scales_lie_along_their_axis),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
