/* The reference kernels of the statistics, against loops in double and integers. */
#include <float.h>
#include <math.h>

#include "cpu/ref.h"
#include "support/tensor_stats.h"
#include "support/test.h"

static float word_float(uint32_t word)
{
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static int64_t words_i64(const uint32_t *words)
{
    return (int64_t)((uint64_t)words[1] << 32 | words[0]);
}

static void observe(const float *x, size_t count, uint32_t *summary, uint32_t *state)
{
    static uint32_t bins[SY_HISTOGRAM_BINS];
    const sy_observe_params params = {.count = (uint32_t)count};
    memset(bins, 0xee, sizeof bins);
    memset(summary, 0xee, SY_SUMMARY_WORDS * sizeof *summary);
    sy_ref_observe((void *[]){(void *)x, bins, summary, state}, &params);
}

static void summarize(const float *x, size_t count, uint32_t summary[SY_SUMMARY_WORDS])
{
    static uint32_t state[SY_HISTOGRAM_WORDS];
    observe(x, count, summary, state);
}

static void add_to_histogram(const float *x, size_t count, uint32_t state[SY_HISTOGRAM_WORDS])
{
    uint32_t summary[SY_SUMMARY_WORDS];
    observe(x, count, summary, state);
}

static void a_summary_counts_and_bounds_what_is_finite(void **state)
{
    (void)state;
    static const struct {
        float x[5];
        size_t count;
        float min, max;
        uint32_t zeros, not_finite;
        int exponent;
    } cases[] = {
        {{1, -2, 0.5f, 0, -0.0f}, 5, -2, 1, 2, 0, 2},
        {{1, NAN, INFINITY, -INFINITY, -3}, 5, -3, 1, 0, 3, 2},
        {{0, -0.0f, 0}, 3, 0, 0, 3, 0, -126},
        {{NAN}, 1, INFINITY, -INFINITY, 0, 1, -126},
        {{0}, 0, INFINITY, -INFINITY, 0, 0, -126},
        {{FLT_MAX, -FLT_MAX}, 2, -FLT_MAX, FLT_MAX, 0, 0, 128},
        {{0x1p-149f}, 1, 0x1p-149f, 0x1p-149f, 0, 0, -126},
        {{1, 0.99f}, 2, 0.99f, 1, 0, 0, 1},
        {{-0.99f}, 1, -0.99f, -0.99f, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t summary[SY_SUMMARY_WORDS];
        summarize(cases[i].x, cases[i].count, summary);
        assert_true(word_float(summary[0]) == cases[i].min);
        assert_true(word_float(summary[1]) == cases[i].max);
        assert_int_equal(summary[2], cases[i].zeros);
        assert_int_equal(summary[3], cases[i].not_finite);
        assert_int_equal((int32_t)summary[8], cases[i].exponent);
        for (int w = 9; w < SY_SUMMARY_WORDS; w++)
            assert_int_equal(summary[w], 0);
    }
}

static void a_zero_minimum_has_no_sign(void **state)
{
    (void)state;
    const float x[2] = {-0.0f, 0.0f};
    for (int first = 0; first < 2; first++) {
        uint32_t summary[SY_SUMMARY_WORDS];
        summarize(x + first, 2 - (size_t)first, summary);
        assert_int_equal(summary[0], 0);
        assert_int_equal(summary[1], 0);
    }
}

static void the_sums_are_integers_of_the_scaled_values(void **state)
{
    (void)state;
    enum { COUNT = 5000 };
    static float x[COUNT];
    static const double scales[] = {1, 1e-3, 1e6, 1e-30, 1e30, 1e-43};
    random_state r = {3};
    for (size_t s = 0; s < sizeof scales / sizeof scales[0]; s++) {
        uint32_t summary[SY_SUMMARY_WORDS];
        for (int i = 0; i < COUNT; i++)
            x[i] = (float)((random_normal(&r) + 0.3) * scales[s]);
        summarize(x, COUNT, summary);
        const int exponent = (int32_t)summary[8];
        int64_t sum = 0, squares = 0;
        for (int i = 0; i < COUNT; i++) {
            const double y = ldexp((double)x[i], 22 - exponent);
            const float square = (float)(y * y); /* exact in double, so rounded once */
            sum += llrint(y);
            squares += llrint((double)square * 0x1p-22);
        }
        assert_true(words_i64(summary + 4) == sum);
        assert_true(words_i64(summary + 6) == squares);
    }
}

static void a_histogram_counts_each_value_in_its_bin(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    static float x[COUNT];
    static uint32_t words[SY_HISTOGRAM_WORDS];
    static counted want;
    random_state r = {5};
    for (int i = 0; i < COUNT; i++)
        x[i] = i % 7 == 0 ? 0 : (float)(random_normal(&r) * 3);
    memset(words, 0, sizeof words);
    add_to_histogram(x, COUNT, words);
    count_values(x, COUNT, &want);
    assert_int_equal((int)words[0] - SY_HISTOGRAM_BIAS, want.stats.exponent);
    for (int b = 0; b < SY_HISTOGRAM_SIDE; b++) {
        assert_int_equal(words[SY_HISTOGRAM_HEAD + b], want.positive[b]);
        assert_int_equal(words[SY_HISTOGRAM_HEAD + SY_HISTOGRAM_SIDE + b], want.negative[b]);
    }
}

static void a_growing_range_gives_what_one_count_gives(void **state)
{
    (void)state;
    enum { PARTS = 12, PART = 500, COUNT = PARTS * PART };
    static float x[COUNT];
    static uint32_t words[SY_HISTOGRAM_WORDS];
    static counted want;
    random_state r = {9};
    for (int i = 0; i < COUNT; i++) {
        const int part = i / PART;
        x[i] =
            (float)(random_normal(&r) * exp2(part * 5 % 17 - 8)); /* up and down, past what bins can merge */
    }
    x[0] = 0x1p-140f;
    x[3 * PART] = NAN;
    memset(words, 0, sizeof words);
    for (int part = 0; part < PARTS; part++)
        add_to_histogram(x + part * PART, PART, words);
    x[3 * PART] = 0;
    count_values(x, COUNT, &want);
    assert_int_equal((int)words[0] - SY_HISTOGRAM_BIAS, want.stats.exponent);
    for (int b = 0; b < SY_HISTOGRAM_SIDE; b++) {
        assert_int_equal(words[SY_HISTOGRAM_HEAD + b], want.positive[b]);
        assert_int_equal(words[SY_HISTOGRAM_HEAD + SY_HISTOGRAM_SIDE + b], want.negative[b]);
    }
}

static void channel_sums_follow_the_order_of_reduce(void **state)
{
    (void)state;
    enum { OUTER = 3, CHANNELS = 5, INNER = 37, COUNT = OUTER * CHANNELS * INNER };
    static float x[COUNT];
    float sums[CHANNELS];
    random_state r = {11};
    for (int i = 0; i < COUNT; i++)
        x[i] = (float)random_normal(&r);
    const sy_channel_sum_params params = {OUTER, CHANNELS, INNER};
    sy_ref_channel_sum((void *[]){x, sums}, &params);
    for (int c = 0; c < CHANNELS; c++) {
        float list[OUTER * INNER], lanes[16] = {0};
        for (int o = 0; o < OUTER; o++)
            memcpy(list + o * INNER, x + (o * CHANNELS + c) * INNER, INNER * sizeof *x);
        for (int i = 0; i < OUTER * INNER; i++)
            lanes[i % 16] += list[i];
        float eight[8], four[4];
        for (int i = 0; i < 8; i++)
            eight[i] = lanes[i] + lanes[i + 8];
        for (int i = 0; i < 4; i++)
            four[i] = eight[i] + eight[i + 4];
        assert_true(sums[c] == (four[0] + four[2]) + (four[1] + four[3]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_summary_counts_and_bounds_what_is_finite),
        cmocka_unit_test(a_zero_minimum_has_no_sign),
        cmocka_unit_test(the_sums_are_integers_of_the_scaled_values),
        cmocka_unit_test(a_histogram_counts_each_value_in_its_bin),
        cmocka_unit_test(a_growing_range_gives_what_one_count_gives),
        cmocka_unit_test(channel_sums_follow_the_order_of_reduce),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
