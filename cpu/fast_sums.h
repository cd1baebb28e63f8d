/* channel_sum and reduce, where they add up rows of neighbours. Included once by the file of each instruction
 * set.
 *
 * The one order of long sums (see reduce in kernels/params.h) has SY_REDUCE_LANES partial sums, which are a
 * few vectors. A partial sum is never -0, so the lanes beyond the end of a row may add 0.
 */
#include "cpu/kernels.h"
#include "cpu/lanes.h"
#include "cpu/simd.h"
#include "cpu/simd_tile.h"
#include "cpu/walk.h"

enum {
    LANE_VECTORS = SY_REDUCE_LANES / VW,
    ROWS = 4, /* at a time: each is a chain of additions */
};

typedef enum term { TERM_PLAIN, TERM_SQUARE } term;

SY_INLINE vf add_term(term what, vf x, vf sum)
{
    return what == TERM_SQUARE ? v_fma(x, x, sum) : v_add(sum, x);
}

static float lanes_total(const vf *sums)
{
    sy_lanes lanes;
    for (int v = 0; v < LANE_VECTORS; v++)
        v_store(lanes.lane + v * VW, sums[v]);
    return sy_lanes_sum(&lanes);
}

/* The sums of `rows` rows of `count` elements, `row_step` words apart; with several parts, of every row's
 * parts together, which are `part_step` apart and whole numbers of lanes.
 */
SY_INLINE void sum_rows(term what, const float *x, int rows, size_t row_step, size_t count, size_t parts,
                        size_t part_step, float *to)
{
    vf sums[ROWS][LANE_VECTORS];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < LANE_VECTORS; v++)
            sums[r][v] = v_zero();
    for (size_t part = 0; part < parts; part++, x += part_step) {
        size_t i = 0;
        for (; i + SY_REDUCE_LANES <= count; i += SY_REDUCE_LANES)
            SY_UNROLL
        for (int r = 0; r < rows; r++) {
            SY_UNROLL
            for (int v = 0; v < LANE_VECTORS; v++)
                sums[r][v] = add_term(what, v_load(x + (size_t)r * row_step + i + v * VW), sums[r][v]);
        }
        for (int v = 0; v < LANE_VECTORS && i < count; v++, i += VW) {
            const vmask mask = v_mask_range(0, (int)(count - i));
            for (int r = 0; r < rows; r++)
                sums[r][v] = add_term(what, v_load_masked(x + (size_t)r * row_step + i, mask), sums[r][v]);
        }
    }
    for (int r = 0; r < rows; r++)
        to[r] = lanes_total(sums[r]);
}

SY_INLINE void sum_all_rows(term what, const float *x, size_t rows, size_t row_step, size_t count,
                            size_t parts, size_t part_step, float *to)
{
    size_t r = 0;
    for (; r + ROWS <= rows; r += ROWS)
        sum_rows(what, x + r * row_step, ROWS, row_step, count, parts, part_step, to + r);
    for (; r < rows; r++)
        sum_rows(what, x + r * row_step, 1, row_step, count, parts, part_step, to + r);
}

static bool channel_rows_accept(const void *params)
{
    const sy_channel_sum_params *p = params;
    return p->inner > 1 && (p->outer == 1 || p->inner % SY_REDUCE_LANES == 0);
}

static sy_status channel_rows_launch(const sy_cpu_call *call)
{
    const sy_channel_sum_params *p = call->params;
    sum_all_rows(TERM_PLAIN, call->operands[0], p->channels, p->inner, p->inner, p->outer,
                 (size_t)p->channels * p->inner, call->operands[1]);
    return SY_OK;
}

/* Elements of dense dimensions, 0 when they are not dense. */
static size_t dense_count(sy_u32 rank, const sy_u32 *dims, const sy_u32 *strides)
{
    size_t count = 1;
    for (sy_u32 i = rank; i-- > 0;) {
        if (dims[i] != 1 && strides[i] != count)
            return 0;
        count *= dims[i];
    }
    return count;
}

static bool reduce_accepts(const void *params)
{
    const sy_reduce_params *p = params;
    const bool adds =
        p->function == SY_REDUCE_SUM || p->function == SY_REDUCE_MEAN || p->function == SY_REDUCE_SUM_SQUARE;
    return p->kind == SY_KIND_FLOAT && adds && !sy_walk_empty(p->kept_rank, p->kept_dims) &&
           dense_count(p->reduced_rank, p->reduced_dims, p->reduced_strides) > 0;
}

static sy_status reduce_launch(const sy_cpu_call *call)
{
    const sy_reduce_params *p = call->params;
    const float *x = call->operands[0];
    float *y = call->operands[1];
    const size_t count = dense_count(p->reduced_rank, p->reduced_dims, p->reduced_strides);
    const size_t rows = sy_walk_row(p->kept_rank, p->kept_dims);
    const size_t row_step = p->kept_rank ? p->kept_strides[p->kept_rank - 1] : 0;
    sy_u32 index[SY_KERNEL_RANK] = {0};
    do {
        const float *from = x + sy_walk_offset(p->kept_rank, p->kept_strides, index);
        if (p->function == SY_REDUCE_SUM_SQUARE)
            sum_all_rows(TERM_SQUARE, from, rows, row_step, count, 1, 0, y);
        else
            sum_all_rows(TERM_PLAIN, from, rows, row_step, count, 1, 0, y);
        for (size_t i = 0; i < rows && p->function == SY_REDUCE_MEAN; i++)
            y[i] /= (float)count;
        y += rows;
    } while (sy_walk_next(p->kept_rank, p->kept_dims, index));
    return SY_OK;
}

const sy_cpu_variant SY_SIMD(sy_cpu_channel_rows) = {.kernel = SY_KERNEL_channel_sum,
                                                     .level = SY_SIMD_LEVEL,
                                                     .name = "channel_sum.rows" SY_SIMD_SUFFIX,
                                                     .accepts = channel_rows_accept,
                                                     .launch = channel_rows_launch};
const sy_cpu_variant SY_SIMD(sy_cpu_reduce) = {.kernel = SY_KERNEL_reduce,
                                               .level = SY_SIMD_LEVEL,
                                               .name = "reduce" SY_SIMD_SUFFIX,
                                               .accepts = reduce_accepts,
                                               .launch = reduce_launch};
