/* Kernels that devices do not have yet. */
#include "device/grid_plan.h"

#define MISSING(name)                                         \
    void sy_grid_##name(sy_grid *grid, sy_grid_target target) \
    {                                                         \
        (void)target;                                         \
        grid->step_count = SY_NONE_YET;                       \
    }
MISSING(conv2d)
MISSING(conv_transpose2d)
MISSING(gemm)
MISSING(pool2d)
MISSING(observe)
MISSING(channel_sum)
