#include "solve/methods.h"

/* Another method must be better by this much than the one before it in the table, which begins with the one
 * that clips nothing: the error is an estimate, and a difference below it is no reason to clip.
 */
static const double BETTER = 0.98;

sy_status sy_range_choose_auto(sy_ctx *ctx, const sy_tensor_stats *stats, const sy_range_options *options,
                               sy_range *out, const sy_range_method **out_method)
{
    const sy_range_method *best = NULL;
    sy_range best_range = {0, 0};
    double best_error = 0;
    for (int i = 0; sy_range_method_at(i); i++) {
        const sy_range_method *method = sy_range_method_at(i);
        sy_range range;
        if (method == &sy_range_auto)
            continue;
        SY_TRY(method->choose(ctx, stats, options, &range));
        const double error = sy_range_error(stats, options, &range);
        if (best && error >= BETTER * best_error)
            continue;
        best = method;
        best_range = range;
        best_error = error;
    }
    *out = best_range;
    *out_method = best;
    return SY_OK;
}

static sy_status choose(sy_ctx *ctx, const sy_tensor_stats *stats, const sy_range_options *options,
                        sy_range *out)
{
    const sy_range_method *method;
    return sy_range_choose_auto(ctx, stats, options, out, &method);
}

const sy_range_method sy_range_auto = {
    .name = "AUTO",
    .help = "for each tensor the method with the least estimated error",
    .choose = choose,
};
