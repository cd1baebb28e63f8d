#include <math.h>
#include <unistd.h>

#include "ascend_stub/deploy.h"
#include "ascend_stub/gears.h"
#include "ascend_stub/lint.h"
#include "ascend_stub/record.h"
#include "base/file.h"
#include "import/import.h"
#include "run/run.h"
#include "support/plan.h"

enum { CHANNELS = 32 };

/* x [1,32,4,4] -> conv (with bias) -> relu -> wide (depthwise), flat -> matmul + bias -> gemm -> y. */
static network wide_network(sy_ctx *ctx)
{
    static const seen rows[] = {{"x", -1, 2},    {"conv", -2, 5},    {"relu", 0, 5}, {"wide", -3, 3},
                                {"flat", -3, 3}, {"product", -9, 9}, {"sum", -9, 9}, {"y", -4, 2}};
    float bias[CHANNELS];
    for (int i = 0; i < CHANNELS; i++)
        bias[i] = (float)(i - 7) / 8;
    sy_graph *graph = graph_create(ctx, 11);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, CHANNELS, 4, 4));
    const int b = graph_floats(ctx, graph, "b", SHAPE(CHANNELS), bias);
    const int conv = graph_node(ctx, graph, "Conv", "conv", x,
                                some_weights(ctx, graph, "w", SHAPE(CHANNELS, CHANNELS, 3, 3)), b);
    const int relu = graph_node(ctx, graph, "Relu", "relu", conv);
    const int wide = graph_node(ctx, graph, "Conv", "wide", relu,
                                some_weights(ctx, graph, "depthwise", SHAPE(CHANNELS, 1, 1, 1)));
    graph_int_attr(ctx, graph, "group", CHANNELS);
    const int flat = graph_node(ctx, graph, "Flatten", "flat", wide);
    const int product = graph_node(ctx, graph, "MatMul", "product", flat,
                                   some_weights(ctx, graph, "matrix", SHAPE(128, CHANNELS)));
    const int sum =
        graph_node(ctx, graph, "Add", "sum", product, graph_floats(ctx, graph, "b2", SHAPE(CHANNELS), bias));
    const int y =
        graph_node(ctx, graph, "Gemm", "y", sum, some_weights(ctx, graph, "last", SHAPE(10, CHANNELS)));
    graph_int_attr(ctx, graph, "transB", 1);
    graph_output(graph, y);
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    assert_ok(ctx, sy_graph_validate(ctx, graph));
    return (network){graph, stats_of(rows, sizeof rows / sizeof rows[0])};
}

static sy_graph *deployed(sy_ctx *ctx)
{
    network net = wide_network(ctx);
    sy_plan *plan = plan_of(ctx, net.graph, net.stats, "ASCEND");
    sy_graph *graph = NULL;
    assert_ok(ctx, sy_ascend_deploy(ctx, plan, &graph));
    sy_plan_destroy(plan);
    network_release(&net);
    return graph;
}

static const sy_tensor *tensor_of(const sy_graph *graph, const char *name)
{
    const int tensor = sy_graph_find_tensor(graph, name);
    assert_int_not_equal(tensor, SY_NONE);
    return &graph->tensors[tensor];
}

static sy_node *node_of(const sy_graph *graph, const char *name)
{
    const int node = sy_graph_find_node(graph, name);
    assert_int_not_equal(node, SY_NONE);
    return &graph->nodes[node];
}

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

/* The check finds this text among its faults. */
static void assert_fault(sy_ctx *ctx, const sy_graph *graph, const char *text)
{
    assert_int_equal(sy_ascend_lint(ctx, graph), SY_E_INTERNAL);
    if (!strstr(sy_ctx_error(ctx), text))
        fail_msg("'%s' does not say '%s'", sy_ctx_error(ctx), text);
}

static void break_float(sy_ctx *ctx, sy_graph *graph, const char *node, const char *attr, float value,
                        const char *fault)
{
    const int index = sy_graph_find_node(graph, node);
    const float kept = sy_node_float(&graph->nodes[index], attr, 0);
    assert_ok(ctx, sy_graph_set_attr_float(ctx, graph, index, attr, value));
    assert_fault(ctx, graph, fault);
    assert_ok(ctx, sy_graph_set_attr_float(ctx, graph, index, attr, kept));
    assert_ok(ctx, sy_ascend_lint(ctx, graph));
}

static void break_int(sy_ctx *ctx, sy_graph *graph, const char *node, const char *attr, int64_t value,
                      int64_t kept, const char *fault)
{
    const int index = sy_graph_find_node(graph, node);
    assert_ok(ctx, sy_graph_set_attr_int(ctx, graph, index, attr, value));
    assert_fault(ctx, graph, fault);
    assert_ok(ctx, sy_graph_set_attr_int(ctx, graph, index, attr, kept));
    assert_ok(ctx, sy_ascend_lint(ctx, graph));
}

/* Input i of a node becomes another tensor for a moment. */
static void break_input(sy_ctx *ctx, sy_graph *graph, const char *node, int i, const char *tensor,
                        const char *fault)
{
    sy_node *broken = node_of(graph, node);
    const int kept = broken->inputs[i];
    broken->inputs[i] = sy_graph_find_tensor(graph, tensor);
    assert_int_not_equal(broken->inputs[i], SY_NONE);
    assert_fault(ctx, graph, fault);
    broken->inputs[i] = kept;
    assert_ok(ctx, sy_ascend_lint(ctx, graph));
}

static void break_data(sy_ctx *ctx, const sy_graph *graph, const char *tensor, size_t byte,
                       unsigned char value, const char *fault)
{
    unsigned char *data = (unsigned char *)(uintptr_t)tensor_of(graph, tensor)->data;
    const unsigned char kept = data[byte];
    data[byte] = value;
    assert_fault(ctx, graph, fault);
    data[byte] = kept;
    assert_ok(ctx, sy_ascend_lint(ctx, graph));
}

static void break_dims(sy_ctx *ctx, sy_graph *graph, const char *tensor, int64_t size, const char *fault)
{
    sy_shape *shape = &graph->tensors[sy_graph_find_tensor(graph, tensor)].shape;
    const int64_t kept = shape->dims[0];
    shape->dims[0] = size;
    assert_fault(ctx, graph, fault);
    shape->dims[0] = kept;
    assert_ok(ctx, sy_ascend_lint(ctx, graph));
}

static void rules_1_to_3_are_about_what_makes_int8(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = deployed(ctx);
    assert_ok(ctx, sy_ascend_lint(ctx, graph));

    sy_node *relu = node_of(graph, "relu");
    relu->type = "DequantizeLinear";
    assert_fault(ctx, graph, "node 'relu' (DequantizeLinear): Ascend's compiler does not read it");
    relu->type = "Relu";

    break_float(ctx, graph, "x_AscendQuant", "scale", 0,
                "node 'x_AscendQuant' (AscendQuant): its scale is 0, it must");
    break_float(ctx, graph, "x_AscendQuant", "scale", INFINITY, "its scale is inf, it must");
    break_float(ctx, graph, "x_AscendQuant", "offset", 128,
                "its offset is 128, it must be a whole number from -128");
    break_float(ctx, graph, "x_AscendQuant", "offset", .5F, "its offset is 0.5, it must be a whole number");
    break_int(ctx, graph, "x_AscendQuant", "sqrt_mode", 1, 0, "sqrt_mode must be 0 and round_mode Round");
    const int quant = sy_graph_find_node(graph, "x_AscendQuant");
    assert_ok(ctx, sy_graph_set_attr_string(ctx, graph, quant, "dst_type", "INT4"));
    assert_fault(ctx, graph, "its dst_type must be INT8");
    assert_ok(ctx, sy_graph_set_attr_string(ctx, graph, quant, "dst_type", "INT8"));

    break_input(ctx, graph, "relu", 0, "relu_quantized",
                "its int8 goes to 'relu', which is no product's first input");
    graph_output(graph, sy_graph_find_tensor(graph, "x_quantized"));
    assert_fault(ctx, graph, "node 'x_AscendQuant' (AscendQuant): its int8 leaves the network");
    graph->output_count--;
    sy_graph_destroy(graph);
}

static void rules_4_and_5_are_about_what_a_product_reads(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = deployed(ctx);
    break_input(ctx, graph, "conv", 0, "w_quantized",
                "node 'conv' (Conv): its int8 input does not come from AscendQuant");
    break_input(ctx, graph, "conv", 1, "b_quantized",
                "node 'conv' (Conv): its weights must be an int8 constant in the layout of the float ones");
    break_data(ctx, graph, "w_quantized", 5, 0x80,
               "node 'conv' (Conv): weight 5 is -128, they must be from -127 to 127");
    break_int(ctx, graph, "y", "transA", 1, 0, "node 'y' (Gemm): transA must be 0");
    break_dims(ctx, graph, "b_quantized", 31,
               "node 'conv' (Conv): its bias must be an int32 constant with 32 elements");
    break_dims(ctx, graph, "b2_quantized", 31,
               "node 'sum' (Add): its bias must be an int32 constant with 32 elements");
    sy_graph_destroy(graph);
}

static void rules_6_to_9_are_about_what_becomes_of_sums(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = deployed(ctx);
    break_input(ctx, graph, "relu", 0, "conv_accumulator",
                "node 'conv' (Conv): its sums must go to AscendDequant and nowhere else");
    break_input(ctx, graph, "y_AscendDequant", 0, "sum",
                "node 'y_AscendDequant' (AscendDequant): it must read the sums");
    break_dims(ctx, graph, "conv_deq_scale", 31,
               "node 'conv_AscendDequant' (AscendDequant): it must have one scale or 32");
    break_dims(ctx, graph, "y_deq_scale", 10,
               "node 'y_AscendDequant' (AscendDequant): a matrix product has one scale");
    break_data(ctx, graph, "conv_deq_scale", 12, 1,
               "word 1 of its parameter must be a positive float32 below 32 zero");
    break_data(ctx, graph, "conv_deq_scale", 3, 0x80, "word 0 of its parameter must be a positive float32");
    break_int(ctx, graph, "y_AscendDequant", "sqrt_mode", 1, 0,
              "node 'y_AscendDequant' (AscendDequant): sqrt_mode must be 0");
    graph->opsets[0].version = 23;
    assert_fault(ctx, graph, "opset 23: Ascend's compiler reads these nodes in 13 to 22");
    sy_graph_destroy(graph);
}

static void the_record_has_the_factors_of_every_product(void **state)
{
    sy_graph *graph = deployed(*state);
    sy_text text = {0};
    node_of(graph, "y")->name = "fc\"1\n";
    sy_ascend_print_record(graph, &text);
    const char *first = "record {\n  key: \"conv\"\n  value {\n    scale_d: 0.0117647061\n    offset_d: "
                        "-43\n    scale_w: 0.0";
    assert_memory_equal(text.bytes, first, strlen(first));
    const char *last = strstr(text.bytes, "record {\n  key: \"fc\\\"1\\012\"\n");
    assert_non_null(last);
    const char *scale = strstr(last, "scale_w: ");
    assert_non_null(scale);
    assert_true(fabs(atof(scale + 9) - 0.01) < 1e-6); /* 1.27 / 127 */
    assert_non_null(strstr(last, "    offset_w: 0\n  }\n}\n"));
    sy_text_release(&text);
    sy_graph_destroy(graph);
}

/* Inputs x [?,3,?,?] and tokens [?,?]. */
static sy_graph *open_graph(sy_ctx *ctx)
{
    sy_graph *graph = graph_create(ctx, 13);
    graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(SY_NONE, 3, SY_NONE, SY_NONE));
    graph_input(ctx, graph, "ns:tokens", SY_DTYPE_INT64, SHAPE(SY_NONE, SY_NONE));
    return graph;
}

static void gears_are_what_the_compiler_wants(void **state)
{
    static const struct {
        const char *shape, *dims, *format, *arguments;
    } cases[] = {
        {"x:[1,3,8,9];ns:tokens:[1,2]", NULL, NULL, "--input_shape=\"x:1,3,8,9;ns:tokens:1,2\"\n"},
        {"x:1,3,8,9;ns:tokens:1,2", NULL, "ND",
         "--input_format=ND\n--input_shape=\"x:1,3,8,9;ns:tokens:1,2\"\n"},
        {"x:[-1,3,8,9];ns:tokens:[1,2]", "[1~4],[8],[16]", NULL,
         "--input_format=NCHW\n--input_shape=\"x:-1,3,8,9;ns:tokens:1,2\"\n--dynamic_batch_size=\"1,2,3,4,8,"
         "16\"\n"},
        {"x:[-1,3,8,9];ns:tokens:[1,2]", "[1~2],[8]", "ND",
         "--input_format=ND\n--input_shape=\"x:-1,3,8,9;ns:tokens:1,2\"\n--dynamic_dims=\"1;2;8\"\n"},
        {" ns:tokens : [ -1, 2] ; x:[-1,3,8,9]", "[1~2]; [1],[2]", NULL,
         NULL}, /* a space before the colon is part of no name */
        {"ns:tokens:[-1,2];x:[-1,3,8,9]", "[1~2]; [1],[2]", NULL,
         "--input_format=NCHW\n--input_shape=\"ns:tokens:-1,2;x:-1,3,8,9\"\n--dynamic_batch_size=\"1,2\"\n"},
        {"x:[-1,3,8,9];ns:tokens:[-1,2]", "[1,2];[2,1]", NULL, NULL}, /* two sizes where one is open */
        {"x:[-1,3,8,9];ns:tokens:[-1,2]", "[1],[2];[2],[1]", NULL,
         "--input_format=ND\n--input_shape=\"x:-1,3,8,9;ns:tokens:-1,2\"\n--dynamic_dims=\"1,2;2,1\"\n"},
        {"x:[1,3,-1,-1];ns:tokens:[1,2]", "[8,16~17],[32,32]", NULL,
         "--input_format=NCHW\n--input_shape=\"x:1,3,-1,-1;ns:tokens:1,2\"\n--dynamic_image_size=\"8,16;8,17;"
         "32,32\"\n"},
        {"x:[1,3,8,8];ns:tokens:[1,-1]", "[16~18]", NULL,
         "--input_format=ND\n--input_shape=\"x:1,3,8,8;ns:tokens:1,-1\"\n--dynamic_dims=\"16;17;18\"\n"},
    };
    sy_graph *graph = open_graph(*state);
    sy_gears *gears = malloc(sizeof *gears);
    assert_non_null(gears);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_text text = {0};
        const sy_status status = sy_gears_parse(*state, graph, cases[i].shape, cases[i].dims, gears);
        if (!cases[i].arguments) {
            assert_int_equal(status, SY_E_CONFIG);
            continue;
        }
        assert_ok(*state, status);
        sy_gears_print(gears, cases[i].format, &text);
        assert_string_equal(text.bytes, cases[i].arguments);
        sy_text_release(&text);
    }
    free(gears);
    sy_graph_destroy(graph);
}

static void gears_that_make_no_sense_are_refused_in_words(void **state)
{
#define SHAPE_KEY "[ascend_context] input_shape"
#define DIMS_KEY  "[ascend_context] dynamic_dims"
    static const struct {
        const char *shape, *dims, *message;
    } cases[] = {
        {"y:[1]", NULL, SHAPE_KEY ": 'y:[1]' where the name of an input of the model and ':' should stand"},
        {"x:[1,3,8,9]", NULL, SHAPE_KEY " says 1 of the model's 2 inputs"},
        {"x:[1,3,8,9];x:[1,3,8,9]", NULL, SHAPE_KEY " names input 'x' twice"},
        {"x:[1,4,8,9];ns:tokens:[1,2]", NULL,
         SHAPE_KEY ": [1,4,8,9] for input 'x', which the model has as [?,3,?,?]; only what is open there can "
                   "be chosen"},
        {"x:[1,3,8;ns:tokens:[1,2]", NULL, SHAPE_KEY ": ';ns:tokens:[1,2]' where ']' should stand"},
        {"x:[1,3,8,", NULL, SHAPE_KEY " ends where a size should follow"},
        {"x:[0,3,8,9];ns:tokens:[1,2]", NULL,
         SHAPE_KEY ": a size is 1 to 2147483647, or -1 where it is open"},
        {"x:[-2,3,8,9];ns:tokens:[1,2]", NULL,
         SHAPE_KEY ": a size is 1 to 2147483647, or -1 where it is open"},
        {"x:[99999999999999999999,3,8,9]", NULL,
         SHAPE_KEY ": a size is 1 to 2147483647, or -1 where it is open"},
        {"x:[1,2,3,4,5,6,7,8,9]", NULL, SHAPE_KEY ": more than 8 sizes for one input"},
        {"x:[-1,3,8,9];ns:tokens:[1,2]", NULL,
         SHAPE_KEY " leaves sizes open: say which there will be in dynamic_dims, e.g. [1~4],[8]"},
        {"x:[1,3,8,9];ns:tokens:[1,2]", "[1]",
         DIMS_KEY ": no size in input_shape is -1, so there is nothing to choose"},
        {"x:[-1,3,8,9];ns:tokens:[1,2]", "[4~1]", DIMS_KEY ": 4~1 goes down"},
        {"x:[-1,3,8,9];ns:tokens:[1,2]", "[1~101]",
         DIMS_KEY " stands for more than 100 gears, which is all that the compiler takes"},
        {"x:[-1,3,-1,-1];ns:tokens:[1,2]", "[1~9,1~9,1~9]",
         DIMS_KEY " stands for more than 100 gears, which is all that the compiler takes"},
        {"x:[-1,3,-1,-1];ns:tokens:[1,2]", "[1,2]",
         DIMS_KEY ": a bracket holds 2 sizes where the input has 3 open ones"},
        {"x:[-1,3,8,9];ns:tokens:[-1,2]", "[1],[2]",
         DIMS_KEY " ends where ';' and the sizes of the next open input should follow"},
        {"x:[-1,3,8,9];ns:tokens:[-1,2]", "[1],[2];[1]",
         DIMS_KEY ": 1 gears for input 'ns:tokens' and 2 for the one before it"},
        {"x:[-1,3,8,9];ns:tokens:[1,2]", "1", DIMS_KEY ": '1' where '[' should stand"},
        {"x:[-1,3,8,9];ns:tokens:[1,2]", "[1];", DIMS_KEY ": ';' where the end should stand"},
    };
    sy_graph *graph = open_graph(*state);
    sy_gears *gears = malloc(sizeof *gears);
    assert_non_null(gears);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_fails(*state, sy_gears_parse(*state, graph, cases[i].shape, cases[i].dims, gears), SY_E_CONFIG,
                     cases[i].message);
    free(gears);
    sy_graph_destroy(graph);
}

static void both_texts_are_written_beside_the_model(void **state)
{
    static const char expected[] =
        "# Arguments for Ascend's offline compiler, to be called in this folder. Add --soc_version=,\n"
        "# the processor the model is for (ascend_oriented:910b), e.g.\n"
        "#   grep -v '^#' THIS_FILE | xargs atc --soc_version=Ascend310P3\n"
        "--framework=5\n--model=\"%s\"\n--output=\"%.*s\"\n"
        "--input_shape=\"x:1,32,4,4\"\n--output_type=FP16\n";
    network net = wide_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "ASCEND");
    const sy_ascend_options ascend = {
        .calibrated_shape = "x:1,32,4,4", .chip = "910b", .output_type = "FP16"};
    char path[64], beside[80], text[1024];
    snprintf(path, sizeof path, "beside-%d.onnx", (int)getpid());
    const int stem = (int)strlen(path) - 5;
    const sy_emit_spec spec = {.path = path, .ascend = &ascend};
    assert_ok(*state, sy_target_emit(*state, &sy_target_ascend, plan, &spec));
    unlink(path);
    snprintf(beside, sizeof beside, "%.*s.record.txt", stem, path);
    assert_true(sy_path_exists(beside));
    unlink(beside);
    sy_mapped arguments = {0};
    snprintf(beside, sizeof beside, "%.*s.atc.txt", stem, path);
    assert_ok(*state, sy_file_map(*state, beside, &arguments));
    snprintf(text, sizeof text, expected, path, stem, path);
    assert_int_equal(arguments.size, strlen(text));
    assert_memory_equal(arguments.bytes, text, arguments.size);
    sy_file_unmap(&arguments);
    unlink(beside);

    const sy_ascend_options wrong = {.calibrated_shape = "x:1,32,4,4", .dynamic_dims = "[1]"};
    const sy_emit_spec refused = {.path = path, .ascend = &wrong};
    assert_fails(*state, sy_target_ascend.check(*state, net.graph, &refused), SY_E_CONFIG,
                 DIMS_KEY ": no size in input_shape is -1, so there is nothing to choose");
    sy_plan_destroy(plan);
    network_release(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_deployed_network_reads_as_the_layout_says),
        cmocka_unit_test(factors_are_reciprocals_and_products_in_the_low_half),
        cmocka_unit_test(a_product_of_int8_is_a_sum_of_centred_integers),
        cmocka_unit_test(what_gains_nothing_on_this_device_stays_float),
        cmocka_unit_test(rules_1_to_3_are_about_what_makes_int8),
        cmocka_unit_test(rules_4_and_5_are_about_what_a_product_reads),
        cmocka_unit_test(rules_6_to_9_are_about_what_becomes_of_sums),
        cmocka_unit_test(the_record_has_the_factors_of_every_product),
        cmocka_unit_test(gears_are_what_the_compiler_wants),
        cmocka_unit_test(gears_that_make_no_sense_are_refused_in_words),
        cmocka_unit_test(both_texts_are_written_beside_the_model),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
