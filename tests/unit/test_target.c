#include <math.h>
#include <unistd.h>

#include "base/file.h"
#include "import/import.h"
#include "nvgpu/int4.h"
#include "quant/quantize.h"
#include "support/emitted.h"
#include "target/target.h"

static void targets_are_found_by_name_in_any_case(void **state)
{
    static const struct {
        const char *name;
        const sy_target *target;
    } cases[] = {
        {"GENERIC", &sy_target_generic}, {"generic", &sy_target_generic}, {"CPU", &sy_target_generic},
        {"", &sy_target_generic},        {"NVGPU", &sy_target_nvgpu},     {"nvgpu", &sy_target_nvgpu},
        {"DSP", &sy_target_dsp},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sy_target *got = NULL;
        assert_ok(*state, sy_target_find(*state, cases[i].name, &got));
        assert_ptr_equal(got, cases[i].target);
    }
    assert_ptr_equal(sy_target_at(0), &sy_target_generic);
    assert_null(sy_target_at(4));
    assert_null(sy_target_at(-1));
}

static void targets_this_build_does_not_write_are_refused_in_words(void **state)
{
    const sy_target *got = NULL;
    assert_fails(*state, sy_target_find(*state, "kirin", &got), SY_E_UNSUPPORTED,
                 "target KIRIN: this program has no target KIRIN; it writes GENERIC, NVGPU, DSP, ASCEND");
    assert_fails(*state, sy_target_find(*state, "NVGUP", &got), SY_E_CONFIG,
                 "there is no target 'NVGUP' (did you mean NVGPU?); there are GENERIC, NVGPU, DSP, ASCEND");
    assert_null(got);
}

static void what_a_target_lists_is_an_operator_of_ours_with_an_integer_form(void **state)
{
    (void)state;
    for (int t = 0; sy_target_at(t); t++) {
        const sy_traits *traits = sy_target_at(t)->traits;
        for (int i = 0; i < traits->op_count; i++) {
            const sy_op *op = sy_op_find("", traits->ops[i].type);
            assert_non_null(op);
            assert_int_not_equal(op->quant, SY_QUANT_NEVER);
            assert_true(!traits->ops[i].needs_output || op->quant == SY_QUANT_WEIGHTED);
            assert_true(!traits->ops[i].commutes || op->quant == SY_QUANT_SAME_SCALE);
        }
    }
}

/* The model and what lies beside it. */
static void remove_files(const char *path)
{
    static const char *const endings[] = {".ranges.json", ".encodings.json", ".tflite", ".record.txt"};
    sy_arena arena = {0};
    unlink(path);
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        unlink(sy_path_beside(&arena, path, endings[i]));
    sy_arena_release(&arena);
}

static void an_emitted_file_passes_its_own_check_and_reads_back(void **state)
{
    for (int t = 0; sy_target_at(t); t++) {
        char path[64];
        sy_graph *back = NULL;
        network net = residual_network(*state);
        sy_plan *plan = plan_of(*state, net.graph, net.stats, sy_target_at(t)->name);
        snprintf(path, sizeof path, "emitted-%d.%s.onnx", (int)getpid(), sy_target_at(t)->suffix);
        assert_ok(*state, sy_target_emit(*state, sy_target_at(t), plan, &(sy_emit_spec){.path = path}));
        assert_ok(*state, sy_import_onnx(*state, path, &back, NULL));
        assert_ok(*state, sy_target_at(t)->lint(*state, back));
        sy_graph_destroy(back);
        remove_files(path);
        sy_plan_destroy(plan);
        network_release(&net);
    }
}

static sy_status refuse(sy_ctx *ctx, const sy_graph *graph)
{
    (void)graph;
    return sy_fail(ctx, SY_E_INTERNAL, "no");
}

static void a_file_that_fails_its_check_is_removed(void **state)
{
    sy_target strict = sy_target_generic;
    char path[64];
    network net = residual_network(*state);
    sy_plan *plan = plan_of(*state, net.graph, net.stats, "GENERIC");
    strict.lint = refuse;
    snprintf(path, sizeof path, "refused-%d.onnx", (int)getpid());
    assert_fails(*state, sy_target_emit(*state, &strict, plan, &(sy_emit_spec){.path = path}), SY_E_INTERNAL,
                 "the file written for GENERIC fails its own check: no");
    assert_false(sy_path_exists(path));
    sy_plan_destroy(plan);
    network_release(&net);
}
static void generic_files_with_a_broken_rule_are_refused_by_node(void **state)
{
    sy_graph *graph = emitted(*state, "GENERIC");
    assert_ok(*state, sy_target_generic.lint(*state, graph));

    float *scale = floats_of(graph, "x_scale"), kept = *scale;
    *scale = -1;
    assert_fault(*state, &sy_target_generic, graph,
                 "node 'x_QuantizeLinear' (QuantizeLinear): scale 0 is -1, it must be positive");
    *scale = kept * 2;
    assert_fault(
        *state, &sy_target_generic, graph,
        "node 'conv1' (Conv): scale 0 of its bias is not that of its input times that of its weights");
    *scale = kept;

    scale = floats_of(graph, "pool_scale");
    *scale *= 2;
    assert_fault(*state, &sy_target_generic, graph,
                 "node 'pool' (MaxPool): it only moves values, but its result has another scale");
    *scale /= 2;

    signed char *zero = bytes_of(graph, "relu1_zero_point");
    *zero = 3;
    assert_fault(*state, &sy_target_generic, graph,
                 "node 'relu1' (Relu): codes of its result stand for values outside its limits, so it cannot "
                 "be dropped");
    *zero = 0;

    zero = bytes_of(graph, "w1_zero_point");
    zero[1] = 0;
    assert_fault(*state, &sy_target_generic, graph,
                 "node 'w1_DequantizeLinear' (DequantizeLinear): zero points differ between channels");
    zero[1] = -128;

    const int dequantized = sy_graph_find_tensor(graph, "x_DequantizeLinear_Output");
    sy_node *conv = node_of(graph, "conv1");
    conv->inputs[0] = sy_graph_find_tensor(graph, "x");
    assert_fault(*state, &sy_target_generic, graph,
                 "node 'conv1' (Conv): its weights are quantized and its input is not");
    conv->inputs[0] = dequantized;
    assert_ok(*state, sy_target_generic.lint(*state, graph));
    sy_graph_destroy(graph);
}

static void a_file_of_another_target_is_refused(void **state)
{
    sy_graph *graph = emitted(*state, "GENERIC");
    assert_fault(*state, &sy_target_nvgpu, graph, "TensorRT takes int8 here, not uint8");
    sy_graph_destroy(graph);
    graph = emitted(*state, "NVGPU");
    assert_fault(*state, &sy_target_generic, graph, "an activation must be uint8 with one scale");
    sy_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_found_by_name_in_any_case),
        cmocka_unit_test(targets_this_build_does_not_write_are_refused_in_words),
        cmocka_unit_test(what_a_target_lists_is_an_operator_of_ours_with_an_integer_form),
        cmocka_unit_test(an_emitted_file_passes_its_own_check_and_reads_back),
        cmocka_unit_test(a_file_that_fails_its_check_is_removed),
        cmocka_unit_test(generic_files_with_a_broken_rule_are_refused_by_node),
        cmocka_unit_test(a_file_of_another_target_is_refused),
    };
    return cmocka_run_group_tests_name("target", tests, open_ctx, close_ctx);
}
