#include "weight/gptq.h"

#include <math.h>
#include <stdlib.h>

#include "weight/cholesky.h"
#include "weight/methods.h"

/* One group of a weight while it is rounded. Inputs are in the order in which they are rounded. */
typedef struct group_work {
    const sy_weight_task *task; /* scales are searched for it; NULL: they are there */
    sy_number number;           /* what codes may be */
    const sy_weight_layout *layout;
    const sy_weight_moments *moments;
    const float *values;
    sy_weight_codes *codes;
    size_t group, size;
    bool centred;
    size_t *order;      /* [size]: inputs, the largest second moment first */
    double *h;          /* [size][size]: second moments, or covariances, in that order */
    double *u;          /* [size][size]: the factor of their inverse */
    double *row;        /* [size]: what is left of the weights of an output */
    double *goal;       /* [size]: h times the weights of an output */
    double *pull;       /* [size]: h times their errors: weight less its code's value */
    double *moments_of; /* [size]: the diagonal, in the order of the file, for the search of scales */
} group_work;

static size_t element_of(const group_work *work, size_t output, size_t position)
{
    return output * work->layout->output_stride + work->order[position] * work->layout->input_stride;
}

static double covariance(const group_work *work, size_t i, size_t j)
{
    const sy_weight_moments *m = work->moments;
    const double *sums = m->sums + work->group * m->size;
    const double product = m->products[(work->group * m->size + i) * m->size + j] / m->positions;
    return work->centred ? product - sums[i] / m->positions * (sums[j] / m->positions) : product;
}

typedef struct ranked {
    double value;
    size_t index;
} ranked;

static int by_value(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->value != y->value)
        return x->value > y->value ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

static sy_status find_order(sy_ctx *ctx, group_work *work)
{
    ranked *list = malloc(work->size * sizeof *list);
    SY_TRY(sy_check_alloc(ctx, list));
    for (size_t i = 0; i < work->size; i++)
        list[i] = (ranked){covariance(work, i, i), i};
    qsort(list, work->size, sizeof *list, by_value);
    for (size_t i = 0; i < work->size; i++)
        work->order[i] = list[i].index;
    free(list);
    return SY_OK;
}

/* Second moments with something added to the diagonal: what few samples say about directions they hardly
 * have is not to be trusted.
 */
static sy_status find_factor(sy_ctx *ctx, group_work *work)
{
    static const double always = 3e-3, of_few_samples = 2;
    const size_t n = work->size;
    double trace = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            work->h[i * n + j] = covariance(work, work->order[i], work->order[j]);
    for (size_t i = 0; i < n; i++)
        trace += work->h[i * n + i];
    const double mean = trace > 0 ? trace / (double)n : 1;
    const double damping = mean * (always + of_few_samples * (double)n / work->moments->positions);
    for (size_t i = 0; i < n; i++)
        work->h[i * n + i] += damping;
    for (size_t i = 0; i < n; i++)
        work->moments_of[work->order[i]] = work->h[i * n + i];
    memcpy(work->u, work->h, n * n * sizeof *work->u);
    if (sy_inverse_factor(work->u, n))
        return SY_OK;
    return sy_fail(ctx, SY_E_NUMERIC, "its inputs' second moments are no such matrix; are they finite?");
}

static double value_of(const group_work *work, size_t element)
{
    const sy_weight_codes *codes = work->codes;
    const size_t u = sy_weight_unit_of(&codes->cut, element);
    const int integer = sy_weight_integer(codes, codes->codes[element]) - codes->zeros[u];
    return (double)integer * (double)codes->scales[u];
}

/* The code nearest to a value. */
static int16_t code_of(const group_work *work, size_t element, double value)
{
    const sy_weight_codes *codes = work->codes;
    const size_t u = sy_weight_unit_of(&codes->cut, element);
    if (codes->levels)
        return value < 0 ? -1 : 0; /* two levels, of either sign */
    return (int16_t)sy_quantize_value(&work->number, (sy_scale){codes->scales[u], codes->zeros[u]},
                                      (float)value);
}

/* Codes of one output, each error passed on to the inputs still to come. */
static void round_output(const group_work *work, size_t output)
{
    const size_t n = work->size;
    for (size_t i = 0; i < n; i++)
        work->row[i] = (double)work->values[element_of(work, output, i)];
    for (size_t i = 0; i < n; i++) {
        const size_t element = element_of(work, output, i);
        const double *u = work->u + i * n;
        work->codes->codes[element] = code_of(work, element, work->row[i]);
        const double part = (work->row[i] - value_of(work, element)) / u[i];
        for (size_t j = i + 1; j < n; j++)
            work->row[j] -= part * u[j];
    }
}

static void find_pull(const group_work *work, size_t output)
{
    const size_t n = work->size;
    memset(work->goal, 0, n * sizeof *work->goal);
    memset(work->pull, 0, n * sizeof *work->pull);
    for (size_t i = 0; i < n; i++) {
        const size_t element = element_of(work, output, i);
        const double weight = (double)work->values[element], error = weight - value_of(work, element);
        const double *h = work->h + i * n;
        for (size_t j = 0; j < n; j++) {
            work->goal[j] += weight * h[j];
            work->pull[j] += error * h[j];
        }
    }
}

/* Changes single codes of an output where that makes its error less; false: none. */
static bool improve_codes(const group_work *work, size_t output)
{
    const size_t n = work->size;
    bool changed = false;
    for (size_t i = 0; i < n; i++) {
        const size_t element = element_of(work, output, i);
        const double *h = work->h + i * n, before = value_of(work, element);
        const int16_t old = work->codes->codes[element];
        work->codes->codes[element] = code_of(work, element, before + work->pull[i] / h[i]);
        const double step = value_of(work, element) - before;
        /* The error e^T H e falls by step * (2 pull - step h). */
        if (step * (2 * work->pull[i] - step * h[i]) <= 1e-12 * h[i] * step * step) {
            work->codes->codes[element] = old;
            continue;
        }
        changed = true;
        for (size_t j = 0; j < n; j++)
            work->pull[j] -= step * h[j];
    }
    return changed;
}

/* The scale at which the codes of an output that has its own miss least; false: it stays. With v the values
 * of the codes, w the weights: factor = v^T h w / v^T h v.
 */
static bool improve_scale(const group_work *work, size_t output)
{
    const size_t n = work->size, u = sy_weight_unit_of(&work->codes->cut, element_of(work, output, 0));
    const float old = work->codes->scales[u];
    double cross = 0, square = 0;
    for (size_t i = 0; i < n; i++) {
        const double value = value_of(work, element_of(work, output, i));
        cross += value * work->goal[i];
        square += value * (work->goal[i] - work->pull[i]);
    }
    const float scale = cross > 0 && square > 0 ? old * (float)(cross / square) : 0;
    const double factor = (double)scale / (double)old;
    if (!(scale >= FLT_MIN) || !isfinite(scale) || fabs(factor - 1) < 1e-6)
        return false;
    work->codes->scales[u] = scale;
    for (size_t j = 0; j < n; j++)
        work->pull[j] = work->goal[j] - factor * (work->goal[j] - work->pull[j]);
    return true;
}

static void solve_output(const group_work *work, size_t output)
{
    enum { SWEEPS = 4 };
    const sy_weight_cut *cut = &work->codes->cut;
    const bool own_scale = !cut->block && cut->axis != SY_NONE && cut->units == work->layout->outputs;
    round_output(work, output);
    find_pull(work, output);
    for (int sweep = 0; sweep < SWEEPS; sweep++) {
        bool changed = improve_codes(work, output);
        changed |= own_scale && improve_scale(work, output);
        if (!changed)
            return;
    }
}

/* Scales of the units in which the group has elements, from the moments of what each element multiplies. */
static sy_status find_scales(sy_ctx *ctx, const group_work *work, size_t first, size_t last)
{
    const sy_weight_cut *cut = &work->codes->cut;
    const size_t largest = sy_weight_unit_at(cut, 0).count, inputs = work->layout->input_stride;
    float *values = malloc(largest * sizeof *values);
    double *importance = malloc(largest * sizeof *importance);
    int16_t *codes = malloc(largest * sizeof *codes);
    sy_status status = sy_check_alloc(ctx, values && importance && codes ? values : NULL);
    for (size_t u = first; u < last && status == SY_OK; u++) {
        const sy_weight_unit unit = sy_weight_unit_at(cut, u);
        sy_weight_group group = {.values = values, .count = unit.count, .codes = codes};
        for (size_t k = 0; k < unit.count; k++) {
            const size_t element = sy_weight_element(&unit, k);
            values[k] = work->values[element];
            importance[k] = work->moments_of[element / inputs % work->size];
        }
        status = sy_weight_search_range(ctx, work->task, importance, &group);
        work->codes->scales[u] = group.scale;
        work->codes->zeros[u] = group.zero;
    }
    free(values);
    free(importance);
    free(codes);
    return status;
}

/* What the group's rounding adds to the mean of each output. */
static void find_bias(const group_work *work, size_t first, size_t last, double *bias)
{
    const sy_weight_moments *m = work->moments;
    const double *sums = m->sums + work->group * m->size;
    for (size_t r = first; r < last; r++) {
        bias[r] = 0;
        for (size_t i = 0; i < work->size; i++) {
            const size_t element = element_of(work, r, i);
            const double error = (double)work->values[element] - value_of(work, element);
            bias[r] += error * sums[work->order[i]] / m->positions;
        }
    }
}

static sy_status solve_group(sy_ctx *ctx, group_work *work, double *bias)
{
    const sy_weight_cut *cut = &work->codes->cut;
    const size_t each = work->layout->outputs / work->moments->groups, first = work->group * each;
    const bool own = cut->units == work->layout->outputs && !cut->block;
    SY_TRY(find_order(ctx, work));
    SY_TRY(find_factor(ctx, work));
    if (work->task && (own || work->group == 0)) /* units that groups share follow the first one's inputs */
        SY_TRY(find_scales(ctx, work, own ? first : 0, own ? first + each : cut->units));
    for (size_t r = first; r < first + each; r++)
        solve_output(work, r);
    if (bias)
        find_bias(work, first, first + each, bias);
    return SY_OK;
}

static sy_status solve(sy_ctx *ctx, group_work *work, double *bias)
{
    const size_t n = work->moments->size;
    double *memory = malloc((2 * n * n + 4 * n) * sizeof *memory);
    work->order = malloc(n * sizeof *work->order);
    sy_status status = sy_check_alloc(ctx, memory && work->order ? memory : NULL);
    if (status == SY_OK) {
        work->h = memory;
        work->u = work->h + n * n;
        work->row = work->u + n * n;
        work->goal = work->row + n;
        work->pull = work->goal + n;
        work->moments_of = work->pull + n;
    }
    for (work->group = 0; work->group < work->moments->groups && status == SY_OK; work->group++)
        status = solve_group(ctx, work, bias);
    free(memory);
    free(work->order);
    return status;
}

sy_status sy_weight_encode_gptq(sy_ctx *ctx, sy_arena *arena, const sy_weight_task *task,
                                const sy_weight_floats *from, const sy_weight_layout *layout,
                                const sy_weight_moments *moments, sy_weight_codes *out, double *bias)
{
    sy_weight_codes codes;
    SY_TRY(sy_weight_check_bits(ctx, &sy_weight_gptq, task->bits));
    for (size_t i = 0; i < sy_weight_cut_elements(from->cut); i++)
        if (!isfinite(from->values[i]))
            return sy_fail(ctx, SY_E_NUMERIC, "weight '%s': element %zu is %g", from->name, i,
                           (double)from->values[i]);
    SY_TRY(sy_weight_codes_create(ctx, arena, from->name, from->shape, from->cut, task->bits, &codes));
    codes.levels = sy_weight_even_levels(task);
    group_work work = {.task = task,
                       .number = sy_weight_number(task),
                       .layout = layout,
                       .moments = moments,
                       .values = from->values,
                       .codes = &codes,
                       .size = moments->size,
                       .centred = bias != NULL};
    SY_TRY(sy_while(ctx, solve(ctx, &work, bias), "weight '%s'", from->name));
    *out = codes;
    return SY_OK;
}

sy_status sy_weight_round_gptq(sy_ctx *ctx, const sy_weight_layout *layout, const sy_weight_moments *moments,
                               const float *values, sy_weight_codes *codes, double *bias)
{
    group_work work = {.number = {.bits = codes->bits, .is_signed = true, .symmetric = true, .narrow = true},
                       .layout = layout,
                       .moments = moments,
                       .values = values,
                       .codes = codes,
                       .size = moments->size,
                       .centred = bias != NULL};
    return sy_while(ctx, solve(ctx, &work, bias), "weight '%s'", codes->name);
}

static sy_status solve_alone(sy_ctx *ctx, const sy_weight_task *task, sy_weight_group *group)
{
    return sy_weight_search_range(ctx, task, NULL, group);
}

/* Without moments, where a weight is no operand of a product whose inputs are known: as MSE. */
const sy_weight_method sy_weight_gptq = {.name = "GPTQ",
                                         .bits_min = 1,
                                         .bits_max = 8,
                                         .keeps_mean = true,
                                         .levels = sy_weight_even_levels,
                                         .solve = solve_alone};
