/* quantize, dequantize, fake_quant and requantize against the formulas in double. */
#include <math.h>

#include "cpu/ref.h"
#include "support/test.h"

enum { CHANNELS = 2, INNER = 8, COUNT = CHANNELS * INNER };

static const float values[COUNT] = {0,    0.25f, 0.75f, -0.25f, -0.75f, 1e30f, -INFINITY, NAN,
                                    0.1f, 12.3f, -7.7f, 63.5f,  64.5f,  -64,   INFINITY,  -0.0f};
static const float scales[CHANNELS] = {0.5f, 0.1f};
static const int32_t zeros[CHANNELS] = {128, 3};

static int32_t code_of(int i, int32_t lo, int32_t hi)
{
    const int c = i / INNER;
    if (isnan(values[i]))
        return zeros[c];
    /* The quotient is a float: that is what a device divides. */
    const double whole = nearbyint((double)(values[i] / scales[c])) + zeros[c];
    return (int32_t)fmin(fmax(whole, lo), hi);
}

static void codes_are_rounded_half_to_even_and_saturate(void **state)
{
    (void)state;
    static const int32_t ranges[][2] = {{0, 255}, {-128, 127}, {-8, 7}, {-32768, 32767}, {0, 65535}};
    for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++) {
        const sy_quantize_params params = {1, CHANNELS, INNER, ranges[r][0], ranges[r][1]};
        int32_t q[COUNT];
        sy_ref_quantize((void *[]){(void *)values, (void *)scales, (void *)zeros, q}, &params);
        for (int i = 0; i < COUNT; i++)
            assert_int_equal(q[i],
                             isnan(values[i]) ? zeros[i / INNER] : code_of(i, ranges[r][0], ranges[r][1]));
    }
}

static void fake_quantization_is_there_and_back(void **state)
{
    (void)state;
    const sy_quantize_params params = {1, CHANNELS, INNER, 0, 255};
    float y[COUNT];
    sy_ref_fake_quant((void *[]){(void *)values, (void *)scales, (void *)zeros, y}, &params);
    for (int i = 0; i < COUNT; i++) {
        const int c = i / INNER;
        assert_true(y[i] == (float)(code_of(i, 0, 255) - zeros[c]) * scales[c]);
    }
}

static void every_code_comes_back_from_its_value(void **state)
{
    (void)state;
    const sy_quantize_params params = {1, 1, 256, 0, 255};
    int32_t codes[256], back[256];
    float x[256];
    for (int i = 0; i < 256; i++)
        codes[i] = i;
    sy_ref_dequantize((void *[]){codes, (void *)&scales[1], (void *)&zeros[0], x}, &params);
    sy_ref_quantize((void *[]){x, (void *)&scales[1], (void *)&zeros[0], back}, &params);
    assert_memory_equal(codes, back, sizeof codes);
    assert_true(x[0] == -128 * 0.1f && x[128] == 0);
}

static void the_extremes_of_int32_dequantize(void **state)
{
    (void)state;
    const sy_quantize_params params = {1, 1, 2, 0, 0};
    const int32_t codes[] = {INT32_MIN, INT32_MAX}, zero = 0;
    const float scale = 2;
    float x[2];
    sy_ref_dequantize((void *[]){(void *)codes, (void *)&scale, (void *)&zero, x}, &params);
    assert_true(x[0] == -0x1p32f && x[1] == 0x1p32f);
}

/* The bias is added to the accumulator as an integer: beyond 2^24 a float sum would lose it. */
static void a_bias_is_added_exactly(void **state)
{
    (void)state;
    static const float accumulators[] = {16777216, 16777216, -16777216, 100};
    static const int32_t bias[] = {3, 5};
    static const float multipliers[] = {0x1p-20f, 0x1p-2f};
    const sy_requantize_params params = {.outer = 1,
                                         .channels = 2,
                                         .inner = 2,
                                         .multiplier_channels = 2,
                                         .has_bias = 1,
                                         .zero = 10,
                                         .lo = INT16_MIN,
                                         .hi = 1 << 22};
    int32_t q[4];
    sy_ref_requantize((void *[]){(void *)accumulators, (void *)bias, (void *)multipliers, q}, &params);
    for (int i = 0; i < 4; i++) {
        const int channel = i / 2;
        const float sum = (float)((int64_t)accumulators[i] + bias[channel]);
        const double whole = nearbyint((double)sum * (double)multipliers[channel]) + 10;
        assert_int_equal(q[i], (int32_t)fmin(fmax(whole, INT16_MIN), 1 << 22));
    }
}

static void one_multiplier_serves_all_channels(void **state)
{
    (void)state;
    static const float accumulators[] = {5, 7, 1000};
    static const float half = 0.5f;
    const sy_requantize_params params = {
        .outer = 1, .channels = 3, .inner = 1, .multiplier_channels = 1, .zero = -1, .lo = -128, .hi = 127};
    int32_t q[3];
    sy_ref_requantize((void *[]){(void *)accumulators, NULL, (void *)&half, q}, &params);
    assert_int_equal(q[0], 1); /* 2.5 to 2 */
    assert_int_equal(q[1], 3); /* 3.5 to 4 */
    assert_int_equal(q[2], 127);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_rounded_half_to_even_and_saturate),
        cmocka_unit_test(fake_quantization_is_there_and_back),
        cmocka_unit_test(every_code_comes_back_from_its_value),
        cmocka_unit_test(the_extremes_of_int32_dequantize),
        cmocka_unit_test(a_bias_is_added_exactly),
        cmocka_unit_test(one_multiplier_serves_all_channels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
