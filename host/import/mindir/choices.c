/* What picks values: slices, limits, comparisons, sizes. */
#include <string.h>

#include "import/mindir/translate.h"

/* The sizes of a tensor, as a vector. */
static sy_status shape(sy_mind_translator *work)
{
    int x;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    return sy_mind_result(work, "Shape", &x, 1);
}

/* Limits that are left out are none. */
static sy_status clamp(sy_mind_translator *work)
{
    static const char *const endings[] = {"/min", "/max"};
    int inputs[3];
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    for (int i = 1; i < 3; i++) {
        const sy_mind_attr *limit = sy_mind_argument(work, i, endings[i - 1] + 1);
        inputs[i] = SY_NONE;
        if (limit && limit->type != SY_MIND_NONE)
            SY_TRY(sy_mind_add_float(work, (float)sy_mind_float(work, i, endings[i - 1] + 1, 0),
                                     endings[i - 1], &inputs[i]));
    }
    return sy_mind_result(work, "Clip", inputs, 3);
}

static sy_status compare(sy_mind_translator *work)
{
    static const struct {
        const char *mind, *onnx;
    } rows[] = {{"NotEqual", "Equal"},  {"Equal", "Equal"},
                {"Greater", "Greater"}, {"GreaterEqual", "GreaterOrEqual"},
                {"Less", "Less"},       {"LessEqual", "LessOrEqual"}};
    size_t k = 0;
    int inputs[2], same;
    while (k + 1 < sizeof rows / sizeof rows[0] && !sy_mind_is(work, rows[k].mind))
        k++;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_tensor_input(work, 1, inputs[0], &inputs[1]));
    if (k > 0)
        return sy_mind_result(work, rows[k].onnx, inputs, 2);
    SY_TRY(sy_mind_add(work, "Equal", inputs, 2, "/equal", &same, NULL));
    return sy_mind_result(work, "Not", &same, 1);
}

static sy_status select_values(sy_mind_translator *work)
{
    int inputs[3];
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_tensor_input(work, 1, SY_NONE, &inputs[1]));
    SY_TRY(sy_mind_tensor_input(work, 2, inputs[1], &inputs[2]));
    return sy_mind_result(work, "Where", inputs, 3);
}

/* A slice as it is written in Python: bit i of a mask is about its index i. */
typedef struct {
    int64_t begin[SY_MAX_RANK], end[SY_MAX_RANK], step[SY_MAX_RANK];
    int count;
} strides;

static sy_status read_strides(sy_mind_translator *work, strides *out)
{
    int ends, steps;
    SY_TRY(sy_mind_ints(work, 1, "begin", out->begin, SY_MAX_RANK, &out->count));
    SY_TRY(sy_mind_ints(work, 2, "end", out->end, SY_MAX_RANK, &ends));
    SY_TRY(sy_mind_ints(work, 3, "strides", out->step, SY_MAX_RANK, &steps));
    if (ends != out->count || steps != out->count)
        return sy_fail(work->ctx, SY_E_MODEL, "%d begins, %d ends and %d strides", out->count, ends, steps);
    for (int i = 0; i < out->count; i++)
        if (out->step[i] < 1)
            return sy_fail(work->ctx, SY_E_UNSUPPORTED, "its stride is %lld", (long long)out->step[i]);
    if (sy_mind_int(work, 6, "ellipsis_mask", 0) || sy_mind_int(work, 7, "new_axis_mask", 0))
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "it has an ellipsis or a new axis");
    return SY_OK;
}

static sy_status strided_slice(sy_mind_translator *work)
{
    const int64_t from_first = sy_mind_int(work, 4, "begin_mask", 0),
                  to_last = sy_mind_int(work, 5, "end_mask", 0),
                  single = sy_mind_int(work, 8, "shrink_axis_mask", 0);
    int64_t axes[SY_MAX_RANK], dropped[SY_MAX_RANK];
    int inputs[5], sliced, drops = 0;
    strides slice;
    SY_TRY(read_strides(work, &slice));
    for (int i = 0; i < slice.count; i++) {
        const bool one = single >> i & 1;
        axes[i] = i;
        if (one) {
            slice.end[i] = slice.begin[i] == -1 ? INT32_MAX : slice.begin[i] + 1;
            slice.step[i] = 1;
            dropped[drops++] = i;
        }
        if (!one && (from_first >> i & 1))
            slice.begin[i] = 0;
        if (!one && (to_last >> i & 1))
            slice.end[i] = INT32_MAX;
    }
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_add_ints(work, slice.begin, slice.count, "/begin", &inputs[1]));
    SY_TRY(sy_mind_add_ints(work, slice.end, slice.count, "/end", &inputs[2]));
    SY_TRY(sy_mind_add_ints(work, axes, slice.count, "/axes", &inputs[3]));
    SY_TRY(sy_mind_add_ints(work, slice.step, slice.count, "/steps", &inputs[4]));
    if (!drops)
        return sy_mind_result(work, "Slice", inputs, 5);
    SY_TRY(sy_mind_add(work, "Slice", inputs, 5, "/slice", &sliced, NULL));
    inputs[0] = sliced;
    SY_TRY(sy_mind_add_ints(work, dropped, drops, "/dropped", &inputs[1]));
    return sy_mind_result(work, "Squeeze", inputs, 2);
}

const sy_mind_row sy_mind_choices[] = {
    {"Shape", shape},          {"ClampScalar", clamp},          {"NotEqual", compare}, {"Equal", compare},
    {"Greater", compare},      {"GreaterEqual", compare},       {"Less", compare},     {"LessEqual", compare},
    {"Select", select_values}, {"StridedSlice", strided_slice}, {NULL, NULL},
};
