/* One function for each operator of MindSpore, or for a family of them; the tables are at the end and in
 * layers.c and choices.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/mindir/translate.h"
#include "ops/op.h"

/* What keeps side effects in order, and reads of parameters: the value passes through. */
static sy_status pass_first(sy_mind_translator *work)
{
    return sy_mind_input(work, 0, &work->meanings[work->index]);
}

static sy_status nothing(sy_mind_translator *work)
{
    work->meanings[work->index] = (sy_mind_meaning){.kind = SY_MIND_KIND_NOTHING};
    return SY_OK;
}

static sy_status make_tuple(sy_mind_translator *work)
{
    const int count = work->node->input_count;
    sy_mind_meaning *elements = sy_arena_alloc(&work->arena, (size_t)count, sizeof *elements);
    SY_TRY(sy_check_alloc(work->ctx, elements));
    for (int i = 0; i < count; i++)
        SY_TRY(sy_mind_input(work, i, &elements[i]));
    work->meanings[work->index] =
        (sy_mind_meaning){.kind = SY_MIND_KIND_TUPLE, .elements = elements, .element_count = count};
    return SY_OK;
}

/* One of the sizes that Shape makes: a number, where it is known. */
static sy_status size_at(sy_mind_translator *work, int sizes, int64_t index)
{
    const sy_shape *shape = sy_mind_shape(work, sy_mind_shape_of(work, sizes));
    const int64_t at = index < 0 ? index + shape->rank : index;
    int inputs[2] = {sizes, SY_NONE};
    if (at >= 0 && at < shape->rank && shape->dims[at] != SY_NONE)
        return sy_mind_means_int(work, shape->dims[at]);
    SY_TRY(sy_mind_add_ints(work, &index, 1, "/index", &inputs[1]));
    return sy_mind_result(work, "Gather", inputs, 2);
}

static sy_status tuple_get_item(sy_mind_translator *work)
{
    sy_mind_meaning tuple;
    const int64_t index = sy_mind_int(work, 1, "index", SY_NONE);
    SY_TRY(sy_mind_input(work, 0, &tuple));
    if (tuple.kind == SY_MIND_KIND_TENSOR && sy_mind_shape_of(work, tuple.tensor) != SY_NONE)
        return size_at(work, tuple.tensor, index);
    if (tuple.kind != SY_MIND_KIND_TUPLE)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "'%s' is no tuple whose elements are known",
                       work->node->inputs[0]);
    if (index < 0 || index >= tuple.element_count)
        return sy_fail(work->ctx, SY_E_MODEL, "element %lld of a tuple of %d", (long long)index,
                       tuple.element_count);
    work->meanings[work->index] = tuple.elements[index];
    return SY_OK;
}

/* Operators that are one of ONNX's, of the tensors they read. */
static const struct {
    const char *mind, *onnx;
    int inputs;
} same[] = {
    {"ReLU", "Relu", 1},        {"Sigmoid", "Sigmoid", 1},   {"Tanh", "Tanh", 1},
    {"Exp", "Exp", 1},          {"Log", "Log", 1},           {"Sqrt", "Sqrt", 1},
    {"Abs", "Abs", 1},          {"Neg", "Neg", 1},           {"Erf", "Erf", 1},
    {"Floor", "Floor", 1},      {"Ceil", "Ceil", 1},         {"Reciprocal", "Reciprocal", 1},
    {"HSwish", "HardSwish", 1}, {"Softplus", "Softplus", 1}, {"Identity", "Identity", 1},
    {"Mish", "Mish", 1},        {"Add", "Add", 2},           {"Sub", "Sub", 2},
    {"Mul", "Mul", 2},          {"Div", "Div", 2},           {"RealDiv", "Div", 2},
    {"Maximum", "Max", 2},      {"Minimum", "Min", 2},       {"Pow", "Pow", 2},
    {"MatMulExt", "MatMul", 2}, {"Adds", "Add", 2},          {"Subs", "Sub", 2},
    {"Muls", "Mul", 2},         {"Divs", "Div", 2},
};

static sy_status same_operator(sy_mind_translator *work)
{
    size_t k = 0;
    while (k + 1 < sizeof same / sizeof same[0] && !sy_mind_is(work, same[k].mind))
        k++;
    sy_mind_meaning first;
    int inputs[2], like = SY_NONE;
    SY_TRY(sy_mind_input(work, 0, &first));
    if (first.kind != SY_MIND_KIND_TENSOR && same[k].inputs == 2) { /* 2 - x: the type is that of x */
        SY_TRY(sy_mind_tensor_input(work, 1, SY_NONE, &inputs[1]));
        like = inputs[1];
    }
    SY_TRY(sy_mind_tensor_input(work, 0, like, &inputs[0]));
    if (same[k].inputs == 2 && like == SY_NONE)
        SY_TRY(sy_mind_tensor_input(work, 1, inputs[0], &inputs[1]));
    return sy_mind_result(work, same[k].onnx, inputs, same[k].inputs);
}

static sy_status relu6(sy_mind_translator *work)
{
    int inputs[3];
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_add_float(work, 0, "/min", &inputs[1]));
    SY_TRY(sy_mind_add_float(work, 6, "/max", &inputs[2]));
    return sy_mind_result(work, "Clip", inputs, 3);
}

/* x * sigmoid(x), 1 / sqrt(x), x * x. */
static sy_status two_steps(sy_mind_translator *work)
{
    int x, inner, inputs[2];
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    if (sy_mind_is(work, "Square"))
        return sy_mind_result(work, "Mul", (const int[]){x, x}, 2);
    SY_TRY(sy_mind_add(work, sy_mind_is(work, "SiLU") ? "Sigmoid" : "Sqrt", &x, 1, "/inner", &inner, NULL));
    if (sy_mind_is(work, "Rsqrt"))
        return sy_mind_result(work, "Reciprocal", &inner, 1);
    inputs[0] = x;
    inputs[1] = inner;
    return sy_mind_result(work, "Mul", inputs, 2);
}

/* One attribute, a float of the same meaning in both. */
static sy_status with_float(sy_mind_translator *work)
{
    const bool leaky = sy_mind_is(work, "LeakyReLU"), hard = sy_mind_is(work, "HSigmoid");
    const char *type = leaky ? "LeakyRelu" : hard ? "HardSigmoid" : "Elu";
    const char *theirs = leaky ? "negative_slope" : "alpha";
    const float value = hard ? 1.0F / 6 : (float)sy_mind_float(work, 1, theirs, leaky ? 0.01 : 1);
    int x, node, tensor;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    SY_TRY(sy_mind_add(work, type, &x, 1, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_float(work->ctx, work->graph, node, "alpha", value));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

/* MindSpore's GeLU is the approximation with tanh. */
static sy_status gelu(sy_mind_translator *work)
{
    int x, node, tensor;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    SY_TRY(sy_mind_add(work, "Gelu", &x, 1, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_string(work->ctx, work->graph, node, "approximate", "tanh"));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

static sy_status softmax(sy_mind_translator *work)
{
    int64_t axis = -1;
    int x, node, tensor, count;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    SY_TRY(sy_mind_ints(work, 1, "axis", &axis, 1, &count));
    SY_TRY(
        sy_mind_add(work, sy_mind_is(work, "Softmax") ? "Softmax" : "LogSoftmax", &x, 1, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "axis", axis));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

/* Axes are an attribute of most reductions up to opset 17, an input of ReduceSum. */
static sy_status set_axes(sy_mind_translator *work, const char *type, int x, const int64_t *axes, int count,
                          int *out_tensor, int *out_node)
{
    const int since = strcmp(type, "ReduceSum") == 0 ? 13 : 18;
    int inputs[2] = {x, SY_NONE};
    if (count == 0 || sy_graph_opset(work->graph) < since) {
        SY_TRY(sy_mind_add(work, type, inputs, 1, "", out_tensor, out_node));
        return count ? sy_graph_set_attr_ints(work->ctx, work->graph, *out_node, "axes", axes, (size_t)count)
                     : SY_OK;
    }
    SY_TRY(sy_mind_add_ints(work, axes, count, "/axes", &inputs[1]));
    return sy_mind_add(work, type, inputs, 2, "", out_tensor, out_node);
}

static sy_status reduce(sy_mind_translator *work)
{
    static const struct {
        const char *mind, *onnx;
    } rows[] = {{"ReduceMean", "ReduceMean"}, {"MeanExt", "ReduceMean"},  {"ReduceSum", "ReduceSum"},
                {"SumExt", "ReduceSum"},      {"ReduceMax", "ReduceMax"}, {"ReduceMin", "ReduceMin"}};
    size_t k = 0;
    int64_t axes[SY_MAX_RANK];
    int x, tensor, node, count;
    while (k + 1 < sizeof rows / sizeof rows[0] && !sy_mind_is(work, rows[k].mind))
        k++;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    SY_TRY(sy_mind_ints(work, 1, "axis", axes, SY_MAX_RANK, &count));
    SY_TRY(set_axes(work, rows[k].onnx, x, axes, count, &tensor, &node));
    SY_TRY(
        sy_graph_set_attr_int(work->ctx, work->graph, node, "keepdims", sy_mind_flag(work, 2, "keep_dims")));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

/* An axis that may count from the end. */
static int64_t positive(const sy_mind_translator *work, int tensor, int64_t axis)
{
    return axis < 0 ? axis + sy_mind_shape(work, tensor)->rank : axis;
}

/* Reshape, ExpandDims and Squeeze: a list behind the tensor. */
static sy_status with_list(sy_mind_translator *work)
{
    const bool reshape = sy_mind_is(work, "Reshape"), expand = sy_mind_is(work, "ExpandDims");
    const char *type = reshape ? "Reshape" : expand ? "Unsqueeze" : "Squeeze";
    int64_t values[SY_MAX_RANK];
    int inputs[2], count;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_ints(work, 1, reshape ? "shape" : "axis", values, SY_MAX_RANK, &count));
    const int before = !reshape && !expand && count == 1
                           ? sy_mind_unsqueezed(work, inputs[0], positive(work, inputs[0], values[0]))
                           : SY_NONE;
    if (before != SY_NONE) { /* ExpandDims and Squeeze around a pool of three dimensions */
        sy_mind_means(work, before);
        return SY_OK;
    }
    if (!count && !reshape)
        return sy_mind_result(work, type, inputs, 1);
    SY_TRY(sy_mind_add_ints(work, values, count, "/list", &inputs[1]));
    return sy_mind_result(work, type, inputs, 2);
}

static sy_status flatten(sy_mind_translator *work)
{
    int x;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    return sy_mind_result(work, "Flatten", &x, 1);
}

static sy_status transpose(sy_mind_translator *work)
{
    int64_t perm[SY_MAX_RANK];
    int x, tensor, node, count;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    SY_TRY(sy_mind_ints(work, 1, "perm", perm, SY_MAX_RANK, &count));
    SY_TRY(sy_mind_add(work, "Transpose", &x, 1, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_ints(work->ctx, work->graph, node, "perm", perm, (size_t)count));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

static sy_status concat(sy_mind_translator *work)
{
    sy_mind_meaning tuple;
    int tensor, node;
    SY_TRY(sy_mind_input(work, 0, &tuple));
    if (tuple.kind != SY_MIND_KIND_TUPLE)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "what it joins is no tuple whose elements are known");
    int *inputs = sy_arena_alloc(&work->arena, (size_t)tuple.element_count, sizeof *inputs);
    SY_TRY(sy_check_alloc(work->ctx, inputs));
    for (int i = 0; i < tuple.element_count; i++) {
        if (tuple.elements[i].kind != SY_MIND_KIND_TENSOR)
            return sy_fail(work->ctx, SY_E_UNSUPPORTED, "element %d of what it joins is no tensor", i);
        inputs[i] = tuple.elements[i].tensor;
    }
    SY_TRY(sy_mind_add(work, "Concat", inputs, tuple.element_count, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "axis", sy_mind_int(work, 1, "axis", 0)));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

/* Equal parts of a size that is known. */
static sy_status split(sy_mind_translator *work)
{
    enum { PARTS_MAX = 64 };
    int64_t sizes[PARTS_MAX], axis = sy_mind_int(work, 1, "axis", 0);
    const int64_t parts = sy_mind_int(work, 2, "output_num", 0);
    int inputs[2], outputs[PARTS_MAX], node;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    const sy_shape x = *sy_mind_shape(work, inputs[0]);
    axis += axis < 0 ? x.rank : 0;
    if (axis < 0 || axis >= x.rank || x.dims[axis] == SY_NONE)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "the size of what it splits is not known");
    if (parts < 1 || parts > PARTS_MAX || x.dims[axis] % parts)
        return sy_fail(work->ctx, SY_E_MODEL, "%lld elements in %lld parts", (long long)x.dims[axis],
                       (long long)parts);
    sy_mind_meaning *elements = sy_arena_alloc(&work->arena, (size_t)parts, sizeof *elements);
    SY_TRY(sy_check_alloc(work->ctx, elements));
    for (int64_t i = 0; i < parts; i++) {
        const char *name = sy_arena_printf(&work->arena, "%s/part", work->node->output);
        SY_TRY(sy_check_alloc(work->ctx, name));
        SY_TRY(sy_graph_add_tensor(work->ctx, work->graph, name, SY_DTYPE_UNDEFINED, NULL, &outputs[i]));
        elements[i] = (sy_mind_meaning){.kind = SY_MIND_KIND_TENSOR, .tensor = outputs[i]};
        sizes[i] = x.dims[axis] / parts;
    }
    SY_TRY(sy_mind_add_ints(work, sizes, (int)parts, "/sizes", &inputs[1]));
    SY_TRY(sy_graph_add_node(work->ctx, work->graph, "Split", sy_mind_title(work), inputs, 2, outputs,
                             (int)parts, &node));
    work->graph->nodes[node].op = sy_op_find("", "Split");
    SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "axis", axis));
    work->meanings[work->index] =
        (sy_mind_meaning){.kind = SY_MIND_KIND_TUPLE, .elements = elements, .element_count = (int)parts};
    return sy_mind_infer(work, node);
}

static sy_status gather(sy_mind_translator *work)
{
    int inputs[2], tensor, node;
    if (sy_mind_int(work, 3, "batch_dims", 0) != 0)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "batch_dims is not 0");
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_tensor_input(work, 1, SY_NONE, &inputs[1]));
    SY_TRY(sy_mind_add(work, "Gather", inputs, 2, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "axis", sy_mind_int(work, 2, "axis", 0)));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

/* Numbers of types in constants, to ONNX's. */
static int64_t type_of_id(int64_t id)
{
    static const struct {
        int64_t id;
        sy_dtype dtype;
    } rows[] = {{30, SY_DTYPE_BOOL},   {32, SY_DTYPE_INT8},    {33, SY_DTYPE_INT16},  {34, SY_DTYPE_INT32},
                {35, SY_DTYPE_INT64},  {37, SY_DTYPE_UINT8},   {38, SY_DTYPE_UINT16}, {39, SY_DTYPE_UINT32},
                {40, SY_DTYPE_UINT64}, {42, SY_DTYPE_FLOAT16}, {43, SY_DTYPE_FLOAT},  {44, SY_DTYPE_DOUBLE}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].id == id)
            return rows[i].dtype;
    return SY_DTYPE_UNDEFINED;
}

static sy_status cast(sy_mind_translator *work)
{
    int x, tensor, node;
    const int64_t to = type_of_id(sy_mind_int(work, 1, "dst_type", SY_NONE));
    if (to == SY_DTYPE_UNDEFINED)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "the type it makes is not known");
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    SY_TRY(sy_mind_add(work, "Cast", &x, 1, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "to", to));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

/* (x + offset) * scale here; ONNX's form takes the offset off. */
static sy_status anti_quant(sy_mind_translator *work)
{
    int x, tensor, node;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    SY_TRY(sy_mind_add(work, "AscendAntiQuant", &x, 1, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_float(work->ctx, work->graph, node, "scale",
                                   (float)sy_mind_float(work, SY_MIND_NO_INPUT, "scale", 1)));
    SY_TRY(sy_graph_set_attr_float(work->ctx, work->graph, node, "offset",
                                   (float)-sy_mind_float(work, SY_MIND_NO_INPUT, "offset", 0)));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

static const sy_mind_row table[] = {
    {"Load", pass_first},
    {"Depend", pass_first},
    {"UpdateState", nothing},
    {"MakeTuple", make_tuple},
    {"TupleGetItem", tuple_get_item},
    {"ReLU6", relu6},
    {"SiLU", two_steps},
    {"Rsqrt", two_steps},
    {"Square", two_steps},
    {"LeakyReLU", with_float},
    {"HSigmoid", with_float},
    {"Elu", with_float},
    {"GeLU", gelu},
    {"Softmax", softmax},
    {"LogSoftmax", softmax},
    {"ReduceMean", reduce},
    {"MeanExt", reduce},
    {"ReduceSum", reduce},
    {"SumExt", reduce},
    {"ReduceMax", reduce},
    {"ReduceMin", reduce},
    {"Reshape", with_list},
    {"ExpandDims", with_list},
    {"Squeeze", with_list},
    {"Flatten", flatten},
    {"Transpose", transpose},
    {"Concat", concat},
    {"Split", split},
    {"Gather", gather},
    {"Cast", cast},
    {"AscendAntiQuant", anti_quant},
    {NULL, NULL},
};

static sy_mind_translate find_row(const sy_mind_row *rows, const char *type)
{
    while (rows->type && strcmp(rows->type, type) != 0)
        rows++;
    return rows->translate;
}

sy_mind_translate sy_mind_find_translation(const char *type)
{
    static const sy_mind_row *const tables[] = {table,         sy_mind_layers,  sy_mind_windows,
                                                sy_mind_moves, sy_mind_choices, sy_mind_flow};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        if (strcmp(same[i].mind, type) == 0)
            return same_operator;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (find_row(tables[i], type))
            return find_row(tables[i], type);
    return NULL;
}
