/* Convolution in which every filter has one channel. Included once by the file of each instruction set.
 *
 * A strip of the image is copied with its padding (simd_image.h), small enough for the first-level cache;
 * then a block of outputs, a few rows by one or two vectors, adds up all taps in registers.
 */
#include "cpu/fast_conv_bias.h"
#include "cpu/kernels.h"
#include "cpu/simd_image.h"
#include "cpu/simd_tile.h"

enum {
    STRIP_WORDS = 4096,
    BLOCK_ROWS_1 = 7, /* of one vector; 7x7 images are one block */
    BLOCK_ROWS_2 = 4, /* of two vectors */
};

typedef struct taps {
    const size_t *offsets;
    const float *weights;
    size_t count;
    size_t row_step; /* words between the first taps of two rows of outputs */
    float bias, lo, hi;
} taps;

SY_INLINE void depthwise_block(const taps *t, const float *from, float *to, size_t to_step, size_t columns,
                               int rows, int vectors)
{
    vf sum[BLOCK_ROWS_1][2];
    const float *row[BLOCK_ROWS_1];
    SY_UNROLL
    for (int i = 0; i < rows; i++) {
        row[i] = from + (size_t)i * t->row_step;
        sum[i][0] = sum[i][1] = v_zero();
    }
    const size_t *offsets = t->offsets;
    const float *weights = t->weights;
    for (size_t k = 0, count = t->count; k < count; k++) {
        const vf weight = v_set(weights[k]);
        const size_t offset = offsets[k];
        SY_UNROLL
        for (int i = 0; i < rows; i++) {
            SY_UNROLL
            for (int v = 0; v < vectors; v++)
                sum[i][v] = v_fma(weight, v_load(row[i] + offset + v * VW), sum[i][v]);
        }
    }
    const vf bias = v_set(t->bias), lo = v_set(t->lo), hi = v_set(t->hi);
    const int last = (int)columns - (vectors - 1) * VW;
    SY_UNROLL
    for (int i = 0; i < rows; i++, to += to_step) {
        if (vectors == 2)
            v_store(to, clamp_vector(v_add(sum[i][0], bias), lo, hi));
        v_store_part(to + (vectors - 1) * VW, clamp_vector(v_add(sum[i][vectors - 1], bias), lo, hi), last);
    }
}

typedef void depthwise_fn(const taps *t, const float *from, float *to, size_t to_step, size_t columns);

#define DEPTHWISE_BLOCK(rows, vectors)                                                                    \
    static void depthwise_##rows##x##vectors(const taps *t, const float *from, float *to, size_t to_step, \
                                             size_t columns)                                              \
    {                                                                                                     \
        depthwise_block(t, from, to, to_step, columns, rows, vectors);                                    \
    }
DEPTHWISE_BLOCK(1, 1)
DEPTHWISE_BLOCK(2, 1)
DEPTHWISE_BLOCK(3, 1)
DEPTHWISE_BLOCK(4, 1)
DEPTHWISE_BLOCK(5, 1)
DEPTHWISE_BLOCK(6, 1)
DEPTHWISE_BLOCK(7, 1)
DEPTHWISE_BLOCK(1, 2)
DEPTHWISE_BLOCK(2, 2)
DEPTHWISE_BLOCK(3, 2)
DEPTHWISE_BLOCK(4, 2)
#undef DEPTHWISE_BLOCK

static depthwise_fn *const depthwise_1[BLOCK_ROWS_1] = {
    depthwise_1x1, depthwise_2x1, depthwise_3x1, depthwise_4x1, depthwise_5x1, depthwise_6x1, depthwise_7x1};
static depthwise_fn *const depthwise_2[BLOCK_ROWS_2] = {depthwise_1x2, depthwise_2x2, depthwise_3x2,
                                                        depthwise_4x2};

/* Rows 0 to rows-1 of outputs, columns first to first+columns-1, in equal blocks of rows. */
static void depthwise_columns(const taps *t, const float *strip, float *y, size_t out_w, size_t rows,
                              size_t first, size_t columns)
{
    const bool two = columns > VW;
    depthwise_fn *const *functions = two ? depthwise_2 : depthwise_1;
    const size_t most = two ? BLOCK_ROWS_2 : BLOCK_ROWS_1, count = (rows + most - 1) / most;
    for (size_t i = 0, row = 0; i < count; i++) {
        const size_t height = (rows - row + count - i - 1) / (count - i);
        functions[height - 1](t, strip + row * t->row_step + first, y + row * out_w + first, out_w, columns);
        row += height;
    }
}

typedef struct depthwise {
    const sy_conv2d_params *params;
    image_form form;
    size_t strip_rows; /* of outputs */
    float *strip;
} depthwise;

static void depthwise_plane(const depthwise *d, taps *t, const float *x, const float *weights,
                            const float *bias, size_t filter, float *y, size_t filters)
{
    const sy_conv2d_params *p = d->params;
    for (size_t first = 0; first < p->out_h; first += d->strip_rows) {
        const size_t rows = p->out_h - first < d->strip_rows ? p->out_h - first : d->strip_rows;
        const size_t copied = (rows - 1) * p->stride_h + d->form.tap_rows;
        for (size_t i = 0; i < copied; i++)
            image_copy_row(&d->form, x, first * p->stride_h + i, d->strip + i * d->form.row_words);
        for (size_t f = 0; f < filters; f++) {
            t->weights = weights + (filter + f) * t->count;
            t->bias = conv_bias(p, bias, filter + f);
            float *to = y + (f * p->out_h + first) * p->out_w;
            for (size_t column = 0; column < p->out_w; column += TILE_COLUMNS)
                depthwise_columns(t, d->strip, to, p->out_w, rows, column,
                                  p->out_w - column < TILE_COLUMNS ? p->out_w - column : TILE_COLUMNS);
        }
    }
}

static bool depthwise_accepts(const void *params)
{
    const sy_conv2d_params *p = params;
    return p->channels == p->groups && p->filters % p->groups == 0;
}

static sy_status depthwise_launch(const sy_cpu_call *call)
{
    const sy_conv2d_params *p = call->params;
    depthwise d = {.params = p, .form = image_form_of(p)};
    const size_t step = p->stride_h * d.form.row_words, rows = STRIP_WORDS / step;
    d.strip_rows = rows < 1 ? 1 : rows < p->out_h ? rows : p->out_h;
    taps t = {
        .count = (size_t)p->kernel_h * p->kernel_w, .row_step = step, .lo = p->clamp.lo, .hi = p->clamp.hi};
    const size_t strip_words = ((d.strip_rows - 1) * p->stride_h + d.form.tap_rows) * d.form.row_words + VW;
    d.strip = sy_cpu_scratch_take(call->scratch, strip_words + t.count * sizeof(size_t) / sizeof(float));
    if (!d.strip)
        return SY_E_MEMORY;
    size_t *offsets = (size_t *)(void *)(d.strip + strip_words);
    for (size_t ky = 0; ky < p->kernel_h; ky++)
        for (size_t kx = 0; kx < p->kernel_w; kx++)
            offsets[ky * p->kernel_w + kx] = image_tap(&d.form, p, ky, kx);
    t.offsets = offsets;
    image_prepare(&d.form, strip_words, d.strip);

    const size_t per_channel = p->filters / p->channels, planes = (size_t)p->batch * p->channels;
    for (size_t plane = 0; plane < planes; plane++) {
        const size_t filter = plane % p->channels * per_channel;
        depthwise_plane(&d, &t, (const float *)call->operands[0] + plane * p->in_h * p->in_w,
                        call->operands[1], call->operands[2], filter,
                        (float *)call->operands[3] + plane * per_channel * p->out_h * p->out_w, per_channel);
    }
    return SY_OK;
}

const sy_cpu_variant SY_SIMD(sy_cpu_depthwise) = {.kernel = SY_KERNEL_conv2d,
                                                  .level = SY_SIMD_LEVEL,
                                                  .name = "conv2d.depthwise" SY_SIMD_SUFFIX,
                                                  .accepts = depthwise_accepts,
                                                  .launch = depthwise_launch};
