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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_becomes_a_graph_of_our_operators),
        cmocka_unit_test(what_cannot_be_translated_is_named_with_its_node),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
