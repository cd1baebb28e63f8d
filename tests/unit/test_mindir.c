#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "graph/graph.h"
#include "import/import.h"
#include "import/mindir/edit.h"
#include "import/mindir/weights.h"
#include "quant/weight_only.h"
#include "support/test.h"

/* Small models, written field by field. */

static void put_part(sy_text *out, uint32_t number, sy_text *part)
{
    sy_wire_put_bytes(out, number, part->bytes ? part->bytes : "", part->size);
    sy_text_release(part);
}

static void put_parameter(sy_text *graph, const char *name, int type, int rank, const int *dims,
                          const void *data, size_t bytes)
{
    sy_text tensor = {0};
    for (int i = 0; i < rank; i++)
        sy_wire_put_varint(&tensor, SY_TENSOR_DIMS, (uint64_t)dims[i]);
    sy_wire_put_varint(&tensor, SY_TENSOR_DATA_TYPE, (uint64_t)type);
    sy_wire_put_string(&tensor, SY_TENSOR_NAME, name);
    sy_wire_put_string(&tensor, 99, "unknown"); /* a field of times to come */
    sy_wire_put_bytes(&tensor, SY_TENSOR_RAW_DATA, data, bytes);
    put_part(graph, SY_GRAPH_PARAMETER, &tensor);
}

/* Names are separated by spaces; "" for none. */
static void put_node(sy_text *graph, const char *type, const char *inputs, const char *output,
                     const char *scope)
{
    sy_text node = {0};
    char names[256];
    snprintf(names, sizeof names, "%s", inputs);
    for (char *name = strtok(names, " "); name; name = strtok(NULL, " "))
        sy_wire_put_string(&node, SY_NODE_INPUT, name);
    sy_wire_put_string(&node, SY_NODE_OUTPUT, output);
    sy_wire_put_string(&node, SY_NODE_NAME, output);
    sy_wire_put_string(&node, SY_NODE_OP_TYPE, type);
    sy_wire_put_varint(&node, 98, 7); /* unknown */
    sy_wire_put_string(&node, SY_NODE_DOMAIN, scope);
    put_part(graph, SY_GRAPH_NODE, &node);
}

static void put_constant(sy_text *graph, const char *name, uint64_t value)
{
    sy_text node = {0}, attribute = {0};
    sy_wire_put_string(&attribute, SY_ATTRIBUTE_NAME, "value");
    sy_wire_put_varint(&attribute, SY_ATTRIBUTE_I, value);
    sy_wire_put_varint(&attribute, SY_ATTRIBUTE_TYPE, SY_MIND_INT64);
    sy_wire_put_string(&node, SY_NODE_OUTPUT, name);
    sy_wire_put_string(&node, SY_NODE_OP_TYPE, "Constant");
    put_part(&node, SY_NODE_ATTRIBUTE, &attribute);
    put_part(graph, SY_GRAPH_NODE, &node);
}

static void put_value(sy_text *graph, uint32_t number, const char *name, int rank, const int *dims)
{
    sy_text value = {0}, tensor = {0};
    for (int i = 0; i < rank; i++)
        sy_wire_put_varint(&tensor, SY_TENSOR_DIMS, (uint64_t)(int64_t)dims[i]);
    sy_wire_put_varint(&tensor, SY_TENSOR_DATA_TYPE, SY_DTYPE_FLOAT);
    sy_wire_put_string(&value, SY_VALUE_NAME, name);
    put_part(&value, SY_VALUE_TENSOR, &tensor);
    put_part(graph, number, &value);
}

static void put_model(sy_text *out, sy_text *graph, int version)
{
    sy_wire_put_string(out, SY_MODEL_IR_VERSION, "1.1");
    sy_wire_put_string(out, SY_MODEL_PRODUCER, "test");
    put_part(out, SY_MODEL_GRAPH, graph);
    sy_wire_put_varint(out, SY_MODEL_LITTLE_ENDIAN, 1);
    sy_wire_put_string(out, 14, "unknown");
    if (version)
        sy_wire_put_varint(out, SY_MODEL_MIND_IR_VERSION, (uint64_t)version);
}

enum { ROWS = 6, COLUMNS = 20 };

static float weight_at(int i)
{
    return (float)((i * 37) % 101 - 40) / 64;
}

/* x [-1,20] -> MatMul(x, Load(w [6,20]), transposed) -> y; with `extra`, more that reads w. */
static void print_model(sy_text *out, const char *extra)
{
    static const int w_dims[] = {ROWS, COLUMNS}, x_dims[] = {-1, COLUMNS}, y_dims[] = {-1, ROWS};
    float w[ROWS * COLUMNS];
    sy_text graph = {0};
    for (int i = 0; i < ROWS * COLUMNS; i++)
        w[i] = weight_at(i);
    put_value(&graph, SY_GRAPH_INPUT, "net:x", 2, x_dims);
    put_parameter(&graph, "net:w", SY_DTYPE_FLOAT, 2, w_dims, w, sizeof w);
    put_constant(&graph, "no", 0);
    put_constant(&graph, "yes", 1);
    put_node(&graph, "Load", "net:w no", "net:loaded:1", "Default/Load-op0");
    put_node(&graph, "MatMul", "net:x net:loaded:1 no yes", "net:y:2", "Default/MatMul-op0");
    put_node(&graph, "MakeTuple", "net:loaded:1", "net:tuple:3", "");
    put_node(&graph, "UpdateState", "no net:tuple:3", "net:state:4", "");
    if (*extra)
        put_node(&graph, extra, "net:loaded:1", "net:extra:5", "");
    put_value(&graph, SY_GRAPH_OUTPUT, "net:y:2", 2, y_dims);
    put_model(out, &graph, 3);
}

static void a_model_is_listed(void **state)
{
    sy_text bytes = {0};
    sy_mind_model model;
    print_model(&bytes, "");
    assert_true(sy_mind_recognise(bytes.bytes, bytes.size));
    assert_ok(*state, sy_mind_read(*state, bytes.bytes, bytes.size, &model));
    assert_int_equal(model.mind_ir_version, 3);
    assert_int_equal(model.node_count, 6);
    assert_int_equal(model.parameter_count, 1);
    assert_int_equal(model.parameters[0].shape.dims[1], COLUMNS);
    assert_int_equal(model.inputs[0].type.shape.dims[0], SY_NONE);
    const sy_mind_node *product = &model.nodes[sy_mind_find_node(&model, "net:y:2")];
    assert_string_equal(product->type, "MatMul");
    assert_int_equal(sy_mind_constant(&model, product, 3)->ints[0], 1);
    assert_null(sy_mind_constant(&model, product, 0));
    assert_int_equal(sy_mind_find_node(&model, "net:w"), SY_NONE);
    sy_mind_release(&model);
    sy_text_release(&bytes);
}

static void damaged_models_are_refused_by_part(void **state)
{
    sy_text good = {0};
    sy_mind_model model;
    print_model(&good, "");
    for (size_t size = 0; size < good.size; size++) { /* every way to end too early */
        unsigned char *cut = malloc(size + 1);
        assert_non_null(cut);
        memcpy(cut, good.bytes, size);
        const sy_status status = sy_mind_read(*state, cut, size, &model);
        assert_true(status == SY_OK || status == SY_E_MODEL);
        assert_true(status != SY_OK || model.node_count == 6);
        sy_mind_release(&model);
        free(cut);
    }
    sy_text_release(&good);

    static const struct {
        uint32_t number; /* of a field of the graph */
        const char *part, *message;
    } cases[] = {
        {SY_GRAPH_NODE, "\x0a\x05u", "node 0 is damaged: its fields do not fit in its 3 bytes"},
        {SY_GRAPH_NODE, "\x0a\x01x\x12\x01y\x22\x07REF::no",
         "node 'y' refers to primitive 'no', which the file does not have"},
        {SY_GRAPH_PARAMETER, "\x08\xfd\xff\xff\xff\xff\xff\xff\xff\xff\x01",
         "parameter 0: dimension 0 is -3, which no model can have"},
        {SY_GRAPH_PARAMETER, "\x08\x01\x08\x01\x08\x01\x08\x01\x08\x01\x08\x01\x08\x01\x08\x01\x08\x01",
         "parameter 0 has more than 8 dimensions"},
        {SY_GRAPH_PARAMETER, "\x0a\x01\x80", "parameter 0: its dimensions are damaged"},
        {SY_GRAPH_INPUT, "\x0f", "an input is damaged: its fields do not fit in its 1 bytes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_text bytes = {0}, graph = {0};
        sy_wire_put_string(&graph, cases[i].number, cases[i].part);
        put_model(&bytes, &graph, 3);
        const sy_status status = sy_mind_read(*state, bytes.bytes, bytes.size, &model);
        assert_true(status == SY_E_MODEL || status == SY_E_UNSUPPORTED);
        assert_string_equal(sy_ctx_error(*state), cases[i].message);
        sy_mind_release(&model);
        sy_text_release(&bytes);
    }
    assert_fails(*state,
                 sy_mind_read(*state,
                              "\x0a\x03"
                              "1.1",
                              5, &model),
                 SY_E_MODEL, "this is no MindIR model: it holds no graph");
    sy_mind_release(&model);
    assert_fails(*state, sy_mind_read(*state, "\x3a\x00\x50\x00", 4, &model), SY_E_UNSUPPORTED,
                 "it was written on a big-endian machine: export it on another");
    sy_mind_release(&model);
}

static void two_nodes_cannot_make_the_same(void **state)
{
    sy_text bytes = {0}, graph = {0};
    sy_mind_model model;
    put_node(&graph, "ReLU", "x", "y", "");
    put_node(&graph, "ReLU", "x", "y", "");
    put_model(&bytes, &graph, 3);
    assert_fails(*state, sy_mind_read(*state, bytes.bytes, bytes.size, &model), SY_E_MODEL,
                 "nodes 0 and 1 both make 'y'");
    sy_mind_release(&model);
    sy_text_release(&bytes);
}

static void weights_are_parameters_that_products_read(void **state)
{
    static const struct {
        const char *extra, *refusal;
    } cases[] = {
        {"", NULL},
        {"ReLU", "'net:extra:5' (ReLU) reads it"},
        {"Load", "'net:extra:5' (Load) reads it"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_text bytes = {0};
        sy_mind_model model;
        sy_arena arena = {0};
        sy_mind_weight *weights;
        int count;
        print_model(&bytes, cases[i].extra);
        assert_ok(*state, sy_mind_read(*state, bytes.bytes, bytes.size, &model));
        assert_ok(*state, sy_mind_find_weights(*state, &model, &arena, &weights, &count));
        assert_int_equal(count, 1);
        if (cases[i].refusal) {
            assert_string_equal(weights[0].refusal, cases[i].refusal);
        } else {
            assert_null(weights[0].refusal);
            assert_int_equal(weights[0].axis, 0); /* transpose_b is true */
            assert_int_equal(weights[0].factors.rank, 2);
            assert_int_equal(weights[0].factors.dims[0], ROWS);
            assert_int_equal(weights[0].factors.dims[1], 1);
            assert_string_equal(sy_mind_node_name(&model.nodes[weights[0].after]), "Default/Load-op0");
        }
        sy_arena_release(&arena);
        sy_mind_release(&model);
        sy_text_release(&bytes);
    }
}

static void scales_lie_along_the_channels_of_each_product(void **state)
{
    static const struct {
        const char *type, *inputs;
        int rank, dims[4], axis, after; /* after: whether integers are turned back behind the node */
        const char *factors;
    } cases[] = {
        {"Conv2D", "x w", 4, {8, 3, 1, 1}, 0, 0, "[8,1,1,1]"},
        {"Conv2DTranspose", "x w x", 4, {8, 3, 1, 1}, 1, 0, "[1,3,1,1]"},
        {"Dense", "x w", 2, {8, 3}, 0, 0, "[8,1]"},
        {"MatMul", "x w no no", 2, {8, 3}, 1, 0, "[1,3]"},
        {"MatMul", "x w no yes", 2, {8, 3}, 0, 0, "[8,1]"},
        {"MatMul", "w x no no", 2, {8, 3}, 0, 0, "[8,1]"},
        {"MatMul", "w x yes no", 2, {8, 3}, 1, 0, "[1,3]"},
        {"BatchMatMul", "x w no yes", 3, {2, 8, 3}, 1, 0, "[1,8,1]"},
        {"MatMulExt", "x w", 3, {2, 8, 3}, 2, 0, "[1,1,3]"},
        {"Gather", "w x no no", 2, {8, 3}, 1, 1, "[3]"},
        {"Gather", "w x yes no", 2, {8, 3}, SY_NONE, 0, NULL}, /* columns are picked */
        {"ReLU", "w", 2, {8, 3}, SY_NONE, 0, NULL},
    };
    static const float values[64];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_text bytes = {0}, graph = {0};
        sy_mind_model model;
        sy_arena arena = {0};
        sy_mind_weight *weights;
        char text[SY_SHAPE_TEXT];
        int count;
        size_t elements = 1;
        for (int d = 0; d < cases[i].rank; d++)
            elements *= (size_t)cases[i].dims[d];
        put_parameter(&graph, "w", SY_DTYPE_FLOAT, cases[i].rank, cases[i].dims, values, 4 * elements);
        put_constant(&graph, "no", 0);
        put_constant(&graph, "yes", 1);
        put_node(&graph, cases[i].type, cases[i].inputs, "y", "");
        put_node(&graph, "ReLU", "y", "z", "");
        put_model(&bytes, &graph, 3);
        assert_ok(*state, sy_mind_read(*state, bytes.bytes, bytes.size, &model));
        assert_ok(*state, sy_mind_find_weights(*state, &model, &arena, &weights, &count));
        assert_int_equal(count, 1);
        if (cases[i].factors) {
            assert_null(weights[0].refusal);
            assert_int_equal(weights[0].axis, cases[i].axis);
            assert_string_equal(sy_shape_print(&weights[0].factors, text), cases[i].factors);
            assert_int_equal(weights[0].after, cases[i].after ? 2 : SY_NONE);
            assert_int_equal(weights[0].is_convolution, strncmp(cases[i].type, "Conv", 4) == 0);
        } else {
            assert_non_null(weights[0].refusal);
        }
        sy_arena_release(&arena);
        sy_mind_release(&model);
        sy_text_release(&bytes);
    }
}

/* The model with its weights as int8 of one scale. */
static void edit_model(sy_ctx *ctx, const sy_mind_model *model, sy_mind_widen widen, sy_text *out)
{
    static const float scale = 0.5F, zp = -3;
    int8_t integers[ROWS * COLUMNS];
    sy_arena arena = {0};
    sy_mind_weight *weights;
    int count;
    for (int i = 0; i < ROWS * COLUMNS; i++)
        integers[i] = (int8_t)i;
    assert_ok(ctx, sy_mind_find_weights(ctx, model, &arena, &weights, &count));
    const sy_mind_edit edit = {.parameter = 0,
                               .after = weights[0].after,
                               .integer_type = SY_DTYPE_INT8,
                               .integers = integers,
                               .integer_bytes = sizeof integers,
                               .factor_shape = {.rank = 1, .dims = {1}},
                               .scales = &scale,
                               .zps = &zp,
                               .factor_bytes = sizeof scale};
    assert_ok(ctx, sy_mind_print(ctx, model, &edit, 1, widen, out));
    sy_arena_release(&arena);
}

static void assert_node(const sy_mind_model *model, const char *output, const char *type, const char *a,
                        const char *b)
{
    const int index = sy_mind_find_node(model, output);
    assert_int_not_equal(index, SY_NONE);
    assert_string_equal(model->nodes[index].type, type);
    assert_string_equal(model->nodes[index].inputs[0], a);
    if (b)
        assert_string_equal(model->nodes[index].inputs[1], b);
}

static void integers_pass_three_nodes_before_the_product(void **state)
{
    sy_text bytes = {0}, edited = {0};
    sy_mind_model model, back;
    print_model(&bytes, "");
    assert_ok(*state, sy_mind_read(*state, bytes.bytes, bytes.size, &model));
    edit_model(*state, &model, SY_MIND_WIDEN_CAST, &edited);
    assert_ok(*state, sy_mind_read(*state, edited.bytes, edited.size, &back));
    assert_int_equal(back.node_count, model.node_count + 4); /* with the constant of the type */
    assert_node(&back, "net:w-Cast:0", "Cast", "net:loaded:1", "steelyard-float32");
    assert_node(&back, "net:w-Add:0", "Add", "net:w-Cast:0", "net:w-zps");
    assert_node(&back, "net:w-Mul:0", "Mul", "net:w-Add:0", "net:w-scales");
    assert_node(&back, "net:y:2", "MatMul", "net:x", "net:w-Mul:0");
    assert_node(&back, "net:tuple:3", "MakeTuple", "net:loaded:1", NULL); /* keeps the order of reads */
    assert_true(sy_mind_find_node(&back, "net:w-Mul:0") < sy_mind_find_node(&back, "net:y:2"));
    assert_true(sy_mind_find_node(&back, "net:loaded:1") < sy_mind_find_node(&back, "net:w-Cast:0"));
    assert_int_equal(back.parameter_count, 3);
    assert_int_equal(back.parameters[0].data_type, SY_DTYPE_INT8);
    assert_int_equal(back.parameters[0].raw.size, ROWS * COLUMNS);
    assert_int_equal(back.parameters[0].raw.at[7], 7);
    assert_string_equal(back.parameters[1].name, "net:w-scales");
    assert_int_equal(
        sy_mind_attr_of(&back.nodes[sy_mind_find_node(&back, "net:w-Cast:0")], "no_need_constant_folding")
            ->ints[0],
        1);
    sy_mind_release(&back);
    sy_mind_release(&model);
    sy_text_release(&edited);
    sy_text_release(&bytes);
}

static void anti_quant_stands_in_the_place_of_cast(void **state)
{
    sy_text bytes = {0}, edited = {0};
    sy_mind_model model, back;
    print_model(&bytes, "");
    assert_ok(*state, sy_mind_read(*state, bytes.bytes, bytes.size, &model));
    edit_model(*state, &model, SY_MIND_WIDEN_ANTI_QUANT, &edited);
    assert_ok(*state, sy_mind_read(*state, edited.bytes, edited.size, &back));
    assert_node(&back, "net:w-AntiQuant:0", "AscendAntiQuant", "net:loaded:1", NULL);
    const sy_mind_node *node = &back.nodes[sy_mind_find_node(&back, "net:w-AntiQuant:0")];
    assert_int_equal(node->input_count, 1);
    assert_true(sy_mind_attr_of(node, "scale")->floats[0] == 1 &&
                sy_mind_attr_of(node, "offset")->floats[0] == 0);
    assert_int_equal(sy_mind_attr_of(node, "dtype")->ints[0], SY_MIND_ID_FLOAT32);
    sy_mind_release(&back);
    sy_mind_release(&model);
    sy_text_release(&edited);
    sy_text_release(&bytes);
}

static void no_edit_copies_every_byte(void **state)
{
    sy_text bytes = {0}, copy = {0};
    sy_mind_model model;
    print_model(&bytes, "ReLU");
    assert_ok(*state, sy_mind_read(*state, bytes.bytes, bytes.size, &model));
    assert_ok(*state, sy_mind_print(*state, &model, NULL, 0, SY_MIND_WIDEN_CAST, &copy));
    assert_true(copy.size > bytes.size); /* operators that nothing uses yet are at the end */
    assert_memory_equal(copy.bytes, bytes.bytes, bytes.size);
    sy_mind_release(&model);
    sy_text_release(&copy);
    sy_text_release(&bytes);
}

static void external_data_stays_below_the_folder_and_has_the_right_size(void **state)
{
    static const struct {
        const char *location;
        int64_t offset, length;
        const char *message;
    } cases[] = {
        {"side.bin", 64, 8, NULL},
        {"/etc/passwd", 0, 8,
         "parameter 'w': it is held in '/etc/passwd': a model may only read files below its own folder"},
        {"a/../../x", 0, 8,
         "parameter 'w': it is held in 'a/../../x': a model may only read files below its own folder"},
        {"", 0, 8, "parameter 'w': it is held in another file that has no name"},
        {"side.bin", 65, 8, "parameter 'w': it needs 8 bytes at offset 65 of 'side.bin', which has only 72"},
        {"side.bin", -1, 8,
         "parameter 'w': its type and shape need 8 bytes, the external data has 8 at offset -1"},
        {"side.bin", 64, 9,
         "parameter 'w': its type and shape need 8 bytes, the external data has 9 at offset 64"},
    };
    unsigned char side[72] = {1};
    char folder[64], path[96];
    side[64] = 42;
    snprintf(folder, sizeof folder, "mindir-%d", (int)getpid());
    mkdir(folder, 0700);
    snprintf(path, sizeof path, "%s/side.bin", folder);
    assert_ok(*state, sy_file_save(*state, path, side, sizeof side));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sy_mind_tensor tensor = {.name = "w",
                                       .data_type = SY_DTYPE_FLOAT,
                                       .shape = {.rank = 1, .dims = {2}},
                                       .is_external = true,
                                       .location = cases[i].location,
                                       .offset = cases[i].offset,
                                       .length = cases[i].length};
        sy_arena arena = {0};
        const void *data = NULL;
        size_t bytes = 0;
        const sy_status status = sy_mind_tensor_bytes(*state, &tensor, folder, &arena, &data, &bytes);
        if (cases[i].message) {
            assert_int_equal(status, SY_E_MODEL);
            assert_string_equal(sy_ctx_error(*state), cases[i].message);
        } else {
            assert_int_equal(status, SY_OK);
            assert_int_equal(*(const unsigned char *)data, 42);
        }
        sy_arena_release(&arena);
    }
    unlink(path);
    rmdir(folder);
}

static void a_model_becomes_a_graph_of_our_operators(void **state)
{
    sy_text bytes = {0};
    sy_graph *graph = NULL;
    print_model(&bytes, "");
    assert_ok(*state, sy_import_mindir_bytes(*state, bytes.bytes, bytes.size, NULL, &graph));
    assert_int_equal(graph->node_count, 1);
    assert_string_equal(graph->nodes[0].type, "Gemm");
    assert_string_equal(graph->nodes[0].name, "Default/MatMul-op0");
    assert_int_equal(sy_node_int(&graph->nodes[0], "transA", 9), 0);
    assert_int_equal(sy_node_int(&graph->nodes[0], "transB", 9), 1);
    assert_string_equal(graph->tensors[graph->inputs[0]].name, "x");
    assert_string_equal(graph->tensors[graph->nodes[0].inputs[1]].name, "w");
    assert_true(((const float *)graph->tensors[graph->nodes[0].inputs[1]].data)[5] == weight_at(5));
    assert_int_equal(graph->tensors[graph->outputs[0]].shape.dims[1], ROWS);
    sy_graph_destroy(graph);
    sy_text_release(&bytes);
}

static void what_cannot_be_translated_is_named_with_its_node(void **state)
{
    static const struct {
        const char *type, *inputs, *scope, *message;
        sy_status status;
    } cases[] = {
        {"Spectral", "x", "Default/s-op0", "operators that are not ours: Spectral (node 'Default/s-op0')",
         SY_E_UNSUPPORTED},
        {"", "x", "", "operators that are not ours: no operator (node 'y')", SY_E_UNSUPPORTED},
        {"ReLU", "z", "", "node 'y' (ReLU): nothing before it makes its input 'z'", SY_E_MODEL},
        {"ReLU", "y", "", "node 'y' (ReLU): nothing before it makes its input 'y'", SY_E_MODEL},
        {"Add", "x", "", "node 'y' (Add): input 1 is missing", SY_E_MODEL},
        {"TupleGetItem", "x two", "", "node 'y' (TupleGetItem): 'x' is no tuple whose elements are known",
         SY_E_UNSUPPORTED},
        {"Cast", "x two", "", "node 'y' (Cast): the type it makes is not known", SY_E_UNSUPPORTED},
        {"Split", "x two two", "", "node 'y' (Split): the size of what it splits is not known",
         SY_E_UNSUPPORTED},
        {"Reshape", "x x", "", "node 'y' (Reshape): input 1 (shape) is computed, it must be a constant",
         SY_E_UNSUPPORTED},
        {"BiasAdd", "x x two", "", "node 'y' (BiasAdd): its format is not NCHW, only NCHW can be computed",
         SY_E_UNSUPPORTED},
        {"MaxPool", "x", "", "node 'y' (MaxPool): pad_mode is neither SAME nor VALID", SY_E_UNSUPPORTED},
        {"Concat", "x two", "", "node 'y' (Concat): what it joins is no tuple whose elements are known",
         SY_E_UNSUPPORTED},
        {"Gather", "x x two two", "", "node 'y' (Gather): batch_dims is not 0", SY_E_UNSUPPORTED},
        {"StridedSlice", "x two two two two two two two two", "",
         "node 'y' (StridedSlice): it has an ellipsis or a new axis", SY_E_UNSUPPORTED},
        {"StridedSlice", "x two two", "", "node 'y' (StridedSlice): 1 begins, 1 ends and 0 strides",
         SY_E_MODEL},
        {"StridedSlice", "x x two two", "",
         "node 'y' (StridedSlice): input 1 (begin) is computed, it must be a constant", SY_E_UNSUPPORTED},
        {"Conv2DTranspose", "x x two", "",
         "node 'y' (Conv2DTranspose): the shape of its weights is not known", SY_E_UNSUPPORTED},
    };
    static const int dims[] = {2, 3};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_text bytes = {0}, graph = {0};
        sy_graph *out = NULL;
        put_value(&graph, SY_GRAPH_INPUT, "x", 2, dims);
        put_constant(&graph, "two", 2);
        put_node(&graph, cases[i].type, cases[i].inputs, "y", cases[i].scope);
        put_value(&graph, SY_GRAPH_OUTPUT, "y", 2, dims);
        put_model(&bytes, &graph, 3);
        assert_fails(*state, sy_import_mindir_bytes(*state, bytes.bytes, bytes.size, NULL, &out),
                     cases[i].status, cases[i].message);
        sy_text_release(&bytes);
    }
}

/* Against a plain computation in double. */
static void factors_keep_mean_and_deviation_of_each_channel(void **state)
{
    enum { CHANNELS = 3, EACH = 40 };
    float w[CHANNELS * EACH];
    int16_t q[CHANNELS * EACH];
    sy_weight_factors factors[CHANNELS];
    const sy_channels channels = {.axis = 0, .outer = 1, .count = CHANNELS, .inner = EACH};
    for (int i = 0; i < CHANNELS * EACH; i++)
        w[i] = weight_at(i) * (float)(1 + i / EACH) + (float)(i / EACH);
    for (int bits = 1; bits <= 16; bits++) {
        assert_ok(*state, sy_weight_only_quantize(*state, w, &channels, bits, true, q, factors));
        for (int c = 0; c < CHANNELS; c++) {
            double before = 0, after = 0;
            for (int i = c * EACH; i < (c + 1) * EACH; i++) {
                assert_in_range(q[i] + (1 << (bits - 1)), 0, (1 << bits) - 1);
                before += (double)w[i] / EACH;
                after += ((double)q[i] + (double)factors[c].zp) * (double)factors[c].scale / EACH;
            }
            assert_true(fabs(before - after) < 1e-5);
        }
    }
    assert_ok(*state, sy_weight_only_quantize(*state, w, &channels, 8, false, q, factors));
    for (int i = 0; i < CHANNELS * EACH; i++) {
        const sy_weight_factors *of = &factors[i / EACH];
        assert_true(of->zp == rintf(of->zp));
        assert_true(fabsf(((float)q[i] + of->zp) * of->scale - w[i]) <= 0.51F * of->scale);
    }
    w[7] = NAN;
    assert_fails(*state, sy_weight_only_quantize(*state, w, &channels, 8, false, q, factors), SY_E_NUMERIC,
                 "weight 7 is nan");
}

static void halves_are_the_nearest(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 0x7c00; bits++) { /* every finite one, and the middle to the next */
        const float value = sy_half_to_float((uint16_t)bits);
        assert_int_equal(sy_float_to_half(value), bits);
        assert_int_equal(sy_float_to_half(-value), bits | 0x8000);
        const float next = bits == 0x7bff ? 65536 : sy_half_to_float((uint16_t)(bits + 1));
        const float middle = (value + next) / 2;
        assert_int_equal(sy_float_to_half(middle), bits + (bits & 1));
        assert_int_equal(sy_float_to_half(nextafterf(middle, 0)), bits);
        assert_int_equal(sy_float_to_half(nextafterf(middle, 1e9F)), bits + 1);
    }
    assert_int_equal(sy_float_to_half(INFINITY), 0x7c00);
    assert_true(isnan(sy_half_to_float(sy_float_to_half(NAN))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_listed),
        cmocka_unit_test(damaged_models_are_refused_by_part),
        cmocka_unit_test(two_nodes_cannot_make_the_same),
        cmocka_unit_test(weights_are_parameters_that_products_read),
        cmocka_unit_test(scales_lie_along_the_channels_of_each_product),
        cmocka_unit_test(integers_pass_three_nodes_before_the_product),
        cmocka_unit_test(anti_quant_stands_in_the_place_of_cast),
        cmocka_unit_test(no_edit_copies_every_byte),
        cmocka_unit_test(external_data_stays_below_the_folder_and_has_the_right_size),
        cmocka_unit_test(a_model_becomes_a_graph_of_our_operators),
        cmocka_unit_test(what_cannot_be_translated_is_named_with_its_node),
        cmocka_unit_test(factors_keep_mean_and_deviation_of_each_channel),
        cmocka_unit_test(halves_are_the_nearest),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
