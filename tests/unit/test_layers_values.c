/* What the layers of host/ops compute, lowered and run by the reference kernels: small cases whose values
 * onnxruntime gives, most of them plain enough to check by hand. Drawn cases are in
 * tests/judges/judge_layers.py.
 */
#include "support/op_cases.h"

static void convolutions_follow_onnx(void **state)
{
    static const op_case cases[] = {
        {"Conv", 11, "~float32[1,1,3,3]{1,2,3,4,5,6,7,8,9} float32[1,1,2,2]{1,0,0,-1}", "", 1,
         "float32[1,1,2,2]{-4,-4,-4,-4}"},
        {"Conv", 11, "~float32[1,1,3,3]{1,2,3,4,5,6,7,8,9} float32[1,1,2,2]{1,2,3,4} float32{0.5}",
         "pads=[1,1,0,0] strides=[2,2]", 1, "float32[1,1,2,2]{4.5,18.5,36.5,77.5}"},
        {"Conv", 11, "~float32[1,1,3,4]{1,2,3,4,5,6,7,8,9,10,11,12} float32[1,1,2,2]{1,2,3,4}",
         "auto_pad='SAME_UPPER'", 1, "float32[1,1,3,4]{44,54,64,28,84,94,104,44,29,32,35,12}"},
        {"Conv", 11, "~float32[1,1,3,4]{1,2,3,4,5,6,7,8,9,10,11,12} float32[1,1,2,2]{1,2,3,4}",
         "auto_pad='SAME_LOWER'", 1, "float32[1,1,3,4]{4,11,18,25,22,44,54,64,46,84,94,104}"},
        {"Conv", 11, "~float32[1,1,5]{1,2,3,4,5} float32[2,1,2]{1,10,1,-1} float32{0,100}", "dilations=[2]",
         1, "float32[1,2,3]{31,42,53,98,98,98}"},
        {"Conv", 11, "~float32[1,4,2]{1,2,3,4,5,6,7,8} float32[2,2,1]{1,10,1,100}", "group=2", 1,
         "float32[1,2,2]{31,42,705,806}"},
        {"Conv", 11, "~float32[2,2,1,2]{1,2,3,4,5,6,7,8} float32[2,1,1,1]{2,3}", "group=2", 1,
         "float32[2,2,1,2]{2,4,9,12,10,12,21,24}"},
        {"ConvTranspose", 11, "~float32[1,1,2,2]{1,2,3,4} float32[1,1,2,2]{1,10,100,1000}", "", 1,
         "float32[1,1,3,3]{1,12,20,103,1234,2040,300,3400,4000}"},
        {"ConvTranspose", 11, "~float32[1,1,2,2]{1,2,3,4} float32[1,1,3,3]{1,2,3,4,5,6,7,8,9} float32{0.5}",
         "strides=[2,2] pads=[1,1,1,1] output_padding=[1,1]", 1,
         "float32[1,1,4,4]{5.5,14.5,10.5,12.5,14.5,36.5,24.5,30.5,15.5,34.5,20.5,24.5,24.5,55.5,32.5,36.5}"},
        {"ConvTranspose", 11, "~float32[1,2,3]{1,2,3,4,5,6} float32[2,2,2]{1,2,3,4,5,6,7,8}", "dilations=[2]",
         1, "float32[1,2,5]{21,27,59,34,42,31,41,87,48,60}"},
        {"ConvTranspose", 11, "~float32[1,2,3]{1,2,3,4,5,6} float32[2,1,2]{1,2,3,4}", "group=2 strides=[2]",
         1, "float32[1,2,6]{1,2,2,4,3,6,12,16,15,20,18,24}"},
        {"ConvTranspose", 11, "~float32[1,1,3]{1,2,3} float32[1,1,3]{1,10,100}",
         "strides=[2] auto_pad='SAME_UPPER'", 1, "float32[1,1,6]{1,10,102,20,203,30}"},
        {"ConvTranspose", 11, "~float32[1,1,3]{1,2,3} float32[1,1,3]{1,10,100}",
         "strides=[2] auto_pad='SAME_LOWER'", 1, "float32[1,1,6]{10,102,20,203,30,300}"},
        {"ConvTranspose", 11, "~float32[1,1,3]{1,2,3} float32[1,1,3]{1,10,100}",
         "strides=[2] output_shape=[6]", 1, "float32[1,1,6]{10,102,20,203,30,300}"},
    };
    CHECK_VALUES(state, cases);
}

static void products_follow_onnx(void **state)
{
    static const op_case cases[] = {
        {"Gemm", 13, "~float32[2,3]{1,2,3,4,5,6} float32[3,2]{1,2,3,4,5,6} float32{10,20}", "", 1,
         "float32[2,2]{32,48,59,84}"},
        {"Gemm", 13, "~float32[3,2]{1,4,2,5,3,6} float32[2,3]{1,3,5,2,4,6} float32[2,1]{10,20}",
         "transA=1 transB=1 alpha=0.5 beta=2.0", 1, "float32[2,2]{31,34,64.5,72}"},
        {"Gemm", 7, "~float32[1,2]{1,2} float32[2,2]{1,2,3,4} float32[]{5}", "", 1, "float32[1,2]{12,15}"},
        {"MatMul", 13, "~float32[2,1,2]{1,2,3,4} ~float32[2,2]{1,10,100,1000}", "", 1,
         "float32[2,1,2]{201,2010,403,4030}"},
        {"MatMul", 13, "~float32[2,1,2]{1,2,3,4} ~float32[2,2,1]{1,10,100,1000}", "", 1,
         "float32[2,1,1]{21,4300}"},
        {"MatMul", 13, "~float32[2,1,1,2]{1,2,3,4} ~float32[2,2,1]{1,10,100,1000}", "", 1,
         "float32[2,2,1,1]{21,2100,43,4300}"},
        {"MatMul", 13, "~float32[2]{1,2} ~float32[2,2]{1,10,100,1000}", "", 1, "float32[2]{201,2010}"},
        {"MatMul", 13, "~float32[2,2]{1,10,100,1000} ~float32[2]{1,2}", "", 1, "float32[2]{21,2100}"},
        {"MatMul", 13, "~float32[2]{1,10} ~float32[2]{1,2}", "", 1, "float32[]{21}"},
    };
    CHECK_VALUES(state, cases);
}

static void windows_pool_what_they_see(void **state)
{
    static const op_case cases[] = {
        {"MaxPool", 12, "~float32[1,1,2,4]{1,9,3,4,5,6,8,7}", "kernel_shape=[2,2]", 1,
         "float32[1,1,1,3]{9,9,8}"},
        {"MaxPool", 12, "~float32[1,1,5]{5,1,2,4,3}", "kernel_shape=[2] strides=[2]", 1,
         "float32[1,1,2]{5,4}"},
        {"MaxPool", 12, "~float32[1,1,5]{5,1,2,4,3}", "kernel_shape=[2] strides=[2] ceil_mode=1", 1,
         "float32[1,1,3]{5,4,3}"},
        {"MaxPool", 12, "~float32[1,1,4]{-5,-1,-2,-4}", "kernel_shape=[3] strides=[3] pads=[1,1] ceil_mode=1",
         1, "float32[1,1,2]{-1,-2}"},
        {"MaxPool", 12, "~float32[1,1,5]{-5,-1,-2,-4,-3}", "kernel_shape=[2] dilations=[3] pads=[1,0]", 1,
         "float32[1,1,3]{-2,-4,-1}"},
        {"MaxPool", 12, "~uint8[1,1,4]{1,200,30,4}", "kernel_shape=[2]", 1, "uint8[1,1,3]{200,200,30}"},
        {"MaxPool", 12, "~int8[1,1,4]{-100,-2,-30,4}", "kernel_shape=[2]", 1, "int8[1,1,3]{-2,-2,4}"},
        {"AveragePool", 11, "~float32[1,1,4]{1,2,3,6}", "kernel_shape=[3] pads=[1,1]", 1,
         "float32[1,1,4]{1.5,2,3.66667,4.5}"},
        {"AveragePool", 11, "~float32[1,1,4]{1,2,3,6}", "kernel_shape=[3] pads=[1,1] count_include_pad=1", 1,
         "float32[1,1,4]{1,2,3.66667,3}"},
        {"AveragePool", 19, "~float32[1,1,4]{1,2,3,6}",
         "kernel_shape=[3] strides=[2] ceil_mode=1 pads=[0,1] count_include_pad=1", 1, "float32[1,1,2]{2,3}"},
        {"GlobalAveragePool", 1, "~float32[1,2,2,2]{1,2,3,4,5,6,7,9}", "", 1, "float32[1,2,1,1]{2.5,6.75}"},
        {"GlobalMaxPool", 1, "~float32[1,2,3]{-1,-2,-3,4,6,5}", "", 1, "float32[1,2,1]{-1,6}"},
    };
    CHECK_VALUES(state, cases);
}

static void norms_and_softmax_follow_onnx(void **state)
{
    static const op_case cases[] = {
        {"BatchNormalization", 15,
         "~float32[1,2,2]{1,2,3,4} float32{2,3} float32{10,20} float32{1,2} float32{4,9}", "epsilon=0.0", 1,
         "float32[1,2,2]{10,11,21,22}"},
        {"InstanceNormalization", 6, "~float32[1,2,2]{1,3,5,13} float32{2,1} float32{10,20}", "epsilon=0.0",
         1, "float32[1,2,2]{8,12,19,21}"},
        {"LayerNormalization", 17, "~float32[2,2]{1,3,5,13} float32{2,1} float32{10,20}", "epsilon=0.0", 3,
         "float32[2,2]{8,21,8,21} float32[2,1]{2,9} float32[2,1]{1,0.25}"},
        {"LayerNormalization", 17, "~float32[1,2,2]{1,3,5,13} float32[2,2]{1,2,3,4}", "axis=1", 1,
         "float32[1,2,2]{-0.987878,-1.09764,-0.329293,6.58585}"},
        {"Softmax", 13, "~float32[2,2]{0,1,1000,1001}", "", 1,
         "float32[2,2]{0.268941,0.731059,0.268941,0.731059}"},
        {"Softmax", 13, "~float32[2,2]{0,1,2,3}", "axis=0", 1,
         "float32[2,2]{0.119203,0.119203,0.880797,0.880797}"},
        {"Softmax", 11, "~float32[1,2,2]{0,1,2,3}", "axis=1", 1,
         "float32[1,2,2]{0.0320586,0.0871443,0.236883,0.643914}"},
        {"LogSoftmax", 13, "~float32[2]{0,100}", "", 1, "float32[2]{-100,0}"},
    };
    CHECK_VALUES(state, cases);
}

static void codes_stand_for_values(void **state)
{
    static const op_case cases[] = {
        {"QuantizeLinear", 13, "~float32{-1,0,0.25,0.75,1000,-1000} float32[]{0.5} uint8[]{128}", "", 1,
         "uint8[6]{126,128,128,130,255,0}"},
        {"QuantizeLinear", 13, "~float32[2,2]{1,2,3,4} float32{0.5,2} int8{0,1}", "axis=0", 1,
         "int8[2,2]{2,4,3,3}"},
        {"QuantizeLinear", 10, "~float32{1.5,2.5} float32[]{1}", "", 1, "uint8[2]{2,2}"},
        {"QuantizeLinear", 13, "~int32{5,-7} float32[]{2} int8[]{0}", "", 1, "int8[2]{2,-4}"},
        {"DequantizeLinear", 13, "~uint8{0,128,255} float32[]{0.5} uint8[]{128}", "", 1,
         "float32[3]{-64,0,63.5}"},
        {"DequantizeLinear", 13, "~int8[1,2,2]{-128,127,1,2} float32{0.5,2}", "", 1,
         "float32[1,2,2]{-64,63.5,2,4}"},
        {"DequantizeLinear", 21, "~int8[3,2]{1,2,3,4,5,6} float32[2,2]{1,10,100,1000}", "axis=0 block_size=2",
         1, "float32[3,2]{1,20,3,40,500,6000}"},
        {"DequantizeLinear", 21, "~int8[2,3]{1,2,3,4,5,6} float32[2,2]{1,10,100,1000} int8[2,2]{0,1,0,2}",
         "axis=1 block_size=2", 1, "float32[2,3]{1,2,20,400,500,4000}"},
        {"QuantizeLinear", 21, "~float32[1,3]{4,6,90} float32[1,2]{2,30} int8[1,2]{0,1}",
         "axis=-1 block_size=2", 1, "int8[1,3]{2,3,4}"},
        {"DequantizeLinear", 10, "~int32{-100000,100000} float32[]{0.01}", "", 1, "float32[2]{-1000,1000}"},
    };
    CHECK_VALUES(state, cases);
}

static void resizing_samples_where_onnx_says(void **state)
{
    static const op_case cases[] = {
        {"Resize", 11, "~float32[1,1,1,2]{1,3} - float32{1,1,2,2}", "", 1,
         "float32[1,1,2,4]{1,1,3,3,1,1,3,3}"},
        {"Resize", 11, "~float32[1,1,1,2]{1,5} - float32{1,1,1,2}", "mode='linear'", 1,
         "float32[1,1,1,4]{1,2,4,5}"},
        {"Resize", 11, "~float32[1,1,1,2]{1,5} - - int64{1,1,1,5}",
         "mode='linear' coordinate_transformation_mode='align_corners'", 1, "float32[1,1,1,5]{1,2,3,4,5}"},
        {"Resize", 11, "~float32[1,1,1,2]{1,5} - float32{1,1,1,2}",
         "mode='linear' coordinate_transformation_mode='asymmetric'", 1, "float32[1,1,1,4]{1,3,5,5}"},
        {"Resize", 11, "~float32[1,1,1,4]{1,5,2,0} - float32{1,1,1,2}", "mode='cubic'", 1,
         "float32[1,1,1,8]{0.578125,2.01172,4.41016,4.8125,3.03125,1.23047,0.347656,-0.210938}"},
        {"Resize", 11, "~float32[1,1,1,4]{1,5,2,0} - float32{1,1,1,2}",
         "mode='cubic' exclude_outside=1 cubic_coeff_a=-0.5", 1,
         "float32[1,1,1,8]{0.647059,1.82482,4.32061,4.71875,2.84375,1.35115,0.313869,-0.176471}"},
        {"Resize", 11, "~float32[1,1,1,4]{1,5,2,0} float32{0,0,0,0.5,1,1,1,1.5} - int64{1,1,1,3}",
         "mode='linear' coordinate_transformation_mode='tf_crop_and_resize' extrapolation_value=9.0", 1,
         "float32[1,1,1,3]{3.5,0,9}"},
        {"Resize", 18, "~float32[1,1,2,4]{1,5,2,0,1,2,3,4} - - int64{4}", "mode='nearest' axes=[2]", 1,
         "float32[1,1,4,4]{1,5,2,0,1,5,2,0,1,2,3,4,1,2,3,4}"},
        {"Resize", 18, "~float32[1,1,2,4]{1,5,2,0,1,2,3,4} - - int64{5,2}",
         "axes=[2,3] keep_aspect_ratio_policy='not_larger'", 1, "float32[1,1,1,2]{1,2}"},
        {"Resize", 10, "~float32[1,1,1,2]{1,5} float32{1,1,1,2}", "mode='linear'", 1,
         "float32[1,1,1,4]{1,3,5,5}"},
        {"Resize", 11, "~int32[4]{1,2,3,4} - float32{0.5}", "mode='nearest' nearest_mode='ceil'", 1,
         "int32[2]{2,4}"},
        {"Upsample", 9, "~float32[1,1,1,2]{1,5} float32{1,1,1,2}", "", 1, "float32[1,1,1,4]{1,1,5,5}"},
    };
    CHECK_VALUES(state, cases);
}

static void an_lstm_remembers(void **state)
{
    static const op_case cases[] = {
        {"LSTM", 14, "~float32[2,1,1]{1,-1} float32[1,4,1]{0.5,-0.5,1,2} float32[1,4,1]{0.1,0.2,-0.3,0.4}",
         "hidden_size=1", 3,
         "float32[2,1,1,1]{0.202776,-0.131931} float32[1,1,1]{-0.131931} float32[1,1,1]{-0.211886}"},
        {"LSTM", 14,
         "~float32[2,1,1]{1,-1} float32[1,4,1]{0.5,-0.5,1,2} float32[1,4,1]{0.1,0.2,-0.3,0.4} "
         "float32[1,8]{1,2,3,4,-1,-1,-1,-1} int32{2} ~float32[1,1,1]{0.5} ~float32[1,1,1]{-0.5} "
         "float32[1,3]{0.3,0.2,0.1}",
         "hidden_size=1 direction='reverse'", 3,
         "float32[2,1,1,1]{0.333762,-0.0411546} float32[1,1,1]{0.333762} float32[1,1,1]{0.570676}"},
        {"LSTM", 14,
         "~float32[2,2,1]{1,-1,2,0} float32[2,4,1]{0.5,-0.5,1,2,1,1,1,1} "
         "float32[2,4,1]{0.1,0.2,-0.3,0.4,0,0,0,0}",
         "hidden_size=1 direction='bidirectional' input_forget=1", 2,
         "float32[2,2,2,1]{0.202776,-0.21705,0.479313,-0.0543281,0.197541,-0.109069,0.608283,0} "
         "float32[2,2,1]{0.197541,-0.109069,0.479313,-0.0543281}"},
    };
    CHECK_VALUES(state, cases);
}

static void clamps_bound_floats_and_integers(void **state)
{
    static const op_case cases[] = {
        {"Relu", 13, "~float32{-1,0,2}", "", 1, "float32[3]{0,0,2}"},
        {"Relu", 14, "~int32{-1,0,2}", "", 1, "int32[3]{0,0,2}"},
        {"Clip", 10, "~float32{-1,0,2,9}", "min=-0.5 max=1.5", 1, "float32[4]{-0.5,0,1.5,1.5}"},
        {"Clip", 13, "~float32{-1,0,2} - float32[]{1}", "", 1, "float32[3]{-1,0,1}"},
        {"Clip", 13, "~float32{-1,0,2} ~float32[]{0.5} ~float32[]{1}", "", 1, "float32[3]{0.5,0.5,1}"},
        {"Clip", 13, "~float32{-1,0,2} float32[]{3} float32[]{1}", "", 1, "float32[3]{1,1,1}"},
        {"Clip", 13, "~int8{-100,0,100} int8[]{-3} int8[]{4}", "", 1, "int8[3]{-3,0,4}"},
        {"Clip", 13, "~int64{-100,5} int64[]{0}", "", 1, "int64[2]{0,5}"},
    };
    CHECK_VALUES(state, cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(convolutions_follow_onnx, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(products_follow_onnx, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(windows_pool_what_they_see, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(norms_and_softmax_follow_onnx, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(codes_stand_for_values, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(resizing_samples_where_onnx_says, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(an_lstm_remembers, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(clamps_bound_floats_and_integers, open_ctx, close_ctx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
