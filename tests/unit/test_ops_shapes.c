/* Shape rules of host/ops: what follows, what stays unknown, and what is refused. */
#include "support/op_cases.h"

static void elementwise_operators_keep_shape_and_type(void **state)
{
    static const op_case cases[] = {
        {"Sigmoid", 13, "float32[2,?]", "", 1, "float32[2,?]"},
        {"Abs", 13, "int64[3]", "", 1, "int64[3]"},
        {"Neg", 13, "float16[3]", "", 1, "float16[3]"},
        {"Not", 13, "bool[3]", "", 1, "bool[3]"},
        {"IsNaN", 13, "float32[3]", "", 1, "bool[3]"},
        {"IsInf", 13, "float32", "", 1, "bool?"},
        {"Gelu", 20, "float32[1,8]", "approximate='tanh'", 1, "float32[1,8]"},
    };
    CHECK_SHAPES(state, cases);
}

static void binary_operators_broadcast(void **state)
{
    static const op_case cases[] = {
        {"Add", 7, "float32[2,3] float32[3]", "", 1, "float32[2,3]"},
        {"Add", 13, "float32[2,1,4] float32[3,1]", "", 1, "float32[2,3,4]"},
        {"Add", 13, "float32[?,3] float32[1,3]", "", 1, "float32[?,3]"},
        {"Add", 13, "float32[?,3] float32[5,1]", "", 1, "float32[5,3]"},
        {"Mul", 13, "float32 float32[5,1]", "", 1, "float32?"},
        {"Less", 9, "int64[2] int64[]{4}", "", 1, "bool[2]"},
        {"And", 7, "bool[2,1] bool[2]", "", 1, "bool[2,2]"},
        {"Pow", 13, "float32[2] int64[]{2}", "", 1, "float32[2]"},
        {"Max", 13, "int32[2,1] int32[3] int32[1]", "", 1, "int32[2,3]"},
        {"Sum", 13, "float32[4]", "", 1, "float32[4]"},
        {"PRelu", 9, "float32[1,3,?,?] float32[3,1,1]", "", 1, "float32[1,3,?,?]"},
        {"Where", 9, "bool[2,1] float32[3] float32[]{0}", "", 1, "float32[2,3]"},
    };
    CHECK_SHAPES(state, cases);
}

static void casts_change_the_type(void **state)
{
    static const op_case cases[] = {
        {"Cast", 13, "float32[2,?]", "to=7", 1, "int64[2,?]"},
        {"Cast", 13, "int64[2]", "to=9", 1, "bool[2]"},
        {"CastLike", 15, "int64[2] float16[7]", "", 1, "float16[2]"},
    };
    CHECK_SHAPES(state, cases);
}

static void a_reshape_is_as_known_as_its_input_allows(void **state)
{
    static const op_case cases[] = {
        {"Reshape", 13, "float32[2,3,4] int64{6,4}", "", 1, "float32[6,4]"},
        {"Reshape", 13, "float32[2,3,4] int64{0,-1}", "", 1, "float32[2,12]"},
        {"Reshape", 13, "float32[?,3,4] int64{0,-1}", "", 1, "float32[?,12]"},
        {"Reshape", 13, "float32[?,3,4] int64{-1,12}", "", 1, "float32[?,12]"},
        {"Reshape", 13, "float32 int64{0,5}", "", 1, "float32[?,5]"},
        {"Reshape", 13, "float32[2,3] int64[4]", "", 1, "float32[?,?,?,?]"},
        {"Reshape", 13, "float32[2,3] int64[?]", "", 1, "float32?"},
        {"Reshape", 14, "float32[0,3] int64{3,0}", "allowzero=1", 1, "float32[3,0]"},
        {"Reshape", 14, "float32[0,3] int64{0,9}", "allowzero=1", 1, "float32[0,9]"},
        {"Reshape", 13, "float32[1] int64{}", "", 1, "float32[]"},
        {"Flatten", 13, "float32[2,3,4]", "", 1, "float32[2,12]"},
        {"Flatten", 13, "float32[2,3,4]", "axis=0", 1, "float32[1,24]"},
        {"Flatten", 13, "float32[2,3,4]", "axis=-1", 1, "float32[6,4]"},
        {"Flatten", 13, "float32[2,3,4]", "axis=3", 1, "float32[24,1]"},
        {"Flatten", 13, "float32[?,3,4]", "", 1, "float32[?,12]"},
        {"Flatten", 13, "float32", "", 1, "float32[?,?]"},
        {"Identity", 13, "int8[2,?]", "", 1, "int8[2,?]"},
        {"Dropout", 7, "float32[2]", "", 2, "float32[2] float32[2]"},
        {"Dropout", 12, "float32[2]", "", 2, "float32[2] bool[2]"},
    };
    CHECK_SHAPES(state, cases);
}

static void ones_come_and_go(void **state)
{
    static const op_case cases[] = {
        {"Squeeze", 11, "float32[1,3,1]", "axes=[0]", 1, "float32[3,1]"},
        {"Squeeze", 13, "float32[1,3,1] int64{-1}", "", 1, "float32[1,3]"},
        {"Squeeze", 13, "float32[1,3,1]", "", 1, "float32[3]"},
        {"Squeeze", 13, "float32[?,3,1] int64{0,2}", "", 1, "float32[3]"},
        {"Squeeze", 13, "float32[?,3,1]", "", 1, "float32?"},
        {"Squeeze", 13, "float32[1,3,1] int64[1]", "", 1, "float32?"},
        {"Unsqueeze", 11, "float32[3]", "axes=[0,2]", 1, "float32[1,3,1]"},
        {"Unsqueeze", 13, "float32[?,4] int64{-1,1}", "", 1, "float32[?,1,4,1]"},
        {"Unsqueeze", 13, "float32[3] int64[1]", "", 1, "float32?"},
    };
    CHECK_SHAPES(state, cases);
}

static void moving_operators_know_where_things_go(void **state)
{
    static const op_case cases[] = {
        {"Transpose", 13, "float32[2,?,4]", "", 1, "float32[4,?,2]"},
        {"Transpose", 13, "float32[2,3,4]", "perm=[1,2,0]", 1, "float32[3,4,2]"},
        {"Slice", 9, "float32[5,6]", "starts=[1] ends=[3] axes=[1]", 1, "float32[5,2]"},
        {"Slice", 9, "float32[5,6]", "starts=[1,-2] ends=[100,-1]", 1, "float32[4,1]"},
        {"Slice", 13, "float32[5,6] int64{0} int64{9223372036854775807} int64{1} int64{4}", "", 1,
         "float32[5,2]"},
        {"Slice", 13, "float32[5,6] int64{-1} int64{-9223372036854775807} int64{0} int64{-2}", "", 1,
         "float32[3,6]"},
        {"Slice", 13, "float32[5,6] int64{4} int64{2}", "", 1, "float32[0,6]"},
        {"Slice", 13, "float32[?,6] int64{1,1} int64{3,3}", "", 1, "float32[?,2]"},
        {"Slice", 13, "float32[5,6] int64[1] int64{3}", "", 1, "float32[?,?]"},
        {"Concat", 13, "float32[2,3] float32[2,4]", "axis=1", 1, "float32[2,7]"},
        {"Concat", 13, "float32[2,?] float32[?,4]", "axis=-1", 1, "float32[2,?]"},
        {"Split", 11, "float32[6,2]", "", 3, "float32[2,2] float32[2,2] float32[2,2]"},
        {"Split", 11, "float32[6,2]", "split=[1,5]", 2, "float32[1,2] float32[5,2]"},
        {"Split", 13, "float32[2,6] int64{4,2}", "axis=1", 2, "float32[2,4] float32[2,2]"},
        {"Split", 18, "float32[7]", "num_outputs=3", 3, "float32[3] float32[3] float32[1]"},
        {"Split", 13, "float32[2,?]", "axis=-1", 2, "float32[2,?] float32[2,?]"},
        {"Expand", 8, "float32[3,1] int64{2,1,4}", "", 1, "float32[2,3,4]"},
        {"Expand", 13, "float32[3,1] int64[3]", "", 1, "float32?"},
        {"Tile", 13, "float32[2,3] int64{2,1}", "", 1, "float32[4,3]"},
        {"Tile", 13, "float32[2,3] int64[2]", "", 1, "float32[?,?]"},
        {"Pad", 7, "float32[2,3]", "pads=[0,1,0,2]", 1, "float32[2,6]"},
        {"Pad", 13, "float32[2,3] int64{1,0,-1,0}", "", 1, "float32[2,3]"},
        {"Pad", 18, "float32[2,?,4] int64{1,2} - int64{-1}", "", 1, "float32[2,?,7]"},
        {"Pad", 13, "float32[2,3] int64[4]", "", 1, "float32[?,?]"},
        {"DepthToSpace", 13, "float32[1,8,2,?]", "blocksize=2", 1, "float32[1,2,4,?]"},
        {"SpaceToDepth", 13, "float32[1,2,4,6]", "blocksize=2", 1, "float32[1,8,2,3]"},
    };
    CHECK_SHAPES(state, cases);
}

static void indexing_replaces_an_axis(void **state)
{
    static const op_case cases[] = {
        {"Gather", 13, "float32[5,4] int64[2,3]", "", 1, "float32[2,3,4]"},
        {"Gather", 13, "float32[5,4] int64[]{1}", "axis=-1", 1, "float32[5]"},
        {"Gather", 13, "float32[5,?] int64[?]", "axis=1", 1, "float32[5,?]"},
        {"GatherElements", 13, "float32[5,4] int64[2,4]", "", 1, "float32[2,4]"},
        {"OneHot", 11, "int64[2] int64{5} float32{0,1}", "", 1, "float32[2,5]"},
        {"OneHot", 11, "int64[2] float32[]{5} int32{0,1}", "axis=0", 1, "int32[5,2]"},
        {"OneHot", 11, "int64[2] int64[1] float32{0,1}", "", 1, "float32[2,?]"},
        {"ArgMax", 13, "float32[2,3]", "axis=1", 1, "int64[2,1]"},
        {"ArgMin", 13, "float32[2,?]", "axis=-1 keepdims=0", 1, "int64[2]"},
        {"CumSum", 14, "float32[2,?] int64[]{1}", "", 1, "float32[2,?]"},
    };
    CHECK_SHAPES(state, cases);
}

static void reductions_keep_or_drop_axes(void **state)
{
    static const op_case cases[] = {
        {"ReduceMean", 13, "float32[2,3,?]", "axes=[1,-1]", 1, "float32[2,1,1]"},
        {"ReduceMean", 18, "float32[2,3,?] int64{1,2}", "keepdims=0", 1, "float32[2]"},
        {"ReduceSum", 11, "float32[2,3]", "axes=[0]", 1, "float32[1,3]"},
        {"ReduceSum", 13, "float32[2,3] int64{0}", "", 1, "float32[1,3]"},
        {"ReduceSum", 13, "float32[2,3]", "", 1, "float32[1,1]"},
        {"ReduceSum", 13, "float32[2,3]", "noop_with_empty_axes=1", 1, "float32[2,3]"},
        {"ReduceSum", 13, "float32[2,3] int64{}", "keepdims=0", 1, "float32[]"},
        {"ReduceSum", 13, "float32[2,1] int64[1]", "", 1, "float32[?,1]"},
        {"ReduceSum", 13, "float32[2,3] int64[1]", "keepdims=0", 1, "float32?"},
    };
    CHECK_SHAPES(state, cases);
}

static void made_tensors_have_the_size_asked_for(void **state)
{
    static const op_case cases[] = {
        {"Shape", 13, "float32[2,?,4]", "", 1, "int64[3]"},
        {"Shape", 15, "float32[2,3,4]", "start=1", 1, "int64[2]"},
        {"Shape", 15, "float32[2,3,4]", "start=-2 end=-1", 1, "int64[1]"},
        {"Shape", 15, "float32[2,3,4]", "start=7 end=9", 1, "int64[0]"},
        {"Shape", 13, "float32", "", 1, "int64[?]"},
        {"Size", 13, "float32[2,?]", "", 1, "int64[]"},
        {"ConstantOfShape", 9, "int64{2,3}", "", 1, "float32[2,3]"},
        {"ConstantOfShape", 9, "int64{}", "", 1, "float32[]"},
        {"ConstantOfShape", 9, "int64[2]", "", 1, "float32[?,?]"},
        {"Range", 11, "int64[]{3} int64[]{9} int64[]{4}", "", 1, "int64[2]"},
        {"Range", 11, "float32[]{1} float32[]{0} float32[]{-0.25}", "", 1, "float32[4]"},
        {"Range", 11, "int64[]{3} int64[] int64[]{4}", "", 1, "int64[?]"},
        {"Constant", 13, "", "value_ints=[4,5,6]", 1, "int64[3]"},
        {"Constant", 13, "", "value_float=2.5", 1, "float32[]"},
    };
    CHECK_SHAPES(state, cases);
}

static void contradictions_are_refused_in_words(void **state)
{
    static const struct {
        const char *type;
        int opset;
        const char *inputs, *attrs;
        int outputs;
        sy_status status;
        const char *message;
    } cases[] = {
        {"HardSwish", 13, "float32[2]", "", 1, SY_E_MODEL,
         "opset 13, which the model imports, does not have it: it came with opset 14"},
        {"Sqrt", 13, "int64[2]", "", 1, SY_E_MODEL,
         "it is defined for floating-point elements, not for int64"},
        {"Not", 13, "float32[2]", "", 1, SY_E_MODEL, "it is defined for bool, not for float32"},
        {"Gelu", 20, "float32[2]", "approximate='fast'", 1, SY_E_MODEL,
         "attribute approximate is 'fast', it must be 'none' or 'tanh'"},
        {"Add", 13, "float32[2,3] float32[2]", "", 1, SY_E_MODEL,
         "shapes [2,3] and [2] do not broadcast: 3 against 2"},
        {"Add", 13, "float32[2] int64[2]", "", 1, SY_E_MODEL,
         "inputs of types float32 and int64: they must be the same"},
        {"And", 13, "int32[2] int32[2]", "", 1, SY_E_MODEL, "it is defined for bool, not for int32"},
        {"Mod", 13, "float32[2] float32[2]", "", 1, SY_E_MODEL,
         "floating-point elements need the attribute fmod = 1"},
        {"PRelu", 13, "float32[1,3] float32[2,3]", "", 1, SY_E_MODEL,
         "the slope's shape [2,3] does not broadcast to the input's [1,3]"},
        {"Where", 13, "int32[2] float32[2] float32[2]", "", 1, SY_E_MODEL,
         "the condition must be bool, not int32"},
        {"Cast", 13, "float32[2]", "to=8", 1, SY_E_UNSUPPORTED,
         "from float32 to string: only numbers and bool can be converted"},
        {"Cast", 13, "float32[2]", "to=77", 1, SY_E_UNSUPPORTED,
         "attribute to is 77, which is no type this program knows"},
        {"Reshape", 13, "float32[2,3] int64{4}", "", 1, SY_E_MODEL,
         "the input's shape [2,3] cannot become [4]"},
        {"Reshape", 13, "float32[2,3] int64{4,-1}", "", 1, SY_E_MODEL,
         "the input's shape [2,3] cannot become [4,?]"},
        {"Reshape", 13, "float32[2,3] int64{-1,-1}", "", 1, SY_E_MODEL,
         "dimension 1 of the target shape is -1: only one may be -1"},
        {"Reshape", 13, "float32[6] int64{-2,3}", "", 1, SY_E_MODEL,
         "dimension 0 of the target shape is -2: it must be at least -1"},
        {"Reshape", 13, "float32[6] int64{6,0}", "", 1, SY_E_MODEL,
         "dimension 1 of the target shape copies one that the input lacks"},
        {"Reshape", 13, "float32[1] int64{1,1,1,1,1,1,1,1,1}", "", 1, SY_E_UNSUPPORTED,
         "the target shape has 9 dimensions, at most 8 can be computed"},
        {"Flatten", 13, "float32[2,3]", "axis=3", 1, SY_E_MODEL,
         "axis 3 is outside -2..2 of a tensor of rank 2"},
        {"Squeeze", 13, "float32[2,1] int64{0}", "", 1, SY_E_MODEL,
         "axis 0 has size 2, only a 1 can be squeezed"},
        {"Squeeze", 13, "float32[2,1] int64{2}", "", 1, SY_E_MODEL,
         "axis 2 is outside -2..1 of a tensor of rank 2"},
        {"Unsqueeze", 13, "float32[2] int64{0,0}", "", 1, SY_E_MODEL, "axis 0 is there twice"},
        {"Unsqueeze", 11, "float32[2]", "", 1, SY_E_MODEL, "it needs axes"},
        {"Transpose", 13, "float32[2,3]", "perm=[0,0]", 1, SY_E_MODEL,
         "attribute perm holds 0 at 1: it must name every axis 0..1 once"},
        {"Transpose", 13, "float32[2,3]", "perm=[0]", 1, SY_E_MODEL,
         "attribute perm has 1 values for a tensor of rank 2"},
        {"Slice", 13, "float32[4] int64{0} int64{2} int64{0} int64{0}", "", 1, SY_E_MODEL,
         "axis 0: the step is 0"},
        {"Slice", 13, "float32[4,4] int64{0,0} int64{2,2} int64{1,-1}", "", 1, SY_E_MODEL,
         "axis 1: it is there twice"},
        {"Slice", 13, "float32[4] int64{0,0} int64{2}", "", 1, SY_E_MODEL,
         "2 starts, 1 ends, 0 axes and 0 steps for a tensor of rank 1: the lists must be equally long"},
        {"Slice", 9, "float32[4]", "starts=[1]", 1, SY_E_MODEL, "it needs starts and ends"},
        {"Concat", 13, "float32[2,3] float32[3,3]", "axis=1", 1, SY_E_MODEL,
         "shapes [2,3] and [3,3] can be joined along axis 1 only if the others agree"},
        {"Concat", 13, "float32[2,3] float32[3]", "axis=0", 1, SY_E_MODEL,
         "inputs of rank 2 and 1: they must be equal"},
        {"Concat", 13, "float32[2]", "", 1, SY_E_MODEL, "attribute axis is missing"},
        {"Split", 13, "float32[5]", "", 2, SY_E_MODEL, "5 positions do not come out even in 2 parts"},
        {"Split", 13, "float32[5] int64{2,2}", "", 2, SY_E_MODEL,
         "the parts of split hold 4 positions, the axis has 5"},
        {"Split", 13, "float32[5] int64{2,2,1}", "", 2, SY_E_MODEL, "split names 3 parts for 2 outputs"},
        {"Split", 18, "float32[5]", "num_outputs=3", 2, SY_E_MODEL,
         "attribute num_outputs is 3 for 2 outputs"},
        {"Expand", 13, "float32[2] int64{-1}", "", 1, SY_E_MODEL, "dimension 0 of the shape is -1"},
        {"Tile", 13, "float32[4] int64{4611686018427387904}", "", 1, SY_E_UNSUPPORTED,
         "dimension 0 becomes too large"},
        {"Tile", 13, "float32[4] int64{1000000000}", "", 1, SY_E_UNSUPPORTED,
         "the result would have 4000000000 positions along axis 0, at most 2147483647 can be computed"},
        {"Expand", 13, "float32[1] int64{9223372036854775807}", "", 1, SY_E_UNSUPPORTED,
         "the result would have 9223372036854775807 positions along axis 0, at most 2147483647 can be "
         "computed"},
        {"Tile", 13, "float32[2] int64{1,2}", "", 1, SY_E_MODEL, "2 repeats for a tensor of rank 1"},
        {"Pad", 13, "float32[2] int64{1}", "", 1, SY_E_MODEL, "pads has 1 values, 1 axes need 2"},
        {"Pad", 13, "float32[2] int64{-2,-1}", "", 1, SY_E_MODEL,
         "axis 0 has size 2, 3 cannot be taken away"},
        {"Pad", 13, "float32[2] int64{1,1}", "mode='wrap'", 1, SY_E_MODEL,
         "attribute mode is 'wrap': opset 13 knows constant, reflect, edge"},
        {"Pad", 13, "float32[0] int64{1,1}", "mode='edge'", 1, SY_E_MODEL,
         "axis 0 is empty: there is nothing to copy into its padding"},
        {"DepthToSpace", 13, "float32[1,6,2,2]", "blocksize=2", 1, SY_E_MODEL,
         "axis 1 has size 6, which is no multiple of 4"},
        {"DepthToSpace", 13, "float32[1,4,2]", "blocksize=2", 1, SY_E_MODEL,
         "the input has rank 3, it must be 4"},
        {"SpaceToDepth", 13, "float32[1,4,2,2]", "", 1, SY_E_MODEL,
         "attribute blocksize is 0, it must be 1 to 32767"},
        {"Gather", 13, "float32[3] int64{0,3}", "", 1, SY_E_MODEL, "index 3 is outside -3..2"},
        {"Gather", 13, "float32[3] float32[1]", "", 1, SY_E_MODEL,
         "the indices must be int32 or int64, not float32"},
        {"Gather", 13, "float32[0] int64[1]", "", 1, SY_E_MODEL, "the axis is empty: it has nothing to read"},
        {"GatherElements", 13, "float32[2,2] int64[2,3]", "axis=0", 1, SY_E_MODEL,
         "axis 1 of the indices has size 3, the data only 2"},
        {"OneHot", 11, "int64[2] int64[]{0} float32{0,1}", "", 1, SY_E_MODEL,
         "the depth is 0, it must be 1 to 2147483647"},
        {"OneHot", 11, "int64[2] int64[]{3} float32{0,1,2}", "", 1, SY_E_MODEL,
         "the values must be a list of two: off and on"},
        {"ArgMax", 13, "float32[2,0]", "axis=1", 1, SY_E_MODEL,
         "axis 1 is empty: nothing in it is the largest or the smallest"},
        {"ReduceSum", 13, "float32[2] int64{1}", "", 1, SY_E_MODEL,
         "axis 1 is outside -1..0 of a tensor of rank 1"},
        {"ConstantOfShape", 9, "int64{2,-3}", "", 1, SY_E_MODEL, "dimension 1 of the shape is -3"},
        {"Range", 11, "int64[]{0} int64[]{5} int64[]{0}", "", 1, SY_E_MODEL,
         "from 0 to 5 by 0 is no range that can be computed"},
        {"Range", 11, "int64{0,1} int64[]{5} int64[]{1}", "", 1, SY_E_MODEL,
         "input 'in0' must be one number"},
        {"Dropout", 12, "float32[2] - bool[]{1}", "", 1, SY_E_UNSUPPORTED,
         "training_mode is true: export the model for inference"},
        {"Constant", 13, "", "value_string='x'", 1, SY_E_UNSUPPORTED,
         "it holds neither a tensor nor numbers (strings and sparse tensors cannot be used)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        op_refuses(*state, cases[i].type, cases[i].opset, cases[i].inputs, cases[i].attrs, cases[i].outputs,
                   cases[i].status, cases[i].message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(elementwise_operators_keep_shape_and_type, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(binary_operators_broadcast, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(casts_change_the_type, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_reshape_is_as_known_as_its_input_allows, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(ones_come_and_go, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(moving_operators_know_where_things_go, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(indexing_replaces_an_axis, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(reductions_keep_or_drop_axes, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(made_tensors_have_the_size_asked_for, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(contradictions_are_refused_in_words, open_ctx, close_ctx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
