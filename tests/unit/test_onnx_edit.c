/* Models written field by field; tests/judges/judge_weights.py edits real ones and compares with others'
 * readers. */
#include "import/import.h"
#include "import/onnx/edit.h"
#include "import/onnx/fields.h"
#include "support/folder.h"
#include "support/graph.h"

static void put_message(sy_text *out, uint32_t number, sy_text *message)
{
    sy_wire_put_bytes(out, number, message->bytes, message->size);
    sy_text_release(message);
}

static void put_node(sy_text *graph, const char *type, const char *name, const char *in0, const char *in1,
                     const char *out, sy_text *attribute)
{
    sy_text node = {0};
    sy_wire_put_string(&node, SY_NODE_INPUT, in0);
    if (in1)
        sy_wire_put_string(&node, SY_NODE_INPUT, in1);
    sy_wire_put_string(&node, SY_NODE_OUTPUT, out);
    sy_wire_put_string(&node, SY_NODE_NAME, name);
    sy_wire_put_string(&node, SY_NODE_TYPE, type);
    if (attribute)
        put_message(&node, SY_NODE_ATTRIBUTE, attribute);
    put_message(graph, SY_GRAPH_NODE, &node);
}

static void put_value(sy_text *graph, uint32_t number, const char *name)
{
    sy_text value = {0}, type = {0}, tensor = {0};
    sy_wire_put_string(&value, SY_VALUE_NAME, name);
    sy_wire_put_varint(&tensor, 1, SY_DTYPE_FLOAT);
    put_message(&type, 1, &tensor);
    put_message(&value, 2, &type);
    put_message(graph, number, &value);
}

static const float weights[6] = {1, -2, 3, -4, 5, -6};

/* A [2,3] initializer; elements in `location` where that is not NULL. */
static void put_weight(sy_text *graph, const char *name, const char *location)
{
    sy_text tensor = {0}, pair = {0};
    sy_wire_put_varint(&tensor, SY_TENSOR_DIMS, 2);
    sy_wire_put_varint(&tensor, SY_TENSOR_DIMS, 3);
    sy_wire_put_varint(&tensor, SY_TENSOR_DATA_TYPE, SY_DTYPE_FLOAT);
    sy_wire_put_string(&tensor, SY_TENSOR_NAME, name);
    if (location) {
        sy_wire_put_string(&pair, SY_PAIR_KEY, "location");
        sy_wire_put_string(&pair, SY_PAIR_VALUE, location);
        put_message(&tensor, SY_TENSOR_EXTERNAL_DATA, &pair);
        sy_wire_put_varint(&tensor, SY_TENSOR_DATA_LOCATION, 1);
    } else {
        sy_wire_put_bytes(&tensor, SY_TENSOR_RAW_DATA, weights, sizeof weights);
    }
    put_message(graph, SY_GRAPH_INITIALIZER, &tensor);
}

/* y = Relu(MatMul(x, w)), z = MatMul(x, v), a = If(x) whose body reads w and has a Softmax. */
static sy_text make_model(int opset, int ir, const char *location, bool listed)
{
    sy_text model = {0}, graph = {0}, body = {0}, attribute = {0}, import = {0};
    put_node(&body, "Softmax", "inner", "w", NULL, "b", NULL);
    put_value(&body, SY_GRAPH_OUTPUT, "b");
    sy_wire_put_string(&attribute, SY_ATTRIBUTE_NAME, "then_branch");
    put_message(&attribute, SY_ATTRIBUTE_G, &body);
    put_node(&graph, "If", "branch", "x", NULL, "a", &attribute);
    put_node(&graph, "MatMul", "mm", "x", "w", "p", NULL);
    put_node(&graph, "Relu", "relu", "p", NULL, "y", NULL);
    put_node(&graph, "MatMul", "mm2", "x", "v", "z", NULL);
    put_weight(&graph, "w", NULL);
    put_weight(&graph, "v", location);
    put_value(&graph, SY_GRAPH_INPUT, "x");
    if (listed)
        put_value(&graph, SY_GRAPH_INPUT, "w");
    put_value(&graph, SY_GRAPH_OUTPUT, "y");
    put_value(&graph, SY_GRAPH_OUTPUT, "z");
    put_value(&graph, SY_GRAPH_OUTPUT, "a");
    sy_wire_put_varint(&graph, 99, 12345); /* a field of a version to come */
    sy_wire_put_varint(&model, SY_MODEL_IR_VERSION, (uint64_t)ir);
    sy_wire_put_string(&model, 6, "a comment");
    put_message(&model, SY_MODEL_GRAPH, &graph);
    sy_wire_put_varint(&import, SY_OPSET_VERSION, (uint64_t)opset);
    put_message(&model, SY_MODEL_OPSET, &import);
    assert_false(model.failed);
    return model;
}

typedef struct fixture {
    sy_ctx *ctx;
    test_folder folder;
    sy_text model;
    sy_onnx_file file;
    sy_onnx_edit *edit;
} fixture;

static int open_fixture(void **state)
{
    fixture *self = calloc(1, sizeof *self);
    assert_non_null(self);
    folder_open(&self->folder);
    *state = self;
    return sy_ctx_create(&self->ctx);
}

static void reset(fixture *self)
{
    sy_onnx_edit_destroy(self->edit);
    self->edit = NULL;
    sy_onnx_file_close(&self->file);
    sy_text_release(&self->model);
    self->model = (sy_text){0};
}

static int close_fixture(void **state)
{
    fixture *self = *state;
    reset(self);
    folder_close(&self->folder);
    sy_ctx_destroy(self->ctx);
    free(self);
    return 0;
}

static void begin(fixture *self, sy_text model)
{
    reset(self);
    self->model = model;
    assert_ok(self->ctx,
              sy_onnx_file_parse(self->ctx, model.bytes, model.size, self->folder.path, &self->file));
    assert_ok(self->ctx, sy_onnx_edit_create(self->ctx, &self->file, &self->edit));
}

static void save(fixture *self, sy_mapped *out)
{
    assert_ok(self->ctx, sy_onnx_edit_save(self->edit, folder_path(&self->folder, "out.onnx")));
    assert_ok(self->ctx, sy_file_map(self->ctx, folder_path(&self->folder, "out.onnx"), out));
}

static bool contains(const sy_mapped *file, const void *bytes, size_t size)
{
    return memmem(file->bytes, file->size, bytes, size) != NULL;
}

static void a_file_without_changes_is_written_byte_for_byte(void **state)
{
    fixture *self = *state;
    sy_mapped out = {0};
    begin(self, make_model(13, 3, NULL, true));
    save(self, &out);
    assert_int_equal(out.size, self->model.size);
    assert_memory_equal(out.bytes, self->model.bytes, out.size);
    sy_file_unmap(&out);
}

static void readers_are_found_in_bodies_too(void **state)
{
    fixture *self = *state;
    begin(self, make_model(13, 8, NULL, false));
    const sy_onnx_readers readers = sy_onnx_find_readers(&self->file, "w");
    assert_int_equal(readers.count, 2);
    assert_int_equal(readers.at[0].node, 0);
    assert_int_equal(readers.at[0].input, SY_NONE);
    assert_int_equal(readers.at[1].node, 1);
    assert_int_equal(readers.at[1].input, 1);
    assert_int_equal(sy_onnx_find_readers(&self->file, "nobody").count, 0);
}

/* w becomes Cast(w_small), put before its first reader; mm2 reads x2. */
static void change(fixture *self)
{
    static const int8_t integers[6] = {1, -2, 3, -4, 5, -6};
    const char *small = sy_onnx_edit_name(self->edit, "w", "_small");
    const char *inputs[] = {small}, *outputs[] = {"w"};
    const sy_attr to = {.name = "to", .kind = SY_ATTR_INT, .i = SY_DTYPE_FLOAT};
    const sy_tensor tensor = {
        .name = small, .dtype = SY_DTYPE_INT8, .shape = SHAPE(2, 3), .data = integers, .bytes = 6};
    const sy_onnx_new_node node = {"Cast", "w_cast", inputs, 1, outputs, 1, &to, 1, NULL};
    sy_onnx_edit_drop_constant(self->edit, sy_onnx_find_constant(&self->file, "w"));
    assert_ok(self->ctx, sy_onnx_edit_add_tensor(self->edit, &tensor));
    assert_ok(self->ctx, sy_onnx_edit_add_node(self->edit, 0, &node));
    assert_ok(self->ctx, sy_onnx_edit_set_input(self->edit, 3, 0, "y"));
}

static void a_constant_is_replaced_and_the_rest_stays(void **state)
{
    fixture *self = *state;
    sy_mapped out = {0};
    sy_graph *graph = NULL;
    begin(self, make_model(13, 8, NULL, false));
    change(self);
    save(self, &out);
    for (int n = 0; n < 3; n++) /* mm2 alone has another input */
        assert_true(contains(&out, self->file.nodes[n].span.at, self->file.nodes[n].span.size));
    assert_true(contains(&out, "a comment", 9));
    assert_false(contains(&out, self->file.nodes[3].span.at, self->file.nodes[3].span.size));
    assert_ok(self->ctx, sy_import_onnx_bytes(self->ctx, out.bytes, out.size, NULL, &graph));
    assert_string_equal(graph->nodes[0].type, "Cast");
    assert_string_equal(graph->tensors[graph->nodes[0].outputs[0]].name, "w");
    const sy_tensor *small = &graph->tensors[graph->nodes[0].inputs[0]];
    assert_int_equal(small->dtype, SY_DTYPE_INT8);
    assert_memory_equal(small->data, ((int8_t[]){1, -2, 3, -4, 5, -6}), 6);
    assert_string_equal(graph->tensors[graph->nodes[4].inputs[0]].name, "y");
    assert_int_equal(graph->ir_version, 8);
    sy_graph_destroy(graph);
    sy_file_unmap(&out);
}

static void what_was_listed_as_an_input_too_goes_from_there(void **state)
{
    fixture *self = *state;
    sy_mapped out = {0};
    sy_onnx_file again = {0};
    begin(self, make_model(9, 3, NULL, true));
    change(self);
    save(self, &out);
    assert_ok(self->ctx, sy_onnx_file_parse(self->ctx, out.bytes, out.size, NULL, &again));
    assert_int_equal(again.ir_version, 4); /* from there on initializers need not be inputs */
    sy_graph *graph = NULL;
    assert_ok(self->ctx, sy_import_onnx_bytes(self->ctx, out.bytes, out.size, NULL, &graph));
    assert_int_equal(graph->input_count, 1);
    sy_graph_destroy(graph);
    sy_onnx_file_close(&again);
    sy_file_unmap(&out);
}

static void names_are_new_in_bodies_too(void **state)
{
    fixture *self = *state;
    begin(self, make_model(13, 8, NULL, false));
    assert_string_equal(sy_onnx_edit_name(self->edit, "b", ""), "b_1");
    assert_string_equal(sy_onnx_edit_name(self->edit, "b", ""), "b_2");
    assert_string_equal(sy_onnx_edit_name(self->edit, "w", "_scale"), "w_scale");
}

static void elements_held_elsewhere_are_put_into_the_file(void **state)
{
    fixture *self = *state;
    sy_mapped out = {0};
    sy_graph *graph = NULL;
    folder_write(&self->folder, "v.bin", weights, sizeof weights);
    begin(self, make_model(13, 8, "v.bin", false));
    change(self);
    save(self, &out);
    assert_ok(self->ctx, sy_import_onnx_bytes(self->ctx, out.bytes, out.size, NULL, &graph));
    const sy_tensor *v = &graph->tensors[sy_graph_find_tensor(graph, "v")];
    assert_memory_equal(v->data, weights, sizeof weights);
    sy_graph_destroy(graph);
    sy_file_unmap(&out);
}

static void above_the_limit_elements_go_beside_the_file(void **state)
{
    fixture *self = *state;
    static float many[400];
    sy_graph *graph = NULL;
    for (int i = 0; i < 400; i++)
        many[i] = (float)i;
    begin(self, make_model(13, 8, NULL, false));
    const sy_tensor tensor = {
        .name = "many", .dtype = SY_DTYPE_FLOAT, .shape = SHAPE(400), .data = many, .bytes = sizeof many};
    assert_ok(self->ctx, sy_onnx_edit_add_tensor(self->edit, &tensor));
    assert_ok(self->ctx,
              sy_onnx_edit_save_within(self->edit, folder_path(&self->folder, "out.onnx"), sizeof many));
    assert_ok(self->ctx, sy_import_onnx(self->ctx, folder_path(&self->folder, "out.onnx"), &graph, NULL));
    assert_memory_equal(graph->tensors[sy_graph_find_tensor(graph, "many")].data, many, sizeof many);
    assert_true(sy_path_exists(folder_path(&self->folder, "out.onnx.data")));
    sy_graph_destroy(graph);
    assert_fails(self->ctx, sy_onnx_edit_save_within(self->edit, folder_path(&self->folder, "two.onnx"), 100),
                 SY_E_UNSUPPORTED,
                 "the quantized model has 352 bytes beside its weights; a protobuf file ends at 100");
    assert_false(sy_path_exists(folder_path(&self->folder, "two.onnx.data")));
}

static void the_operator_set_is_raised_only_where_every_node_means_the_same(void **state)
{
    fixture *self = *state;
    sy_mapped out = {0};
    sy_onnx_file again = {0};
    begin(self, make_model(13, 8, NULL, false));
    assert_ok(self->ctx, sy_onnx_edit_require_opset(self->edit, 21));
    save(self, &out);
    assert_ok(self->ctx, sy_onnx_file_parse(self->ctx, out.bytes, out.size, NULL, &again));
    assert_int_equal(again.opset, 21);
    assert_int_equal(again.ir_version, 10);
    sy_onnx_file_close(&again);
    sy_file_unmap(&out);
    begin(self, make_model(12, 8, NULL, false));
    assert_fails(self->ctx, sy_onnx_edit_require_opset(self->edit, 13), SY_E_UNSUPPORTED,
                 "the model is of opset 12 and the result would be of 13, but node 'inner' (Softmax) in a "
                 "subgraph means something else from version 13 on");
}

static void files_that_make_no_sense_are_refused(void **state)
{
    fixture *self = *state;
    sy_onnx_file file = {0};
    static const unsigned char empty[] = {0x08, 0x07};
    assert_fails(self->ctx, sy_onnx_file_parse(self->ctx, empty, sizeof empty, NULL, &file), SY_E_MODEL,
                 "this is not an ONNX model: it holds 0 graphs, not one");
    sy_onnx_file_close(&file);
    /* A node that is cut within its input. */
    static const unsigned char cut[] = {0x3a, 0x05, 0x0a, 0x03, 0x0a, 0x09, 'x'};
    assert_fails(self->ctx, sy_onnx_file_parse(self->ctx, cut, sizeof cut, NULL, &file), SY_E_MODEL,
                 "node 0 is damaged: its fields do not fit in its 3 bytes");
    sy_onnx_file_close(&file);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)
    const struct CMUnitTest tests[] = {
        TEST(a_file_without_changes_is_written_byte_for_byte),
        TEST(readers_are_found_in_bodies_too),
        TEST(a_constant_is_replaced_and_the_rest_stays),
        TEST(what_was_listed_as_an_input_too_goes_from_there),
        TEST(names_are_new_in_bodies_too),
        TEST(elements_held_elsewhere_are_put_into_the_file),
        TEST(above_the_limit_elements_go_beside_the_file),
        TEST(the_operator_set_is_raised_only_where_every_node_means_the_same),
        TEST(files_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
