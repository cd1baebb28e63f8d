/* The arithmetic of integer processors against exact rational numbers. */
#include <math.h>
#include <stdbool.h>

#include "dsp/fixed_point.h"
#include "support/tensor_stats.h"
#include "support/test.h"

/* numerator / 2^bits to the nearest integer; halves up, or away from 0, or up for numerators >= 0 and else
 * towards 0, which is up as well. Told by the remainder, so that nothing is added before. */
static int64_t nearest(int64_t numerator, int bits, bool halves_away)
{
    const int64_t whole = (int64_t)1 << bits;
    int64_t quotient = numerator / whole, rest = numerator % whole;
    if (rest < 0) {
        quotient--;
        rest += whole;
    }
    if (2 * rest == whole)
        return halves_away && numerator < 0 ? quotient : quotient + 1;
    return 2 * rest > whole ? quotient + 1 : quotient;
}

static void factors_become_31_bits_and_a_power_of_two(void **state)
{
    (void)state;
    static const struct {
        double factor;
        int32_t multiplier;
        int shift;
    } cases[] = {
        {0.5, 1 << 30, 0},
        {1, 1 << 30, 1},
        {0.75, 1610612736, 0},
        {3, 1610612736, 2},
        {0x1p-10, 1 << 30, -9},
        {0x1.fffffffffp-1, 1 << 30, 1}, /* rounds up to the next power */
        {0, 0, 0},
        {0x1p-33, 0, 0}, /* nothing left in 32 bits */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const sy_factor_form form = sy_factor_form_of(cases[i].factor, (float)cases[i].factor);
        assert_int_equal(form.multiplier, cases[i].multiplier);
        assert_int_equal(form.shift, cases[i].shift);
        assert_true(form.real == (float)cases[i].factor);
    }
    random_state r = {1};
    for (int i = 0; i < 10000; i++) {
        const double factor = ldexp(0.5 + 0.5 * random_unit(&r), (int)(random_unit(&r) * 40) - 25);
        const sy_factor_form form = sy_factor_form_of(factor, 0);
        assert_true(form.multiplier >= 1 << 30);
        assert_true(fabs(ldexp(form.multiplier, form.shift - 31) / factor - 1) <= 0x1p-31);
    }
}

static void halves_go_where_each_scheme_sends_them(void **state)
{
    (void)state;
    const sy_factor_form half = sy_factor_form_of(0.5, 0.5F), quarter = sy_factor_form_of(0.25, 0.25F);
    static const struct {
        int32_t acc;
        int doubled, single, nearest_even;
    } halves[] = {{1, 1, 1, 0},     {-1, 0, 0, 0}, {3, 2, 2, 2},
                  {-3, -1, -1, -2}, {5, 3, 3, 2},  {-5, -2, -2, -2}},
      quarters[] = {{2, 1, 1, 0}, {-2, -1, 0, 0}, {-6, -2, -1, -2},
                    {1, 1, 0, 0}, {-1, 0, 0, 0},  {-3, -1, -1, -1}};
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        assert_int_equal(sy_fixed_multiply(halves[i].acc, &half, SY_ROUND_DOUBLE), halves[i].doubled);
        assert_int_equal(sy_fixed_multiply(halves[i].acc, &half, SY_ROUND_SINGLE), halves[i].single);
        assert_int_equal(sy_fixed_multiply(halves[i].acc, &half, SY_ROUND_FLOAT), halves[i].nearest_even);
    }
    /* 1/4 of 1 is rounded to a half first, and that to 1: the second rounding shows. */
    for (size_t i = 0; i < sizeof quarters / sizeof quarters[0]; i++) {
        assert_int_equal(sy_fixed_multiply(quarters[i].acc, &quarter, SY_ROUND_DOUBLE), quarters[i].doubled);
        assert_int_equal(sy_fixed_multiply(quarters[i].acc, &quarter, SY_ROUND_SINGLE), quarters[i].single);
        assert_int_equal(sy_fixed_multiply(quarters[i].acc, &quarter, SY_ROUND_FLOAT),
                         quarters[i].nearest_even);
    }
}

static void what_does_not_fit_saturates(void **state)
{
    (void)state;
    const sy_factor_form eight = sy_factor_form_of(8, 8);
    assert_int_equal(sy_fixed_high_product(INT32_MIN, INT32_MIN), INT32_MAX);
    assert_int_equal(sy_fixed_high_product(INT32_MIN, INT32_MAX), -INT32_MAX);
    for (int rounding = SY_ROUND_SINGLE; rounding < SY_ROUNDINGS; rounding++) {
        assert_int_equal(sy_fixed_multiply(INT32_MAX, &eight, (sy_rounding)rounding), INT32_MAX);
        assert_int_equal(sy_fixed_multiply(INT32_MIN, &eight, (sy_rounding)rounding), INT32_MIN);
    }
    assert_int_equal(sy_fixed_multiply(INT32_MAX, &eight, SY_ROUND_DOUBLE),
                     1 << 30); /* already when shifted left */
    assert_int_equal(sy_fixed_shift(INT32_MIN, 1), -(1 << 30));
    assert_int_equal(sy_fixed_shift(-5, 1), -3);
    assert_int_equal(sy_fixed_shift(5, 0), 5);
}

static void every_scheme_is_its_formula_on_exact_numbers(void **state)
{
    (void)state;
    random_state r = {7};
    int differ = 0;
    for (int i = 0; i < 200000; i++) {
        const int32_t acc = (int32_t)((random_unit(&r) - 0.5) * 2e6);
        const sy_factor_form form =
            sy_factor_form_of(ldexp(0.5 + 0.5 * random_unit(&r), -4 - (int)(random_unit(&r) * 9)), 0);
        const int64_t product = (int64_t)acc * form.multiplier;
        const int64_t single = nearest(product, 31 - form.shift, false);
        const int64_t twice = nearest(nearest(product, 31, false), -form.shift, true);
        const double exact = ldexp((double)product, form.shift - 31); /* product has 51 bits at most */
        assert_int_equal(sy_fixed_multiply(acc, &form, SY_ROUND_SINGLE), single);
        assert_int_equal(sy_fixed_multiply(acc, &form, SY_ROUND_DOUBLE),
                         form.shift ? twice : nearest(product, 31, false));
        assert_true(fabs((double)single - exact) <= 0.5);
        assert_true(fabs((double)twice - exact) <= 0.5625);
        differ += single != twice;
    }
    assert_in_range(differ, 1, 4000); /* rounding twice shows, in less than two of a hundred */
}

static void float_factors_round_after_each_step(void **state)
{
    (void)state;
    /* 16777217 is no float: the accumulator is rounded first. */
    const sy_factor_form one = sy_factor_form_of(1, 1);
    assert_int_equal(sy_fixed_multiply(16777217, &one, SY_ROUND_FLOAT), 16777216);
    assert_int_equal(sy_fixed_multiply(16777217, &one, SY_ROUND_SINGLE), 16777217);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factors_become_31_bits_and_a_power_of_two),
        cmocka_unit_test(halves_go_where_each_scheme_sends_them),
        cmocka_unit_test(what_does_not_fit_saturates),
        cmocka_unit_test(every_scheme_is_its_formula_on_exact_numbers),
        cmocka_unit_test(float_factors_round_after_each_step),
    };
    return cmocka_run_group_tests_name("fixed_point", tests, NULL, NULL);
}
