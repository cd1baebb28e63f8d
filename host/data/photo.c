#include "data/photo.h"

#include <math.h>
#include <stdlib.h>

#include "data/elements.h"

enum { LEVELS = 256 };

/* (x - mean) / std of every pixel value; an integer input takes the nearest integer. */
typedef struct {
    float as_float[3][LEVELS];
    int32_t as_integer[3][LEVELS];
} level_table;

static void fill_table(const sy_photo_plan *plan, level_table *table)
{
    for (int c = 0; c < plan->channels; c++)
        for (int level = 0; level < LEVELS; level++) {
            double value = (level - plan->mean[c]) / plan->std[c];
            table->as_float[c][level] = (float)value;
            /* An integer input holds them all: the plan was checked. A float input may not fit, nor use them.
             */
            table->as_integer[c][level] = sy_dtype_is_float(plan->dtype) ? 0 : (int32_t)rint(value);
        }
}

/* Which channel of a decoded image is channel c of the model. */
static int source_channel(const sy_photo_plan *plan, int c)
{
    return plan->reversed ? plan->channels - 1 - c : c;
}

/* Words of the input from 8-bit pixels: the window of `image`. */
static void write_pixels(const sy_photo_plan *plan, const level_table *table, const sy_image *image,
                         sy_window window, void *words)
{
    const size_t pixels = (size_t)plan->width * (size_t)plan->height;
    const size_t step = plan->channels_last ? (size_t)plan->channels : 1;
    const size_t plane = plan->channels_last ? 1 : pixels;
    const bool floating = sy_dtype_is_float(plan->dtype);
    const size_t stride = (size_t)image->channels;
    for (int c = 0; c < plan->channels; c++) {
        const float *as_float = table->as_float[c];
        const int32_t *as_integer = table->as_integer[c];
        size_t at = (size_t)c * plane;
        for (int y = 0; y < window.height; y++) {
            const unsigned char *from =
                image->pixels + ((size_t)(window.y + y) * (size_t)image->width + (size_t)window.x) * stride +
                (size_t)source_channel(plan, c);
            for (int x = 0; x < window.width; x++, at += step, from += stride) {
                if (floating)
                    ((float *)words)[at] = as_float[*from];
                else
                    ((int32_t *)words)[at] = as_integer[*from];
            }
        }
    }
}

static int32_t to_integer(float value, int64_t least, int64_t most)
{
    double rounded = rint((double)value); /* CUBIC overshoots */
    return (int32_t)(rounded < (double)least ? least : rounded > (double)most ? most : (int64_t)rounded);
}

/* Words of the input from normalized floats of fit->width x fit->height. */
static void write_floats(const sy_photo_plan *plan, const float *values, const sy_fit *fit, void *words)
{
    const size_t pixels = (size_t)plan->width * (size_t)plan->height, channels = (size_t)plan->channels;
    int64_t least = 0, most = 0;
    const bool floating = !sy_elements_limits(plan->dtype, &least, &most);
    for (int y = 0; y < plan->height; y++)
        for (int x = 0; x < plan->width; x++) {
            const size_t pixel = (size_t)y * (size_t)plan->width + (size_t)x;
            const float *from =
                values +
                ((size_t)(fit->window.y + y) * (size_t)fit->width + (size_t)(fit->window.x + x)) * channels;
            for (size_t c = 0; c < channels; c++) {
                const size_t at = plan->channels_last ? pixel * channels + c : c * pixels + pixel;
                if (floating)
                    ((float *)words)[at] = from[c];
                else
                    ((int32_t *)words)[at] = to_integer(from[c], least, most);
            }
        }
}

/* MindSpore Lite's order: normalize, resize, crop. */
static sy_status resize_normalized(sy_ctx *ctx, const sy_photo_plan *plan, const level_table *table,
                                   const sy_image *image, const sy_fit *fit, void *words)
{
    const size_t channels = (size_t)plan->channels;
    const size_t count = (size_t)image->width * (size_t)image->height;
    const size_t resized_count = (size_t)fit->width * (size_t)fit->height;
    sy_status status;
    sy_float_image normalized = {NULL, image->width, image->height, plan->channels};
    sy_float_image resized = {NULL, fit->width, fit->height, plan->channels};
    normalized.pixels = calloc(count * channels, sizeof(float));
    resized.pixels = calloc(resized_count * channels, sizeof(float));
    SY_TRY_DONE(sy_check_alloc(ctx, normalized.pixels));
    SY_TRY_DONE(sy_check_alloc(ctx, resized.pixels));
    for (size_t i = 0; i < count; i++)
        for (int c = 0; c < plan->channels; c++)
            normalized.pixels[i * channels + (size_t)c] =
                table->as_float[c][image->pixels[i * channels + (size_t)source_channel(plan, c)]];
    SY_TRY_DONE(sy_resize_float(ctx, plan->method, &normalized, &resized));
    write_floats(plan, resized.pixels, fit, words);
done:
    free(normalized.pixels);
    free(resized.pixels);
    return status;
}

static sy_status write_photo(sy_ctx *ctx, const sy_photo_plan *plan, const sy_image *image, void *words)
{
    sy_fit fit;
    level_table table;
    SY_TRY(sy_photo_fit(ctx, plan, image->width, image->height, &fit));
    fill_table(plan, &table);
    if (plan->geometry == SY_GEOMETRY_RESIZE)
        return resize_normalized(ctx, plan, &table, image, &fit, words);
    if (fit.width == image->width && fit.height == image->height) {
        write_pixels(plan, &table, image, fit.window, words);
        return SY_OK;
    }
    sy_image resized = {0};
    SY_TRY(sy_resize_antialiased(ctx, image, fit.width, fit.height, fit.window, &resized));
    write_pixels(plan, &table, &resized, (sy_window){0, 0, resized.width, resized.height}, words);
    sy_image_release(&resized);
    return SY_OK;
}

sy_status sy_photo_load(sy_ctx *ctx, const sy_photo_plan *plan, const void *bytes, size_t size, void *words)
{
    sy_image image = {0};
    SY_TRY(sy_image_decode(ctx, bytes, size, plan->channels, &image));
    sy_status status = write_photo(ctx, plan, &image, words);
    sy_image_release(&image);
    return status;
}
