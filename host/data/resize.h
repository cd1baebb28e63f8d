/* Resampling of images, in two families: MindSpore Lite's on floats, and the antialiased one on 8-bit pixels.
 */
#ifndef SY_DATA_RESIZE_H
#define SY_DATA_RESIZE_H

#include "config/config.h"
#include "data/image.h"

/* A part of an image, in pixels. */
typedef struct sy_window {
    int x, y, width, height;
} sy_window;

typedef struct sy_float_image {
    float *pixels; /* [height][width][channels]; the caller's */
    int width, height, channels;
} sy_float_image;

/* Fills out->pixels, at the positions of OpenCV's resize and without antialiasing; the number of channels is
 * the same. With scale = in / out, output i samples the input at (i + 0.5) * scale - 0.5 by LINEAR (2 points)
 * or CUBIC (4 points of Keys' kernel, a = -0.75), points outside being those of the border; NEAREST takes
 * floor(i * scale).
 */
sy_status sy_resize_float(sy_ctx *ctx, sy_resize_method method, const sy_float_image *in,
                          const sy_float_image *out);

/* The window of `in` resized to width x height by the triangle filter, stretched by the scale when shrinking:
 * each output is the mean of the inputs under a triangle around its centre. Columns first, then rows, 8 bits
 * between the passes, as Pillow's BILINEAR does, which it agrees with. `out` is created.
 */
sy_status sy_resize_antialiased(sy_ctx *ctx, const sy_image *in, int width, int height, sy_window window,
                                sy_image *out);

#endif
