/* A product of two matrices, a tile at a time: what convolutions and gemm have in common.
 *
 * A group of 256 items computes a tile of y, of `rows` by `columns`; each item keeps 4 by 4 sums of it in
 * registers. Slices of SY_TILE_DEPTH terms of both matrices pass through shared memory. Every sum is one
 * chain of fma over ascending k, whatever the tile.
 *
 * The last slice is filled up with -0 in a and 0 in b: their product is -0, which changes no sum, not even
 * -0.
 *
 * `rows` and `columns` are constants at every call, so that after inlining loops unroll and sums stay in
 * registers: rows / 4 * columns / 4 is 256. With more sums an item would need more than 64 registers.
 */
#ifndef SY_KERNELS_TILE_H
#define SY_KERNELS_TILE_H

#include "kernels/dialect.h"

#define SY_TILE_DEPTH 16
/* Slices are stored [k][row or column] with lines this long: a multiple of 4 words, so that four neighbours
 * can be read at once, and not of 32, so that neighbours in k are in different banks.
 */
#define SY_TILE_LINE(size) ((size) + 4)

typedef struct {
    sy_f32 sum[4][4];
} sy_tile_sums;

SY_FN sy_u32 sy_tile_row(sy_u32 columns)
{
    return SY_ITEM_X / (columns / 4) * 4;
}

SY_FN sy_u32 sy_tile_column(sy_u32 columns)
{
    return SY_ITEM_X % (columns / 4) * 4;
}

/* Adds the products of one slice. */
SY_FN void sy_tile_multiply(SY_LOCAL const sy_f32 *a, SY_LOCAL const sy_f32 *b, sy_u32 rows, sy_u32 columns,
                            sy_tile_sums *sums)
{
    const sy_u32 row = sy_tile_row(columns), column = sy_tile_column(columns);
    SY_UNROLL_BY(2)
    for (sy_u32 k = 0; k < SY_TILE_DEPTH; k++) {
        sy_f32 left[4], right[4];
        SY_UNROLL
        for (sy_u32 i = 0; i < 4; i++)
            left[i] = a[k * SY_TILE_LINE(rows) + row + i];
        SY_UNROLL
        for (sy_u32 j = 0; j < 4; j++)
            right[j] = b[k * SY_TILE_LINE(columns) + column + j];
        SY_UNROLL
        for (sy_u32 i = 0; i < 4; i++) {
            SY_UNROLL
            for (sy_u32 j = 0; j < 4; j++)
                sums->sum[i][j] = sy_fma(left[i], right[j], sums->sum[i][j]);
        }
    }
}

/* How the items share the work of copying slices of a matrix: neighbours in memory go to neighbouring items.
 * Step s of an item is element (k + s * k_step, i + s * i_step) of the slice.
 */
typedef struct {
    sy_u32 k, i, k_step, i_step;
    sy_u32 at, step; /* the word of the first element, and how far on that of the next step is */
} sy_tile_walk;

/* For a matrix of lines that are `pitch` words apart: along k, [i][k], or across, [k][i] (a constant at every
 * call). `first` is the tile's first i.
 */
SY_FN sy_tile_walk sy_tile_walk_of(sy_u32 tile, sy_u32 along_k, sy_u32 pitch, sy_u32 first)
{
    const sy_u32 line = along_k ? SY_TILE_DEPTH : tile;
    sy_tile_walk walk;
    walk.k = along_k ? SY_ITEM_X % line : SY_ITEM_X / line;
    walk.i = along_k ? SY_ITEM_X / line : SY_ITEM_X % line;
    walk.k_step = along_k ? 0 : SY_GROUP / line;
    walk.i_step = along_k ? SY_GROUP / line : 0;
    walk.at = along_k ? (first + walk.i) * pitch + walk.k : walk.k * pitch + first + walk.i;
    walk.step = SY_GROUP / line * pitch;
    return walk;
}

/* Copies a slice: `size` is how many i there are from the tile's first on, `depth` how many k from the
 * slice's first on. Beyond them are 0 and `fill`. `from` is where the matrix has the slice's first k.
 */
SY_FN void sy_tile_load(SY_LOCAL sy_f32 *to, sy_u32 tile, SY_GLOBAL const sy_f32 *from, sy_tile_walk walk,
                        sy_u32 size, sy_u32 depth, sy_f32 fill)
{
    SY_UNROLL
    for (sy_u32 s = 0; s < SY_TILE_DEPTH * tile / SY_GROUP; s++) {
        const sy_u32 k = walk.k + s * walk.k_step, i = walk.i + s * walk.i_step;
        sy_f32 value = k < depth ? 0.0f : fill;
        if (k < depth && i < size)
            value = from[walk.at + s * walk.step];
        to[k * SY_TILE_LINE(tile) + i] = value;
    }
}

SY_FN void sy_tile_clear(sy_tile_sums *sums)
{
    SY_UNROLL
    for (sy_u32 i = 0; i < 4; i++) {
        SY_UNROLL
        for (sy_u32 j = 0; j < 4; j++)
            sums->sum[i][j] = 0.0f;
    }
}

#endif
