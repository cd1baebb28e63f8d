/* kernels/math.h against the double functions of the system's library. */
#include <math.h>

#include "kernels/math.h"
#include "support/test.h"

/* Of a float that would hold `exact`; the spacing below the normal range is 2^-149. */
static double unit_in_the_last_place(double exact)
{
    int exponent;
    frexp(exact, &exponent);
    return ldexp(1, exponent - 24 < -149 ? -149 : exponent - 24);
}

/* The error of `got` in units in the last place; 0 where both overflow or are NaN. */
static double error_in_units(float got, double exact)
{
    const double overflow = ldexp(1.0 - ldexp(1, -25), 128);
    if (isnan(exact))
        return isnan(got) ? 0 : 1e9;
    if (fabs(exact) >= overflow)
        return isinf(got) && !signbit(got) == !signbit(exact) ? 0 : 1e9;
    if (!isfinite(got))
        return 1e9;
    return fabs((double)got - exact) / unit_in_the_last_place(exact);
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

typedef struct {
    const char *name;
    float (*ours)(float);
    double (*exact)(double);
    double bound;
} unary_case;

static const unary_case unary_cases[] = {
    {"exp", sy_math_expf, exp, 1.0},
    {"expm1", sy_math_expm1f, expm1, 1.5},
    {"log", sy_math_logf, log, 0.9},
    {"log1p", sy_math_log1pf, log1p, 0.9},
    {"tanh", sy_math_tanhf, tanh, 1.5},
    {"erf", sy_math_erff, erf, 1.5},
    {"sigmoid", sy_math_sigmoidf, logistic, 2.5},
};
enum { UNARY_CASES = sizeof unary_cases / sizeof unary_cases[0] };

static void check_at(const unary_case *c, float x)
{
    const double error = error_in_units(c->ours(x), c->exact((double)x));
    if (error > c->bound)
        fail_msg("%s(%a) = %a is %.3f units off, at most %.2f are allowed", c->name, x, c->ours(x), error,
                 c->bound);
}

/* A prime stride over all bit patterns: every exponent, both signs, infinities and NaNs. */
static void each_function_is_within_its_bound_everywhere(void **state)
{
    (void)state;
    for (int i = 0; i < UNARY_CASES; i++) {
        for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 2039)
            check_at(&unary_cases[i], sy_float_of((uint32_t)bits));
    }
}

/* Bit patterns are dense near 0; this is even over [-12, 12]. */
static void each_function_is_within_its_bound_where_networks_live(void **state)
{
    (void)state;
    for (int i = 0; i < UNARY_CASES; i++) {
        for (int n = -300000; n <= 300000; n++)
            check_at(&unary_cases[i], (float)n * 4e-5f);
    }
}

static void check_power(float x, float y)
{
    const double error = error_in_units(sy_math_powf(x, y), pow((double)x, (double)y));
    if (error > 2)
        fail_msg("pow(%a, %a) = %a is %.3f units off", x, y, sy_math_powf(x, y), error);
}

static void powers_are_within_two_units(void **state)
{
    (void)state;
    for (uint64_t x = 0; x <= UINT32_MAX; x += 4000037) {
        for (uint64_t y = 5; y <= UINT32_MAX; y += 9000011)
            check_power(sy_float_of((uint32_t)x), sy_float_of((uint32_t)y));
    }
    for (int n = 1; n < 2000; n++) {
        for (int m = -400; m <= 400; m++)
            check_power((float)n * 0.013f, (float)m * 0.05f);
    }
}

static void special_powers_are_those_of_c(void **state)
{
    (void)state;
    static const float values[] = {0,        -0.0f,    1,     -1,       2,         -2,  3,
                                   -3,       0.5f,     -0.5f, INFINITY, -INFINITY, NAN, 8388607,
                                   -8388607, 16777216, 1e30f, -1e30f,   0x1p-149f};
    const size_t count = sizeof values / sizeof values[0];
    for (size_t i = 0; i < count * count; i++) {
        const float x = values[i / count], y = values[i % count], got = sy_math_powf(x, y);
        const double want = pow((double)x, (double)y);
        if (error_in_units(got, want) > 2 || (!isnan(want) && !signbit(got) != !signbit(want)))
            fail_msg("pow(%a, %a) = %a, C gives %a", x, y, got, want);
    }
}

static void rounding_is_half_to_even(void **state)
{
    (void)state;
    static const float halves[] = {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 8388607.5f, 4194304.5f};
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++)
        assert_true(sy_math_rint(halves[i]) == rintf(halves[i]));
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 2039) {
        const float x = sy_float_of((uint32_t)bits), want = rintf(x), got = sy_math_rint(x);
        if (isnan(x) ? !isnan(got) : got != want || !signbit(got) != !signbit(want))
            fail_msg("rint(%a) = %a", x, got);
    }
}

static void a_clamp_keeps_nan_and_the_sign_of_zero(void **state)
{
    (void)state;
    assert_true(isnan(sy_math_clamp(NAN, 0, 6)));
    assert_true(signbit(sy_math_clamp(-0.0f, 0, 6)));
    assert_true(sy_math_clamp(7, 0, 6) == 6 && sy_math_clamp(-1, 0, 6) == 0 && sy_math_clamp(3, 0, 6) == 3);
}

static void zero_keeps_its_sign_and_limits_are_exact(void **state)
{
    (void)state;
    assert_true(signbit(sy_math_tanhf(-0.0f)) && signbit(sy_math_erff(-0.0f)) &&
                signbit(sy_math_expm1f(-0.0f)));
    assert_true(sy_math_tanhf(INFINITY) == 1 && sy_math_tanhf(-INFINITY) == -1);
    assert_true(sy_math_erff(INFINITY) == 1 && sy_math_erff(-INFINITY) == -1);
    assert_true(sy_math_sigmoidf(INFINITY) == 1 && sy_math_sigmoidf(-INFINITY) == 0);
    assert_true(sy_math_expf(0) == 1 && sy_math_logf(1) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_function_is_within_its_bound_everywhere),
        cmocka_unit_test(each_function_is_within_its_bound_where_networks_live),
        cmocka_unit_test(powers_are_within_two_units),
        cmocka_unit_test(special_powers_are_those_of_c),
        cmocka_unit_test(rounding_is_half_to_even),
        cmocka_unit_test(a_clamp_keeps_nan_and_the_sign_of_zero),
        cmocka_unit_test(zero_keeps_its_sign_and_limits_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
