#include <math.h>

#include "quant/weights.h"
#include "support/graph.h"

static void channels_of_an_axis_are_found_and_their_peaks(void **state)
{
    (void)state;
    /* [2,3,2]: the channels of axis 1 hold {0,1,6,7}, {2,3,8,9}, {4,5,10,11}. */
    static const float values[12] = {1, -2, 3, 4, -5, 6, 7, 8, -9, 10, 11, -12};
    const sy_tensor weight = {.name = "w", .shape = SHAPE(2, 3, 2)};
    sy_channels channels;
    float peaks[3];
    assert_true(sy_weight_channels(&weight, 1, &channels));
    assert_int_equal(channels.outer, 2);
    assert_int_equal(channels.count, 3);
    assert_int_equal(channels.inner, 2);
    sy_weight_peaks(values, &channels, peaks);
    assert_true(peaks[0] == 8 && peaks[1] == 10 && peaks[2] == 12);
    assert_true(sy_weight_channels(&weight, SY_NONE, &channels));
    assert_int_equal(channels.count, 1);
    assert_int_equal(channels.inner, 12);
    assert_false(sy_weight_channels(&weight, 3, &channels));
}

static void weights_are_rounded_by_the_scale_of_their_channel(void **state)
{
    (void)state;
    static const float values[4] = {1.27F, -0.014F, 12.7F, -0.15F};
    static const sy_scale signed_scales[] = {{0.01F, 0}, {0.1F, 0}},
                          unsigned_scales[] = {{0.01F, 128}, {0.1F, 128}};
    static const sy_number s8 = {.bits = 8, .is_signed = true, .symmetric = true, .narrow = true};
    static const sy_number u8 = {.bits = 8, .symmetric = true, .narrow = true};
    const sy_channels channels = {.axis = 0, .outer = 1, .count = 2, .inner = 2};
    uint8_t got[4];
    sy_weight_quantize(values, &channels, &s8, signed_scales, got);
    assert_int_equal((int8_t)got[0], 127);
    assert_int_equal((int8_t)got[1], -1);
    assert_int_equal((int8_t)got[2], 127);
    assert_int_equal((int8_t)got[3], -2);
    sy_weight_quantize(values, &channels, &u8, unsigned_scales, got);
    assert_int_equal(got[0], 255);
    assert_int_equal(got[3], 126);
}

static void the_error_of_weights_is_that_of_their_rounding(void **state)
{
    (void)state;
    static const float values[2] = {1, 0.25F};
    static const sy_number s8 = {.bits = 8, .is_signed = true, .symmetric = true, .narrow = true};
    const sy_scale scales[] = {{0.5F, 0}};
    const sy_channels channels = {.axis = SY_NONE, .outer = 1, .count = 1, .inner = 2};
    /* 0.25 / 0.5 rounds to 0: the noise is 0.0625, the power 1.0625. */
    assert_true(fabs(sy_weight_snr(values, &channels, &s8, scales) - 10 * log10(1.0625 / 0.0625)) < 1e-9);
    assert_true(isinf(sy_weight_snr(
        values, &(sy_channels){.axis = SY_NONE, .outer = 1, .count = 1, .inner = 1}, &s8, scales)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_of_an_axis_are_found_and_their_peaks),
        cmocka_unit_test(weights_are_rounded_by_the_scale_of_their_channel),
        cmocka_unit_test(the_error_of_weights_is_that_of_their_rounding),
    };
    return cmocka_run_group_tests_name("weights", tests, open_ctx, close_ctx);
}
