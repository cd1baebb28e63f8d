#include "data/image.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "data/image_screen.h"

/* The one place where stb_image is compiled; at the end of the file gcc reports what is declared and left
 * out. */
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
#ifdef __clang_analyzer__ /* not our code to mend */
#undef STB_IMAGE_IMPLEMENTATION
#undef STB_IMAGE_STATIC
#endif
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

static sy_status decoder_failure(sy_ctx *ctx)
{
    const char *reason = stbi_failure_reason();
    if (reason && strcmp(reason, "outofmem") == 0)
        return sy_check_alloc(ctx, NULL);
    if (!reason || strcmp(reason, "unknown image type") == 0)
        reason = "damaged header"; /* the screening knew the type */
    return sy_fail(ctx, SY_E_DATA, "cannot be decoded (%s)", reason);
}

sy_status sy_image_read_size(sy_ctx *ctx, const void *bytes, size_t size, int *out_width, int *out_height)
{
    int width, height, channels;
    if (size > INT_MAX)
        return sy_fail(ctx, SY_E_DATA, "is larger than 2 GiB");
    SY_TRY(sy_image_screen(ctx, bytes, size));
    if (!stbi_info_from_memory(bytes, (int)size, &width, &height, &channels))
        return decoder_failure(ctx);
    if (width < 1 || height < 1)
        return sy_fail(ctx, SY_E_DATA, "has no pixels");
    if (width > SY_IMAGE_SIDE_MAX || height > SY_IMAGE_SIDE_MAX ||
        (long long)width * height > SY_IMAGE_PIXELS_MAX)
        return sy_fail(ctx, SY_E_DATA, "is too large: %d x %d pixels, at most %d a side and %d in all", width,
                       height, SY_IMAGE_SIDE_MAX, SY_IMAGE_PIXELS_MAX);
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
        return decoder_failure(ctx);
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
