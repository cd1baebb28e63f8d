/* channel_sum and reduce, where they add up rows of neighbours. Included once by the file of each instruction
 * set.
 *
 * The one order of long sums (see reduce in kernels/params.h) has SY_REDUCE_LANES partial sums, which are a
 * few vectors. A partial sum is never -0, so the lanes beyond the end of a row may add 0.
 */
#include "cpu/kernels.h"
#include "cpu/simd.h"
#include "cpu/simd_tile.h"
#include "cpu/walk.h"

enum {
    LANE_VECTORS = SY_REDUCE_LANES / VW,
    ROWS = 4, /* at a time: each is a chain of additions */
};

typedef enum term { TERM_PLAIN, TERM_SQUARE } term;

/* Rows of `count` elements, `step` words apart; where there are several parts, a row goes on in each of them,
 * and all but the last are whole numbers of lanes.
 */
typedef struct rows {
    const float *x;
    size_t rows, step, count, parts, part_step;
} rows;

SY_INLINE vf add_term(term what, vf x, vf sum)
{
    return what == TERM_SQUARE ? v_fma(x, x, sum) : v_add(sum, x);
}

/* The partial sums of `height` rows from x on, those VW lanes apart already added. */
SY_INLINE void sum_lanes(term what, const rows *all, const float *x, int height, vf *to)
{
    vf sums[ROWS][LANE_VECTORS];
    SY_UNROLL
    for (int r = 0; r < height; r++) {
        SY_UNROLL
        for (int v = 0; v < LANE_VECTORS; v++)
            sums[r][v] = v_zero();
    }
    for (size_t part = 0; part < all->parts; part++, x += all->part_step) {
        size_t i = 0;
        for (; i + SY_REDUCE_LANES <= all->count; i += SY_REDUCE_LANES) {
            SY_UNROLL
            for (int r = 0; r < height; r++) {
                SY_UNROLL
                for (int v = 0; v < LANE_VECTORS; v++)
                    sums[r][v] = add_term(what, v_load(x + (size_t)r * all->step + i + v * VW), sums[r][v]);
            }
        }
        SY_UNROLL
        for (int v = 0; v < LANE_VECTORS; v++, i += VW) {
            if (i >= all->count)
                break;
            const vmask mask = v_mask_range(0, (int)(all->count - i));
            SY_UNROLL
            for (int r = 0; r < height; r++)
                sums[r][v] = add_term(what, v_load_masked(x + (size_t)r * all->step + i, mask), sums[r][v]);
        }
    }
    SY_UNROLL
    for (int r = 0; r < height; r++)
        to[r] = LANE_VECTORS == 2 ? v_add(sums[r][0], sums[r][LANE_VECTORS - 1]) : sums[r][0];
}

/* The rest of the tree for VW rows side by side. */
static vf join_lanes(vf lanes[VW])
{
    v_transpose(lanes);
    SY_UNROLL
    for (int half = VW / 2; half > 0; half /= 2) {
        SY_UNROLL
        for (int i = 0; i < half; i++)
            lanes[i] = v_add(lanes[i], lanes[i + half]);
    }
    return lanes[0];
}

/* From the last row to the first: whoever wrote them has left the last in the caches, and whoever reads them
 * next finds the first there.
 */
SY_INLINE void sum_rows(term what, const rows *all, float *to)
{
    vf lanes[VW];
    size_t r = all->rows - all->rows % VW;
    const int rest = (int)(all->rows % VW);
    for (int i = 0; i < VW; i++)
        lanes[i] = v_zero();
    for (int i = 0; i < rest; i++)
        sum_lanes(what, all, all->x + (r + (size_t)i) * all->step, 1, lanes + i);
    if (rest > 0)
        v_store_part(to + r, join_lanes(lanes), rest);
    while (r > 0) {
        r -= VW;
        for (int i = 0; i < VW; i += ROWS)
            sum_lanes(what, all, all->x + (r + (size_t)i) * all->step, ROWS, lanes + i);
        v_store(to + r, join_lanes(lanes));
    }
}

static bool channel_rows_accept(const void *params)
{
    const sy_channel_sum_params *p = params;
    return p->inner > 1 && (p->outer == 1 || p->inner % SY_REDUCE_LANES == 0);
}

static sy_status channel_rows_launch(const sy_cpu_call *call)
{
    const sy_channel_sum_params *p = call->params;
    const rows all = {.x = call->operands[0],
                      .rows = p->channels,
                      .step = p->inner,
                      .count = p->inner,
                      .parts = p->outer,
                      .part_step = (size_t)p->channels * p->inner};
    sum_rows(TERM_PLAIN, &all, call->operands[1]);
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
    rows all = {.rows = sy_walk_row(p->kept_rank, p->kept_dims),
                .step = p->kept_rank ? p->kept_strides[p->kept_rank - 1] : 0,
                .count = count,
                .parts = 1};
    sy_u32 index[SY_KERNEL_RANK] = {0};
    do {
        all.x = x + sy_walk_offset(p->kept_rank, p->kept_strides, index);
        if (p->function == SY_REDUCE_SUM_SQUARE)
            sum_rows(TERM_SQUARE, &all, y);
        else
            sum_rows(TERM_PLAIN, &all, y);
        for (size_t i = 0; i < all.rows && p->function == SY_REDUCE_MEAN; i++)
            y[i] /= (float)count;
        y += all.rows;
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
