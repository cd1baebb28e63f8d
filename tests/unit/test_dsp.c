/* The DSP target: placement, widths, its check, and the encodings. */
#include <cjson/cJSON.h>
#include <math.h>

#include "dsp/encodings.h"
#include "quant/quantize.h"
#include "support/plan.h"

/* x [1,4,8,8] -> conv1 -> clip1 (0 to 6), x -> conv2; both -> cat -> pool -> sig -> conv3 -> soft. */
static network branches(sy_ctx *ctx)
{
    static const seen rows[] = {{"x", -1, 1},     {"clip1", 0, 6}, {"conv2", -3, 12},   {"cat", -3, 12},
                                {"pool", -3, 12}, {"sig", 0, 1},   {"conv3", -5.5F, 5}, {"soft", 0, 1}};
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 4, 8, 8));
    const int bias = graph_floats(ctx, graph, "b1", SHAPE(4), (const float[]){0.5F, -0.25F, 0, 1});
    const int low = graph_floats(ctx, graph, "low", (sy_shape){0}, (const float[]){0});
    const int high = graph_floats(ctx, graph, "high", (sy_shape){0}, (const float[]){6});
    const int conv1 =
        graph_node(ctx, graph, "Conv", "conv1", x, some_weights(ctx, graph, "w1", SHAPE(4, 4, 1, 1)), bias);
    const int clip1 = graph_node(ctx, graph, "Clip", "clip1", conv1, low, high);
    const int conv2 =
        graph_node(ctx, graph, "Conv", "conv2", x, some_weights(ctx, graph, "w2", SHAPE(4, 4, 1, 1)));
    const int cat = graph_node(ctx, graph, "Concat", "cat", clip1, conv2);
    graph_int_attr(ctx, graph, "axis", 1);
    const int pool = graph_node(ctx, graph, "MaxPool", "pool", cat);
    assert_ok(ctx, sy_graph_set_attr_ints(ctx, graph, graph->node_count - 1, "kernel_shape",
                                          (const int64_t[]){2, 2}, 2));
    const int sig = graph_node(ctx, graph, "Sigmoid", "sig", pool);
    const int b3 = graph_floats(ctx, graph, "b3", SHAPE(4), (const float[]){1, 2, 3, 4});
    const int conv3 =
        graph_node(ctx, graph, "Conv", "conv3", sig, some_weights(ctx, graph, "w3", SHAPE(4, 8, 1, 1)), b3);
    const int soft = graph_node(ctx, graph, "Softmax", "soft", conv3);
    graph_int_attr(ctx, graph, "axis", 1);
    graph_output(graph, soft);
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    assert_ok(ctx, sy_graph_validate(ctx, graph));
    return (network){graph, stats_of(rows, sizeof rows / sizeof rows[0])};
}

static sy_graph *emitted(sy_ctx *ctx, const sy_plan_options *options)
{
    network net = branches(ctx);
    sy_plan *plan = NULL;
    sy_graph *graph = NULL;
    assert_ok(ctx, sy_plan_create(ctx, net.graph, net.stats, sy_target_dsp.traits, options, &plan));
    assert_ok(ctx, sy_quantize_graph(ctx, plan, &graph));
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    sy_plan_destroy(plan);
    network_release(&net);
    return graph;
}

static const sy_tensor *tensor_of(const sy_graph *graph, const char *name)
{
    const int tensor = sy_graph_find_tensor(graph, name);
    if (tensor == SY_NONE)
        fail_msg("there is no tensor '%s'", name);
    return &graph->tensors[tensor];
}

static sy_node *node_of(const sy_graph *graph, const char *name)
{
    const int node = sy_graph_find_node(graph, name);
    if (node == SY_NONE)
        fail_msg("there is no node '%s'", name);
    return &graph->nodes[node];
}

static float *floats_of(const sy_graph *graph, const char *name)
{
    return (float *)tensor_of(graph, name)->data;
}

static signed char *bytes_of(const sy_graph *graph, const char *name)
{
    return (signed char *)tensor_of(graph, name)->data;
}

/* The type of the codes that a node reads at an input. */
static sy_dtype read_as(const sy_graph *graph, const char *node, int input)
{
    const int tensor = node_of(graph, node)->inputs[input];
    const sy_node *dequantize = &graph->nodes[graph->tensors[tensor].producer];
    assert_string_equal(dequantize->type, "DequantizeLinear");
    return graph->tensors[dequantize->inputs[0]].dtype;
}

static void assert_fault(sy_ctx *ctx, const sy_graph *graph, const char *text)
{
    assert_int_equal(sy_target_dsp.lint(ctx, graph), SY_E_INTERNAL);
    if (!strstr(sy_ctx_error(ctx), text))
        fail_msg("'%s' does not say '%s'", sy_ctx_error(ctx), text);
}

static void what_a_concat_joins_is_on_its_grid_and_clamps_are_left_to_grids(void **state)
{
    sy_graph *graph = emitted(*state, &(sy_plan_options){0});
    assert_ok(*state, sy_target_dsp.lint(*state, graph));
    assert_int_equal(sy_graph_opset(graph), 17);
    assert_true(floats_of(graph, "cat_scale")[0] == 15.0F / 255);
    assert_true(floats_of(graph, "clip1_scale")[0] < 6.0F / 255 * 1.0001F);
    assert_int_equal(bytes_of(graph, "clip1_zero_point")[0], 0);
    /* clip1 has its own grid and is converted; conv2 has another range too. */
    assert_true(floats_of(graph, "clip1_converted_scale")[0] == 15.0F / 255);
    assert_non_null(node_of(graph, "clip1_converted_QuantizeLinear"));
    sy_graph_destroy(graph);
}

static void what_is_known_of_an_operator_decides_its_grid(void **state)
{
    sy_graph *graph = emitted(*state, &(sy_plan_options){0});
    assert_true(floats_of(graph, "sig_scale")[0] == 1.0F / 256);
    assert_int_equal(bytes_of(graph, "sig_zero_point")[0], 0);
    assert_true(floats_of(graph, "soft_scale")[0] == 1.0F / 256);
    sy_graph_destroy(graph);
    graph = emitted(*state, &(sy_plan_options){.wide = true});
    assert_true(floats_of(graph, "sig_scale")[0] == 1.0F / 65536);
    sy_graph_destroy(graph);
}

static void sixteen_bits_everywhere_raise_the_opset_and_leave_weights_alone(void **state)
{
    sy_graph *graph = emitted(*state, &(sy_plan_options){.wide = true});
    assert_ok(*state, sy_target_dsp.lint(*state, graph));
    assert_int_equal(sy_graph_opset(graph), 21);
    for (int n = 0; n < graph->node_count; n++)
        if (strcmp(graph->nodes[n].type, "QuantizeLinear") == 0)
            assert_int_equal(graph->tensors[graph->nodes[n].outputs[0]].dtype, SY_DTYPE_UINT16);
    assert_int_equal(tensor_of(graph, "w3_quantized")->dtype, SY_DTYPE_INT8);
    assert_true(floats_of(graph, "x_scale")[0] == 2.0F / 65535);
    assert_int_equal(((const uint16_t *)tensor_of(graph, "x_zero_point")->data)[0], 32768);
    sy_graph_destroy(graph);
}

static void one_node_of_sixteen_bits_has_what_it_reads_converted(void **state)
{
    const char *const wide[] = {"conv3"};
    sy_graph *graph = emitted(*state, &(sy_plan_options){.wide_nodes = wide, .wide_count = 1});
    assert_ok(*state, sy_target_dsp.lint(*state, graph));
    assert_int_equal(tensor_of(graph, "sig_QuantizeLinear_Output")->dtype, SY_DTYPE_UINT8);
    assert_int_equal(read_as(graph, "conv3", 0), SY_DTYPE_UINT16);
    assert_int_equal(tensor_of(graph, "conv3_QuantizeLinear_Output")->dtype, SY_DTYPE_UINT16);
    assert_int_equal(read_as(graph, "soft", 0), SY_DTYPE_UINT8);
    assert_int_equal(read_as(graph, "conv1", 0), SY_DTYPE_UINT8);
    /* The converted grid is what the bias is scaled by. */
    assert_true(floats_of(graph, "b3_quantized_scale")[0] ==
                floats_of(graph, "sig_converted_scale")[0] * floats_of(graph, "w3_scale")[0]);
    sy_graph_destroy(graph);
}

static void what_moves_values_keeps_their_width_and_inputs_follow_readers(void **state)
{
    const char *const wide[] = {"pool"};
    sy_graph *graph = emitted(*state, &(sy_plan_options){.wide_nodes = wide, .wide_count = 1});
    assert_ok(*state, sy_target_dsp.lint(*state, graph));
    assert_int_equal(tensor_of(graph, "cat_QuantizeLinear_Output")->dtype, SY_DTYPE_UINT16);
    assert_int_equal(read_as(graph, "cat", 0), SY_DTYPE_UINT16);
    assert_int_equal(tensor_of(graph, "conv2_QuantizeLinear_Output")->dtype, SY_DTYPE_UINT8);
    sy_graph_destroy(graph);

    const char *const first[] = {"conv2"};
    graph = emitted(*state, &(sy_plan_options){.wide_nodes = first, .wide_count = 1});
    assert_ok(*state, sy_target_dsp.lint(*state, graph));
    assert_int_equal(tensor_of(graph, "x_QuantizeLinear_Output")->dtype, SY_DTYPE_UINT16);
    assert_int_equal(read_as(graph, "conv1", 0), SY_DTYPE_UINT8);
    assert_int_equal(read_as(graph, "conv2", 0), SY_DTYPE_UINT16);
    sy_graph_destroy(graph);
}

static void targets_without_sixteen_bits_refuse_them(void **state)
{
    network net = branches(*state);
    sy_plan *plan = NULL;
    const char *const names[] = {"conv3"}, *const unknown[] = {"conv33"};
    const sy_plan_options all = {.wide = true}, one = {.wide_nodes = names, .wide_count = 1},
                          wrong = {.wide_nodes = unknown, .wide_count = 1};
    assert_fails(
        *state, sy_plan_create(*state, net.graph, net.stats, sy_target_nvgpu.traits, &all, &plan),
        SY_E_UNSUPPORTED,
        "this target has no 16-bit activations: leave activation_bit_num = 16 out, or ask for a target that "
        "has them");
    assert_fails(
        *state, sy_plan_create(*state, net.graph, net.stats, sy_target_generic.traits, &one, &plan),
        SY_E_UNSUPPORTED,
        "this target has no 16-bit activations: leave activation_16bit_node out, or ask for a target that "
        "has them");
    assert_fails(
        *state, sy_plan_create(*state, net.graph, net.stats, sy_target_dsp.traits, &wrong, &plan),
        SY_E_CONFIG,
        "activation_16bit_node names 'conv33', which is no node of the model: did you mean 'conv3'?");
    assert_null(plan);
    network_release(&net);
}

static void rules_of_numbers_are_checked(void **state)
{
    sy_graph *graph = emitted(*state, &(sy_plan_options){0});

    graph->opsets[0].version = 16; /* rule 1 */
    assert_int_equal(sy_target_dsp.lint(*state, graph), SY_E_INTERNAL);
    assert_string_equal(sy_ctx_error(*state), "opset 16: the file must have 17 at least");
    graph->opsets[0].version = 17;

    sy_tensor *pool = &graph->tensors[sy_graph_find_tensor(graph, "pool")]; /* rule 2 */
    pool->shape.dims[0] = SY_NONE;
    assert_fault(*state, graph, "node 'pool' (MaxPool): the size of 'pool' is not a number: [?,8,7,7]");
    pool->shape.dims[0] = 1;

    sy_node *dequantize = node_of(graph, "x_DequantizeLinear"); /* rule 4 */
    dequantize->input_count = 2;
    assert_fault(*state, graph,
                 "node 'x_DequantizeLinear' (DequantizeLinear): the zero point must be written");
    dequantize->input_count = 3;

    floats_of(graph, "x_scale")[0] *= -1;
    assert_fault(*state, graph, "it must be positive and finite");
    floats_of(graph, "x_scale")[0] *= -1;

    signed char *code = bytes_of(graph, "w1_quantized"), kept = code[5]; /* rule 5 */
    code[5] = -128;
    assert_fault(*state, graph, "code 5 of 'w1_quantized' is -128; weights are -127 to 127");
    code[5] = kept;

    sy_tensor *weights = &graph->tensors[sy_graph_find_tensor(graph, "w1_quantized")]; /* rules 3, 5 and 6 */
    sy_tensor *zeros = &graph->tensors[sy_graph_find_tensor(graph, "w1_zero_point")];
    weights->dtype = zeros->dtype = SY_DTYPE_BOOL;
    assert_fault(
        *state, graph,
        "node 'w1_DequantizeLinear' (DequantizeLinear): a constant must be uint8, uint16, int8 or int32, "
        "not bool");
    weights->dtype = zeros->dtype = SY_DTYPE_INT8;

    bytes_of(graph, "w1_zero_point")[2] = 1;
    assert_fault(*state, graph,
                 "node 'w1_DequantizeLinear' (DequantizeLinear): the zero point of int8 must be 0");
    bytes_of(graph, "w1_zero_point")[2] = 0;

    sy_attr *axis = &node_of(graph, "w1_DequantizeLinear")->attrs[0];
    axis->i = 1;
    assert_fault(*state, graph, "node 'conv1' (Conv): its weights are quantized along axis 1");
    axis->i = 0;

    floats_of(graph, "b1_quantized_scale")[3] *= 1.0001F; /* rule 6 */
    assert_fault(
        *state, graph,
        "node 'conv1' (Conv): scale 3 of its bias is not that of its input times that of its weights");
    sy_graph_destroy(graph);
}

static void only_uint8_and_uint16_are_activations(void **state)
{
    sy_graph *graph = emitted(*state, &(sy_plan_options){0});
    static const char *const names[] = {"sig_zero_point", "sig_QuantizeLinear_Output"};
    for (int i = 0; i < 2; i++)
        graph->tensors[sy_graph_find_tensor(graph, names[i])].dtype = SY_DTYPE_INT8;
    assert_fault(
        *state, graph,
        "node 'sig_QuantizeLinear' (QuantizeLinear): an activation must be uint8 or uint16, not int8");
    sy_graph_destroy(graph);

    graph = emitted(*state, &(sy_plan_options){.wide = true});
    graph->opsets[0].version = 17;
    assert_fault(*state, graph, "node 'x_QuantizeLinear' (QuantizeLinear): uint16 needs opset 21, not 17");
    sy_graph_destroy(graph);
}

/* A depthwise convolution with a channel of zeros and one of tiny weights, both with a bias. */
static void all_but_dead_channels_keep_their_bias_and_a_factor_the_processor_has(void **state)
{
    static const seen rows[] = {{"x", -1, 1}, {"conv", -9, 9}};
    const float biases[] = {0.5F, 3, 9, 1e-3F};
    sy_graph *graph = graph_create(*state, 17), *out = NULL;
    sy_plan *plan = NULL;
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 4, 8, 8));
    const int w = graph_floats(*state, graph, "w", SHAPE(4, 1, 1, 1), (const float[]){1.27F, 0, 1e-30F, 0});
    const int b = graph_floats(*state, graph, "b", SHAPE(4), biases);
    graph_output(graph, graph_node(*state, graph, "Conv", "conv", x, w, b));
    graph_int_attr(*state, graph, "group", 4);
    assert_ok(*state, sy_infer_shapes(*state, graph));
    sy_stats *stats = stats_of(rows, 2);
    assert_ok(*state,
              sy_plan_create(*state, graph, stats, sy_target_dsp.traits, &(sy_plan_options){0}, &plan));
    assert_ok(*state, sy_quantize_graph(*state, plan, &out));
    assert_ok(*state, sy_infer_shapes(*state, out));
    assert_ok(*state, sy_target_dsp.lint(*state, out));
    const float *scales = floats_of(out, "b_quantized_scale");
    const int32_t *codes = tensor_of(out, "b_quantized")->data;
    const float step = floats_of(out, "conv_scale")[0];
    for (int c = 0; c < 4; c++) {
        assert_true((double)scales[c] / (double)step >= 0x1p-20 * (1 - 1e-6));
        assert_true(fabs((double)scales[c] * codes[c] - (double)biases[c]) <= (double)step / 100);
    }
    floats_of(out, "w_scale")[1] /= 1024;
    assert_fault(*state, out,
                 "node 'conv' (Conv): the factor from products to results of channel 1 is less than 2^-20");
    sy_graph_destroy(out);
    sy_plan_destroy(plan);
    sy_stats_destroy(stats);
    sy_graph_destroy(graph);
}

static void rules_of_products_are_checked(void **state)
{
    sy_graph *graph = emitted(*state, &(sy_plan_options){0});
    sy_node *conv = node_of(graph, "conv1");

    const int input = conv->inputs[0]; /* rule 7 */
    conv->inputs[0] = sy_graph_find_tensor(graph, "x");
    assert_fault(*state, graph, "node 'conv1' (Conv): one operand is quantized and the other is not");
    conv->inputs[0] = input;

    const int bias = conv->inputs[2];
    conv->inputs[2] = sy_graph_find_tensor(graph, "x");
    assert_fault(*state, graph, "node 'conv1' (Conv): its bias is float");
    conv->inputs[2] = bias;

    graph->tensors[sy_graph_find_tensor(graph, "w1_quantized")].dtype = SY_DTYPE_UINT8;
    graph->tensors[sy_graph_find_tensor(graph, "w1_zero_point")].dtype = SY_DTYPE_UINT8;
    assert_fault(*state, graph, "node 'conv1' (Conv): its weights are uint8, not int8");
    graph->tensors[sy_graph_find_tensor(graph, "w1_quantized")].dtype = SY_DTYPE_INT8;
    graph->tensors[sy_graph_find_tensor(graph, "w1_zero_point")].dtype = SY_DTYPE_INT8;

    bytes_of(graph, "clip1_zero_point")[0] = 2;
    assert_fault(*state, graph,
                 "node 'clip1' (Clip): codes of its result stand for values outside its limits");
    bytes_of(graph, "clip1_zero_point")[0] = 0;

    sy_node *quantize = node_of(graph, "conv2_QuantizeLinear");
    const int result = quantize->inputs[0];
    quantize->inputs[0] = sy_graph_find_tensor(graph, "x");
    assert_fault(*state, graph, "node 'conv2' (Conv): its inputs are integers but its result is not");
    quantize->inputs[0] = result;
    assert_ok(*state, sy_target_dsp.lint(*state, graph));
    sy_graph_destroy(graph);
}

static void rules_of_other_operators_are_checked(void **state)
{
    sy_graph *graph = emitted(*state, &(sy_plan_options){0});

    floats_of(graph, "soft_scale")[0] = 1.0F / 255; /* rule 8 */
    assert_fault(*state, graph,
                 "node 'soft' (Softmax): scale and zero point of its result must be 0.00390625 and 0");
    floats_of(graph, "soft_scale")[0] = 1.0F / 256;

    bytes_of(graph, "pool_zero_point")[0]++; /* rule 9 */
    assert_fault(*state, graph,
                 "node 'pool' (MaxPool): it only moves values, but its result has another scale");
    bytes_of(graph, "pool_zero_point")[0]--;

    floats_of(graph, "clip1_converted_scale")[0] *= 2; /* rule 10 */
    assert_fault(*state, graph, "node 'cat' (Concat): input 0 has another scale than the result");
    floats_of(graph, "clip1_converted_scale")[0] /= 2;
    assert_ok(*state, sy_target_dsp.lint(*state, graph));
    sy_graph_destroy(graph);

    const char *const wide[] = {"conv3"};
    graph = emitted(*state, &(sy_plan_options){.wide_nodes = wide, .wide_count = 1});
    node_of(graph, "conv3")->inputs[0] =
        sy_graph_find_tensor(graph, "sig_DequantizeLinear_Output"); /* rule 11 */
    assert_fault(*state, graph, "node 'conv3' (Conv): input 0 is uint8 beside uint16");
    sy_graph_destroy(graph);
}

/* The encodings of `graph`, parsed. */
static cJSON *encodings_of(sy_ctx *ctx, const sy_graph *graph, sy_encodings_version version)
{
    sy_text text = {0};
    assert_ok(ctx, sy_encodings_print(ctx, graph, version, &text));
    cJSON *root = cJSON_Parse(text.bytes);
    assert_non_null(root);
    sy_text_release(&text);
    return root;
}

static const cJSON *named_entry(const cJSON *list, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list) if (strcmp(cJSON_GetObjectItem(item, "name")->valuestring, name) ==
                                       0) return item;
    fail_msg("there is no entry '%s'", name);
    return NULL;
}

static double element(const cJSON *object, const char *name, int index)
{
    return cJSON_GetNumberValue(cJSON_GetArrayItem(cJSON_GetObjectItem(object, name), index));
}

static void encodings_hold_the_scales_of_the_file_in_full(void **state)
{
    sy_graph *graph = emitted(*state, &(sy_plan_options){0});
    cJSON *root = encodings_of(*state, graph, SY_ENCODINGS_1_0_0);
    assert_string_equal(cJSON_GetObjectItem(root, "version")->valuestring, "1.0.0");
    const cJSON *activations = cJSON_GetObjectItem(root, "activation_encodings");
    const cJSON *params = cJSON_GetObjectItem(root, "param_encodings");
    assert_int_equal(cJSON_GetArraySize(activations), 8); /* x clip1 conv2 cat pool sig conv3 soft */
    assert_int_equal(cJSON_GetArraySize(params), 3);

    const cJSON *conv2 = named_entry(activations, "conv2");
    assert_true((float)element(conv2, "scale", 0) == floats_of(graph, "conv2_scale")[0]);
    assert_true(element(conv2, "offset", 0) == -(double)(uint8_t)bytes_of(graph, "conv2_zero_point")[0]);
    assert_string_equal(cJSON_GetObjectItem(conv2, "enc_type")->valuestring, "PER_TENSOR");
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(conv2, "is_sym")));
    (void)named_entry(activations, "soft"); /* the output of the network, by its name */

    const cJSON *w1 = named_entry(params, "w1");
    assert_string_equal(cJSON_GetObjectItem(w1, "enc_type")->valuestring, "PER_CHANNEL");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(w1, "scale")), 4);
    for (int c = 0; c < 4; c++) {
        assert_true((float)element(w1, "scale", c) == floats_of(graph, "w1_scale")[c]);
        assert_true(element(w1, "offset", c) == -128);
    }
    assert_true(cJSON_IsTrue(cJSON_GetObjectItem(w1, "is_sym")));
    cJSON_Delete(root);
    sy_graph_destroy(graph);
}

static void older_encodings_hold_ranges_and_texts_for_booleans(void **state)
{
    const char *const wide[] = {"conv3"};
    sy_graph *graph = emitted(*state, &(sy_plan_options){.wide_nodes = wide, .wide_count = 1});
    cJSON *root = encodings_of(*state, graph, SY_ENCODINGS_0_6_1);
    assert_string_equal(cJSON_GetObjectItem(root, "version")->valuestring, "0.6.1");
    const cJSON *conv3 = cJSON_GetArrayItem(
        cJSON_GetObjectItem(cJSON_GetObjectItem(root, "activation_encodings"), "conv3"), 0);
    assert_non_null(conv3);
    const double scale = cJSON_GetObjectItem(conv3, "scale")->valuedouble;
    const double offset = cJSON_GetObjectItem(conv3, "offset")->valuedouble;
    assert_int_equal(cJSON_GetObjectItem(conv3, "bitwidth")->valueint, 16);
    assert_string_equal(cJSON_GetObjectItem(conv3, "is_symmetric")->valuestring, "False");
    assert_true(fabs(cJSON_GetObjectItem(conv3, "min")->valuedouble - -5.5) < 1e-3);
    assert_true(fabs(cJSON_GetObjectItem(conv3, "max")->valuedouble - 5) < 1e-3);
    assert_true(fabs(cJSON_GetObjectItem(conv3, "min")->valuedouble - scale * offset) < 1e-12);
    const cJSON *w3 = cJSON_GetObjectItem(cJSON_GetObjectItem(root, "param_encodings"), "w3");
    assert_int_equal(cJSON_GetArraySize(w3), 4);
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(w3, 0), "is_symmetric")->valuestring, "True");
    assert_true(fabs(cJSON_GetObjectItem(cJSON_GetArrayItem(w3, 0), "max")->valuedouble - 1.27) < 1e-6);
    cJSON_Delete(root);
    sy_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_concat_joins_is_on_its_grid_and_clamps_are_left_to_grids),
        cmocka_unit_test(what_is_known_of_an_operator_decides_its_grid),
        cmocka_unit_test(sixteen_bits_everywhere_raise_the_opset_and_leave_weights_alone),
        cmocka_unit_test(one_node_of_sixteen_bits_has_what_it_reads_converted),
        cmocka_unit_test(what_moves_values_keeps_their_width_and_inputs_follow_readers),
        cmocka_unit_test(targets_without_sixteen_bits_refuse_them),
        cmocka_unit_test(rules_of_numbers_are_checked),
        cmocka_unit_test(only_uint8_and_uint16_are_activations),
        cmocka_unit_test(all_but_dead_channels_keep_their_bias_and_a_factor_the_processor_has),
        cmocka_unit_test(rules_of_products_are_checked),
        cmocka_unit_test(rules_of_other_operators_are_checked),
        cmocka_unit_test(encodings_hold_the_scales_of_the_file_in_full),
        cmocka_unit_test(older_encodings_hold_ranges_and_texts_for_booleans),
    };
    return cmocka_run_group_tests_name("dsp", tests, open_ctx, close_ctx);
}
