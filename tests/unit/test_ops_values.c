/* What the operators of host/ops compute, lowered and run by the reference kernels. The values expected are
 * numpy's, or follow from the specification by hand.
 */
#include "support/op_cases.h"

static void unary_functions_follow_onnx(void **state)
{
    static const op_case cases[] = {
        {"Abs", 13, "~float32{-1.5,0,2}", "", 1, "float32[3]{1.5,0,2}"},
        {"Abs", 13, "~int32{-7,-2147483648}", "", 1, "int32[2]{7,-2147483648}"},
        {"Neg", 13, "~int64{3,-4}", "", 1, "int64[2]{-3,4}"},
        {"Sign", 13, "~float32{-2,0,5}", "", 1, "float32[3]{-1,0,1}"},
        {"Sign", 13, "~int32{-2,0,5}", "", 1, "int32[3]{-1,0,1}"},
        {"Floor", 13, "~float32{-1.5,-0.5,1.9,3,9e9}", "", 1, "float32[5]{-2,-1,1,3,9e+09}"},
        {"Ceil", 13, "~float32{-1.5,-0.5,1.1,3,9e9}", "", 1, "float32[5]{-1,-0,2,3,9e+09}"},
        {"Round", 11, "~float32{0.5,1.5,2.5,-2.5,-0.4}", "", 1, "float32[5]{0,2,2,-2,-0}"},
        {"Sqrt", 13, "~float32{0,2.25}", "", 1, "float32[2]{0,1.5}"},
        {"Reciprocal", 13, "~float32{4,-0.5,0}", "", 1, "float32[3]{0.25,-2,inf}"},
        {"Exp", 13, "~float32{0,1,-inf}", "", 1, "float32[3]{1,2.71828,0}"},
        {"Log", 13, "~float32{1,10,0}", "", 1, "float32[3]{0,2.30259,-inf}"},
        {"Erf", 13, "~float32{0,0.5,-3}", "", 1, "float32[3]{0,0.5205,-0.999978}"},
        {"Sigmoid", 13, "~float32{0,4,-20}", "", 1, "float32[3]{0.5,0.982014,2.06115e-09}"},
        {"Tanh", 13, "~float32{0,0.5,-9}", "", 1, "float32[3]{0,0.462117,-1}"},
        {"HardSigmoid", 6, "~float32{-9,0,1,9}", "", 1, "float32[4]{0,0.5,0.7,1}"},
        {"HardSigmoid", 6, "~float32{1}", "alpha=0.5 beta=0.25", 1, "float32[1]{0.75}"},
        {"HardSwish", 14, "~float32{-4,-1,0,2,4}", "", 1, "float32[5]{-0,-0.333333,0,1.66667,4}"},
        {"LeakyRelu", 6, "~float32{-2,3}", "", 1, "float32[2]{-0.02,3}"},
        {"LeakyRelu", 6, "~float32{-2,3}", "alpha=0.5", 1, "float32[2]{-1,3}"},
        {"Elu", 6, "~float32{-1,2}", "alpha=2.0", 1, "float32[2]{-1.26424,2}"},
        {"Selu", 6, "~float32{-1,1}", "", 1, "float32[2]{-1.11133,1.0507}"},
        {"Selu", 6, "~float32{-1,1}", "alpha=2.0 gamma=3.0", 1, "float32[2]{-3.79272,3}"},
        {"Celu", 12, "~float32{-1,1}", "alpha=2.0", 1, "float32[2]{-0.786939,1}"},
        {"Softplus", 1, "~float32{-100,0,1,100}", "", 1, "float32[4]{3.78351e-44,0.693147,1.31326,100}"},
        {"Softsign", 1, "~float32{-1,3}", "", 1, "float32[2]{-0.5,0.75}"},
        {"ThresholdedRelu", 10, "~float32{0.5,1,1.5}", "", 1, "float32[3]{0,0,1.5}"},
        {"Gelu", 20, "~float32{-1,0,2}", "", 1, "float32[3]{-0.158655,0,1.9545}"},
        {"Gelu", 20, "~float32{-1,0,2}", "approximate='tanh'", 1, "float32[3]{-0.158808,0,1.9546}"},
        {"Mish", 18, "~float32{-1,0,1,50}", "", 1, "float32[4]{-0.303401,0,0.865098,50}"},
        {"Shrink", 9, "~float32{-2,0.25,2}", "lambd=1.5 bias=1.5", 1, "float32[3]{-0.5,0,0.5}"},
        {"Sin", 7, "~float32{0,1,100}", "", 1, "float32[3]{0,0.841471,-0.506366}"},
        {"Cos", 7, "~float32{0,1,100}", "", 1, "float32[3]{1,0.540302,0.862319}"},
        {"Tan", 7, "~float32{1}", "", 1, "float32[1]{1.55741}"},
        {"Asin", 7, "~float32{0.25,-1}", "", 1, "float32[2]{0.25268,-1.5708}"},
        {"Acos", 7, "~float32{0.25,-1}", "", 1, "float32[2]{1.31812,3.14159}"},
        {"Atan", 7, "~float32{0.25,-10}", "", 1, "float32[2]{0.244979,-1.47113}"},
        {"Sinh", 9, "~float32{0.5,-10}", "", 1, "float32[2]{0.521095,-11013.2}"},
        {"Cosh", 9, "~float32{0.5,-10}", "", 1, "float32[2]{1.12763,11013.2}"},
        {"Asinh", 9, "~float32{0.5,-10}", "", 1, "float32[2]{0.481212,-2.99822}"},
        {"Acosh", 9, "~float32{1,10}", "", 1, "float32[2]{0,2.99322}"},
        {"Atanh", 9, "~float32{0.5,-1}", "", 1, "float32[2]{0.549306,-inf}"},
        {"Not", 1, "~bool{0,1}", "", 1, "bool[2]{1,0}"},
        {"IsNaN", 13, "~float32{1,nan,inf}", "", 1, "bool[3]{0,1,0}"},
        {"IsInf", 10, "~float32{1,nan,inf,-inf}", "", 1, "bool[4]{0,0,1,1}"},
        {"IsInf", 10, "~float32{inf,-inf}", "detect_negative=0", 1, "bool[2]{1,0}"},
        {"IsInf", 10, "~float32{inf,-inf}", "detect_positive=0", 1, "bool[2]{0,1}"},
        {"Exp", 13, "~float32[2,0]{}", "", 1, "float32[2,0]{}"},
    };
    CHECK_VALUES(state, cases);
}

static void binary_functions_follow_onnx(void **state)
{
    static const op_case cases[] = {
        {"Add", 13, "~float32[2,2]{1,2,3,4} ~float32{10,20}", "", 1, "float32[2,2]{11,22,13,24}"},
        {"Add", 13, "~float32[2,1]{1,2} ~float32[1,2]{10,20}", "", 1, "float32[2,2]{11,21,12,22}"},
        {"Add", 14, "~uint8{250,1} ~uint8{10,2}", "", 1, "uint8[2]{4,3}"},
        {"Sub", 14, "~int8{-100,1} ~int8{100,2}", "", 1, "int8[2]{56,-1}"},
        {"Sub", 13, "~float32[]{5} ~float32{1,2}", "", 1, "float32[2]{4,3}"},
        {"Mul", 13, "~int64{3,-4} ~int64[]{5}", "", 1, "int64[2]{15,-20}"},
        {"Div", 13, "~float32{1,-1,0} ~float32{4,0,0}", "", 1, "float32[3]{0.25,-inf,nan}"},
        {"Div", 13, "~int32{7,-7,7,-2147483648} ~int32{2,2,-2,-1}", "", 1, "int32[4]{3,-3,-3,-2147483648}"},
        {"Pow", 13, "~float32{3,2,-2,9,2} ~float32{2,0.5,3,-1,-inf}", "", 1,
         "float32[5]{9,1.41421,-8,0.111111,0}"},
        {"Pow", 13, "~float32{3,-4} float32[]{2}", "", 1, "float32[2]{9,16}"},
        {"Pow", 13, "~float32[]{3} int64[1]{2}", "", 1, "float32[1]{9}"},
        {"Pow", 13, "~float32{3,4} ~int64[]{3}", "", 1, "float32[2]{27,64}"},
        {"Pow", 13, "~int32{3,-2,5} ~int32{4,3,0}", "", 1, "int32[3]{81,-8,1}"},
        {"Pow", 13, "~int32{4,9} ~float32[]{0.5}", "", 1, "int32[2]{2,3}"},
        {"Mod", 13, "~int32{7,-7,7,-7,5} ~int32{3,3,-3,-3,0}", "", 1, "int32[5]{1,2,-2,-1,0}"},
        {"Mod", 13, "~int32{7,-7,7,-7} ~int32{3,3,-3,-3}", "fmod=1", 1, "int32[4]{1,-1,1,-1}"},
        {"Mod", 13, "~float32{7.5,-7.5} ~float32{2,2}", "fmod=1", 1, "float32[2]{1.5,-1.5}"},
        {"PRelu", 9, "~float32[1,2,2]{-1,2,-3,4} ~float32[2,1]{0.5,0.25}", "", 1,
         "float32[1,2,2]{-0.5,2,-0.75,4}"},
        {"Equal", 13, "~int64{1,2} ~int64[]{2}", "", 1, "bool[2]{0,1}"},
        {"Equal", 13, "~float32{1,nan} ~float32{1,nan}", "", 1, "bool[2]{1,0}"},
        {"Less", 13, "~float32{1,2,3} ~float32[]{2}", "", 1, "bool[3]{1,0,0}"},
        {"LessOrEqual", 16, "~int32{1,2,3} ~int32[]{2}", "", 1, "bool[3]{1,1,0}"},
        {"Greater", 13, "~float32{1,2,3} ~float32[]{2}", "", 1, "bool[3]{0,0,1}"},
        {"GreaterOrEqual", 16, "~float32{1,2,3} ~float32[]{2}", "", 1, "bool[3]{0,1,1}"},
        {"And", 7, "~bool{0,0,1,1} ~bool{0,1,0,1}", "", 1, "bool[4]{0,0,0,1}"},
        {"Or", 7, "~bool{0,0,1,1} ~bool{0,1,0,1}", "", 1, "bool[4]{0,1,1,1}"},
        {"Xor", 7, "~bool{0,0,1,1} ~bool{0,1,0,1}", "", 1, "bool[4]{0,1,1,0}"},
        {"Min", 13, "~float32{1,5,nan} ~float32{4,2,1} ~float32[]{3}", "", 1, "float32[3]{1,2,nan}"},
        {"Max", 13, "~int32[2,1]{1,5} ~int32[1,2]{4,2} ~int32[]{3}", "", 1, "int32[2,2]{4,3,5,5}"},
        {"Max", 13, "~float32{1,-5}", "", 1, "float32[2]{1,-5}"},
        {"Sum", 13, "~float32{1,2} ~float32[2,1]{10,20} ~float32[]{100}", "", 1,
         "float32[2,2]{111,112,121,122}"},
        {"Mean", 13, "~float32{1,2} ~float32{2,3} ~float32[]{6}", "", 1, "float32[2]{3,3.66667}"},
        {"Where", 16, "~bool[2,1]{1,0} ~float32{1,2} ~float32[]{9}", "", 1, "float32[2,2]{1,2,9,9}"},
        {"Where", 16, "~bool[]{1} ~int64[]{4} ~int64[]{5}", "", 1, "int64[]{4}"},
        {"Add", 13, "~float32[2,0]{} ~float32[1]{1}", "", 1, "float32[2,0]{}"},
    };
    CHECK_VALUES(state, cases);
}

static void casts_saturate_floats_and_wrap_integers(void **state)
{
    static const op_case cases[] = {
        {"Cast", 13, "~float32{1.9,-1.9,3e9,-3e9,nan}", "to=7", 1, "int64[5]{1,-1,2147483647,-2147483648,0}"},
        {"Cast", 13, "~float32{-3,300,7.5}", "to=2", 1, "uint8[3]{0,255,7}"},
        {"Cast", 13, "~int32{-3,300,200}", "to=2", 1, "uint8[3]{253,44,200}"},
        {"Cast", 13, "~int32{-3,300,200}", "to=3", 1, "int8[3]{-3,44,-56}"},
        {"Cast", 13, "~int8{-3,3}", "to=4", 1, "uint16[2]{65533,3}"},
        {"Cast", 13, "~int64{-3,300}", "to=1", 1, "float32[2]{-3,300}"},
        {"Cast", 13, "~bool{0,1}", "to=1", 1, "float32[2]{0,1}"},
        {"Cast", 13, "~float32{0,-0.25,nan}", "to=9", 1, "bool[3]{0,1,1}"},
        {"Cast", 13, "~int64{0,5}", "to=9", 1, "bool[2]{0,1}"},
        {"Cast", 13, "~float32{1.5}", "to=11", 1, "float64[1]{1.5}"},
        {"CastLike", 15, "~float32{1.5,-2.5} ~int32{0}", "", 1, "int32[2]{1,-2}"},
    };
    CHECK_VALUES(state, cases);
}

static void words_move_where_they_belong(void **state)
{
    static const op_case cases[] = {
        {"Reshape", 13, "~float32[2,3]{1,2,3,4,5,6} int64{3,-1}", "", 1, "float32[3,2]{1,2,3,4,5,6}"},
        {"Unsqueeze", 11, "~int64{4,5}", "axes=[1]", 1, "int64[2,1]{4,5}"},
        {"Dropout", 13, "~float32{4,5} float32[]{0.5}", "", 2, "float32[2]{4,5} bool[2]{1,1}"},
        {"Dropout", 7, "~float32{4,5}", "", 2, "float32[2]{4,5} float32[2]{1,1}"},
        {"Transpose", 13, "~float32[2,3]{1,2,3,4,5,6}", "", 1, "float32[3,2]{1,4,2,5,3,6}"},
        {"Transpose", 13, "~float32[2,2,2]{1,2,3,4,5,6,7,8}", "perm=[1,0,2]", 1,
         "float32[2,2,2]{1,2,5,6,3,4,7,8}"},
        {"Slice", 13, "~float32[2,4]{0,1,2,3,4,5,6,7} int64{1} int64{3} int64{1}", "", 1,
         "float32[2,2]{1,2,5,6}"},
        {"Slice", 13, "~float32{0,1,2,3,4,5} int64{-1} int64{-9223372036854775807} int64{0} int64{-2}", "", 1,
         "float32[3]{5,3,1}"},
        {"Slice", 13, "~float32[2,3]{0,1,2,3,4,5} int64{1,2} int64{-9,-9} int64{0,1} int64{-1,-1}", "", 1,
         "float32[2,3]{5,4,3,2,1,0}"},
        {"Slice", 13, "~float32{0,1,2,3} int64{1} int64{4} int64{0} int64{9223372036854775807}", "", 1,
         "float32[1]{1}"},
        {"Slice", 9, "~float32{0,1,2,3}", "starts=[-3] ends=[-1]", 1, "float32[2]{1,2}"},
        {"Concat", 13, "~float32[2,1]{1,2} ~float32[2,2]{3,4,5,6}", "axis=1", 1, "float32[2,3]{1,3,4,2,5,6}"},
        {"Concat", 13, "~int64{1} ~int64{} ~int64{2,3}", "axis=0", 1, "int64[3]{1,2,3}"},
        {"Split", 13, "~float32[2,3]{1,2,3,4,5,6} int64{1,2}", "axis=1", 2,
         "float32[2,1]{1,4} float32[2,2]{2,3,5,6}"},
        {"Split", 18, "~float32{1,2,3,4,5}", "num_outputs=2", 2, "float32[3]{1,2,3} float32[2]{4,5}"},
        {"Expand", 13, "~float32[2,1]{1,2} int64{2,1,3}", "", 1, "float32[2,2,3]{1,1,1,2,2,2,1,1,1,2,2,2}"},
        {"Tile", 13, "~float32[2,2]{1,2,3,4} int64{2,2}", "", 1,
         "float32[4,4]{1,2,1,2,3,4,3,4,1,2,1,2,3,4,3,4}"},
        {"Tile", 13, "~float32[1,2]{1,2} int64{1,0}", "", 1, "float32[1,0]{}"},
        {"DepthToSpace", 13, "~float32[1,4,1,2]{0,1,2,3,4,5,6,7}", "blocksize=2", 1,
         "float32[1,1,2,4]{0,2,1,3,4,6,5,7}"},
        {"DepthToSpace", 13, "~float32[1,8,1,1]{0,1,2,3,4,5,6,7}", "blocksize=2", 1,
         "float32[1,2,2,2]{0,2,4,6,1,3,5,7}"},
        {"DepthToSpace", 13, "~float32[1,8,1,1]{0,1,2,3,4,5,6,7}", "blocksize=2 mode='CRD'", 1,
         "float32[1,2,2,2]{0,1,2,3,4,5,6,7}"},
        {"SpaceToDepth", 13, "~float32[1,2,2,2]{0,1,2,3,4,5,6,7}", "blocksize=2", 1,
         "float32[1,8,1,1]{0,4,1,5,2,6,3,7}"},
    };
    CHECK_VALUES(state, cases);
}

static void padding_adds_and_takes_away(void **state)
{
    static const op_case cases[] = {
        {"Pad", 7, "~float32[1,2]{1,2}", "pads=[0,1,1,0] value=9.0", 1, "float32[2,3]{9,1,2,9,9,9}"},
        {"Pad", 13, "~float32{1,2} int64{1,2} float32[]{7}", "", 1, "float32[5]{7,1,2,7,7}"},
        {"Pad", 13, "~float32{1,2} int64{1,2} ~float32[]{7}", "", 1, "float32[5]{7,1,2,7,7}"},
        {"Pad", 13, "~int64{1,2} int64{1,0}", "", 1, "int64[3]{0,1,2}"},
        {"Pad", 13, "~float32{1,2,3} int64{-1,1}", "", 1, "float32[3]{2,3,0}"},
        {"Pad", 18, "~float32[2,2]{1,2,3,4} int64{1,0} - int64{-1}", "", 1, "float32[2,3]{0,1,2,0,3,4}"},
        {"Pad", 13, "~float32{1,2,3} int64{2,2}", "mode='reflect'", 1, "float32[7]{3,2,1,2,3,2,1}"},
        {"Pad", 13, "~float32{1,2,3} int64{5,0}", "mode='reflect'", 1, "float32[8]{2,1,2,3,2,1,2,3}"},
        {"Pad", 13, "~float32{1,2,3} int64{2,1}", "mode='edge'", 1, "float32[6]{1,1,1,2,3,3}"},
        {"Pad", 19, "~float32{1,2,3} int64{2,4}", "mode='wrap'", 1, "float32[9]{2,3,1,2,3,1,2,3,1}"},
        {"Pad", 13, "~float32{1,2,3,4} int64{-1,2}", "mode='reflect'", 1, "float32[5]{2,3,4,3,2}"},
        {"Pad", 13, "~float32[2,2]{1,2,3,4} int64{1,1,0,1}", "mode='edge'", 1,
         "float32[3,4]{1,1,2,2,1,1,2,2,3,3,4,4}"},
        {"Pad", 13, "~float32{1,2} int64{0,0}", "mode='edge'", 1, "float32[2]{1,2}"},
    };
    CHECK_VALUES(state, cases);
}

static void indices_pick_elements(void **state)
{
    static const op_case cases[] = {
        {"Gather", 13, "~float32[3,2]{1,2,3,4,5,6} ~int64{2,0}", "", 1, "float32[2,2]{5,6,1,2}"},
        {"Gather", 13, "~float32[2,3]{1,2,3,4,5,6} ~int64[2,1]{-1,1}", "axis=1", 1,
         "float32[2,2,1]{3,2,6,5}"},
        {"Gather", 13, "int64{4,5,6} int64[]{-2}", "", 1, "int64[]{5}"},
        {"GatherElements", 13, "~float32[2,2]{1,2,3,4} ~int64[2,2]{0,0,1,0}", "axis=1", 1,
         "float32[2,2]{1,1,4,3}"},
        {"GatherElements", 13, "~float32[3,2]{1,2,3,4,5,6} ~int64[1,2]{-1,1}", "", 1, "float32[1,2]{5,4}"},
        {"OneHot", 11, "~int64{1,-1,7} int64[]{3} float32{2,5}", "", 1, "float32[3,3]{2,5,2,2,2,5,2,2,2}"},
        {"OneHot", 11, "~float32{1,0} int64[]{3} int32{0,1}", "axis=0", 1, "int32[3,2]{0,1,1,0,0,0}"},
        {"ArgMax", 13, "~float32[2,3]{1,3,3,9,8,7}", "axis=1", 1, "int64[2,1]{1,0}"},
        {"ArgMax", 13, "~float32[2,3]{1,3,3,9,8,7}", "axis=1 select_last_index=1 keepdims=0", 1,
         "int64[2]{2,0}"},
        {"ArgMin", 13, "~int32[2,3]{1,3,3,9,8,0}", "axis=0", 1, "int64[1,3]{0,0,1}"},
        {"ArgMax", 13, "~float32{1,nan,3}", "", 1, "int64[1]{1}"},
        {"CumSum", 14, "~float32[2,2]{1,2,3,4} int64[]{0}", "", 1, "float32[2,2]{1,2,4,6}"},
        {"CumSum", 14, "~int32{1,2,3} int64[]{0}", "exclusive=1", 1, "int32[3]{0,1,3}"},
        {"CumSum", 14, "~int32{1,2,3} int64[]{-1}", "reverse=1", 1, "int32[3]{6,5,3}"},
        {"CumSum", 14, "~float32{1,2,3} int64[]{0}", "reverse=1 exclusive=1", 1, "float32[3]{5,3,0}"},
    };
    CHECK_VALUES(state, cases);
}

static void reductions_follow_onnx(void **state)
{
    static const op_case cases[] = {
        {"ReduceSum", 13, "~float32[2,3]{1,2,3,4,5,6} int64{1}", "", 1, "float32[2,1]{6,15}"},
        {"ReduceSum", 11, "~float32[2,3]{1,2,3,4,5,6}", "axes=[0] keepdims=0", 1, "float32[3]{5,7,9}"},
        {"ReduceSum", 13, "~int32{2147483647,2147483647,-2147483647}", "", 1, "int32[1]{2147483647}"},
        {"ReduceMean", 18, "~float32[2,2,2]{1,2,3,4,5,6,7,8} int64{0,2}", "keepdims=0", 1,
         "float32[2]{3.5,5.5}"},
        {"ReduceMean", 13, "~int32{-3,-4}", "", 1, "int32[1]{-3}"},
        {"ReduceMax", 13, "~float32[2,2]{-1,-2,-3,-4}", "axes=[1]", 1, "float32[2,1]{-1,-3}"},
        {"ReduceMax", 13, "~float32{1,nan,3}", "", 1, "float32[1]{nan}"},
        {"ReduceMin", 13, "~int64{5,-7,2}", "", 1, "int64[1]{-7}"},
        {"ReduceProd", 13, "~float32[2,2]{1,2,3,4}", "axes=[0]", 1, "float32[1,2]{3,8}"},
        {"ReduceProd", 13, "~int64{2,3,7}", "keepdims=0", 1, "int64[]{42}"},
        {"ReduceSumSquare", 13, "~float32{1,2,3}", "", 1, "float32[1]{14}"},
        {"ReduceL1", 13, "~float32{1,-2,3}", "", 1, "float32[1]{6}"},
        {"ReduceL2", 13, "~float32{3,-4}", "", 1, "float32[1]{5}"},
        {"ReduceL2", 13, "~int32{3,-4}", "", 1, "int32[1]{5}"},
        {"ReduceLogSum", 13, "~float32{3,4}", "", 1, "float32[1]{1.94591}"},
        {"ReduceLogSumExp", 13, "~float32{1000,1000}", "", 1, "float32[1]{1000.69}"},
        {"ReduceLogSumExp", 13, "~float32{-inf,-inf}", "", 1, "float32[1]{-inf}"},
        {"ReduceSumSquare", 18, "~float32{2,3} int64{}", "noop_with_empty_axes=1", 1, "float32[2]{4,9}"},
        {"ReduceSum", 13, "~float32[2,0]{} int64{1}", "", 1, "float32[2,1]{0,0}"},
        {"ReduceMax", 18, "~float32[1,0]{} int64{1}", "", 1, "float32[1,1]{-inf}"},
    };
    CHECK_VALUES(state, cases);
}

static void what_depends_on_no_sample_is_known(void **state)
{
    static const op_case cases[] = {
        {"Shape", 13, "~float32[2,1]{1,2}", "", 1, "int64[2]{2,1}"},
        {"Shape", 15, "~float32[2,1,1]{1,2}", "start=-2 end=-1", 1, "int64[1]{1}"},
        {"Size", 13, "~float32[2,1]{1,2}", "", 1, "int64[]{2}"},
        {"ConstantOfShape", 9, "int64{2}", "", 1, "float32[2]{0,0}"},
        {"Constant", 13, "", "value_ints=[4,-5]", 1, "int64[2]{4,-5}"},
        {"Constant", 13, "", "value_int=4", 1, "int64[]{4}"},
        {"Constant", 13, "", "value_float=2.5", 1, "float32[]{2.5}"},
        {"Range", 11, "int64[]{3} int64[]{9} int64[]{4}", "", 1, "int64[2]{3,7}"},
        {"Range", 11, "int64[]{3} int64[]{-2} int64[]{-2}", "", 1, "int64[3]{3,1,-1}"},
        {"Range", 11, "float32[]{1} float32[]{2} float32[]{0.25}", "", 1, "float32[4]{1,1.25,1.5,1.75}"},
    };
    CHECK_VALUES(state, cases);
}

static void what_decides_where_words_go_must_be_constant(void **state)
{
    static const struct {
        const char *type, *inputs, *attrs, *message;
    } cases[] = {
        {"CumSum", "~float32{1} ~int64[]{0}", "", "the axis must be a constant"},
        {"ReduceSum", "~float32{1} ~int64{0}", "", "input 'in1' (axes) must be a constant"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        op_test test = op_create(*state, cases[i].type, 13, cases[i].inputs, cases[i].attrs, 1);
        sy_lowering lowering;
        char want[OP_WORD];
        assert_ok(*state, sy_infer_shapes(*state, test.graph));
        /* As a model does that declares the shape its exporter saw. */
        test.graph->tensors[test.graph->nodes[0].outputs[0]].shape = (sy_shape){.rank = 1, .dims = {1}};
        snprintf(want, sizeof want, "node 'node' (%s): %s", cases[i].type, cases[i].message);
        assert_fails(*state, op_lower(&test, &lowering), SY_E_UNSUPPORTED, want);
        sy_lowering_release(&lowering);
        sy_graph_destroy(test.graph);
    }
}

static void integer_products_follow_onnx(void **state)
{
    static const op_case cases[] = {
        {"MatMulInteger", 10, "~uint8[1,2]{3,255} ~int8[2,2]{-128,1,2,127} uint8[]{1}", "", 1,
         "int32[1,2]{252,32260}"},
        {"MatMulInteger", 10, "~int8[1,2]{3,-4} uint8[2,2]{0,1,2,255} - uint8[2]{1,128}", "", 1,
         "int32[1,2]{-7,-889}"},
        {"MatMulInteger", 10, "~uint8[2]{3,4} uint8[2]{5,6}", "", 1, "int32[]{39}"},
        {"ConvInteger", 10, "~uint8[1,1,3]{2,3,4} uint8[1,1,2]{10,20} uint8[]{1} uint8[]{11}", "pads=[1,0]",
         1, "int32[1,1,3]{9,17,25}"},
        {"DynamicQuantizeLinear", 11, "~float32{-1,0,1.55}", "", 3,
         "uint8[3]{0,100,255} float32[]{0.01} uint8[]{100}"},
        {"DynamicQuantizeLinear", 11, "~float32{2,5.1}", "", 3,
         "uint8[2]{100,255} float32[]{0.02} uint8[]{0}"},
        {"DynamicQuantizeLinear", 11, "~float32{0,-0}", "", 3, "uint8[2]{0,0} float32[]{1} uint8[]{0}"},
    };
    CHECK_VALUES(state, cases);
}

static void integer_products_refuse_what_they_cannot_read(void **state)
{
    static const refusal cases[] = {
        {"MatMulInteger", 10, "float32[1,2] int8[2,2]", "", 1, SY_E_MODEL,
         "input 'in0' holds float32, it must be uint8 or int8"},
        {"MatMulInteger", 10, "uint8[1,2] int8[2,2] int8[]", "", 1, SY_E_MODEL,
         "the zero point 'in2' is int8, its operand uint8"},
        {"MatMulInteger", 10, "uint8[3,2] int8[2,2] uint8[3]", "", 1, SY_E_UNSUPPORTED,
         "3 zero points of the first operand are not supported, only one"},
        {"ConvInteger", 10, "uint8[1,1,3] int8[4,1,2] uint8[] int8[3]", "", 1, SY_E_UNSUPPORTED,
         "3 zero points of the second operand are neither one nor one for each channel"},
        {"DynamicQuantizeLinear", 11, "float16[3]", "", 3, SY_E_MODEL, "it takes float32, not float16"},
    };
    CHECK_REFUSALS(state, cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unary_functions_follow_onnx, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(binary_functions_follow_onnx, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(casts_saturate_floats_and_wrap_integers, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(words_move_where_they_belong, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(padding_adds_and_takes_away, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(indices_pick_elements, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(reductions_follow_onnx, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(integer_products_follow_onnx, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(integer_products_refuse_what_they_cannot_read, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(what_depends_on_no_sample_is_known, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(what_decides_where_words_go_must_be_constant, open_ctx, close_ctx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
