/* Reading MindIR files. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "import/mindir/model.h"
#include "support/mindir.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_is_listed),
        cmocka_unit_test(damaged_models_are_refused_by_part),
        cmocka_unit_test(two_nodes_cannot_make_the_same),
        cmocka_unit_test(external_data_stays_below_the_folder_and_has_the_right_size),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
