/* 1x1 convolution, stride 1: y[filters][area] = weights[filters][channels] * x[channels][area]. Included once
 * by the file of each instruction set.
 *
 * Over a large area vectors run along the area. Over a small one (7x7: 49 is 6 vectors and one element) they
 * run along the filters instead, and the result is transposed on its way out.
 */
#include <string.h>

#include "cpu/fast_conv_bias.h"
#include "cpu/kernels.h"
#include "cpu/simd_product.h"

enum {
    SMALL_AREA = 64,
    FILTERS_BLOCK_K =
        96, /* so that [k][49] of x and [k][TILE_COLUMNS] of weights share the first-level cache */
};

static bool pointwise_accepts(const void *params)
{
    const sy_conv2d_params *p = params;
    return p->kernel_h == 1 && p->kernel_w == 1 && p->stride_h == 1 && p->stride_w == 1 && p->groups == 1 &&
           p->pad_top == 0 && p->pad_left == 0 && p->out_h == p->in_h && p->out_w == p->in_w;
}

static size_t area_of(const sy_conv2d_params *p)
{
    return (size_t)p->in_h * p->in_w;
}

static bool along_filters(const sy_conv2d_params *p)
{
    return area_of(p) <= SMALL_AREA && p->filters >= VW;
}

static size_t pointwise_pack_words(const void *params, int operand)
{
    const sy_conv2d_params *p = params;
    if (operand != 1)
        return 0;
    return along_filters(p) ? slices_words(p->filters, p->channels) : (size_t)p->filters * p->channels;
}

static void pointwise_pack(const void *params, int operand, const void *from, void *to)
{
    const sy_conv2d_params *p = params;
    (void)operand;
    if (along_filters(p))
        pack_slices(from, p->channels, 1, p->filters, p->channels, to);
    else
        pack_rows(from, p->channels, 1, p->filters, p->channels, to);
}

/* y[f][n] = tile[n][f] for f < filters and n < area. The rows of `tile` are allocated up to a whole vector.
 */
static void store_transposed(const float *tile, size_t width, size_t filters, size_t area, float *y)
{
    for (size_t f = 0; f < filters; f += VW) {
        const size_t rows = filters - f < VW ? filters - f : VW;
        for (size_t n = 0; n < area; n += VW) {
            vf r[VW];
            for (int i = 0; i < VW; i++)
                r[i] = v_load(tile + (n + (size_t)i) * width + f);
            v_transpose(r);
            for (size_t i = 0; i < rows; i++)
                v_store_part(y + (f + i) * area + n, r[i], (int)(area - n));
        }
    }
}

/* One slice of filters over the whole area, into sums[area][TILE_COLUMNS]. */
static void slice_product(const matrix_product *p, const float *x, const float *slice, size_t width,
                          const float *bias, float *sums)
{
    const panels all = panels_of(p->columns);
    const size_t part = part_of(p->k, FILTERS_BLOCK_K);
    tile_job job = {.a_step = p->columns,
                    .b_step = width,
                    .c_step = TILE_COLUMNS,
                    .columns = (int)width,
                    .column_bias = bias,
                    .lo = p->lo,
                    .hi = p->hi};
    for (size_t k0 = 0; k0 < p->k; k0 += part) {
        job.k = p->k - k0 < part ? p->k - k0 : part;
        job.resume = k0 > 0;
        job.finish = k0 + job.k == p->k;
        job.b = slice + k0 * width;
        for (size_t panel = 0; panel < all.count; panel++) {
            const size_t n = panel_row(&all, panel);
            job.rows = panel_height(&all, panel);
            job.a = x + k0 * p->columns + n;
            job.c = sums + n * TILE_COLUMNS;
            tile_run(&job);
        }
    }
}

static void pointwise_along_filters(const matrix_product *p, const float *x, const float *slices, float *sums)
{
    for (size_t f = 0; f < p->rows; f += TILE_COLUMNS) {
        const size_t width = slice_width(p->rows, f), filters = p->rows - f < width ? p->rows - f : width;
        float bias[TILE_COLUMNS] = {0};
        memcpy(bias, p->row_bias + f, filters * sizeof *bias);
        slice_product(p, x, slices + f * p->k, width, bias, sums);
        store_transposed(sums, TILE_COLUMNS, filters, p->columns, p->c + f * p->c_step);
    }
}

static sy_status pointwise_launch(const sy_cpu_call *call)
{
    const sy_conv2d_params *params = call->params;
    const bool small = along_filters(params), packed = call->packed & 2;
    const size_t area = area_of(params);
    const size_t work_part = whole_lines(small ? (area + VW) * TILE_COLUMNS
                                               : rows_work_words(params->filters, area, params->channels)),
                 bias_part = whole_lines(params->filters + TILE_COLUMNS),
                 weight_part = packed ? 0 : whole_lines(pointwise_pack_words(params, 1));
    float *work = sy_cpu_scratch_take(call->scratch, work_part + bias_part + weight_part);
    if (!work)
        return SY_E_MEMORY;
    float *bias = work + work_part, *weights = packed ? call->operands[1] : bias + bias_part;
    conv_biases(params, call->operands[2], bias);
    if (!packed)
        pointwise_pack(params, 1, call->operands[1], weights);

    matrix_product p = {.a = weights,
                        .rows = params->filters,
                        .columns = area,
                        .k = params->channels,
                        .c_step = area,
                        .row_bias = bias,
                        .lo = params->clamp.lo,
                        .hi = params->clamp.hi};
    for (size_t b = 0; b < params->batch; b++) {
        const float *x = (const float *)call->operands[0] + b * params->channels * area;
        p.c = (float *)call->operands[3] + b * params->filters * area;
        if (small && area == 1)
            product_of_slices(&(matrix_product){.a = x,
                                                .rows = 1,
                                                .columns = p.rows,
                                                .k = p.k,
                                                .c = p.c,
                                                .column_bias = bias,
                                                .lo = p.lo,
                                                .hi = p.hi},
                              weights);
        else if (small)
            pointwise_along_filters(&p, x, p.a, work);
        else
            product_of_rows(&p, x, area, work);
    }
    return SY_OK;
}

const sy_cpu_variant SY_SIMD(sy_cpu_pointwise) = {.kernel = SY_KERNEL_conv2d,
                                                  .level = SY_SIMD_LEVEL,
                                                  .name = "conv2d.pointwise" SY_SIMD_SUFFIX,
                                                  .accepts = pointwise_accepts,
                                                  .launch = pointwise_launch,
                                                  .pack_words = pointwise_pack_words,
                                                  .pack = pointwise_pack};
