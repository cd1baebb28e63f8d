/* What changes where the floats of a file are float16. */
#include <math.h>

#include "solve/planner.h"

static const float half_max = 65504;

sy_status sy_plan_check_half(const sy_planner *planner)
{
    if (!planner->options->half)
        return SY_OK;
    for (int t = 0; t < planner->graph->tensor_count; t++) {
        const char *name = planner->graph->tensors[t].name;
        const sy_tensor_stats *stats = sy_stats_find(planner->stats, name);
        const float largest = stats ? fmaxf(-stats->min, stats->max) : 0;
        if (largest > half_max)
            return sy_fail(
                planner->ctx, SY_E_NUMERIC,
                "tensor '%s' has values up to %g, and float16 ends at %g: leave float_type = FP16 out", name,
                (double)largest, (double)half_max);
    }
    return SY_OK;
}

float sy_plan_scale(const sy_plan *plan, float scale)
{
    return plan->half ? sy_scale_to_half(scale) : scale;
}
