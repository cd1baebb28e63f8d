/* How a launch becomes device kernels with grids: the same for every GPU backend, and no business of the
 * kernels' callers.
 *
 * One kernel of kernels.def may be several device kernels, run one after the other; which, and of what size,
 * follows from the params alone. The params that device kernels get may say the same more simply: dimensions
 * that are walked as one are one.
 */
#ifndef SY_DEVICE_GRID_H
#define SY_DEVICE_GRID_H

#include "device/device.h"
#include "kernels/elementwise.h"

typedef enum sy_device_kernel {
#define DEVICE_KERNEL(name, kernel, group_x, group_y) SY_DEVICE_KERNEL_##name,
#include "kernels/device.def"
#undef DEVICE_KERNEL
    SY_DEVICE_KERNEL_COUNT
} sy_device_kernel;

typedef struct sy_device_kernel_info {
    const char *name; /* of the function: "sy_k_fill" */
    sy_kernel kernel; /* of kernels.def: says how many operands there are, and which params */
    uint32_t group[2];
} sy_device_kernel_info;

/* A row of kernels/device.def. */
const sy_device_kernel_info *sy_device_kernel_at(sy_device_kernel kernel);

typedef struct sy_grid_step {
    sy_device_kernel kernel;
    uint32_t groups[3]; /* the third is the batch */
} sy_grid_step;

/* What a device kernel gets by value. */
typedef union sy_any_params {
#define KERNEL(name, operands) sy_##name##_params name;
#include "kernels/kernels.def"
#undef KERNEL
} sy_any_params;

enum { SY_GRID_STEPS = 4 };

typedef struct sy_grid {
    sy_any_params params;
    size_t params_bytes;
    sy_places places;
    int step_count; /* 0: there is nothing to do */
    sy_grid_step steps[SY_GRID_STEPS];
} sy_grid;

/* What device kernels are chosen for. */
typedef enum sy_grid_target { SY_GRID_GPU, SY_GRID_PROCESSOR } sy_grid_target;

/* SY_E_UNSUPPORTED when the launch is beyond what device kernels address: 2^32 words of a buffer, 65535
 * samples; and when samples would write to one place.
 */
sy_status sy_grid_plan(sy_ctx *ctx, const sy_launch *launch, sy_grid_target target, sy_grid *out);

#endif
