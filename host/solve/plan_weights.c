/* Scales of weights: the largest value of each channel is the last code. A weight read by several products
 * has one form, which must suit them all.
 *
 * A bias must fit in int32 at the scale of its products also where the target's biases are float: runtimes
 * that compute on integers quantize them on their own, and then let them overflow.
 */
#include <math.h>
#include <stdlib.h>

#include "base/log.h"
#include "quant/weights.h"
#include "solve/planner.h"

/* Where a constant operand is what a quantized product reads, the tensor; else SY_NONE. */
static int weight_of(const sy_plan *plan, int node)
{
    const sy_node_plan *entry = &plan->nodes[node];
    if (!entry->quantized || entry->weight_input == SY_NONE)
        return SY_NONE;
    return plan->graph->nodes[node].inputs[entry->weight_input];
}

static sy_status read_floats(sy_ctx *ctx, const sy_tensor *tensor, float **out, size_t *out_count)
{
    size_t count;
    if (!sy_shape_count(&tensor->shape, &count))
        return sy_fail(ctx, SY_E_MODEL, "constant '%s' has no shape", tensor->name);
    float *values = malloc(count ? count * sizeof *values : 1);
    SY_TRY(sy_check_alloc(ctx, values));
    const sy_status status = sy_tensor_to_f32(ctx, tensor, values, count);
    if (status != SY_OK) {
        free(values);
        return status;
    }
    *out = values;
    *out_count = count;
    return SY_OK;
}

int sy_plan_channels(const sy_plan *plan, int node)
{
    if (weight_of(plan, node) == SY_NONE)
        return 0;
    return (int)sy_weight_outputs(plan->graph, &plan->graph->nodes[node], plan->nodes[node].weight_input);
}

int sy_plan_bias_tensor(const sy_plan *plan, int node)
{
    const sy_node *from = &plan->graph->nodes[node];
    const sy_node_plan *entry = &plan->nodes[node];
    if (entry->bias_add != SY_NONE) {
        const sy_node *add = &plan->graph->nodes[entry->bias_add];
        return add->inputs[sy_is_constant(plan->graph, add->inputs[0]) ? 0 : 1];
    }
    return sy_node_rule(from) == SY_QUANT_WEIGHTED && from->input_count > 2 ? from->inputs[2] : SY_NONE;
}

sy_status sy_plan_bias(sy_ctx *ctx, const sy_plan *plan, int node, float *out, int *out_count)
{
    const sy_node_plan *entry = &plan->nodes[node];
    const int bias = sy_plan_bias_tensor(plan, node), channels = sy_plan_channels(plan, node);
    size_t count = 0;
    *out_count = 0;
    if (entry->bias) {
        for (int i = 0; i < entry->bias_count; i++)
            out[i] = entry->bias[i];
        *out_count = entry->bias_count;
        return SY_OK;
    }
    if (bias == SY_NONE || !channels)
        return SY_OK;
    const sy_tensor *tensor = &plan->graph->tensors[bias];
    if (!sy_shape_count(&tensor->shape, &count) || (count != (size_t)channels && count != 1))
        return sy_fail(ctx, SY_E_MODEL, "bias '%s' holds %zu values, node '%s' has %d output channels",
                       tensor->name, count, plan->graph->nodes[node].name, channels);
    SY_TRY(sy_tensor_to_f32(ctx, tensor, out, count));
    for (int i = (int)count; i < channels; i++) /* one number for all */
        out[i] = out[0];
    *out_count = channels;
    return SY_OK;
}

/* The scale of the other operand. */
static float x_scale_of(const sy_plan *plan, int node)
{
    return sy_plan_read_form(plan, node, plan->nodes[node].weight_input == 0 ? 1 : 0).scale.scale;
}

/* The least weight scale with which products can reach the result on this target. */
static float least_scale(const sy_plan *plan, int node)
{
    const int output = plan->nodes[node].output;
    if (!plan->traits->factor_bits || output == SY_NONE || !plan->tensors[output].stored)
        return 0;
    return ldexpf(plan->tensors[output].scales[0].scale / x_scale_of(plan, node), -plan->traits->factor_bits);
}

/* The weight channel an output channel belongs to: with groups, ConvTranspose uses one for several. */
static int channel_of(const sy_tensor_plan *weight, int output)
{
    return output % weight->channels;
}

sy_status sy_plan_fit_bias(sy_ctx *ctx, sy_plan *plan, int node)
{
    const int tensor = weight_of(plan, node), outputs = sy_plan_channels(plan, node);
    if (tensor == SY_NONE || !outputs)
        return SY_OK;
    sy_tensor_plan *weight = &plan->tensors[tensor];
    const float x_scale = x_scale_of(plan, node), least = least_scale(plan, node);
    int count = 0, widened = 0;
    float *bias = calloc((size_t)outputs, sizeof *bias);
    SY_TRY(sy_check_alloc(ctx, bias));
    const sy_status status = sy_plan_bias(ctx, plan, node, bias, &count);
    for (int i = 0; status == SY_OK && i < outputs; i++) {
        float *scale = &weight->scales[channel_of(weight, i)].scale;
        const float floor = fmaxf(sy_scale_floor(bias[i], x_scale), least);
        widened += *scale < floor;
        *scale = sy_plan_scale(plan, fmaxf(*scale, floor));
    }
    free(bias);
    if (widened)
        sy_log(ctx, SY_LOG_DEBUG,
               "node '%s': weights of %d of %d channels are nothing beside their bias and get a wider scale",
               plan->graph->nodes[node].name, widened, outputs);
    return status;
}

/* The axis all quantized products that read this weight agree on, SY_NONE when they do not. */
static int agreed_axis(const sy_planner *planner, int tensor)
{
    int axis = SY_NONE;
    bool first = true;
    if (planner->options->per_layer)
        return SY_NONE;
    for (int r = planner->first_read[tensor]; r < planner->first_read[tensor + 1]; r++) {
        const int node = planner->readers[r];
        if (weight_of(planner->plan, node) != tensor)
            continue;
        const sy_op_trait *trait = sy_traits_find(planner->traits, planner->graph->nodes[node].type);
        const int own = trait->whole_weight ? SY_NONE
                                            : sy_weight_axis(planner->graph, &planner->graph->nodes[node],
                                                             planner->plan->nodes[node].weight_input);
        if (!first && own != axis)
            return SY_NONE;
        axis = own;
        first = false;
    }
    return axis;
}

/* The scale of channels without weights: what their biases need. */
static sy_status scale_of_empty(sy_planner *planner, int tensor, const float *peaks)
{
    sy_plan *plan = planner->plan;
    sy_tensor_plan *weight = &plan->tensors[tensor];
    for (int r = planner->first_read[tensor]; r < planner->first_read[tensor + 1]; r++) {
        const int node = planner->readers[r], outputs = sy_plan_channels(plan, node);
        int count = 0;
        if (weight_of(plan, node) != tensor || !outputs)
            continue;
        float *bias = calloc((size_t)outputs, sizeof *bias);
        SY_TRY(sy_check_alloc(planner->ctx, bias));
        const sy_status status = sy_plan_bias(planner->ctx, plan, node, bias, &count);
        for (int i = 0; status == SY_OK && i < count; i++) {
            const int c = channel_of(weight, i);
            if (peaks[c] == 0 && bias[i] != 0) {
                const float scale = sy_scale_of_bias(bias[i], x_scale_of(plan, node));
                weight->scales[c].scale =
                    weight->scales[c].scale == 1 ? scale : fmaxf(weight->scales[c].scale, scale);
            }
        }
        free(bias);
        SY_TRY(status);
    }
    return SY_OK;
}

static sy_status scale_channels(sy_planner *planner, int tensor, const float *values,
                                const sy_channels *channels)
{
    sy_tensor_plan *weight = &planner->plan->tensors[tensor];
    sy_status status = SY_OK;
    float *peaks = calloc(channels->count, sizeof *peaks);
    SY_TRY_DONE(sy_check_alloc(planner->ctx, peaks));
    sy_weight_peaks(values, channels, peaks);
    for (size_t c = 0; c < channels->count; c++)
        SY_TRY_DONE(sy_while(
            planner->ctx,
            sy_scale_from_range(planner->ctx, &weight->number, -peaks[c], peaks[c], &weight->scales[c]),
            "channel %zu of weight '%s'", c, planner->graph->tensors[tensor].name));
    SY_TRY_DONE(scale_of_empty(planner, tensor, peaks));
    for (size_t c = 0; c < channels->count; c++)
        weight->scales[c].scale = sy_plan_scale(planner->plan, weight->scales[c].scale);
done:
    free(peaks);
    return status;
}

static sy_status plan_weight(sy_planner *planner, int tensor)
{
    sy_ctx *ctx = planner->ctx;
    const sy_tensor *constant = &planner->graph->tensors[tensor];
    sy_tensor_plan *plan = &planner->plan->tensors[tensor];
    sy_channels channels;
    float *values = NULL;
    size_t count;
    plan->axis = agreed_axis(planner, tensor);
    if (!sy_weight_channels(constant, plan->axis, &channels))
        return sy_fail(ctx, SY_E_MODEL, "weight '%s' has no channels along axis %d", constant->name,
                       plan->axis);
    plan->number = planner->options->weight ? *planner->options->weight : planner->traits->weight;
    plan->channels = (int)channels.count;
    plan->method = plan->axis == SY_NONE ? "largest value" : "largest value of the channel";
    plan->scales = sy_arena_alloc(&planner->plan->arena, channels.count, sizeof *plan->scales);
    SY_TRY(sy_check_alloc(ctx, plan->scales));
    SY_TRY(read_floats(ctx, constant, &values, &count));
    sy_status status = scale_channels(planner, tensor, values, &channels);
    for (int r = planner->first_read[tensor]; status == SY_OK && r < planner->first_read[tensor + 1]; r++)
        if (weight_of(planner->plan, planner->readers[r]) == tensor)
            status = sy_plan_fit_bias(ctx, planner->plan, planner->readers[r]);
    if (status == SY_OK)
        plan->snr_db = sy_weight_snr(values, &channels, &plan->number, plan->scales);
    free(values);
    return status;
}

sy_status sy_plan_weights(sy_planner *planner)
{
    for (int n = 0; n < planner->graph->node_count; n++) {
        const int tensor = weight_of(planner->plan, n);
        if (tensor != SY_NONE && !planner->plan->tensors[tensor].scales)
            SY_TRY(plan_weight(planner, tensor));
    }
    return SY_OK;
}
