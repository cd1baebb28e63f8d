/* From a graph with QuantizeLinear and DequantizeLinear to a TensorFlow Lite model of integers: every
 * operator between the two becomes one that reads and writes codes.
 */
#include <math.h>
#include <string.h>

#include "dsp/tflite_convert.h"
#include "ops/lowering.h"

static const int to_nhwc[] = {0, 2, 3, 1};

int sy_tflite_axis(int axis, int rank)
{
    static const int moved[] = {0, 3, 1, 2};
    return rank == 4 ? moved[axis] : axis;
}

int sy_tflite_dims(const sy_shape *shape, int32_t out[SY_MAX_RANK])
{
    for (int i = 0; i < shape->rank; i++)
        out[sy_tflite_axis(i, shape->rank)] = (int32_t)shape->dims[i];
    return shape->rank;
}

void *sy_tflite_permute(sy_tflite_maker *maker, const void *from, const sy_shape *shape, const int *order,
                        size_t size)
{
    const unsigned char *bytes = from;
    size_t count, strides[SY_MAX_RANK], index[SY_MAX_RANK] = {0};
    if (!sy_shape_count(shape, &count))
        return NULL;
    unsigned char *to = sy_arena_alloc(&maker->model->arena, count, size);
    size_t stride = size;
    for (int i = shape->rank; i-- > 0;) {
        strides[i] = stride;
        stride *= (size_t)shape->dims[i];
    }
    for (size_t n = 0; to && n < count; n++) {
        size_t at = 0;
        for (int k = 0; k < shape->rank; k++)
            at += index[k] * strides[order[k]];
        memcpy(to + n * size, bytes + at, size);
        for (int k = shape->rank; k-- > 0;) {
            if (++index[k] < (size_t)shape->dims[order[k]])
                break;
            index[k] = 0;
        }
    }
    return to;
}

static void add_option(sy_tflite_operator *to, sy_tflite_option option)
{
    to->options[to->option_count++] = option;
}

void sy_tflite_byte(sy_tflite_operator *to, int field, int value)
{
    add_option(to, (sy_tflite_option){.field = field, .kind = SY_TFLITE_BYTE, .value = value});
}

void sy_tflite_word(sy_tflite_operator *to, int field, int value)
{
    add_option(to, (sy_tflite_option){.field = field, .kind = SY_TFLITE_WORD, .value = value});
}

void sy_tflite_real(sy_tflite_operator *to, int field, float value)
{
    add_option(to, (sy_tflite_option){.field = field, .kind = SY_TFLITE_REAL, .real = value});
}

sy_status sy_tflite_ints(sy_tflite_maker *maker, const char *base, const char *ending, const int32_t *values,
                         int count, int rank, int *out)
{
    const size_t bytes = (size_t)count * sizeof *values;
    sy_tflite_tensor tensor = {.name = sy_arena_printf(&maker->model->arena, "%s%s", base, ending),
                               .type = SY_TFLITE_INT32,
                               .rank = rank,
                               .dims = {rank == 2 ? count / 2 : count, 2},
                               .data = sy_arena_copy(&maker->model->arena, values, bytes),
                               .bytes = bytes};
    SY_TRY(sy_check_alloc(maker->ctx, tensor.name && tensor.data ? maker : NULL));
    return sy_tflite_add_tensor(maker->ctx, maker->model, &tensor, out);
}

sy_status sy_tflite_scratch(sy_tflite_maker *maker, const char *base, const char *ending, int like, int rank,
                            const int32_t *dims, int *out)
{
    sy_tflite_tensor tensor = maker->model->tensors[like];
    tensor.name = sy_arena_printf(&maker->model->arena, "%s%s", base, ending);
    tensor.data = NULL;
    tensor.rank = rank;
    memcpy(tensor.dims, dims, (size_t)rank * sizeof *dims);
    SY_TRY(sy_check_alloc(maker->ctx, tensor.name));
    return sy_tflite_add_tensor(maker->ctx, maker->model, &tensor, out);
}

/* Scale and zero point of a Q or DQ node with one scale, for int8 codes. */
static sy_status read_numbers(sy_tflite_maker *maker, const sy_node *node, sy_tflite_tensor *out)
{
    const sy_graph *graph = maker->graph;
    float *scale = sy_arena_alloc(&maker->model->arena, 1, sizeof *scale);
    SY_TRY(sy_check_alloc(maker->ctx, scale));
    SY_TRY(sy_tensor_to_f32(maker->ctx, &graph->tensors[node->inputs[1]], scale, 1));
    SY_TRY(sy_tensor_to_i64(maker->ctx, &graph->tensors[node->inputs[2]], &out->zero, 1));
    out->scales = scale;
    out->scale_count = 1;
    out->zero -= SY_TFLITE_SHIFT;
    out->type = SY_TFLITE_INT8;
    return SY_OK;
}

/* The name of what the codes stand for. */
static const char *name_of(sy_tflite_maker *maker, const sy_node *quantize)
{
    static const char ending[] = "_QuantizeLinear_Input"; /* of an output of the network */
    const char *name = maker->graph->tensors[quantize->inputs[0]].name;
    const size_t length = strlen(name), tail = sizeof ending - 1;
    if (length <= tail || strcmp(name + length - tail, ending) != 0)
        return name;
    return sy_arena_text_n(&maker->model->arena, name, length - tail);
}

sy_status sy_tflite_tensor_of(sy_tflite_maker *maker, int codes, int *out)
{
    const sy_tensor *from = &maker->graph->tensors[codes];
    sy_tflite_tensor tensor = {0};
    if (maker->tensor_of[codes] == SY_NONE) {
        if (from->producer == SY_NONE)
            return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "the constant '%s' is converted to another grid",
                           from->name);
        const sy_node *quantize = &maker->graph->nodes[from->producer];
        if (from->dtype != SY_DTYPE_UINT8)
            return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "'%s' is %s, an activation there is made from uint8",
                           from->name, sy_dtype_name(from->dtype));
        tensor.name = name_of(maker, quantize);
        tensor.rank = sy_tflite_dims(&from->shape, tensor.dims);
        SY_TRY(sy_check_alloc(maker->ctx, tensor.name));
        SY_TRY(read_numbers(maker, quantize, &tensor));
        SY_TRY(sy_tflite_add_tensor(maker->ctx, maker->model, &tensor, &maker->tensor_of[codes]));
    }
    *out = maker->tensor_of[codes];
    return SY_OK;
}

/* A constant operand of an Add, Mul or Concat: as many dimensions as the result, in the model's order. */
static sy_status add_constant(sy_tflite_maker *maker, const sy_node *dequantize, int rank, int *out)
{
    const sy_tensor *from = &maker->graph->tensors[dequantize->inputs[0]];
    static const int as_is[] = {0, 1, 2, 3, 4, 5, 6, 7};
    sy_shape shape = {.rank = rank};
    sy_tflite_tensor tensor = {.name = from->name, .bytes = from->bytes};
    if (from->dtype != SY_DTYPE_UINT8)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "its constant '%s' is %s, not uint8", from->name,
                       sy_dtype_name(from->dtype));
    if (from->shape.rank > rank)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "its constant '%s' has more dimensions than its result",
                       from->name);
    for (int i = 0; i < rank; i++)
        shape.dims[i] = i < rank - from->shape.rank ? 1 : from->shape.dims[i - (rank - from->shape.rank)];
    tensor.rank = sy_tflite_dims(&shape, tensor.dims);
    signed char *codes = sy_tflite_permute(maker, from->data, &shape, rank == 4 ? to_nhwc : as_is, 1);
    SY_TRY(sy_check_alloc(maker->ctx, codes));
    for (size_t i = 0; i < from->bytes; i++)
        codes[i] = (signed char)((unsigned char)codes[i] - SY_TFLITE_SHIFT);
    tensor.data = codes;
    SY_TRY(read_numbers(maker, dequantize, &tensor));
    return sy_tflite_add_tensor(maker->ctx, maker->model, &tensor, out);
}

static const sy_node *producer_of(const sy_graph *graph, int tensor)
{
    const int producer = tensor == SY_NONE ? SY_NONE : graph->tensors[tensor].producer;
    return producer == SY_NONE ? NULL : &graph->nodes[producer];
}

int sy_tflite_codes(const sy_tflite_maker *maker, const sy_tflite_unit *unit, int i)
{
    const sy_node *from =
        i < unit->node->input_count ? producer_of(maker->graph, unit->node->inputs[i]) : NULL;
    return sy_node_is(from, "DequantizeLinear") ? from->inputs[0] : SY_NONE;
}

sy_status sy_tflite_input(sy_tflite_maker *maker, const sy_tflite_unit *unit, int i, int rank, int *out)
{
    const int codes = sy_tflite_codes(maker, unit, i);
    if (codes == SY_NONE)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "its input %d is float", i);
    if (maker->graph->tensors[codes].data)
        return add_constant(maker, producer_of(maker->graph, unit->node->inputs[i]), rank, out);
    return sy_tflite_tensor_of(maker, codes, out);
}

sy_status sy_tflite_output(sy_tflite_maker *maker, const sy_tflite_unit *unit, int o, int *out)
{
    return sy_tflite_tensor_of(maker, unit->codes[o], out);
}

const sy_shape *sy_tflite_shape_in(const sy_tflite_maker *maker, const sy_tflite_unit *unit, int i)
{
    return &maker->graph->tensors[unit->node->inputs[i]].shape;
}

const sy_shape *sy_tflite_shape_out(const sy_tflite_maker *maker, const sy_tflite_unit *unit, int o)
{
    return &maker->graph->tensors[unit->node->outputs[o]].shape;
}

static sy_tflite_rule rule_of(const sy_node *node)
{
    const sy_tflite_row *const tables[] = {sy_tflite_products, sy_tflite_pools, sy_tflite_values,
                                           sy_tflite_movements};
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++)
        for (const sy_tflite_row *row = tables[t]; row->type; row++)
            if (sy_node_is(node, row->type))
                return row->rule;
    return NULL;
}

/* The codes of a result, behind the Relu or Clip that alone reads it; SY_NONE when it stays float. */
static int codes_behind(const sy_tflite_maker *maker, int tensor, int *activation)
{
    const sy_graph *graph = maker->graph;
    int reader = sy_graph_only_reader(graph, tensor);
    sy_clamp clamp;
    if (reader != SY_NONE && sy_clamp_of_node(graph, &graph->nodes[reader], &clamp)) {
        if (clamp.lo == 0)
            *activation = clamp.hi == 6     ? SY_TFLITE_ACT_RELU6
                          : isinf(clamp.hi) ? SY_TFLITE_ACT_RELU
                                            : SY_TFLITE_NO_ACTIVATION;
        reader = sy_graph_only_reader(graph, graph->nodes[reader].outputs[0]);
    }
    return reader != SY_NONE && sy_node_is(&graph->nodes[reader], "QuantizeLinear")
               ? graph->nodes[reader].outputs[0]
               : SY_NONE;
}

/* Is this the clamp that ends another unit, or the sum that adds a MatMul's bias? */
static bool is_finished_by_another(const sy_graph *graph, const sy_node *node)
{
    const sy_node *from = producer_of(graph, node->inputs[0]);
    const bool computed = from && !sy_node_is(from, "DequantizeLinear");
    sy_clamp clamp;
    return computed &&
           (sy_clamp_of_node(graph, node, &clamp) || (sy_node_is(node, "Add") && sy_node_is(from, "MatMul")));
}

static sy_status convert_unit(sy_tflite_maker *maker, const sy_node *node)
{
    int codes[SY_MAX_RANK * 8];
    sy_tflite_unit unit = {.node = node, .codes = codes};
    const sy_tflite_rule rule = rule_of(node);
    if (!rule)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "the operator has no integer form there");
    if (node->output_count > (int)(sizeof codes / sizeof codes[0]))
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "%d results are too many", node->output_count);
    for (int o = 0; o < node->output_count; o++) {
        const bool used =
            node->outputs[o] != SY_NONE && (sy_graph_is_output(maker->graph, node->outputs[o]) ||
                                            sy_graph_consumers(maker->graph, node->outputs[o], NULL, 0));
        int result = node->outputs[o];
        const int reader = used ? sy_graph_only_reader(maker->graph, result) : SY_NONE;
        if (sy_node_is(node, "MatMul") && reader != SY_NONE &&
            sy_node_is(&maker->graph->nodes[reader], "Add"))
            result = maker->graph->nodes[reader].outputs[0];
        codes[o] = used ? codes_behind(maker, result, &unit.activation) : SY_NONE;
        if (used && codes[o] == SY_NONE)
            return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "its result stays float");
    }
    return rule(maker, &unit);
}

/* Codes on another grid. */
static sy_status convert_conversion(sy_tflite_maker *maker, const sy_node *quantize)
{
    const sy_node *from = producer_of(maker->graph, quantize->inputs[0]);
    sy_tflite_operator *made;
    int ends[2];
    SY_TRY(sy_tflite_tensor_of(maker, from->inputs[0], &ends[0]));
    SY_TRY(sy_tflite_tensor_of(maker, quantize->outputs[0], &ends[1]));
    return sy_tflite_add_operator(maker->ctx, maker->model, SY_TFLITE_QUANTIZE, ends, 1, &ends[1], 1, &made);
}

static sy_status convert_nodes(sy_tflite_maker *maker)
{
    for (int n = 0; n < maker->graph->node_count; n++) {
        const sy_node *node = &maker->graph->nodes[n];
        if (sy_node_is(node, "DequantizeLinear") || is_finished_by_another(maker->graph, node))
            continue;
        if (!sy_node_is(node, "QuantizeLinear"))
            SY_TRY(sy_while(maker->ctx, convert_unit(maker, node), "node '%s' (%s)", node->name, node->type));
        else if (sy_node_is(producer_of(maker->graph, node->inputs[0]), "DequantizeLinear"))
            SY_TRY(sy_while(maker->ctx, convert_conversion(maker, node), "node '%s' (%s)", node->name,
                            node->type));
    }
    return SY_OK;
}

/* The codes of each input and output of the network. */
static sy_status convert_ends(sy_tflite_maker *maker)
{
    const sy_graph *graph = maker->graph;
    sy_tflite_model *model = maker->model;
    model->inputs = sy_arena_alloc(&model->arena, (size_t)graph->input_count, sizeof *model->inputs);
    model->outputs = sy_arena_alloc(&model->arena, (size_t)graph->output_count, sizeof *model->outputs);
    SY_TRY(sy_check_alloc(maker->ctx, model->inputs && model->outputs ? model : NULL));
    for (int i = 0; i < graph->input_count; i++) {
        const int reader = sy_graph_only_reader(graph, graph->inputs[i]);
        if (reader == SY_NONE || !sy_node_is(&graph->nodes[reader], "QuantizeLinear"))
            return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "input '%s' is not only quantized",
                           graph->tensors[graph->inputs[i]].name);
        SY_TRY(
            sy_tflite_tensor_of(maker, graph->nodes[reader].outputs[0], &model->inputs[model->input_count]));
        model->input_count++;
    }
    for (int o = 0; o < graph->output_count; o++) {
        const sy_node *dequantize = producer_of(graph, graph->outputs[o]);
        if (!sy_node_is(dequantize, "DequantizeLinear"))
            return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "output '%s' is computed in float",
                           graph->tensors[graph->outputs[o]].name);
        SY_TRY(sy_tflite_tensor_of(maker, dequantize->inputs[0], &model->outputs[model->output_count]));
        model->output_count++;
    }
    return SY_OK;
}

sy_status sy_tflite_from_graph(sy_ctx *ctx, const sy_graph *emitted, sy_tflite_model *out)
{
    sy_tflite_model model = {0};
    sy_tflite_maker maker = {.ctx = ctx, .graph = emitted, .model = &model};
    maker.tensor_of = sy_arena_alloc(&model.arena, (size_t)emitted->tensor_count, sizeof *maker.tensor_of);
    sy_status status = sy_check_alloc(ctx, maker.tensor_of);
    for (int t = 0; status == SY_OK && t < emitted->tensor_count; t++)
        maker.tensor_of[t] = SY_NONE;
    if (status == SY_OK)
        status = convert_ends(&maker);
    if (status == SY_OK)
        status = convert_nodes(&maker);
    if (status == SY_OK)
        *out = model;
    else
        sy_tflite_model_release(&model);
    return status;
}
