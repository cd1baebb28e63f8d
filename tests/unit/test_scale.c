#include <float.h>
#include <math.h>

#include "quant/scale.h"
#include "support/test.h"

static const sy_number u8 = {.bits = 8};
static const sy_number s8 = {.bits = 8, .is_signed = true};
static const sy_number s8_symmetric = {.bits = 8, .is_signed = true, .symmetric = true, .narrow = true};
static const sy_number u8_symmetric = {.bits = 8, .symmetric = true, .narrow = true};

static void the_ends_of_every_grid_are_those_of_its_type(void **state)
{
    (void)state;
    static const struct {
        sy_number number;
        int lo, hi, middle;
    } cases[] = {
        {{.bits = 8}, 0, 255, 128},
        {{.bits = 8, .narrow = true}, 1, 255, 128},
        {{.bits = 8, .is_signed = true}, -128, 127, 0},
        {{.bits = 8, .is_signed = true, .narrow = true}, -127, 127, 0},
        {{.bits = 7, .is_signed = true, .narrow = true}, -63, 63, 0},
        {{.bits = 4, .is_signed = true}, -8, 7, 0},
        {{.bits = 16}, 0, 65535, 32768},
        {{.bits = 16, .is_signed = true}, -32768, 32767, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(sy_number_lo(&cases[i].number), cases[i].lo);
        assert_int_equal(sy_number_hi(&cases[i].number), cases[i].hi);
        assert_int_equal(sy_number_middle(&cases[i].number), cases[i].middle);
    }
}

static void a_range_becomes_the_scale_and_zero_point_worked_out_by_hand(void **state)
{
    static const struct {
        const sy_number *number;
        float min, max, scale;
        int zero;
    } cases[] = {
        {&u8, 0, 255, 1, 0},
        {&u8, 0, 2.55F, 0.01F, 0},
        {&u8, 1, 2, 2.0F / 255, 0}, /* 0 is in every range */
        {&u8, -3, -1, 3.0F / 255, 255},
        {&u8, -128, 127, 1, 128},
        {&u8, -0.5F, 254.5F, 1, 0}, /* 0.5 to even */
        {&u8, -1.5F, 253.5F, 1, 2}, /* 1.5 to even */
        {&u8, -2.5F, 252.5F, 1, 2}, /* 2.5 to even */
        {&s8, 0, 255, 1, -128},
        {&s8, -255, 0, 1, 127},
        {&s8_symmetric, -254, 127, 2, 0},
        {&s8_symmetric, 0, 127, 1, 0},
        {&u8_symmetric, -127, 12, 1, 128},
        {&u8, 0, 0, 1, 0}, /* no width */
        {&s8_symmetric, 0, 0, 1, 0},
        {&u8, 0, 1e-40F, 1, 0}, /* no normal scale */
        {&s8_symmetric, -1e-38F, 0, 1, 0},
        {&u8, -FLT_MAX, FLT_MAX, 2 * (FLT_MAX / 255), 128},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_scale got;
        assert_ok(*state, sy_scale_from_range(*state, cases[i].number, cases[i].min, cases[i].max, &got));
        assert_true(got.scale == cases[i].scale);
        assert_int_equal(got.zero, cases[i].zero);
    }
}

static void a_range_that_is_not_finite_is_refused(void **state)
{
    sy_scale got;
    assert_fails(*state, sy_scale_from_range(*state, &u8, -INFINITY, 1, &got), SY_E_NUMERIC,
                 "the range [-inf, 1] is not finite");
    assert_int_equal(sy_scale_from_range(*state, &u8, 0, NAN, &got), SY_E_NUMERIC);
}

static void values_round_half_to_even_and_saturate(void **state)
{
    (void)state;
    static const struct {
        const sy_number *number;
        sy_scale scale;
        float x;
        int q;
    } cases[] = {
        {&u8, {1, 0}, 0.5F, 0},
        {&u8, {1, 0}, 1.5F, 2},
        {&u8, {1, 0}, 2.5F, 2},
        {&u8, {1, 10}, -0.5F, 10},
        {&u8, {1, 10}, -1.5F, 8},
        {&u8, {1, 10}, -11, 0},
        {&u8, {1, 10}, 245.4F, 255},
        {&u8, {1, 10}, 1e30F, 255},
        {&u8, {1, 10}, -1e30F, 0},
        {&u8, {1, 10}, INFINITY, 255},
        {&u8, {1, 10}, -INFINITY, 0},
        {&u8, {1, 10}, NAN, 10},
        {&s8_symmetric, {0.5F, 0}, -1000, -127},
        {&s8_symmetric, {0.5F, 0}, 0.25F, 0},
        {&s8_symmetric, {0.5F, 0}, 0.75F, 2},
        {&u8_symmetric, {0.5F, 128}, -1000, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(sy_quantize_value(cases[i].number, cases[i].scale, cases[i].x), cases[i].q);
}

static void every_code_stands_for_a_value_that_gives_it_back(void **state)
{
    (void)state;
    const sy_scale scales[] = {{0.1F, 0}, {1.0F / 3, 77}, {1e-30F, 255}, {12345.678F, 128}};
    for (size_t i = 0; i < sizeof scales / sizeof scales[0]; i++)
        for (int q = 0; q <= 255; q++)
            assert_int_equal(sy_quantize_value(&u8, scales[i], sy_dequantize_value(scales[i], q)), q);
}

static void a_scale_is_shrunk_until_no_code_is_outside_the_limits(void **state)
{
    static const struct {
        float min, max;
    } cases[] = {{0, 6}, {-1, 1}, {0, 1}, {-0.3F, 6}, {-3, 3}, {0, 0.1F}, {-7, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const float min = cases[i].min, max = cases[i].max;
        sy_scale before;
        assert_ok(*state, sy_scale_from_range(*state, &u8, min, max, &before));
        const sy_scale after = sy_scale_inside(&u8, before, min, max);
        assert_int_equal(after.zero, before.zero);
        assert_true(after.scale <= before.scale);
        assert_true(after.scale > before.scale * 0.96F);
        assert_true(sy_dequantize_value(after, 0) >= min);
        assert_true(sy_dequantize_value(after, 255) <= max);
    }
}

static void a_bias_is_rounded_at_the_product_of_the_scales(void **state)
{
    (void)state;
    int32_t q = 99;
    assert_true(sy_quantize_bias(1, 0.5F, 0.25F, &q));
    assert_int_equal(q, 8);
    assert_true(sy_quantize_bias(-0.3125F, 0.5F, 0.25F, &q)); /* -2.5 */
    assert_int_equal(q, -2);
    assert_false(sy_quantize_bias(0x1p30F, 1, 1, &q));
    assert_true(sy_quantize_bias(-0x1.fffffep29F, 1, 1, &q));
    assert_int_equal(q, -1073741760);
    assert_false(sy_quantize_bias(1, 1e-20F, 1e-20F, &q));
    assert_false(sy_quantize_bias(NAN, 1, 1, &q));
    assert_false(sy_quantize_bias(1, 1e-10F, 1e-10F, &q));
}

static void a_bias_fits_at_the_floor_of_its_weight_scale(void **state)
{
    (void)state;
    static const float biases[] = {0, 1e-6F, 1, -3000, 1e20F};
    static const float scales[] = {1e-6F, 0.02F, 1, 1000};
    for (size_t i = 0; i < sizeof biases / sizeof biases[0]; i++)
        for (size_t k = 0; k < sizeof scales / sizeof scales[0]; k++) {
            int32_t q;
            assert_true(sy_quantize_bias(biases[i], scales[k], sy_scale_floor(biases[i], scales[k]), &q));
            const float alone = sy_scale_of_bias(biases[i], scales[k]);
            assert_true(sy_quantize_bias(biases[i], scales[k], alone, &q));
            const double back = (double)q * (double)(scales[k] * alone);
            assert_true(fabs(back - (double)biases[i]) <= fabs((double)biases[i]) * 0x1p-20);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_ends_of_every_grid_are_those_of_its_type),
        cmocka_unit_test(a_range_becomes_the_scale_and_zero_point_worked_out_by_hand),
        cmocka_unit_test(a_range_that_is_not_finite_is_refused),
        cmocka_unit_test(values_round_half_to_even_and_saturate),
        cmocka_unit_test(every_code_stands_for_a_value_that_gives_it_back),
        cmocka_unit_test(a_scale_is_shrunk_until_no_code_is_outside_the_limits),
        cmocka_unit_test(a_bias_is_rounded_at_the_product_of_the_scales),
        cmocka_unit_test(a_bias_fits_at_the_floor_of_its_weight_scale),
    };
    return cmocka_run_group_tests_name("scale", tests, open_ctx, close_ctx);
}
