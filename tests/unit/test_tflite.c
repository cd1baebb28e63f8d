/* TensorFlow Lite models: the bytes of FlatBuffers, and what becomes of a DSP graph.
 * tests/judges/judge_litert.py runs the files.
 */
#include <unistd.h>

#include "base/file.h"
#include "dsp/flatbuffer.h"
#include "dsp/tflite.h"
#include "quant/quantize.h"
#include "support/plan.h"

/* A reader of FlatBuffers, apart from the writer: positions are offsets into the file. */
static uint32_t u32_at(const unsigned char *file, size_t at)
{
    return (uint32_t)file[at] | (uint32_t)file[at + 1] << 8 | (uint32_t)file[at + 2] << 16 |
           (uint32_t)file[at + 3] << 24;
}

static size_t follow(const unsigned char *file, size_t at)
{
    return at + u32_at(file, at);
}

/* Where a field of a table is; 0 when it is left out. */
static size_t field_at(const unsigned char *file, size_t table, unsigned field)
{
    const size_t vtable = table - u32_at(file, table);
    const unsigned size = file[vtable] | (unsigned)file[vtable + 1] << 8;
    const size_t entry = vtable + 4 + 2 * (size_t)field;
    if (4 + 2 * field + 2 > size)
        return 0;
    const unsigned offset = file[entry] | (unsigned)file[entry + 1] << 8;
    return offset ? table + offset : 0;
}

static void a_table_reads_back_as_the_format_says(void **state)
{
    sy_flatbuffer buffer = {0};
    static const int64_t longs[] = {-1, 7};
    static const uint8_t data[] = {1, 2, 3};
    const sy_flat_ref name = sy_flat_string(&buffer, "steel");
    const sy_flat_ref list = sy_flat_vector(&buffer, longs, 2, 8, 8);
    const sy_flat_ref bytes = sy_flat_vector(&buffer, data, 3, 1, 16);
    const sy_flat_ref refs = sy_flat_refs(&buffer, (const sy_flat_ref[]){name, name}, 2);
    sy_flat_begin(&buffer);
    sy_flat_u8(&buffer, 0, 200);
    sy_flat_u32(&buffer, 2, 123456789);
    sy_flat_ref_field(&buffer, 3, name);
    sy_flat_ref_field(&buffer, 4, list);
    sy_flat_ref_field(&buffer, 5, bytes);
    sy_flat_ref_field(&buffer, 6, refs);
    sy_flat_ref_field(&buffer, 7, 0);
    sy_flat_f32(&buffer, 8, 0.5F);
    assert_ok(*state, sy_flat_finish(*state, &buffer, sy_flat_end(&buffer), "TEST"));

    const unsigned char *file = sy_flat_bytes(&buffer);
    assert_memory_equal(file + 4, "TEST", 4);
    const size_t root = follow(file, 0);
    assert_int_equal(file[field_at(file, root, 0)], 200);
    assert_int_equal(field_at(file, root, 1), 0);
    assert_int_equal(field_at(file, root, 7), 0);
    assert_int_equal(u32_at(file, field_at(file, root, 2)), 123456789);
    assert_int_equal(u32_at(file, field_at(file, root, 8)), 0x3F000000);
    size_t at = follow(file, field_at(file, root, 3));
    assert_int_equal(u32_at(file, at), 5);
    assert_string_equal((const char *)file + at + 4, "steel");
    at = follow(file, field_at(file, root, 4));
    assert_int_equal(u32_at(file, at), 2);
    assert_int_equal((at + 4) % 8, 0);
    assert_memory_equal(file + at + 4, longs, sizeof longs);
    at = follow(file, field_at(file, root, 5));
    assert_int_equal((at + 4) % 16, 0);
    assert_memory_equal(file + at + 4, data, 3);
    at = follow(file, field_at(file, root, 6));
    assert_string_equal((const char *)file + follow(file, at + 8) + 4, "steel");
    sy_flatbuffer_release(&buffer);
}

/* A network whose last node is to be looked at: x [1,4,8,8] -> conv (stride 2, padding 1) -> Relu6 -> the
 * node. */
typedef struct sketch {
    sy_graph *graph;
    int last;
    seen rows[8];
    size_t row_count;
} sketch;

static void saw(sketch *net, const char *name, float min, float max)
{
    net->rows[net->row_count++] = (seen){name, min, max};
}

static sketch begin(sy_ctx *ctx)
{
    sketch net = {.graph = graph_create(ctx, 17)};
    const int x = graph_input(ctx, net.graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 4, 8, 8));
    const int low = graph_floats(ctx, net.graph, "low", (sy_shape){0}, (const float[]){0});
    const int high = graph_floats(ctx, net.graph, "high", (sy_shape){0}, (const float[]){6});
    const int w = some_weights(ctx, net.graph, "w", SHAPE(6, 4, 3, 3));
    const int b = graph_floats(ctx, net.graph, "b", SHAPE(6), (const float[]){1, 2, 3, 4, 5, 6});
    const int conv = graph_node(ctx, net.graph, "Conv", "conv", x, w, b);
    const int node = net.graph->node_count - 1;
    assert_ok(ctx, sy_graph_set_attr_ints(ctx, net.graph, node, "strides", (const int64_t[]){2, 2}, 2));
    assert_ok(ctx, sy_graph_set_attr_ints(ctx, net.graph, node, "pads", (const int64_t[]){1, 1, 1, 1}, 4));
    net.last = graph_node(ctx, net.graph, "Clip", "six", conv, low, high);
    saw(&net, "x", -1, 1);
    saw(&net, "six", 0, 6);
    return net;
}

/* The emitted graph of the sketch; releases it. */
static sy_graph *emitted(sy_ctx *ctx, sketch *net, const sy_plan_options *options)
{
    sy_plan *plan = NULL;
    sy_graph *graph = NULL;
    graph_output(net->graph, net->last);
    assert_ok(ctx, sy_infer_shapes(ctx, net->graph));
    sy_stats *stats = stats_of(net->rows, net->row_count);
    assert_ok(ctx, sy_plan_create(ctx, net->graph, stats, sy_target_dsp.traits, options, &plan));
    assert_ok(ctx, sy_quantize_graph(ctx, plan, &graph));
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    sy_plan_destroy(plan);
    sy_stats_destroy(stats);
    sy_graph_destroy(net->graph);
    return graph;
}

static void images_are_nhwc_codes_are_signed_and_odd_padding_is_an_operator(void **state)
{
    sketch net = begin(*state);
    sy_graph *graph = emitted(*state, &net, &(sy_plan_options){0});
    sy_tflite_model model = {0};
    assert_ok(*state, sy_tflite_from_graph(*state, graph, &model));
    assert_int_equal(model.operator_count, 2);
    assert_int_equal(model.operators[0].code, SY_TFLITE_PAD);
    assert_int_equal(model.operators[1].code, SY_TFLITE_CONV_2D);

    const sy_tflite_tensor *x = &model.tensors[model.inputs[0]], *y = &model.tensors[model.outputs[0]];
    assert_string_equal(x->name, "x");
    assert_string_equal(y->name, "six");
    assert_memory_equal(x->dims, ((const int32_t[]){1, 8, 8, 4}), 16);
    assert_memory_equal(y->dims, ((const int32_t[]){1, 4, 4, 6}), 16);
    assert_int_equal(x->zero, -1);   /* uint8 127 */
    assert_int_equal(y->zero, -128); /* uint8 0 */
    assert_true(y->scales[0] <= 6.0F / 255);

    const sy_tflite_tensor *padded = &model.tensors[model.operators[0].outputs[0]];
    assert_memory_equal(padded->dims, ((const int32_t[]){1, 10, 10, 4}), 16);
    assert_memory_equal(model.tensors[model.operators[0].inputs[1]].data,
                        ((const int32_t[]){0, 0, 1, 1, 1, 1, 0, 0}), 32);
    const sy_tflite_option *options = model.operators[1].options;
    assert_int_equal(options[0].value, SY_TFLITE_VALID);
    assert_int_equal(options[1].value, 2);
    assert_int_equal(options[3].value, SY_TFLITE_ACT_RELU6);

    const sy_tflite_tensor *w = &model.tensors[model.operators[1].inputs[1]];
    const sy_tensor *from = &graph->tensors[sy_graph_find_tensor(graph, "w_quantized")];
    assert_memory_equal(w->dims, ((const int32_t[]){6, 3, 3, 4}), 16);
    assert_int_equal(w->scale_count, 6);
    for (int o = 0; o < 6; o++)
        for (int i = 0; i < 4; i++)
            for (int k = 0; k < 9; k++)
                assert_int_equal(((const signed char *)w->data)[(o * 9 + k) * 4 + i],
                                 ((const signed char *)from->data)[(o * 4 + i) * 9 + k]);
    const sy_tflite_tensor *b = &model.tensors[model.operators[1].inputs[2]];
    for (int o = 0; o < 6; o++)
        assert_true(b->scales[o] == x->scales[0] * w->scales[o]);
    sy_tflite_model_release(&model);
    sy_graph_destroy(graph);
}

static void a_saved_model_holds_its_parts_where_the_schema_has_them(void **state)
{
    sketch net = begin(*state);
    sy_graph *graph = emitted(*state, &net, &(sy_plan_options){0});
    sy_tflite_model model = {0};
    sy_mapped mapped = {0};
    char path[64];
    snprintf(path, sizeof path, "saved-%d.tflite", (int)getpid());
    assert_ok(*state, sy_tflite_from_graph(*state, graph, &model));
    assert_ok(*state, sy_tflite_save(*state, &model, path));
    assert_ok(*state, sy_file_map(*state, path, &mapped));
    const unsigned char *file = mapped.bytes;
    assert_memory_equal(file + 4, "TFL3", 4);
    const size_t root = follow(file, 0);
    assert_int_equal(u32_at(file, field_at(file, root, 0)), 3);
    assert_int_equal(u32_at(file, follow(file, field_at(file, root, 1))), 2); /* kinds of operators */
    const size_t graphs = follow(file, field_at(file, root, 2)), main_graph = follow(file, graphs + 4);
    assert_int_equal(u32_at(file, graphs), 1);
    assert_int_equal(u32_at(file, follow(file, field_at(file, main_graph, 0))), model.tensor_count);
    assert_int_equal(u32_at(file, follow(file, field_at(file, main_graph, 3))), 2);
    assert_int_equal(u32_at(file, follow(file, field_at(file, main_graph, 1)) + 4), model.inputs[0]);
    const size_t buffers = follow(file, field_at(file, root, 4));
    assert_int_equal(field_at(file, follow(file, buffers + 4), 0), 0); /* the first is empty */
    sy_file_unmap(&mapped);
    unlink(path);
    sy_tflite_model_release(&model);
    sy_graph_destroy(graph);
}

static void flattening_an_image_restores_the_order_of_its_values(void **state)
{
    sketch net = begin(*state);
    net.last = graph_node(*state, net.graph, "Flatten", "flat", net.last);
    saw(&net, "flat", 0, 6);
    sy_graph *graph = emitted(*state, &net, &(sy_plan_options){0});
    sy_tflite_model model = {0};
    assert_ok(*state, sy_tflite_from_graph(*state, graph, &model));
    assert_int_equal(model.operator_count, 4);
    assert_int_equal(model.operators[2].code, SY_TFLITE_TRANSPOSE);
    assert_memory_equal(model.tensors[model.operators[2].inputs[1]].data, ((const int32_t[]){0, 3, 1, 2}),
                        16);
    assert_int_equal(model.operators[3].code, SY_TFLITE_RESHAPE);
    sy_tflite_model_release(&model);
    sy_graph_destroy(graph);
}

/* The product leaves the codes as they are: its grid is that of x times alpha. */
static void a_hard_sigmoid_is_a_product_and_a_sum_that_alone_rounds(void **state)
{
    sketch net = begin(*state);
    net.last = graph_node(*state, net.graph, "HardSigmoid", "gate", net.last);
    saw(&net, "gate", 0, 1);
    sy_graph *graph = emitted(*state, &net, &(sy_plan_options){0});
    sy_tflite_model model = {0};
    assert_ok(*state, sy_tflite_from_graph(*state, graph, &model));
    const sy_tflite_operator *product = &model.operators[model.operator_count - 2], *sum = product + 1;
    assert_int_equal(product->code, SY_TFLITE_MUL);
    assert_int_equal(sum->code, SY_TFLITE_ADD);
    const sy_tflite_tensor *x = &model.tensors[product->inputs[0]],
                           *alpha = &model.tensors[product->inputs[1]];
    const sy_tflite_tensor *made = &model.tensors[product->outputs[0]],
                           *beta = &model.tensors[sum->inputs[1]];
    const sy_tflite_tensor *y = &model.tensors[sum->outputs[0]];
    assert_true(made->scales[0] == x->scales[0] * 0.2F && made->zero == x->zero);
    assert_int_equal(*(const int8_t *)alpha->data, 127);
    assert_float_equal(alpha->scales[0] * 127, 0.2F, 1e-7);
    assert_float_equal(beta->scales[0] * 127, 0.5F, 1e-7);
    assert_true(y->scales[0] == 1.0F / 256 && y->zero == -128);
    sy_tflite_model_release(&model);
    sy_graph_destroy(graph);
}

static void what_has_no_form_is_refused_by_node_and_reason(void **state)
{
    sy_tflite_model model = {0};
    sketch net = begin(*state);
    net.last = graph_node(*state, net.graph, "HardSigmoid", "gate", net.last);
    assert_ok(*state, sy_graph_set_attr_float(*state, net.graph, net.graph->node_count - 1, "alpha", -0.5F));
    saw(&net, "gate", 0, 1);
    sy_graph *graph = emitted(*state, &net, &(sy_plan_options){0});
    assert_fails(*state, sy_tflite_from_graph(*state, graph, &model), SY_E_UNSUPPORTED,
                 "node 'gate' (HardSigmoid): with alpha -0.5 and beta 0.5 it has no form");
    sy_graph_destroy(graph);

    net = begin(*state);
    net.last = graph_node(*state, net.graph, "Softmax", "soft", net.last);
    graph_int_attr(*state, net.graph, "axis", 2);
    saw(&net, "soft", 0, 1);
    graph = emitted(*state, &net, &(sy_plan_options){0});
    assert_fails(*state, sy_tflite_from_graph(*state, graph, &model), SY_E_UNSUPPORTED,
                 "node 'soft' (Softmax): over axis 2, which is not the last one there, it has no form");
    sy_graph_destroy(graph);

    net = begin(*state);
    net.last = graph_node(*state, net.graph, "AveragePool", "pool", net.last);
    assert_ok(*state, sy_graph_set_attr_ints(*state, net.graph, net.graph->node_count - 1, "kernel_shape",
                                             (const int64_t[]){3, 3}, 2));
    assert_ok(*state, sy_graph_set_attr_ints(*state, net.graph, net.graph->node_count - 1, "pads",
                                             (const int64_t[]){1, 1, 1, 1}, 4));
    saw(&net, "pool", 0, 6);
    graph = emitted(*state, &net, &(sy_plan_options){0});
    assert_fails(*state, sy_tflite_from_graph(*state, graph, &model), SY_E_UNSUPPORTED,
                 "node 'pool' (AveragePool): padding that does not count in the mean has no form");
    sy_graph_destroy(graph);

    net = begin(*state);
    graph = emitted(*state, &net, &(sy_plan_options){.wide = true});
    assert_fails(*state, sy_tflite_from_graph(*state, graph, &model), SY_E_UNSUPPORTED,
                 "'x_QuantizeLinear_Output' is uint16, an activation there is made from uint8");
    sy_graph_destroy(graph);
    assert_int_equal(model.tensor_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_reads_back_as_the_format_says),
        cmocka_unit_test(images_are_nhwc_codes_are_signed_and_odd_padding_is_an_operator),
        cmocka_unit_test(a_saved_model_holds_its_parts_where_the_schema_has_them),
        cmocka_unit_test(flattening_an_image_restores_the_order_of_its_values),
        cmocka_unit_test(a_hard_sigmoid_is_a_product_and_a_sum_that_alone_rounds),
        cmocka_unit_test(what_has_no_form_is_refused_by_node_and_reason),
    };
    return cmocka_run_group_tests_name("tflite", tests, open_ctx, close_ctx);
}
