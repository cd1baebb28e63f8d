/* compare_stats EXACT.qstat OTHER.qstat: how far the statistics of two runs are apart, at the worst: the ends
 * of ranges, over all samples and in each, means, root mean squares, means of channels. Relative to the
 * largest magnitude of the tensor in the first file. Prints that number and the tensor's name.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "calib/stats.h"

typedef struct {
    double worst;
    const char *tensor;
} distance;

/* The difference in units of `unit`; what is not a number on one side only is infinitely far. */
static double apart(double a, double b, double unit)
{
    if (a == b || (isnan(a) && isnan(b)))
        return 0;
    const double difference = fabs(a - b) / unit;
    return isnan(difference) ? INFINITY : difference;
}

static double root_mean_square(const sy_tensor_stats *t)
{
    return t->elements ? sqrt(t->sum_of_squares / (double)t->elements) : 0;
}

static double mean(const sy_tensor_stats *t)
{
    return t->elements ? t->sum / (double)t->elements : 0;
}

static double tensors_apart(const sy_tensor_stats *a, const sy_tensor_stats *b)
{
    const double unit = fmax(fabs((double)a->min), fabs((double)a->max));
    double worst = fmax(apart(a->min, b->min, unit), apart(a->max, b->max, unit));
    if (a->record_count != b->record_count || a->channel_count != b->channel_count)
        return INFINITY;
    worst = fmax(worst, apart(mean(a), mean(b), unit));
    worst = fmax(worst, apart(root_mean_square(a), root_mean_square(b), unit));
    for (uint32_t i = 0; i < a->record_count; i++)
        worst = fmax(worst, fmax(apart(a->records[i].min, b->records[i].min, unit),
                                 apart(a->records[i].max, b->records[i].max, unit)));
    for (uint32_t c = 0; c < a->channel_count; c++)
        worst = fmax(worst, apart(a->channel_means[c], b->channel_means[c], unit));
    return worst;
}

/* Infinitely far where they are not of the same tensors. */
static distance stats_apart(const sy_stats *a, const sy_stats *b)
{
    distance all = {0, "none"};
    if (a->tensor_count != b->tensor_count)
        return (distance){INFINITY, "their number"};
    for (uint32_t i = 0; i < a->tensor_count; i++) {
        const sy_tensor_stats *other = sy_stats_find(b, a->tensors[i].name);
        const double one = other ? tensors_apart(&a->tensors[i], other) : INFINITY;
        if (one > all.worst)
            all = (distance){one, a->tensors[i].name};
    }
    return all;
}

int main(int argc, char **argv)
{
    sy_ctx *ctx = NULL;
    sy_stats *a = NULL, *b = NULL;
    if (argc != 3 || sy_ctx_create(&ctx) != SY_OK)
        return 1;
    const bool loaded = sy_stats_load(ctx, argv[1], &a) == SY_OK && sy_stats_load(ctx, argv[2], &b) == SY_OK;
    if (loaded) {
        const distance all = stats_apart(a, b);
        printf("%g %s\n", all.worst, all.tensor);
    } else {
        fprintf(stderr, "%s\n", sy_ctx_error(ctx));
    }
    sy_stats_destroy(a);
    sy_stats_destroy(b);
    sy_ctx_destroy(ctx);
    return loaded ? 0 : 1;
}
