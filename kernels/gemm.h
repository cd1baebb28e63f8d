/* gemm in tiles, those of one matrix of the batch after those of another; products with few rows or columns
 * have an item for each element.
 */
#ifndef SY_KERNELS_GEMM_H
#define SY_KERNELS_GEMM_H

#include "kernels/dialect.h"
#include "kernels/tile.h"
#include "kernels/walk.h"

/* Where matrix `number` of an operand begins. */
SY_FN sy_u32 sy_gemm_matrix_at(const sy_gemm_params *p, const sy_u32 *strides, sy_u32 number)
{
    return sy_position_offset(sy_position_of(number, p->batch_rank, p->batch_dims), p->batch_rank, strides);
}

/* The element at (row, column), whose sum of products is `sum`. */
SY_FN sy_f32 sy_gemm_finish(const sy_gemm_params *p, SY_GLOBAL const sy_f32 *c, sy_u32 row, sy_u32 column,
                            sy_f32 sum)
{
    if (p->alpha != 1.0f)
        sum *= p->alpha;
    if (p->has_c) {
        const sy_f32 term = c[row * p->c_row_stride + column * p->c_column_stride];
        sum += p->beta != 1.0f ? p->beta * term : term;
    }
    return sy_math_clamp(sum, p->clamp.lo, p->clamp.hi);
}

SY_FN void sy_gemm_store(const sy_gemm_params *p, SY_GLOBAL const sy_f32 *c, SY_GLOBAL sy_f32 *y, sy_u32 row,
                         sy_u32 column, const sy_tile_sums *sums)
{
    SY_UNROLL
    for (sy_u32 i = 0; i < 4; i++) {
        SY_UNROLL
        for (sy_u32 j = 0; j < 4; j++)
            if (row + i < p->m && column + j < p->n)
                y[(row + i) * p->n + column + j] = sy_gemm_finish(p, c, row + i, column + j, sums->sum[i][j]);
    }
}

#define SY_GEMM_TILE 64

SY_FN sy_u32 sy_gemm_tiles(sy_u32 size)
{
    return (size + SY_GEMM_TILE - 1) / SY_GEMM_TILE;
}

/* Tile `tile` of one matrix, counted down the columns; a_along_k and b_along_k tell how they are stored. */
SY_FN void sy_gemm_tile(SY_GLOBAL const sy_f32 *a, SY_GLOBAL const sy_f32 *b, SY_GLOBAL const sy_f32 *c,
                        SY_GLOBAL sy_f32 *y, const sy_gemm_params *p, sy_u32 tile, sy_u32 a_along_k,
                        sy_u32 b_along_k, SY_LOCAL sy_f32 *left, SY_LOCAL sy_f32 *right)
{
    const sy_u32 row_tiles = sy_gemm_tiles(p->m);
    const sy_u32 row = tile % row_tiles * SY_GEMM_TILE, column = tile / row_tiles * SY_GEMM_TILE;
    const sy_tile_walk a_walk = sy_tile_walk_of(SY_GEMM_TILE, a_along_k, a_along_k ? p->k : p->m, row);
    const sy_tile_walk b_walk = sy_tile_walk_of(SY_GEMM_TILE, b_along_k, b_along_k ? p->k : p->n, column);
    const sy_index a_step = (sy_index)SY_TILE_DEPTH * (a_along_k ? 1 : p->m);
    const sy_index b_step = (sy_index)SY_TILE_DEPTH * (b_along_k ? 1 : p->n);
    sy_tile_sums sums;
    sy_tile_clear(&sums);
    for (sy_u32 start = 0; start < p->k; start += SY_TILE_DEPTH, a += a_step, b += b_step) {
        sy_tile_load(left, SY_GEMM_TILE, a, a_walk, p->m - row, p->k - start, -0.0f);
        sy_tile_load(right, SY_GEMM_TILE, b, b_walk, p->n - column, p->k - start, 0.0f);
        SY_BARRIER();
        sy_tile_multiply(left, right, SY_GEMM_TILE, SY_GEMM_TILE, &sums);
        SY_BARRIER();
    }
    sy_gemm_store(p, c, y, row + sy_tile_row(SY_GEMM_TILE), column + sy_tile_column(SY_GEMM_TILE), &sums);
}

/* nn, nt, tn, tt: whether a and b are transposed. */
#define SY_GEMM_TILE_KERNEL(form, a_along_k, b_along_k)                                                 \
    SY_KERNEL(SY_GROUP, 1)                                                                              \
    void sy_k_gemm_##form(SY_GLOBAL const sy_f32 *SY_RESTRICT a, SY_GLOBAL const sy_f32 *SY_RESTRICT b, \
                          SY_GLOBAL const sy_f32 *SY_RESTRICT c, SY_GLOBAL sy_f32 *SY_RESTRICT y,       \
                          sy_gemm_params p, sy_places at)                                               \
    {                                                                                                   \
        SY_SHARED(sy_f32, left, SY_TILE_DEPTH *SY_TILE_LINE(SY_GEMM_TILE));                             \
        SY_SHARED(sy_f32, right, SY_TILE_DEPTH *SY_TILE_LINE(SY_GEMM_TILE));                            \
        const sy_u32 tiles = sy_gemm_tiles(p.m) * sy_gemm_tiles(p.n), i = SY_GROUP_X / tiles;           \
        sy_gemm_tile(a + SY_AT(at, 0) + sy_gemm_matrix_at(&p, p.a_strides, i),                          \
                     b + SY_AT(at, 1) + sy_gemm_matrix_at(&p, p.b_strides, i), c + SY_AT(at, 2),        \
                     y + SY_AT(at, 3) + (sy_index)i * p.m * p.n, &p, SY_GROUP_X - i * tiles, a_along_k, \
                     b_along_k, left, right);                                                           \
    }
SY_GEMM_TILE_KERNEL(nn, 1, 0)
SY_GEMM_TILE_KERNEL(nt, 1, 1)
SY_GEMM_TILE_KERNEL(tn, 0, 0)
SY_GEMM_TILE_KERNEL(tt, 0, 1)

/* An item for each element. */
SY_KERNEL(SY_GROUP, 1)
void sy_k_gemm_each(SY_GLOBAL const sy_f32 *SY_RESTRICT a, SY_GLOBAL const sy_f32 *SY_RESTRICT b,
                    SY_GLOBAL const sy_f32 *SY_RESTRICT c, SY_GLOBAL sy_f32 *SY_RESTRICT y, sy_gemm_params p,
                    sy_places at)
{
    const sy_u32 number = (sy_u32)SY_GLOBAL_X, size = p.m * p.n;
    if (SY_GLOBAL_X >= (sy_index)sy_space_count(p.batch_rank, p.batch_dims) * size)
        return;
    const sy_u32 i = number / size, element = number - i * size, row = element / p.n,
                 column = element - row * p.n;
    const sy_u32 a_step = p.a_transposed ? p.m : 1, b_step = p.b_transposed ? 1 : p.n;
    SY_GLOBAL const sy_f32 *left =
        a + SY_AT(at, 0) + sy_gemm_matrix_at(&p, p.a_strides, i) + row * (p.a_transposed ? 1 : p.k);
    SY_GLOBAL const sy_f32 *right =
        b + SY_AT(at, 1) + sy_gemm_matrix_at(&p, p.b_strides, i) + column * (p.b_transposed ? p.k : 1);
    sy_f32 sum = 0.0f;
    for (sy_u32 k = 0; k < p.k; k++)
        sum = sy_fma(left[(sy_index)k * a_step], right[(sy_index)k * b_step], sum);
    y[SY_AT(at, 3) + number] = sy_gemm_finish(&p, c + SY_AT(at, 2), row, column, sum);
}

/* Where another has left alpha times the product in y. */
SY_KERNEL(SY_GROUP, 1)
void sy_k_gemm_finish(SY_GLOBAL const sy_f32 *SY_RESTRICT a, SY_GLOBAL const sy_f32 *SY_RESTRICT b,
                      SY_GLOBAL const sy_f32 *SY_RESTRICT c, SY_GLOBAL sy_f32 *SY_RESTRICT y,
                      sy_gemm_params p, sy_places at)
{
    const sy_u32 number = (sy_u32)SY_GLOBAL_X, element = number % (p.m * p.n);
    (void)a;
    (void)b;
    if (SY_GLOBAL_X >= (sy_index)sy_space_count(p.batch_rank, p.batch_dims) * p.m * p.n)
        return;
    SY_GLOBAL sy_f32 *to = y + SY_AT(at, 3) + number;
    p.alpha = 1.0f;
    *to = sy_gemm_finish(&p, c + SY_AT(at, 2), element / p.n, element % p.n, *to);
}

#endif
