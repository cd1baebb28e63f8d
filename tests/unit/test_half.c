#include <math.h>

#include "ops/op.h"
#include "quant/half.h"
#include "quant/quantize.h"
#include "support/plan.h"

static int find(const sy_graph *graph, const char *name)
{
    const int tensor = sy_graph_find_tensor(graph, name);
    assert_int_not_equal(tensor, SY_NONE);
    return tensor;
}

static sy_dtype dtype_of(const sy_graph *graph, const char *name)
{
    return graph->tensors[find(graph, name)].dtype;
}

static void finish(sy_ctx *ctx, sy_graph *graph)
{
    assert_ok(ctx, sy_graph_to_half(ctx, graph));
    assert_ok(ctx, sy_graph_compact(ctx, graph));
    assert_ok(ctx, sy_graph_validate(ctx, graph));
}

static void everything_inside_becomes_half_and_the_ends_pass_a_cast(void **state)
{
    sy_graph *graph = graph_create(*state, 19);
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 2));
    const int c = graph_floats(*state, graph, "c", SHAPE(2), (const float[]){0.1F, 2});
    const int y = graph_node(*state, graph, "Mul", "y", x, c);
    const int z = graph_node(*state, graph, "Relu", "z", y);
    graph_output(graph, y); /* is read inside too */
    graph_output(graph, z);
    assert_ok(*state, sy_infer_shapes(*state, graph));
    finish(*state, graph);

    assert_int_equal(dtype_of(graph, "x"), SY_DTYPE_FLOAT);
    assert_int_equal(dtype_of(graph, "x_half"), SY_DTYPE_FLOAT16);
    assert_int_equal(dtype_of(graph, "c"), SY_DTYPE_FLOAT16);
    assert_int_equal(dtype_of(graph, "y"), SY_DTYPE_FLOAT);
    assert_int_equal(dtype_of(graph, "z"), SY_DTYPE_FLOAT);
    const sy_node *relu = &graph->nodes[sy_graph_find_node(graph, "z")];
    assert_string_equal(graph->tensors[relu->inputs[0]].name, "y_half");
    assert_string_equal(graph->nodes[graph->tensors[find(graph, "z")].producer].type, "Cast");
    float values[2];
    assert_ok(*state, sy_tensor_to_f32(*state, &graph->tensors[find(graph, "c")], values, 2));
    assert_true(values[0] == 0.0999755859375F && values[1] == 2);
    assert_ok(*state, sy_infer_shapes(*state, graph)); /* the types agree with one another */
    sy_graph_destroy(graph);
}

static void constants_beyond_half_become_its_nearest(void **state)
{
    sy_graph *graph = graph_create(*state, 19);
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 2));
    const int mask = graph_floats(*state, graph, "mask", SHAPE(2), (const float[]){-3.4e38F, 1e-12F});
    const int least = graph_floats(*state, graph, "least", SHAPE(1), (const float[]){1e-12F});
    const int y =
        graph_node(*state, graph, "Add", "y", graph_node(*state, graph, "Add", "s", x, mask), least);
    graph_output(graph, y);
    finish(*state, graph);
    float values[2];
    assert_ok(*state, sy_tensor_to_f32(*state, &graph->tensors[find(graph, "mask")], values, 2));
    assert_true(values[0] == -65504 && values[1] == 0);
    assert_ok(*state, sy_tensor_to_f32(*state, &graph->tensors[find(graph, "least")], values, 1));
    assert_true(values[0] == 0x1p-24F); /* what divides by it still can */
    sy_graph_destroy(graph);
}

static void factors_of_resize_stay_float32(void **state)
{
    sy_graph *graph = graph_create(*state, 19);
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 1, 2, 2));
    const int twice = graph_floats(*state, graph, "twice", SHAPE(4), (const float[]){1, 1, 2, 2});
    const int y = graph_node(*state, graph, "Resize", "y", x, SY_NONE, twice);
    graph_output(graph, y);
    finish(*state, graph);
    const sy_node *resize = &graph->nodes[sy_graph_find_node(graph, "y")];
    assert_int_equal(graph->tensors[resize->inputs[0]].dtype, SY_DTYPE_FLOAT16);
    assert_int_equal(graph->tensors[resize->inputs[2]].dtype, SY_DTYPE_FLOAT);
    sy_graph_destroy(graph);
}

static void nodes_of_unknown_types_are_refused_by_name(void **state)
{
    sy_graph *graph = graph_create(*state, 19);
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(2));
    graph_output(graph, graph_node(*state, graph, "Mystery", "odd", x));
    assert_fails(*state, sy_graph_to_half(*state, graph), SY_E_UNSUPPORTED,
                 "node 'odd' (Mystery): its types are not known here, so it cannot be written in float16");
    sy_graph_destroy(graph);
}

/* Sizes that are known only when the network runs: a Range of them, and what is filled to them. */
static void nodes_without_a_float16_form_stand_between_casts(void **state)
{
    static const float one = 1;
    const sy_shape scalar = {.rank = 0};
    sy_graph *graph = graph_create(*state, 19);
    int unit;
    const int x = graph_input(*state, graph, "x", SY_DTYPE_FLOAT, SHAPE(SY_NONE, 4));
    const int end = graph_input(*state, graph, "end", SY_DTYPE_FLOAT, scalar);
    assert_ok(*state,
              sy_graph_add_constant(*state, graph, "one", SY_DTYPE_FLOAT, &scalar, &one, sizeof one, &unit));
    const int sizes = graph_node(*state, graph, "Shape", "sizes", x);
    const int filled = graph_node(*state, graph, "ConstantOfShape", "filled", sizes);
    const int range = graph_node(*state, graph, "Range", "range", unit, end, unit);
    const int sum = graph_node(*state, graph, "Add", "sum", x, filled);
    graph_output(graph, graph_node(*state, graph, "Mul", "y", sum, unit));
    graph_output(graph, graph_node(*state, graph, "Neg", "z", range));
    finish(*state, graph);
    assert_int_equal(dtype_of(graph, "filled_float"), SY_DTYPE_FLOAT);
    assert_int_equal(dtype_of(graph, "filled"), SY_DTYPE_FLOAT16);
    assert_int_equal(dtype_of(graph, "range_float"), SY_DTYPE_FLOAT);
    assert_int_equal(dtype_of(graph, "range"), SY_DTYPE_FLOAT16);
    const sy_node *made = &graph->nodes[sy_graph_find_node(graph, "range")];
    for (int i = 0; i < 3; i++)
        assert_int_equal(graph->tensors[made->inputs[i]].dtype, SY_DTYPE_FLOAT);
    assert_string_equal(graph->tensors[made->inputs[0]].name, "one_float");
    assert_true(*(const float *)graph->tensors[made->inputs[0]].data == 1);
    assert_int_equal(dtype_of(graph, "one"), SY_DTYPE_FLOAT16); /* the Mul reads it so */
    sy_graph_destroy(graph);
}

/* The least float16 from above, against a walk over all of them. */
static void scales_round_up_to_the_next_half(void **state)
{
    (void)state;
    static const float cases[] = {1e-9F, 0x1p-24F, 5.97e-8F, 1e-5F, 0.1F, 1.0F / 127, 1, 1.0001F, 3, 65504};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint16_t bits = 1;
        while (sy_half_to_float(bits) < cases[i])
            bits++;
        assert_true(sy_scale_to_half(cases[i]) == sy_half_to_float(bits));
    }
}

static sy_plan *half_plan(sy_ctx *ctx, const network *net, const char *target)
{
    sy_plan *plan = NULL;
    const sy_plan_options options = {.half = true};
    assert_ok(ctx, sy_plan_create(ctx, net->graph, net->stats, traits_of(target), &options, &plan));
    return plan;
}

static void scales_of_a_half_plan_are_half_and_hold_what_the_samples_showed(void **state)
{
    network net = residual_network(*state);
    sy_plan *plan = half_plan(*state, &net, "NVGPU");
    int scales = 0;
    for (int t = 0; t < net.graph->tensor_count; t++)
        for (int c = 0; plan->tensors[t].scales && c < plan->tensors[t].channels; c++, scales++) {
            const float scale = plan->tensors[t].scales[c].scale;
            assert_true(sy_half_to_float(sy_float_to_half(scale)) == scale);
        }
    assert_true(scales > 12);
    const sy_tensor_plan *relu = tensor_plan(plan, "relu1");
    assert_true(relu->scales[0].scale * 127 >= 5 && relu->scales[0].scale * 127 < 5.01F);

    sy_graph *graph = NULL;
    assert_ok(*state, sy_quantize_graph(*state, plan, &graph));
    assert_int_equal(sy_graph_opset(graph), 19);
    assert_int_equal(dtype_of(graph, "relu1_scale"), SY_DTYPE_FLOAT16);
    assert_int_equal(dtype_of(graph, "w1_scale"), SY_DTYPE_FLOAT16);
    assert_int_equal(dtype_of(graph, "w1_quantized"), SY_DTYPE_INT8);
    assert_ok(*state, sy_target_nvgpu.lint(*state, graph));
    sy_graph_destroy(graph);
    sy_plan_destroy(plan);
    network_release(&net);
}

static void values_that_half_cannot_hold_are_refused_by_tensor(void **state)
{
    network net = residual_network(*state);
    sy_plan *plan = NULL;
    const sy_plan_options options = {.half = true};
    net.stats->tensors[3].min = -70000;
    assert_fails(
        *state, sy_plan_create(*state, net.graph, net.stats, traits_of("NVGPU"), &options, &plan),
        SY_E_NUMERIC,
        "tensor 'conv2' has values up to 70000, and float16 ends at 65504: leave float_type = FP16 out");
    assert_fails(*state, sy_plan_create(*state, net.graph, net.stats, traits_of("DSP"), &options, &plan),
                 SY_E_UNSUPPORTED,
                 "this target has no float16: leave float_type = FP16 out, or ask for a target that has it");
    network_release(&net);
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
        cmocka_unit_test(everything_inside_becomes_half_and_the_ends_pass_a_cast),
        cmocka_unit_test(constants_beyond_half_become_its_nearest),
        cmocka_unit_test(factors_of_resize_stay_float32),
        cmocka_unit_test(nodes_of_unknown_types_are_refused_by_name),
        cmocka_unit_test(nodes_without_a_float16_form_stand_between_casts),
        cmocka_unit_test(scales_round_up_to_the_next_half),
        cmocka_unit_test(scales_of_a_half_plan_are_half_and_hold_what_the_samples_showed),
        cmocka_unit_test(values_that_half_cannot_hold_are_refused_by_tensor),
        cmocka_unit_test(halves_are_the_nearest),
    };
    return cmocka_run_group_tests_name("half", tests, open_ctx, close_ctx);
}
