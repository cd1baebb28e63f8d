#include <math.h>

#include "solve/methods.h"

enum {
    COARSE_STEPS = 40, /* of 2^(1/8): down to a 32nd of the range */
    FINE_STEPS = 12,   /* each way, within a coarse step */
    ROUNDS = 4,        /* at most, of moving one end, then the other */
};
static const double FINE = 0.0905 / FINE_STEPS; /* 2^(1/8) - 1 */

typedef struct search {
    const sy_tensor_stats *stats;
    const sy_range_options *options;
    sy_range best;
    double error;
} search;

/* Ties go to the range that was there first, which is the wider. */
static void try_range(search *s, double min, double max)
{
    const sy_range range = sy_range_of(s->stats, min, max);
    const double error = sy_range_error_up_to(s->stats, s->options, &range, s->error);
    if (error < s->error) {
        s->error = error;
        s->best = range;
    }
}

/* Both ends shrink by the same factors. */
static void shrink_both(search *s)
{
    const sy_range whole = s->best;
    for (int i = 1; i <= COARSE_STEPS; i++)
        try_range(s, whole.min * exp2(-i / 8.0), whole.max * exp2(-i / 8.0));
}

/* Both ends move within a coarse step of where they are. */
static void move_both(search *s)
{
    const sy_range from = s->best;
    for (int i = -FINE_STEPS; i <= FINE_STEPS; i++)
        try_range(s, from.min * (1 + i * FINE), from.max * (1 + i * FINE));
}

/* One end takes coarse steps over all it can be, then fine ones about the best; the other stays. */
static void move_min(search *s)
{
    const double max = s->best.max;
    for (int i = 0; i <= COARSE_STEPS; i++)
        try_range(s, s->stats->min * exp2(-i / 8.0), max);
    const double from = s->best.min;
    for (int i = -FINE_STEPS; i <= FINE_STEPS; i++)
        try_range(s, from * (1 + i * FINE), max);
}

static void move_max(search *s)
{
    const double min = s->best.min;
    for (int i = 0; i <= COARSE_STEPS; i++)
        try_range(s, min, s->stats->max * exp2(-i / 8.0));
    const double from = s->best.max;
    for (int i = -FINE_STEPS; i <= FINE_STEPS; i++)
        try_range(s, min, from * (1 + i * FINE));
}

static sy_status choose(sy_ctx *ctx, const sy_tensor_stats *stats, const sy_range_options *options,
                        sy_range *out)
{
    SY_TRY(sy_range_check(ctx, stats));
    search s = {.stats = stats, .options = options, .best = sy_range_of(stats, stats->min, stats->max)};
    s.error = sy_range_error(stats, options, &s.best);
    const bool one_end = options->symmetric || s.best.min == 0 || s.best.max == 0;
    if (s.error > 0)
        shrink_both(&s);
    if (s.error > 0 && one_end)
        move_both(&s);
    double before = INFINITY;
    for (int round = 0; round < ROUNDS && !one_end && s.error < before; round++) {
        before = s.error;
        move_max(&s);
        move_min(&s);
    }
    *out = s.best;
    return SY_OK;
}

const sy_range_method sy_range_mse = {
    .name = "MSE",
    .help = "least squared error of quantizing, what is clipped included",
    .choose = choose,
};
