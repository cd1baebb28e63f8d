/* Inside the planning of grids: one function for each kernel, in grid_<family>.c. */
#ifndef SY_DEVICE_GRID_PLAN_H
#define SY_DEVICE_GRID_PLAN_H

#include "device/grid.h"

/* Adds to a grid the steps of this kernel for grid->params, which it may rewrite. Elements of one operand of
 * one sample are fewer than 2^32.
 */
#define KERNEL(name, operands) void sy_grid_##name(sy_grid *grid, sy_grid_target target);
#include "kernels/kernels.def"
#undef KERNEL

/* A step with an item for each of `items`; none when there are none. */
void sy_grid_add(sy_grid *grid, sy_device_kernel kernel, uint64_t items);

/* A step of so many groups; none when there are none. */
void sy_grid_add_groups(sy_grid *grid, sy_device_kernel kernel, uint64_t groups);

/* Drops dimensions of one element and makes neighbours that every operand walks as one into one. strides[i]
 * are those of operand i. Returns the rank, at least 1 (`dims` then is 1 and each stride 0 where there was
 * none). A space without elements becomes one dimension of 0.
 */
uint32_t sy_grid_collapse(uint32_t rank, uint32_t *dims, uint32_t *const *strides, int operand_count);

uint64_t sy_grid_space(uint32_t rank, const uint32_t *dims); /* elements */
uint64_t sy_grid_tiles(uint64_t size, uint64_t tile);        /* that cover `size` */

/* The sums that an item of kernels/processor.h keeps. */
enum { SY_PROCESSOR_ROWS = 6, SY_PROCESSOR_COLUMNS = 16 };

#endif
