/* What TNN and MNN call ADMM: codes of the scale, then the scale of the codes by least squares, in turn. They
 * do so a thousand times; here it ends where nothing changes any more, which gives the same.
 */
#include <math.h>

#include "weight/methods.h"

/* As in TNN: no code is below -hi, and what is halfway goes away from 0. */
static int16_t round_code(double value, int hi)
{
    const double rounded = round(value);
    return (int16_t)(rounded < -hi ? -hi : rounded > hi ? hi : rounded);
}

static sy_status solve(sy_ctx *ctx, const sy_weight_task *task, sy_weight_group *group)
{
    enum { ROUNDS = 1000 };
    static const double tiny = 1e-9, first_part = 1.25;
    const int hi = sy_weight_highest(task->bits);
    float min, max;
    (void)ctx;
    sy_weight_find_range(group, &min, &max);
    double scale = (double)fmaxf(-min, max) / (hi * first_part), before = -1;
    for (int round = 0; round < ROUNDS && scale != before; round++) {
        double cross = 0, square = 0;
        for (size_t i = 0; i < group->count; i++) {
            const double q = group->codes[i] = round_code((double)group->values[i] / (scale + tiny), hi);
            cross += q * (double)group->values[i];
            square += q * q;
        }
        before = scale;
        scale = cross / (square + tiny);
    }
    group->scale = sy_weight_normal_scale((float)scale);
    group->zero = 0;
    return SY_OK;
}

const sy_weight_method sy_weight_admm = {.name = "ADMM", .bits_min = 2, .bits_max = 16, .solve = solve};
