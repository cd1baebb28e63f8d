/* Ranges and scales of activations. The range of a class holds what each of its tensors needs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "ops/lowering.h"
#include "solve/planner.h"

typedef struct ranges {
    sy_planner *planner;
    sy_class_member *members;
    const sy_range_method *method; /* NULL: AUTO */
    int missing;                   /* tensors without statistics */
    sy_text missing_names;
} ranges;

static sy_status range_of_constant(const ranges *work, const sy_tensor *tensor, sy_range *out)
{
    sy_ctx *ctx = work->planner->ctx;
    size_t count;
    if (!sy_shape_count(&tensor->shape, &count))
        return sy_fail(ctx, SY_E_MODEL, "constant '%s' has no shape", tensor->name);
    float *values = malloc(count ? count * sizeof *values : 1);
    SY_TRY(sy_check_alloc(ctx, values));
    const sy_status status = sy_tensor_to_f32(ctx, tensor, values, count);
    *out = (sy_range){0, 0};
    for (size_t i = 0; status == SY_OK && i < count; i++) {
        out->min = fminf(out->min, values[i]);
        out->max = fmaxf(out->max, values[i]);
    }
    free(values);
    return status;
}

static sy_range_options options_of(const ranges *work, int tensor)
{
    const sy_traits *traits = work->planner->traits;
    const bool wide = work->members[sy_class_root(work->members, tensor)].wide;
    const sy_number *number = wide ? &traits->wide : &traits->activation;
    const float percentile = work->planner->options->percentile;
    return (sy_range_options){.levels = sy_number_hi(number) - sy_number_lo(number) + 1,
                              .symmetric = number->symmetric,
                              .percentile = percentile > 0 ? percentile : 0.99999F};
}

static const sy_op_trait *fixed_range(const ranges *work, int tensor)
{
    const int producer = work->planner->graph->tensors[tensor].producer;
    if (producer == SY_NONE || !work->planner->plan->nodes[producer].quantized)
        return NULL;
    const sy_op_trait *trait =
        sy_traits_find(work->planner->traits, work->planner->graph->nodes[producer].type);
    return trait && trait->fixed_min < trait->fixed_max ? trait : NULL;
}

static sy_status range_from_statistics(ranges *work, int tensor, sy_range *out)
{
    sy_planner *planner = work->planner;
    const char *name = planner->graph->tensors[tensor].name;
    const sy_tensor_stats *stats = sy_stats_find(planner->stats, name);
    const sy_range_method *method = work->method;
    const sy_range_options options = options_of(work, tensor);
    if (!stats) {
        if (work->missing++ < 5)
            sy_text_printf(&work->missing_names, "%s'%s'", work->missing > 1 ? ", " : "", name);
        return SY_OK;
    }
    const sy_status status = method ? method->choose(planner->ctx, stats, &options, out)
                                    : sy_range_choose_auto(planner->ctx, stats, &options, out, &method);
    SY_TRY(sy_while(planner->ctx, status, "range of tensor '%s'", name));
    planner->plan->tensors[tensor].method = method->name;
    return SY_OK;
}

/* What this tensor by itself needs, joined into the range of its class. */
static sy_status add_range(ranges *work, int tensor)
{
    sy_planner *planner = work->planner;
    sy_tensor_plan *plan = &planner->plan->tensors[tensor];
    const sy_op_trait *fixed = fixed_range(work, tensor);
    sy_range range = {0, 0};
    if (fixed) {
        const double step =
            ((double)fixed->fixed_max - (double)fixed->fixed_min) / options_of(work, tensor).levels;
        range = (sy_range){fixed->fixed_min, (float)((double)fixed->fixed_max - step)};
        plan->method =
            sy_arena_printf(&planner->plan->arena, "fixed [%g,%g]", (double)range.min, (double)range.max);
    } else if (plan->role == SY_ROLE_WEIGHT) {
        SY_TRY(range_of_constant(work, &planner->graph->tensors[tensor], &range));
        plan->method = "constant";
    } else {
        /* What a Relu or Clip makes lies within its limits, whatever a range that was given says. */
        const sy_clamp bound = work->members[tensor].bound;
        SY_TRY(range_from_statistics(work, tensor, &range));
        range.min = fmaxf(range.min, fminf(bound.lo, 0));
        range.max = fminf(range.max, fmaxf(bound.hi, 0));
    }
    sy_class_member *root = &work->members[sy_class_root(work->members, tensor)];
    root->range.min = root->has_range ? fminf(root->range.min, range.min) : range.min;
    root->range.max = root->has_range ? fmaxf(root->range.max, range.max) : range.max;
    root->has_range = true;
    return SY_OK;
}

/* Constants that products read are weights proper; the next step scales them. */
static bool takes_range(const sy_planner *planner, int tensor)
{
    const sy_tensor_role role = planner->plan->tensors[tensor].role;
    if (role == SY_ROLE_ACTIVATION)
        return true;
    if (role != SY_ROLE_WEIGHT)
        return false;
    for (int r = planner->first_read[tensor]; r < planner->first_read[tensor + 1]; r++) {
        const int reader = planner->readers[r];
        if (planner->plan->nodes[reader].quantized &&
            sy_node_rule(&planner->graph->nodes[reader]) == SY_QUANT_WEIGHTED)
            return false;
    }
    return true;
}

/* What stays float has a range too where the files of the target list those of all tensors. */
static bool wants_range(const sy_planner *planner, int tensor)
{
    return planner->options->all_ranges && planner->plan->tensors[tensor].role == SY_ROLE_FLOAT &&
           !planner->graph->tensors[tensor].data &&
           sy_stats_find(planner->stats, planner->graph->tensors[tensor].name);
}

static void estimate_error(const ranges *work, int tensor)
{
    const sy_planner *planner = work->planner;
    sy_tensor_plan *plan = &planner->plan->tensors[tensor];
    const sy_tensor_stats *stats = sy_stats_find(planner->stats, planner->graph->tensors[tensor].name);
    if (!stats || !stats->elements)
        return;
    const sy_range_options options = options_of(work, tensor);
    const double power = stats->sum_of_squares / (double)stats->elements;
    plan->clipped = sy_range_clipped(stats, &plan->range);
    plan->snr_db = 10 * log10(power / sy_range_error(stats, &options, &plan->range));
}

static sy_status set_scale(ranges *work, int tensor)
{
    sy_planner *planner = work->planner;
    sy_tensor_plan *plan = &planner->plan->tensors[tensor];
    const int root = sy_class_root(work->members, tensor);
    const sy_class_member *from = &work->members[root];
    if (!plan->method || work->members[tensor].covered)
        plan->method =
            sy_arena_printf(&planner->plan->arena, "shared with %s", planner->graph->tensors[root].name);
    plan->number = from->wide ? planner->traits->wide : planner->traits->activation;
    plan->range = from->range;
    plan->channels = 1;
    plan->scales = sy_arena_alloc(&planner->plan->arena, 1, sizeof *plan->scales);
    SY_TRY(sy_check_alloc(planner->ctx, plan->scales));
    SY_TRY(sy_while(
        planner->ctx,
        sy_scale_from_range(planner->ctx, &plan->number, from->range.min, from->range.max, plan->scales),
        "tensor '%s'", planner->graph->tensors[tensor].name));
    plan->scales->scale = sy_plan_scale(planner->plan, plan->scales->scale);
    if (!plan->number.symmetric)
        *plan->scales = sy_scale_inside(&plan->number, *plan->scales, work->members[tensor].bound.lo,
                                        work->members[tensor].bound.hi);
    estimate_error(work, tensor);
    return SY_OK;
}

static sy_status find_method(ranges *work)
{
    sy_planner *planner = work->planner;
    const char *name = planner->options->method ? planner->options->method : "MAX_MIN";
    if (strcmp(name, "AUTO") == 0)
        return SY_OK;
    work->method = sy_range_method_find(name);
    if (work->method)
        return SY_OK;
    const char *names[32];
    size_t count = 0;
    for (int i = 0; sy_range_method_at(i) && count < 32; i++)
        names[count++] = sy_range_method_at(i)->name;
    const char *nearest = sy_text_nearest(name, names, sizeof names[0], count);
    return sy_fail(planner->ctx, SY_E_CONFIG, "there is no range method '%s'%s%s%s", name,
                   nearest ? ": did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static sy_status add_ranges(ranges *work)
{
    const sy_planner *planner = work->planner;
    for (int t = 0; t < planner->graph->tensor_count; t++)
        if (takes_range(planner, t) && !work->members[t].covered)
            SY_TRY(add_range(work, t));
    if (!work->missing)
        return SY_OK;
    return sy_fail(planner->ctx, SY_E_DATA,
                   "the statistics hold nothing about %d tensor%s of the model that must be quantized: %s%s; "
                   "were they made "
                   "from this model?",
                   work->missing, work->missing == 1 ? "" : "s",
                   work->missing_names.bytes ? work->missing_names.bytes : "",
                   work->missing > 5 ? " ..." : "");
}

sy_status sy_plan_ranges(sy_planner *planner)
{
    ranges work = {.planner = planner};
    sy_status status;
    work.members = calloc((size_t)planner->graph->tensor_count + 1, sizeof *work.members);
    SY_TRY_DONE(sy_check_alloc(planner->ctx, work.members));
    SY_TRY_DONE(find_method(&work));
    sy_plan_classes(planner, work.members);
    SY_TRY_DONE(add_ranges(&work));
    for (int t = 0; t < planner->graph->tensor_count; t++)
        if (takes_range(planner, t))
            SY_TRY_DONE(set_scale(&work, t));
        else if (wants_range(planner, t))
            SY_TRY_DONE(range_from_statistics(&work, t, &planner->plan->tensors[t].range));
    SY_TRY_DONE(sy_plan_reads(planner, work.members));
done:
    sy_text_release(&work.missing_names);
    free(work.members);
    return status;
}
