#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "calib/exact_sum.h"
#include "support/tensor_stats.h"
#include "support/test.h"

__extension__ typedef __int128 wide;

static void a_sum_of_integers_is_what_128_bits_give(void **state)
{
    (void)state;
    random_state r = {1};
    for (int trial = 0; trial < 2000; trial++) {
        sy_exact_sum sum = {{0}};
        wide want = 0;
        const int terms = 1 + (int)(random_unit(&r) * 20);
        for (int i = 0; i < terms; i++) {
            const int64_t value = (int64_t)((random_unit(&r) - 0.5) * 0x1p60);
            const int shift = (int)(random_unit(&r) * 60);
            sy_exact_sum_add(&sum, value, shift - 200);
            want += (wide)value * ((wide)1 << shift);
        }
        assert_true(sy_exact_sum_value(&sum) == ldexp((double)want, -200));
    }
}

static void nothing_is_lost_beside_large_terms(void **state)
{
    (void)state;
    sy_exact_sum sum = {{0}};
    sy_exact_sum_add_float(&sum, FLT_MAX);
    sy_exact_sum_add_float(&sum, 0x1p-149f);
    sy_exact_sum_add_float(&sum, 1.5f);
    sy_exact_sum_add_float(&sum, -FLT_MAX);
    assert_true(sy_exact_sum_value(&sum) == 1.5);
    sy_exact_sum_add_float(&sum, -1.5f);
    assert_true(sy_exact_sum_value(&sum) == 0x1p-149);
    sy_exact_sum_add_float(&sum, -0x1p-149f);
    assert_true(sy_exact_sum_value(&sum) == 0);
    sy_exact_sum_add_float(&sum, -3);
    assert_true(sy_exact_sum_value(&sum) == -3);
}

static void the_ends_of_the_range_fit(void **state)
{
    (void)state;
    sy_exact_sum sum = {{0}};
    for (int i = 0; i < 3; i++)
        sy_exact_sum_add(&sum, INT64_MIN, 240);
    assert_true(sy_exact_sum_value(&sum) == -3 * 0x1p303);
    sy_exact_sum low = {{0}};
    sy_exact_sum_add(&low, -1, SY_EXACT_SUM_LOWEST);
    assert_true(sy_exact_sum_value(&low) == -0x1p-300);
}

static void a_value_is_rounded_once_to_even(void **state)
{
    (void)state;
    static const struct {
        int64_t a;
        int64_t b; /* times 2^-100 */
        double want;
    } cases[] = {
        {(INT64_C(1) << 53) + 1, 0, 0x1p53},        {(INT64_C(1) << 53) + 3, 0, 0x1p53 + 4},
        {(INT64_C(1) << 53) + 1, 1, 0x1p53 + 2},    {(INT64_C(1) << 53) + 1, -1, 0x1p53},
        {-(INT64_C(1) << 53) - 1, -1, -0x1p53 - 2}, {(INT64_C(1) << 54) - 1, 0, 0x1p54},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_exact_sum sum = {{0}};
        sy_exact_sum_add(&sum, cases[i].a, 0);
        sy_exact_sum_add(&sum, cases[i].b, -100);
        assert_true(sy_exact_sum_value(&sum) == cases[i].want);
    }
}

static void order_and_grouping_leave_the_same_bits(void **state)
{
    (void)state;
    enum { TERMS = 300 };
    float x[TERMS];
    random_state r = {7};
    for (int i = 0; i < TERMS; i++)
        x[i] = (float)(random_normal(&r) * exp2(60 * random_normal(&r)));
    sy_exact_sum up = {{0}}, down = {{0}}, parts[2] = {{{0}}, {{0}}};
    for (int i = 0; i < TERMS; i++) {
        sy_exact_sum_add_float(&up, x[i]);
        sy_exact_sum_add_float(&down, x[TERMS - 1 - i]);
        sy_exact_sum_add_float(&parts[i % 3 == 0], x[i]);
    }
    sy_exact_sum_merge(&parts[1], &parts[0]);
    assert_memory_equal(&up, &down, sizeof up);
    assert_memory_equal(&up, &parts[1], sizeof up);
}

static void a_window_takes_what_it_holds_exactly_and_the_sum_the_rest(void **state)
{
    (void)state;
    static const struct {
        float value;
        bool fits;
    } cases[] = {{0, true},
                 {-0.0f, true},
                 {1.5f, true},
                 {-0x1p-34f, true},
                 {0x1p-35f, false},
                 {0x1.000002p-11f, true},
                 {0x1.000002p-12f, false},
                 {0x1.fffffep18f, true},
                 {0x1p19f, false},
                 {-0x1p19f, false},
                 {FLT_MAX, false},
                 {0x1p-149f, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t window = 3;
        sy_exact_sum sum = {{0}};
        sy_exact_windows_add(&window, &sum, &cases[i].value, 1);
        assert_true(window == 3 + (cases[i].fits ? (int64_t)ldexp(cases[i].value, 34) : 0));
        assert_true(sy_exact_sum_value(&sum) == (cases[i].fits ? 0 : cases[i].value));
    }
}

static void full_windows_have_not_overflowed(void **state)
{
    (void)state;
    static const float ends[] = {-0x1.fffffep18f, 0x1.fffffep18f};
    sy_exact_sum sums[2] = {{{0}}}, want[2] = {{{0}}};
    int64_t windows[2] = {0};
    for (int i = 0; i < SY_EXACT_WINDOW_TERMS; i++) {
        sy_exact_windows_add(windows, sums, ends, 2);
        sy_exact_sum_add_float(&want[0], ends[0]);
        sy_exact_sum_add_float(&want[1], ends[1]);
    }
    sy_exact_windows_close(windows, sums, 2);
    assert_memory_equal(sums, want, sizeof sums);
    assert_true(windows[0] == 0 && windows[1] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sum_of_integers_is_what_128_bits_give),
        cmocka_unit_test(nothing_is_lost_beside_large_terms),
        cmocka_unit_test(the_ends_of_the_range_fit),
        cmocka_unit_test(a_value_is_rounded_once_to_even),
        cmocka_unit_test(order_and_grouping_leave_the_same_bits),
        cmocka_unit_test(a_window_takes_what_it_holds_exactly_and_the_sum_the_rest),
        cmocka_unit_test(full_windows_have_not_overflowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
