#include "support/fake_stats.h"

enum { SAMPLES = 9 };

static void what_is_accumulated_is_what_all_values_together_give(void **state)
{
    sy_stats *stats = fake_stats(*state, 0, SAMPLES, 1);
    static float all[SAMPLES * FAKE_COUNT];
    static counted want;
    for (int t = 0; t < FAKE_TENSORS; t++) {
        const sy_tensor_stats *got = &stats->tensors[t];
        double sum = 0, squares = 0;
        for (int s = 0; s < SAMPLES; s++)
            fake_values(t, s, all + s * FAKE_COUNT);
        for (int i = 0; i < SAMPLES * FAKE_COUNT; i++) {
            sum += all[i];
            squares += (double)all[i] * all[i];
        }
        count_values(all, SAMPLES * FAKE_COUNT, &want);
        assert_true(got->elements == want.stats.elements && got->zeros == want.stats.zeros);
        assert_true(got->min == want.stats.min && got->max == want.stats.max);
        assert_int_equal(got->exponent, want.stats.exponent);
        assert_memory_equal(got->positive, want.positive, sizeof want.positive);
        assert_memory_equal(got->negative, want.negative, sizeof want.negative);
        /* Every value is rounded to 2^-22 of its sample's range, every square to 2^-22 of that squared. */
        const double range = ldexp(1, want.stats.exponent);
        assert_true(fabs(got->sum - sum) <= SAMPLES * FAKE_COUNT * range * 0x1p-23);
        assert_true(fabs(got->sum_of_squares - squares) <= SAMPLES * FAKE_COUNT * range * range * 0x1p-22);
    }
    sy_stats_destroy(stats);
}

static void the_order_of_samples_does_not_show(void **state)
{
    sy_stats *a = fake_stats(*state, 0, SAMPLES, 1), *b = fake_stats(*state, 0, SAMPLES, 5);
    sy_hash of_a, of_b;
    assert_ok(*state, sy_stats_content_hash(*state, a, &of_a));
    assert_ok(*state, sy_stats_content_hash(*state, b, &of_b));
    assert_memory_equal(&of_a, &of_b, sizeof of_a);
    sy_stats_destroy(a);
    sy_stats_destroy(b);
}

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void records_hold_the_ends_of_each_sample_to_a_bin(void **state)
{
    enum { COUNT = 50000 };
    static float x[COUNT];
    static const double shift[] = {0, 5, -5, -2.5, 2.5};
    for (size_t i = 0; i < sizeof shift / sizeof shift[0]; i++) {
        for (int clip = 0; clip < 2; clip++) {
            random_state r = {i + 1};
            for (int k = 0; k < COUNT; k++) {
                x[k] = (float)(random_normal(&r) + shift[i]);
                x[k] = clip ? fmaxf(x[k], 0) : x[k];
            }
            uint32_t summary[SY_SUMMARY_WORDS], bins[SY_HISTOGRAM_BINS];
            static uint32_t histogram[SY_HISTOGRAM_WORDS];
            sy_ref_observe((void *[]){x, bins, summary, histogram}, &(sy_observe_params){COUNT});
            const sy_tensor_sample sample = {.count = COUNT, .summary = summary, .name = "a"};
            sy_accumulator accumulator;
            assert_ok(*state, sy_accumulator_init(*state, &accumulator, 1, 0, 0));
            sy_accumulator_add(&accumulator, &sample);
            const sy_sample_record got = accumulator.records[0];
            const double width = ldexp(1.0 / SY_HISTOGRAM_SIDE, (int32_t)summary[8]);
            sy_accumulator_release(&accumulator);

            qsort(x, COUNT, sizeof *x, by_value);
            assert_true(got.min == x[0] && got.max == x[COUNT - 1]);
            assert_true(fabs((double)got.low - (double)x[(int)(0.0001f * COUNT)]) <= width);
            assert_true(fabs((double)got.high - (double)x[(int)(0.9999f * COUNT)]) <= width);
            assert_true(got.low != 0 || !signbit(got.low));
            assert_true(got.high != 0 || !signbit(got.high));
        }
    }
}

static void a_record_stays_within_what_was_seen(void **state)
{
    static float x[FAKE_COUNT * 100];
    for (int sign = -1; sign <= 1; sign += 2) {
        for (int i = 0; i < FAKE_COUNT * 100; i++)
            x[i] = 5.0f * (float)sign;
        uint32_t summary[SY_SUMMARY_WORDS], bins[SY_HISTOGRAM_BINS], histogram[SY_HISTOGRAM_WORDS] = {0};
        const sy_observe_params count = {FAKE_COUNT * 100};
        sy_ref_observe((void *[]){x, bins, summary, histogram}, &count);
        const sy_tensor_sample sample = {.count = count.count, .summary = summary, .name = "a"};
        sy_accumulator accumulator;
        assert_ok(*state, sy_accumulator_init(*state, &accumulator, 1, 0, 0));
        sy_accumulator_add(&accumulator, &sample);
        const sy_sample_record got = accumulator.records[0];
        assert_true(got.min == x[0] && got.max == x[0] && got.low == x[0] && got.high == x[0]);
        sy_accumulator_release(&accumulator);
    }
}

static void a_small_sample_keeps_its_very_ends(void **state)
{
    float x[FAKE_COUNT];
    sy_accumulator accumulator;
    fake_values(0, 0, x);
    assert_ok(*state, sy_accumulator_init(*state, &accumulator, 1, 0, 0));
    fake_add(*state, &accumulator, x, 0, "a");
    qsort(x, FAKE_COUNT, sizeof *x, by_value);
    const sy_sample_record want = {x[0], x[FAKE_COUNT - 1], x[0], x[FAKE_COUNT - 1]};
    assert_memory_equal(&accumulator.records[0], &want, sizeof want);
    sy_accumulator_release(&accumulator);
}

static void values_that_are_not_finite_are_counted_and_left_out(void **state)
{
    float good[FAKE_COUNT], bad[FAKE_COUNT], hopeless[FAKE_COUNT];
    sy_accumulator accumulator;
    fake_values(0, 0, good);
    for (int i = 0; i < FAKE_COUNT; i++) {
        bad[i] = i == 7 ? NAN : i == 8 ? INFINITY : 0.5f;
        hopeless[i] = -INFINITY;
    }
    assert_ok(*state, sy_accumulator_init(*state, &accumulator, 3, FAKE_CHANNELS, FAKE_POSITIONS));
    fake_add(*state, &accumulator, hopeless, 0, "c");
    fake_add(*state, &accumulator, good, 1, "a");
    fake_add(*state, &accumulator, bad, 2, "b");
    assert_int_equal(accumulator.not_finite, FAKE_COUNT + 2);
    assert_int_equal(accumulator.elements, 2 * FAKE_COUNT - 2);
    assert_int_equal(accumulator.bad_samples, 2);
    assert_string_equal(accumulator.bad_sample, "b");
    assert_int_equal(accumulator.channel_samples, 1);
    assert_true(accumulator.records[2].min == 0.5f && accumulator.records[2].high == 0.5f);
    assert_true(accumulator.records[0].min == INFINITY && accumulator.records[0].high == -INFINITY);
    sy_accumulator_release(&accumulator);
}

static void channel_means_are_means_of_the_channels(void **state)
{
    sy_stats *stats = fake_stats(*state, 0, SAMPLES, 2);
    const sy_tensor_stats *got = &stats->tensors[0];
    double want[FAKE_CHANNELS] = {0};
    for (int s = 0; s < SAMPLES; s++) {
        float x[FAKE_COUNT];
        fake_values(0, s, x);
        for (int i = 0; i < FAKE_COUNT; i++)
            want[i / FAKE_POSITIONS] += x[i];
    }
    assert_int_equal(got->channel_count, FAKE_CHANNELS);
    assert_int_equal(got->channel_elements, SAMPLES * FAKE_POSITIONS);
    for (int c = 0; c < FAKE_CHANNELS; c++)
        assert_true(fabs(got->channel_means[c] - want[c] / (SAMPLES * FAKE_POSITIONS)) < 1e-6);
    assert_null(stats->tensors[1].channel_means);
    sy_stats_destroy(stats);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_accumulated_is_what_all_values_together_give),
        cmocka_unit_test(the_order_of_samples_does_not_show),
        cmocka_unit_test(records_hold_the_ends_of_each_sample_to_a_bin),
        cmocka_unit_test(a_record_stays_within_what_was_seen),
        cmocka_unit_test(a_small_sample_keeps_its_very_ends),
        cmocka_unit_test(values_that_are_not_finite_are_counted_and_left_out),
        cmocka_unit_test(channel_means_are_means_of_the_channels),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
