/* Bytes to a photograph; of what is accepted every pixel is read. */
#include "data/image.h"
#include "fuzz.h"

static unsigned add_pixels(const sy_image *image)
{
    const size_t count = (size_t)image->width * (size_t)image->height * (size_t)image->channels;
    unsigned sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += image->pixels[i];
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    enum { SMALL = 1 << 18 }; /* larger ones only take time */
    int width, height;
    if (sy_image_read_size(NULL, bytes, size, &width, &height) != SY_OK || width > SMALL / height)
        return 0;
    for (int channels = 1; channels <= 3; channels += 2) {
        sy_image image = {0};
        if (sy_image_decode(NULL, bytes, size, channels, &image) != SY_OK)
            continue;
        FUZZ_CHECK(image.width == width && image.height == height && image.channels == channels);
        FUZZ_CHECK(add_pixels(&image) <= 255u * (unsigned)(width * height * channels));
        sy_image_release(&image);
    }
    return 0;
}
