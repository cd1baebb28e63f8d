/* MindIR models as graphs of our operators. */
#include "import/import.h"
#include "support/mindir.h"

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
        {"BiasAdd", "x x two", "",
         "node 'y' (BiasAdd): its format is not NCHW, only NCHW can be computed: build the network with "
         "data_format NCHW, which MindSpore has on every device",
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

static void put_function(sy_text *out, const char *name, const char *inputs, const char *type,
                         const char *reads, const char *output)
{
    char names[128];
    sy_text function = {0}, result = {0};
    snprintf(names, sizeof names, "%s", inputs);
    for (char *input = strtok(names, " "); input; input = strtok(NULL, " ")) {
        sy_text value = {0};
        sy_wire_put_string(&value, SY_VALUE_NAME, input);
        put_part(&function, SY_GRAPH_INPUT, &value);
    }
    put_node(&function, type, reads, output, "");
    sy_wire_put_string(&function, SY_GRAPH_NAME, name);
    sy_wire_put_string(&result, SY_VALUE_NAME, output);
    put_part(&function, SY_GRAPH_OUTPUT, &result);
    put_part(out, SY_MODEL_FUNCTIONS, &function);
}

/* x [?,3] -> of two sub graphs one, which is called with 2 -> y, and the sub graph "no" of that -> z. */
static void print_branches(sy_text *out, const char *condition, const char *reads, const char *branches)
{
    static const int dims[] = {-1, 3};
    char inputs[64];
    sy_text graph = {0};
    put_value(&graph, SY_GRAPH_INPUT, "net:x", 2, dims);
    put_constant(&graph, "zero", 0);
    put_constant(&graph, "two", 2);
    put_node(&graph, "Shape", "net:x", "net:sizes:1", "");
    put_node(&graph, "sequence_len", "net:sizes:1", "net:rank:2", "");
    put_node(&graph, "TupleGetItem", "net:sizes:1 zero", "net:batch:3", "");
    put_node(&graph, condition, reads, "net:is:4", "");
    put_node(&graph, "Partial", "yes net:x", "net:yes:5", "");
    snprintf(inputs, sizeof inputs, "net:is:4 %s", branches);
    put_node(&graph, "Switch", inputs, "net:one:6", "Default/Switch-op0");
    put_node(&graph, "REF::net:one:6", "two", "net:y:7", "Default/y");
    put_node(&graph, "REF::no", "net:y:7", "net:z:8", "Default/z");
    put_value(&graph, SY_GRAPH_OUTPUT, "net:z:8", 2, dims);
    put_model(out, &graph, 3);
    put_function(out, "yes", "yes:p yes:q", "Muls", "yes:p yes:q", "yes:y:9");
    put_function(out, "no", "no:p", "Neg", "no:p", "no:y:10");
    put_function(out, "fails", "", "raise", "two", "fails:y:11");
    put_function(out, "self", "self:p", "REF::self", "self:p", "self:y:12");
}

static void sub_graphs_stand_in_the_place_of_their_calls(void **state)
{
    static const struct {
        const char *condition, *reads, *branches, *first; /* the operator that the first call becomes */
    } cases[] = {
        {"ScalarEq", "net:rank:2 two", "net:yes:5 no", "Mul"},
        {"ScalarLt", "net:rank:2 two", "net:yes:5 no", "Neg"},
        {"ScalarGe", "net:rank:2 two", "net:yes:5 no", "Mul"},
        {"BoolAnd", "zero two", "net:yes:5 no", "Neg"},
        {"BoolNot", "zero", "net:yes:5 no", "Mul"},
        {"tuple_equal", "net:sizes:1 net:sizes:1", "net:yes:5 no", "Mul"},
        {"InSequence", "two net:sizes:1", "net:yes:5 net:yes:5", NULL}, /* the batch may be 2 */
        {"ScalarEq", "net:batch:3 two", "fails no", "Neg"},             /* an error is no branch to take */
        {"ScalarEq", "net:batch:3 two", "net:yes:5 fails", "Mul"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_text bytes = {0};
        sy_graph *graph = NULL;
        print_branches(&bytes, cases[i].condition, cases[i].reads, cases[i].branches);
        const sy_status status = sy_import_mindir_bytes(*state, bytes.bytes, bytes.size, NULL, &graph);
        assert_int_equal(status, cases[i].first ? SY_OK : SY_E_UNSUPPORTED);
        if (cases[i].first) {
            assert_int_equal(graph->node_count, 2);
            assert_string_equal(graph->nodes[0].type, cases[i].first);
            assert_string_equal(graph->nodes[1].type, "Neg"); /* its own, where both are "no" */
            assert_int_equal(graph->nodes[1].inputs[0], graph->nodes[0].outputs[0]);
        }
        sy_graph_destroy(graph);
        sy_text_release(&bytes);
    }
}

static void calls_that_cannot_be_followed_are_refused_with_the_remedy(void **state)
{
    static const struct {
        const char *reads, *branches, *message; /* of ScalarEq */
        sy_status status;
    } cases[] = {
        {"net:batch:3 two", "net:yes:5 no",
         "node 'Default/Switch-op0' (Switch): its condition depends on the input's values or open sizes, and "
         "a "
         "graph has no branches: export the network with a fixed input shape, or without the branch",
         SY_E_UNSUPPORTED},
        {"net:rank:2 two", "fails no",
         "node 'Default/y' (call): sub graph 'fails' has 0 inputs, it is given 1", SY_E_MODEL},
        {"net:rank:2 two", "self no", "its sub graphs call each other too often, or themselves",
         SY_E_UNSUPPORTED},
        {"net:rank:2 two", "net:x no",
         "node 'Default/Switch-op0' (Switch): input 1 ('net:x') is no sub graph", SY_E_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_text bytes = {0};
        sy_graph *graph = NULL;
        print_branches(&bytes, "ScalarEq", cases[i].reads, cases[i].branches);
        assert_fails(*state, sy_import_mindir_bytes(*state, bytes.bytes, bytes.size, NULL, &graph),
                     cases[i].status, cases[i].message);
        sy_text_release(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_becomes_a_graph_of_our_operators),
        cmocka_unit_test(what_cannot_be_translated_is_named_with_its_node),
        cmocka_unit_test(sub_graphs_stand_in_the_place_of_their_calls),
        cmocka_unit_test(calls_that_cannot_be_followed_are_refused_with_the_remedy),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
