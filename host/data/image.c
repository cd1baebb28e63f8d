#include "data/image.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The one place where stb_image is compiled. What it declares and we left out is reported at the end of this
 * file. */
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_ONLY_PNM
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_MAX_DIMENSIONS SY_IMAGE_SIDE_MAX
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

static const unsigned char png_signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

static bool is_jpeg(const unsigned char *bytes, size_t size)
{
    return size >= 2 && bytes[0] == 0xff && bytes[1] == 0xd8;
}

static bool is_png(const unsigned char *bytes, size_t size)
{
    return size >= sizeof png_signature && memcmp(bytes, png_signature, sizeof png_signature) == 0;
}

/* The decoder's words are terse, and of a damaged header it says that the type is unknown. */
static sy_status decoder_failure(sy_ctx *ctx, const unsigned char *bytes, size_t size)
{
    const char *reason = stbi_failure_reason();
    const char *format = is_jpeg(bytes, size) ? "JPEG" : is_png(bytes, size) ? "PNG" : NULL;
    if (reason && strcmp(reason, "outofmem") == 0)
        return sy_check_alloc(ctx, NULL);
    if (reason && strcmp(reason, "unknown image type") != 0)
        return sy_fail(ctx, SY_E_DATA, "cannot be decoded (%s)", reason);
    if (format)
        return sy_fail(ctx, SY_E_DATA, "is a %s with a damaged header", format);
    return sy_fail(ctx, SY_E_DATA, "is no JPEG, PNG, BMP or PNM photograph");
}

/* Whether the end-of-image marker is reached. The decoder itself fills the missing part of a file that is cut
 * short with grey, and does not say so. ITU-T T.81, B.1.1: segments have a length, entropy-coded data runs to
 * the next 0xff that is not followed by 0 or a restart marker (0xd0 to 0xd7).
 */
static bool jpeg_is_whole(const unsigned char *bytes, size_t size)
{
    enum { SOS = 0xda, EOI = 0xd9 };
    size_t at = 2;
    while (at + 1 < size) {
        if (bytes[at] != 0xff) {
            const unsigned char *next = memchr(bytes + at, 0xff, size - at);
            if (!next)
                return false;
            at = (size_t)(next - bytes);
            continue;
        }
        unsigned char marker = bytes[at + 1];
        if (marker == EOI)
            return true;
        if (marker == 0xff) { /* a fill byte */
            at++;
            continue;
        }
        at += 2;
        bool stands_alone = marker == 0 || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8);
        if (stands_alone)
            continue;
        if (at + 2 > size)
            return false;
        at += (size_t)bytes[at] << 8 |
              bytes[at + 1]; /* after SOS the data follows, to be skipped byte by byte */
    }
    return false;
}

static bool png_is_whole(const unsigned char *bytes, size_t size)
{
    size_t at = sizeof png_signature; /* then chunks of length, type, data, checksum */
    while (size - at >= 12) {
        const unsigned char *chunk = bytes + at;
        size_t length = (size_t)chunk[0] << 24 | (size_t)chunk[1] << 16 | (size_t)chunk[2] << 8 | chunk[3];
        if (length > size - at - 12)
            return false;
        if (memcmp(chunk + 4, "IEND", 4) == 0)
            return true;
        at += length + 12;
    }
    return false;
}

/* What follows "P5" or "P6", width, height, greatest value and one blank must be all the samples; the decoder
 * does not look. Comments run from # to the end of the line.
 */
static bool pnm_is_whole(const unsigned char *bytes, size_t size, size_t samples)
{
    size_t at = 2;
    for (int number = 0; number < 3; number++) {
        bool comment = false;
        while (at < size && (comment || bytes[at] == '#' || isspace(bytes[at]))) {
            comment = bytes[at] == '#' || (comment && bytes[at] != '\n' && bytes[at] != '\r');
            at++;
        }
        while (at < size && isdigit(bytes[at]))
            at++;
    }
    const size_t sample_bytes = stbi_is_16_bit_from_memory(bytes, (int)size) ? 2 : 1;
    return size > at && size - at - 1 >= samples * sample_bytes;
}

/* `samples` is the number of values of all pixels. */
static bool is_whole(const unsigned char *bytes, size_t size, size_t samples)
{
    if (is_jpeg(bytes, size))
        return jpeg_is_whole(bytes, size);
    if (is_png(bytes, size))
        return png_is_whole(bytes, size);
    if (size >= 6 && bytes[0] == 'B' && bytes[1] == 'M') /* its size in bytes, which some writers leave 0 */
        return size >= ((size_t)bytes[5] << 24 | (size_t)bytes[4] << 16 | (size_t)bytes[3] << 8 | bytes[2]);
    return pnm_is_whole(bytes, size, samples);
}

sy_status sy_image_read_size(sy_ctx *ctx, const void *bytes, size_t size, int *out_width, int *out_height)
{
    int width, height, channels;
    if (size == 0)
        return sy_fail(ctx, SY_E_DATA, "is empty");
    if (size > INT_MAX)
        return sy_fail(ctx, SY_E_DATA, "is larger than 2 GiB");
    if (!stbi_info_from_memory(bytes, (int)size, &width, &height, &channels))
        return decoder_failure(ctx, bytes, size);
    if (width < 1 || height < 1)
        return sy_fail(ctx, SY_E_DATA, "has no pixels");
    if (width > SY_IMAGE_SIDE_MAX || height > SY_IMAGE_SIDE_MAX ||
        (long long)width * height > SY_IMAGE_PIXELS_MAX)
        return sy_fail(ctx, SY_E_DATA, "is too large: %d x %d pixels, at most %d a side and %d in all", width,
                       height, SY_IMAGE_SIDE_MAX, SY_IMAGE_PIXELS_MAX);
    if (!is_whole(bytes, size, (size_t)width * (size_t)height * (size_t)channels))
        return sy_fail(ctx, SY_E_DATA, "is cut short: the end of the picture is missing");
    *out_width = width;
    *out_height = height;
    return SY_OK;
}

/* In place: every pixel is read before it is written over. */
static void make_grey(sy_image *image)
{
    const unsigned char *from = image->pixels;
    size_t count = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; i < count; i++, from += 3)
        image->pixels[i] =
            (unsigned char)((from[0] * 19595U + from[1] * 38470U + from[2] * 7471U + 32768U) >> 16);
    image->channels = 1;
}

sy_status sy_image_decode(sy_ctx *ctx, const void *bytes, size_t size, int channels, sy_image *out)
{
    int width, height, stored;
    SY_TRY(sy_image_read_size(ctx, bytes, size, &width, &height));
    stbi_info_from_memory(bytes, (int)size, &width, &height, &stored);
    int wanted = channels == 1 && stored <= 2 ? 1 : 3;
    unsigned char *pixels = stbi_load_from_memory(bytes, (int)size, &width, &height, &stored, wanted);
    if (!pixels)
        return decoder_failure(ctx, bytes, size);
    *out = (sy_image){pixels, width, height, wanted};
    if (channels < wanted)
        make_grey(out);
    return SY_OK;
}

sy_status sy_image_create(sy_ctx *ctx, int width, int height, int channels, sy_image *out)
{
    unsigned char *pixels = malloc((size_t)width * (size_t)height * (size_t)channels);
    if (!pixels)
        return sy_check_alloc(ctx, NULL);
    *out = (sy_image){pixels, width, height, channels};
    return SY_OK;
}

void sy_image_release(sy_image *image)
{
    stbi_image_free(image->pixels);
    *image = (sy_image){0};
}
