/* Photographs: JPEG, PNG, BMP and PNM to 8-bit pixels. */
#ifndef SY_DATA_IMAGE_H
#define SY_DATA_IMAGE_H

#include "base/fail.h"

/* Larger ones are refused: a few bytes of header can ask for any amount of memory. */
enum { SY_IMAGE_SIDE_MAX = 16384, SY_IMAGE_PIXELS_MAX = 1 << 27 };

typedef struct sy_image {
    unsigned char *pixels; /* [height][width][channels] */
    int width, height;
    int channels; /* 1, or 3 in the order red, green, blue */
} sy_image;       /* a zeroed one is empty */

/* The size, from the header. SY_E_DATA with the reason for what is no photograph, is too large or is cut
 * short. */
sy_status sy_image_read_size(sy_ctx *ctx, const void *bytes, size_t size, int *out_width, int *out_height);

/* Decodes to 1 or 3 channels. Grey of a colour photograph is 0.299 r + 0.587 g + 0.114 b (ITU-R BT.601),
 * rounded. Transparency is dropped, deeper samples keep their upper 8 bits, and EXIF orientation is not
 * applied. The image goes back through sy_image_release.
 */
sy_status sy_image_decode(sy_ctx *ctx, const void *bytes, size_t size, int channels, sy_image *out);
/* Pixels that are not set yet. */
sy_status sy_image_create(sy_ctx *ctx, int width, int height, int channels, sy_image *out);
void sy_image_release(sy_image *image);

#endif
