/* Each rule of ascend_stub/LAYOUT.md, on a file that breaks it. */
#include <math.h>

#include "ascend_stub/lint.h"
#include "support/ascend.h"

/* The check finds this text among its faults. */
static void assert_fault(sy_ctx *ctx, const sy_graph *graph, const char *text)
{
    assert_int_equal(sy_ascend_lint(ctx, graph), SY_E_INTERNAL);
    if (!strstr(sy_ctx_error(ctx), text))
        fail_msg("'%s' does not say '%s'", sy_ctx_error(ctx), text);
}

static void break_float(sy_ctx *ctx, sy_graph *graph, const char *node, const char *attr, float value,
                        const char *fault)
{
    const int index = sy_graph_find_node(graph, node);
    const float kept = sy_node_float(&graph->nodes[index], attr, 0);
    assert_ok(ctx, sy_graph_set_attr_float(ctx, graph, index, attr, value));
    assert_fault(ctx, graph, fault);
    assert_ok(ctx, sy_graph_set_attr_float(ctx, graph, index, attr, kept));
    assert_ok(ctx, sy_ascend_lint(ctx, graph));
}

static void break_int(sy_ctx *ctx, sy_graph *graph, const char *node, const char *attr, int64_t value,
                      int64_t kept, const char *fault)
{
    const int index = sy_graph_find_node(graph, node);
    assert_ok(ctx, sy_graph_set_attr_int(ctx, graph, index, attr, value));
    assert_fault(ctx, graph, fault);
    assert_ok(ctx, sy_graph_set_attr_int(ctx, graph, index, attr, kept));
    assert_ok(ctx, sy_ascend_lint(ctx, graph));
}

/* Input i of a node becomes another tensor for a moment. */
static void break_input(sy_ctx *ctx, sy_graph *graph, const char *node, int i, const char *tensor,
                        const char *fault)
{
    sy_node *broken = node_of(graph, node);
    const int kept = broken->inputs[i];
    broken->inputs[i] = sy_graph_find_tensor(graph, tensor);
    assert_int_not_equal(broken->inputs[i], SY_NONE);
    assert_fault(ctx, graph, fault);
    broken->inputs[i] = kept;
    assert_ok(ctx, sy_ascend_lint(ctx, graph));
}

static void break_data(sy_ctx *ctx, const sy_graph *graph, const char *tensor, size_t byte,
                       unsigned char value, const char *fault)
{
    unsigned char *data = (unsigned char *)(uintptr_t)tensor_of(graph, tensor)->data;
    const unsigned char kept = data[byte];
    data[byte] = value;
    assert_fault(ctx, graph, fault);
    data[byte] = kept;
    assert_ok(ctx, sy_ascend_lint(ctx, graph));
}

static void break_dims(sy_ctx *ctx, sy_graph *graph, const char *tensor, int64_t size, const char *fault)
{
    sy_shape *shape = &graph->tensors[sy_graph_find_tensor(graph, tensor)].shape;
    const int64_t kept = shape->dims[0];
    shape->dims[0] = size;
    assert_fault(ctx, graph, fault);
    shape->dims[0] = kept;
    assert_ok(ctx, sy_ascend_lint(ctx, graph));
}

static void rules_1_to_3_are_about_what_makes_int8(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = deployed(ctx);
    assert_ok(ctx, sy_ascend_lint(ctx, graph));

    sy_node *relu = node_of(graph, "relu");
    relu->type = "DequantizeLinear";
    assert_fault(ctx, graph, "node 'relu' (DequantizeLinear): Ascend's compiler does not read it");
    relu->type = "Relu";

    break_float(ctx, graph, "x_AscendQuant", "scale", 0,
                "node 'x_AscendQuant' (AscendQuant): its scale is 0, it must");
    break_float(ctx, graph, "x_AscendQuant", "scale", INFINITY, "its scale is inf, it must");
    break_float(ctx, graph, "x_AscendQuant", "offset", 128,
                "its offset is 128, it must be a whole number from -128");
    break_float(ctx, graph, "x_AscendQuant", "offset", .5F, "its offset is 0.5, it must be a whole number");
    break_int(ctx, graph, "x_AscendQuant", "sqrt_mode", 1, 0, "sqrt_mode must be 0 and round_mode Round");
    const int quant = sy_graph_find_node(graph, "x_AscendQuant");
    assert_ok(ctx, sy_graph_set_attr_string(ctx, graph, quant, "round_mode", "Floor"));
    assert_fault(ctx, graph, "sqrt_mode must be 0 and round_mode Round, or left out");
    assert_ok(ctx, sy_graph_set_attr_string(ctx, graph, quant, "round_mode", "Round"));
    assert_ok(ctx, sy_graph_set_attr_string(ctx, graph, quant, "dst_type", "INT4"));
    assert_fault(ctx, graph, "its dst_type must be INT8");
    assert_ok(ctx, sy_graph_set_attr_string(ctx, graph, quant, "dst_type", "INT8"));

    break_input(ctx, graph, "relu", 0, "relu_quantized",
                "its int8 goes to 'relu', which is no product's first input");
    graph_output(graph, sy_graph_find_tensor(graph, "x_quantized"));
    assert_fault(ctx, graph, "node 'x_AscendQuant' (AscendQuant): its int8 leaves the network");
    graph->output_count--;
    sy_graph_destroy(graph);
}

static void rules_4_and_5_are_about_what_a_product_reads(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = deployed(ctx);
    break_input(ctx, graph, "conv", 0, "w_quantized",
                "node 'conv' (Conv): its int8 input does not come from AscendQuant");
    break_input(ctx, graph, "conv", 1, "b_quantized",
                "node 'conv' (Conv): its weights must be an int8 constant in the layout of the float ones");
    break_data(ctx, graph, "w_quantized", 5, 0x80,
               "node 'conv' (Conv): weight 5 is -128, they must be from -127 to 127");
    break_int(ctx, graph, "y", "transA", 1, 0, "node 'y' (Gemm): transA must be 0");
    break_dims(ctx, graph, "b_quantized", 31,
               "node 'conv' (Conv): its bias must be an int32 constant with 32 elements");
    break_dims(ctx, graph, "b2_quantized", 31,
               "node 'sum' (Add): its bias must be an int32 constant with 32 elements");
    sy_graph_destroy(graph);
}

static void rules_6_to_9_are_about_what_becomes_of_sums(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = deployed(ctx);
    break_input(ctx, graph, "relu", 0, "conv_accumulator",
                "node 'conv' (Conv): its sums must go to AscendDequant and nowhere else");
    break_input(ctx, graph, "y_AscendDequant", 0, "sum",
                "node 'y_AscendDequant' (AscendDequant): it must read the sums");
    break_dims(ctx, graph, "conv_deq_scale", 31,
               "node 'conv_AscendDequant' (AscendDequant): it must have one scale or 32");
    break_dims(ctx, graph, "y_deq_scale", 10,
               "node 'y_AscendDequant' (AscendDequant): a matrix product has one scale");
    break_data(ctx, graph, "conv_deq_scale", 12, 1,
               "word 1 of its parameter must be a positive float32 below 32 zero");
    break_data(ctx, graph, "conv_deq_scale", 3, 0x80, "word 0 of its parameter must be a positive float32");
    sy_tensor *parameter = &graph->tensors[sy_graph_find_tensor(graph, "conv_deq_scale")];
    parameter->dtype = SY_DTYPE_INT64;
    assert_fault(ctx, graph, "its parameter must be a constant list of uint64");
    parameter->dtype = SY_DTYPE_UINT64;
    break_int(ctx, graph, "y_AscendDequant", "sqrt_mode", 1, 0,
              "node 'y_AscendDequant' (AscendDequant): sqrt_mode must be 0");
    graph->opsets[0].version = 23;
    assert_fault(ctx, graph, "opset 23: Ascend's compiler reads these nodes in 13 to 22");
    graph->opsets[0].version = 12;
    assert_fault(ctx, graph, "opset 12: Ascend's compiler reads these nodes in 13 to 22");
    sy_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_1_to_3_are_about_what_makes_int8),
        cmocka_unit_test(rules_4_and_5_are_about_what_a_product_reads),
        cmocka_unit_test(rules_6_to_9_are_about_what_becomes_of_sums),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
