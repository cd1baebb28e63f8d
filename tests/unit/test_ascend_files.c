/* What stands beside the file for Ascend: the record of factors, and arguments for its compiler. */
#include <math.h>
#include <unistd.h>

#include "ascend_stub/gears.h"
#include "ascend_stub/record.h"
#include "base/file.h"
#include "support/ascend.h"

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
        cmocka_unit_test(the_record_has_the_factors_of_every_product),
        cmocka_unit_test(gears_are_what_the_compiler_wants),
        cmocka_unit_test(gears_that_make_no_sense_are_refused_in_words),
        cmocka_unit_test(both_texts_are_written_beside_the_model),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
