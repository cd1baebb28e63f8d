/* Pooling over windows. Included once by the file of each instruction set.
 *
 * Strips of the image are copied as for a convolution (simd_image.h), with -infinity or 0 for padding; a
 * window is then a list of offsets, taken in the reference's order. A plane with something that is not finite
 * goes to the reference: a vector's maximum does not keep a NaN.
 */
#include <math.h>

#include "cpu/kernels.h"
#include "cpu/ref.h"
#include "cpu/simd_image.h"
#include "cpu/simd_tile.h"

enum { POOL_STRIP_WORDS = 4096 };

typedef struct pooling {
    const sy_pool2d_params *params;
    sy_conv2d_params window; /* the convolution that slides alike */
    image_form form;
    size_t strip_rows; /* of outputs */
    size_t *offsets;   /* of the positions of a window */
    size_t positions;
    float *strip;
    float *rows,
        *columns; /* averages: positions that count, of the windows of each row and column of outputs */
} pooling;

static sy_conv2d_params window_of(const sy_pool2d_params *p)
{
    return (sy_conv2d_params){.in_h = p->in_h,
                              .in_w = p->in_w,
                              .kernel_h = p->kernel_h,
                              .kernel_w = p->kernel_w,
                              .stride_h = p->stride_h,
                              .stride_w = p->stride_w,
                              .dilation_h = p->dilation_h,
                              .dilation_w = p->dilation_w,
                              .pad_top = p->pad_top,
                              .pad_left = p->pad_left,
                              .out_h = p->out_h,
                              .out_w = p->out_w};
}

/* A finite x * 0 is 0, any other a NaN; four chains, to hide the latency of fma. */
static bool all_finite(const float *x, size_t count)
{
    vf poison[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
    float lanes[VW], sum = 0;
    size_t i = 0;
    for (; i + 4 * VW <= count; i += 4 * VW) {
        SY_UNROLL
        for (int v = 0; v < 4; v++)
            poison[v] = v_fma(v_load(x + i + v * VW), v_zero(), poison[v]);
    }
    v_store(lanes, v_add(v_add(poison[0], poison[1]), v_add(poison[2], poison[3])));
    for (int lane = 0; lane < VW; lane++)
        sum += lanes[lane];
    for (; i < count; i++)
        sum += x[i] * 0.0f;
    return sum == 0;
}

/* `columns` windows of one row, one or two vectors of them; in_row: positions of a window's column that
 * count. */
SY_INLINE void pool_windows(const pooling *g, const float *from, float *to, int columns, float in_row,
                            const float *in_columns, int vectors)
{
    const bool max = g->params->kind == SY_POOL_MAX;
    vf value[2];
    SY_UNROLL
    for (int v = 0; v < vectors; v++)
        value[v] = v_set(max ? -INFINITY : 0.0f);
    for (size_t k = 0, count = g->positions; k < count; k++) {
        const float *at = from + g->offsets[k];
        SY_UNROLL
        for (int v = 0; v < vectors; v++)
            value[v] = max ? v_max(v_load(at + v * VW), value[v]) : v_add(value[v], v_load(at + v * VW));
    }
    SY_UNROLL
    for (int v = 0; v < vectors; v++) {
        if (!max)
            value[v] = v_div(value[v], v_mul(v_set(in_row), v_load(in_columns + v * VW)));
        v_store_part(to + v * VW, value[v], columns - v * VW);
    }
}

static void pool_row(const pooling *g, const float *from, float *to, float in_row)
{
    const size_t out_w = g->params->out_w;
    size_t i = 0;
    for (; i + VW < out_w; i += 2 * VW)
        pool_windows(g, from + i, to + i, (int)(out_w - i < 2 * VW ? out_w - i : 2 * VW), in_row,
                     g->columns + i, 2);
    if (i < out_w)
        pool_windows(g, from + i, to + i, (int)(out_w - i), in_row, g->columns + i, 1);
}

static void pool_plane(const pooling *g, const float *x, float *y)
{
    const sy_pool2d_params *p = g->params;
    const size_t row_step = p->stride_h * g->form.row_words;
    for (size_t first = 0; first < p->out_h; first += g->strip_rows) {
        const size_t rows = p->out_h - first < g->strip_rows ? p->out_h - first : g->strip_rows;
        const size_t copied = (rows - 1) * p->stride_h + g->form.tap_rows;
        for (size_t i = 0; i < copied; i++)
            image_copy_row(&g->form, x, first * p->stride_h + i, g->strip + i * g->form.row_words);
        for (size_t row = 0; row < rows; row++)
            pool_row(g, g->strip + row * row_step, y + (first + row) * p->out_w, g->rows[first + row]);
    }
}

/* How many of `kernel` positions, `dilation` apart from `start` on, lie in [from, to). */
static size_t positions_in(ptrdiff_t start, size_t kernel, size_t dilation, ptrdiff_t from, ptrdiff_t to)
{
    size_t count = 0;
    for (size_t k = 0; k < kernel; k++) {
        const ptrdiff_t at = start + (ptrdiff_t)(k * dilation);
        count += at >= from && at < to;
    }
    return count;
}

/* Fills rows and columns, whose product is exact: windows have fewer than 2^24 positions. */
static void count_positions(pooling *g)
{
    const sy_pool2d_params *p = g->params;
    const bool frame = p->count_padding;
    const ptrdiff_t top = frame ? -(ptrdiff_t)p->pad_top : 0, left = frame ? -(ptrdiff_t)p->pad_left : 0;
    const ptrdiff_t bottom = (ptrdiff_t)p->in_h + (frame ? p->pad_bottom : 0);
    const ptrdiff_t right = (ptrdiff_t)p->in_w + (frame ? p->pad_right : 0);
    for (size_t i = 0; i < p->out_h; i++)
        g->rows[i] = (float)positions_in((ptrdiff_t)(i * p->stride_h) - p->pad_top, p->kernel_h,
                                         p->dilation_h, top, bottom);
    for (size_t i = 0; i < p->out_w; i++)
        g->columns[i] = (float)positions_in((ptrdiff_t)(i * p->stride_w) - p->pad_left, p->kernel_w,
                                            p->dilation_w, left, right);
}

static void fill_positions(pooling *g)
{
    const sy_conv2d_params *w = &g->window;
    for (size_t ky = 0; ky < w->kernel_h; ky++)
        for (size_t kx = 0; kx < w->kernel_w; kx++)
            g->offsets[ky * w->kernel_w + kx] = image_tap(&g->form, w, ky, kx);
}

static bool pool_accepts(const void *params)
{
    const sy_pool2d_params *p = params;
    return (size_t)p->kernel_h * p->kernel_w <= 1024 && p->out_h > 0 && p->out_w > 0;
}

static sy_status pool_launch(const sy_cpu_call *call)
{
    const sy_pool2d_params *p = call->params;
    pooling g = {.params = p, .window = window_of(p), .positions = (size_t)p->kernel_h * p->kernel_w};
    g.form = image_form_of(&g.window);
    g.form.padding = p->kind == SY_POOL_MAX ? -INFINITY : 0.0f;
    const size_t step = p->stride_h * g.form.row_words, most = POOL_STRIP_WORDS / step;
    g.strip_rows = part_of(p->out_h, most ? most : 1);
    const size_t strip_part =
                     whole_lines(((g.strip_rows - 1) * p->stride_h + g.form.tap_rows) * g.form.row_words),
                 row_part = whole_lines(p->out_h), column_part = whole_lines(p->out_w + 2 * VW),
                 offset_part = g.positions * sizeof(size_t) / sizeof(float);
    g.strip = sy_cpu_scratch_take(call->scratch, strip_part + row_part + column_part + offset_part);
    if (!g.strip)
        return SY_E_MEMORY;
    g.rows = g.strip + strip_part;
    g.columns = g.rows + row_part;
    g.offsets = (size_t *)(void *)(g.columns + column_part);
    image_prepare(&g.form, strip_part, g.strip);
    count_positions(&g);
    fill_positions(&g);

    sy_pool2d_params one = *p;
    one.planes = 1;
    for (size_t plane = 0; plane < p->planes; plane++) {
        float *x = (float *)call->operands[0] + plane * p->in_h * p->in_w;
        float *y = (float *)call->operands[1] + plane * p->out_h * p->out_w;
        if (all_finite(x, (size_t)p->in_h * p->in_w))
            pool_plane(&g, x, y);
        else
            sy_ref_pool2d((void *[]){x, y}, &one);
    }
    return SY_OK;
}

const sy_cpu_variant SY_SIMD(sy_cpu_pool) = {.kernel = SY_KERNEL_pool2d,
                                             .level = SY_SIMD_LEVEL,
                                             .name = "pool2d" SY_SIMD_SUFFIX,
                                             .accepts = pool_accepts,
                                             .launch = pool_launch};
