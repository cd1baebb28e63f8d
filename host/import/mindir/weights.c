#include "import/mindir/weights.h"

#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    const sy_mind_reading *x = a, *y = b;
    const int order = strcmp(x->name, y->name);
    if (order)
        return order;
    return x->node != y->node ? x->node - y->node : x->input - y->input;
}

sy_status sy_mind_list_readings(sy_ctx *ctx, const sy_mind_model *model, sy_arena *arena,
                                sy_mind_readings *out)
{
    size_t count = 0;
    for (int n = 0; n < model->node_count; n++)
        count += (size_t)model->nodes[n].input_count;
    *out = (sy_mind_readings){.list = sy_arena_alloc(arena, count, sizeof *out->list)};
    SY_TRY(sy_check_alloc(ctx, out->list));
    for (int n = 0; n < model->node_count; n++)
        for (int i = 0; i < model->nodes[n].input_count; i++)
            out->list[out->count++] = (sy_mind_reading){model->nodes[n].inputs[i], n, i};
    if (count)
        qsort(out->list, count, sizeof *out->list, by_name);
    return SY_OK;
}

sy_mind_readers sy_mind_find_readers(const sy_mind_readings *readings, const char *name)
{
    size_t low = 0, high = readings->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(readings->list[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    sy_mind_readers found = {.at = readings->list + low};
    while (low + found.count < readings->count && strcmp(found.at[found.count].name, name) == 0)
        found.count++;
    return found;
}

bool sy_mind_keeps_order(const sy_mind_model *model, const sy_mind_readings *readings, int node)
{
    if (strcmp(model->nodes[node].type, "UpdateState") == 0)
        return true;
    if (strcmp(model->nodes[node].type, "MakeTuple") != 0)
        return false;
    const sy_mind_readers readers = sy_mind_find_readers(readings, model->nodes[node].output);
    for (size_t r = 0; r < readers.count; r++)
        if (strcmp(model->nodes[readers.at[r].node].type, "UpdateState") != 0)
            return false;
    return readers.count > 0;
}

const char *sy_mind_node_name(const sy_mind_node *node)
{
    return *node->scope ? node->scope : node->output;
}

typedef struct search {
    sy_ctx *ctx;
    const sy_mind_model *model;
    sy_mind_readings readings;
    sy_arena *arena;
} search;

static bool is_type(const sy_mind_node *node, const char *type)
{
    return strcmp(node->type, type) == 0;
}

/* A flag that is an input in newer files and an attribute in older ones. */
static bool flag_of(const sy_mind_model *model, const sy_mind_node *node, int input, const char *name)
{
    const sy_mind_attr *value = sy_mind_constant(model, node, input);
    if (!value)
        value = sy_mind_attr_of(node, name);
    return value && value->int_count && value->ints[0];
}

/* The axis of the output channels of the weights at this input; SY_NONE where the node is no product, or not
 * of them. */
static int product_axis(const sy_mind_model *model, const sy_mind_node *node, int input, int rank)
{
    if (is_type(node, "Conv2D") && input == 1 && rank == 4)
        return 0;
    if ((is_type(node, "Conv2DBackpropInput") || is_type(node, "Conv2DTranspose")) && input == 1 && rank == 4)
        return 1;
    if (is_type(node, "Dense") && input == 1 && rank == 2)
        return 0;
    if (is_type(node, "MatMulExt") && input < 2)
        return input == 1 ? rank - 1 : rank - 2;
    if (!is_type(node, "MatMul") && !is_type(node, "BatchMatMul"))
        return SY_NONE;
    if (input == 0)
        return flag_of(model, node, 2, "transpose_a") ? rank - 1 : rank - 2;
    if (input == 1)
        return flag_of(model, node, 3, "transpose_b") ? rank - 2 : rank - 1;
    return SY_NONE;
}

static bool is_gather_of_rows(const sy_mind_model *model, const sy_mind_reading *reading, int rank)
{
    const sy_mind_node *node = &model->nodes[reading->node];
    const sy_mind_attr *axis = sy_mind_constant(model, node, 2);
    return is_type(node, "Gather") && reading->input == 0 && rank == 2 && axis && axis->int_count == 1 &&
           axis->ints[0] == 0;
}

static bool leaves(const sy_mind_model *model, const char *name)
{
    for (int o = 0; o < model->output_count; o++)
        if (strcmp(model->outputs[o].name, name) == 0)
            return true;
    return false;
}

/* The name that the weights are read under: the parameter's, or that of the one Load of it. */
static const char *find_source(search *work, sy_mind_weight *out)
{
    const sy_mind_tensor *parameter = &work->model->parameters[out->parameter];
    const sy_mind_readers readers = sy_mind_find_readers(&work->readings, parameter->name);
    out->after = SY_NONE;
    for (size_t r = 0; r < readers.count; r++) {
        if (!is_type(&work->model->nodes[readers.at[r].node], "Load"))
            continue;
        if (readers.count > 1) {
            out->refusal = "it is loaded more than once";
            return NULL;
        }
        out->after = readers.at[r].node;
    }
    return out->after == SY_NONE ? parameter->name : work->model->nodes[out->after].output;
}

static sy_shape ones_but(int rank, int axis, int64_t size)
{
    sy_shape shape = {.rank = rank};
    for (int i = 0; i < rank; i++)
        shape.dims[i] = i == axis ? size : 1;
    return shape;
}

/* Everything that reads this is a matrix product. */
static bool only_products_read(const search *work, const char *name)
{
    const sy_mind_readers readers = sy_mind_find_readers(&work->readings, name);
    for (size_t r = 0; r < readers.count; r++) {
        const sy_mind_node *node = &work->model->nodes[readers.at[r].node];
        if (!is_type(node, "MatMul") && !is_type(node, "BatchMatMul") && !is_type(node, "MatMulExt") &&
            !is_type(node, "Dense"))
            return false;
    }
    return readers.count > 0;
}

/* Picked rows are turned back behind the Gather, so scales belong to columns. */
static void take_gather(const search *work, int node, sy_mind_weight *out)
{
    const sy_mind_tensor *parameter = &work->model->parameters[out->parameter];
    out->reader = out->after = node;
    out->axis = 1;
    out->factors = (sy_shape){.rank = 1, .dims = {parameter->shape.dims[1]}};
    out->feeds_products = only_products_read(work, work->model->nodes[node].output);
    if (leaves(work->model, work->model->nodes[node].output))
        out->refusal = "what a Gather picks of it leaves the network";
}

static void judge_readers(search *work, const char *source, sy_mind_weight *out)
{
    const sy_mind_model *model = work->model;
    const sy_mind_tensor *parameter = &model->parameters[out->parameter];
    const sy_mind_readers readers = sy_mind_find_readers(&work->readings, source);
    int gathers = 0, products = 0;
    for (size_t r = 0; r < readers.count && !out->refusal; r++) {
        const sy_mind_node *node = &model->nodes[readers.at[r].node];
        if (sy_mind_keeps_order(model, &work->readings, readers.at[r].node))
            continue;
        if (is_gather_of_rows(model, &readers.at[r], parameter->shape.rank)) {
            take_gather(work, readers.at[r].node, out);
            gathers++;
            continue;
        }
        const int axis = product_axis(model, node, readers.at[r].input, parameter->shape.rank);
        if (axis == SY_NONE && (is_type(node, "Partial") || node->callee))
            out->refusal = "a sub graph reads it";
        else if (axis == SY_NONE)
            out->refusal =
                sy_arena_printf(work->arena, "'%s' (%s) reads it", sy_mind_node_name(node), node->type);
        else if (products && axis != out->axis)
            out->refusal = "products that read it have their channels along different axes";
        if (!products++)
            out->reader = readers.at[r].node;
        out->axis = axis;
        out->is_convolution = strncmp(node->type, "Conv2D", 6) == 0;
    }
    if (!out->refusal && gathers + (products > 0) != 1)
        out->refusal = gathers || products ? "a Gather and other nodes read it" : "no product reads it";
    if (!out->refusal && products)
        out->factors = ones_but(parameter->shape.rank, out->axis, parameter->shape.dims[out->axis]);
}

static sy_mind_weight judge(search *work, int index)
{
    const sy_mind_tensor *parameter = &work->model->parameters[index];
    sy_mind_weight weight = {.parameter = index, .reader = SY_NONE, .after = SY_NONE, .axis = SY_NONE};
    size_t count;
    if (parameter->is_packed)
        weight.refusal = "it is quantized or compressed already";
    else if (!sy_shape_count(&parameter->shape, &count) || count == 0)
        weight.refusal = "it is empty, or its shape is not known";
    else if (sy_mind_read_by_function(work->model, parameter->name))
        weight.refusal = "a sub graph reads it";
    const char *source = weight.refusal ? NULL : find_source(work, &weight);
    if (source && (leaves(work->model, source) || leaves(work->model, parameter->name) ||
                   sy_mind_read_by_function(work->model, source)))
        weight.refusal = "it is an output of the network, or a sub graph reads it";
    else if (source)
        judge_readers(work, source, &weight);
    return weight;
}

sy_status sy_mind_find_weights(sy_ctx *ctx, const sy_mind_model *model, sy_arena *arena, sy_mind_weight **out,
                               int *out_count)
{
    search work = {.ctx = ctx, .model = model, .arena = arena};
    sy_mind_weight *weights = sy_arena_alloc(arena, (size_t)model->parameter_count, sizeof *weights);
    int count = 0;
    SY_TRY(sy_check_alloc(ctx, weights));
    SY_TRY(sy_mind_list_readings(ctx, model, arena, &work.readings));
    for (int p = 0; p < model->parameter_count; p++) {
        const sy_mind_tensor *parameter = &model->parameters[p];
        if ((parameter->data_type == SY_DTYPE_FLOAT || parameter->data_type == SY_DTYPE_FLOAT16) &&
            parameter->shape.rank >= 2)
            weights[count++] = judge(&work, p);
    }
    *out = weights;
    *out_count = count;
    return SY_OK;
}
