/* What the methods share. */
#ifndef SY_WEIGHT_METHODS_H
#define SY_WEIGHT_METHODS_H

#include <float.h>

#include "quant/scale.h"
#include "weight/method.h"

extern const sy_weight_method sy_weight_max_min, sy_weight_mse, sy_weight_admm, sy_weight_log2,
    sy_weight_binary, sy_weight_ternary, sy_weight_gptq;

/* The grid of the codes. */
sy_number sy_weight_number(const sy_weight_task *task);
/* The least and the largest value, 0 among them. */
void sy_weight_find_range(const sy_weight_group *group, float *out_min, float *out_max);
/* Every value to its nearest code. */
void sy_weight_round(const sy_weight_task *task, sy_scale scale, sy_weight_group *group);
/* The levels of a method that rounds to evenly spaced codes: {-1, 1} for a symmetric bit, else NULL. */
const int16_t *sy_weight_even_levels(const sy_weight_task *task);
/* Clips where that makes the sum of importance * error^2 least: tries ranges, then fits the scale to the
 * codes and rounds again as long as that helps. `importance` is one an element, >= 0; NULL: all alike.
 */
sy_status sy_weight_search_range(sy_ctx *ctx, const sy_weight_task *task, const double *importance,
                                 sy_weight_group *group);
/* The sum of importance * error^2 of a group's codes. */
double sy_weight_group_error(const sy_weight_group *group, const double *importance);
/* The lower of two codes for values below 0. */
void sy_weight_round_signs(float scale, sy_weight_group *group);

/* A scale that is none of a normal float becomes 1: then there is nothing to scale. */
static inline float sy_weight_normal_scale(float scale)
{
    return scale >= FLT_MIN && scale <= FLT_MAX ? scale : 1;
}

#endif
