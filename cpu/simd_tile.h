/* The inner loop of every matrix product and convolution: a tile of c = a * b kept in registers.
 *
 * A tile has 1 to TILE_ROWS rows and 1 or 2 vectors of columns. Each of its
 * sums is one chain of fma over k ascending. To keep b in the caches a product may be cut along k: then a
 * tile writes its sums to c as they are, and the next one resumes from there, which changes no bit.
 */
#ifndef SY_CPU_SIMD_TILE_H
#define SY_CPU_SIMD_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu/simd.h"

#if defined(__clang__)
#define SY_UNROLL _Pragma("clang loop unroll(full)")
#else
#define SY_UNROLL _Pragma("GCC unroll 16")
#endif

enum { TILE_COLUMNS = 2 * VW };

/* Equal parts of at most `limit`. */
static inline size_t part_of(size_t total, size_t limit)
{
    const size_t count = (total + limit - 1) / limit;
    return count ? (total + count - 1) / count : 0;
}

/* Words of a part of the scratch memory, so that the next part is aligned too. */
static inline size_t whole_lines(size_t words)
{
    return (words + 15) / 16 * 16;
}

typedef struct tile_job {
    const float *a; /* [k][rows], a_step words from one k to the next */
    const float *b; /* [k][columns]; whole vectors are read, whatever `columns` is */
    float *c;       /* [rows][columns] */
    size_t a_step, b_step, c_step;
    size_t k;
    int rows, columns;        /* at most TILE_ROWS and TILE_COLUMNS */
    bool resume;              /* the sums go on from c instead of 0 */
    bool finish;              /* k ends here: add the bias, clamp */
    const float *row_bias;    /* [rows], or NULL */
    const float *column_bias; /* [whole vectors], or NULL */
    float lo, hi;
    /* Of tile_gather() only: row k of b is offsets[k] words from b, and is left at copy[k][TILE_COLUMNS],
     * which is how the tiles of the rows below want it.
     */
    const uint32_t *offsets;
    float *copy;
} tile_job;

static inline vf clamp_vector(vf x, vf lo, vf hi)
{
    return v_min(hi, v_max(lo, x)); /* in this order a NaN and a negative zero stay what they are */
}

#define SY_INLINE static inline __attribute__((always_inline))

SY_INLINE void tile_finish(const tile_job *job, vf c[TILE_ROWS][2], int rows, int vectors)
{
    const vf lo = v_set(job->lo), hi = v_set(job->hi);
    if (job->row_bias) {
        SY_UNROLL
        for (int i = 0; i < rows; i++) {
            const vf bias = v_set(job->row_bias[i]);
            SY_UNROLL
            for (int v = 0; v < vectors; v++)
                c[i][v] = v_add(c[i][v], bias);
        }
    }
    if (job->column_bias) {
        SY_UNROLL
        for (int v = 0; v < vectors; v++) {
            const vf bias = v_load(job->column_bias + v * VW);
            SY_UNROLL
            for (int i = 0; i < rows; i++)
                c[i][v] = v_add(c[i][v], bias);
        }
    }
    SY_UNROLL
    for (int i = 0; i < rows; i++) {
        SY_UNROLL
        for (int v = 0; v < vectors; v++)
            c[i][v] = clamp_vector(c[i][v], lo, hi);
    }
}

SY_INLINE void tile_load(const tile_job *job, vf c[TILE_ROWS][2], int rows, int vectors)
{
    const vmask mask = v_mask_range(0, job->columns - (vectors - 1) * VW);
    const float *from = job->c;
    SY_UNROLL
    for (int i = 0; i < rows; i++, from += job->c_step) {
        if (vectors == 2)
            c[i][0] = v_load(from);
        c[i][vectors - 1] = v_load_masked(from + (vectors - 1) * VW, mask);
    }
}

SY_INLINE void tile_store(const tile_job *job, vf c[TILE_ROWS][2], int rows, int vectors)
{
    const int last = job->columns - (vectors - 1) * VW;
    const size_t step = job->c_step;
    float *to = job->c;
    if (last == VW) {
        SY_UNROLL
        for (int i = 0; i < rows; i++, to += step) {
            SY_UNROLL
            for (int v = 0; v < vectors; v++)
                v_store(to + v * VW, c[i][v]);
        }
        return;
    }
    SY_UNROLL
    for (int i = 0; i < rows; i++, to += step) {
        if (vectors == 2)
            v_store(to, c[i][0]);
        v_store_part(to + (vectors - 1) * VW, c[i][vectors - 1], last);
    }
}

SY_INLINE void tile_add(const float *a, const vf *b, vf c[TILE_ROWS][2], int rows, int vectors)
{
    SY_UNROLL
    for (int i = 0; i < rows; i++) {
        const vf av = v_set(a[i]);
        SY_UNROLL
        for (int v = 0; v < vectors; v++)
            c[i][v] = v_fma(av, b[v], c[i][v]);
    }
}

SY_INLINE void tile(const tile_job *job, int rows, int vectors, bool gather)
{
    vf c[TILE_ROWS][2], bv[2];
    const float *a = job->a, *b = job->b;
    const size_t a_step = job->a_step, b_step = job->b_step, count = job->k;
    const uint32_t *offsets = job->offsets;
    float *copy = job->copy;
    SY_UNROLL
    for (int i = 0; i < rows; i++)
        c[i][0] = c[i][1] = v_zero();
    if (job->resume)
        tile_load(job, c, rows, vectors);
    for (size_t k = 0; k < count; k++, a += a_step) {
        const float *from = gather ? b + offsets[k] : b;
        SY_UNROLL
        for (int v = 0; v < vectors; v++)
            bv[v] = v_load(from + v * VW);
        if (gather) {
            SY_UNROLL
            for (int v = 0; v < vectors; v++)
                v_store(copy + v * VW, bv[v]);
            copy += TILE_COLUMNS;
        } else {
            b += b_step;
        }
        tile_add(a, bv, c, rows, vectors);
    }
    if (job->finish)
        tile_finish(job, c, rows, vectors);
    tile_store(job, c, rows, vectors);
}

#define TILE_FUNCTIONS(rows)                           \
    static void tile_##rows##x1(const tile_job *job)   \
    {                                                  \
        tile(job, rows, 1, false);                     \
    }                                                  \
    static void tile_##rows##x2(const tile_job *job)   \
    {                                                  \
        tile(job, rows, 2, false);                     \
    }                                                  \
    static void gather_##rows##x2(const tile_job *job) \
    {                                                  \
        tile(job, rows, 2, true);                      \
    }

TILE_FUNCTIONS(1)
TILE_FUNCTIONS(2)
TILE_FUNCTIONS(3)
TILE_FUNCTIONS(4)
TILE_FUNCTIONS(5)
TILE_FUNCTIONS(6)
#if SY_SIMD_TILE_ROWS > 6
TILE_FUNCTIONS(7)
TILE_FUNCTIONS(8)
#endif
#undef TILE_FUNCTIONS

/* By the rows less 1: of one vector, of two, of two that are gathered. */
static void (*const tile_functions[SY_SIMD_TILE_ROWS][3])(const tile_job *) = {
    {tile_1x1, tile_1x2, gather_1x2}, {tile_2x1, tile_2x2, gather_2x2}, {tile_3x1, tile_3x2, gather_3x2},
    {tile_4x1, tile_4x2, gather_4x2}, {tile_5x1, tile_5x2, gather_5x2}, {tile_6x1, tile_6x2, gather_6x2},
#if SY_SIMD_TILE_ROWS > 6
    {tile_7x1, tile_7x2, gather_7x2}, {tile_8x1, tile_8x2, gather_8x2},
#endif
};

static inline void tile_run(const tile_job *job)
{
    tile_functions[job->rows - 1][job->columns > VW](job);
}

/* Of TILE_COLUMNS columns. */
static inline void tile_gather(const tile_job *job)
{
    tile_functions[job->rows - 1][2](job);
}

/* Rows are cut into as few panels as TILE_ROWS allows, all about as high: the first `tall` have `height`
 * rows, the rest one less. Packed, panel p is [k][its rows], and begins at row * k words.
 */
typedef struct panels {
    size_t count, tall;
    int height;
} panels;

static inline panels panels_of(size_t rows)
{
    const size_t count = (rows + TILE_ROWS - 1) / TILE_ROWS;
    const size_t height = count ? (rows + count - 1) / count : 0;
    return (panels){.count = count, .tall = rows - count * (height ? height - 1 : 0), .height = (int)height};
}

static inline size_t panel_row(const panels *p, size_t panel)
{
    return panel * (size_t)p->height - (panel > p->tall ? panel - p->tall : 0);
}

static inline int panel_height(const panels *p, size_t panel)
{
    return p->height - (panel >= p->tall);
}

#endif
