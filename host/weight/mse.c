/* The range whose grid misses the least of the values: what it clips against the finer steps it gets. */
#include <math.h>

#include "weight/methods.h"

/* How far a range goes: parts of the least and the largest value. */
typedef struct reach {
    double lo, hi;
} reach;

typedef struct search {
    const sy_weight_task *task;
    const double *importance;
    sy_weight_group *group;
    float min, max; /* of the values, 0 among them */
    sy_scale best;
    double error; /* of the best */
} search;

double sy_weight_group_error(const sy_weight_group *group, const double *importance)
{
    double sum = 0;
    for (size_t i = 0; i < group->count; i++) {
        const double value = (double)(group->codes[i] - group->zero) * (double)group->scale;
        const double error = (double)group->values[i] - value;
        sum += (importance ? importance[i] : 1) * error * error;
    }
    return sum;
}

/* The error at a scale; rounds no further once it is worse than the best. */
static double error_at(const search *work, sy_scale scale)
{
    const sy_number number = sy_weight_number(work->task);
    const sy_weight_group *group = work->group;
    double sum = 0;
    for (size_t i = 0; i < group->count && sum <= work->error; i++) {
        const int32_t q = sy_quantize_value(&number, scale, group->values[i]);
        const double error = (double)group->values[i] - (double)(q - scale.zero) * (double)scale.scale;
        sum += (work->importance ? work->importance[i] : 1) * error * error;
    }
    return sum;
}

static bool keep_better(search *work, sy_scale scale)
{
    const double error = error_at(work, scale);
    if (!(error < work->error))
        return false;
    work->error = error;
    work->best = scale;
    return true;
}

static sy_status try_reach(sy_ctx *ctx, search *work, reach at, reach *best)
{
    const sy_number number = sy_weight_number(work->task);
    sy_scale scale;
    SY_TRY(sy_scale_from_range(ctx, &number, (float)((double)work->min * at.lo),
                               (float)((double)work->max * at.hi), &scale));
    if (keep_better(work, scale))
        *best = at;
    return SY_OK;
}

/* Both ends together, coarse then fine; then each end alone, which only an asymmetric grid can make use of.
 */
static sy_status search_reach(sy_ctx *ctx, search *work)
{
    enum { COARSE = 40, FINE = 9 };
    reach best = {1, 1};
    for (int i = COARSE; i >= COARSE / 5; i--)
        SY_TRY(try_reach(ctx, work, (reach){(double)i / COARSE, (double)i / COARSE}, &best));
    const reach coarse = best;
    for (int i = -FINE; i <= FINE; i++) {
        const double at = coarse.hi + (double)i / (COARSE * (FINE + 1));
        SY_TRY(try_reach(ctx, work, (reach){at, at}, &best));
    }
    for (int side = 0; side < 2 && !work->task->symmetric; side++) {
        const reach middle = best;
        for (int i = -COARSE / 2; i <= COARSE / 2; i++) {
            const double by = 1 + (double)i / COARSE;
            SY_TRY(try_reach(ctx, work,
                             side ? (reach){middle.lo, middle.hi * by} : (reach){middle.lo * by, middle.hi},
                             &best));
        }
    }
    return SY_OK;
}

/* The scale at which the codes as they are miss least: least squares. */
static float fit_scale(const search *work)
{
    const sy_weight_group *group = work->group;
    double cross = 0, square = 0;
    for (size_t i = 0; i < group->count; i++) {
        const double weight = work->importance ? work->importance[i] : 1;
        const double q = group->codes[i] - group->zero;
        cross += weight * q * (double)group->values[i];
        square += weight * q * q;
    }
    return square > 0 ? (float)(cross / square) : 0;
}

/* Codes of the best scale, then scales of the codes, while the error falls. */
static void polish(search *work)
{
    enum { ROUNDS = 30 };
    sy_weight_round(work->task, work->best, work->group);
    for (int round = 0; round < ROUNDS; round++) {
        const float scale = fit_scale(work);
        if (!(scale >= FLT_MIN) || !keep_better(work, (sy_scale){scale, work->best.zero}))
            return;
        sy_weight_round(work->task, work->best, work->group);
    }
}

/* Two codes, for values below 0 and others: the mean magnitude misses least. */
static void solve_signs(const double *importance, sy_weight_group *group)
{
    double sum = 0, weights = 0;
    for (size_t i = 0; i < group->count; i++) {
        sum += (importance ? importance[i] : 1) * fabs((double)group->values[i]);
        weights += importance ? importance[i] : 1;
    }
    sy_weight_round_signs(sy_weight_normal_scale(weights > 0 ? (float)(sum / weights) : 0), group);
}

sy_status sy_weight_search_range(sy_ctx *ctx, const sy_weight_task *task, const double *importance,
                                 sy_weight_group *group)
{
    enum { CLIPPED_BITS = 8 }; /* with more, no value is worth clipping */
    if (sy_weight_even_levels(task)) {
        solve_signs(importance, group);
        return SY_OK;
    }
    search work = {.task = task, .importance = importance, .group = group, .error = INFINITY};
    const sy_number number = sy_weight_number(task);
    sy_weight_find_range(group, &work.min, &work.max);
    SY_TRY(sy_scale_from_range(ctx, &number, work.min, work.max, &work.best));
    work.error = error_at(&work, work.best);
    if (task->bits <= CLIPPED_BITS)
        SY_TRY(search_reach(ctx, &work));
    polish(&work);
    return SY_OK;
}

static sy_status solve(sy_ctx *ctx, const sy_weight_task *task, sy_weight_group *group)
{
    return sy_weight_search_range(ctx, task, NULL, group);
}

const sy_weight_method sy_weight_mse = {.name = "MSE",
                                        .bits_min = 1,
                                        .bits_max = 16,
                                        .keeps_mean = true,
                                        .levels = sy_weight_even_levels,
                                        .solve = solve};

static sy_status solve_binary(sy_ctx *ctx, const sy_weight_task *task, sy_weight_group *group)
{
    (void)ctx;
    (void)task;
    solve_signs(NULL, group);
    return SY_OK;
}

static const int16_t *binary_levels(const sy_weight_task *task)
{
    static const int16_t signs[2] = {-1, 1};
    (void)task;
    return signs;
}

const sy_weight_method sy_weight_binary = {
    .name = "BINARY", .bits_min = 1, .bits_max = 1, .levels = binary_levels, .solve = solve_binary};
