/* Weights of MindIR models: which there are, and where they are turned back into floats. */
#include "import/mindir/edit.h"
#include "import/mindir/weights.h"
#include "support/mindir.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_parameters_that_products_read),
        cmocka_unit_test(scales_lie_along_the_channels_of_each_product),
        cmocka_unit_test(integers_pass_three_nodes_before_the_product),
        cmocka_unit_test(anti_quant_stands_in_the_place_of_cast),
        cmocka_unit_test(no_edit_copies_every_byte),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
