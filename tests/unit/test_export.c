#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "import/import.h"
#include "import/onnx/onnx.h"
#include "support/graph.h"

static const char path[] = "export_test.onnx", data_path[] = "export_test.onnx.data";
static const float values[4096] = {1, -2, 3};

/* y = Relu(x + w), x [N,?] */
static sy_graph *make_graph(sy_ctx *ctx)
{
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(SY_NONE, SY_NONE));
    graph->tensors[x].dim_names[0] = "N";
    const int w = graph_floats(ctx, graph, "w", SHAPE(64, 64), values);
    const int small = graph_floats(ctx, graph, "small", SHAPE(64), values);
    const int sum = graph_node(ctx, graph, "Add", "sum", x, w);
    const int more = graph_node(ctx, graph, "Add", "more", sum, small);
    graph_output(graph, graph_node(ctx, graph, "Relu", "y", more));
    graph->producer = "maker 1.0";
    return graph;
}

static sy_graph *write_and_read(sy_ctx *ctx, const sy_graph *graph)
{
    sy_graph *again = NULL;
    assert_ok(ctx, sy_export_onnx(ctx, graph, path));
    assert_ok(ctx, sy_import_onnx(ctx, path, &again, NULL));
    unlink(path);
    return again;
}

static void a_graph_survives_being_written(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = make_graph(ctx);
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    sy_graph *again = write_and_read(ctx, graph);
    sy_text before = {0}, after = {0};
    sy_graph_print(graph, &before);
    sy_graph_print(again, &after);
    assert_string_equal(before.bytes, after.bytes);
    assert_string_equal(again->tensors[again->inputs[0]].dim_names[0], "N");
    assert_memory_equal(again->tensors[sy_graph_find_tensor(again, "w")].data, values, sizeof values);
    sy_text_release(&before);
    sy_text_release(&after);
    sy_graph_destroy(again);
    sy_graph_destroy(graph);
}

static void every_kind_of_attribute_survives(void **state)
{
    sy_ctx *ctx = *state;
    static const int64_t ints[] = {-1, 0, INT64_MAX};
    static const unsigned char opaque[] = {0x0a, 1, 'g', 0xa0, 1, 5, 0x32, 2, 0x0a, 0};
    sy_graph *graph = make_graph(ctx);
    const int node = graph->node_count - 1;
    assert_ok(ctx, sy_graph_set_attr_int(ctx, graph, node, "i", -5));
    assert_ok(ctx, sy_graph_set_attr_float(ctx, graph, node, "f", 0.1F));
    assert_ok(ctx, sy_graph_set_attr_ints(ctx, graph, node, "ints", ints, 3));
    assert_ok(ctx, sy_graph_set_attr_string(ctx, graph, node, "s", "text"));
    assert_ok(ctx, sy_graph_set_attr_int(ctx, graph, node, "g", 0));
    sy_attr *last = &graph->nodes[node].attrs[graph->nodes[node].attr_count - 1];
    *last = (sy_attr){.name = "g", .kind = SY_ATTR_OPAQUE, .raw = opaque, .raw_bytes = sizeof opaque};
    graph->nodes[node].op = NULL;

    sy_graph *again = write_and_read(ctx, graph);
    const sy_node *read = &again->nodes[again->node_count - 1];
    size_t count;
    assert_int_equal(sy_node_int(read, "i", 0), -5);
    assert_true(sy_node_float(read, "f", 0) == 0.1F);
    assert_memory_equal(sy_node_ints(read, "ints", &count), ints, sizeof ints);
    assert_string_equal(sy_node_string(read, "s", ""), "text");
    const sy_attr *kept = sy_node_attr(read, "g");
    assert_int_equal(kept->kind, SY_ATTR_OPAQUE);
    assert_int_equal(kept->raw_bytes, sizeof opaque);
    assert_memory_equal(kept->raw, opaque, sizeof opaque);
    sy_graph_destroy(again);
    sy_graph_destroy(graph);
}

static void omitted_inputs_keep_their_places(void **state)
{
    sy_ctx *ctx = *state;
    static const float limit[] = {6};
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(2));
    const int high = graph_floats(ctx, graph, "high", (sy_shape){0}, limit);
    graph_output(graph, graph_node(ctx, graph, "Clip", "y", x, SY_NONE, high));
    sy_graph *again = write_and_read(ctx, graph);
    assert_int_equal(again->nodes[0].input_count, 3);
    assert_int_equal(again->nodes[0].inputs[1], SY_NONE);
    assert_string_equal(again->tensors[again->nodes[0].inputs[2]].name, "high");
    sy_graph_destroy(again);
    sy_graph_destroy(graph);
}

static void the_first_producer_stays_on_record(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = make_graph(ctx);
    sy_graph *once = write_and_read(ctx, graph);
    once->producer = "another 2.0"; /* wrote our file again */
    sy_graph *twice = write_and_read(ctx, once);
    assert_string_equal(twice->producer, "steelyard " SY_VERSION);
    assert_int_equal(twice->metadata_count, 1);
    assert_string_equal(twice->metadata[0], "original_producer");
    assert_string_equal(twice->metadata[1], "maker 1.0");
    sy_graph_destroy(twice);
    sy_graph_destroy(once);
    sy_graph_destroy(graph);
}

static void the_ir_version_is_new_enough_for_the_operators(void **state)
{
    sy_ctx *ctx = *state;
    static const struct {
        int64_t opset, ir, want;
    } cases[] = {{7, 3, 4},  {9, 0, 4},  {13, 7, 7},  {13, 6, 7},
                 {13, 9, 9}, {17, 8, 8}, {21, 8, 10}, {23, 8, 11}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_graph *graph = make_graph(ctx);
        graph->opsets[0].version = cases[i].opset;
        graph->ir_version = cases[i].ir;
        sy_graph *again = write_and_read(ctx, graph);
        assert_int_equal(again->ir_version, cases[i].want);
        sy_graph_destroy(again);
        sy_graph_destroy(graph);
    }
}

static void what_nobody_reads_is_not_written(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = make_graph(ctx);
    const int unread = graph_floats(ctx, graph, "unread", SHAPE(4), values);
    graph_node(ctx, graph, "Relu", "gone", unread);
    graph->nodes[graph->node_count - 1].removed = true;
    sy_graph *again = write_and_read(ctx, graph);
    assert_int_equal(again->node_count, 3);
    assert_int_equal(sy_graph_find_tensor(again, "unread"), SY_NONE);
    sy_graph_destroy(again);
    sy_graph_destroy(graph);
}

static const char *external_value(const SyOnnx__Tensor *tensor, const char *key)
{
    for (size_t i = 0; i < tensor->n_external_data; i++)
        if (strcmp(tensor->external_data[i]->key, key) == 0)
            return tensor->external_data[i]->value;
    return NULL;
}

static void large_weights_go_into_a_file_of_their_own(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = make_graph(ctx), *again = NULL;
    graph_floats(ctx, graph, "second", SHAPE(64, 64), values);
    const int second = sy_graph_find_tensor(graph, "second");
    const int sum = graph_node(ctx, graph, "Add", "z", graph->inputs[0], second);
    graph_output(graph, sum);
    assert_ok(ctx, sy_onnx_write(ctx, graph, path, sizeof values));

    sy_mapped mapped = {0};
    assert_ok(ctx, sy_file_map(ctx, path, &mapped));
    SyOnnx__Model *model = sy_onnx__model__unpack(NULL, mapped.size, mapped.bytes);
    assert_non_null(model);
    assert_int_equal(model->graph->n_initializer, 3);
    for (size_t i = 0; i < model->graph->n_initializer; i++) {
        const SyOnnx__Tensor *tensor = model->graph->initializer[i];
        if (strcmp(tensor->name, "small") == 0) {
            assert_int_equal(tensor->n_external_data, 0);
            continue;
        }
        assert_string_equal(external_value(tensor, "location"), data_path);
        assert_string_equal(external_value(tensor, "length"), "16384");
        assert_string_equal(external_value(tensor, "offset"), strcmp(tensor->name, "w") == 0 ? "0" : "65536");
    }
    sy_onnx__model__free_unpacked(model, NULL);
    sy_file_unmap(&mapped);

    assert_ok(ctx, sy_import_onnx(ctx, path, &again, NULL));
    assert_memory_equal(again->tensors[sy_graph_find_tensor(again, "second")].data, values, sizeof values);
    sy_graph_destroy(again);
    sy_graph_destroy(graph);
    unlink(path);
    unlink(data_path);
}

static void a_failed_write_leaves_nothing(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = make_graph(ctx);
    assert_ok(ctx, sy_folder_make(ctx, path)); /* a folder where the model should go */
    assert_fails(ctx, sy_onnx_write(ctx, graph, path, 0), SY_E_IO,
                 "export_test.onnx: is a folder, a file was to be written there");
    assert_false(sy_path_exists(data_path));
    rmdir(path);
    assert_int_equal(sy_export_onnx(ctx, graph, "missing_folder/y.onnx"), SY_E_IO);
    sy_graph_destroy(graph);
}

/* A pipe stands for what must not be replaced by a file, such as /dev/full. */
static void a_device_or_pipe_is_not_replaced(void **state)
{
    sy_ctx *ctx = *state;
    struct stat info;
    sy_graph *graph = make_graph(ctx);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_fails(ctx, sy_export_onnx(ctx, graph, path), SY_E_IO,
                 "export_test.onnx: is a device or a pipe, a file was to be written there");
    assert_int_equal(stat(path, &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    unlink(path);
    sy_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_graph_survives_being_written),
        cmocka_unit_test(every_kind_of_attribute_survives),
        cmocka_unit_test(omitted_inputs_keep_their_places),
        cmocka_unit_test(the_first_producer_stays_on_record),
        cmocka_unit_test(the_ir_version_is_new_enough_for_the_operators),
        cmocka_unit_test(what_nobody_reads_is_not_written),
        cmocka_unit_test(large_weights_go_into_a_file_of_their_own),
        cmocka_unit_test(a_failed_write_leaves_nothing),
        cmocka_unit_test(a_device_or_pipe_is_not_replaced),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
