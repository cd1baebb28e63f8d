/* A product of packed a and packed b, cut into blocks that stay in the caches. */
#ifndef SY_CPU_SIMD_PRODUCT_H
#define SY_CPU_SIMD_PRODUCT_H

#include "cpu/simd_tile.h"

/* Sizes in words. A block of b is read once for each panel of a, so it should stay in the first-level cache;
 * unless a itself is too large for the second: then a larger block of b means that a comes from far away
 * fewer times.
 */
enum {
    BLOCK_K = 288,
    BLOCK_B = 4096,
    BLOCK_B_LARGE = 32768,
    BLOCK_A = 65536,
    BLOCK_TILES = 64,
};

typedef struct matrix_product {
    const float *a; /* panels, see panels_of() */
    size_t rows, columns, k;
    float *c;
    size_t c_step;
    const float *row_bias;    /* [rows] or NULL */
    const float *column_bias; /* [columns, in whole tiles] or NULL */
    float lo, hi;
} matrix_product;

typedef struct blocks {
    size_t k, columns; /* a block of b is at most this large */
} blocks;

static inline blocks blocks_of(size_t rows, size_t columns, size_t k)
{
    const size_t part = part_of(k, BLOCK_K);
    const size_t room = rows * part > BLOCK_A ? BLOCK_B_LARGE : BLOCK_B;
    size_t width = part ? room / part / TILE_COLUMNS * TILE_COLUMNS : TILE_COLUMNS;
    const size_t all = (columns + TILE_COLUMNS - 1) / TILE_COLUMNS * TILE_COLUMNS;
    if (width < TILE_COLUMNS)
        width = TILE_COLUMNS;
    if (width > BLOCK_TILES * TILE_COLUMNS)
        width = BLOCK_TILES * TILE_COLUMNS;
    return (blocks){.k = part, .columns = width < all ? width : all};
}

/* Words of a packed block of b: tiles of [k][TILE_COLUMNS], one after the other. Whoever packs may write this
 * far. */
static inline size_t block_words(const blocks *block)
{
    return block->k * block->columns + TILE_COLUMNS;
}

/* A block of b. What is not packed yet is packed on the way by the first panel of a, at next to no cost. */
typedef struct b_block {
    float *packed;                  /* [tiles][k][TILE_COLUMNS] */
    const float *tile[BLOCK_TILES]; /* where a tile is that is not packed yet; NULL: it is */
    const uint32_t *offsets;        /* of such a tile: words from there to each k */
    size_t first, columns, k0, k;   /* of the whole b */
} b_block;

static inline int block_tile_columns(const b_block *block, size_t tile)
{
    const size_t left = block->columns - tile * TILE_COLUMNS;
    return (int)(left < TILE_COLUMNS ? left : TILE_COLUMNS);
}

static void product_panel(const matrix_product *p, const b_block *block, tile_job *job, bool gather)
{
    float *c = job->c;
    for (size_t tile = 0; tile * TILE_COLUMNS < block->columns; tile++) {
        const size_t n = tile * TILE_COLUMNS;
        float *packed = block->packed + n * block->k;
        job->columns = block_tile_columns(block, tile);
        job->b = packed;
        job->c = c + n;
        job->column_bias = p->column_bias ? p->column_bias + block->first + n : NULL;
        if (gather && block->tile[tile]) {
            job->b = block->tile[tile];
            job->offsets = block->offsets;
            job->copy = packed;
            tile_gather(job);
        } else {
            tile_run(job);
        }
    }
}

/* The columns of c that are in the block get its share of k. */
static void product_block(const matrix_product *p, const b_block *block)
{
    const panels all = panels_of(p->rows);
    tile_job job = {.b_step = TILE_COLUMNS,
                    .c_step = p->c_step,
                    .k = block->k,
                    .resume = block->k0 > 0,
                    .finish = block->k0 + block->k == p->k,
                    .lo = p->lo,
                    .hi = p->hi};
    for (size_t panel = 0; panel < all.count; panel++) {
        const size_t row = panel_row(&all, panel);
        job.rows = panel_height(&all, panel);
        job.a_step = (size_t)job.rows;
        job.a = p->a + row * p->k + block->k0 * job.a_step;
        job.row_bias = p->row_bias ? p->row_bias + row : NULL;
        job.c = p->c + row * p->c_step + block->first;
        product_panel(p, block, &job, panel == 0);
    }
}

/* a from [rows][k] with a_row and a_k words between rows and between k. */
static void pack_rows(const float *a, size_t a_row, size_t a_k, size_t rows, size_t k, float *to)
{
    const panels all = panels_of(rows);
    for (size_t panel = 0; panel < all.count; panel++) {
        const float *from = a + panel_row(&all, panel) * a_row;
        const size_t height = (size_t)panel_height(&all, panel);
        for (size_t i = 0; i < k; i++)
            for (size_t r = 0; r < height; r++)
                *to++ = from[r * a_row + i * a_k];
    }
}

/* Weights as the side that holds vectors: [filters][k] into slices of [k][TILE_COLUMNS], the last one [k][VW]
 * if that is enough, filled up with 0.
 */
static inline size_t slice_width(size_t filters, size_t first)
{
    return filters - first > VW ? TILE_COLUMNS : VW;
}

static inline size_t slices_words(size_t filters, size_t k)
{
    return (filters + VW - 1) / VW * VW * k;
}

static void pack_slices(const float *from, size_t row_step, size_t k_step, size_t filters, size_t k,
                        float *to)
{
    for (size_t first = 0; first < filters; first += TILE_COLUMNS) {
        const size_t width = slice_width(filters, first);
        for (size_t i = 0; i < k; i++)
            for (size_t f = first; f < first + width; f++)
                *to++ = f < filters ? from[f * row_step + i * k_step] : 0.0f;
    }
}

/* The last tile of a block, of fewer columns than a tile has, from rows `step` words apart. */
static void pack_part(const float *b, size_t step, int columns, size_t k, float *to)
{
    const vmask low = v_mask_range(0, columns), high = v_mask_range(0, columns - VW);
    for (size_t i = 0; i < k; i++, b += step, to += TILE_COLUMNS) {
        v_store(to, v_load_masked(b, low));
        if (columns > VW)
            v_store(to + VW, v_load_masked(b + VW, high));
    }
}

enum { ROW_TILES = 4 }; /* at a time, so that enough chains are under way to hide the latency of fma */

/* One row of a, tiles first to first+ROW_TILES-1 of b, which lie `tile_step` words apart and have whole rows
 * of `k_step`. */
static void row_tiles(const matrix_product *p, const float *b, size_t k_step, size_t tile_step, size_t column)
{
    vf c[2 * ROW_TILES];
    SY_UNROLL
    for (int v = 0; v < 2 * ROW_TILES; v++)
        c[v] = v_zero();
    for (size_t k = 0; k < p->k; k++, b += k_step) {
        const vf a = v_set(p->a[k]);
        SY_UNROLL
        for (int v = 0; v < 2 * ROW_TILES; v++)
            c[v] = v_fma(a, v_load(b + (size_t)(v / 2) * tile_step + v % 2 * VW), c[v]);
    }
    const vf lo = v_set(p->lo), hi = v_set(p->hi), row_bias = v_set(p->row_bias ? p->row_bias[0] : 0);
    for (int v = 0; v < 2 * ROW_TILES; v++) {
        const size_t at = column + (size_t)v * VW;
        if (p->row_bias)
            c[v] = v_add(c[v], row_bias);
        if (p->column_bias)
            c[v] = v_add(c[v], v_load(p->column_bias + at));
        v_store(p->c + at, clamp_vector(c[v], lo, hi));
    }
}

/* A product of one row, as far as groups of tiles go; the product that is left. */
static matrix_product product_of_one_row(const matrix_product *p, const float *b, size_t k_step,
                                         size_t tile_step)
{
    matrix_product rest = *p;
    const size_t group = ROW_TILES * TILE_COLUMNS, done = p->rows == 1 ? p->columns / group * group : 0;
    for (size_t n = 0; n < done; n += group)
        row_tiles(p, b + n / TILE_COLUMNS * tile_step, k_step, tile_step, n);
    rest.columns -= done;
    rest.c += done;
    if (rest.column_bias)
        rest.column_bias += done;
    return rest;
}

static inline size_t rows_work_words(size_t rows, size_t columns, size_t k)
{
    const blocks size = blocks_of(rows, columns, k);
    return whole_lines(block_words(&size)) + whole_lines(size.k);
}

/* The product with b[k][columns], whose rows are `step` words apart. `work` has room for rows_work_words().
 */
static void product_of_rows(const matrix_product *all, const float *b, size_t step, float *work)
{
    const matrix_product rest = product_of_one_row(all, b, step, TILE_COLUMNS), *p = &rest;
    const blocks size = blocks_of(p->rows, p->columns, p->k);
    uint32_t *offsets = (uint32_t *)(work + whole_lines(block_words(&size)));
    b_block block = {.packed = work, .offsets = offsets};
    b += all->columns - p->columns;
    for (size_t i = 0; i < size.k; i++)
        offsets[i] = (uint32_t)(i * step);
    for (block.first = 0; block.first < p->columns; block.first += size.columns) {
        block.columns = p->columns - block.first < size.columns ? p->columns - block.first : size.columns;
        for (block.k0 = 0; block.k0 < p->k; block.k0 += size.k) {
            block.k = p->k - block.k0 < size.k ? p->k - block.k0 : size.k;
            for (size_t tile = 0; tile * TILE_COLUMNS < block.columns; tile++) {
                const float *from = b + block.k0 * step + block.first + tile * TILE_COLUMNS;
                const int columns = block_tile_columns(&block, tile);
                block.tile[tile] = columns == TILE_COLUMNS ? from : NULL;
                if (columns < TILE_COLUMNS)
                    pack_part(from, step, columns, block.k, block.packed + tile * TILE_COLUMNS * block.k);
            }
            product_block(p, &block);
        }
    }
}

/* The product with b as slices (see pack_slices). */
static void product_of_slices(const matrix_product *whole, const float *slices)
{
    const matrix_product rest = product_of_one_row(whole, slices, TILE_COLUMNS, whole->k * TILE_COLUMNS),
                         *p = &rest;
    const panels all = panels_of(p->rows);
    slices += (whole->columns - p->columns) * p->k;
    const size_t part = part_of(p->k, BLOCK_K);
    tile_job job = {.c_step = p->c_step, .lo = p->lo, .hi = p->hi};
    for (size_t n = 0; n < p->columns; n += TILE_COLUMNS) {
        job.b_step = slice_width(p->columns, n);
        job.columns = (int)(p->columns - n < job.b_step ? p->columns - n : job.b_step);
        job.column_bias = p->column_bias ? p->column_bias + n : NULL;
        for (size_t k0 = 0; k0 < p->k; k0 += part) {
            job.k = p->k - k0 < part ? p->k - k0 : part;
            job.b = slices + n * p->k + k0 * job.b_step;
            job.resume = k0 > 0;
            job.finish = k0 + job.k == p->k;
            for (size_t panel = 0; panel < all.count; panel++) {
                const size_t row = panel_row(&all, panel);
                job.rows = panel_height(&all, panel);
                job.a_step = (size_t)job.rows;
                job.a = p->a + row * p->k + k0 * job.a_step;
                job.c = p->c + row * p->c_step + n;
                job.row_bias = p->row_bias ? p->row_bias + row : NULL;
                tile_run(&job);
            }
        }
    }
}

#endif
