/* Levels that are no even steps: powers of two, and the three values of a ternary weight. */
#include <math.h>
#include <stdlib.h>

#include "weight/methods.h"

/* Code c > 0 stands for 2^(c-1), -c for its negative, 0 for 0: integers that the next larger type holds, so
 * that a file needs no table. With 5 bits the least of them is 2^-14 of the largest; more bits would only add
 * what float weights do not have.
 */
enum { LOG2_BITS_MAX = 5 };

static const int16_t *log2_levels(const sy_weight_task *task)
{
    static const int16_t of_2[] = {-1, -1, 0, 1};
    static const int16_t of_3[] = {-4, -4, -2, -1, 0, 1, 2, 4};
    static const int16_t of_4[] = {-64, -64, -32, -16, -8, -4, -2, -1, 0, 1, 2, 4, 8, 16, 32, 64};
    static const int16_t of_5[] = {-16384, -16384, -8192, -4096, -2048, -1024, -512, -256, -128, -64,  -32,
                                   -16,    -8,     -4,    -2,    -1,    0,     1,    2,    4,    8,    16,
                                   32,     64,     128,   256,   512,   1024,  2048, 4096, 8192, 16384};
    static const int16_t *const all[] = {of_2, of_3, of_4, of_5};
    return all[task->bits - 2];
}

/* The code of the nearest of so many levels a side. */
static int16_t nearest_power(double value, int codes)
{
    const double magnitude = fabs(value);
    int code = 0;
    for (int c = 1; c <= codes; c++) { /* halfway between 2^(c-2), or 0, and 2^(c-1) */
        const double level = ldexp(1, c - 1), below = c == 1 ? 0 : level / 2;
        if (magnitude > (level + below) / 2)
            code = c;
    }
    return (int16_t)(value < 0 ? -code : code);
}

static double round_powers(sy_weight_group *group, float scale, int codes)
{
    double sum = 0;
    group->scale = scale;
    for (size_t i = 0; i < group->count; i++) {
        const int16_t code = nearest_power((double)group->values[i] / (double)scale, codes);
        const double level = code == 0 ? 0 : ldexp(code < 0 ? -1 : 1, abs(code) - 1);
        const double error = (double)group->values[i] - level * (double)scale;
        group->codes[i] = code;
        sum += error * error;
    }
    return sum;
}

/* The largest level is the power of two that misses least, near the largest value. */
static sy_status solve_log2(sy_ctx *ctx, const sy_weight_task *task, sy_weight_group *group)
{
    enum { TRIED = 4 };
    const int codes = sy_weight_highest(task->bits);
    float min, max, best = 1;
    double least = INFINITY;
    int exponent = 0;
    (void)ctx;
    sy_weight_find_range(group, &min, &max);
    frexpf(fmaxf(-min, max), &exponent); /* the largest value is in [2^(exponent-1), 2^exponent) */
    for (int i = 0; i < TRIED; i++) {
        const float scale = sy_weight_normal_scale(ldexpf(1, exponent - i - (codes - 1)));
        const double error = round_powers(group, scale, codes);
        if (error < least) {
            least = error;
            best = scale;
        }
    }
    round_powers(group, best, codes);
    group->zero = 0;
    return SY_OK;
}

const sy_weight_method sy_weight_log2 = {
    .name = "LOG2", .bits_min = 2, .bits_max = LOG2_BITS_MAX, .levels = log2_levels, .solve = solve_log2};

static int descending(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return x > y ? -1 : x < y;
}

/* The k largest magnitudes become 1, times their mean: the k with the largest sum^2 / k misses least. */
static sy_status solve_ternary(sy_ctx *ctx, const sy_weight_task *task, sy_weight_group *group)
{
    float *sorted = malloc(group->count * sizeof *sorted);
    double sum = 0, best = 0, scale = 0;
    (void)task;
    SY_TRY(sy_check_alloc(ctx, sorted));
    for (size_t i = 0; i < group->count; i++)
        sorted[i] = fabsf(group->values[i]);
    qsort(sorted, group->count, sizeof *sorted, descending);
    for (size_t k = 0; k < group->count; k++) {
        sum += (double)sorted[k];
        if (sum * sum / (double)(k + 1) > best) {
            best = sum * sum / (double)(k + 1);
            scale = sum / (double)(k + 1);
        }
    }
    free(sorted);
    group->scale = sy_weight_normal_scale((float)scale);
    group->zero = 0;
    for (size_t i = 0; i < group->count; i++) {
        const bool large = fabs((double)group->values[i]) > scale / 2;
        group->codes[i] = large ? (group->values[i] < 0 ? -1 : 1) : 0;
    }
    return SY_OK;
}

const sy_weight_method sy_weight_ternary = {
    .name = "TERNARY", .bits_min = 2, .bits_max = 2, .solve = solve_ternary};
