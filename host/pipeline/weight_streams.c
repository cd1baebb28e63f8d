#include "pipeline/weight_streams.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "ops/op.h"

#define COPY_PREFIX "steelyard.copy."

/* The graph while it is made. */
typedef struct builder {
    sy_ctx *ctx;
    const sy_graph *model;
    sy_graph *graph;
    sy_arena *arena;
    sy_weight_inputs *list;
    int count;
    int *copies; /* [tensor of the model]: what it is in the copy */
    sy_weight_reader *readers;
    int reader_count;
} builder;

const char *sy_weight_copy_name(sy_arena *arena, const char *name)
{
    return sy_arena_printf(arena, COPY_PREFIX "%s", name);
}

const char *sy_weight_bias_name(sy_arena *arena, const char *weight)
{
    return sy_arena_printf(arena, "steelyard.bias.%s", weight);
}

int sy_weight_place(const sy_graph *model, const char *name)
{
    const size_t prefix = sizeof COPY_PREFIX - 1;
    const int tensor =
        sy_graph_find_tensor(model, strncmp(name, COPY_PREFIX, prefix) == 0 ? name + prefix : name);
    return tensor == SY_NONE ? SY_NONE : model->tensors[tensor].producer;
}

/* Of a name of the list; SY_NONE. */
static int find_weight(const builder *work, const char *name)
{
    for (int i = 0; i < work->count; i++)
        if (strcmp(work->list[i].name, name) == 0)
            return i;
    return SY_NONE;
}

/* A tensor of the copy; inputs and constants that are no weights are the model's own. */
static sy_status copy_tensor(builder *work, int tensor)
{
    const sy_tensor from = work->graph->tensors[tensor];
    const sy_shape unknown = {.rank = SY_NONE};
    work->copies[tensor] = tensor;
    if (from.producer == SY_NONE && !(from.data && find_weight(work, from.name) != SY_NONE))
        return SY_OK;
    const char *name = sy_weight_copy_name(work->arena, from.name);
    SY_TRY(sy_check_alloc(work->ctx, name));
    SY_TRY(sy_graph_add_tensor(work->ctx, work->graph, name, from.dtype, from.data ? &from.shape : &unknown,
                               &work->copies[tensor]));
    sy_tensor *to = &work->graph->tensors[work->copies[tensor]];
    to->data = from.data; /* of the model, which outlives this */
    to->bytes = from.bytes;
    return SY_OK;
}

static int copy_of(const builder *work, int tensor)
{
    return tensor == SY_NONE ? SY_NONE : work->copies[tensor];
}

static sy_status copy_node(builder *work, int index)
{
    const sy_node from = work->graph->nodes[index];
    const char *name = sy_weight_copy_name(work->arena, from.name);
    int *inputs = sy_arena_alloc(work->arena, (size_t)from.input_count + 1, sizeof *inputs);
    int *outputs = sy_arena_alloc(work->arena, (size_t)from.output_count + 1, sizeof *outputs), node;
    SY_TRY(sy_check_alloc(work->ctx, name && inputs && outputs ? name : NULL));
    for (int i = 0; i < from.input_count; i++)
        inputs[i] = copy_of(work, from.inputs[i]);
    for (int i = 0; i < from.output_count; i++)
        outputs[i] = copy_of(work, from.outputs[i]);
    SY_TRY(sy_graph_add_node(work->ctx, work->graph, from.type, name, inputs, from.input_count, outputs,
                             from.output_count, &node));
    sy_node *to = &work->graph->nodes[node];
    to->domain = from.domain;
    to->opset = from.opset;
    to->op = from.op;
    to->attrs = from.attrs;
    to->attr_count = from.attr_count;
    return SY_OK;
}

static sy_status copy_model(builder *work)
{
    const int tensors = work->graph->tensor_count, nodes = work->graph->node_count;
    work->copies = sy_arena_alloc(work->arena, (size_t)tensors, sizeof *work->copies);
    SY_TRY(sy_check_alloc(work->ctx, work->copies));
    for (int t = 0; t < tensors; t++)
        SY_TRY(copy_tensor(work, t));
    for (int n = 0; n < nodes; n++)
        SY_TRY(copy_node(work, n));
    return SY_OK;
}

/* A bias of its own for the copy of a layer, at first what the layer has. */
static sy_status give_bias(builder *work, int place, const char *weight, size_t outputs)
{
    enum { BIAS = 2 };
    const sy_node *node = &work->graph->nodes[place];
    const sy_shape shape = {.rank = 1, .dims = {(int64_t)outputs}};
    const char *name = sy_weight_bias_name(work->arena, weight);
    float *values = sy_arena_alloc(work->arena, outputs, sizeof *values);
    int *inputs = sy_arena_alloc(work->arena, BIAS + 1, sizeof *inputs), bias;
    SY_TRY(sy_check_alloc(work->ctx, name && values && inputs ? values : NULL));
    if (node->input_count > BIAS && node->inputs[BIAS] != SY_NONE)
        SY_TRY(sy_tensor_to_f32(work->ctx, &work->graph->tensors[node->inputs[BIAS]], values, outputs));
    SY_TRY(sy_graph_add_constant(work->ctx, work->graph, name, SY_DTYPE_FLOAT, &shape, values,
                                 outputs * sizeof *values, &bias));
    sy_node *copy = &work->graph->nodes[work->model->node_count + place];
    memcpy(inputs, copy->inputs, BIAS * sizeof *inputs);
    inputs[BIAS] = bias;
    copy->inputs = inputs;
    copy->input_count = BIAS + 1;
    return SY_OK;
}

/* Adds a node with one output, which gets the node's name. */
static sy_status add(builder *work, const char *type, const char *name, const int *inputs, int input_count,
                     int *out, int *out_node)
{
    const sy_shape unknown = {.rank = SY_NONE};
    int node;
    SY_TRY(sy_graph_add_tensor(work->ctx, work->graph, name, SY_DTYPE_FLOAT, &unknown, out));
    SY_TRY(sy_graph_add_node(work->ctx, work->graph, type, name, inputs, input_count, out, 1, &node));
    work->graph->nodes[node].op = sy_op_find("", type);
    if (out_node)
        *out_node = node;
    return SY_OK;
}

static sy_status reshape(builder *work, const char *name, int x, const int64_t *dims, int count, int *out)
{
    const sy_shape shape = {.rank = 1, .dims = {count}};
    int list;
    SY_TRY(sy_graph_add_constant(work->ctx, work->graph, name, SY_DTYPE_INT64, &shape, dims,
                                 (size_t)count * sizeof *dims, &list));
    return add(work, "Reshape", name, (int[]){x, list}, 2, out, NULL);
}

static const char *name_of(builder *work, const char *base, const char *what)
{
    const char *name = sy_arena_printf(&work->graph->arena, "%s.%s", base, what);
    return name ? name : what;
}

static bool is_pointwise(const sy_node *node, const sy_shape *w)
{
    static const char *const lists[] = {"strides", "pads"};
    for (int i = 2; i < w->rank; i++)
        if (w->dims[i] != 1)
            return false;
    for (int l = 0; l < 2; l++) {
        size_t count;
        const int64_t *values = sy_node_ints(node, lists[l], &count);
        for (size_t i = 0; i < count; i++)
            if (values[i] != (l == 0 ? 1 : 0))
                return false;
    }
    return true;
}

/* A Conv of the same form whose outputs are the values that each output of the node adds up: weights with a
 * single 1. */
static sy_status unfold(builder *work, int node, const char *base, int64_t groups, size_t size, int *out)
{
    const sy_shape w = work->graph->tensors[work->graph->nodes[node].inputs[1]].shape;
    sy_shape shape = w;
    size_t rows = (size_t)groups * size, count, bytes;
    int ones, copy;
    shape.dims[0] = (int64_t)rows;
    if (!sy_mul_size(rows, size, &count) || !sy_mul_size(count, sizeof(float), &bytes))
        return sy_fail(work->ctx, SY_E_MEMORY, "out of memory");
    float *values = calloc(count, sizeof *values);
    SY_TRY(sy_check_alloc(work->ctx, values));
    for (size_t r = 0; r < rows; r++)
        values[r * size + r % size] = 1;
    sy_status status = sy_graph_add_constant(work->ctx, work->graph, name_of(work, base, "ones"),
                                             SY_DTYPE_FLOAT, &shape, values, bytes, &ones);
    free(values);
    SY_TRY(status);
    const int x = work->graph->nodes[node].inputs[0];
    SY_TRY(add(work, "Conv", name_of(work, base, "columns"), (int[]){x, ones}, 2, out, &copy));
    work->graph->nodes[copy].attrs = work->graph->nodes[node].attrs;
    work->graph->nodes[copy].attr_count = work->graph->nodes[node].attr_count;
    return SY_OK;
}

/* [N, groups * size, positions ...] of what the outputs add up. */
static sy_status add_columns(builder *work, int node, const char *base, int64_t groups, size_t size, int *out)
{
    const sy_node *reader = &work->graph->nodes[node];
    const bool flipped = sy_node_is(reader, "Gemm") && sy_node_int(reader, "transA", 0);
    const int x = reader->inputs[0];
    if (sy_node_is(reader, "Conv")) {
        const sy_shape *w = &work->graph->tensors[reader->inputs[1]].shape;
        *out = x;
        return is_pointwise(reader, w) ? SY_OK : unfold(work, node, base, groups, size, out);
    }
    if (flipped)
        return reshape(work, name_of(work, base, "columns"), x, (int64_t[]){1, (int64_t)size, -1}, 3, out);
    int rows, swapped;
    SY_TRY(reshape(work, name_of(work, base, "rows"), x, (int64_t[]){1, -1, (int64_t)size}, 3, &rows));
    SY_TRY(add(work, "Transpose", name_of(work, base, "columns"), &rows, 1, out, &swapped));
    return sy_graph_set_attr_ints(work->ctx, work->graph, swapped, "perm", (int64_t[]){0, 2, 1}, 3);
}

static sy_status keep_output(builder *work, int tensor)
{
    sy_graph *graph = work->graph;
    int *outputs = realloc(graph->outputs, ((size_t)graph->output_count + 1) * sizeof *outputs);
    SY_TRY(sy_check_alloc(work->ctx, outputs));
    graph->outputs = outputs;
    graph->outputs[graph->output_count++] = tensor;
    return SY_OK;
}

/* The means of a stream's columns, and what the columns differ from them, [N, groups, size, positions]:
 * floats would lose small differences from large means.
 */
static sy_status centre(builder *work, int node, const char *base, int64_t groups, size_t size,
                        int *out_means, int *out)
{
    const int64_t dims[] = {0, groups, (int64_t)size, -1};
    int columns, centred;
    SY_TRY(add_columns(work, node, base, groups, size, &columns));
    SY_TRY(add(work, "GlobalAveragePool", name_of(work, base, "means"), &columns, 1, out_means, NULL));
    SY_TRY(add(work, "Sub", name_of(work, base, "centred"), (int[]){columns, *out_means}, 2, &centred, NULL));
    return reshape(work, name_of(work, base, "grouped"), centred, dims, 4, out);
}

static sy_status add_moments(builder *work, sy_weight_reader *reader, const sy_weight_moments *cut)
{
    const int64_t groups = (int64_t)cut->groups;
    int means[SY_STREAM_COUNT], columns[SY_STREAM_COUNT], out[SY_MOMENT_COUNT], turned, node;
    const char *base = NULL;
    for (int s = 0; s < SY_STREAM_COUNT; s++) {
        base = sy_arena_printf(&work->graph->arena, "steelyard.%d.%d", work->reader_count, s);
        SY_TRY(sy_check_alloc(work->ctx, base));
        SY_TRY(centre(work, reader->place + s * work->model->node_count, base, groups, cut->size, &means[s],
                      &columns[s]));
    }
    SY_TRY(add(work, "Transpose", name_of(work, base, "turned"), &columns[SY_STREAM_QUANTIZED], 1, &turned,
               &node));
    SY_TRY(sy_graph_set_attr_ints(work->ctx, work->graph, node, "perm", (int64_t[]){0, 1, 3, 2}, 4));
    SY_TRY(add(work, "MatMul", name_of(work, base, "products"), (int[]){columns[SY_STREAM_QUANTIZED], turned},
               2, &out[SY_MOMENT_PRODUCTS], NULL));
    SY_TRY(add(work, "MatMul", name_of(work, base, "crossed"), (int[]){columns[SY_STREAM_FLOAT], turned}, 2,
               &out[SY_MOMENT_CROSSED], NULL));
    out[SY_MOMENT_MEANS] = means[SY_STREAM_QUANTIZED];
    out[SY_MOMENT_WANTED] = means[SY_STREAM_FLOAT];
    for (int k = 0; k < SY_MOMENT_COUNT; k++) {
        reader->moments[k] = work->graph->tensors[out[k]].name;
        SY_TRY(keep_output(work, out[k]));
    }
    return SY_OK;
}

/* How a reader cuts its weight; false: it is no product of a known form. */
static bool describe(const sy_graph *graph, const sy_node *node, int tensor, size_t *out_groups,
                     size_t *out_size, sy_weight_layout *out)
{
    const sy_shape *w = &graph->tensors[tensor].shape;
    size_t count;
    if (node->input_count < 2 || node->inputs[1] != tensor || node->inputs[0] == tensor ||
        !sy_shape_count(w, &count) || count == 0)
        return false;
    const bool rows =
        sy_node_is(node, "Conv") || (sy_node_is(node, "Gemm") && sy_node_int(node, "transB", 0));
    if (!rows && !((sy_node_is(node, "Gemm") || sy_node_is(node, "MatMul")) && w->rank == 2))
        return false;
    const size_t outputs = (size_t)w->dims[rows ? 0 : 1];
    const int64_t groups = sy_node_is(node, "Conv") ? sy_node_int(node, "group", 1) : 1;
    if (groups < 1 || outputs % (size_t)groups != 0)
        return false;
    *out_groups = (size_t)groups;
    *out_size = count / outputs;
    *out = (sy_weight_layout){
        .outputs = outputs, .output_stride = rows ? *out_size : 1, .input_stride = rows ? 1 : outputs};
    return true;
}

static sy_status add_reader(builder *work, int index, int place, int tensor)
{
    sy_weight_inputs *inputs = &work->list[index];
    sy_weight_layout layout;
    size_t groups, size;
    if (!describe(work->graph, &work->graph->nodes[place], tensor, &groups, &size, &layout))
        return SY_OK;
    if (inputs->is_product &&
        (inputs->moments.groups != groups || inputs->layout.output_stride != layout.output_stride))
        return SY_OK;
    inputs->is_product = true;
    inputs->layout = layout;
    inputs->moments.groups = groups;
    inputs->moments.size = size;
    sy_weight_reader *reader = &work->readers[work->reader_count++];
    *reader = (sy_weight_reader){.weight = index, .place = place};
    for (int s = 0; s < SY_STREAM_COUNT; s++) {
        const sy_node *node = &work->graph->nodes[place + s * work->model->node_count];
        reader->inputs[s] = work->graph->tensors[node->inputs[0]].name;
    }
    SY_TRY(add_moments(work, reader, &inputs->moments));
    return inputs->moves_bias ? give_bias(work, place, inputs->name, layout.outputs) : SY_OK;
}

static sy_status build(builder *work)
{
    const int nodes = work->model->node_count;
    work->readers = sy_arena_alloc(work->arena, (size_t)nodes, sizeof *work->readers);
    SY_TRY(sy_check_alloc(work->ctx, work->readers));
    SY_TRY(copy_model(work));
    work->graph->output_count = 0;
    for (int n = 0; n < nodes; n++) {
        if (work->graph->nodes[n].input_count < 2 || work->graph->nodes[n].inputs[1] == SY_NONE)
            continue;
        const int tensor = work->graph->nodes[n].inputs[1];
        const int index = find_weight(work, work->graph->tensors[tensor].name);
        if (index != SY_NONE)
            SY_TRY(add_reader(work, index, n, tensor));
    }
    return SY_OK;
}

sy_status sy_weight_streams(sy_ctx *ctx, const sy_graph *model, sy_weight_inputs *list, int count,
                            sy_arena *arena, sy_weight_reader **out_readers, int *out_count, sy_graph **out)
{
    builder work = {.ctx = ctx, .model = model, .arena = arena, .list = list, .count = count};
    SY_TRY(sy_graph_copy(ctx, model, &work.graph));
    const sy_status status = build(&work);
    if (status != SY_OK) {
        sy_graph_destroy(work.graph);
        return status;
    }
    *out_readers = work.readers;
    *out_count = work.reader_count;
    *out = work.graph;
    return SY_OK;
}
