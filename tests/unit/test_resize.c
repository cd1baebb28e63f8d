#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/resize.h"
#include "support/test.h"

/* Values without a pattern. */
static void fill(unsigned char *bytes, size_t count)
{
    uint32_t state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525U + 1013904223U;
        bytes[i] = (unsigned char)(state >> 24);
    }
}

/* Interpolation as a function of a continuous position along one row, written from the definitions. */
static double pixel(const float *row, int size, long index)
{
    return row[index < 0 ? 0 : index >= size ? size - 1 : index];
}

static double keys(double x)
{
    const double a = -0.75, d = fabs(x);
    if (d <= 1)
        return (a + 2) * d * d * d - (a + 3) * d * d + 1;
    return d < 2 ? a * d * d * d - 5 * a * d * d + 8 * a * d - 4 * a : 0;
}

static double sample(sy_resize_method method, const float *row, int size, int out_size, int position)
{
    const double at = (position + 0.5) * size / out_size - 0.5;
    double sum = 0;
    if (method == SY_RESIZE_METHOD_NEAREST)
        return pixel(row, size, (long)position * size / out_size);
    for (long k = (long)floor(at) - 2; k <= (long)floor(at) + 3; k++)
        sum += pixel(row, size, k) *
               (method == SY_RESIZE_METHOD_CUBIC ? keys(at - (double)k) : fmax(0, 1 - fabs(at - (double)k)));
    return sum;
}

static void resize(sy_resize_method method, sy_float_image from, sy_float_image to)
{
    assert_int_equal(sy_resize_float(NULL, method, &from, &to), SY_OK);
}

static void every_method_interpolates_as_its_definition_says(void **state)
{
    (void)state;
    static const int sizes[][2] = {{1, 1}, {1, 5},   {2, 4},   {5, 5}, {7, 3},
                                   {3, 7}, {32, 96}, {50, 24}, {9, 1}};
    static const sy_resize_method methods[] = {SY_RESIZE_METHOD_LINEAR, SY_RESIZE_METHOD_NEAREST,
                                               SY_RESIZE_METHOD_CUBIC};
    for (size_t m = 0; m < 3; m++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            const int size = sizes[s][0], out_size = sizes[s][1];
            unsigned char bytes[64];
            float in[64], across[128], down[128];
            fill(bytes, 64);
            for (int i = 0; i < size; i++)
                in[i] = bytes[i];
            resize(methods[m], (sy_float_image){in, size, 1, 1}, (sy_float_image){across, out_size, 1, 1});
            resize(methods[m], (sy_float_image){in, 1, size, 1}, (sy_float_image){down, 1, out_size, 1});
            for (int i = 0; i < out_size; i++) {
                const double want = sample(methods[m], in, size, out_size, i);
                /* 4 products of values below 256 with weights below 1.2, in float: 4 * 256 * 1.2 * 2^-24 * 2
                 */
                assert_true(fabs(across[i] - want) < 2e-4 && fabs(down[i] - want) < 2e-4);
            }
        }
}

static void channels_do_not_mix(void **state)
{
    (void)state;
    float in[] = {0, 100, -1, 10, 200, -3};
    float out[12];
    static const float want[] = {0, 100, -1, 2.5F, 125, -1.5F, 7.5F, 175, -2.5F, 10, 200, -3};
    resize(SY_RESIZE_METHOD_LINEAR, (sy_float_image){in, 2, 1, 3}, (sy_float_image){out, 4, 1, 3});
    for (int i = 0; i < 12; i++)
        assert_true(out[i] == want[i]);
}

/* The pixels that Pillow 13 makes of the same image with Image.BILINEAR. */
static void antialiased_results_are_those_of_pillow(void **state)
{
    (void)state;
    static const unsigned char smaller[] = {104, 86,  123, 146, 123, 100, 123, 160, 142,
                                            105, 104, 141, 145, 122, 118, 141, 161, 131};
    static const unsigned char larger_rows_2_and_3[] = {
        10,  47,  84, 84, 121, 158, 170, 94,  131, 200, 38,  75, 87, 124, 161, 173, 210, 48,
        117, 154, 78, 90, 127, 164, 164, 201, 238, 15,  52,  89, 89, 126, 163, 175, 99,  136,
        205, 43,  80, 92, 129, 166, 178, 215, 53,  122, 159, 83, 95, 132, 169, 169, 206, 243};
    unsigned char pixels[7 * 5 * 3];
    for (int i = 0; i < 7 * 5 * 3; i++)
        pixels[i] = (unsigned char)(i * 37);
    const sy_image in = {pixels, 7, 5, 3};
    sy_image out;
    assert_int_equal(sy_resize_antialiased(NULL, &in, 3, 2, (sy_window){0, 0, 3, 2}, &out), SY_OK);
    assert_memory_equal(out.pixels, smaller, sizeof smaller);
    sy_image_release(&out);
    assert_int_equal(sy_resize_antialiased(NULL, &in, 9, 8, (sy_window){0, 2, 9, 2}, &out), SY_OK);
    assert_memory_equal(out.pixels, larger_rows_2_and_3, sizeof larger_rows_2_and_3);
    sy_image_release(&out);
}

static void a_grey_image_is_resized_alike(void **state)
{
    (void)state;
    static unsigned char pixels[] = {30,  141, 73,  107, 189, 73,  184, 39,  150, 82,  116, 198,
                                     82,  193, 48,  159, 91,  125, 207, 91,  202, 57,  168, 100,
                                     134, 216, 100, 211, 66,  177, 32,  143, 75,  109, 191};
    static const unsigned char want[] = {84, 100, 147, 141, 98, 114, 161, 155, 110, 105, 131, 156};
    const sy_image in = {pixels, 7, 5, 1};
    sy_image out;
    assert_int_equal(sy_resize_antialiased(NULL, &in, 4, 3, (sy_window){0, 0, 4, 3}, &out), SY_OK);
    assert_memory_equal(out.pixels, want, sizeof want);
    sy_image_release(&out);
}

static void a_window_is_the_same_part_of_the_whole(void **state)
{
    (void)state;
    enum { WIDTH = 61, HEIGHT = 47 };
    static unsigned char pixels[WIDTH * HEIGHT * 3];
    fill(pixels, sizeof pixels);
    const sy_image in = {pixels, WIDTH, HEIGHT, 3};
    static const int sizes[][2] = {{20, 15}, {61, 47}, {61, 20}, {100, 90}, {7, 90}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const int width = sizes[s][0], height = sizes[s][1];
        const sy_window window = {width / 3, height / 4, width / 2, height / 2};
        sy_image whole, part;
        assert_int_equal(
            sy_resize_antialiased(NULL, &in, width, height, (sy_window){0, 0, width, height}, &whole), SY_OK);
        assert_int_equal(sy_resize_antialiased(NULL, &in, width, height, window, &part), SY_OK);
        for (int y = 0; y < window.height; y++)
            assert_memory_equal(part.pixels + (size_t)y * (size_t)window.width * 3,
                                whole.pixels +
                                    ((size_t)(window.y + y) * (size_t)width + (size_t)window.x) * 3,
                                (size_t)window.width * 3);
        sy_image_release(&whole);
        sy_image_release(&part);
    }
}

static void the_same_size_leaves_every_pixel(void **state)
{
    (void)state;
    static unsigned char pixels[13 * 11];
    fill(pixels, sizeof pixels);
    const sy_image in = {pixels, 13, 11, 1};
    sy_image out;
    assert_int_equal(sy_resize_antialiased(NULL, &in, 13, 11, (sy_window){0, 0, 13, 11}, &out), SY_OK);
    assert_memory_equal(out.pixels, pixels, sizeof pixels);
    sy_image_release(&out);
}

/* No rounding of weights may turn white into less, at whatever reduction. */
static void white_stays_white(void **state)
{
    (void)state;
    enum { SIDE = 3000 };
    unsigned char *pixels = malloc(SIDE);
    assert_non_null(pixels);
    memset(pixels, 255, SIDE);
    const sy_image in = {pixels, SIDE, 1, 1};
    static const int sizes[] = {1, 2, 7, 224, 2999, 6000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        sy_image out;
        assert_int_equal(sy_resize_antialiased(NULL, &in, sizes[s], 1, (sy_window){0, 0, sizes[s], 1}, &out),
                         SY_OK);
        for (int i = 0; i < sizes[s]; i++)
            assert_int_equal(out.pixels[i], 255);
        sy_image_release(&out);
    }
    free(pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_interpolates_as_its_definition_says),
        cmocka_unit_test(channels_do_not_mix),
        cmocka_unit_test(antialiased_results_are_those_of_pillow),
        cmocka_unit_test(a_grey_image_is_resized_alike),
        cmocka_unit_test(a_window_is_the_same_part_of_the_whole),
        cmocka_unit_test(the_same_size_leaves_every_pixel),
        cmocka_unit_test(white_stays_white),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
