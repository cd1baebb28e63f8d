#include "data/resize.h"

#include <math.h>
#include <stdlib.h>

/* What one output position takes from the input: weights of `count` neighbours from `first` on. */
typedef struct {
    int first, count;
} span;

enum { FLOAT_TAPS = 4 };

typedef struct {
    int index[FLOAT_TAPS];
    float weight[FLOAT_TAPS];
} taps;

static int clamp_index(int index, int size)
{
    return index < 0 ? 0 : index >= size ? size - 1 : index;
}

/* R. Keys, Cubic convolution interpolation for digital image processing, 1981; x in [0,1). */
static void cubic_weights(double x, float weight[FLOAT_TAPS])
{
    const double a = -0.75;
    double far = x + 1, back = 1 - x;
    double w0 = ((a * far - 5 * a) * far + 8 * a) * far - 4 * a;
    double w1 = ((a + 2) * x - (a + 3)) * x * x + 1;
    double w2 = ((a + 2) * back - (a + 3)) * back * back + 1;
    weight[0] = (float)w0;
    weight[1] = (float)w1;
    weight[2] = (float)w2;
    weight[3] = (float)(1 - w0 - w1 - w2);
}

static taps taps_at(sy_resize_method method, int position, int in_size, int out_size)
{
    taps result = {{0}, {0}};
    double scale = (double)in_size / out_size;
    if (method == SY_RESIZE_METHOD_NEAREST) {
        result.index[0] = clamp_index((int)floor(position * scale), in_size);
        result.weight[0] = 1;
        return result;
    }
    double at = (position + 0.5) * scale - 0.5;
    int base = (int)floor(at);
    double fraction = at - base;
    if (method == SY_RESIZE_METHOD_LINEAR) {
        result.index[0] = clamp_index(base, in_size);
        result.index[1] = clamp_index(base + 1, in_size);
        result.weight[0] = (float)(1 - fraction);
        result.weight[1] = (float)fraction;
        return result;
    }
    for (int k = 0; k < FLOAT_TAPS; k++)
        result.index[k] = clamp_index(base - 1 + k, in_size);
    cubic_weights(fraction, result.weight);
    return result;
}

static int tap_count(sy_resize_method method)
{
    return method == SY_RESIZE_METHOD_NEAREST ? 1 : method == SY_RESIZE_METHOD_LINEAR ? 2 : FLOAT_TAPS;
}

/* One row of the input to out_width pixels. */
static void resize_row(const taps *columns, int count, const float *row, int channels, int out_width,
                       float *out)
{
    for (int x = 0; x < out_width; x++)
        for (int c = 0; c < channels; c++) {
            float sum = 0;
            for (int k = 0; k < count; k++)
                sum += columns[x].weight[k] * row[(size_t)columns[x].index[k] * (size_t)channels + (size_t)c];
            *out++ = sum;
        }
}

sy_status sy_resize_float(sy_ctx *ctx, sy_resize_method method, const sy_float_image *in,
                          const sy_float_image *out)
{
    const int count = tap_count(method);
    const size_t in_row = (size_t)in->width * (size_t)in->channels;
    const size_t out_row = (size_t)out->width * (size_t)out->channels;
    sy_status status = SY_OK;
    taps *columns = calloc((size_t)out->width, sizeof *columns);
    float *narrow = calloc((size_t)in->height * out_row, sizeof *narrow); /* resized along x */
    if (!columns || !narrow) {
        status = sy_check_alloc(ctx, NULL);
        goto done;
    }
    for (int x = 0; x < out->width; x++)
        columns[x] = taps_at(method, x, in->width, out->width);
    for (int y = 0; y < in->height; y++)
        resize_row(columns, count, in->pixels + (size_t)y * in_row, in->channels, out->width,
                   narrow + (size_t)y * out_row);
    for (int y = 0; y < out->height; y++) {
        const taps rows = taps_at(method, y, in->height, out->height);
        for (size_t i = 0; i < out_row; i++) {
            float sum = 0;
            for (int k = 0; k < count; k++)
                sum += rows.weight[k] * narrow[(size_t)rows.index[k] * out_row + i];
            out->pixels[(size_t)y * out_row + i] = sum;
        }
    }
done:
    free(columns);
    free(narrow);
    return status;
}

/* Weights are integers over 2^22: with 8 bits of pixel and the sum of weights 1 that fills 30 bits, and the
 * filter of a large reduction still sums to 1 closely.
 */
enum { WEIGHT_BITS = 22 };

typedef struct {
    span *spans;  /* [count] */
    int *weights; /* [count][stride] */
    int stride;
} triangle;

static void triangle_release(triangle *filter)
{
    free(filter->spans);
    free(filter->weights);
    *filter = (triangle){0};
}

static void triangle_at(double scale, int position, int in_size, span *out_span, int *out_weights)
{
    double radius = scale > 1 ? scale : 1; /* of the triangle, in input pixels */
    double centre = (position + 0.5) * scale;
    int first = (int)(centre - radius + 0.5), end = (int)(centre + radius + 0.5);
    first = first < 0 ? 0 : first;
    end = end > in_size ? in_size : end;
    double sum = 0;
    for (int i = first; i < end; i++)
        sum += fmax(0, 1 - fabs(i + 0.5 - centre) / radius);
    for (int i = first; i < end; i++) {
        double weight = fmax(0, 1 - fabs(i + 0.5 - centre) / radius) / sum;
        out_weights[i - first] = (int)floor(weight * (1 << WEIGHT_BITS) + 0.5);
    }
    *out_span = (span){first, end - first};
}

/* For `count` outputs from `begin` on, of in_size resized to out_size. */
static sy_status triangle_make(sy_ctx *ctx, int in_size, int out_size, int begin, int count, triangle *out)
{
    double scale = (double)in_size / out_size;
    int stride = 2 * (int)ceil(scale > 1 ? scale : 1) + 1;
    triangle filter = {calloc((size_t)count, sizeof(span)),
                       calloc((size_t)count * (size_t)stride, sizeof(int)), stride};
    if (!filter.spans || !filter.weights) {
        triangle_release(&filter);
        return sy_check_alloc(ctx, NULL);
    }
    for (int i = 0; i < count; i++)
        triangle_at(scale, begin + i, in_size, &filter.spans[i], filter.weights + (size_t)i * (size_t)stride);
    *out = filter;
    return SY_OK;
}

static unsigned char to_pixel(int sum)
{
    int value = sum >> WEIGHT_BITS;
    return (unsigned char)(value < 0 ? 0 : value > 255 ? 255 : value);
}

enum { HALF_WEIGHT = 1 << (WEIGHT_BITS - 1) };

static void shrink_row(const triangle *columns, int count, const unsigned char *row, int channels,
                       unsigned char *out)
{
    for (int x = 0; x < count; x++) {
        const int *weights = columns->weights + (size_t)x * (size_t)columns->stride;
        const unsigned char *from = row + (size_t)columns->spans[x].first * (size_t)channels;
        int taken = columns->spans[x].count;
        if (channels == 3) {
            int red = HALF_WEIGHT, green = HALF_WEIGHT, blue = HALF_WEIGHT;
            for (int k = 0; k < taken; k++, from += 3) {
                red += weights[k] * from[0];
                green += weights[k] * from[1];
                blue += weights[k] * from[2];
            }
            *out++ = to_pixel(red);
            *out++ = to_pixel(green);
            *out++ = to_pixel(blue);
        } else {
            int sum = HALF_WEIGHT;
            for (int k = 0; k < taken; k++)
                sum += weights[k] * from[k];
            *out++ = to_pixel(sum);
        }
    }
}

/* One output row from the rows under its triangle; `sums` has room for a row. */
static void shrink_column(const unsigned char *first_row, size_t row_bytes, const int *weights, int taken,
                          int *sums, unsigned char *out)
{
    for (size_t i = 0; i < row_bytes; i++)
        sums[i] = HALF_WEIGHT;
    for (int k = 0; k < taken; k++)
        for (size_t i = 0; i < row_bytes; i++)
            sums[i] += weights[k] * first_row[(size_t)k * row_bytes + i];
    for (size_t i = 0; i < row_bytes; i++)
        out[i] = to_pixel(sums[i]);
}

sy_status sy_resize_antialiased(sy_ctx *ctx, const sy_image *in, int width, int height, sy_window window,
                                sy_image *out)
{
    const size_t row_bytes = (size_t)window.width * (size_t)in->channels;
    triangle columns = {0}, rows = {0};
    sy_image narrow = {0}, result = {0};
    int *sums = NULL;
    sy_status status;
    SY_TRY_DONE(triangle_make(ctx, in->width, width, window.x, window.width, &columns));
    SY_TRY_DONE(triangle_make(ctx, in->height, height, window.y, window.height, &rows));
    const span last = rows.spans[window.height - 1];
    const int begin = rows.spans[0].first, end = last.first + last.count; /* the input rows that are needed */
    SY_TRY_DONE(sy_image_create(ctx, window.width, end - begin, in->channels, &narrow));
    SY_TRY_DONE(sy_image_create(ctx, window.width, window.height, in->channels, &result));
    sums = malloc(row_bytes * sizeof *sums);
    SY_TRY_DONE(sy_check_alloc(ctx, sums));
    for (int y = begin; y < end; y++)
        shrink_row(&columns, window.width, in->pixels + (size_t)y * (size_t)in->width * (size_t)in->channels,
                   in->channels, narrow.pixels + (size_t)(y - begin) * row_bytes);
    for (int y = 0; y < window.height; y++)
        shrink_column(narrow.pixels + (size_t)(rows.spans[y].first - begin) * row_bytes, row_bytes,
                      rows.weights + (size_t)y * (size_t)rows.stride, rows.spans[y].count, sums,
                      result.pixels + (size_t)y * row_bytes);
    *out = result;
    result = (sy_image){0};
done:
    free(sums);
    sy_image_release(&result);
    sy_image_release(&narrow);
    triangle_release(&columns);
    triangle_release(&rows);
    return status;
}
