#include <math.h>
#include <stdlib.h>

#include "base/arena.h"
#include "support/graph.h"
#include "weight/mixed.h"

enum { COUNT = 20000, CHANNELS = 20 };

/* Twelve uniform numbers make nearly a normal one. */
static void fill_normal(float *values, size_t count, double deviation, double mean)
{
    uint32_t state = 5;
    for (size_t i = 0; i < count; i++) {
        double sum = -6;
        for (int j = 0; j < 12; j++) {
            state = state * 1664525u + 1013904223u;
            sum += (double)(state >> 8) * 0x1p-24;
        }
        values[i] = (float)(sum * deviation + mean);
    }
}

/* The plainest sum over the elements of channel `c` of `channels`, along the last axis; channels 1: all. */
static double error_of(const sy_weight_codes *codes, const float *values, size_t c, size_t channels)
{
    double noise = 0, power = 0;
    for (size_t i = c; i < COUNT; i += channels) {
        const double got = (double)((float)codes->codes[i] * codes->scales[c] + codes->shifts[c]);
        noise += ((double)values[i] - got) * ((double)values[i] - got);
        power += (double)values[i] * (double)values[i];
    }
    return sqrt(noise / power);
}

static void the_error_is_the_one_that_was_asked_for(void **state)
{
    static const double errors[] = {0.0005, 0.005, 0.02, 0.1, 0.4};
    static const struct {
        double deviation, mean;
    } kinds[] = {{1, 0}, {1e-4, 0}, {300, 20}, {0.5, 3}};
    static float values[COUNT];
    const sy_shape shape = SHAPE(COUNT / CHANNELS, CHANNELS);
    sy_weight_cut cut;
    assert_true(sy_weight_cut_init(&shape, SY_NONE, 0, &cut));
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        for (size_t e = 0; e < sizeof errors / sizeof errors[0]; e++)
            for (int correct = 0; correct < 2; correct++) {
                sy_arena arena = {0};
                sy_weight_codes codes;
                fill_normal(values, COUNT, kinds[k].deviation, kinds[k].mean);
                assert_ok(*state,
                          sy_weight_mixed_encode(*state, &arena, errors[e], correct,
                                                 &(sy_weight_floats){"w", &shape, &cut, values}, &codes));
                const double got = error_of(&codes, values, 0, 1);
                if (correct == 0 || kinds[k].mean == 0)
                    assert_true(fabs(got - errors[e]) < 0.0101 * errors[e]);
                else /* a mean that is kept is an error that cannot be had */
                    assert_true(got < 1.0101 * errors[e]);
                assert_true(fabs(sy_weight_relative_error(&codes, values) - got) < 1e-6);
                sy_arena_release(&arena);
            }
}

static void each_channel_has_the_error_where_there_are_channels(void **state)
{
    static float values[COUNT];
    const sy_shape shape = SHAPE(COUNT / CHANNELS, CHANNELS);
    sy_weight_cut cut;
    sy_weight_codes codes;
    sy_arena arena = {0};
    fill_normal(values, COUNT, 1, 0);
    for (size_t i = 0; i < COUNT; i++)
        values[i] *= (float)(1 + i % CHANNELS);
    assert_true(sy_weight_cut_init(&shape, 1, 0, &cut));
    assert_ok(*state, sy_weight_mixed_encode(*state, &arena, 0.02, true,
                                             &(sy_weight_floats){"w", &shape, &cut, values}, &codes));
    for (size_t c = 0; c < CHANNELS; c++)
        assert_true(fabs(error_of(&codes, values, c, CHANNELS) - 0.02) < 0.000202);
    assert_true(codes.scales[19] > 15 * codes.scales[0]);
    sy_arena_release(&arena);
}

/* With a step of 0.0693 deviations 4 deviations are code 58: seven bits. */
static void codes_are_as_wide_as_they_must(void **state)
{
    static float values[COUNT];
    const sy_shape shape = SHAPE(COUNT);
    sy_weight_cut cut;
    sy_weight_codes codes;
    sy_arena arena = {0};
    fill_normal(values, COUNT, 1, 0);
    assert_true(sy_weight_cut_init(&shape, SY_NONE, 0, &cut));
    assert_ok(*state, sy_weight_mixed_encode(*state, &arena, 0.02, false,
                                             &(sy_weight_floats){"w", &shape, &cut, values}, &codes));
    assert_true(fabs((double)codes.scales[0] - 0.02 * sqrt(12)) < 0.02 * 0.07);
    assert_int_equal(codes.bits, 7);
    for (size_t i = 0; i < COUNT; i++)
        assert_true(abs(codes.codes[i]) <= 63);
    sy_arena_release(&arena);
}

static void what_16_bits_do_not_hold_is_as_near_as_they_come(void **state)
{
    static float values[COUNT];
    const sy_shape shape = SHAPE(COUNT);
    sy_weight_cut cut;
    sy_weight_codes codes;
    sy_arena arena = {0};
    fill_normal(values, COUNT, 1, 0);
    values[77] = 30000;
    values[COUNT - 1] = -30000;
    assert_true(sy_weight_cut_init(&shape, SY_NONE, 0, &cut));
    assert_ok(*state, sy_weight_mixed_encode(*state, &arena, 1e-9, false,
                                             &(sy_weight_floats){"w", &shape, &cut, values}, &codes));
    assert_int_equal(codes.bits, 16);
    assert_int_equal(codes.codes[77], 32767);
    assert_true(fabs((double)codes.scales[0] * 32767 - 30000) < 0.01);
    sy_arena_release(&arena);
}

static void weights_that_are_all_the_same_come_back(void **state)
{
    static const float cases[] = {0, 3, -1e-20F, 1e-42F};
    const sy_shape shape = SHAPE(4);
    sy_weight_cut cut;
    assert_true(sy_weight_cut_init(&shape, SY_NONE, 0, &cut));
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const float values[4] = {cases[c], cases[c], cases[c], cases[c]};
        sy_weight_codes codes;
        sy_arena arena = {0};
        assert_ok(*state, sy_weight_mixed_encode(*state, &arena, 0.02, true,
                                                 &(sy_weight_floats){"w", &shape, &cut, values}, &codes));
        assert_true(codes.scales[0] > 0);
        /* What no normal float can scale is nothing. */
        assert_true((float)codes.codes[0] * codes.scales[0] + codes.shifts[0] ==
                    (fabsf(cases[c]) < 1e-38F ? 0 : cases[c]));
        sy_arena_release(&arena);
    }
}

static void what_is_not_finite_is_named(void **state)
{
    const sy_shape shape = SHAPE(2);
    const float values[2] = {1, INFINITY};
    sy_weight_cut cut;
    sy_weight_codes codes;
    sy_arena arena = {0};
    assert_true(sy_weight_cut_init(&shape, SY_NONE, 0, &cut));
    assert_fails(*state,
                 sy_weight_mixed_encode(*state, &arena, 0.02, true,
                                        &(sy_weight_floats){"fc", &shape, &cut, values}, &codes),
                 SY_E_NUMERIC, "weight 'fc': an element is inf");
    sy_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_error_is_the_one_that_was_asked_for),
        cmocka_unit_test(each_channel_has_the_error_where_there_are_channels),
        cmocka_unit_test(codes_are_as_wide_as_they_must),
        cmocka_unit_test(what_16_bits_do_not_hold_is_as_near_as_they_come),
        cmocka_unit_test(weights_that_are_all_the_same_come_back),
        cmocka_unit_test(what_is_not_finite_is_named),
    };
    return cmocka_run_group_tests_name("weight_mixed", tests, open_ctx, close_ctx);
}
