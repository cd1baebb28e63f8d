#include "quant/quantize.h"

#include <stdlib.h>

#include "quant/half.h"
#include "quant/rewrite.h"

static const sy_shape scalar = {.rank = 0};

static sy_shape vector_of(size_t count)
{
    return (sy_shape){.rank = 1, .dims = {(int64_t)count}};
}

static sy_dtype dtype_of(const sy_number *number)
{
    if (number->bits > 8)
        return number->is_signed ? SY_DTYPE_INT16 : SY_DTYPE_UINT16;
    return number->is_signed ? SY_DTYPE_INT8 : SY_DTYPE_UINT8;
}

/* The constants of a Q or DQ node: scales as floats, zero points as `dtype`. */
static sy_status add_scales(sy_rewrite *work, const char *base, const sy_scale *scales, int count, int axis,
                            sy_dtype dtype, int *out_scale, int *out_zero)
{
    const sy_shape shape = axis == SY_NONE ? scalar : vector_of((size_t)count);
    const size_t zero_bytes = sy_dtype_bits(dtype) / 8;
    float *values = calloc((size_t)count, sizeof *values);
    unsigned char *zeros = calloc((size_t)count, zero_bytes);
    sy_status status = sy_check_alloc(work->ctx, values && zeros ? values : NULL);
    for (int c = 0; status == SY_OK && c < count; c++) {
        const uint32_t zero = (uint32_t)scales[c].zero;
        values[c] = scales[c].scale;
        for (size_t b = 0; b < zero_bytes; b++) /* little endian, as constants are */
            zeros[(size_t)c * zero_bytes + b] = (unsigned char)(zero >> (8 * b));
    }
    if (status == SY_OK)
        status =
            sy_graph_add_constant(work->ctx, work->graph, sy_rewrite_name(work, base, "_scale"),
                                  SY_DTYPE_FLOAT, &shape, values, (size_t)count * sizeof *values, out_scale);
    if (status == SY_OK)
        status = sy_graph_add_constant(work->ctx, work->graph, sy_rewrite_name(work, base, "_zero_point"),
                                       dtype, &shape, zeros, (size_t)count * zero_bytes, out_zero);
    free(values);
    free(zeros);
    return status;
}

/* q -> DequantizeLinear -> `output`. */
static sy_status add_dequantize(sy_rewrite *work, const char *base, int q, int scale, int zero, int axis,
                                int output)
{
    const int inputs[] = {q, scale, zero};
    int node;
    SY_TRY(sy_rewrite_add_node(work, "DequantizeLinear", sy_rewrite_name(work, base, "_DequantizeLinear"),
                               inputs, 3, output, &node));
    return axis == SY_NONE ? SY_OK : sy_graph_set_attr_int(work->ctx, work->graph, node, "axis", axis);
}

static bool read_as_floats(const sy_rewrite *work, int tensor)
{
    const sy_graph *graph = work->plan->graph;
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->nodes[n].input_count; i++)
            if (graph->nodes[n].inputs[i] == tensor && !sy_plan_reads_integers(work->plan, n, i))
                return true;
    return sy_graph_is_output(graph, tensor);
}

/* Is this the result of a product that gets a Clip: without an activation, and only quantized? */
static bool takes_clip(const sy_rewrite *work, int tensor)
{
    const int producer = work->plan->graph->tensors[tensor].producer;
    if (producer == SY_NONE)
        return false;
    const sy_node_plan *plan = &work->plan->nodes[producer];
    const sy_op_trait *trait = sy_traits_find(work->plan->traits, work->plan->graph->nodes[producer].type);
    return plan->quantized && trait && trait->clip_linear && plan->output == tensor &&
           !read_as_floats(work, tensor);
}

/* `from` -> QuantizeLinear -> DequantizeLinear -> `result`, which may not be there yet. */
static sy_status add_quantize_pair(sy_rewrite *work, const char *base, const sy_form *form, int from,
                                   int *result)
{
    const sy_dtype dtype = dtype_of(&form->number);
    const sy_shape shape = work->graph->tensors[from].shape;
    int q, scale, zero, node;
    SY_TRY(add_scales(work, base, &form->scale, 1, SY_NONE, dtype, &scale, &zero));
    SY_TRY(sy_graph_add_tensor(work->ctx, work->graph, sy_rewrite_name(work, base, "_QuantizeLinear_Output"),
                               dtype, &shape, &q));
    const int inputs[] = {from, scale, zero};
    SY_TRY(sy_rewrite_add_node(work, "QuantizeLinear", sy_rewrite_name(work, base, "_QuantizeLinear"), inputs,
                               3, q, &node));
    if (*result == SY_NONE)
        SY_TRY(sy_graph_add_tensor(work->ctx, work->graph,
                                   sy_rewrite_name(work, base, "_DequantizeLinear_Output"), SY_DTYPE_FLOAT,
                                   &shape, result));
    return add_dequantize(work, base, q, scale, zero, SY_NONE, *result);
}

/* `tensor` -> Clip -> *out, with the ends of the grid as limits. */
static sy_status add_clip(sy_rewrite *work, int tensor, int *out)
{
    const sy_tensor_plan *plan = &work->plan->tensors[tensor];
    const sy_tensor from = work->graph->tensors[tensor];
    const float low = sy_dequantize_value(plan->scales[0], sy_number_lo(&plan->number));
    const float high = sy_dequantize_value(plan->scales[0], sy_number_hi(&plan->number));
    int inputs[3] = {tensor}, node;
    SY_TRY(sy_graph_add_constant(work->ctx, work->graph, sy_rewrite_name(work, from.name, "_min"),
                                 SY_DTYPE_FLOAT, &scalar, &low, sizeof low, &inputs[1]));
    SY_TRY(sy_graph_add_constant(work->ctx, work->graph, sy_rewrite_name(work, from.name, "_max"),
                                 SY_DTYPE_FLOAT, &scalar, &high, sizeof high, &inputs[2]));
    SY_TRY(sy_graph_add_tensor(work->ctx, work->graph, sy_rewrite_name(work, from.name, "_Clip_Output"),
                               SY_DTYPE_FLOAT, &from.shape, out));
    return sy_rewrite_add_node(work, "Clip", sy_rewrite_name(work, from.name, "_Clip"), inputs, 3, *out,
                               &node);
}

static sy_status add_pair(sy_rewrite *work, int tensor)
{
    const sy_tensor_plan *plan = &work->plan->tensors[tensor];
    const sy_form form = {plan->number, plan->scales[0]};
    const bool leaves =
        sy_graph_is_output(work->graph, tensor) && sy_plan_output_is_quantized(work->plan, tensor);
    int source = tensor, result = leaves ? tensor : SY_NONE;
    if (leaves)
        SY_TRY(sy_rewrite_split(work, tensor, "_QuantizeLinear_Input", work->graph->tensors[tensor].dtype,
                                &source));
    else if (takes_clip(work, tensor))
        SY_TRY(add_clip(work, tensor, &source));
    SY_TRY(add_quantize_pair(work, work->graph->tensors[tensor].name, &form, source, &result));
    work->made[tensor] = result;
    return SY_OK;
}

/* The floats of a tensor on another grid than its own, for one reader. */
static sy_status add_conversion(sy_rewrite *work, int tensor, const sy_form *form, int *out)
{
    const char *base = sy_rewrite_name(work, work->plan->graph->tensors[tensor].name, "_converted");
    *out = SY_NONE;
    return add_quantize_pair(work, base, form, work->made[tensor], out);
}

/* Integers of a constant, and what dequantizes them. */
static sy_status add_weight(sy_rewrite *work, int tensor)
{
    const sy_tensor_plan *plan = &work->plan->tensors[tensor];
    const sy_tensor from = work->graph->tensors[tensor];
    const sy_dtype dtype = dtype_of(&plan->number);
    int q, scale, zero, result;
    SY_TRY(sy_rewrite_add_weight(work, tensor, dtype, &q));
    SY_TRY(add_scales(work, from.name, plan->scales, plan->channels, plan->axis, dtype, &scale, &zero));
    SY_TRY(sy_graph_add_tensor(work->ctx, work->graph,
                               sy_rewrite_name(work, from.name, "_DequantizeLinear_Output"), SY_DTYPE_FLOAT,
                               &from.shape, &result));
    work->made[tensor] = result;
    return add_dequantize(work, from.name, q, scale, zero, plan->axis, result);
}

static sy_status make_floats(sy_rewrite *work, int tensor)
{
    if (work->made[tensor] != SY_NONE)
        return SY_OK;
    return work->plan->tensors[tensor].role == SY_ROLE_WEIGHT ? add_weight(work, tensor)
                                                              : add_pair(work, tensor);
}

static sy_status rewire_node(sy_rewrite *work, int node)
{
    for (int i = 0; i < work->plan->graph->nodes[node].input_count; i++) {
        if (!sy_plan_reads_integers(work->plan, node, i))
            continue;
        const int tensor = work->plan->graph->nodes[node].inputs[i];
        const sy_form *reads = work->plan->nodes[node].reads;
        int floats;
        SY_TRY(make_floats(work, tensor));
        floats = work->made[tensor];
        if (reads && reads[i].number.bits)
            SY_TRY(add_conversion(work, tensor, &reads[i], &floats));
        work->graph->nodes[node].inputs[i] = floats;
    }
    return SY_OK;
}

/* Input 2 of a product becomes `tensor`, which may be its first. */
static sy_status set_bias_input(sy_rewrite *work, int node, int tensor)
{
    sy_node *product = &work->graph->nodes[node];
    if (product->input_count > 2) {
        product->inputs[2] = tensor;
        return SY_OK;
    }
    const int inputs[] = {product->inputs[0], product->inputs[1], tensor};
    int *copy = sy_arena_copy(&work->graph->arena, inputs, sizeof inputs);
    SY_TRY(sy_check_alloc(work->ctx, copy));
    product->inputs = copy;
    product->input_count = 3;
    return SY_OK;
}

/* The name a node's bias goes by. */
static const char *bias_name(const sy_rewrite *work, int node)
{
    const int bias = sy_plan_bias_tensor(work->plan, node);
    if (bias != SY_NONE)
        return work->plan->graph->tensors[bias].name;
    return sy_rewrite_name(work, work->plan->graph->nodes[node].name, "_bias");
}

/* int32 at the scales of the product: `out` is the dequantized form. */
static sy_status add_integer_bias(sy_rewrite *work, int node, const float *values, int count, int *out)
{
    const sy_plan *plan = work->plan;
    const sy_node *product = &plan->graph->nodes[node];
    const sy_tensor_plan *weight = &plan->tensors[product->inputs[1]];
    const float x_scale = sy_plan_read_form(plan, node, 0).scale.scale;
    const char *name = bias_name(work, node);
    const int axis = weight->axis == SY_NONE ? SY_NONE : 0;
    const sy_shape shape = vector_of((size_t)count);
    int q, scale, zero;
    int32_t *integers = calloc((size_t)count, sizeof *integers);
    sy_scale *scales = calloc((size_t)count, sizeof *scales);
    sy_status status = sy_check_alloc(work->ctx, integers && scales ? scales : NULL);
    for (int i = 0; status == SY_OK && i < count; i++) {
        const float w_scale = weight->scales[i % weight->channels].scale;
        scales[i].scale = x_scale * w_scale;
        if (!sy_quantize_bias(values[i], x_scale, w_scale, &integers[i]))
            status = sy_fail(work->ctx, SY_E_INTERNAL, "bias %d of node '%s' does not fit in int32", i,
                             product->name);
    }
    if (status != SY_OK)
        goto done;
    SY_TRY_DONE(sy_graph_add_constant(work->ctx, work->graph, sy_rewrite_name(work, name, "_quantized"),
                                      SY_DTYPE_INT32, &shape, integers, (size_t)count * sizeof *integers,
                                      &q));
    SY_TRY_DONE(add_scales(work, sy_rewrite_name(work, name, "_quantized"), scales,
                           axis == SY_NONE ? 1 : count, axis, SY_DTYPE_INT32, &scale, &zero));
    SY_TRY_DONE(sy_graph_add_tensor(work->ctx, work->graph,
                                    sy_rewrite_name(work, name, "_DequantizeLinear_Output"), SY_DTYPE_FLOAT,
                                    &shape, out));
    SY_TRY_DONE(add_dequantize(work, name, q, scale, zero, axis, *out));
done:
    free(integers);
    free(scales);
    return status;
}

/* A MatMul has no bias of its own: the Add behind it takes the new one, or there is an Add from now on. */
static sy_status add_matmul_bias(sy_rewrite *work, int node, int bias)
{
    const sy_node_plan *plan = &work->plan->nodes[node];
    if (plan->bias_add != SY_NONE) {
        sy_node *add = &work->graph->nodes[plan->bias_add];
        add->inputs[work->plan->graph->tensors[add->inputs[0]].data ? 0 : 1] = bias;
        return SY_OK;
    }
    const sy_node *product = &work->graph->nodes[node];
    const int output = product->outputs[0];
    const char *name = sy_rewrite_name(work, product->name, "_bias_Add");
    int raw, add;
    SY_TRY(sy_graph_add_tensor(work->ctx, work->graph, sy_rewrite_name(work, product->name, "_without_bias"),
                               SY_DTYPE_FLOAT, &work->graph->tensors[output].shape, &raw));
    work->graph->nodes[node].outputs[0] = raw;
    work->graph->tensors[raw].producer = node;
    const int inputs[] = {raw, bias};
    return sy_rewrite_add_node(work, "Add", name, inputs, 2, output, &add);
}

/* A float bias is written as the nearest multiple of x_scale * w_scale: some runtimes turn biases into
 * integers of that grid on loading, others keep the floats, and so both compute the same.
 */
static sy_status add_float_bias(sy_rewrite *work, int node, float *values, int count, int *out)
{
    const sy_shape shape = vector_of((size_t)count);
    const sy_node *product = &work->plan->graph->nodes[node];
    const sy_tensor_plan *weight = &work->plan->tensors[product->inputs[1]];
    const float x_scale = sy_plan_read_form(work->plan, node, 0).scale.scale;
    for (int i = 0; i < count; i++) {
        const float w_scale = weight->scales[i % weight->channels].scale;
        int32_t code;
        if (sy_quantize_bias(values[i], x_scale, w_scale, &code))
            values[i] = (float)code * (x_scale * w_scale);
    }
    return sy_graph_add_constant(work->ctx, work->graph,
                                 sy_rewrite_name(work, bias_name(work, node), "_rounded"), SY_DTYPE_FLOAT,
                                 &shape, values, (size_t)count * sizeof *values, out);
}

static sy_status attach_bias(sy_rewrite *work, int node, int bias)
{
    if (sy_node_is(&work->plan->graph->nodes[node], "MatMul"))
        return add_matmul_bias(work, node, bias);
    return set_bias_input(work, node, bias);
}

/* Biases of products with constant weights become int32 where the target wants that, else floats on the same
 * grid.
 */
static sy_status quantize_bias(sy_rewrite *work, int node)
{
    const int channels = sy_plan_channels(work->plan, node);
    const bool integer = work->plan->traits->int32_bias;
    int count = 0, bias = SY_NONE;
    if (!channels)
        return SY_OK;
    float *values = calloc((size_t)channels, sizeof *values);
    SY_TRY(sy_check_alloc(work->ctx, values));
    sy_status status = sy_plan_bias(work->ctx, work->plan, node, values, &count);
    if (status == SY_OK && count)
        status = integer ? add_integer_bias(work, node, values, count, &bias)
                         : add_float_bias(work, node, values, count, &bias);
    free(values);
    return status == SY_OK && count ? attach_bias(work, node, bias) : status;
}

static int opset_of(const sy_plan *plan)
{
    for (int n = 0; n < plan->graph->node_count; n++) {
        if (plan->nodes[n].wide)
            return plan->traits->wide_opset_min;
        if (plan->nodes[n].block)
            return plan->traits->block_opset_min;
    }
    return plan->half ? plan->traits->half_opset_min : plan->traits->opset_min;
}

static sy_status rewire(sy_rewrite *work)
{
    const sy_graph *graph = work->plan->graph;
    for (int n = 0; n < graph->node_count; n++)
        SY_TRY(rewire_node(work, n));
    for (int o = 0; o < graph->output_count; o++)
        if (sy_plan_output_is_quantized(work->plan, graph->outputs[o]))
            SY_TRY(make_floats(work, graph->outputs[o]));
    for (int n = 0; n < graph->node_count; n++)
        SY_TRY(quantize_bias(work, n));
    return work->plan->half ? sy_graph_to_half(work->ctx, work->graph) : SY_OK;
}

sy_status sy_quantize_graph(sy_ctx *ctx, const sy_plan *plan, sy_graph **out)
{
    return sy_rewrite_graph(ctx, plan, opset_of(plan), rewire, out);
}
