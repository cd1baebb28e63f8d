/* Shape rules of the layers of host/ops: what follows, what stays unknown, and what is refused. */
#include "support/op_cases.h"

static void windows_slide_as_far_as_they_fit(void **state)
{
    static const op_case cases[] = {
        {"Conv", 11, "float32[1,3,224,224] float32[32,3,3,3]", "strides=[2,2] pads=[1,1,1,1]", 1,
         "float32[1,32,112,112]"},
        {"Conv", 11, "float32[?,3,?,225] float32[32,3,3,3]", "strides=[2,2]", 1, "float32[?,32,?,112]"},
        {"Conv", 11, "float32[1,3,9] float32[4,3,3]", "dilations=[2]", 1, "float32[1,4,5]"},
        {"Conv", 11, "float32[1,3,9,9] float32[4,3,?,?]", "", 1, "float32[1,4,?,?]"},
        {"Conv", 11, "float32[1,3,9,9] float32[4,3,?,?]", "kernel_shape=[3,2]", 1, "float32[1,4,7,8]"},
        {"Conv", 11, "float32 float32[4,3,3,3]", "", 1, "float32?"},
        {"Conv", 11, "float32[1,3,9,10] float32[4,3,2,2]", "auto_pad='SAME_UPPER' strides=[2,2]", 1,
         "float32[1,4,5,5]"},
        {"Conv", 11, "float16[1,8,4,4] float16[8,1,3,3]", "auto_pad='VALID' group=8", 1, "float16[1,8,2,2]"},
        {"MaxPool", 12, "float32[1,2,7,8]", "kernel_shape=[2,2] strides=[2,2]", 1, "float32[1,2,3,4]"},
        {"MaxPool", 12, "float32[1,2,7,8]", "kernel_shape=[2,2] strides=[2,2] ceil_mode=1", 1,
         "float32[1,2,4,4]"},
        /* Of the 3 windows that reach into 4 elements and their padding, the last would begin behind them. */
        {"MaxPool", 12, "float32[1,1,4]", "kernel_shape=[3] strides=[3] pads=[2,2] ceil_mode=1", 1,
         "float32[1,1,2]"},
        {"AveragePool", 11, "float32[1,2,?]", "kernel_shape=[2]", 1, "float32[1,2,?]"},
        {"GlobalAveragePool", 1, "float32[?,8,?,7]", "", 1, "float32[?,8,1,1]"},
        {"ConvTranspose", 11, "float32[1,4,5,6] float32[4,2,3,3]", "strides=[2,2] pads=[1,1,1,1] group=2", 1,
         "float32[1,4,9,11]"},
        {"ConvTranspose", 11, "float32[1,4,5] float32[4,2,3]", "strides=[2] output_padding=[1]", 1,
         "float32[1,2,12]"},
        {"ConvTranspose", 11, "float32[1,4,?] float32[4,2,3]", "", 1, "float32[1,2,?]"},
        {"ConvTranspose", 11, "float32[1,4,5] float32[4,2,3]", "strides=[3] auto_pad='SAME_LOWER'", 1,
         "float32[1,2,15]"},
    };
    CHECK_SHAPES(state, cases);
}

static void products_join_the_outer_sizes(void **state)
{
    static const op_case cases[] = {
        {"Gemm", 13, "float32[?,3] float32[3,5] float32[5]", "", 1, "float32[?,5]"},
        {"Gemm", 13, "float32[3,2] float32[5,3]", "transA=1 transB=1", 1, "float32[2,5]"},
        {"Gemm", 13, "float32 float32[3,5]", "", 1, "float32[?,5]"},
        {"MatMul", 13, "float32[2,1,4,5] float32[3,5,6]", "", 1, "float32[2,3,4,6]"},
        {"MatMul", 13, "float32[?,4,5] float32[5,6]", "", 1, "float32[?,4,6]"},
        {"MatMul", 13, "float32[5] float32[5,6]", "", 1, "float32[6]"},
        {"MatMul", 13, "float32[2,4,5] float32[5]", "", 1, "float32[2,4]"},
        {"MatMul", 13, "float32[5] float32[5]", "", 1, "float32[]"},
    };
    CHECK_SHAPES(state, cases);
}

static void norms_and_codes_keep_the_shape(void **state)
{
    static const op_case cases[] = {
        {"BatchNormalization", 9, "float32[?,3,4] float32[3] float32[3] float32[3] float32[3]", "", 1,
         "float32[?,3,4]"},
        {"LayerNormalization", 17, "float32[2,?,8] float32[8] float32[8]", "", 3,
         "float32[2,?,8] float32[2,?,1] float32[2,?,1]"},
        {"Softmax", 13, "float32[2,3]", "", 1, "float32[2,3]"},
        {"Relu", 13, "float32[2,?]", "", 1, "float32[2,?]"},
        {"QuantizeLinear", 13, "float32[2,3] float32[3]", "", 1, "uint8[2,3]"},
        {"QuantizeLinear", 13, "float32[2,3] float32[] int8[]", "", 1, "int8[2,3]"},
        {"QuantizeLinear", 21, "float32[2,3] float32[]", "output_dtype=5", 1, "int16[2,3]"},
        {"DequantizeLinear", 21, "int4[2,3] float32[2]", "axis=0", 1, "float32[2,3]"},
        {"DequantizeLinear", 21, "int4[2,5] float32[2,3]", "block_size=2", 1, "float32[2,5]"},
        {"DequantizeLinear", 19, "uint8[2] float16[]", "", 1, "float16[2]"},
        {"AscendQuant", 13, "float32[2,?]", "scale=2.5 offset=-3.0", 1, "int8[2,?]"},
        {"AscendAntiQuant", 13, "int8[2,?]", "scale=2.5 offset=-3.0", 1, "float32[2,?]"},
        {"Conv", 13, "int8[1,3,8,8] int8[4,3,3,3] int32[4]", "", 1, "int32[1,4,6,6]"},
        {"ConvTranspose", 13, "int8[1,3,8] int8[3,2,2]", "", 1, "int32[1,2,9]"},
        {"Gemm", 13, "int8[2,3] int8[3,4] int32[4]", "", 1, "int32[2,4]"},
        {"MatMul", 13, "int8[2,3] int8[3,4]", "", 1, "int32[2,4]"},
    };
    CHECK_SHAPES(state, cases);
}

static void a_resize_follows_scales_or_sizes(void **state)
{
    static const op_case cases[] = {
        {"Resize", 11, "float32[1,3,4,5] - float32{1,1,2,1.5}", "", 1, "float32[1,3,8,7]"},
        {"Resize", 13, "float32[1,3,4,5] - - int64{1,3,9,2}", "", 1, "float32[1,3,9,2]"},
        {"Resize", 13, "float32[1,3,4,5] float32{} float32{} int64{1,3,9,2}", "", 1, "float32[1,3,9,2]"},
        {"Resize", 13, "float32[1,3,4,5] - float32[4]", "", 1, "float32[?,?,?,?]"},
        {"Resize", 13, "float32[1,?,4,5] - float32{1,1,2,2}", "", 1, "float32[?,?,?,?]"},
        {"Resize", 18, "float32[1,3,4,8] - - int64{2,2}", "axes=[2,3] keep_aspect_ratio_policy='not_smaller'",
         1, "float32[1,3,2,4]"},
        {"Resize", 10, "float32[1,3,4,5] float32{1,1,0.5,0.5}", "", 1, "float32[1,3,2,2]"},
        {"Upsample", 9, "float32[1,3,4,5] float32{1,1,2,2}", "", 1, "float32[1,3,8,10]"},
    };
    CHECK_SHAPES(state, cases);
}

static void an_lstm_has_a_state_for_each_direction(void **state)
{
    static const op_case cases[] = {
        {"LSTM", 14, "float32[5,?,3] float32[2,16,3] float32[2,16,4]", "direction='bidirectional'", 3,
         "float32[5,2,?,4] float32[2,?,4] float32[2,?,4]"},
        {"LSTM", 14, "float32[5,1,3] float32[1,16,3] float32", "hidden_size=4", 2,
         "float32[5,1,1,4] float32[1,1,4]"},
        {"LSTM", 14, "float32 float32[1,16,3] float32[1,16,4]", "", 1, "float32?"},
    };
    CHECK_SHAPES(state, cases);
}

static void contradictions_are_named(void **state)
{
    static const refusal cases[] = {
        {"Conv", 11, "float32[1,3,8,8] float32[4,2,3,3]", "", 1, SY_E_MODEL,
         "the input has 3 channels, the weights need 2 in 1 group"},
        {"Conv", 11, "float32[1,4,8,8] float32[3,2,3,3]", "group=2", 1, SY_E_MODEL,
         "3 filters do not divide into 2 groups"},
        {"Conv", 11, "float32[1,3,8,8] float32[4,3,3]", "", 1, SY_E_MODEL,
         "weights of rank 3 do not fit an input of rank 4"},
        {"Conv", 11, "float32[1,3,8,8] float32[4,3,3,3] float32[5]", "", 1, SY_E_MODEL,
         "input 'in2' has shape [5], a list of 4 fits"},
        {"Conv", 11, "float32[1,3,2,2] float32[4,3,3,3]", "", 1, SY_E_MODEL,
         "a window over 3 elements does not fit in 2 with padding 0 and 0"},
        {"Conv", 11, "float32[1,3,8,8] float32[4,3,3,3]", "kernel_shape=[3,5]", 1, SY_E_MODEL,
         "kernel_shape says 5 where the weights have 3"},
        {"Conv", 11, "float32[1,3,8,8] float32[4,3,3,3]", "strides=[0,1]", 1, SY_E_MODEL,
         "strides holds 0, which is outside 1..16777216"},
        {"Conv", 11, "float32[1,3,8,8] float32[4,3,3,3]", "pads=[1,1]", 1, SY_E_MODEL,
         "pads has 2 numbers, this rank needs 4"},
        {"Conv", 11, "float32[1,3,8,8] float32[4,3,3,3]", "auto_pad='SAME'", 1, SY_E_MODEL,
         "auto_pad is 'SAME', not NOTSET, SAME_UPPER, SAME_LOWER or VALID"},
        {"Conv", 11, "int8[1,3,8,8] float32[4,3,3,3]", "", 1, SY_E_MODEL,
         "input 'in0' must hold floats, not int8"},
        {"Conv", 11, "int8[1,3,8,8] int8[4,3,3,3] float32[4]", "", 1, SY_E_MODEL,
         "a product of int8 needs a bias of int32, not of float32"},
        {"AscendQuant", 13, "float32[2]", "scale=0.0", 1, SY_E_MODEL,
         "attribute scale is 0, it must be positive and finite"},
        {"AscendQuant", 13, "float32[2]", "scale=1.0 offset=0.5", 1, SY_E_MODEL,
         "attribute offset is 0.5, it must be a whole number of 8 bits"},
        {"AscendAntiQuant", 13, "int16[2]", "scale=1.0", 1, SY_E_MODEL, "it takes int8, not int16"},
        {"AscendDequant", 13, "float32[2,3] uint64[3]", "", 1, SY_E_MODEL, "it takes int32, not float32"},
        {"AscendDequant", 13, "int32[2,3] float32[3]", "", 1, SY_E_MODEL,
         "its parameter 'in1' must be a constant of uint64"},
        {"ConvTranspose", 11, "float32[1,3,8] float32[4,3,3]", "", 1, SY_E_MODEL,
         "the input has 3 channels, the weights are for 4"},
        {"ConvTranspose", 11, "float32[1,3,1] float32[3,3,2]", "pads=[1,1]", 1, SY_E_MODEL,
         "padding 1 and 1 leaves nothing of 2 elements"},
        {"MaxPool", 12, "float32[1,3,8]", "", 1, SY_E_MODEL, "attribute kernel_shape is missing"},
        {"MaxPool", 12, "float32[1,3]", "kernel_shape=[1]", 1, SY_E_MODEL,
         "an input of rank 2 has no dimensions for a window to slide over"},
        {"Gemm", 13, "float32[2,3] float32[4,5]", "", 1, SY_E_MODEL, "the inner sizes differ: 3 against 4"},
        {"Gemm", 13, "float32[2,3] float32[3,5] float32[3,1,5]", "", 1, SY_E_MODEL,
         "input 'in2' of shape [3,1,5] does not fit the product of shape [2,5]"},
        {"Gemm", 13, "float32[1,3] float32[3,5] float32[2,5]", "", 1, SY_E_MODEL,
         "input 'in2' of shape [2,5] does not fit the product of shape [1,5]"},
        {"Gemm", 13, "float32[2,3,4] float32[4,5]", "", 1, SY_E_MODEL,
         "input 'in0' must be a matrix, not of rank 3"},
        {"MatMul", 13, "int8[2,3] float32[3,4]", "", 1, SY_E_MODEL, "input 'in0' must hold floats, not int8"},
        {"MatMul", 13, "float32[2,3] float32[4,5]", "", 1, SY_E_MODEL, "the inner sizes differ: 3 against 4"},
        {"MatMul", 13, "float32[2,3,4] float32[3,4,5]", "", 1, SY_E_MODEL,
         "shapes [2] and [3] do not broadcast: 2 against 3"},
        {"MatMul", 13, "float32[] float32[4,5]", "", 1, SY_E_MODEL,
         "a scalar cannot be multiplied as a matrix"},
        {"LayerNormalization", 17, "float32[2,8] float32[2,8]", "", 1, SY_E_MODEL,
         "input 'in1' of shape [2,8] does not fit rows of shape [8]"},
        {"Softmax", 13, "float32[2,3]", "axis=2", 1, SY_E_MODEL,
         "axis 2 is outside -2..1 of a tensor of rank 2"},
        {"Clip", 13, "float32[2] float32[2]", "", 1, SY_E_MODEL, "bound 'in1' must be one number, not 2"},
        {"QuantizeLinear", 13, "float32[2,3] float32[2]", "", 1, SY_E_MODEL,
         "2 scales for 3 slices along axis 1"},
        {"QuantizeLinear", 13, "float32[2,3] float32[3] uint8[2]", "", 1, SY_E_MODEL,
         "2 zero points for 3 scales"},
        {"DequantizeLinear", 21, "int8[2,5] float32[2,2]", "block_size=2", 1, SY_E_MODEL,
         "scales of shape [2,2] do not fit blocks of 2 along axis 1 of [2,5]"},
        {"QuantizeLinear", 21, "float32[2,4] float32[2]", "block_size=2", 1, SY_E_MODEL,
         "scales of shape [2] do not fit blocks of 2 along axis 1 of [2,4]"},
        {"DequantizeLinear", 21, "int8[2,4] float32[2,2]", "block_size=-2", 1, SY_E_MODEL,
         "block_size = -2: must not be negative"},
        {"DequantizeLinear", 13, "int8[2,3] float32[2,3]", "", 1, SY_E_MODEL,
         "a scale of rank 2 is neither per tensor nor per axis"},
        {"Resize", 13, "float32[1,3] - float32{1}", "", 1, SY_E_MODEL, "1 scales for 2 axes"},
        {"Resize", 13, "float32[1,3] - float32{1,0}", "", 1, SY_E_MODEL,
         "a scale of 0 makes no sense for 3 elements"},
        {"Resize", 13, "float32[1,3]", "", 1, SY_E_MODEL, "neither scales nor sizes are given"},
        {"Resize", 13, "float32[1,3] - - int64{1,0}", "", 1, SY_E_MODEL, "3 elements cannot become 0"},
        {"LSTM", 14, "float32[5,1,3] float32[1,16,2] float32[1,16,4]", "", 1, SY_E_MODEL,
         "W 'in1' has shape [1,16,2], [1,16,3] fits"},
        {"LSTM", 14, "float32[5,3] float32[1,16,3] float32[1,16,4]", "", 1, SY_E_MODEL,
         "the input must be [steps, batch, size], not of rank 2"},
        {"LSTM", 14, "float32[5,1,3] float32[1,16,3] float32[1,16,4]", "direction='up'", 1, SY_E_MODEL,
         "direction is 'up', not forward, reverse or bidirectional"},
    };
    CHECK_REFUSALS(state, cases);
}

static void what_is_not_done_is_refused_in_words(void **state)
{
    static const refusal cases[] = {
        {"Conv", 11, "float32[1,3,8,8,8] float32[4,3,3,3,3]", "", 1, SY_E_UNSUPPORTED,
         "3-D windows are not supported, only 1-D and 2-D"},
        {"MaxPool", 12, "float32[1,3,8]", "kernel_shape=[2]", 2, SY_E_UNSUPPORTED,
         "output 1: only the first 1 of this operator can be computed"},
        {"MaxPool", 12, "float32[1,3,8]", "kernel_shape=[2] storage_order=1", 1, SY_E_UNSUPPORTED,
         "storage_order 1 (column major) is not supported, only 0"},
        {"BatchNormalization", 15, "float32[1,3] float32[3] float32[3] float32[3] float32[3]",
         "training_mode=1", 1, SY_E_UNSUPPORTED,
         "training_mode 1 is not supported: export the model for inference"},
        {"BatchNormalization", 7, "float32[1,3] float32[3] float32[3] float32[3] float32[3]", "spatial=0", 1,
         SY_E_UNSUPPORTED, "spatial 0 (statistics per activation) is not supported, only 1"},
        {"Gemm", 13, "int8[2,3] int8[3,4]", "alpha=0.5", 1, SY_E_UNSUPPORTED,
         "a product of int8 has no alpha and no beta but 1"},
        {"AscendQuant", 13, "float32[2]", "scale=1.0 dst_type='INT4'", 1, SY_E_UNSUPPORTED,
         "dst_type INT4 is not supported, only INT8"},
        {"AscendQuant", 13, "float32[2]", "scale=1.0 sqrt_mode=1", 1, SY_E_UNSUPPORTED,
         "sqrt_mode is not supported"},
        {"AscendQuant", 13, "float32[2]", "scale=1.0 round_mode='Floor'", 1, SY_E_UNSUPPORTED,
         "round_mode Floor is not supported, only Round"},
        {"QuantizeLinear", 21, "float32[2,4] float32[]", "output_dtype=1", 1, SY_E_UNSUPPORTED,
         "quantizing to float32 is not supported, only to integers of 4, 8 and 16 bits"},
        {"Resize", 18, "float32[1,3] - float32{1,2}", "antialias=1 mode='linear'", 1, SY_E_UNSUPPORTED,
         "antialias 1 is not supported, only 0"},
        {"Resize", 13, "float32[1,3] - float32{1,2}", "mode='area'", 1, SY_E_UNSUPPORTED,
         "mode 'area' is not supported, only nearest, linear and cubic"},
        {"Resize", 13, "uint8[1,3] - float32{1,2}", "mode='linear'", 1, SY_E_UNSUPPORTED,
         "resizing uint8 is supported in mode nearest only"},
        {"MatMul", 13, "int32[2,3] int32[3,4]", "", 1, SY_E_UNSUPPORTED,
         "input 'in0' holds int32: matrices of integers are not multiplied, only of floats"},
        {"Gemm", 13, "float32[2,3] uint64[3,4]", "", 1, SY_E_UNSUPPORTED,
         "input 'in1' holds uint64: matrices of integers are not multiplied, only of floats"},
        {"LSTM", 14, "float32[5,1,3] float32[1,16,3] float32[1,16,4]", "layout=1", 1, SY_E_UNSUPPORTED,
         "layout 1 (batch first) is not supported, only 0"},
    };
    CHECK_REFUSALS(state, cases);
}

/* Only a run needs to know the lengths: a shape rule must pass what binding may still fold. */
static void sequences_of_other_lengths_are_refused_when_lowered(void **state)
{
    sy_ctx *ctx = *state;
    static const struct {
        const char *lengths, *message;
    } cases[] = {
        {"int32{1}",
         "node 'node' (LSTM): sequence_lens has 1 among 2 steps, only whole sequences are supported"},
        {"~int32{2}", "node 'node' (LSTM): sequence_lens 'in4' is computed, only a constant is supported"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char inputs[OP_WORD];
        sy_lowering lowering;
        snprintf(inputs, sizeof inputs,
                 "~float32[2,1,1]{1,2} float32[1,4,1]{1,2,3,4} float32[1,4,1]{1,2,3,4} - %s",
                 cases[i].lengths);
        op_test test = op_create(ctx, "LSTM", 14, inputs, "", 1);
        assert_ok(ctx, sy_infer_shapes(ctx, test.graph));
        assert_fails(ctx, op_lower(&test, &lowering), SY_E_UNSUPPORTED, cases[i].message);
        sy_lowering_release(&lowering);
        sy_graph_destroy(test.graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(windows_slide_as_far_as_they_fit, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(products_join_the_outer_sizes, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(norms_and_codes_keep_the_shape, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_resize_follows_scales_or_sizes, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(an_lstm_has_a_state_for_each_direction, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(contradictions_are_named, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(what_is_not_done_is_refused_in_words, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(sequences_of_other_lengths_are_refused_when_lowered, open_ctx,
                                        close_ctx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
