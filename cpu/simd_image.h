/* Copies of image rows in which a convolution reads every tap of a row of outputs as a run of neighbours,
 * without looking at borders.
 *
 * A copied row holds the padding's zeros, and its columns are dealt out to as many phases as the horizontal
 * stride: column q of the padded row is word q / stride of phase q % stride. So the tap kx of the outputs ox,
 * ox+1, ... is a run in one phase.
 */
#ifndef SY_CPU_SIMD_IMAGE_H
#define SY_CPU_SIMD_IMAGE_H

#include <stddef.h>
#include <string.h>

#include "cpu/simd.h"
#include "kernels/params.h"

typedef struct image_form {
    size_t in_h, in_w;
    ptrdiff_t pad_top, pad_left;
    size_t columns;   /* of a padded row that some tap reads */
    size_t phases;    /* the horizontal stride */
    size_t width;     /* words of a phase of a row: whole vectors, and one vector more than is read */
    size_t row_words; /* of all phases */
    size_t first, count, column; /* of an image row, the words from `first` on are columns from `column` on */
    float padding;               /* what padding holds: 0 unless it is set */
    size_t tap_rows;             /* rows that one row of outputs reads, first to last */
} image_form;

static inline image_form image_form_of(const sy_conv2d_params *p)
{
    image_form f = {.in_h = p->in_h,
                    .in_w = p->in_w,
                    .pad_top = p->pad_top,
                    .pad_left = p->pad_left,
                    .columns =
                        ((size_t)p->out_w - 1) * p->stride_w + ((size_t)p->kernel_w - 1) * p->dilation_w + 1,
                    .phases = p->stride_w,
                    .tap_rows = ((size_t)p->kernel_h - 1) * p->dilation_h + 1};
    f.width = ((f.columns + f.phases - 1) / f.phases + VW + VW - 1) / VW * VW;
    f.row_words = f.width * f.phases;
    const ptrdiff_t first = f.pad_left < 0 ? -f.pad_left : 0, end = (ptrdiff_t)f.columns - f.pad_left;
    const ptrdiff_t last = end < (ptrdiff_t)f.in_w ? end : (ptrdiff_t)f.in_w;
    f.first = (size_t)first;
    f.count = last > first ? (size_t)(last - first) : 0;
    f.column = (size_t)(first + f.pad_left);
    return f;
}

/* Where a tap lies, in words from the copied row and column of its output. */
static inline size_t image_tap(const image_form *f, const sy_conv2d_params *p, size_t ky, size_t kx)
{
    const size_t column = kx * p->dilation_w;
    return ky * p->dilation_h * f->row_words + column % f->phases * f->width + column / f->phases;
}

static inline void image_copy_run(const float *from, size_t count, float *to)
{
    size_t i = 0;
    for (; i + VW <= count; i += VW)
        v_store(to + i, v_load(from + i));
    if (i < count) {
        const int left = (int)(count - i);
        v_store_part(to + i, v_load_masked(from + i, v_mask_range(0, left)), left);
    }
}

/* Even words to one place, odd words to another. */
static inline void image_split_run(const float *from, size_t count, float *even, float *odd)
{
    vf e, o;
    size_t i = 0;
    for (; i + 2 * VW <= count; i += 2 * VW, even += VW, odd += VW) {
        v_split(v_load(from + i), v_load(from + i + VW), &e, &o);
        v_store(even, e);
        v_store(odd, o);
    }
    if (i < count) {
        const int left = (int)(count - i);
        v_split(v_load_masked(from + i, v_mask_range(0, left)),
                left > VW ? v_load_masked(from + i + VW, v_mask_range(0, left - VW)) : v_zero(), &e, &o);
        v_store_part(even, e, (left + 1) / 2);
        v_store_part(odd, o, left / 2);
    }
}

/* Before the first row is copied to `to`: padding everywhere. */
static inline void image_prepare(const image_form *f, size_t words, float *to)
{
    for (size_t i = 0; i < words; i++)
        to[i] = f->padding;
}

/* Padded row `row` (0 is the first row of padding, if there is any) of the image at x, to a prepared row or
 * one that held another row before: left and right of the image nothing is written.
 */
static inline void image_copy_row(const image_form *f, const float *x, size_t row, float *to)
{
    const ptrdiff_t y = (ptrdiff_t)row - f->pad_top;
    if (y < 0 || y >= (ptrdiff_t)f->in_h) {
        for (size_t i = 0; i < f->row_words; i += VW)
            v_store(to + i, v_set(f->padding));
        return;
    }
    const float *from = x + (size_t)y * f->in_w + f->first;
    const size_t column = f->column, count = f->count;
    if (f->phases == 1)
        image_copy_run(from, count, to + column);
    else if (f->phases == 2)
        image_split_run(from, count, to + column % 2 * f->width + column / 2,
                        to + (column + 1) % 2 * f->width + (column + 1) / 2);
    else
        for (size_t i = 0; i < count; i++)
            to[(column + i) % f->phases * f->width + (column + i) / f->phases] = from[i];
}

#endif
