/* kernels/trig.h and kernels/elementwise.h against the double functions of the system's library. */
#include <math.h>

#include "kernels/elementwise.h"
#include "support/test.h"

/* The error of `got` in units in the last place of a float; 0 where both overflow or are NaN. */
static double error_in_units(float got, double exact)
{
    int exponent;

    if (isnan(exact))
        return isnan(got) ? 0 : 1e9;
    if (fabs(exact) >= ldexp(1.0 - ldexp(1, -25), 128))
        return isinf(got) && !signbit(got) == !signbit(exact) ? 0 : 1e9;
    if (!isfinite(got))
        return 1e9;
    frexp(exact, &exponent);
    return fabs((double)got - exact) / ldexp(1, exponent - 24 < -149 ? -149 : exponent - 24);
}

typedef struct {
    const char *name;
    float (*ours)(float);
    double (*exact)(double);
    double bound;
} function_case;

static const function_case cases[] = {
    {"sin", sy_math_sinf, sin, 2},         {"cos", sy_math_cosf, cos, 2},
    {"tan", sy_math_tanf, tan, 4},         {"asin", sy_math_asinf, asin, 2.5},
    {"acos", sy_math_acosf, acos, 1.5},    {"atan", sy_math_atanf, atan, 2.5},
    {"sinh", sy_math_sinhf, sinh, 2.5},    {"cosh", sy_math_coshf, cosh, 2},
    {"asinh", sy_math_asinhf, asinh, 2},   {"acosh", sy_math_acoshf, acosh, 2.5},
    {"atanh", sy_math_atanhf, atanh, 2.5},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static void check_at(const function_case *c, float x, double *worst)
{
    const double error = error_in_units(c->ours(x), c->exact((double)x));

    *worst = error > *worst ? error : *worst;
    if (!(error <= c->bound))
        fail_msg("%s(%a) = %a is %.3f units off, at most %.2f are allowed", c->name, x, c->ours(x), error,
                 c->bound);
}

/* A prime stride over all bit patterns: every exponent, both signs, infinities and NaNs. */
static void each_function_is_within_its_bound_everywhere(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        double worst = 0;
        for (uint64_t bits = 0; bits < 0x100000000u; bits += 14983)
            check_at(&cases[i], sy_float_of((uint32_t)bits), &worst);
        for (int k = -12 * 32768; k <= 12 * 32768; k++)
            check_at(&cases[i], (float)k * 0x1p-15f, &worst);
        print_message("%s: %.3f units\n", cases[i].name, worst);
    }
}

/* Where x is all but a multiple of pi / 2, what remains of it is hardest to keep. */
static void angles_next_to_multiples_of_a_right_angle_are_kept(void **state)
{
    (void)state;
    double worst = 0;
    for (int i = 0; i < 3; i++) {
        for (int k = 1; k < 400000; k += k < 2000 ? 1 : 97) {
            const float x = (float)(k * 1.57079632679489661923);
            check_at(&cases[i], x, &worst);
            check_at(&cases[i], nextafterf(x, INFINITY), &worst);
            check_at(&cases[i], -nextafterf(x, 0), &worst);
        }
    }
}

static void zero_keeps_its_sign(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        const float y = cases[i].ours(-0.0f);
        if (cases[i].exact(0.0) == 0)
            assert_true(y == 0 && signbit(y));
    }
}

static void rounding_down_and_up_is_exact(void **state)
{
    (void)state;
    for (uint64_t bits = 0; bits < 0x100000000u; bits += 9973) {
        const float x = sy_float_of((uint32_t)bits);
        if (isnan(x))
            continue;
        assert_int_equal(sy_bits_of(sy_math_floor(x)), sy_bits_of(floorf(x)));
        assert_int_equal(sy_bits_of(sy_math_ceil(x)), sy_bits_of(ceilf(x)));
    }
}

/* The bounds are relative to the output's scale around 0, where these cross it: 2e-7 of max(1, |y|). */
static void smooth_activations_keep_six_digits(void **state)
{
    (void)state;
    for (int k = -30 * 1024; k <= 30 * 1024; k++) {
        const float x = (float)k * 0x1.01p-10f;
        const double d = x, e = exp(d);
        const struct {
            double got, exact;
        } pairs[] = {
            {sy_math_softplus(x), log1p(exp(-fabs(d))) + (d > 0 ? d : 0)},
            {sy_math_mish(x), d * tanh(log1p(e))},
            {sy_math_gelu(x), 0.5 * d * (1 + erf(d / sqrt(2)))},
            {sy_math_gelu_tanh(x), 0.5 * d * (1 + tanh(sqrt(2 / acos(-1)) * (d + 0.044715 * d * d * d)))},
        };
        for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
            const double scale = fabs(pairs[i].exact) > 1 ? fabs(pairs[i].exact) : 1;
            if (fabs(pairs[i].got - pairs[i].exact) > 2e-7 * scale)
                fail_msg("function %zu at %a: %.9g, not %.9g", i, x, pairs[i].got, pairs[i].exact);
        }
    }
}

static void integers_divide_and_wrap_without_traps(void **state)
{
    (void)state;
    assert_int_equal(sy_int_divide(INT32_MIN, -1), INT32_MIN);
    assert_int_equal(sy_int_divide(5, 0), 0);
    assert_int_equal(sy_int_remainder(INT32_MIN, -1), 0);
    assert_int_equal(sy_int_power(2, 31), INT32_MIN);
    assert_int_equal(sy_int_power(-1, -3), -1);
    assert_int_equal(sy_int_power(3, -1), 0);
    assert_int_equal(sy_int_from(3e9f), INT32_MAX);
    assert_int_equal(sy_int_from(-3e9f), INT32_MIN);
    assert_int_equal(sy_int_clamp(7, -INFINITY, 5.5f), 5);
    assert_int_equal(sy_int_clamp(-7, -5.5f, INFINITY), -5);
    for (int a = -9; a <= 9; a++) {
        for (int b = -4; b <= 4; b++) {
            if (b == 0)
                continue;
            const int modulo = sy_int_modulo(a, b);
            assert_int_equal((a - modulo) % b, 0);
            assert_true(b > 0 ? modulo >= 0 && modulo < b : modulo <= 0 && modulo > b);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_function_is_within_its_bound_everywhere),
        cmocka_unit_test(angles_next_to_multiples_of_a_right_angle_are_kept),
        cmocka_unit_test(zero_keeps_its_sign),
        cmocka_unit_test(rounding_down_and_up_is_exact),
        cmocka_unit_test(smooth_activations_keep_six_digits),
        cmocka_unit_test(integers_divide_and_wrap_without_traps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
