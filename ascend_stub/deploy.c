#include "ascend_stub/deploy.h"

#include <stdlib.h>
#include <string.h>

#include "import/import.h"
#include "quant/rewrite.h"

/* x -> AscendQuant -> *out, once for all that read it. */
static sy_status quantize_activation(sy_rewrite *work, int tensor, int *out)
{
    const sy_tensor from = work->graph->tensors[tensor];
    const sy_scale scale = work->plan->tensors[tensor].scales[0];
    int node;
    if (work->made[tensor] == SY_NONE) {
        SY_TRY(sy_graph_add_tensor(work->ctx, work->graph, sy_rewrite_name(work, from.name, "_quantized"),
                                   SY_DTYPE_INT8, &from.shape, &work->made[tensor]));
        SY_TRY(sy_rewrite_add_node(work, "AscendQuant", sy_rewrite_name(work, from.name, "_AscendQuant"),
                                   &tensor, 1, work->made[tensor], &node));
        SY_TRY(sy_graph_set_attr_float(work->ctx, work->graph, node, "scale", 1 / scale.scale));
        SY_TRY(sy_graph_set_attr_float(work->ctx, work->graph, node, "offset", (float)scale.zero));
        SY_TRY(sy_graph_set_attr_string(work->ctx, work->graph, node, "dst_type", "INT8"));
    }
    *out = work->made[tensor];
    return SY_OK;
}

/* Scales of the weights of a product and of its input. */
typedef struct scales {
    const sy_tensor_plan *weight;
    float x;
} scales;

static scales scales_of(const sy_rewrite *work, int node)
{
    const int *inputs = work->plan->graph->nodes[node].inputs;
    return (scales){&work->plan->tensors[inputs[1]], work->plan->tensors[inputs[0]].scales[0].scale};
}

/* That of output channel c; ConvTranspose with groups has one for the channels at the same place in each. */
static float weight_scale(const scales *both, int c)
{
    return both->weight->scales[c % both->weight->channels].scale;
}

/* The int32 bias of a product; *out SY_NONE where it has none. */
static sy_status quantize_bias(sy_rewrite *work, int node, int *out)
{
    const int channels = sy_plan_channels(work->plan, node), bias = sy_plan_bias_tensor(work->plan, node);
    const char *product = work->plan->graph->nodes[node].name;
    const char *name =
        bias == SY_NONE ? sy_rewrite_name(work, product, "_bias") : work->plan->graph->tensors[bias].name;
    const scales both = scales_of(work, node);
    const sy_shape shape = {.rank = 1, .dims = {channels}};
    int count = 0;
    float *values = calloc((size_t)channels, sizeof *values);
    int32_t *integers = calloc((size_t)channels, sizeof *integers);
    sy_status status = sy_check_alloc(work->ctx, values && integers ? values : NULL);
    *out = SY_NONE;
    if (status == SY_OK)
        status = sy_plan_bias(work->ctx, work->plan, node, values, &count);
    for (int i = 0; status == SY_OK && i < count; i++)
        if (!sy_quantize_bias(values[i], both.x, weight_scale(&both, i), &integers[i]))
            status =
                sy_fail(work->ctx, SY_E_INTERNAL, "bias %d of node '%s' does not fit in int32", i, product);
    if (status == SY_OK && count)
        status =
            sy_graph_add_constant(work->ctx, work->graph, sy_rewrite_name(work, name, "_quantized"),
                                  SY_DTYPE_INT32, &shape, integers, (size_t)channels * sizeof *integers, out);
    free(values);
    free(integers);
    return status;
}

/* float32 products of both scales in the low halves of uint64: one for each output channel, or one. */
static sy_status add_deq_scales(sy_rewrite *work, int node, const char *result, int *out)
{
    const scales both = scales_of(work, node);
    const int count = both.weight->channels > 1 ? sy_plan_channels(work->plan, node) : 1;
    const sy_shape shape = {.rank = 1, .dims = {count}};
    uint64_t *words = calloc((size_t)count, sizeof *words);
    SY_TRY(sy_check_alloc(work->ctx, words));
    for (int c = 0; c < count; c++) {
        const float deq = both.x * weight_scale(&both, c);
        memcpy(&words[c], &deq, sizeof deq); /* little endian, as the file and this machine */
    }
    const sy_status status =
        sy_graph_add_constant(work->ctx, work->graph, sy_rewrite_name(work, result, "_deq_scale"),
                              SY_DTYPE_UINT64, &shape, words, (size_t)count * sizeof *words, out);
    free(words);
    return status;
}

/* sum -> AscendDequant -> result. */
static sy_status dequantize(sy_rewrite *work, int node, int sum, int result)
{
    const char *name = work->graph->tensors[result].name;
    int inputs[2] = {sum, SY_NONE}, dequant;
    SY_TRY(add_deq_scales(work, node, name, &inputs[1]));
    SY_TRY(sy_rewrite_add_node(work, "AscendDequant", sy_rewrite_name(work, name, "_AscendDequant"), inputs,
                               2, result, &dequant));
    return sy_graph_set_attr_int(work->ctx, work->graph, dequant, "dtype", 0);
}

/* The bias of a MatMul is added behind it, as int32: by the Add of the graph, or by a new one. */
static sy_status end_matmul(sy_rewrite *work, int node, int bias)
{
    const int add = work->plan->nodes[node].bias_add;
    const char *name = work->plan->graph->nodes[node].name;
    int result = work->plan->graph->nodes[node].outputs[0], product, sum, made;
    SY_TRY(sy_rewrite_split(work, result, "_accumulator", SY_DTYPE_INT32, &product));
    if (add != SY_NONE) {
        result = work->plan->graph->nodes[add].outputs[0];
        sy_node *reader = &work->graph->nodes[add];
        const int constant = work->plan->graph->tensors[reader->inputs[0]].data ? 0 : 1;
        reader->inputs[constant] = bias;
        reader->inputs[1 - constant] = product;
        SY_TRY(sy_rewrite_split(work, result, "_accumulator", SY_DTYPE_INT32, &sum));
        return dequantize(work, node, sum, result);
    }
    if (bias == SY_NONE)
        return dequantize(work, node, product, result);
    const sy_shape shape = work->graph->tensors[product].shape;
    const int inputs[] = {product, bias};
    SY_TRY(sy_graph_add_tensor(work->ctx, work->graph, sy_rewrite_name(work, name, "_with_bias"),
                               SY_DTYPE_INT32, &shape, &sum));
    SY_TRY(sy_rewrite_add_node(work, "Add", sy_rewrite_name(work, name, "_bias_Add"), inputs, 2, sum, &made));
    return dequantize(work, node, sum, result);
}

static sy_status set_inputs(sy_rewrite *work, int node, int x, int weight, int bias)
{
    const int inputs[] = {x, weight, bias};
    sy_node *product = &work->graph->nodes[node];
    int *copy = sy_arena_copy(&work->graph->arena, inputs, sizeof inputs);
    SY_TRY(sy_check_alloc(work->ctx, copy));
    product->inputs = copy;
    product->input_count = bias == SY_NONE ? 2 : 3;
    return SY_OK;
}

static sy_status deploy_product(sy_rewrite *work, int node)
{
    const sy_node *from = &work->plan->graph->nodes[node];
    const bool is_matmul = strcmp(from->type, "MatMul") == 0;
    int x, weight, bias, sum;
    SY_TRY(quantize_activation(work, from->inputs[0], &x));
    SY_TRY(sy_rewrite_add_weight(work, from->inputs[1], SY_DTYPE_INT8, &weight));
    SY_TRY(quantize_bias(work, node, &bias));
    SY_TRY(set_inputs(work, node, x, weight, is_matmul ? SY_NONE : bias));
    if (is_matmul)
        return end_matmul(work, node, bias);
    SY_TRY(sy_rewrite_split(work, from->outputs[0], "_accumulator", SY_DTYPE_INT32, &sum));
    return dequantize(work, node, sum, from->outputs[0]);
}

static sy_status rewire(sy_rewrite *work)
{
    for (int n = 0; n < work->plan->graph->node_count; n++) {
        const sy_node_plan *plan = &work->plan->nodes[n];
        if (plan->quantized && plan->head == SY_NONE)
            SY_TRY(deploy_product(work, n));
    }
    return SY_OK;
}

sy_status sy_ascend_deploy(sy_ctx *ctx, const sy_plan *plan, sy_graph **out)
{
    return sy_rewrite_graph(ctx, plan, plan->traits->opset_min, rewire, out);
}

sy_status sy_ascend_emit(sy_ctx *ctx, const sy_plan *plan, const char *path)
{
    sy_graph *deployed = NULL;
    SY_TRY(sy_ascend_deploy(ctx, plan, &deployed));
    const sy_status status = sy_export_onnx(ctx, deployed, path);
    sy_graph_destroy(deployed);
    return status;
}
