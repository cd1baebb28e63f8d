#include <math.h>

#include "solve/methods.h"

enum {
    COARSE_STEPS = 40, /* of 2^(1/8): down to a 32nd of the range */
    FINE_STEPS = 12,   /* each way */
    ROUNDS = 2,        /* of moving one end, then the other */
};

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
    const double min = s->best.min, max = s->best.max;
    for (int i = 1; i <= COARSE_STEPS; i++)
        try_range(s, min * exp2(-i / 8.0), max * exp2(-i / 8.0));
}

/* One end moves within a coarse step of where it is. */
static void move_ends(search *s, double min_share, double max_share)
{
    const sy_range from = s->best;
    const double step = (exp2(1 / 8.0) - 1) / FINE_STEPS;
    for (int i = -FINE_STEPS; i <= FINE_STEPS; i++)
        try_range(s, from.min * (1 + i * step * min_share), from.max * (1 + i * step * max_share));
}

static void shrink_ends(search *s, double min_share, double max_share)
{
    const sy_range from = s->best;
    for (int i = 1; i <= COARSE_STEPS; i++) {
        const double factor = exp2(-i / 8.0);
        try_range(s, min_share > 0 ? from.min * factor : from.min,
                  max_share > 0 ? from.max * factor : from.max);
    }
}

static sy_status choose(sy_ctx *ctx, const sy_tensor_stats *stats, const sy_range_options *options,
                        sy_range *out)
{
    SY_TRY(sy_range_check(ctx, stats));
    search s = {.stats = stats, .options = options, .best = sy_range_of(stats, stats->min, stats->max)};
    s.error = sy_range_error(stats, options, &s.best);
    if (s.error == 0) {
        *out = s.best;
        return SY_OK;
    }
    shrink_both(&s);
    if (options->symmetric || s.best.min == 0 || s.best.max == 0) {
        move_ends(&s, 1, 1);
    } else {
        for (int round = 0; round < ROUNDS; round++) {
            const double before = s.error;
            shrink_ends(&s, 0, 1);
            shrink_ends(&s, 1, 0);
            move_ends(&s, 0, 1);
            move_ends(&s, 1, 0);
            if (s.error == before)
                break;
        }
    }
    *out = s.best;
    return SY_OK;
}

const sy_range_method sy_range_mse = {
    .name = "MSE",
    .help = "least squared error of quantizing, what is clipped included",
    .choose = choose,
};
