/* Grids of statistics. */
#include "device/grid_plan.h"

/* A group that counts in shared memory has the cost of clearing and emptying it: 8192 bins. */
enum {
    FEW = 8192,
    RANGE_ELEMENTS = 4096,
    MANY_ELEMENTS = 32768,
    STRETCH_ELEMENTS = 262144,
    LINE_CHANNELS = 16, /* of an item of kernels/processor_statistics.h */
    GROUPS_MAX = 256,
    BINS = SY_HISTOGRAM_BINS
};

static uint64_t groups_for(uint64_t elements, uint64_t each)
{
    const uint64_t groups = sy_grid_tiles(elements, each);
    return groups < GROUPS_MAX ? groups : GROUPS_MAX;
}

void sy_grid_observe(sy_grid *grid, sy_grid_target target)
{
    const uint64_t count = grid->params.observe.count;
    sy_grid_add(grid, SY_DEVICE_KERNEL_observe_begin, BINS);
    if (target == SY_GRID_PROCESSOR) {
        const uint64_t groups = groups_for(count, STRETCH_ELEMENTS);
        sy_grid_add_groups(grid, SY_DEVICE_KERNEL_observe_range_line, groups);
        sy_grid_add_groups(grid, SY_DEVICE_KERNEL_observe_count_line, groups);
        sy_grid_add_groups(grid, SY_DEVICE_KERNEL_observe_end, 1);
        return;
    }
    sy_grid_add_groups(grid, SY_DEVICE_KERNEL_observe_range, groups_for(count, RANGE_ELEMENTS));
    if (count <= FEW)
        sy_grid_add(grid, SY_DEVICE_KERNEL_observe_few, count);
    else
        sy_grid_add_groups(grid, SY_DEVICE_KERNEL_observe_many, groups_for(count, MANY_ELEMENTS));
    sy_grid_add_groups(grid, SY_DEVICE_KERNEL_observe_end, 1);
}

void sy_grid_channel_sum(sy_grid *grid, sy_grid_target target)
{
    const sy_channel_sum_params *p = &grid->params.channel_sum;
    if (target == SY_GRID_PROCESSOR) {
        sy_grid_add_groups(grid, SY_DEVICE_KERNEL_channel_sum_line, sy_grid_tiles(p->channels, LINE_CHANNELS));
        return;
    }
    sy_grid_add(grid, SY_DEVICE_KERNEL_channel_sum, (uint64_t)p->channels * SY_REDUCE_LANES);
}
