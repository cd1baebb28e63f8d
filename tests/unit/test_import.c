/* Models built by hand, through the messages of our own .proto; tests/judges compares with the programs of
 * others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "import/import.h"
#include "import/onnx/onnx.h"
#include "support/test.h"

/* y = Relu(x), x [N,3]; tests change what they test. */
typedef struct sample {
    SyOnnx__Model model;
    SyOnnx__Graph graph;
    SyOnnx__OpsetId opset;
    SyOnnx__Node node;
    SyOnnx__ValueInfo input, output;
    SyOnnx__Type type;
    SyOnnx__TensorType tensor_type;
    SyOnnx__Shape shape;
    SyOnnx__Dimension dims[2];
    SyOnnx__Tensor weight;
    SyOnnx__OpsetId *opsets[1];
    SyOnnx__Node *nodes[1];
    SyOnnx__ValueInfo *inputs[1], *outputs[1];
    SyOnnx__Dimension *dim_list[2];
    SyOnnx__Tensor *weights[1];
    char *node_inputs[1], *node_outputs[1];
} sample;

static void make_type(sample *s)
{
    sy_onnx__type__init(&s->type);
    sy_onnx__tensor_type__init(&s->tensor_type);
    sy_onnx__shape__init(&s->shape);
    sy_onnx__dimension__init(&s->dims[0]);
    sy_onnx__dimension__init(&s->dims[1]);
    s->dims[0].dim_param = "N";
    s->dims[1].has_dim_value = 1;
    s->dims[1].dim_value = 3;
    s->dim_list[0] = &s->dims[0];
    s->dim_list[1] = &s->dims[1];
    s->shape.n_dim = 2;
    s->shape.dim = s->dim_list;
    s->tensor_type.has_elem_type = 1;
    s->tensor_type.elem_type = SY_DTYPE_FLOAT;
    s->tensor_type.shape = &s->shape;
    s->type.tensor_type = &s->tensor_type;
}

static void make_sample(sample *s)
{
    memset(s, 0, sizeof *s);
    sy_onnx__model__init(&s->model);
    sy_onnx__graph__init(&s->graph);
    sy_onnx__opset_id__init(&s->opset);
    sy_onnx__node__init(&s->node);
    sy_onnx__value_info__init(&s->input);
    sy_onnx__value_info__init(&s->output);
    sy_onnx__tensor__init(&s->weight);
    make_type(s);
    s->opset.has_version = 1;
    s->opset.version = 13;
    s->opsets[0] = &s->opset;
    s->model.opset_import = s->opsets;
    s->model.n_opset_import = 1;
    s->model.graph = &s->graph;
    s->model.has_ir_version = 1;
    s->model.ir_version = 8;

    s->node.op_type = "Relu";
    s->node_inputs[0] = s->input.name = "x";
    s->node_outputs[0] = s->output.name = "y";
    s->node.input = s->node_inputs;
    s->node.output = s->node_outputs;
    s->node.n_input = s->node.n_output = 1;
    s->input.type = s->output.type = &s->type;
    s->nodes[0] = &s->node;
    s->inputs[0] = &s->input;
    s->outputs[0] = &s->output;
    s->weights[0] = &s->weight;
    s->weight.name = "w";
    s->graph.node = s->nodes;
    s->graph.input = s->inputs;
    s->graph.output = s->outputs;
    s->graph.initializer = s->weights;
    s->graph.n_node = s->graph.n_input = s->graph.n_output = 1;
}

/* The caller frees the bytes. */
static uint8_t *pack(const sample *s, size_t *size)
{
    *size = sy_onnx__model__get_packed_size(&s->model);
    uint8_t *bytes = malloc(*size);
    assert_non_null(bytes);
    sy_onnx__model__pack(&s->model, bytes);
    return bytes;
}

static sy_status import_sample(sy_ctx *ctx, const sample *s, const char *folder, sy_graph **out)
{
    size_t size;
    uint8_t *bytes = pack(s, &size);
    const sy_status status = sy_import_onnx_bytes(ctx, bytes, size, folder, out);
    free(bytes);
    return status;
}

static void assert_refused(sy_ctx *ctx, const sample *s, sy_status status, const char *message)
{
    sy_graph *graph = NULL;
    assert_fails(ctx, import_sample(ctx, s, NULL, &graph), status, message);
    assert_null(graph);
}

static void a_small_model_is_read(void **state)
{
    sy_ctx *ctx = *state;
    sample s;
    sy_graph *graph = NULL;
    make_sample(&s);
    assert_ok(ctx, import_sample(ctx, &s, NULL, &graph));
    assert_int_equal(graph->node_count, 1);
    assert_string_equal(graph->nodes[0].type, "Relu");
    assert_string_equal(graph->nodes[0].name, "Relu_0");
    assert_int_equal(graph->nodes[0].opset, 13);
    assert_int_equal(graph->input_count, 1);
    const sy_tensor *x = &graph->tensors[graph->inputs[0]];
    assert_string_equal(x->name, "x");
    assert_string_equal(x->dim_names[0], "N");
    assert_int_equal(x->shape.dims[0], SY_NONE);
    assert_int_equal(x->shape.dims[1], 3);
    assert_int_equal(graph->ir_version, 8);
    sy_graph_destroy(graph);
}

/* Five values in every way that a tensor can hold them. */
static void every_way_to_hold_a_tensor_is_read(void **state)
{
    sy_ctx *ctx = *state;
    static const float want[] = {1, -2, 3, 0, 2.5F};
    static const int64_t want_ints[] = {1, -2, 3, 0, 7};
    static float floats[] = {1, -2, 3, 0, 2.5F};
    static double doubles[] = {1, -2, 3, 0, 2.5};
    static int32_t halfs[] = {0x3c00, 0xc000, 0x4200, 0, 0x4100};
    static int32_t bfloats[] = {0x3f80, 0xc000, 0x4040, 0, 0x4020};
    static uint16_t raw_halfs[] = {0x3c00, 0xc000, 0x4200, 0, 0x4100};
    static uint16_t raw_bfloats[] = {0x3f80, 0xc000, 0x4040, 0, 0x4020};
    static int32_t ints[] = {1, -2, 3, 0, 7};
    static int64_t longs[] = {1, -2, 3, 0, 7};
    static int32_t nibbles[] = {0xe1, 0x03, 0x07}; /* two a byte, the first one low */
    static uint8_t raw_nibbles[] = {0xe1, 0x03, 0x07};
    static int8_t raw_bytes[] = {1, -2, 3, 0, 7};

    static const struct {
        sy_dtype dtype;
        void *raw, *typed;
        size_t count, raw_bytes;
    } cases[] = {
        {SY_DTYPE_FLOAT, floats, NULL, 0, sizeof floats},
        {SY_DTYPE_FLOAT, NULL, floats, 5, 0},
        {SY_DTYPE_DOUBLE, doubles, NULL, 0, sizeof doubles},
        {SY_DTYPE_DOUBLE, NULL, doubles, 5, 0},
        {SY_DTYPE_FLOAT16, raw_halfs, NULL, 0, sizeof raw_halfs},
        {SY_DTYPE_FLOAT16, NULL, halfs, 5, 0},
        {SY_DTYPE_BFLOAT16, raw_bfloats, NULL, 0, sizeof raw_bfloats},
        {SY_DTYPE_BFLOAT16, NULL, bfloats, 5, 0},
        {SY_DTYPE_INT8, raw_bytes, NULL, 0, sizeof raw_bytes},
        {SY_DTYPE_INT8, NULL, ints, 5, 0},
        {SY_DTYPE_INT16, NULL, ints, 5, 0},
        {SY_DTYPE_INT32, ints, NULL, 0, sizeof ints},
        {SY_DTYPE_INT32, NULL, ints, 5, 0},
        {SY_DTYPE_INT64, longs, NULL, 0, sizeof longs},
        {SY_DTYPE_INT64, NULL, longs, 5, 0},
        {SY_DTYPE_INT4, raw_nibbles, NULL, 0, sizeof raw_nibbles},
        {SY_DTYPE_INT4, NULL, nibbles, 3, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sample s;
        sy_graph *graph = NULL;
        int64_t dims[] = {5};
        make_sample(&s);
        s.graph.n_initializer = 1;
        s.weight.dims = dims;
        s.weight.n_dims = 1;
        s.weight.has_data_type = 1;
        s.weight.data_type = (int32_t)cases[i].dtype;
        s.weight.has_raw_data = cases[i].raw != NULL;
        s.weight.raw_data = (ProtobufCBinaryData){cases[i].raw_bytes, cases[i].raw};
        if (cases[i].dtype == SY_DTYPE_FLOAT) {
            s.weight.float_data = cases[i].typed;
            s.weight.n_float_data = cases[i].count;
        } else if (cases[i].dtype == SY_DTYPE_DOUBLE) {
            s.weight.double_data = cases[i].typed;
            s.weight.n_double_data = cases[i].count;
        } else if (cases[i].dtype == SY_DTYPE_INT64) {
            s.weight.int64_data = cases[i].typed;
            s.weight.n_int64_data = cases[i].count;
        } else {
            s.weight.int32_data = cases[i].typed;
            s.weight.n_int32_data = cases[i].count;
        }
        assert_ok(ctx, import_sample(ctx, &s, NULL, &graph));
        const sy_tensor *w = &graph->tensors[sy_graph_find_tensor(graph, "w")];
        assert_int_equal(w->dtype, cases[i].dtype);
        float got[5];
        int64_t got_ints[5];
        assert_ok(ctx, sy_tensor_to_f32(ctx, w, got, 5));
        assert_ok(ctx, sy_tensor_to_i64(ctx, w, got_ints, 5));
        if (sy_dtype_is_float(cases[i].dtype))
            assert_memory_equal(got, want, sizeof want);
        else
            assert_memory_equal(got_ints, want_ints, sizeof want_ints);
        sy_graph_destroy(graph);
    }
}

static void unsigned_words_are_read(void **state)
{
    sy_ctx *ctx = *state;
    static uint64_t longs[] = {1, 4000000000u};
    static int32_t bytes[] = {1, 200};
    static const struct {
        sy_dtype dtype;
        int64_t want;
    } cases[] = {{SY_DTYPE_UINT32, 4000000000}, {SY_DTYPE_UINT64, 4000000000}, {SY_DTYPE_UINT8, 200}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sample s;
        sy_graph *graph = NULL;
        int64_t dims[] = {2}, got[2];
        make_sample(&s);
        s.graph.n_initializer = 1;
        s.weight.dims = dims;
        s.weight.n_dims = 1;
        s.weight.has_data_type = 1;
        s.weight.data_type = (int32_t)cases[i].dtype;
        if (cases[i].dtype == SY_DTYPE_UINT8) {
            s.weight.int32_data = bytes;
            s.weight.n_int32_data = 2;
        } else {
            s.weight.uint64_data = longs;
            s.weight.n_uint64_data = 2;
        }
        assert_ok(ctx, import_sample(ctx, &s, NULL, &graph));
        assert_ok(ctx, sy_tensor_to_i64(ctx, &graph->tensors[sy_graph_find_tensor(graph, "w")], got, 2));
        assert_int_equal(got[1], cases[i].want);
        sy_graph_destroy(graph);
    }
}

static void wrong_tensors_are_refused_by_name(void **state)
{
    sy_ctx *ctx = *state;
    static uint8_t raw[16];
    static int32_t words[] = {1, 2, 300, 4};
    sample s;
    static int64_t dims[9] = {4, 1, 1, 1, 1, 1, 1, 1, 1};
    make_sample(&s);
    s.graph.n_initializer = 1;
    s.weight.dims = dims;
    s.weight.n_dims = 1;
    s.weight.has_data_type = s.weight.has_raw_data = 1;
    s.weight.data_type = SY_DTYPE_FLOAT;
    s.weight.raw_data = (ProtobufCBinaryData){15, raw};
    assert_refused(ctx, &s, SY_E_MODEL,
                   "initializer 'w': [4] of float32 needs 16 bytes, its raw_data has 15");
    s.weight.has_raw_data = 0;
    assert_refused(ctx, &s, SY_E_MODEL,
                   "initializer 'w': [4] of float32 needs 4 numbers in float_data, there are 0");
    s.weight.data_type = SY_DTYPE_INT8;
    s.weight.int32_data = words;
    s.weight.n_int32_data = 4;
    assert_refused(ctx, &s, SY_E_MODEL, "initializer 'w': element 2 of int32_data is 300, which is no int8");
    s.weight.has_raw_data = 1;
    s.weight.raw_data.len = 4;
    assert_refused(ctx, &s, SY_E_MODEL, "initializer 'w' holds its elements in 2 different fields");
    s.weight.n_int32_data = 0;
    s.weight.n_dims = 9;
    assert_refused(ctx, &s, SY_E_UNSUPPORTED, "initializer 'w' has 9 dimensions; at most 8 are supported");
    s.weight.n_dims = 1;
    dims[0] = -4;
    assert_refused(ctx, &s, SY_E_MODEL, "initializer 'w': dimension 0 is -4; a size cannot be negative");
    dims[0] = (int64_t)1 << 60;
    assert_refused(ctx, &s, SY_E_MODEL,
                   "initializer 'w': shape [1152921504606846976] is larger than any model can be");
    dims[0] = 4;
    s.weight.data_type = 17;
    assert_refused(ctx, &s, SY_E_UNSUPPORTED,
                   "initializer 'w' has ONNX's element type 17, which is not supported");
    s.weight.name = NULL;
    assert_refused(ctx, &s, SY_E_MODEL, "initializer 0 has no name");
}

static void contradictions_of_the_graph_are_refused_by_name(void **state)
{
    sy_ctx *ctx = *state;
    sample s;
    make_sample(&s);
    s.node_inputs[0] = "z";
    assert_refused(ctx, &s, SY_E_MODEL,
                   "node 0 (Relu) reads 'z', which no input, initializer or node provides");
    make_sample(&s);
    s.node.name = "act";
    s.node_inputs[0] = "y";
    assert_refused(
        ctx, &s, SY_E_MODEL,
        "node 'act' (Relu) reads 'y' before node 'act' (Relu) computes it; nodes must stand in an order in "
        "which they can run");
    make_sample(&s);
    s.node_outputs[0] = "x";
    assert_refused(ctx, &s, SY_E_MODEL,
                   "node 0 (Relu) defines 'x', which is already defined; names must be unique");
    make_sample(&s);
    s.output.name = "q";
    assert_refused(ctx, &s, SY_E_MODEL, "graph output 'q' is not computed by any node");
    make_sample(&s);
    s.node.domain = "com.example";
    assert_refused(ctx, &s, SY_E_MODEL,
                   "node 0 (Relu) is of the domain 'com.example', which the model does not import");
    make_sample(&s);
    s.graph.n_output = 0;
    assert_refused(ctx, &s, SY_E_MODEL, "the graph has no outputs");
    make_sample(&s);
    s.dims[1].dim_value = -7;
    assert_refused(ctx, &s, SY_E_MODEL, "graph input 'x': dimension 1 is -7; a size cannot be negative");
    s.dims[1].dim_value = (int64_t)1 << 32;
    assert_refused(ctx, &s, SY_E_MODEL,
                   "graph input 'x': dimension 1 is 4294967296, larger than any model can be");
    make_sample(&s);
    s.tensor_type.elem_type = 8;
    assert_refused(ctx, &s, SY_E_UNSUPPORTED, "graph input 'x' is not a tensor of a supported element type");
}

static void operator_sets_out_of_range_are_refused(void **state)
{
    sy_ctx *ctx = *state;
    sample s;
    make_sample(&s);
    s.opset.version = 6;
    assert_refused(ctx, &s, SY_E_UNSUPPORTED,
                   "the model is of opset 6; 7 to 23 are supported (onnx.version_converter converts)");
    s.opset.version = 24;
    assert_refused(ctx, &s, SY_E_UNSUPPORTED,
                   "the model is of opset 24; 7 to 23 are supported (onnx.version_converter converts)");
    s.model.n_opset_import = 0;
    assert_refused(ctx, &s, SY_E_MODEL,
                   "the model imports 0 operator sets, at least one is needed (is it an ONNX model?)");
}

static void an_initializer_listed_as_input_is_a_constant(void **state)
{
    sy_ctx *ctx = *state;
    sample s;
    sy_graph *graph = NULL;
    SyOnnx__ValueInfo listed;
    SyOnnx__ValueInfo *inputs[] = {&s.input, &listed};
    static float values[3] = {1, 2, 3};
    static int64_t dims[] = {1, 3};
    make_sample(&s);
    listed = s.input;
    listed.name = "w";
    s.graph.input = inputs;
    s.graph.n_input = 2;
    s.graph.n_initializer = 1;
    s.weight.dims = dims;
    s.weight.n_dims = 2;
    s.weight.has_data_type = 1;
    s.weight.data_type = SY_DTYPE_FLOAT;
    s.weight.float_data = values;
    s.weight.n_float_data = 3;
    assert_ok(ctx, import_sample(ctx, &s, NULL, &graph));
    assert_int_equal(graph->input_count, 1);
    assert_non_null(graph->tensors[sy_graph_find_tensor(graph, "w")].data);
    sy_graph_destroy(graph);
}

static ProtobufCBinaryData pack_attribute(const SyOnnx__Attribute *attribute, uint8_t bytes[128])
{
    assert_true(sy_onnx__attribute__get_packed_size(attribute) <= 128);
    return (ProtobufCBinaryData){sy_onnx__attribute__pack(attribute, bytes), bytes};
}

static void constant_nodes_become_constants_under_their_names(void **state)
{
    sy_ctx *ctx = *state;
    static float floats[] = {1.5F, 2};
    static int64_t ints[] = {4, 5, 6};
    static const struct {
        const char *name;
        int type, rank;
        double first;
        sy_dtype dtype;
    } cases[] = {
        {"value_float", SY_ONNX_ATTR_FLOAT, 0, 2.5, SY_DTYPE_FLOAT},
        {"value_int", SY_ONNX_ATTR_INT, 0, -3, SY_DTYPE_INT64},
        {"value_floats", SY_ONNX_ATTR_FLOATS, 1, 1.5, SY_DTYPE_FLOAT},
        {"value_ints", SY_ONNX_ATTR_INTS, 1, 4, SY_DTYPE_INT64},
        {"value", SY_ONNX_ATTR_TENSOR, 1, 1.5, SY_DTYPE_FLOAT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sample s;
        sy_graph *graph = NULL;
        uint8_t bytes[128];
        static int64_t dims[] = {2};
        SyOnnx__Attribute attribute;
        make_sample(&s);
        sy_onnx__attribute__init(&attribute);
        attribute.name = (char *)cases[i].name;
        attribute.has_type = attribute.has_f = attribute.has_i = 1;
        attribute.type = cases[i].type;
        attribute.f = 2.5F;
        attribute.i = -3;
        attribute.floats = floats;
        attribute.n_floats = 2;
        attribute.ints = ints;
        attribute.n_ints = 3;
        s.weight.name = NULL;
        s.weight.dims = dims;
        s.weight.n_dims = 1;
        s.weight.has_data_type = 1;
        s.weight.data_type = SY_DTYPE_FLOAT;
        s.weight.float_data = floats;
        s.weight.n_float_data = 2;
        attribute.t = &s.weight;
        ProtobufCBinaryData packed = pack_attribute(&attribute, bytes);
        s.node.op_type = "Constant";
        s.node.n_input = 0;
        s.node.attribute = &packed;
        s.node.n_attribute = 1;
        assert_ok(ctx, import_sample(ctx, &s, NULL, &graph));
        assert_int_equal(graph->node_count, 0);
        const sy_tensor *y = &graph->tensors[sy_graph_find_tensor(graph, "y")];
        float first;
        assert_int_equal(y->dtype, cases[i].dtype);
        assert_int_equal(y->shape.rank, cases[i].rank);
        assert_ok(ctx, sy_tensor_to_f32(ctx, y, &first, 1));
        assert_true((double)first == cases[i].first);
        sy_graph_destroy(graph);
    }
}

static void unknown_operators_and_opaque_attributes_survive(void **state)
{
    sy_ctx *ctx = *state;
    sample s;
    sy_graph *graph = NULL;
    uint8_t bytes[128], subgraph[] = {0x0a, 0x00, 0xff, 0x01};
    SyOnnx__Attribute attribute;
    make_sample(&s);
    sy_onnx__attribute__init(&attribute);
    attribute.name = "then_branch";
    attribute.has_type = attribute.has_g = 1;
    attribute.type = 5;
    attribute.g = (ProtobufCBinaryData){sizeof subgraph, subgraph};
    ProtobufCBinaryData packed = pack_attribute(&attribute, bytes);
    s.node.op_type = "Levitate";
    s.node.attribute = &packed;
    s.node.n_attribute = 1;
    assert_ok(ctx, import_sample(ctx, &s, NULL, &graph));
    assert_null(graph->nodes[0].op);
    assert_int_equal(graph->nodes[0].attrs[0].kind, SY_ATTR_OPAQUE);
    assert_int_equal(graph->nodes[0].attrs[0].raw_bytes, packed.len);
    assert_memory_equal(graph->nodes[0].attrs[0].raw, packed.data, packed.len);
    sy_graph_destroy(graph);
}

static void node_names_are_unique_and_stable(void **state)
{
    sy_ctx *ctx = *state;
    sample s;
    sy_graph *graph = NULL;
    SyOnnx__Node extra[3];
    SyOnnx__Node *nodes[4] = {&s.node, &extra[0], &extra[1], &extra[2]};
    char *outputs[3][1] = {{"a"}, {"b"}, {"c"}};
    make_sample(&s);
    s.node.name = "Relu_1"; /* what the next one would be called */
    for (int i = 0; i < 3; i++) {
        extra[i] = s.node;
        extra[i].name = i == 1 ? "Relu_1" : NULL;
        extra[i].output = outputs[i];
    }
    s.graph.node = nodes;
    s.graph.n_node = 4;
    assert_ok(ctx, import_sample(ctx, &s, NULL, &graph));
    static const char *want[] = {"Relu_1", "Relu_1_1", "Relu_1_2", "Relu_3"};
    for (int i = 0; i < 4; i++)
        assert_string_equal(graph->nodes[i].name, want[i]);
    sy_graph_destroy(graph);
}

static void foreign_files_are_recognised(void **state)
{
    sy_ctx *ctx = *state;
    static const struct {
        const char *bytes;
        const char *message;
    } cases[] = {
        {"", "the file is empty; download or export the model again"},
        {"\xff\xd8\xff\xe0 JFIF",
         "this is a JPEG image, not an ONNX model; samples go after --data, the model comes first"},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4951890\n",
         "this is a git-lfs pointer to a file of 4951890 bytes, not an ONNX model; run `git lfs pull` where "
         "it was cloned"},
        {"<!DOCTYPE html>\n<html>",
         "this is a web page, not an ONNX model; download the file itself (the \"raw\" link)"},
        {"hello, world\n", "this is a text file, not an ONNX model; pass the .onnx file"},
        {"\x08\x07\x3a\xff\xff", "the file is cut short: it ends after 5 bytes, inside the model's header, "
                                 "which needs at least 1 more; copy or download it again"},
        {"\x0f\x01\x02\x03", "this is not an ONNX model, nor a kind of file that we recognise"},
        {"\x08\x07", "this is not an ONNX model: it holds no graph"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_graph *graph = NULL;
        assert_fails(ctx, sy_import_onnx_bytes(ctx, cases[i].bytes, strlen(cases[i].bytes), NULL, &graph),
                     SY_E_MODEL, cases[i].message);
    }
}

static void a_cut_file_is_said_to_be_cut(void **state)
{
    sy_ctx *ctx = *state;
    sample s;
    sy_graph *graph = NULL;
    static float values[64];
    static int64_t dims[] = {64};
    size_t size;
    make_sample(&s);
    s.graph.n_initializer = 1;
    s.weight.dims = dims;
    s.weight.n_dims = 1;
    s.weight.has_data_type = s.weight.has_raw_data = 1;
    s.weight.data_type = SY_DTYPE_FLOAT;
    s.weight.raw_data = (ProtobufCBinaryData){sizeof values, (uint8_t *)values};
    uint8_t *bytes = pack(&s, &size);
    assert_int_equal(sy_import_onnx_bytes(ctx, bytes, 100, NULL, &graph), SY_E_MODEL);
    assert_non_null(strstr(sy_ctx_error(ctx),
                           "the file is cut short: it ends after 100 bytes, inside initializer 0 ('w'), "
                           "which needs at least "));
    /* Every shorter file is refused, whatever its end. */
    for (size_t cut = 0; cut < size; cut++) {
        if (sy_import_onnx_bytes(ctx, bytes, cut, NULL, &graph) == SY_OK) {
            sy_graph_destroy(graph); /* only what follows the graph may be missing */
            assert_true(cut >= size - 8);
        }
    }
    free(bytes);
}

static void external_data_stays_below_the_folder(void **state)
{
    sy_ctx *ctx = *state;
    static const struct {
        const char *location, *offset, *length, *message;
    } cases[] = {
        {"/etc/passwd", "", "",
         "initializer 'w' is held in '/etc/passwd': a model may only read files below its own folder"},
        {"../w.bin", "", "",
         "initializer 'w' is held in '../w.bin': a model may only read files below its own folder"},
        {"a/../../w.bin", "", "",
         "initializer 'w' is held in 'a/../../w.bin': a model may only read files below its own folder"},
        {"..\\w.bin", "", "",
         "initializer 'w' is held in '..\\w.bin': a model may only read files below its own folder"},
        {"", "", "", "initializer 'w': external data names no file (key 'location')"},
        {"import_w.bin", "-8", "", "initializer 'w': external data offset = '-8': must be a number of bytes"},
        {"import_w.bin", "", "9",
         "initializer 'w': its type and shape need 8 bytes, the external data has length = 9"},
        {"import_w.bin", "9223372036854775807", "8",
         "initializer 'w' needs 8 bytes at offset 9223372036854775807 of 'import_w.bin', which has only 16"},
        {"import_w.bin", "9", "",
         "initializer 'w' needs 8 bytes at offset 9 of 'import_w.bin', which has only 16"},
        {"import_w.bin", "8", "8", NULL},
    };
    static const float stored[] = {1, 2, 3, 4};
    assert_ok(ctx, sy_file_save(ctx, "import_w.bin", stored, sizeof stored));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sample s;
        SyOnnx__Pair pairs[3];
        SyOnnx__Pair *list[3] = {&pairs[0], &pairs[1], &pairs[2]};
        const char *texts[] = {"location",      cases[i].location, "offset",
                               cases[i].offset, "length",          cases[i].length};
        static int64_t dims[] = {2};
        sy_graph *graph = NULL;
        make_sample(&s);
        for (int k = 0; k < 3; k++) {
            sy_onnx__pair__init(&pairs[k]);
            pairs[k].key = (char *)texts[2 * k];
            pairs[k].value = (char *)texts[2 * k + 1];
        }
        s.graph.n_initializer = 1;
        s.weight.dims = dims;
        s.weight.n_dims = 1;
        s.weight.has_data_type = s.weight.has_data_location = 1;
        s.weight.data_type = SY_DTYPE_FLOAT;
        s.weight.data_location = SY_ONNX_DATA_EXTERNAL;
        s.weight.external_data = list;
        s.weight.n_external_data = 3;
        if (cases[i].message) {
            assert_fails(ctx, import_sample(ctx, &s, ".", &graph), SY_E_MODEL, cases[i].message);
            continue;
        }
        assert_ok(ctx, import_sample(ctx, &s, ".", &graph));
        const sy_tensor *w = &graph->tensors[sy_graph_find_tensor(graph, "w")];
        assert_memory_equal(w->data, stored + 2, 8);
        sy_graph_destroy(graph);
        assert_refused(
            ctx, &s, SY_E_MODEL,
            "initializer 'w' is held in the file 'import_w.bin', which a model in memory cannot reach");
    }
    unlink("import_w.bin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_model_is_read),
        cmocka_unit_test(every_way_to_hold_a_tensor_is_read),
        cmocka_unit_test(unsigned_words_are_read),
        cmocka_unit_test(wrong_tensors_are_refused_by_name),
        cmocka_unit_test(contradictions_of_the_graph_are_refused_by_name),
        cmocka_unit_test(operator_sets_out_of_range_are_refused),
        cmocka_unit_test(an_initializer_listed_as_input_is_a_constant),
        cmocka_unit_test(constant_nodes_become_constants_under_their_names),
        cmocka_unit_test(unknown_operators_and_opaque_attributes_survive),
        cmocka_unit_test(node_names_are_unique_and_stable),
        cmocka_unit_test(foreign_files_are_recognised),
        cmocka_unit_test(a_cut_file_is_said_to_be_cut),
        cmocka_unit_test(external_data_stays_below_the_folder),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
