#include "weight/adapt.h"

#include <stdlib.h>
#include <string.h>

#include "weight/cholesky.h"

/* One group of a layer's inputs after the other. */
typedef struct adapting {
    const sy_weight_layout *layout;
    const sy_weight_moments *moments;
    const sy_weight_crossing *crossing;
    size_t group;
    bool centred;
    double *turn;  /* [size][size]: C - H */
    double *u;     /* [size][size]: U with U^T U = (H + d I)^-1 */
    double *row;   /* [size]: weights of an output */
    double *pull;  /* [size]: row times turn */
    double *moved; /* [size]: how far the weights move */
} adapting;

/* The mean of products, about means where that is asked for, of two lists of values with these sums. */
static double mean_product(const adapting *work, const double *products, const double *left, size_t i,
                           size_t j)
{
    const sy_weight_moments *m = work->moments;
    const size_t first = work->group * m->size;
    const double means =
        work->centred ? left[first + i] / m->positions * (m->sums[first + j] / m->positions) : 0;
    return products[(first + i) * m->size + j] / m->positions - means;
}

static sy_status find_factor(sy_ctx *ctx, const adapting *work)
{
    static const double always = 1e-2, of_few_positions = 2;
    const sy_weight_moments *m = work->moments;
    const size_t n = m->size;
    double trace = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            work->u[i * n + j] = mean_product(work, m->products, m->sums, i, j);
            work->turn[i * n + j] =
                mean_product(work, work->crossing->products, work->crossing->sums, i, j) - work->u[i * n + j];
        }
    for (size_t i = 0; i < n; i++)
        trace += work->u[i * n + i];
    const double mean = trace > 0 ? trace / (double)n : 1;
    for (size_t i = 0; i < n; i++)
        work->u[i * n + i] += mean * (always + of_few_positions * (double)n / m->positions);
    if (sy_inverse_factor(work->u, n))
        return SY_OK;
    return sy_fail(ctx, SY_E_NUMERIC, "its inputs' second moments are no such matrix; are they finite?");
}

static size_t element_of(const adapting *work, size_t output, size_t input)
{
    return output * work->layout->output_stride + input * work->layout->input_stride;
}

/* moved = row turn U^T U. */
static void find_move(const adapting *work)
{
    const size_t n = work->moments->size;
    memset(work->pull, 0, n * sizeof *work->pull);
    memset(work->moved, 0, n * sizeof *work->moved);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            work->pull[j] += work->row[i] * work->turn[i * n + j];
    for (size_t i = 0; i < n; i++) {
        const double *u = work->u + i * n;
        double half = 0;
        for (size_t j = i; j < n; j++)
            half += work->pull[j] * u[j];
        for (size_t j = i; j < n; j++)
            work->moved[j] += half * u[j];
    }
}

static void move_output(const adapting *work, size_t output, float *values, double *bias)
{
    const sy_weight_moments *m = work->moments;
    const size_t first = work->group * m->size;
    for (size_t i = 0; i < m->size; i++)
        work->row[i] = (double)values[element_of(work, output, i)];
    find_move(work);
    double lacking = 0;
    for (size_t i = 0; i < m->size; i++) {
        float *value = &values[element_of(work, output, i)];
        *value = (float)(work->row[i] + work->moved[i]);
        lacking += work->row[i] * work->crossing->sums[first + i] - (double)*value * m->sums[first + i];
    }
    if (bias)
        bias[output] = lacking / m->positions;
}

static sy_status adapt_groups(sy_ctx *ctx, adapting *work, float *values, double *bias)
{
    const size_t each = work->layout->outputs / work->moments->groups;
    for (work->group = 0; work->group < work->moments->groups; work->group++) {
        SY_TRY(find_factor(ctx, work));
        for (size_t r = 0; r < each; r++)
            move_output(work, work->group * each + r, values, bias);
    }
    return SY_OK;
}

sy_status sy_weight_adapt(sy_ctx *ctx, const sy_weight_layout *layout, const sy_weight_moments *moments,
                          const sy_weight_crossing *crossing, float *values, double *bias)
{
    const size_t n = moments->size;
    double *memory = malloc((2 * n + 3) * n * sizeof *memory);
    SY_TRY(sy_check_alloc(ctx, memory));
    adapting work = {.layout = layout,
                     .moments = moments,
                     .crossing = crossing,
                     .centred = bias != NULL,
                     .turn = memory,
                     .u = memory + n * n,
                     .row = memory + 2 * n * n,
                     .pull = memory + (2 * n + 1) * n,
                     .moved = memory + (2 * n + 2) * n};
    const sy_status status = adapt_groups(ctx, &work, values, bias);
    free(memory);
    return status;
}
