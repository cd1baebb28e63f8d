#include <math.h>

#include "solve/range.h"
#include "support/tensor_stats.h"
#include "support/test.h"

enum { COUNT = 60000 };
static const float keep = 0.9999f;

enum shape {
    NORMAL,
    POSITIVE,
    NEGATIVE,
    RELU,
    RELU6,
    LOPSIDED,
    HEAVY_TAIL,
    LONE_LOW,
    LONE_HIGH,
    FEW,
    SHAPES
};

static size_t make_values(enum shape shape, uint64_t seed, float x[COUNT])
{
    random_state r = {seed};
    for (int i = 0; i < COUNT; i++) {
        const double n = random_normal(&r);
        const double values[SHAPES] = {[NORMAL] = 2 * n,
                                       [POSITIVE] = fabs(n) + 0.5,
                                       [NEGATIVE] = -fabs(n),
                                       [RELU] = fmax(n, 0),
                                       [RELU6] = fmin(fmax(4 * n, 0), 6),
                                       [LOPSIDED] = n > 0 ? 5 * n : n * 0.2,
                                       [HEAVY_TAIL] = n * n * n * n * n,
                                       [LONE_LOW] = i == 9 ? -12 : n,
                                       [LONE_HIGH] = i == 9 ? 12 : n,
                                       [FEW] = n};
        x[i] = (float)values[shape];
    }
    return shape == FEW ? 12 : COUNT;
}

/* Squared error of quantizing the values themselves. */
static double true_error(const float *x, size_t count, const sy_range_options *options, sy_range range)
{
    double scale, lo, hi, sum = 0;
    if (options->symmetric) {
        const int most = (options->levels - 1) / 2;
        hi = most;
        lo = options->levels % 2 ? -hi : -hi - 1;
        scale = fmax(-(double)range.min, (double)range.max) / hi;
    } else {
        scale = ((double)range.max - (double)range.min) / (options->levels - 1);
        lo = rint((double)range.min / scale);
        hi = lo + options->levels - 1;
    }
    for (size_t i = 0; i < count; i++) {
        const double q = fmin(fmax(rint((double)x[i] / scale), lo), hi);
        sum += (x[i] - q * scale) * (x[i] - q * scale);
    }
    return sum / (double)count;
}

static void the_estimated_error_is_that_of_the_values(void **state)
{
    (void)state;
    static float x[COUNT];
    static counted values;
    static const double shrink[] = {1, 0.8, 0.3, 0.05};
    static const sy_range_options options[] = {
        {.levels = 256}, {.levels = 255, .symmetric = true}, {.levels = 16}};
    for (int shape = 0; shape < FEW; shape++) {
        make_values(shape, 3, x);
        count_values(x, COUNT, &values);
        for (size_t s = 0; s < sizeof shrink / sizeof shrink[0]; s++)
            for (size_t o = 0; o < sizeof options / sizeof options[0]; o++) {
                const sy_range range = {fminf(values.stats.min * (float)shrink[s], 0),
                                        fmaxf(values.stats.max * (float)shrink[s], 0)};
                const double got = sy_range_error(&values.stats, &options[o], &range);
                const double want = true_error(x, COUNT, &options[o], range);
                assert_true(fabs(got - want) <= 0.03 * want); /* the values in a bin are not quite even */
            }
    }
}

static void the_error_of_a_value_at_the_end_is_that_of_a_point(void **state)
{
    (void)state;
    static counted values;
    static const float x[] = {6, 6, 6, 6};
    count_values(x, 4, &values);
    const sy_range_options options = {.levels = 256};
    assert_true(sy_range_error(&values.stats, &options, &(sy_range){0, 6}) < 1e-20);
    assert_true(fabs(sy_range_error(&values.stats, &options, &(sy_range){0, 5}) - 1) < 1e-9);
}

static void the_clipped_share_is_counted(void **state)
{
    (void)state;
    static float x[COUNT];
    static counted values;
    for (int shape = 0; shape < FEW; shape++) {
        make_values(shape, 5, x);
        count_values(x, COUNT, &values);
        assert_true(
            sy_range_clipped(&values.stats, &(sy_range){fminf(values.stats.min, 0), values.stats.max}) == 0);
        const sy_range range = {fminf(values.stats.min * 0.3f, 0), fmaxf(values.stats.max * 0.4f, 0)};
        double want = 0;
        for (int i = 0; i < COUNT; i++)
            want += x[i] < range.min || x[i] > range.max;
        assert_true(fabs(sy_range_clipped(&values.stats, &range) - want / COUNT) < 1e-3);
    }
}

static sy_range choose(sy_ctx *ctx, const char *method, const counted *values, bool symmetric)
{
    const sy_range_options options = {
        .levels = symmetric ? 255 : 256, .symmetric = symmetric, .percentile = keep};
    sy_range range;
    assert_non_null(sy_range_method_find(method));
    assert_ok(ctx, sy_range_method_find(method)->choose(ctx, &values->stats, &options, &range));
    return range;
}

/* A record as of a single sample that held all the values. */
static void give_record(counted *values, sy_sample_record *record)
{
    *record = (sy_sample_record){values->stats.min, values->stats.max, values->stats.min, values->stats.max};
    values->stats.records = record;
    values->stats.record_count = 1;
}

static void every_method_gives_a_range_that_holds_zero_and_nothing_unseen(void **state)
{
    static float x[COUNT];
    static counted values;
    static sy_sample_record record;
    for (int shape = 0; shape < SHAPES; shape++) {
        count_values(x, make_values(shape, 7, x), &values);
        give_record(&values, &record);
        for (int m = 0; sy_range_method_at(m); m++)
            for (int symmetric = 0; symmetric < 2; symmetric++) {
                const sy_range range = choose(*state, sy_range_method_at(m)->name, &values, symmetric);
                assert_true(range.min <= 0 && range.max >= 0 && range.min < range.max);
                assert_true(range.min >= fminf(values.stats.min, 0) &&
                            range.max <= fmaxf(values.stats.max, 0));
            }
    }
}

static void a_tensor_of_zeros_has_a_range_all_the_same(void **state)
{
    static const float x[20] = {0};
    static counted values;
    static sy_sample_record record;
    count_values(x, 20, &values);
    give_record(&values, &record);
    for (int m = 0; sy_range_method_at(m); m++) {
        const sy_range range = choose(*state, sy_range_method_at(m)->name, &values, false);
        assert_true(range.min == 0 && range.max == 1);
    }
}

static void a_tensor_without_finite_values_is_refused_by_name(void **state)
{
    static counted values;
    sy_range range;
    const sy_range_options options = {.levels = 256, .percentile = keep};
    count_values(NULL, 0, &values);
    values.stats.name = "conv1_out";
    for (int m = 0; sy_range_method_at(m); m++)
        assert_fails(*state, sy_range_method_at(m)->choose(*state, &values.stats, &options, &range),
                     SY_E_NUMERIC, "tensor conv1_out held no finite value, so it has no range");
}

static void max_min_is_what_was_seen_and_zero(void **state)
{
    static const struct {
        float x[2];
        sy_range want;
    } cases[] = {{{1, 2}, {0, 2}}, {{-3, -1}, {-3, 0}}, {{-1, 4}, {-1, 4}}};
    static counted values;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        count_values(cases[i].x, 2, &values);
        const sy_range range = choose(*state, "MAX_MIN", &values, false);
        assert_true(range.min == cases[i].want.min && range.max == cases[i].want.max);
    }
}

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void percentile_leaves_out_its_share_at_each_end(void **state)
{
    static float x[COUNT];
    static counted values;
    static const enum shape shapes[] = {NORMAL, LOPSIDED, HEAVY_TAIL};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        make_values(shapes[i], 11, x);
        count_values(x, COUNT, &values);
        const double width = ldexp(1.0 / SY_HISTOGRAM_SIDE, values.stats.exponent);
        const sy_range range = choose(*state, "PERCENTILE", &values, false);
        const sy_range both = choose(*state, "PERCENTILE", &values, true);
        qsort(x, COUNT, sizeof *x, by_value);
        /* 6 of 60000 lie beyond, to within one: the ends are between the sixth and the next, and a bin. */
        assert_true(range.max >= x[COUNT - 8] - width && range.max <= x[COUNT - 6] + width);
        assert_true(range.min <= x[7] + width && range.min >= x[5] - width);
        for (int k = 0; k < COUNT; k++)
            x[k] = fabsf(x[k]);
        qsort(x, COUNT, sizeof *x, by_value);
        const double limit = fmax(both.max, -(double)both.min);
        assert_true(limit >= x[COUNT - 8] - width && limit <= x[COUNT - 6] + width);
    }
}

static void a_percentile_within_a_bin_is_interpolated(void **state)
{
    static counted values;
    values.stats = (sy_tensor_stats){.name = "x",
                                     .elements = 1000,
                                     .min = 1,
                                     .max = 1 + 0x1p-11f,
                                     .exponent = 1,
                                     .positive = values.positive,
                                     .negative = values.negative};
    values.positive[2048] = 1000;
    const sy_range_options options = {.levels = 256, .percentile = 0.75f};
    sy_range range;
    assert_ok(*state, sy_range_method_find("PERCENTILE")->choose(*state, &values.stats, &options, &range));
    assert_true(range.max == 1 + 0.75f * 0x1p-11f);
}

static void percentile_of_few_values_is_max_min(void **state)
{
    static float x[COUNT];
    static counted values;
    count_values(x, make_values(FEW, 13, x), &values);
    const sy_range range = choose(*state, "PERCENTILE", &values, false);
    assert_true(range.min == values.stats.min && range.max == values.stats.max);
}

static void percentile_refuses_a_share_that_is_none(void **state)
{
    static const float x[2] = {1, 2};
    static counted values;
    sy_range range;
    count_values(x, 2, &values);
    const sy_range_options options = {.levels = 256, .percentile = 1.5f};
    assert_fails(*state, sy_range_method_find("PERCENTILE")->choose(*state, &values.stats, &options, &range),
                 SY_E_ARGUMENT, "PERCENTILE keeps a share of the values above 0 and up to 1, not 1.5");
}

static void removal_outlier_is_the_mean_over_the_samples(void **state)
{
    static float x[3 * 10000] = {-8, 16};
    static counted values;
    static const sy_sample_record records[] = {
        {-8, 10, -4, 3}, {INFINITY, -INFINITY, INFINITY, -INFINITY}, {-2, 16, -1, 8}, {-2, 2, -1, 1}};
    count_values(x, sizeof x / sizeof x[0], &values);
    values.stats.records = records;
    values.stats.record_count = 4;
    for (int spelling = 0; spelling < 2; spelling++) {
        const sy_range range =
            choose(*state, spelling ? "RemovalOutlier" : "REMOVAL_OUTLIER", &values, false);
        assert_true(range.min == -2 && range.max == 4);
    }
}

static void removal_outlier_clips_no_sample_that_is_too_small_to_have_outliers(void **state)
{
    static const float x[] = {-8, 16, 1, 2};
    static counted values;
    static const sy_sample_record records[] = {{-8, 16, -8, 16}, {1, 2, 1, 2}};
    count_values(x, 4, &values);
    values.stats.records = records;
    values.stats.record_count = 2;
    const sy_range range = choose(*state, "REMOVAL_OUTLIER", &values, false);
    assert_true(range.min == -8 && range.max == 16);
}

static void mse_is_near_the_best_of_all_ranges(void **state)
{
    static float x[COUNT];
    static counted values;
    static const sy_range_options options[] = {
        {.levels = 256}, {.levels = 255, .symmetric = true}, {.levels = 16}};
    for (int shape = 0; shape < SHAPES; shape++) {
        count_values(x, make_values(shape, 17, x), &values);
        for (size_t o = 0; o < sizeof options / sizeof options[0]; o++) {
            enum { GRID = 60 };
            double best = INFINITY;
            sy_range got;
            assert_ok(*state, sy_range_method_find("MSE")->choose(*state, &values.stats, &options[o], &got));
            for (int i = 1; i <= GRID; i++)
                for (int k = 1; k <= GRID; k++) {
                    const sy_range range = {fminf(values.stats.min, 0) * (float)i / GRID,
                                            fmaxf(values.stats.max, 0) * (float)k / GRID};
                    if (k != i && (options[o].symmetric || range.min == 0 || range.max == 0))
                        continue;
                    best = fmin(best, sy_range_error(&values.stats, &options[o], &range));
                }
            assert_true(sy_range_error(&values.stats, &options[o], &got) <= 1.02 * best);
        }
    }
}

static void auto_takes_the_least_error_and_prefers_not_to_clip(void **state)
{
    static float x[COUNT];
    static counted values;
    static sy_sample_record record;
    const sy_range_options options = {.levels = 256, .percentile = keep};
    for (int shape = 0; shape < SHAPES; shape++) {
        const sy_range_method *method = NULL;
        sy_range range;
        count_values(x, make_values(shape, 19, x), &values);
        give_record(&values, &record);
        assert_ok(*state, sy_range_choose_auto(*state, &values.stats, &options, &range, &method));
        const double error = sy_range_error(&values.stats, &options, &range);
        const sy_range again = choose(*state, method->name, &values, false);
        assert_true(again.min == range.min && again.max == range.max);
        assert_string_not_equal(method->name, "AUTO");
        for (int m = 0; sy_range_method_at(m); m++) {
            const sy_range other = choose(*state, sy_range_method_at(m)->name, &values, false);
            assert_true(0.98 * error <= sy_range_error(&values.stats, &options, &other) + 1e-30);
        }
        if (shape == RELU6)
            assert_string_equal(method->name, "MAX_MIN");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_estimated_error_is_that_of_the_values),
        cmocka_unit_test(the_error_of_a_value_at_the_end_is_that_of_a_point),
        cmocka_unit_test(the_clipped_share_is_counted),
        cmocka_unit_test(every_method_gives_a_range_that_holds_zero_and_nothing_unseen),
        cmocka_unit_test(a_tensor_of_zeros_has_a_range_all_the_same),
        cmocka_unit_test(a_tensor_without_finite_values_is_refused_by_name),
        cmocka_unit_test(max_min_is_what_was_seen_and_zero),
        cmocka_unit_test(percentile_leaves_out_its_share_at_each_end),
        cmocka_unit_test(a_percentile_within_a_bin_is_interpolated),
        cmocka_unit_test(percentile_of_few_values_is_max_min),
        cmocka_unit_test(percentile_refuses_a_share_that_is_none),
        cmocka_unit_test(removal_outlier_is_the_mean_over_the_samples),
        cmocka_unit_test(removal_outlier_clips_no_sample_that_is_too_small_to_have_outliers),
        cmocka_unit_test(mse_is_near_the_best_of_all_ranges),
        cmocka_unit_test(auto_takes_the_least_error_and_prefers_not_to_clip),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
