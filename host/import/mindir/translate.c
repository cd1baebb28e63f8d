#include "import/mindir/translate.h"

#include <stdio.h>
#include <string.h>

#include "ops/op.h"

sy_status sy_mind_look_up(sy_mind_translator *work, const char *name, sy_mind_meaning *out)
{
    const int maker = sy_mind_find_node(work->model, name);
    const int argument = maker == SY_NONE ? sy_mind_find_argument(work->model, name) : SY_NONE;
    sy_mind_meaning meaning = {.kind = SY_MIND_KIND_UNKNOWN};
    if (maker != SY_NONE)
        meaning = work->meanings[maker];
    else if (argument != SY_NONE)
        meaning = work->arguments[argument];
    else
        meaning.tensor = sy_graph_find_tensor(work->graph, sy_mind_local_name(name));
    if (maker == SY_NONE && argument == SY_NONE && meaning.tensor != SY_NONE)
        meaning.kind = SY_MIND_KIND_TENSOR;
    if (meaning.kind == SY_MIND_KIND_UNKNOWN)
        return sy_fail(work->ctx, SY_E_MODEL, "nothing before it makes its input '%s'", name);
    *out = meaning;
    return SY_OK;
}

sy_status sy_mind_input(sy_mind_translator *work, int i, sy_mind_meaning *out)
{
    if (i >= work->node->input_count)
        return sy_fail(work->ctx, SY_E_MODEL, "input %d is missing", i);
    return sy_mind_look_up(work, work->node->inputs[i], out);
}

/* A constant as a tensor: one number is a scalar. */
static sy_status materialize(sy_mind_translator *work, const sy_mind_attr *value, int like,
                             const char *ending, int *out)
{
    const bool to_float = like != SY_NONE && sy_dtype_is_float(work->graph->tensors[like].dtype);
    const size_t ints = value->int_count, floats = value->float_count, count = ints + floats;
    const sy_shape shape = {.rank = value->type == SY_MIND_TUPLE, .dims = {(int64_t)count}};
    char *name = sy_arena_printf(&work->arena, "%s%s", sy_mind_local_name(work->node->output), ending);
    float *as_floats = sy_arena_alloc(&work->arena, count, sizeof *as_floats);
    SY_TRY(sy_check_alloc(work->ctx, name && as_floats ? name : NULL));
    if (count == 0 || (ints && floats) || (shape.rank == 0 && count != 1) || value->nested)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "a constant input is no number and no list of numbers");
    for (size_t i = 0; i < count; i++)
        as_floats[i] = ints ? (float)value->ints[i] : (float)value->floats[i];
    if (floats || to_float)
        return sy_graph_add_constant(work->ctx, work->graph, name, SY_DTYPE_FLOAT, &shape, as_floats,
                                     count * sizeof *as_floats, out);
    if (like == SY_NONE || work->graph->tensors[like].dtype != SY_DTYPE_INT32)
        return sy_graph_add_constant(work->ctx, work->graph, name, SY_DTYPE_INT64, &shape, value->ints,
                                     count * sizeof *value->ints, out);
    int32_t *small = sy_arena_alloc(&work->arena, count, sizeof *small);
    SY_TRY(sy_check_alloc(work->ctx, small));
    for (size_t i = 0; i < count; i++)
        small[i] = (int32_t)value->ints[i];
    return sy_graph_add_constant(work->ctx, work->graph, name, SY_DTYPE_INT32, &shape, small,
                                 count * sizeof *small, out);
}

sy_status sy_mind_tensor_input(sy_mind_translator *work, int i, int like, int *out)
{
    sy_mind_meaning meaning = {0};
    char ending[32];
    SY_TRY(sy_mind_input(work, i, &meaning));
    snprintf(ending, sizeof ending, "/input%d", i);
    if (meaning.kind == SY_MIND_KIND_CONSTANT)
        return materialize(work, meaning.constant, like, ending, out);
    if (meaning.kind != SY_MIND_KIND_TENSOR)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "input %d ('%s') is no tensor", i, work->node->inputs[i]);
    *out = meaning.tensor;
    return SY_OK;
}

/* A constant may have been handed to a sub graph, or follow from sizes. */
const sy_mind_attr *sy_mind_argument(sy_mind_translator *work, int i, const char *name)
{
    const sy_mind_attr *value = sy_mind_constant(work->model, work->node, i);
    if (!value && i < work->node->input_count) {
        const int maker = sy_mind_find_node(work->model, work->node->inputs[i]);
        const int argument =
            maker == SY_NONE ? sy_mind_find_argument(work->model, work->node->inputs[i]) : SY_NONE;
        const sy_mind_meaning *meaning = maker != SY_NONE      ? &work->meanings[maker]
                                         : argument != SY_NONE ? &work->arguments[argument]
                                                               : NULL;
        if (meaning && meaning->kind == SY_MIND_KIND_CONSTANT)
            return meaning->constant;
    }
    return value ? value : sy_mind_attr_of(work->node, name);
}

sy_status sy_mind_ints(sy_mind_translator *work, int i, const char *name, int64_t *out, int capacity,
                       int *out_count)
{
    const sy_mind_attr *value = sy_mind_argument(work, i, name);
    *out_count = 0;
    if (!value && i < work->node->input_count)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "input %d (%s) is computed, it must be a constant", i,
                       name);
    if (!value || value->type == SY_MIND_NONE)
        return SY_OK;
    if (value->int_count > (size_t)capacity || value->float_count || value->nested)
        return sy_fail(work->ctx, SY_E_MODEL, "%s must be at most %d whole numbers", name, capacity);
    memcpy(out, value->ints, value->int_count * sizeof *out);
    *out_count = (int)value->int_count;
    return SY_OK;
}

int64_t sy_mind_int(sy_mind_translator *work, int i, const char *name, int64_t fallback)
{
    const sy_mind_attr *value = sy_mind_argument(work, i, name);
    return value && value->int_count == 1 ? value->ints[0] : fallback;
}

double sy_mind_float(sy_mind_translator *work, int i, const char *name, double fallback)
{
    const sy_mind_attr *value = sy_mind_argument(work, i, name);
    if (value && value->float_count == 1)
        return value->floats[0];
    return value && value->int_count == 1 ? (double)value->ints[0] : fallback;
}

sy_status sy_mind_infer(sy_mind_translator *work, int node)
{
    return sy_infer_node(work->ctx, work->graph, node);
}

const char *sy_mind_title(const sy_mind_translator *work)
{
    return *work->node->scope ? work->node->scope : sy_mind_local_name(work->node->output);
}

sy_status sy_mind_add(sy_mind_translator *work, const char *type, const int *inputs, int input_count,
                      const char *ending, int *out_tensor, int *out_node)
{
    const char *name = sy_arena_printf(&work->arena, "%s%s", sy_mind_title(work), ending);
    const char *made = sy_arena_printf(&work->arena, "%s%s", sy_mind_local_name(work->node->output), ending);
    int node;
    SY_TRY(sy_check_alloc(work->ctx, name && made ? name : NULL));
    SY_TRY(sy_graph_add_tensor(work->ctx, work->graph, made, SY_DTYPE_UNDEFINED, NULL, out_tensor));
    SY_TRY(sy_graph_add_node(work->ctx, work->graph, type, name, inputs, input_count, out_tensor, 1, &node));
    work->graph->nodes[node].op = sy_op_find("", type);
    if (out_node) {
        *out_node = node;
        return SY_OK;
    }
    return sy_mind_infer(work, node);
}

sy_status sy_mind_add_ints(sy_mind_translator *work, const int64_t *values, int count, const char *ending,
                           int *out)
{
    const sy_shape shape = {.rank = 1, .dims = {count}};
    const char *name = sy_arena_printf(&work->arena, "%s%s", sy_mind_local_name(work->node->output), ending);
    SY_TRY(sy_check_alloc(work->ctx, name));
    return sy_graph_add_constant(work->ctx, work->graph, name, SY_DTYPE_INT64, &shape, values,
                                 (size_t)count * sizeof *values, out);
}

sy_status sy_mind_add_float(sy_mind_translator *work, float value, const char *ending, int *out)
{
    const sy_shape shape = {.rank = 0};
    const char *name = sy_arena_printf(&work->arena, "%s%s", sy_mind_local_name(work->node->output), ending);
    SY_TRY(sy_check_alloc(work->ctx, name));
    return sy_graph_add_constant(work->ctx, work->graph, name, SY_DTYPE_FLOAT, &shape, &value, sizeof value,
                                 out);
}

void sy_mind_means(sy_mind_translator *work, int tensor)
{
    work->meanings[work->index] = (sy_mind_meaning){.kind = SY_MIND_KIND_TENSOR, .tensor = tensor};
}

sy_status sy_mind_result(sy_mind_translator *work, const char *type, const int *inputs, int count)
{
    int tensor;
    SY_TRY(sy_mind_add(work, type, inputs, count, "", &tensor, NULL));
    sy_mind_means(work, tensor);
    return SY_OK;
}

sy_status sy_mind_means_int(sy_mind_translator *work, int64_t value)
{
    sy_mind_attr *attr = sy_arena_alloc(&work->arena, 1, sizeof *attr);
    int64_t *number = sy_arena_alloc(&work->arena, 1, sizeof *number);
    SY_TRY(sy_check_alloc(work->ctx, attr && number ? attr : NULL));
    *number = value;
    *attr = (sy_mind_attr){.name = "", .type = SY_MIND_INT64, .ints = number, .int_count = 1};
    work->meanings[work->index] = (sy_mind_meaning){.kind = SY_MIND_KIND_CONSTANT, .constant = attr};
    return SY_OK;
}

int sy_mind_shape_of(const sy_mind_translator *work, int sizes)
{
    const int producer = work->graph->tensors[sizes].producer;
    const sy_node *node = producer == SY_NONE ? NULL : &work->graph->nodes[producer];
    return node && sy_node_is(node, "Shape") ? node->inputs[0] : SY_NONE;
}

bool sy_mind_is(const sy_mind_translator *work, const char *type)
{
    return strcmp(work->node->type, type) == 0;
}

const sy_shape *sy_mind_shape(const sy_mind_translator *work, int tensor)
{
    return &work->graph->tensors[tensor].shape;
}

bool sy_mind_flag(sy_mind_translator *work, int i, const char *name)
{
    return sy_mind_int(work, i, name, 0) != 0;
}

sy_status sy_mind_means_first_of(sy_mind_translator *work, int tensor, int count)
{
    sy_mind_meaning *elements = sy_arena_alloc(&work->arena, (size_t)count, sizeof *elements);
    SY_TRY(sy_check_alloc(work->ctx, elements));
    elements[0] = (sy_mind_meaning){.kind = SY_MIND_KIND_TENSOR, .tensor = tensor};
    for (int i = 1; i < count; i++)
        elements[i] = (sy_mind_meaning){.kind = SY_MIND_KIND_NOTHING};
    work->meanings[work->index] =
        (sy_mind_meaning){.kind = SY_MIND_KIND_TUPLE, .elements = elements, .element_count = count};
    return SY_OK;
}

sy_status sy_mind_require_nchw(sy_mind_translator *work, int input)
{
    const sy_mind_attr *format = sy_mind_argument(work, input, "format");
    if (!format ||
        (format->s ? strcmp(format->s, "NCHW") == 0 : format->int_count == 1 && format->ints[0] == 0))
        return SY_OK;
    return sy_fail(
        work->ctx, SY_E_UNSUPPORTED,
        "its format is %s, only NCHW can be computed: build the network with data_format NCHW, which "
        "MindSpore has on every device",
        format->s ? format->s : "not NCHW");
}

int sy_mind_unsqueezed(const sy_mind_translator *work, int tensor, int64_t axis)
{
    const sy_graph *graph = work->graph;
    const int producer = graph->tensors[tensor].producer;
    const sy_node *node = producer == SY_NONE ? NULL : &graph->nodes[producer];
    if (!node || !sy_node_is(node, "Unsqueeze") || node->input_count != 2)
        return SY_NONE;
    const sy_tensor *axes = &graph->tensors[node->inputs[1]];
    const sy_shape *shape = &graph->tensors[tensor].shape;
    int64_t value;
    if (!axes->data || axes->bytes != sizeof value || shape->rank == SY_NONE)
        return SY_NONE;
    memcpy(&value, axes->data, sizeof value);
    return (value < 0 ? value + shape->rank : value) == axis ? node->inputs[0] : SY_NONE;
}
