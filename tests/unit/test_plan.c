#include <float.h>
#include <math.h>

#include "solve/plan.h"
#include "support/log.h"
#include "support/plan.h"

static void an_activation_is_quantized_after_it_and_not_before(void **state)
{
    network net = residual_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    assert_int_equal(tensor_plan(plan, "conv1")->role, SY_ROLE_FLOAT);
    assert_int_equal(tensor_plan(plan, "sum")->role, SY_ROLE_FLOAT);
    assert_int_equal(tensor_plan(plan, "relu1")->role, SY_ROLE_ACTIVATION);
    assert_true(tensor_plan(plan, "relu1")->scales[0].scale == 5.0F / 255);
    assert_int_equal(tensor_plan(plan, "relu1")->scales[0].zero, 0);
    assert_true(node_plan(plan, "relu1")->quantized);
    assert_int_equal(node_plan(plan, "relu1")->head, sy_graph_find_node(net.graph, "conv1"));
    sy_plan_destroy(plan);
    network_release(&net);
}

static void everything_between_integers_is_quantized_on_generic(void **state)
{
    network net = residual_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    for (int n = 0; n < net.graph->node_count; n++)
        assert_true(plan->nodes[n].quantized && !plan->nodes[n].reason);
    assert_true(sy_plan_output_is_quantized(plan, net.graph->outputs[0]));
    sy_plan_destroy(plan);
    network_release(&net);
}

static void what_a_pool_picks_from_has_the_scale_of_what_it_picks(void **state)
{
    network net = residual_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    assert_true(tensor_plan(plan, "pool")->scales[0].scale == tensor_plan(plan, "relu2")->scales[0].scale);
    assert_string_equal(tensor_plan(plan, "pool")->method, "shared with relu2");
    assert_string_equal(tensor_plan(plan, "relu2")->method, "MAX_MIN");
    sy_plan_destroy(plan);
    network_release(&net);
}

static void of_a_residual_sum_only_the_shortcut_is_quantized_on_nvgpu(void **state)
{
    network net = residual_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "NVGPU");
    const int sum = sy_graph_find_node(net.graph, "sum");
    assert_true(plan->nodes[sum].quantized);
    assert_int_equal(plan->nodes[sum].float_input, 0);
    assert_int_equal(tensor_plan(plan, "conv2")->role, SY_ROLE_FLOAT);
    assert_false(sy_plan_reads_integers(plan, sum, 0));
    assert_true(sy_plan_reads_integers(plan, sum, 1));
    /* The network's output stays as it is computed. */
    assert_int_equal(tensor_plan(plan, "conv3")->role, SY_ROLE_FLOAT);
    assert_true(tensor_plan(plan, "relu1")->scales[0].scale == 5.0F / 127);
    assert_int_equal(tensor_plan(plan, "relu1")->scales[0].zero, 0);
    sy_plan_destroy(plan);
    network_release(&net);
}

static void a_skipped_node_stays_float_and_says_so(void **state)
{
    static const char *const names[] = {"conv2"};
    network net = residual_network(*state);
    sy_plan *plan = NULL;
    const sy_plan_options options = {.skip_nodes = names, .skip_count = 1};
    assert_ok(*state, sy_plan_create(*state, net.graph, net.stats, traits_of("GENERIC"), &options, &plan));
    assert_false(node_plan(plan, "conv2")->quantized);
    assert_string_equal(node_plan(plan, "conv2")->reason, "skip_quant_node");
    assert_string_equal(node_plan(plan, "sum")->reason, "what it reads is computed in float");
    assert_true(node_plan(plan, "conv1")->quantized);
    assert_int_equal(tensor_plan(plan, "w2")->role, SY_ROLE_FLOAT);
    /* What conv1 and relu1 store exists as integers only, so conv2 reads those dequantized. */
    assert_true(sy_plan_reads_integers(plan, sy_graph_find_node(net.graph, "conv2"), 0));
    sy_plan_destroy(plan);
    network_release(&net);
}

static void a_skipped_activation_keeps_its_whole_group_float(void **state)
{
    static const char *const names[] = {"relu1"};
    network net = residual_network(*state);
    sy_plan *plan = NULL;
    const sy_plan_options options = {.skip_nodes = names, .skip_count = 1};
    assert_ok(*state, sy_plan_create(*state, net.graph, net.stats, traits_of("GENERIC"), &options, &plan));
    assert_string_equal(node_plan(plan, "relu1")->reason, "skip_quant_node");
    assert_string_equal(node_plan(plan, "conv1")->reason, "skip_quant_node names the node that finishes it");
    assert_int_equal(tensor_plan(plan, "conv1")->role, SY_ROLE_FLOAT);
    sy_plan_destroy(plan);
    network_release(&net);
}

static void wrong_names_are_errors_that_name_the_nearest(void **state)
{
    static const char *const names[] = {"conv22"};
    network net = residual_network(*state);
    sy_plan *plan = NULL;
    const sy_plan_options skip = {.skip_nodes = names, .skip_count = 1};
    assert_fails(*state, sy_plan_create(*state, net.graph, net.stats, traits_of("GENERIC"), &skip, &plan),
                 SY_E_CONFIG,
                 "skip_quant_node names 'conv22', which is no node of the model: did you mean 'conv2'?");
    const sy_plan_options method = {.method = "MAXMIN"};
    assert_fails(*state, sy_plan_create(*state, net.graph, net.stats, traits_of("GENERIC"), &method, &plan),
                 SY_E_CONFIG, "there is no range method 'MAXMIN': did you mean MAX_MIN?");
    assert_null(plan);
    network_release(&net);
}

static void tensors_that_the_statistics_lack_are_named(void **state)
{
    network net = residual_network(*state);
    sy_plan *plan = NULL;
    const sy_plan_options options = {0};
    net.stats->tensors[2].name = net.stats->tensors[3].name = "something else"; /* relu1 and conv2 */
    assert_fails(*state, sy_plan_create(*state, net.graph, net.stats, traits_of("GENERIC"), &options, &plan),
                 SY_E_DATA,
                 "the statistics hold nothing about 2 tensors of the model that must be quantized: 'relu1', "
                 "'conv2'; were "
                 "they made from this model?");
    network_release(&net);
}

static void a_tensor_without_a_finite_value_is_an_error(void **state)
{
    network net = residual_network(*state);
    sy_plan *plan = NULL;
    const sy_plan_options options = {0};
    net.stats->tensors[0].elements = 0;
    assert_int_equal(sy_plan_create(*state, net.graph, net.stats, traits_of("GENERIC"), &options, &plan),
                     SY_E_NUMERIC);
    assert_non_null(strstr(sy_ctx_error(*state), "'x'"));
    network_release(&net);
}

/* x -> a: Conv, Clip to [0,6] (or Relu) and b: Conv, Relu; both -> Concat -> Conv. */
static network concat_network(sy_ctx *ctx, bool same_activation)
{
    static const seen rows[] = {{"x", -1, 1}, {"a", 0, 5}, {"b", 0, 9}, {"concat", 0, 9}, {"last", -1, 1}};
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 4, 8, 8));
    const int limits[] = {graph_floats(ctx, graph, "zero", (sy_shape){0}, (const float[]){0}),
                          graph_floats(ctx, graph, "six", (sy_shape){0}, (const float[]){6})};
    const int conv_a =
        graph_node(ctx, graph, "Conv", "conv_a", x, some_weights(ctx, graph, "wa", SHAPE(4, 4, 1, 1)));
    const int a = same_activation ? graph_node(ctx, graph, "Relu", "a", conv_a)
                                  : graph_node(ctx, graph, "Clip", "a", conv_a, limits[0], limits[1]);
    const int conv_b =
        graph_node(ctx, graph, "Conv", "conv_b", x, some_weights(ctx, graph, "wb", SHAPE(4, 4, 1, 1)));
    const int b = graph_node(ctx, graph, "Relu", "b", conv_b);
    const int concat = graph_node(ctx, graph, "Concat", "concat", a, b);
    graph_int_attr(ctx, graph, "axis", 1);
    graph_output(graph, graph_node(ctx, graph, "Conv", "last", concat,
                                   some_weights(ctx, graph, "wl", SHAPE(4, 8, 1, 1))));
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    return (network){graph, stats_of(rows, sizeof rows / sizeof rows[0])};
}

static void inputs_of_a_concat_get_the_scale_of_its_result(void **state)
{
    network net = concat_network(*state, true);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    assert_true(tensor_plan(plan, "a")->scales[0].scale == 9.0F / 255);
    assert_true(tensor_plan(plan, "b")->scales[0].scale == 9.0F / 255);
    assert_true(tensor_plan(plan, "concat")->scales[0].scale == 9.0F / 255);
    sy_plan_destroy(plan);
    network_release(&net);
}

static void a_clip_keeps_its_own_grid_where_another_would_not_imply_its_limits(void **state)
{
    network net = concat_network(*state, false);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    assert_true(tensor_plan(plan, "a")->scales[0].scale == 5.0F / 255);
    assert_true(tensor_plan(plan, "concat")->scales[0].scale == 9.0F / 255);
    sy_plan_destroy(plan);
    /* A symmetric grid implies no limits anyway. */
    plan = plan_of(*state, net.graph, net.stats, "NVGPU");
    assert_int_equal(tensor_plan(plan, "a")->role, SY_ROLE_FLOAT); /* the result alone is quantized */
    assert_int_equal(tensor_plan(plan, "concat")->role, SY_ROLE_ACTIVATION);
    assert_true(node_plan(plan, "concat")->quantized);
    sy_plan_destroy(plan);
    network_release(&net);
}

static void the_grid_of_a_clip_ends_inside_its_limits(void **state)
{
    network net = concat_network(*state, false);
    for (uint32_t i = 0; i < net.stats->tensor_count; i++)
        if (strcmp(net.stats->tensors[i].name, "a") == 0)
            net.stats->tensors[i].max = 6;
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    assert_true(sy_dequantize_value(tensor_plan(plan, "a")->scales[0], 255) <= 6);
    sy_plan_destroy(plan);
    network_release(&net);
}

/* A float operator beside a product: x -> MatMul + bias -> y, read by another MatMul and by Erf. */
static network matmul_network(sy_ctx *ctx)
{
    static const seen rows[] = {{"x", -1, 1}, {"y", -2, 2}, {"z", -1, 1}};
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 24, 32));
    const int product =
        graph_node(ctx, graph, "MatMul", "first", x, some_weights(ctx, graph, "w", SHAPE(32, 32)));
    const int y = graph_node(ctx, graph, "Add", "y", product, some_weights(ctx, graph, "bias", SHAPE(32)));
    graph_output(graph,
                 graph_node(ctx, graph, "MatMul", "z", y, some_weights(ctx, graph, "v", SHAPE(32, 16))));
    graph_output(graph, graph_node(ctx, graph, "Erf", "erf", y));
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    return (network){graph, stats_of(rows, sizeof rows / sizeof rows[0])};
}

static void a_product_that_can_write_floats_gives_them_to_float_readers(void **state)
{
    network net = matmul_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    const int erf = sy_graph_find_node(net.graph, "erf"), z = sy_graph_find_node(net.graph, "z");
    assert_int_equal(tensor_plan(plan, "y")->role, SY_ROLE_ACTIVATION);
    assert_false(tensor_plan(plan, "y")->stored);
    assert_true(sy_plan_reads_integers(plan, z, 0));
    assert_false(sy_plan_reads_integers(plan, erf, 0));
    assert_string_equal(plan->nodes[erf].reason, "Erf has no integer form on this target");
    assert_int_equal(node_plan(plan, "first")->bias_add, sy_graph_find_node(net.graph, "y"));
    sy_plan_destroy(plan);
    network_release(&net);
}

static void a_matrix_has_its_scales_along_the_columns_it_makes(void **state)
{
    network net = matmul_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    assert_int_equal(tensor_plan(plan, "v")->axis, 1);
    assert_int_equal(tensor_plan(plan, "v")->channels, 16);
    assert_int_equal(sy_plan_channels(plan, sy_graph_find_node(net.graph, "z")), 16);
    sy_plan_destroy(plan);

    const sy_plan_options per_layer = {.per_layer = true};
    assert_ok(*state, sy_plan_create(*state, net.graph, net.stats, traits_of("GENERIC"), &per_layer, &plan));
    assert_int_equal(tensor_plan(plan, "v")->axis, SY_NONE);
    assert_true(tensor_plan(plan, "v")->scales[0].scale == 0.01F);
    sy_plan_destroy(plan);
    network_release(&net);
}

/* One Gemm [rows,k] x [k,n], as a graph with statistics. */
static network gemm_network(sy_ctx *ctx, int64_t rows, int64_t k, int64_t n)
{
    static const seen seen_rows[] = {{"x", -1, 1}, {"gemm", -2, 2}};
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(rows, k));
    graph_output(graph,
                 graph_node(ctx, graph, "Gemm", "gemm", x, some_weights(ctx, graph, "w", SHAPE(n, k))));
    graph_int_attr(ctx, graph, "transB", 1);
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    return (network){graph, stats_of(seen_rows, 2)};
}

static void small_products_stay_float_on_nvgpu(void **state)
{
    static const struct {
        int64_t rows, k, n;
        const char *reason;
    } cases[] = {
        {8, 32, 32, NULL},
        {SY_NONE, 32, 32, NULL},
        {8, 16, 16, NULL},
        {1, 32, 32, "a product with a single row is faster in float"},
        {8, 15, 32, "a matrix with a side of 15, less than 16, is faster in float"},
        {8, 32, 10, "a matrix with a side of 10, less than 16, is faster in float"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        network net = gemm_network(*state, cases[i].rows, cases[i].k, cases[i].n);
        sy_plan *plan = plan_of(*state, net.graph, net.stats, "NVGPU");
        const char *reason = node_plan(plan, "gemm")->reason;
        assert_true(!reason == !cases[i].reason);
        if (reason)
            assert_string_equal(reason, cases[i].reason);
        sy_plan_destroy(plan);
        plan = plan_of(*state, net.graph, net.stats, "GENERIC");
        assert_true(node_plan(plan, "gemm")->quantized);
        assert_int_equal(tensor_plan(plan, "w")->axis, 0);
        sy_plan_destroy(plan);
        network_release(&net);
    }
}

/* A depthwise convolution with a channel of zeros and one of tiny weights with a large bias. */
static network dead_network(sy_ctx *ctx)
{
    static const seen rows[] = {{"x", -1, 1}, {"conv", -9, 9}};
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 4, 8, 8));
    const int w = graph_floats(ctx, graph, "w", SHAPE(4, 1, 1, 1), (const float[]){1.27F, 0, 1e-30F, 0});
    const int b = graph_floats(ctx, graph, "b", SHAPE(4), (const float[]){0.5F, 3, 9, 0});
    graph_output(graph, graph_node(ctx, graph, "Conv", "conv", x, w, b));
    graph_int_attr(ctx, graph, "group", 4);
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    return (network){graph, stats_of(rows, 2)};
}

static void biases_of_dead_channels_keep_their_value_and_fit(void **state)
{
    network net = dead_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    const sy_tensor_plan *weight = tensor_plan(plan, "w");
    const float x_scale = tensor_plan(plan, "x")->scales[0].scale, biases[] = {0.5F, 3, 9, 0};
    assert_true(weight->scales[0].scale == 0.01F);
    assert_true(weight->scales[3].scale == 1);
    for (int c = 0; c < 4; c++) {
        int32_t q;
        assert_true(sy_quantize_bias(biases[c], x_scale, weight->scales[c].scale, &q));
        const double back = (double)q * (double)(x_scale * weight->scales[c].scale);
        assert_true(fabs(back - (double)biases[c]) <= (double)x_scale * 0.01);
    }
    sy_plan_destroy(plan);
    network_release(&net);
}

static void a_new_bias_is_kept_and_widens_weights_it_would_overflow(void **state)
{
    network net = dead_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    const float huge[] = {1e9F, 0, 0, 0};
    float got[4];
    int count;
    assert_fails(*state, sy_plan_set_bias(*state, plan, 0, huge, 3), SY_E_ARGUMENT,
                 "node 'conv' has 4 output channels, not 3");
    assert_ok(*state, sy_plan_set_bias(*state, plan, 0, huge, 4));
    assert_ok(*state, sy_plan_bias(*state, plan, 0, got, &count));
    assert_int_equal(count, 4);
    assert_memory_equal(got, huge, sizeof huge);
    int32_t q;
    assert_true(tensor_plan(plan, "w")->scales[0].scale > 0.01F);
    assert_true(sy_quantize_bias(1e9F, tensor_plan(plan, "x")->scales[0].scale,
                                 tensor_plan(plan, "w")->scales[0].scale, &q));
    sy_plan_destroy(plan);
    network_release(&net);
}

static void a_node_that_is_no_product_takes_no_bias(void **state)
{
    network net = residual_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    const float bias[] = {0};
    assert_fails(*state, sy_plan_set_bias(*state, plan, sy_graph_find_node(net.graph, "pool"), bias, 1),
                 SY_E_ARGUMENT,
                 "node 'pool' is no quantized product with constant weights: it takes no bias");
    sy_plan_destroy(plan);
    network_release(&net);
}

static void the_scales_of_a_grouped_transposed_convolution_repeat_over_groups(void **state)
{
    static const seen rows[] = {{"x", -1, 1}, {"up", -9, 9}};
    sy_graph *graph = graph_create(*state, 13);
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 4, 8, 8));
    const int w = some_weights(*state, graph, "w", SHAPE(4, 3, 2, 2));
    graph_output(graph, graph_node(*state, graph, "ConvTranspose", "up", x, w));
    graph_int_attr(*state, graph, "group", 2);
    assert_ok(*state, sy_infer_shapes(*state, graph));
    network net = {graph, stats_of(rows, 2)};
    sy_plan *plan = plan_of(*state, graph, net.stats, "GENERIC");
    assert_int_equal(tensor_plan(plan, "w")->axis, 1);
    assert_int_equal(tensor_plan(plan, "w")->channels, 3);
    assert_int_equal(sy_plan_channels(plan, 0), 6);
    sy_plan_destroy(plan);
    network_release(&net);
}

static void a_plan_without_integers_is_a_warning(void **state)
{
    test_log log;
    network net = gemm_network(*state, 1, 32, 32);
    test_log_open(*state, SY_LOG_WARN, &log);
    sy_plan_destroy(plan_of(*state, net.graph, net.stats, "GENERIC"));
    assert_string_equal(log.text, "");
    sy_plan_destroy(plan_of(*state, net.graph, net.stats, "NVGPU"));
    assert_string_equal(
        log.text,
        "nothing is quantized; of the first product, 'gemm' (Gemm): a product with a single row is faster in "
        "float\n");
    sy_ctx_set_log(*state, SY_LOG_WARN, NULL, NULL);
    network_release(&net);
}

static void a_product_with_a_vector_has_no_output_channels(void **state)
{
    static const seen rows[] = {{"x", -1, 1}, {"y", -9, 9}};
    sy_graph *graph = graph_create(*state, 13);
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(4, 3));
    graph_output(graph,
                 graph_node(*state, graph, "MatMul", "y", x, some_weights(*state, graph, "w", SHAPE(3))));
    assert_ok(*state, sy_infer_shapes(*state, graph));
    network net = {graph, stats_of(rows, 2)};
    sy_plan *plan = plan_of(*state, graph, net.stats, "GENERIC");
    assert_true(node_plan(plan, "y")->quantized);
    assert_int_equal(sy_plan_channels(plan, 0), 0);
    sy_plan_destroy(plan);
    network_release(&net);
}

static void a_plan_prints_a_line_a_tensor_and_a_line_a_float_node(void **state)
{
    static const char *const names[] = {"conv2"};
    network net = residual_network(*state);
    sy_plan *plan = NULL;
    sy_text text = {0};
    const sy_plan_options options = {.skip_nodes = names, .skip_count = 1, .per_layer = true};
    assert_ok(*state, sy_plan_create(*state, net.graph, net.stats, traits_of("NVGPU"), &options, &plan));
    plan->tensors[0].snr_db = NAN; /* estimates are range.c's matter */
    for (int t = 0; t < net.graph->tensor_count; t++)
        plan->tensors[t].snr_db = NAN;
    sy_plan_print(plan, &text);
    assert_string_equal(
        text.bytes,
        "activation x: symmetric int8, scale 0.00787401572 zero 0, range [-1, 1], clipped 0, MAX_MIN\n"
        "weight w1: symmetric int8, scale 0.00999999978 zero 0, largest value\n"
        "activation pool: symmetric int8, scale 0.0629921257 zero 0, range [0, 8], clipped 0, MAX_MIN\n"
        "weight w3: symmetric int8, scale 0.00999999978 zero 0, largest value\n"
        "float conv2 (Conv): skip_quant_node\n"
        "float sum (Add): the product it would join is float\n"
        "float relu2 (Relu): what computes its input is float\n"
        "float pool (MaxPool): what it reads is computed in float\n");
    sy_text_release(&text);
    sy_plan_destroy(plan);
    network_release(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_activation_is_quantized_after_it_and_not_before),
        cmocka_unit_test(everything_between_integers_is_quantized_on_generic),
        cmocka_unit_test(what_a_pool_picks_from_has_the_scale_of_what_it_picks),
        cmocka_unit_test(of_a_residual_sum_only_the_shortcut_is_quantized_on_nvgpu),
        cmocka_unit_test(a_skipped_node_stays_float_and_says_so),
        cmocka_unit_test(a_skipped_activation_keeps_its_whole_group_float),
        cmocka_unit_test(wrong_names_are_errors_that_name_the_nearest),
        cmocka_unit_test(tensors_that_the_statistics_lack_are_named),
        cmocka_unit_test(a_tensor_without_a_finite_value_is_an_error),
        cmocka_unit_test(inputs_of_a_concat_get_the_scale_of_its_result),
        cmocka_unit_test(a_clip_keeps_its_own_grid_where_another_would_not_imply_its_limits),
        cmocka_unit_test(the_grid_of_a_clip_ends_inside_its_limits),
        cmocka_unit_test(a_product_that_can_write_floats_gives_them_to_float_readers),
        cmocka_unit_test(a_matrix_has_its_scales_along_the_columns_it_makes),
        cmocka_unit_test(small_products_stay_float_on_nvgpu),
        cmocka_unit_test(biases_of_dead_channels_keep_their_value_and_fit),
        cmocka_unit_test(a_new_bias_is_kept_and_widens_weights_it_would_overflow),
        cmocka_unit_test(a_node_that_is_no_product_takes_no_bias),
        cmocka_unit_test(the_scales_of_a_grouped_transposed_convolution_repeat_over_groups),
        cmocka_unit_test(a_plan_without_integers_is_a_warning),
        cmocka_unit_test(a_product_with_a_vector_has_no_output_channels),
        cmocka_unit_test(a_plan_prints_a_line_a_tensor_and_a_line_a_float_node),
    };
    return cmocka_run_group_tests_name("plan", tests, open_ctx, close_ctx);
}
