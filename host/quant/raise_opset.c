/* Older forms of ONNX's operators rewritten to newer ones. Only operators whose meaning or form changed have
 * a row; the others of this program's operators mean the same in every version from 7 to 21.
 */
#include <string.h>

#include "ops/op.h"
#include "quant/quantize.h"

typedef struct raiser {
    sy_ctx *ctx;
    sy_graph *graph;
    int node;
} raiser;

typedef sy_status (*raise_fn)(const raiser *work);

static sy_node *node_of(const raiser *work)
{
    return &work->graph->nodes[work->node];
}

static void remove_attr(sy_node *node, const char *name)
{
    for (int i = 0; i < node->attr_count; i++) {
        if (strcmp(node->attrs[i].name, name) != 0)
            continue;
        node->attr_count--;
        memmove(&node->attrs[i], &node->attrs[i + 1], (size_t)(node->attr_count - i) * sizeof *node->attrs);
        return;
    }
}

/* Grows the inputs of the node to `count`, the new ones omitted. */
static sy_status grow_inputs(const raiser *work, int count)
{
    sy_node *node = node_of(work);
    int *inputs = sy_arena_alloc(&work->graph->arena, (size_t)count, sizeof *inputs);
    SY_TRY(sy_check_alloc(work->ctx, inputs));
    for (int i = 0; i < count; i++)
        inputs[i] = i < node->input_count ? node->inputs[i] : SY_NONE;
    node->inputs = inputs;
    node->input_count = count;
    return SY_OK;
}

static const char *input_name(const raiser *work, const char *what)
{
    const char *name = sy_arena_printf(&work->graph->arena, "%s_%s", node_of(work)->name, what);
    return name ? name : what;
}

/* The attribute `name`, where there is one, becomes the int64 list that is input `input`. */
static sy_status ints_to_input(const raiser *work, const char *name, int input)
{
    size_t count;
    const int64_t *values = sy_node_ints(node_of(work), name, &count);
    const sy_shape shape = {.rank = 1, .dims = {(int64_t)count}};
    int tensor;
    if (!values)
        return SY_OK;
    SY_TRY(sy_graph_add_constant(work->ctx, work->graph, input_name(work, name), SY_DTYPE_INT64, &shape,
                                 values, count * sizeof *values, &tensor));
    if (node_of(work)->input_count <= input)
        SY_TRY(grow_inputs(work, input + 1));
    node_of(work)->inputs[input] = tensor;
    remove_attr(node_of(work), name);
    return SY_OK;
}

static sy_status float_to_input(const raiser *work, const char *name, int input)
{
    const sy_attr *attr = sy_node_attr(node_of(work), name);
    const sy_shape shape = {.rank = 0};
    int tensor;
    if (!attr || attr->kind != SY_ATTR_FLOAT)
        return SY_OK;
    if (work->graph->tensors[node_of(work)->inputs[0]].dtype != SY_DTYPE_FLOAT)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "attribute '%s' of data that is not float32", name);
    SY_TRY(sy_graph_add_constant(work->ctx, work->graph, input_name(work, name), SY_DTYPE_FLOAT, &shape,
                                 &attr->f, sizeof attr->f, &tensor));
    if (node_of(work)->input_count <= input)
        SY_TRY(grow_inputs(work, input + 1));
    node_of(work)->inputs[input] = tensor;
    remove_attr(node_of(work), name);
    return SY_OK;
}

static sy_status raise_axes(const raiser *work)
{
    return ints_to_input(work, "axes", 1);
}

static sy_status raise_split(const raiser *work)
{
    return ints_to_input(work, "split", 1);
}

/* Without a list of sizes, 18 wants to be told how many parts there are. */
static sy_status raise_split_18(const raiser *work)
{
    if (node_of(work)->input_count > 1 && node_of(work)->inputs[1] != SY_NONE)
        return SY_OK;
    return sy_graph_set_attr_int(work->ctx, work->graph, work->node, "num_outputs",
                                 node_of(work)->output_count);
}

static sy_status raise_clip(const raiser *work)
{
    SY_TRY(float_to_input(work, "min", 1));
    return float_to_input(work, "max", 2);
}

static sy_status raise_slice(const raiser *work)
{
    SY_TRY(ints_to_input(work, "starts", 1));
    SY_TRY(ints_to_input(work, "ends", 2));
    return ints_to_input(work, "axes", 3);
}

static sy_status raise_pad(const raiser *work)
{
    SY_TRY(ints_to_input(work, "pads", 1));
    return float_to_input(work, "value", 2);
}

static sy_status raise_dropout(const raiser *work)
{
    remove_attr(node_of(work), "ratio"); /* only training reads it */
    return SY_OK;
}

static sy_status raise_batch_normalization(const raiser *work)
{
    if (sy_node_int(node_of(work), "spatial", 1) != 1)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "spatial = 0 has no equal");
    remove_attr(node_of(work), "spatial");
    return SY_OK;
}

/* Before 13 everything from the axis on was one dimension; that is the same where only that axis is longer
 * than 1. */
static sy_status raise_softmax(const raiser *work)
{
    const sy_shape *shape = &work->graph->tensors[node_of(work)->inputs[0]].shape;
    int axis;
    if (shape->rank == SY_NONE)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "the rank of its input is not known");
    SY_TRY(sy_resolve_axis(work->ctx, sy_node_int(node_of(work), "axis", 1), shape->rank, &axis));
    int long_axis = axis, long_axes = 0;
    for (int i = axis; i < shape->rank; i++)
        if (shape->dims[i] != 1) {
            long_axis = i;
            long_axes++;
        }
    if (long_axes > 1)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED,
                       "over axis %d and those after it, as older versions mean it", axis);
    return sy_graph_set_attr_int(work->ctx, work->graph, work->node, "axis", long_axis);
}

/* The sampling positions that Resize and Upsample had before they could be chosen. */
static sy_status set_old_sampling(const raiser *work)
{
    SY_TRY(sy_graph_set_attr_string(work->ctx, work->graph, work->node, "coordinate_transformation_mode",
                                    "asymmetric"));
    return sy_graph_set_attr_string(work->ctx, work->graph, work->node, "nearest_mode", "floor");
}

/* Resize 10 and Upsample 9 read (x, scales); Resize 11 reads (x, region, scales). */
static sy_status raise_resize(const raiser *work)
{
    if (node_of(work)->input_count < 2)
        return sy_fail(work->ctx, SY_E_MODEL, "the scales are missing");
    SY_TRY(grow_inputs(work, 3));
    node_of(work)->inputs[2] = node_of(work)->inputs[1];
    node_of(work)->inputs[1] = SY_NONE;
    return set_old_sampling(work);
}

static sy_status raise_upsample(const raiser *work)
{
    const sy_attr *scales = sy_node_attr(node_of(work), "scales");
    if (scales && scales->kind == SY_ATTR_FLOATS) {
        const sy_shape shape = {.rank = 1, .dims = {(int64_t)scales->count}};
        int tensor;
        SY_TRY(sy_graph_add_constant(work->ctx, work->graph, input_name(work, "scales"), SY_DTYPE_FLOAT,
                                     &shape, scales->floats, scales->count * sizeof *scales->floats,
                                     &tensor));
        SY_TRY(grow_inputs(work, 2));
        node_of(work)->inputs[1] = tensor;
        remove_attr(node_of(work), "scales");
    }
    node_of(work)->type = "Resize";
    node_of(work)->op = sy_op_find("", "Resize");
    node_of(work)->opset = 11;
    return raise_resize(work);
}

static sy_status raise_resize_13(const raiser *work)
{
    const char *mode = sy_node_string(node_of(work), "coordinate_transformation_mode", "half_pixel");
    if (strcmp(mode, "tf_half_pixel_for_nn") == 0)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED,
                       "coordinate_transformation_mode tf_half_pixel_for_nn has no equal");
    return SY_OK;
}

static sy_status refuse(const raiser *work)
{
    return sy_fail(work->ctx, SY_E_UNSUPPORTED, "it has no equal in newer versions");
}

/* Ascending by version for one type. */
static const struct {
    const char *type;
    int since; /* the version that reads differently */
    raise_fn raise;
} changes[] = {
    {"BatchNormalization", 9, raise_batch_normalization},
    {"Upsample", 10, raise_upsample},
    {"Slice", 10, raise_slice},
    {"TopK", 10, refuse},
    {"Clip", 11, raise_clip},
    {"Pad", 11, raise_pad},
    {"Resize", 11, raise_resize},
    {"Scatter", 11, refuse},
    {"TopK", 11, refuse},
    {"Dropout", 12, raise_dropout},
    {"Squeeze", 13, raise_axes},
    {"Unsqueeze", 13, raise_axes},
    {"ReduceSum", 13, raise_axes},
    {"Split", 13, raise_split},
    {"Softmax", 13, raise_softmax},
    {"LogSoftmax", 13, raise_softmax},
    {"Hardmax", 13, refuse},
    {"Resize", 13, raise_resize_13},
    {"RoiAlign", 16, refuse},
    {"Split", 18, raise_split_18},
    {"ReduceMax", 18, raise_axes},
    {"ReduceMean", 18, raise_axes},
    {"ReduceMin", 18, raise_axes},
    {"ReduceProd", 18, raise_axes},
    {"ReduceSumSquare", 18, raise_axes},
    {"ReduceL1", 18, raise_axes},
    {"ReduceL2", 18, raise_axes},
    {"ReduceLogSum", 18, raise_axes},
    {"ReduceLogSumExp", 18, raise_axes},
    {"GroupNormalization", 21, refuse},
};

static sy_status raise_node(const raiser *work, int version)
{
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        if (node_of(work)->opset >= changes[i].since || version < changes[i].since ||
            strcmp(node_of(work)->type, changes[i].type) != 0)
            continue;
        const char *type = node_of(work)->type;
        SY_TRY(sy_while(work->ctx, changes[i].raise(work),
                        "node '%s' (%s) written for opset %d, which the target needs at %d",
                        node_of(work)->name, type, node_of(work)->opset, version));
        if (node_of(work)->opset < changes[i].since)
            node_of(work)->opset = changes[i].since;
    }
    if (!node_of(work)->op)
        return sy_fail(
            work->ctx, SY_E_UNSUPPORTED,
            "node '%s' (%s) was written for opset %d; the target needs %d, and what that changes about this "
            "operator is not known here",
            node_of(work)->name, node_of(work)->type, node_of(work)->opset, version);
    node_of(work)->opset = version;
    return SY_OK;
}

sy_status sy_graph_raise_opset(sy_ctx *ctx, sy_graph *graph, int version)
{
    if (sy_graph_opset(graph) >= version)
        return SY_OK;
    const int count = graph->node_count;
    for (int n = 0; n < count; n++) {
        const raiser work = {ctx, graph, n};
        if (!graph->nodes[n].removed && graph->nodes[n].domain[0] == '\0')
            SY_TRY(raise_node(&work, version));
    }
    for (int i = 0; i < graph->opset_count; i++)
        if (graph->opsets[i].domain[0] == '\0')
            graph->opsets[i].version = version;
    return SY_OK;
}
