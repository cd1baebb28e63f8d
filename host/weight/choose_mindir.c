#include "weight/choose_mindir.h"

#include <string.h>

static bool has_name(const sy_mind_node *node, const char *name)
{
    return strcmp(name, sy_mind_node_name(node)) == 0 || strcmp(name, node->output) == 0;
}

static bool is_skipped(const sy_mind_node *node, const sy_weight_rules *rules)
{
    for (int i = 0; i < rules->skipped_count; i++)
        if (has_name(node, rules->skipped[i]))
            return true;
    return false;
}

static sy_status check_skipped(sy_ctx *ctx, const sy_mind_model *model, const sy_weight_rules *rules)
{
    for (int i = 0; i < rules->skipped_count; i++) {
        bool found = false;
        for (int n = 0; n < model->node_count && !found; n++)
            found = has_name(&model->nodes[n], rules->skipped[i]);
        if (!found)
            return sy_fail(
                ctx, SY_E_CONFIG,
                "skip_quant_node names '%s', which is no node of the model: names are scopes, such as "
                "Default/dense-Dense/MatMul-op0",
                rules->skipped[i]);
    }
    return SY_OK;
}

/* A reason with two numbers in it; "" without memory. */
static const char *because(sy_arena *arena, const char *format, long long a, long long b)
{
    const char *text = sy_arena_printf(arena, format, a, b);
    return text ? text : "";
}

/* Why a weight that has a place for integers stays float; NULL: it does not. */
static const char *refusal_of(const sy_mind_model *model, const sy_mind_weight *weight,
                              const sy_weight_mindir_rules *rules, sy_arena *arena)
{
    const sy_weight_rules *shared = &rules->shared;
    const sy_shape *shape = &model->parameters[weight->parameter].shape;
    const bool is_gather = !weight->is_convolution && weight->factors.rank == 1;
    const int64_t channels = shape->dims[weight->axis];
    size_t count = 0;
    sy_shape_count(shape, &count);
    const int64_t size = (int64_t)count;
    if (is_skipped(&model->nodes[weight->reader], shared))
        return "skip_quant_node";
    if (size <= shared->size_min)
        return because(arena, "%lld elements are not more than min_quant_weight_size = %lld", size,
                       shared->size_min);
    if (weight->is_convolution && channels <= shared->channels_min)
        return because(arena, "%lld output channels are not more than min_quant_weight_channel = %lld",
                       channels, shared->channels_min);
    if (rules->is_ascend && weight->is_convolution)
        return "Ascend takes integer weights in matrix products only";
    if (rules->is_ascend && is_gather && !weight->feeds_products)
        return "on Ascend, a Gather is followed by matrix products only";
    if (shared->per_channel && rules->is_corrected && size / channels <= 256 / (32 - shared->bits))
        return because(arena, "%lld weights a channel do not pay for its factors (more than %lld do)",
                       size / channels, 256 / (32 - shared->bits));
    return NULL;
}

sy_status sy_weight_choose_mindir(sy_ctx *ctx, const sy_mind_model *model,
                                  const sy_weight_mindir_rules *rules, sy_arena *arena, sy_mind_weight **out,
                                  int *out_count)
{
    SY_TRY(check_skipped(ctx, model, &rules->shared));
    SY_TRY(sy_mind_find_weights(ctx, model, arena, out, out_count));
    for (int w = 0; w < *out_count; w++) {
        sy_mind_weight *weight = &(*out)[w];
        if (!weight->refusal)
            weight->refusal = refusal_of(model, weight, rules, arena);
    }
    return SY_OK;
}
