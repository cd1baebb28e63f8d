/* Which nodes run on integers. A product does wherever it can, because it is what costs time. Everything else
 * does only between such nodes: on its own it would round twice and gain nothing.
 */
#include <string.h>

#include "ops/lowering.h"
#include "quant/weights.h"
#include "solve/planner.h"

/* Operators that read values at every input; the others at input 0, products at 1 as well. */
static const char *const many_values[] = {"Add",    "Sub", "Mul", "Div", "MatMul",
                                          "Concat", "Min", "Max", "Sum", "Mean"};

sy_quant_rule sy_node_rule(const sy_node *node)
{
    return node->op ? node->op->quant : SY_QUANT_NEVER;
}

bool sy_input_is_value(const sy_graph *graph, const sy_node *node, int i)
{
    if (node->inputs[i] == SY_NONE || graph->tensors[node->inputs[i]].dtype != SY_DTYPE_FLOAT)
        return false;
    if (i == 0 || (i == 1 && sy_node_rule(node) == SY_QUANT_WEIGHTED))
        return true;
    for (size_t k = 0; k < sizeof many_values / sizeof many_values[0]; k++)
        if (strcmp(node->type, many_values[k]) == 0)
            return true;
    return false;
}

static const char *dtype_refusal(sy_planner *planner, const sy_node *node)
{
    const int tensors[] = {node->input_count > 0 ? node->inputs[0] : SY_NONE,
                           node->output_count > 0 ? node->outputs[0] : SY_NONE};
    for (int i = 0; i < 2; i++) {
        if (tensors[i] == SY_NONE)
            return "it has no data";
        const sy_tensor *tensor = &planner->graph->tensors[tensors[i]];
        if (tensor->dtype != SY_DTYPE_FLOAT)
            return sy_arena_printf(&planner->plan->arena, "its data is %s, not float32",
                                   sy_dtype_name(tensor->dtype));
    }
    return NULL;
}

/* The input of a product that is constant; SY_NONE where both operands are computed. */
static int weight_input(const sy_graph *graph, const sy_node *node)
{
    if (node->input_count > 1 && sy_is_constant(graph, node->inputs[1]))
        return 1;
    return sy_node_is(node, "MatMul") && sy_is_constant(graph, node->inputs[0]) ? 0 : SY_NONE;
}

static const char *bias_refusal(sy_planner *planner, const sy_node *node, int weight)
{
    if (node->input_count < 3 || node->inputs[2] == SY_NONE)
        return NULL;
    const sy_tensor *bias = &planner->graph->tensors[node->inputs[2]];
    size_t count = 0;
    if (!bias->data)
        return "its bias is computed";
    if (!sy_shape_count(&bias->shape, &count) || count != sy_weight_outputs(planner->graph, node, weight) ||
        (bias->shape.rank > 1 && bias->shape.dims[bias->shape.rank - 1] != (int64_t)count))
        return "its bias is not one value an output channel";
    return NULL;
}

/* Rows of activations of a Gemm or MatMul; SY_NONE when they depend on the input's shape. */
static int64_t activation_rows(const sy_graph *graph, const sy_node *node)
{
    const sy_shape *shape = &graph->tensors[node->inputs[0]].shape;
    if (shape->rank == SY_NONE)
        return SY_NONE;
    if (sy_node_is(node, "Gemm"))
        return shape->dims[sy_node_int(node, "transA", 0) ? 1 : 0];
    int64_t rows = 1;
    for (int i = 0; i + 1 < shape->rank; i++) {
        if (shape->dims[i] == SY_NONE)
            return SY_NONE;
        rows *= shape->dims[i];
    }
    return rows;
}

static const char *matrix_refusal(sy_planner *planner, const sy_node *node)
{
    const sy_traits *traits = planner->traits;
    const sy_shape *matrix = &planner->graph->tensors[node->inputs[1]].shape;
    if (traits->float_vector && activation_rows(planner->graph, node) == 1)
        return "a product with a single row is faster in float";
    for (int i = matrix->rank - 2; i >= 0 && i < matrix->rank; i++)
        if (matrix->dims[i] != SY_NONE && matrix->dims[i] < traits->matrix_dim_min)
            return sy_arena_printf(&planner->plan->arena,
                                   "a matrix with a side of %lld, less than %d, is faster in float",
                                   (long long)matrix->dims[i], traits->matrix_dim_min);
    return NULL;
}

/* Channels that a product reads, of all groups; SY_NONE when not known. */
static int64_t channels_read(const sy_graph *graph, const sy_node *node)
{
    const sy_shape *w = &graph->tensors[node->inputs[1]].shape;
    if (strcmp(node->type, "Conv") == 0)
        return w->rank > 1 ? w->dims[1] * sy_node_int(node, "group", 1) : SY_NONE;
    if (strcmp(node->type, "Gemm") == 0)
        return w->rank == 2 ? w->dims[sy_node_int(node, "transB", 0) ? 1 : 0] : SY_NONE;
    return w->rank > 1 ? w->dims[strcmp(node->type, "MatMul") == 0 ? w->rank - 2 : 0] : SY_NONE;
}

static const char *channels_refusal(sy_planner *planner, const sy_node *node, int weight)
{
    const bool is_convolution = strncmp(node->type, "Conv", 4) == 0;
    const int64_t read = channels_read(planner->graph, node), least = planner->traits->channels_min;
    const size_t outputs = sy_weight_outputs(planner->graph, node, weight);
    if (read != SY_NONE && read < least)
        return sy_arena_printf(&planner->plan->arena, "%lld input channels, fewer than %lld, gain nothing",
                               (long long)read, (long long)least);
    if (planner->traits->outputs_min && is_convolution && outputs &&
        outputs < (size_t)planner->options->outputs_min)
        return sy_arena_printf(&planner->plan->arena,
                               "%zu output channels are fewer than min_quant_weight_channel = %d", outputs,
                               planner->options->outputs_min);
    return NULL;
}

static const char *weights_refusal(const sy_planner *planner, const sy_node *node, int weight)
{
    if (weight != 1)
        return "its weights are not on the right";
    const int tensor = node->inputs[1];
    if (planner->first_read[tensor + 1] - planner->first_read[tensor] != 1)
        return "its weights are shared with another node";
    if (strcmp(node->type, "MatMul") == 0 && planner->graph->tensors[tensor].shape.rank != 2)
        return "its weights are no matrix";
    return strcmp(node->type, "Gemm") == 0 && sy_node_int(node, "transA", 0) ? "its input is transposed"
                                                                             : NULL;
}

/* Whether a Gemm is a MatMul and an Add. */
static bool is_plain_gemm(const sy_node *node)
{
    return sy_node_is(node, "Gemm") && !sy_node_int(node, "transA", 0) &&
           sy_node_float(node, "alpha", 1) == 1 &&
           (node->input_count < 3 || node->inputs[2] == SY_NONE || sy_node_float(node, "beta", 1) == 1);
}

/* A MatMul, or a Gemm that is one, that gets 4-bit weights: of a constant matrix on the right, of whole
 * blocks and, so that rows begin with a byte, even columns. */
static bool takes_blocks(const sy_planner *planner, const sy_node *node)
{
    const int64_t block = planner->options->block;
    const int rows = sy_node_is(node, "Gemm") && sy_node_int(node, "transB", 0);
    if (!block || (!sy_node_is(node, "MatMul") && !is_plain_gemm(node)) ||
        !sy_is_constant(planner->graph, node->inputs[1]) || sy_is_constant(planner->graph, node->inputs[0]))
        return false;
    const sy_tensor *w = &planner->graph->tensors[node->inputs[1]];
    return w->dtype == SY_DTYPE_FLOAT && w->shape.rank == 2 && w->shape.dims[rows] > 0 &&
           w->shape.dims[rows] % block == 0 && w->shape.dims[!rows] > 0 && w->shape.dims[!rows] % 2 == 0;
}

static const char *product_refusal(sy_planner *planner, const sy_node *node)
{
    const sy_graph *graph = planner->graph;
    const bool is_gemm = sy_node_is(node, "Gemm"), is_matmul = sy_node_is(node, "MatMul");
    const int weight = weight_input(graph, node);
    size_t count;
    if (node->input_count < 2 || node->inputs[1] == SY_NONE)
        return "it has no weights";
    if (graph->tensors[node->inputs[1]].dtype != SY_DTYPE_FLOAT)
        return "its weights are not float32";
    if (weight == SY_NONE && !is_matmul)
        return "its weights are computed";
    if (weight != SY_NONE &&
        (!sy_shape_count(&graph->tensors[node->inputs[weight]].shape, &count) || count == 0))
        return "its weights are empty";
    if (is_gemm && (sy_node_float(node, "alpha", 1) != 1 || sy_node_float(node, "beta", 1) != 1))
        return "its alpha or beta is not 1";
    const char *why = is_matmul ? NULL : bias_refusal(planner, node, weight);
    if (!why && (is_gemm || is_matmul))
        why = matrix_refusal(planner, node);
    if (!why && planner->traits->plain_weights)
        why = weights_refusal(planner, node, weight);
    return why ? why : channels_refusal(planner, node, weight);
}

/* A constant operand of Add, Mul or Concat gets the form of an activation, so it cannot be a weight as well.
 */
static bool shares_a_weight(const sy_planner *planner, const sy_node *node)
{
    for (int i = 0; i < node->input_count; i++) {
        if (!sy_is_constant(planner->graph, node->inputs[i]) || !sy_input_is_value(planner->graph, node, i))
            continue;
        const int tensor = node->inputs[i];
        for (int r = planner->first_read[tensor]; r < planner->first_read[tensor + 1]; r++)
            if (sy_node_rule(&planner->graph->nodes[planner->readers[r]]) == SY_QUANT_WEIGHTED)
                return true;
    }
    return false;
}

/* Why this node cannot run on integers whatever is around it; NULL when it can. */
static const char *own_refusal(sy_planner *planner, int index)
{
    const sy_node *node = &planner->graph->nodes[index];
    const sy_quant_rule rule = sy_node_rule(node);
    if (planner->skipped[index])
        return "skip_quant_node";
    if (rule == SY_QUANT_NEVER || !sy_traits_find(planner->traits, node->type))
        return sy_arena_printf(&planner->plan->arena, "%s has no integer form on this target", node->type);
    const char *why = dtype_refusal(planner, node);
    if (why)
        return why;
    if (rule == SY_QUANT_WEIGHTED)
        return product_refusal(planner, node);
    if (shares_a_weight(planner, node))
        return "it shares a constant with a product";
    const int group = planner->groups.of_node[index];
    if (planner->traits->residual_shortcut_only && sy_node_is(node, "Add") &&
        planner->groups.groups[group].residual_input == SY_NONE)
        return "it joins no shortcut to a product";
    return NULL;
}

/* The Relu or Clip behind a node that its kernel does on the way out, or SY_NONE. What is between the two
 * exists nowhere, so the statistics do not have it either. Groups know those of products and sums.
 */
static int clamp_after(const sy_planner *planner, int index)
{
    const sy_graph *graph = planner->graph;
    const sy_node *node = &graph->nodes[index];
    const int output = node->outputs[0];
    sy_clamp clamp;
    if (!node->op->absorbs_clamp || sy_graph_is_output(graph, output) ||
        planner->first_read[output + 1] - planner->first_read[output] != 1)
        return SY_NONE;
    const int reader = planner->readers[planner->first_read[output]];
    return sy_clamp_of_node(graph, &graph->nodes[reader], &clamp) ? reader : SY_NONE;
}

static void adopt(sy_planner *planner, int head, int follower)
{
    planner->plan->nodes[follower].head = head;
    planner->plan->nodes[head].output = planner->graph->nodes[follower].outputs[0];
}

/* Takes the bias Add and the activation that a head can finish into its node plan. With one of them skipped
 * the whole group is: there is nothing between them to quantize.
 */
static const char *adopt_followers(sy_planner *planner, const sy_group *group)
{
    sy_clamp clamp;
    int activation = group->activation;
    if (activation == SY_NONE && group->bias == SY_NONE)
        activation = clamp_after(planner, group->head);
    if (activation != SY_NONE &&
        !sy_clamp_of_node(planner->graph, &planner->graph->nodes[activation], &clamp))
        activation = SY_NONE;
    if ((group->bias != SY_NONE && planner->skipped[group->bias]) ||
        (activation != SY_NONE && planner->skipped[activation]))
        return "skip_quant_node names the node that finishes it";
    if (group->bias != SY_NONE) {
        planner->plan->nodes[group->head].bias_add = group->bias;
        adopt(planner, group->head, group->bias);
    }
    if (activation != SY_NONE)
        adopt(planner, group->head, activation);
    return NULL;
}

static int head_of(const sy_planner *planner, int node)
{
    const int head = planner->plan->nodes[node].head;
    return head == SY_NONE ? node : head;
}

static bool node_is_quantized(const sy_planner *planner, int node)
{
    return planner->plan->nodes[head_of(planner, node)].quantized;
}

static bool comes_from_integers(const sy_planner *planner, int tensor)
{
    const int producer = planner->graph->tensors[tensor].producer;
    return producer != SY_NONE && node_is_quantized(planner, producer) &&
           (planner->plan->nodes[head_of(planner, producer)].output == tensor ||
            planner->graph->nodes[producer].output_count > 1);
}

static bool inputs_are_integers(const sy_planner *planner, const sy_node *node, bool or_graph_input)
{
    for (int i = 0; i < node->input_count; i++) {
        if (!sy_input_is_value(planner->graph, node, i) || sy_is_constant(planner->graph, node->inputs[i]))
            continue;
        if (!comes_from_integers(planner, node->inputs[i]) &&
            !(or_graph_input && sy_graph_is_input(planner->graph, node->inputs[i])))
            return false;
    }
    return true;
}

/* Does this reader see values at all? Shape and Size do not. */
static bool reads_values(const sy_node *node)
{
    return !sy_node_is(node, "Shape") && !sy_node_is(node, "Size");
}

/* Counts the readers of a tensor that run on integers, and the others; a quantized output of the network is
 * one of the former.
 */
static void count_readers(const sy_planner *planner, int tensor, int *integer, int *floating)
{
    if (sy_graph_is_output(planner->graph, tensor)) {
        *integer += planner->traits->quantize_outputs;
        *floating += !planner->traits->quantize_outputs;
    }
    for (int r = planner->first_read[tensor]; r < planner->first_read[tensor + 1]; r++) {
        const int reader = planner->readers[r];
        if (!reads_values(&planner->graph->nodes[reader]))
            continue;
        const bool quantized = node_is_quantized(planner, reader);
        *integer += quantized;
        *floating += !quantized;
    }
}

/* What is wrong around a node that could run on integers by itself; NULL when nothing is. */
static const char *refusal_of_neighbours(const sy_planner *planner, int index)
{
    const sy_node *node = &planner->graph->nodes[index];
    const sy_node_plan *plan = &planner->plan->nodes[index];
    const sy_quant_rule rule = sy_node_rule(node);
    int integer = 0, floating = 0;
    if (rule == SY_QUANT_WEIGHTED)
        return NULL;
    if (plan->float_input != SY_NONE) /* the sum stays in the accumulator of that product */
        return comes_from_integers(planner, node->inputs[plan->float_input])
                   ? NULL
                   : "the product it would join is float";
    if (!inputs_are_integers(planner, node, rule == SY_QUANT_SAME_SCALE))
        return "what it reads is computed in float";
    if (planner->traits->placement == SY_PLACE_INPUTS)
        return NULL;
    if (rule != SY_QUANT_SAME_SCALE) {
        count_readers(planner, plan->output, &integer, &floating);
        return floating || !integer ? "what reads it is computed in float" : NULL;
    }
    for (int i = 0; i < node->output_count; i++)
        if (node->outputs[i] != SY_NONE)
            count_readers(planner, node->outputs[i], &integer, &floating);
    return integer ? NULL : "what reads it is computed in float";
}

/* Takes nodes out until those left suit each other. Each pass takes at least one, the order does not matter:
 * a node that fails once fails for any smaller set.
 */
static void settle(sy_planner *planner)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (int i = planner->graph->node_count; i-- > 0;) {
            sy_node_plan *node = &planner->plan->nodes[i];
            if (!node->quantized || node->head != SY_NONE)
                continue;
            node->reason = refusal_of_neighbours(planner, i);
            node->quantized = !node->reason;
            changed |= !node->quantized;
        }
    }
}

static bool computes_floats(const sy_graph *graph, const sy_node *node)
{
    for (int i = 0; i < node->output_count; i++)
        if (node->outputs[i] != SY_NONE && sy_dtype_is_float(graph->tensors[node->outputs[i]].dtype))
            return true;
    return false;
}

/* Followers do as their heads; what another node does not finish after all is judged on its own. */
static void settle_followers(sy_planner *planner)
{
    for (int i = 0; i < planner->graph->node_count; i++) {
        sy_node_plan *node = &planner->plan->nodes[i];
        if (node->head == SY_NONE)
            continue;
        const sy_node_plan *head = &planner->plan->nodes[node->head];
        node->quantized = head->quantized;
        if (head->quantized) {
            node->reason = NULL;
            continue;
        }
        node->reason = "what computes its input is float";
        node->head = SY_NONE;
    }
}

static void judge(sy_planner *planner, int index)
{
    const sy_graph *graph = planner->graph;
    const sy_node *node = &graph->nodes[index];
    sy_node_plan *plan = &planner->plan->nodes[index];
    const int group = planner->groups.of_node[index];
    plan->reason = own_refusal(planner, index);
    if (!planner->skipped[index] && takes_blocks(planner, node)) {
        plan->block = planner->options->block;
        plan->reason = "its weights have 4 bits, what they multiply stays float";
    }
    plan->quantized = !plan->reason;
    if (!plan->quantized || planner->groups.groups[group].head != index)
        return;
    plan->reason = adopt_followers(planner, &planner->groups.groups[group]);
    plan->quantized = !plan->reason;
    if (sy_node_rule(node) == SY_QUANT_WEIGHTED)
        plan->weight_input = weight_input(graph, node);
    if (planner->traits->residual_shortcut_only && sy_node_is(node, "Add"))
        plan->float_input = planner->groups.groups[group].residual_input;
}

sy_status sy_plan_nodes(sy_planner *planner)
{
    const sy_graph *graph = planner->graph;
    for (int i = 0; i < graph->node_count; i++)
        planner->plan->nodes[i] =
            (sy_node_plan){.head = SY_NONE,
                           .output = graph->nodes[i].output_count ? graph->nodes[i].outputs[0] : SY_NONE,
                           .float_input = SY_NONE,
                           .weight_input = SY_NONE,
                           .bias_add = SY_NONE};
    for (int i = 0; i < graph->node_count; i++)
        if (!graph->nodes[i].removed)
            judge(planner, i);
    settle(planner);
    settle_followers(planner);
    for (int i = 0; i < graph->node_count; i++)
        if (!computes_floats(graph, &graph->nodes[i]))
            planner->plan->nodes[i].reason = NULL;
    return SY_OK;
}
