/* Grids of matrix products. */
#include "device/grid_plan.h"

enum { TILE = 64, TILED_MIN = 8 }; /* with fewer rows or columns, tiles are mostly empty */

void sy_grid_gemm(sy_grid *grid, sy_grid_target target)
{
    static const sy_device_kernel tiled[2][2] = {
        {SY_DEVICE_KERNEL_gemm_nn, SY_DEVICE_KERNEL_gemm_nt},
        {SY_DEVICE_KERNEL_gemm_tn, SY_DEVICE_KERNEL_gemm_tt},
    };
    const sy_gemm_params *p = &grid->params.gemm;
    const uint64_t matrices = sy_grid_space(p->batch_rank, p->batch_dims);
    if (target == SY_GRID_PROCESSOR && !p->b_transposed && p->n >= SY_PROCESSOR_COLUMNS)
        sy_grid_add_groups(grid, SY_DEVICE_KERNEL_gemm_rows,
                           matrices * sy_grid_tiles(p->m, SY_PROCESSOR_ROWS) *
                               sy_grid_tiles(p->n, SY_PROCESSOR_COLUMNS));
    else if (target == SY_GRID_PROCESSOR || p->m < TILED_MIN || p->n < TILED_MIN)
        sy_grid_add(grid, SY_DEVICE_KERNEL_gemm_each, matrices * p->m * p->n);
    else
        sy_grid_add_groups(grid, tiled[p->a_transposed != 0][p->b_transposed != 0],
                           matrices * sy_grid_tiles(p->m, TILE) * sy_grid_tiles(p->n, TILE));
}
