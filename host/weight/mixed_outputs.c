#include "weight/mixed_outputs.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "weight/mixed.h"

enum { BITS = 16 };

/* One group of a layer's inputs after the other. */
typedef struct inputs {
    const sy_weight_layout *layout;
    const sy_weight_moments *moments;
    bool centred;
    double *c;   /* [size][size]: second moments or covariances of the group */
    double *row; /* [size]: weights of an output, or what is missed of them */
} inputs;

static sy_status inputs_init(sy_ctx *ctx, inputs *work)
{
    const size_t n = work->moments->size;
    work->c = malloc((n + 1) * n * sizeof *work->c);
    work->row = work->c ? work->c + n * n : NULL;
    return sy_check_alloc(ctx, work->c);
}

static void take_group(inputs *work, size_t group)
{
    const sy_weight_moments *m = work->moments;
    const size_t n = m->size;
    const double *sums = m->sums + group * n, *products = m->products + group * n * n;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const double means = work->centred ? sums[i] / m->positions * (sums[j] / m->positions) : 0;
            work->c[i * n + j] = products[i * n + j] / m->positions - means;
        }
}

/* row^T C row, C being symmetric. */
static double power_of_row(const inputs *work)
{
    const size_t n = work->moments->size;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double *c = work->c + i * n;
        double others = 0;
        for (size_t j = i + 1; j < n; j++)
            others += c[j] * work->row[j];
        sum += work->row[i] * (c[i] * work->row[i] + 2 * others);
    }
    return fmax(sum, 0);
}

static size_t element_of(const inputs *work, size_t output, size_t input)
{
    return output * work->layout->output_stride + input * work->layout->input_stride;
}

/* What the step of a unit follows from. */
typedef struct unit_sums {
    double signal, trace;  /* of outputs and inputs */
    double squares, count; /* of the weights */
    double peak;           /* the largest |weight| */
} unit_sums;

/* An output counts in equal parts for each of its elements: with units along the outputs, whole. */
static void add_output(const inputs *work, const sy_weight_cut *cut, const float *values, size_t output,
                       unit_sums *units)
{
    const size_t n = work->moments->size;
    for (size_t i = 0; i < n; i++)
        work->row[i] = (double)values[element_of(work, output, i)];
    const double signal = power_of_row(work) / (double)n;
    for (size_t i = 0; i < n; i++) {
        unit_sums *unit = &units[sy_weight_unit_of(cut, element_of(work, output, i))];
        unit->signal += signal;
        unit->trace += work->c[i * n + i];
        unit->squares += work->row[i] * work->row[i];
        unit->count++;
        unit->peak = fmax(unit->peak, fabs(work->row[i]));
    }
}

static float step_of(const unit_sums *unit, double error)
{
    const double least = fmax(unit->peak / sy_weight_highest(BITS), (double)FLT_MIN);
    const double ratio = unit->signal > 0 && unit->trace > 0 ? unit->signal / unit->trace
                         : unit->count > 0                   ? unit->squares / unit->count
                                                             : 0;
    return unit->peak < (double)FLT_MIN ? 1
                                        : (float)fmin(fmax(error * sqrt(12 * ratio), least), (double)FLT_MAX);
}

static void find_steps(inputs *work, double error, const float *values, unit_sums *units,
                       sy_weight_codes *codes)
{
    const size_t each = work->layout->outputs / work->moments->groups;
    for (size_t g = 0; g < work->moments->groups; g++) {
        take_group(work, g);
        for (size_t r = g * each; r < (g + 1) * each; r++)
            add_output(work, &codes->cut, values, r, units);
    }
    for (size_t u = 0; u < codes->cut.units; u++)
        codes->scales[u] = step_of(&units[u], error);
}

static sy_status choose_steps(sy_ctx *ctx, double error, const sy_weight_layout *layout,
                              const sy_weight_moments *moments, const float *values, bool centred,
                              sy_weight_codes *codes)
{
    inputs work = {.layout = layout, .moments = moments, .centred = centred};
    unit_sums *units = calloc(codes->cut.units, sizeof *units);
    sy_status status = sy_check_alloc(ctx, units);
    if (status == SY_OK)
        status = inputs_init(ctx, &work);
    if (status == SY_OK)
        find_steps(&work, error, values, units, codes);
    free(work.c);
    free(units);
    return status;
}

sy_status sy_weight_mixed_encode_outputs(sy_ctx *ctx, sy_arena *arena, double error,
                                         const sy_weight_floats *from, const sy_weight_layout *layout,
                                         const sy_weight_moments *moments, sy_weight_codes *out, double *bias)
{
    sy_weight_codes codes;
    for (size_t i = 0; i < sy_weight_cut_elements(from->cut); i++)
        if (!isfinite(from->values[i]))
            return sy_fail(ctx, SY_E_NUMERIC, "weight '%s': element %zu is %g", from->name, i,
                           (double)from->values[i]);
    SY_TRY(sy_weight_codes_create(ctx, arena, from->name, from->shape, from->cut, BITS, &codes));
    SY_TRY(choose_steps(ctx, error, layout, moments, from->values, bias != NULL, &codes));
    SY_TRY(sy_weight_round_gptq(ctx, layout, moments, from->values, &codes, bias));
    codes.bits = sy_weight_width(&codes);
    *out = codes;
    return SY_OK;
}

/* Powers of the outputs, and of what `rounded` misses of them. */
static void add_powers(inputs *work, const float *values, const float *rounded, double *signal, double *noise)
{
    const size_t n = work->moments->size, each = work->layout->outputs / work->moments->groups;
    for (size_t r = 0; r < work->layout->outputs; r++) {
        if (r % each == 0)
            take_group(work, r / each);
        for (size_t i = 0; i < n; i++)
            work->row[i] = (double)values[element_of(work, r, i)];
        *signal += power_of_row(work);
        for (size_t i = 0; i < n; i++)
            work->row[i] -= (double)rounded[element_of(work, r, i)];
        *noise += power_of_row(work);
    }
}

sy_status sy_weight_output_error(sy_ctx *ctx, const sy_weight_codes *codes, const sy_weight_layout *layout,
                                 const sy_weight_moments *moments, const float *values, bool has_bias,
                                 double *out)
{
    inputs work = {.layout = layout, .moments = moments, .centred = has_bias};
    double signal = 0, noise = 0;
    float *rounded = malloc(sy_weight_cut_elements(&codes->cut) * sizeof *rounded);
    sy_status status = sy_check_alloc(ctx, rounded);
    if (status == SY_OK)
        status = inputs_init(ctx, &work);
    if (status == SY_OK) {
        sy_weight_codes_values(codes, rounded);
        add_powers(&work, values, rounded, &signal, &noise);
        *out = signal > 0 ? sqrt(noise / signal) : 0;
    }
    free(work.c);
    free(rounded);
    return status;
}
