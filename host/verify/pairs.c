#include "verify/pairs.h"

#include "compare/inputs.h"

/* What the quantized graph has of tensor `name`: the values behind QuantizeLinear and DequantizeLinear where
 * it has those (then they are what later layers see), else the tensor itself.
 */
static int counterpart(const sy_graph *graph, const char *name)
{
    int tensor = sy_graph_find_tensor(graph, name);
    if (tensor == SY_NONE || graph->tensors[tensor].data)
        return SY_NONE;
    int readers[8];
    int count = sy_graph_consumers(graph, tensor, readers, 8);
    for (int i = 0; i < count && i < 8; i++) {
        const sy_node *quantize = &graph->nodes[readers[i]];
        if (!sy_node_is(quantize, "QuantizeLinear"))
            continue;
        int next[8];
        int next_count = sy_graph_consumers(graph, quantize->outputs[0], next, 8);
        for (int k = 0; k < next_count && k < 8; k++)
            if (sy_node_is(&graph->nodes[next[k]], "DequantizeLinear"))
                return graph->nodes[next[k]].outputs[0];
    }
    return tensor;
}

static bool comparable(const sy_graph *a, int x, const sy_graph *b, int y)
{
    size_t count;
    return y != SY_NONE && sy_dtype_is_float(a->tensors[x].dtype) && sy_dtype_is_float(b->tensors[y].dtype) &&
           sy_shape_equal(&a->tensors[x].shape, &b->tensors[y].shape) &&
           sy_shape_count(&a->tensors[x].shape, &count) && count > 0;
}

static sy_status pair_inputs(sy_ctx *ctx, const sy_graph *a, const sy_graph *b, sy_arena *arena,
                             sy_pairs *out)
{
    SY_TRY(sy_inputs_match(ctx, a, b, arena, &out->inputs));
    for (int i = 0; i < b->input_count; i++) {
        const sy_tensor *tensor = &b->tensors[b->inputs[i]];
        if (!sy_shape_equal(&a->tensors[a->inputs[out->inputs[i]]].shape, &tensor->shape))
            return sy_fail(ctx, SY_E_DATA, "input '%s' differs in shape between the two models",
                           tensor->name);
    }
    return SY_OK;
}

static sy_status pair_outputs(sy_ctx *ctx, const sy_graph *a, const sy_graph *b, sy_pairs *out)
{
    for (int i = 0; i < a->output_count; i++) {
        const sy_tensor *tensor = &a->tensors[a->outputs[i]];
        int other = sy_graph_find_tensor(b, tensor->name);
        if (!sy_dtype_is_float(tensor->dtype))
            continue;
        if (other == SY_NONE || !sy_graph_is_output(b, other))
            return sy_fail(ctx, SY_E_DATA,
                           "the quantized model has no output '%s': is it made of this float model?",
                           tensor->name);
        if (!comparable(a, a->outputs[i], b, other))
            return sy_fail(ctx, SY_E_DATA, "output '%s' differs in type or shape between the two models",
                           tensor->name);
        sy_pair *pair = &out->outputs[out->output_count++];
        *pair = (sy_pair){.reference = a->outputs[i], .quantized = other, .offset = out->output_words};
        sy_shape_count(&tensor->shape, &pair->words);
        out->output_words += pair->words;
    }
    if (out->output_count == 0)
        return sy_fail(ctx, SY_E_DATA, "the float model has no output of floats to compare");
    return SY_OK;
}

static void pair_tensors(const sy_graph *a, const sy_graph *b, sy_pairs *out)
{
    for (int n = 0; n < a->node_count; n++)
        for (int o = 0; o < a->nodes[n].output_count; o++) {
            int tensor = a->nodes[n].outputs[o];
            int other = tensor == SY_NONE ? SY_NONE : counterpart(b, a->tensors[tensor].name);
            if (tensor == SY_NONE || !comparable(a, tensor, b, other) || sy_graph_is_input(b, other))
                continue;
            sy_pair *pair = &out->tensors[out->tensor_count++];
            *pair = (sy_pair){.reference = tensor, .quantized = other, .offset = out->activation_words};
            sy_shape_count(&a->tensors[tensor].shape, &pair->words);
            out->activation_words += pair->words;
        }
}

sy_status sy_pairs_find(sy_ctx *ctx, const sy_graph *reference, const sy_graph *quantized, bool inner,
                        sy_arena *arena, sy_pairs *out)
{
    *out = (sy_pairs){0};
    out->outputs = sy_arena_alloc(arena, (size_t)reference->output_count, sizeof *out->outputs);
    out->tensors = sy_arena_alloc(arena, (size_t)reference->tensor_count, sizeof *out->tensors);
    SY_TRY(sy_check_alloc(ctx, out->outputs && out->tensors ? out : NULL));
    SY_TRY(pair_inputs(ctx, reference, quantized, arena, out));
    SY_TRY(pair_outputs(ctx, reference, quantized, out));
    if (inner)
        pair_tensors(reference, quantized, out);
    return SY_OK;
}
