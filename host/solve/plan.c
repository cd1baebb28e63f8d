#include "solve/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "solve/planner.h"

static sy_status start_plan(sy_planner *planner)
{
    sy_plan *plan = calloc(1, sizeof *plan);
    SY_TRY(sy_check_alloc(planner->ctx, plan));
    planner->plan = plan;
    plan->graph = planner->graph;
    plan->traits = planner->traits;
    plan->half = planner->options->half;
    plan->tensors = sy_arena_alloc(&plan->arena, (size_t)planner->graph->tensor_count, sizeof *plan->tensors);
    plan->nodes = sy_arena_alloc(&plan->arena, (size_t)planner->graph->node_count, sizeof *plan->nodes);
    SY_TRY(sy_check_alloc(planner->ctx, plan->tensors));
    SY_TRY(sy_check_alloc(planner->ctx, plan->nodes));
    for (int t = 0; t < planner->graph->tensor_count; t++) {
        plan->tensors[t].axis = SY_NONE;
        plan->tensors[t].snr_db = NAN;
    }
    return SY_OK;
}

/* Lists the readers of every tensor, so that asking for them does not walk the graph. */
static sy_status index_readers(sy_planner *planner, sy_arena *arena)
{
    const sy_graph *graph = planner->graph;
    const size_t tensors = (size_t)graph->tensor_count;
    size_t reads = 0;
    for (int n = 0; n < graph->node_count; n++)
        reads += (size_t)graph->nodes[n].input_count;
    planner->first_read = sy_arena_alloc(arena, tensors + 2, sizeof *planner->first_read);
    planner->readers = sy_arena_alloc(arena, reads, sizeof *planner->readers);
    SY_TRY(sy_check_alloc(planner->ctx, planner->first_read));
    SY_TRY(sy_check_alloc(planner->ctx, planner->readers));

    /* Counting sort: counts two places up, sums them, then fills; each place ends where it should begin. */
    int *first = planner->first_read;
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->nodes[n].input_count && !graph->nodes[n].removed; i++)
            if (graph->nodes[n].inputs[i] != SY_NONE)
                first[graph->nodes[n].inputs[i] + 2]++;
    for (size_t t = 2; t < tensors + 2; t++)
        first[t] += first[t - 1];
    for (int n = 0; n < graph->node_count; n++)
        for (int i = 0; i < graph->nodes[n].input_count && !graph->nodes[n].removed; i++)
            if (graph->nodes[n].inputs[i] != SY_NONE)
                planner->readers[first[graph->nodes[n].inputs[i] + 1]++] = n;
    return SY_OK;
}

static sy_status check_names(sy_ctx *ctx, const sy_graph *graph, const char *key, const char *const *names,
                             int count)
{
    for (int i = 0; i < count; i++) {
        if (sy_graph_find_node(graph, names[i]) != SY_NONE)
            continue;
        const char *nearest = sy_text_nearest(names[i], &graph->nodes[0].name, sizeof graph->nodes[0],
                                              (size_t)graph->node_count);
        return sy_fail(ctx, SY_E_CONFIG, "%s names '%s', which is no node of the model%s%s%s", key, names[i],
                       nearest ? ": did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    }
    return SY_OK;
}

sy_status sy_plan_check_nodes(sy_ctx *ctx, const sy_graph *graph, const sy_plan_options *options)
{
    SY_TRY(check_names(ctx, graph, "skip_quant_node", options->skip_nodes, options->skip_count));
    return check_names(ctx, graph, "activation_16bit_node", options->wide_nodes, options->wide_count);
}

sy_status sy_plan_check_widths(sy_ctx *ctx, const sy_traits *traits, const sy_plan_options *options)
{
    if (options->half && !traits->half_opset_min)
        return sy_fail(
            ctx, SY_E_UNSUPPORTED,
            "this target has no float16: leave float_type = FP16 out, or ask for a target that has it");
    if (options->block && !traits->block_opset_min)
        return sy_fail(
            ctx, SY_E_UNSUPPORTED,
            "this target has no 4-bit weights: leave int4_block_size out, or ask for a target that has them");
    if (traits->wide.bits || (!options->wide && !options->wide_count))
        return SY_OK;
    return sy_fail(ctx, SY_E_UNSUPPORTED,
                   "this target has no 16-bit activations: leave %s out, or ask for a target that has them",
                   options->wide ? "activation_bit_num = 16" : "activation_16bit_node");
}

static sy_status find_named(sy_planner *planner, sy_arena *arena)
{
    const sy_graph *graph = planner->graph;
    SY_TRY(sy_plan_check_nodes(planner->ctx, graph, planner->options));
    planner->skipped = sy_arena_alloc(arena, (size_t)graph->node_count, sizeof *planner->skipped);
    planner->wide = sy_arena_alloc(arena, (size_t)graph->node_count, sizeof *planner->wide);
    SY_TRY(sy_check_alloc(planner->ctx, planner->skipped));
    SY_TRY(sy_check_alloc(planner->ctx, planner->wide));
    for (int i = 0; i < planner->options->skip_count; i++)
        planner->skipped[sy_graph_find_node(graph, planner->options->skip_nodes[i])] = true;
    for (int i = 0; i < planner->options->wide_count; i++)
        planner->wide[sy_graph_find_node(graph, planner->options->wide_nodes[i])] = true;
    return SY_OK;
}

/* A file without integers is a valid one, and no success. */
static void warn_when_float(const sy_planner *planner)
{
    const sy_graph *graph = planner->graph;
    const sy_node_plan *nodes = planner->plan->nodes;
    int product = SY_NONE;
    for (int n = 0; n < graph->node_count; n++) {
        if (nodes[n].quantized)
            return;
        if (product == SY_NONE && sy_node_rule(&graph->nodes[n]) == SY_QUANT_WEIGHTED)
            product = n;
    }
    if (product == SY_NONE)
        sy_log(planner->ctx, SY_LOG_WARN,
               "nothing is quantized: the model has no convolution or matrix product");
    else
        sy_log(planner->ctx, SY_LOG_WARN, "nothing is quantized; of the first product, '%s' (%s): %s",
               graph->nodes[product].name, graph->nodes[product].type, nodes[product].reason);
}

sy_status sy_plan_create(sy_ctx *ctx, const sy_graph *graph, const sy_stats *stats, const sy_traits *traits,
                         const sy_plan_options *options, sy_plan **out)
{
    sy_planner planner = {.ctx = ctx, .graph = graph, .stats = stats, .traits = traits, .options = options};
    sy_arena working = {0};
    sy_status status;
    SY_TRY_DONE(start_plan(&planner));
    SY_TRY_DONE(index_readers(&planner, &working));
    SY_TRY_DONE(sy_plan_check_widths(ctx, traits, options));
    SY_TRY_DONE(sy_plan_check_half(&planner));
    SY_TRY_DONE(find_named(&planner, &working));
    SY_TRY_DONE(sy_groups_find(ctx, graph, &working, &planner.groups));
    SY_TRY_DONE(sy_plan_nodes(&planner));
    sy_plan_tensors(&planner);
    SY_TRY_DONE(sy_plan_ranges(&planner));
    SY_TRY_DONE(sy_plan_weights(&planner));
    warn_when_float(&planner);
    *out = planner.plan;
    planner.plan = NULL;
done:
    sy_plan_destroy(planner.plan);
    sy_arena_release(&working);
    return status;
}

void sy_plan_destroy(sy_plan *plan)
{
    if (!plan)
        return;
    sy_arena_release(&plan->arena);
    free(plan);
}

sy_status sy_plan_set_bias(sy_ctx *ctx, sy_plan *plan, int node, const float *values, int count)
{
    const int channels = sy_plan_channels(plan, node);
    const char *name = plan->graph->nodes[node].name;
    if (!channels)
        return sy_fail(ctx, SY_E_ARGUMENT,
                       "node '%s' is no quantized product with constant weights: it takes no bias", name);
    if (count != channels)
        return sy_fail(ctx, SY_E_ARGUMENT, "node '%s' has %d output channels, not %d", name, channels, count);
    float *bias = sy_arena_copy(&plan->arena, values, (size_t)count * sizeof *values);
    SY_TRY(sy_check_alloc(ctx, bias));
    plan->nodes[node].bias = bias;
    plan->nodes[node].bias_count = count;
    return sy_plan_fit_bias(ctx, plan, node);
}

bool sy_plan_reads_integers(const sy_plan *plan, int node, int i)
{
    const int tensor = plan->graph->nodes[node].inputs[i];
    const sy_node_plan *reader = &plan->nodes[node];
    if (tensor == SY_NONE)
        return false;
    switch (plan->tensors[tensor].role) {
    case SY_ROLE_ACTIVATION:
        return plan->tensors[tensor].stored || (reader->quantized && i != reader->float_input);
    case SY_ROLE_WEIGHT:
        return reader->quantized && reader->head == SY_NONE &&
               sy_input_is_value(plan->graph, &plan->graph->nodes[node], i);
    default: return false;
    }
}

sy_form sy_plan_read_form(const sy_plan *plan, int node, int i)
{
    const sy_form *reads = plan->nodes[node].reads;
    const sy_tensor_plan *tensor = &plan->tensors[plan->graph->nodes[node].inputs[i]];
    return reads && reads[i].number.bits ? reads[i] : (sy_form){tensor->number, tensor->scales[0]};
}

bool sy_plan_output_is_quantized(const sy_plan *plan, int tensor)
{
    return plan->tensors[tensor].role == SY_ROLE_ACTIVATION && plan->tensors[tensor].stored;
}

static void print_tensor(const sy_plan *plan, int index, sy_text *out)
{
    static const char *const roles[] = {"float", "activation", "weight", "bias"};
    const sy_tensor_plan *tensor = &plan->tensors[index];
    if (!tensor->scales)
        return;
    sy_text_printf(out, "%s %s: %s%s%d", roles[tensor->role], plan->graph->tensors[index].name,
                   tensor->number.symmetric ? "symmetric " : "", tensor->number.is_signed ? "int" : "uint",
                   tensor->number.bits);
    if (tensor->axis != SY_NONE)
        sy_text_printf(out, ", %d scales along axis %d", tensor->channels, tensor->axis);
    else
        sy_text_printf(out, ", scale %.9g zero %d", (double)tensor->scales[0].scale,
                       (int)tensor->scales[0].zero);
    if (tensor->role == SY_ROLE_ACTIVATION)
        sy_text_printf(out, ", range [%.9g, %.9g], clipped %.3g", (double)tensor->range.min,
                       (double)tensor->range.max, tensor->clipped);
    if (!isnan(tensor->snr_db))
        sy_text_printf(out, ", %.1f dB", tensor->snr_db);
    sy_text_printf(out, ", %s\n", tensor->method);
}

void sy_plan_print(const sy_plan *plan, sy_text *out)
{
    for (int t = 0; t < plan->graph->tensor_count; t++)
        print_tensor(plan, t, out);
    for (int n = 0; n < plan->graph->node_count; n++)
        if (plan->nodes[n].reason)
            sy_text_printf(out, "float %s (%s): %s\n", plan->graph->nodes[n].name, plan->graph->nodes[n].type,
                           plan->nodes[n].reason);
}
