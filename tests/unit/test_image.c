#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/image.h"
#include "support/test.h"

#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

enum { WIDTH = 21, HEIGHT = 13 };

typedef struct {
    unsigned char bytes[1 << 16];
    size_t size;
} file;

static void append(void *context, void *bytes, int size)
{
    file *self = context;
    assert_true(self->size + (size_t)size <= sizeof self->bytes);
    memcpy(self->bytes + self->size, bytes, (size_t)size);
    self->size += (size_t)size;
}

/* Smooth, so that JPEG keeps it closely. */
static void draw(unsigned char pixels[WIDTH * HEIGHT * 3])
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            unsigned char *at = pixels + (y * WIDTH + x) * 3;
            at[0] = (unsigned char)(x * 10);
            at[1] = (unsigned char)(y * 15);
            at[2] = (unsigned char)(100 + x + y);
        }
}

static void write_png(file *out, const unsigned char *pixels, int channels)
{
    *out = (file){.size = 0};
    assert_true(stbi_write_png_to_func(append, out, WIDTH, HEIGHT, channels, pixels, WIDTH * channels));
}

/* What draw() draws, written by libjpeg at quality 95. */
static void read_jpeg(file *out)
{
    FILE *stream = fopen(SY_SOURCE_DIR "/tests/fuzz/corpus_image/smooth.jpg", "rb");
    assert_non_null(stream);
    out->size = fread(out->bytes, 1, sizeof out->bytes, stream);
    fclose(stream);
    assert_true(out->size > 0);
}

static void png_and_bmp_and_pnm_give_back_the_pixels(void **state)
{
    unsigned char pixels[WIDTH * HEIGHT * 3];
    file png, bmp = {.size = 0}, pnm = {.size = 0};
    char header[32];
    draw(pixels);
    write_png(&png, pixels, 3);
    assert_true(stbi_write_bmp_to_func(append, &bmp, WIDTH, HEIGHT, 3, pixels));
    append(&pnm, header, snprintf(header, sizeof header, "P6 %d %d 255\n", WIDTH, HEIGHT));
    append(&pnm, pixels, sizeof pixels);
    file *files[] = {&png, &bmp, &pnm};
    for (size_t i = 0; i < 3; i++) {
        sy_image image;
        int width = 0, height = 0;
        assert_ok(*state, sy_image_read_size(*state, files[i]->bytes, files[i]->size, &width, &height));
        assert_true(width == WIDTH && height == HEIGHT);
        assert_ok(*state, sy_image_decode(*state, files[i]->bytes, files[i]->size, 3, &image));
        assert_true(image.width == WIDTH && image.height == HEIGHT && image.channels == 3);
        assert_memory_equal(image.pixels, pixels, sizeof pixels);
        sy_image_release(&image);
    }
}

static void jpeg_gives_back_nearly_the_pixels(void **state)
{
    unsigned char pixels[WIDTH * HEIGHT * 3];
    file jpeg;
    sy_image image;
    draw(pixels);
    read_jpeg(&jpeg);
    assert_ok(*state, sy_image_decode(*state, jpeg.bytes, jpeg.size, 3, &image));
    for (size_t i = 0; i < sizeof pixels; i++)
        assert_in_range(image.pixels[i] + 8, pixels[i],
                        pixels[i] + 16); /* quality 95 is off by 8 at most here */
    sy_image_release(&image);
}

static void grey_of_a_colour_is_its_luma(void **state)
{
    static const struct {
        unsigned char colour[3], grey;
    } cases[] = {
        {{255, 0, 0}, 76},      {{0, 255, 0}, 150}, {{0, 0, 255}, 29},
        {{255, 255, 255}, 255}, {{0, 0, 0}, 0},     {{1, 2, 3}, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char bytes[] = "P6 1 1 255\n   ";
        sy_image image;
        memcpy(bytes + 11, cases[i].colour, 3);
        assert_ok(*state, sy_image_decode(*state, bytes, 14, 1, &image));
        assert_int_equal(image.channels, 1);
        assert_int_equal(image.pixels[0], cases[i].grey);
        sy_image_release(&image);
    }
}

static void a_grey_file_becomes_one_channel_or_three(void **state)
{
    static const char bytes[] = "P5 2 1 255\n\x10\x20";
    sy_image image;
    assert_ok(*state, sy_image_decode(*state, bytes, 13, 1, &image));
    assert_memory_equal(image.pixels, "\x10\x20", 2);
    sy_image_release(&image);
    assert_ok(*state, sy_image_decode(*state, bytes, 13, 3, &image));
    assert_memory_equal(image.pixels, "\x10\x10\x10\x20\x20\x20", 6);
    sy_image_release(&image);
}

static void transparency_is_dropped(void **state)
{
    unsigned char pixels[WIDTH * HEIGHT * 4];
    file png;
    sy_image image;
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (unsigned char)(i * 7);
    write_png(&png, pixels, 4);
    assert_ok(*state, sy_image_decode(*state, png.bytes, png.size, 3, &image));
    for (size_t i = 0; i < WIDTH * HEIGHT; i++)
        assert_memory_equal(image.pixels + 3 * i, pixels + 4 * i, 3);
    sy_image_release(&image);
}

static void a_file_that_is_cut_short_is_refused_wherever_the_cut_is(void **state)
{
    unsigned char pixels[WIDTH * HEIGHT * 3];
    file files[2];
    draw(pixels);
    write_png(&files[0], pixels, 3);
    read_jpeg(&files[1]);
    for (size_t i = 0; i < 2; i++)
        for (size_t size = 0; size < files[i].size; size++) {
            sy_image image = {0};
            unsigned char *cut = malloc(size ? size : 1); /* so that the sanitizer sees a read past the end */
            assert_non_null(cut);
            memcpy(cut, files[i].bytes, size);
            assert_int_equal(sy_image_decode(*state, cut, size, 3, &image), SY_E_DATA);
            assert_null(image.pixels);
            free(cut);
        }
    int width, height;
    assert_fails(*state, sy_image_read_size(*state, files[0].bytes, files[0].size - 20, &width, &height),
                 SY_E_DATA, "is cut short: the end of the picture is missing");
    assert_fails(*state, sy_image_read_size(*state, files[1].bytes, files[1].size - 1, &width, &height),
                 SY_E_DATA, "is cut short: the end of the picture is missing");
    assert_fails(*state, sy_image_read_size(*state, "P6 2 # two\n2 255\n12345678901", 28, &width, &height),
                 SY_E_DATA, "is cut short: the end of the picture is missing");
    assert_fails(*state, sy_image_read_size(*state, "P5 2 2 65535\n1234", 17, &width, &height), SY_E_DATA,
                 "is cut short: the end of the picture is missing");
}

static void damaged_data_is_an_error_or_an_image_but_never_worse(void **state)
{
    unsigned char pixels[WIDTH * HEIGHT * 3];
    file files[2];
    size_t refused = 0;
    draw(pixels);
    write_png(&files[0], pixels, 3);
    read_jpeg(&files[1]);
    for (size_t i = 0; i < 2; i++)
        for (size_t at = 0; at < files[i].size; at++) {
            sy_image image = {0};
            files[i].bytes[at] ^= 0x55;
            if (sy_image_decode(*state, files[i].bytes, files[i].size, 3, &image) != SY_OK)
                refused++;
            sy_image_release(&image);
            files[i].bytes[at] ^= 0x55;
        }
    assert_true(refused > 100);
}

static void what_is_no_photograph_is_refused_in_words(void **state)
{
    /* A header and an end, and nothing between; checksums are not looked at. */
    static const char large_png[] = "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x40\0\0\0\x40\0\x08\2\0\0\0\0\0\0\0"
                                    "\0\0\0\0IEND\0\0\0";
    static const struct {
        const char *bytes;
        size_t size;
        const char *message;
    } cases[] = {
        {"", 0, "is empty"},
        {"hello, this is text", 19, "is no JPEG, PNG, BMP or PNM photograph"},
        {"GIF89a\1\0\1\0\0\0\0", 13, "is no JPEG, PNG, BMP or PNM photograph"},
        {"P6 100000 100000 255\nxxx", 24, "is cut short: the end of the picture is missing"},
        {"P6 100000000000 1 255\n", 22, "is a PNM with a damaged header"},
        {"P6 2 x 255\n", 11, "is a PNM with a damaged header"},
        {"P6 2 2", 6, "is cut short: the end of the picture is missing"},
        {"BM\xff\0\0\0", 6, "is cut short: the end of the picture is missing"},
        {"BM\6\0\0\0", 6, "cannot be decoded (damaged header)"},
        {"\xff\xd8\xff\xc4\0\x13\0\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xff\xd9", 25,
         "is a JPEG with a damaged Huffman table"},
        {"\xff\xd8\xff\xd9", 4, "cannot be decoded (damaged header)"},
        {large_png, sizeof large_png,
         "is too large: 16384 x 16384 pixels, at most 16384 a side and 134217728 in all"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int width, height;
        assert_fails(*state, sy_image_read_size(*state, cases[i].bytes, cases[i].size, &width, &height),
                     SY_E_DATA, cases[i].message);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_ctx, close_ctx)
    const struct CMUnitTest tests[] = {
        TEST(png_and_bmp_and_pnm_give_back_the_pixels),
        TEST(jpeg_gives_back_nearly_the_pixels),
        TEST(grey_of_a_colour_is_its_luma),
        TEST(a_grey_file_becomes_one_channel_or_three),
        TEST(transparency_is_dropped),
        TEST(a_file_that_is_cut_short_is_refused_wherever_the_cut_is),
        TEST(damaged_data_is_an_error_or_an_image_but_never_worse),
        TEST(what_is_no_photograph_is_refused_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
