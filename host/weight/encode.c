/* A tensor taken apart into what shares a scale, and what becomes of each part. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "weight/method.h"
#include "weight/methods.h"

const sy_weight_method *const sy_weight_methods[] = {
    &sy_weight_max_min, &sy_weight_mse,     &sy_weight_admm, &sy_weight_log2,
    &sy_weight_binary,  &sy_weight_ternary, &sy_weight_gptq, NULL,
};

const sy_weight_method *sy_weight_find_method(const char *name)
{
    for (int i = 0; sy_weight_methods[i]; i++)
        if (strcmp(sy_weight_methods[i]->name, name) == 0)
            return sy_weight_methods[i];
    return NULL;
}

sy_status sy_weight_check_bits(sy_ctx *ctx, const sy_weight_method *method, int bits)
{
    if (bits >= method->bits_min && bits <= method->bits_max)
        return SY_OK;
    if (method->bits_min == method->bits_max)
        return sy_fail(ctx, SY_E_CONFIG, "quant_strategy = %s has %d bit%s: set bit_num = %d, not %d",
                       method->name, method->bits_min, method->bits_min == 1 ? "" : "s", method->bits_min,
                       bits);
    return sy_fail(ctx, SY_E_CONFIG, "quant_strategy = %s takes bit_num = %d to %d, not %d", method->name,
                   method->bits_min, method->bits_max, bits);
}

/* One unit's memory, used again for the next. */
typedef struct workspace {
    float *values;
    int16_t *codes;
} workspace;

static double deviation(double sum, double squares, double count)
{
    const double mean = sum / count;
    return sqrt(fmax(squares / count - mean * mean, 0));
}

/* Moves scale and shift so that mean and deviation are those of the values. */
static void correct(sy_weight_codes *codes, size_t u, const sy_weight_group *group)
{
    static const double nothing = 2.2e-16; /* no deviation at all */
    double sum = 0, squares = 0, new_sum = 0, new_squares = 0;
    for (size_t k = 0; k < group->count; k++) {
        const double x = (double)group->values[k];
        const double y = (sy_weight_integer(codes, group->codes[k]) - group->zero) * (double)group->scale;
        sum += x;
        squares += x * x;
        new_sum += y;
        new_squares += y * y;
    }
    const double count = (double)group->count;
    const double before = deviation(sum, squares, count), after = deviation(new_sum, new_squares, count);
    double v = before > nothing && after > nothing ? before / after : 1;
    v = v > 0 && v < 10 ? v : 1;
    if (!((double)group->scale * v >= (double)FLT_MIN))
        return;
    codes->scales[u] = (float)((double)group->scale * v);
    codes->shifts[u] = (float)((sum - v * new_sum) / count);
}

static sy_status encode_unit(sy_ctx *ctx, const sy_weight_method *method, const sy_weight_task *task,
                             const float *values, size_t u, const workspace *space, sy_weight_codes *codes)
{
    const sy_weight_unit unit = sy_weight_unit_at(&codes->cut, u);
    sy_weight_group group = {.values = space->values, .count = unit.count, .codes = space->codes};
    for (size_t k = 0; k < unit.count; k++) {
        const size_t element = sy_weight_element(&unit, k);
        if (!isfinite(values[element]))
            return sy_fail(ctx, SY_E_NUMERIC, "element %zu is %g", element, (double)values[element]);
        space->values[k] = values[element];
    }
    SY_TRY(method->solve(ctx, task, &group));
    for (size_t k = 0; k < unit.count; k++)
        codes->codes[sy_weight_element(&unit, k)] = space->codes[k];
    codes->scales[u] = group.scale;
    codes->zeros[u] = group.zero;
    if (task->correct && method->keeps_mean && !codes->cut.block)
        correct(codes, u, &group);
    return SY_OK;
}

static sy_status encode(sy_ctx *ctx, const sy_weight_method *method, const sy_weight_task *task,
                        const float *values, sy_weight_codes *codes)
{
    const size_t largest = sy_weight_unit_at(&codes->cut, 0).count; /* the first is never short */
    const workspace space = {.values = malloc(largest * sizeof *space.values),
                             .codes = malloc(largest * sizeof *space.codes)};
    sy_status status = sy_check_alloc(ctx, space.values && space.codes ? space.values : NULL);
    for (size_t u = 0; u < codes->cut.units && status == SY_OK; u++)
        status = encode_unit(ctx, method, task, values, u, &space, codes);
    free(space.values);
    free(space.codes);
    return status;
}

sy_status sy_weight_encode(sy_ctx *ctx, sy_arena *arena, const sy_weight_method *method,
                           const sy_weight_task *task, const sy_weight_floats *from, sy_weight_codes *out)
{
    sy_weight_codes codes;
    SY_TRY(sy_weight_check_bits(ctx, method, task->bits));
    SY_TRY(sy_weight_codes_create(ctx, arena, from->name, from->shape, from->cut, task->bits, &codes));
    codes.levels = method->levels ? method->levels(task) : NULL;
    SY_TRY(sy_while(ctx, encode(ctx, method, task, from->values, &codes), "weight '%s'", from->name));
    *out = codes;
    return SY_OK;
}
