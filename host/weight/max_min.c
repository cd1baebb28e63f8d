/* The scale holds the least and the largest value, with 0 among them. */
#include <math.h>

#include "quant/scale.h"
#include "weight/methods.h"

sy_number sy_weight_number(const sy_weight_task *task)
{
    return (sy_number){
        .bits = task->bits, .is_signed = true, .symmetric = task->symmetric, .narrow = task->symmetric};
}

/* Two codes that lie symmetrically stand for -scale and scale. */
const int16_t *sy_weight_even_levels(const sy_weight_task *task)
{
    static const int16_t signs[2] = {-1, 1};
    return task->symmetric && task->bits == 1 ? signs : NULL;
}

void sy_weight_find_range(const sy_weight_group *group, float *out_min, float *out_max)
{
    float min = 0, max = 0;
    for (size_t i = 0; i < group->count; i++) {
        min = fminf(min, group->values[i]);
        max = fmaxf(max, group->values[i]);
    }
    *out_min = min;
    *out_max = max;
}

void sy_weight_round(const sy_weight_task *task, sy_scale scale, sy_weight_group *group)
{
    const sy_number number = sy_weight_number(task);
    group->scale = scale.scale;
    group->zero = (int16_t)scale.zero;
    for (size_t i = 0; i < group->count; i++)
        group->codes[i] = (int16_t)sy_quantize_value(&number, scale, group->values[i]);
}

void sy_weight_round_signs(float scale, sy_weight_group *group)
{
    group->scale = scale;
    group->zero = 0;
    for (size_t i = 0; i < group->count; i++)
        group->codes[i] = group->values[i] < 0 ? -1 : 0;
}

static sy_status solve(sy_ctx *ctx, const sy_weight_task *task, sy_weight_group *group)
{
    const sy_number number = sy_weight_number(task);
    sy_scale scale;
    float min, max;
    sy_weight_find_range(group, &min, &max);
    if (sy_weight_even_levels(task)) {
        sy_weight_round_signs(sy_weight_normal_scale(fmaxf(-min, max)), group);
        return SY_OK;
    }
    SY_TRY(sy_scale_from_range(ctx, &number, min, max, &scale));
    sy_weight_round(task, scale, group);
    return SY_OK;
}

const sy_weight_method sy_weight_max_min = {.name = "MAX_MIN",
                                            .bits_min = 1,
                                            .bits_max = 16,
                                            .keeps_mean = true,
                                            .levels = sy_weight_even_levels,
                                            .solve = solve};
