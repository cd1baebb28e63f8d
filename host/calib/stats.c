#include "calib/stats.h"

#include <stdlib.h>
#include <string.h>

void sy_stats_destroy(sy_stats *stats)
{
    if (!stats)
        return;
    sy_arena_release(&stats->arena);
    free(stats);
}

const sy_tensor_stats *sy_stats_find(const sy_stats *stats, const char *tensor)
{
    for (uint32_t i = 0; i < stats->tensor_count; i++)
        if (strcmp(stats->tensors[i].name, tensor) == 0)
            return &stats->tensors[i];
    return NULL;
}

double *sy_channel_means(sy_arena *arena, const sy_exact_sum *sums, uint32_t channel_count, uint64_t elements)
{
    double *means = sy_arena_alloc(arena, channel_count, sizeof *means);
    if (!means)
        return NULL;
    for (uint32_t c = 0; c < channel_count; c++)
        means[c] = elements ? sy_exact_sum_value(&sums[c]) / (double)elements : 0;
    return means;
}
