/* Convolution of any shape, as a product of weights[filters][taps] and taps[taps][outputs] that exists only
 * in blocks. Included once by the file of each instruction set.
 *
 * A strip of the input of one group is copied with its padding (simd_image.h). There, a tap of a tile of
 * neighbouring outputs is one run of words, or a few where the tile goes over the end of a row; these are
 * gathered into the packed block that the product reads.
 */
#include "cpu/fast_conv_bias.h"
#include "cpu/kernels.h"
#include "cpu/simd_image.h"
#include "cpu/simd_product.h"

enum { IMAGE_WORDS = 32768 };

typedef struct convolution {
    const sy_conv2d_params *params;
    image_form form;
    size_t channels, filters;       /* of a group */
    size_t strip_rows, plane_words; /* of outputs; of a channel's copy of a strip */
    float *image, *block, *bias;
    sy_u32 *offsets; /* of each tap, from the output's first */
} convolution;

/* Where the columns of a tile are in the copied strip: runs of neighbours. */
typedef struct tile_runs {
    int count;
    struct {
        size_t from;
        int to, vectors;
    } run[TILE_COLUMNS];
} tile_runs;

static tile_runs runs_of(const convolution *v, size_t first, size_t columns)
{
    const size_t out_w = v->params->out_w, step = v->params->stride_h * v->form.row_words;
    tile_runs runs = {0};
    for (size_t n = 0; n < columns;) {
        const size_t row = (first + n) / out_w, column = (first + n) % out_w;
        const size_t length = out_w - column < columns - n ? out_w - column : columns - n;
        runs.run[runs.count].from = row * step + column;
        runs.run[runs.count].to = (int)n;
        runs.run[runs.count++].vectors = (int)((length + VW - 1) / VW);
        n += length;
    }
    return runs;
}

/* Whole vectors are copied: what is too much at the end of a run is overwritten by the next run or the next
 * tap. */
static void gather_runs(const float *image, const sy_u32 *offsets, size_t k, const tile_runs *runs, float *to)
{
    for (size_t i = 0; i < k; i++, to += TILE_COLUMNS)
        for (int r = 0; r < runs->count; r++) {
            const float *from = image + runs->run[r].from + offsets[i];
            float *at = to + runs->run[r].to;
            v_store(at, v_load(from));
            if (runs->run[r].vectors == 2)
                v_store(at + VW, v_load(from + VW));
        }
}

/* Tiles that are one run are left to the product, the others are gathered here. */
static void fill_block(const convolution *v, b_block *block)
{
    for (size_t tile = 0; tile * TILE_COLUMNS < block->columns; tile++) {
        const int columns = block_tile_columns(block, tile);
        const tile_runs runs = runs_of(v, block->first + tile * TILE_COLUMNS, (size_t)columns);
        const bool whole = runs.count == 1 && columns == TILE_COLUMNS;
        block->tile[tile] = whole ? v->image + runs.run[0].from : NULL;
        if (!whole)
            gather_runs(v->image, block->offsets, block->k, &runs,
                        block->packed + tile * TILE_COLUMNS * block->k);
    }
}

/* All filters of a group for the copied strip, whose outputs begin at p->c. */
static void strip_product(const convolution *v, const matrix_product *p)
{
    const blocks size = blocks_of(p->rows, p->columns, p->k);
    b_block block = {.packed = v->block};
    for (block.first = 0; block.first < p->columns; block.first += size.columns) {
        block.columns = p->columns - block.first < size.columns ? p->columns - block.first : size.columns;
        for (block.k0 = 0; block.k0 < p->k; block.k0 += size.k) {
            block.k = p->k - block.k0 < size.k ? p->k - block.k0 : size.k;
            block.offsets = v->offsets + block.k0;
            fill_block(v, &block);
            product_block(p, &block);
        }
    }
}

/* x and p->c are those of one group of one image. */
static void convolve_group(const convolution *v, matrix_product *p, const float *x)
{
    const sy_conv2d_params *params = v->params;
    float *y = p->c;
    for (size_t first = 0; first < params->out_h; first += v->strip_rows) {
        const size_t rows = params->out_h - first < v->strip_rows ? params->out_h - first : v->strip_rows;
        const size_t copied = (rows - 1) * params->stride_h + v->form.tap_rows;
        for (size_t c = 0; c < v->channels; c++)
            for (size_t i = 0; i < copied; i++)
                image_copy_row(&v->form, x + c * params->in_h * params->in_w, first * params->stride_h + i,
                               v->image + c * v->plane_words + i * v->form.row_words);
        p->columns = rows * params->out_w;
        p->c = y + first * params->out_w;
        strip_product(v, p);
    }
}

static size_t group_taps(const sy_conv2d_params *p)
{
    return (size_t)(p->channels / p->groups) * p->kernel_h * p->kernel_w;
}

static size_t convolution_pack_words(const void *params, int operand)
{
    const sy_conv2d_params *p = params;
    return operand == 1 ? p->filters * group_taps(p) : 0;
}

static void convolution_pack(const void *params, int operand, const void *from, void *to)
{
    const sy_conv2d_params *p = params;
    const size_t taps = group_taps(p), filters = p->filters / p->groups;
    (void)operand;
    for (size_t g = 0; g < p->groups; g++)
        pack_rows((const float *)from + g * filters * taps, taps, 1, filters, taps,
                  (float *)to + g * filters * taps);
}

static convolution convolution_of(const sy_conv2d_params *p)
{
    convolution v = {.params = p,
                     .form = image_form_of(p),
                     .channels = p->channels / p->groups,
                     .filters = p->filters / p->groups};
    const size_t row = v.form.row_words * v.channels * p->stride_h;
    v.strip_rows = part_of(p->out_h, row < IMAGE_WORDS ? IMAGE_WORDS / row : 1);
    v.plane_words = ((v.strip_rows - 1) * p->stride_h + v.form.tap_rows) * v.form.row_words;
    return v;
}

static void fill_offsets(const convolution *v)
{
    const sy_conv2d_params *p = v->params;
    sy_u32 *offset = v->offsets;
    for (size_t c = 0; c < v->channels; c++)
        for (size_t ky = 0; ky < p->kernel_h; ky++)
            for (size_t kx = 0; kx < p->kernel_w; kx++)
                *offset++ = (sy_u32)(c * v->plane_words + image_tap(&v->form, p, ky, kx));
}

static sy_status convolution_launch(const sy_cpu_call *call)
{
    const sy_conv2d_params *params = call->params;
    const bool packed = call->packed & 2;
    convolution v = convolution_of(params);
    const size_t taps = group_taps(params);
    const blocks size = blocks_of(v.filters, v.strip_rows * params->out_w, taps);
    const size_t block_part = whole_lines(block_words(&size)), bias_part = whole_lines(params->filters),
                 image_part = whole_lines(v.channels * v.plane_words + VW), offset_part = whole_lines(taps),
                 weight_part = packed ? 0 : whole_lines(params->filters * taps);
    v.block =
        sy_cpu_scratch_take(call->scratch, block_part + bias_part + image_part + offset_part + weight_part);
    if (!v.block)
        return SY_E_MEMORY;
    v.bias = v.block + block_part;
    v.image = v.bias + bias_part;
    v.offsets = (sy_u32 *)(v.image + image_part);
    float *weights = packed ? call->operands[1] : v.image + image_part + offset_part;
    conv_biases(params, call->operands[2], v.bias);
    fill_offsets(&v);
    image_prepare(&v.form, image_part, v.image);
    if (!packed)
        convolution_pack(params, 1, call->operands[1], weights);

    const size_t in_words = v.channels * params->in_h * params->in_w,
                 area = (size_t)params->out_h * params->out_w;
    for (size_t i = 0; i < (size_t)params->batch * params->groups; i++) {
        const size_t filter = i % params->groups * v.filters;
        matrix_product p = {.a = weights + filter * taps,
                            .rows = v.filters,
                            .k = taps,
                            .c = (float *)call->operands[3] + i * v.filters * area,
                            .c_step = area,
                            .row_bias = v.bias + filter,
                            .lo = params->clamp.lo,
                            .hi = params->clamp.hi};
        convolve_group(&v, &p, (const float *)call->operands[0] + i * in_words);
    }
    return SY_OK;
}

const sy_cpu_variant SY_SIMD(sy_cpu_convolution) = {.kernel = SY_KERNEL_conv2d,
                                                    .level = SY_SIMD_LEVEL,
                                                    .name = "conv2d.blocks" SY_SIMD_SUFFIX,
                                                    .launch = convolution_launch,
                                                    .pack_words = convolution_pack_words,
                                                    .pack = convolution_pack};
