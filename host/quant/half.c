#include "quant/half.h"

#include <math.h>
#include <stdlib.h>

#include "base/log.h"
#include "ops/op.h"

static const float half_max = 65504, half_least = 0x1p-24F;

typedef struct halving {
    sy_ctx *ctx;
    sy_graph *graph;
    bool *keeps; /* per tensor there was at the beginning: stays float32 */
    int count;   /* of those */
} halving;

/* A node that goes on computing in float32, between Casts: ONNX has Range in no float16, and one that fills
 * says its type in a tensor. */
static bool stays_float(const sy_graph *graph, const sy_node *node)
{
    return (sy_node_is(node, "Range") || sy_node_is(node, "ConstantOfShape")) &&
           graph->tensors[node->outputs[0]].dtype == SY_DTYPE_FLOAT;
}

/* Inputs that are float32 whatever the others are. */
static bool wants_float(const sy_node *node, int input)
{
    return (sy_node_is(node, "Resize") && input == 2) || sy_node_is(node, "Range");
}

static sy_status check_node(sy_ctx *ctx, const sy_graph *graph, const sy_node *node)
{
    if (!node->op)
        return sy_fail(ctx, SY_E_UNSUPPORTED,
                       "node '%s' (%s): its types are not known here, so it cannot be written in float16",
                       node->name, node->type);
    for (int i = 0; i < node->input_count && !sy_node_is(node, "Range"); i++)
        if (wants_float(node, i) && node->inputs[i] != SY_NONE && !graph->tensors[node->inputs[i]].data)
            return sy_fail(ctx, SY_E_UNSUPPORTED,
                           "node '%s' (%s): its factors are computed, and have to be float32", node->name,
                           node->type);
    return SY_OK;
}

static uint16_t half_of(float value, bool single, size_t *moved)
{
    if (isfinite(value) && fabsf(value) > half_max) {
        (*moved)++;
        value = copysignf(half_max, value);
    }
    if (single && value != 0 && fabsf(value) < half_least) {
        (*moved)++;
        value = copysignf(half_least, value);
    }
    return sy_float_to_half(value);
}

static sy_status convert_constant(halving *work, sy_tensor *tensor)
{
    size_t count, moved = 0;
    if (!sy_shape_count(&tensor->shape, &count))
        return sy_fail(work->ctx, SY_E_MODEL, "constant '%s' has no shape", tensor->name);
    float *values = malloc(count ? count * sizeof *values : 1);
    uint16_t *halves = sy_arena_alloc(&work->graph->arena, count ? count : 1, sizeof *halves);
    sy_status status = sy_check_alloc(work->ctx, values && halves ? values : NULL);
    if (status == SY_OK)
        status = sy_tensor_to_f32(work->ctx, tensor, values, count);
    if (status == SY_OK) {
        for (size_t i = 0; i < count; i++)
            halves[i] = half_of(values[i], count == 1, &moved);
        tensor->data = halves;
        tensor->bytes = count * sizeof *halves;
        tensor->dtype = SY_DTYPE_FLOAT16;
    }
    free(values);
    if (moved)
        sy_log(work->ctx, SY_LOG_WARN,
               "constant '%s': %zu of %zu values are not within float16 and become its nearest", tensor->name,
               moved, count);
    return status;
}

/* Attributes that name a type. */
static sy_status convert_attributes(halving *work, int index)
{
    sy_node *node = &work->graph->nodes[index];
    static const char *const names[] = {"to", "output_dtype"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        if (sy_node_int(node, names[k], SY_DTYPE_UNDEFINED) == SY_DTYPE_FLOAT)
            SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, index, names[k], SY_DTYPE_FLOAT16));
    return SY_OK;
}

static sy_status add_cast(halving *work, const char *base, int from, int to, sy_dtype dtype)
{
    const char *name = sy_arena_printf(&work->graph->arena, "%s_Cast", base);
    int node;
    SY_TRY(sy_check_alloc(work->ctx, name));
    SY_TRY(sy_graph_add_node(work->ctx, work->graph, "Cast", name, &from, 1, &to, 1, &node));
    work->graph->nodes[node].op = sy_op_find("", "Cast");
    return sy_graph_set_attr_int(work->ctx, work->graph, node, "to", dtype);
}

/* A tensor of the shape and the name of another, with an ending. */
static sy_status add_like(halving *work, int tensor, const char *ending, sy_dtype dtype, int *out)
{
    const sy_tensor from = work->graph->tensors[tensor];
    const char *name = sy_arena_printf(&work->graph->arena, "%s%s", from.name, ending);
    SY_TRY(sy_check_alloc(work->ctx, name));
    return sy_graph_add_tensor(work->ctx, work->graph, name, dtype, &from.shape, out);
}

/* An input that has to be float32: a constant may be read otherwise too and gets a second form, what is
 * computed a Cast. */
static sy_status separate(halving *work, int node, int input)
{
    const int tensor = work->graph->nodes[node].inputs[input];
    const sy_tensor from = work->graph->tensors[tensor];
    int copy;
    if (from.dtype != SY_DTYPE_FLOAT && from.dtype != SY_DTYPE_FLOAT16)
        return SY_OK;
    SY_TRY(add_like(work, tensor, "_float", SY_DTYPE_FLOAT, &copy));
    if (!from.data)
        SY_TRY(add_cast(work, work->graph->tensors[copy].name, tensor, copy, SY_DTYPE_FLOAT));
    work->graph->tensors[copy].data = from.data;
    work->graph->tensors[copy].bytes = from.bytes;
    work->graph->nodes[node].inputs[input] = copy;
    return SY_OK;
}

static sy_status separate_floats(halving *work)
{
    const int nodes = work->graph->node_count;
    for (int n = 0; n < nodes; n++)
        for (int i = 0; i < work->graph->nodes[n].input_count && !work->graph->nodes[n].removed; i++)
            if (wants_float(&work->graph->nodes[n], i) && work->graph->nodes[n].inputs[i] != SY_NONE)
                SY_TRY(separate(work, n, i));
    return SY_OK;
}

/* What such a node makes is float16 behind a Cast. */
static sy_status cast_result(halving *work, int node)
{
    const int tensor = work->graph->nodes[node].outputs[0];
    int single;
    if (!stays_float(work->graph, &work->graph->nodes[node]))
        return SY_OK;
    SY_TRY(add_like(work, tensor, "_float", SY_DTYPE_FLOAT, &single));
    work->graph->nodes[node].outputs[0] = single;
    work->graph->tensors[single].producer = node;
    return add_cast(work, work->graph->tensors[tensor].name, single, tensor, SY_DTYPE_FLOAT16);
}

/* The network's inputs and outputs stay as they are; behind and before them there is a Cast. */
static sy_status cast_input(halving *work, int tensor)
{
    int half;
    work->keeps[tensor] = true;
    if (work->graph->tensors[tensor].dtype != SY_DTYPE_FLOAT ||
        !sy_graph_consumers(work->graph, tensor, NULL, 0))
        return SY_OK;
    SY_TRY(add_like(work, tensor, "_half", SY_DTYPE_FLOAT16, &half));
    sy_graph_replace_uses(work->graph, tensor, half);
    return add_cast(work, work->graph->tensors[tensor].name, tensor, half, SY_DTYPE_FLOAT16);
}

static sy_status cast_output(halving *work, int tensor)
{
    const int producer = work->graph->tensors[tensor].producer;
    int half;
    if (work->keeps[tensor])
        return SY_OK;
    work->keeps[tensor] = true;
    if (work->graph->tensors[tensor].dtype != SY_DTYPE_FLOAT || producer == SY_NONE)
        return SY_OK;
    SY_TRY(add_like(work, tensor, "_half", SY_DTYPE_FLOAT16, &half));
    sy_graph_replace_uses(work->graph, tensor, half);
    sy_node *node = &work->graph->nodes[producer];
    for (int o = 0; o < node->output_count; o++)
        if (node->outputs[o] == tensor)
            node->outputs[o] = half;
    work->graph->tensors[half].producer = producer;
    return add_cast(work, work->graph->tensors[tensor].name, half, tensor, SY_DTYPE_FLOAT);
}

static sy_status convert(halving *work)
{
    const int nodes = work->graph->node_count;
    for (int n = 0; n < nodes; n++) {
        if (work->graph->nodes[n].removed)
            continue;
        SY_TRY(check_node(work->ctx, work->graph, &work->graph->nodes[n]));
        SY_TRY(convert_attributes(work, n));
        SY_TRY(cast_result(work, n));
    }
    for (int i = 0; i < work->graph->input_count; i++)
        SY_TRY(cast_input(work, work->graph->inputs[i]));
    for (int o = 0; o < work->graph->output_count; o++)
        SY_TRY(cast_output(work, work->graph->outputs[o]));
    SY_TRY(separate_floats(work));
    for (int t = 0; t < work->count; t++) {
        sy_tensor *tensor = &work->graph->tensors[t];
        if (work->keeps[t] || tensor->dtype != SY_DTYPE_FLOAT)
            continue;
        if (tensor->data)
            SY_TRY(convert_constant(work, tensor));
        tensor->dtype = SY_DTYPE_FLOAT16;
    }
    return SY_OK;
}

sy_status sy_graph_to_half(sy_ctx *ctx, sy_graph *graph)
{
    halving work = {.ctx = ctx, .graph = graph, .count = graph->tensor_count};
    work.keeps = calloc((size_t)work.count + 1, sizeof *work.keeps);
    SY_TRY(sy_check_alloc(ctx, work.keeps));
    const sy_status status = convert(&work);
    free(work.keeps);
    return status;
}
