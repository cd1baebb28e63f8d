#include <math.h>

#include "solve/kl.h"
#include "solve/range.h"
#include "support/tensor_stats.h"
#include "support/test.h"

/* The divergence of keeping n bins, straight from the definition in kl.h. */
static double naive_divergence(const uint64_t *bins, int bin_count, int buckets, int n)
{
    static double p[SY_HISTOGRAM_SIDE], q[SY_HISTOGRAM_SIDE];
    double p_sum = 0, q_sum = 0, sum = 0;
    for (int b = 0; b < n; b++)
        p[b] = (double)bins[b];
    for (int b = n; b < bin_count; b++)
        p[n - 1] += (double)bins[b];
    for (int run = 0; run < buckets; run++) {
        const int width = n / buckets, from = run * width, to = run == buckets - 1 ? n : from + width;
        double count = 0, filled = 0;
        for (int b = from; b < to; b++) {
            count += (double)bins[b];
            filled += p[b] > 0;
        }
        for (int b = from; b < to; b++)
            q[b] = p[b] > 0 ? count / filled : 0;
    }
    for (int b = 0; b < n; b++) {
        p_sum += p[b];
        q_sum += q[b];
    }
    for (int b = 0; b < n; b++) {
        if (p[b] > 0 && q[b] == 0)
            return INFINITY;
        if (p[b] > 0)
            sum += p[b] / p_sum * log(p[b] / p_sum / (q[b] / q_sum));
    }
    return sum;
}

enum shape { SMOOTH, LONG_TAIL, SPARSE, SPIKE_AT_END, HOLE, TWO_VALUES, SHAPES };

static int make_bins(enum shape shape, random_state *r, uint64_t *bins, int bin_count)
{
    for (int b = 0; b < bin_count; b++) {
        const double x = 8.0 * b / bin_count;
        const double density = shape == LONG_TAIL ? 1e5 / (1 + x * x * x) : 1e5 * exp(-x * x / 2);
        bins[b] = (uint64_t)(density * (0.7 + 0.6 * random_unit(r)));
        if ((shape == SPARSE && random_unit(r) < 0.8) ||
            (shape == HOLE && b > bin_count / 5 && b < bin_count - 9))
            bins[b] = 0;
        if (shape == TWO_VALUES)
            bins[b] = b == 3 || b == bin_count - 2 ? 1000 : 0;
    }
    if (shape == SPIKE_AT_END)
        bins[bin_count - 1] = 3000000;
    return bin_count;
}

static void the_linear_search_is_the_definition(void **state)
{
    static uint64_t bins[SY_HISTOGRAM_SIDE];
    static double got[SY_HISTOGRAM_SIDE];
    static const struct {
        int bin_count, buckets;
    } sizes[] = {{1024, 128}, {1000, 128}, {700, 256}, {128, 128}, {129, 128}, {255, 128}, {64, 7}, {9, 1}};
    random_state r = {17};
    for (int shape = 0; shape < SHAPES; shape++) {
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            const int buckets = sizes[s].buckets, bin_count = sizes[s].bin_count;
            make_bins(shape, &r, bins, bin_count);
            int kept, best = bin_count;
            double least = INFINITY;
            assert_ok(*state, sy_kl_search(*state, bins, bin_count, buckets, 1e30, got, &kept));
            for (int n = buckets; n <= bin_count; n++) {
                const double want = naive_divergence(bins, bin_count, buckets, n);
                if (isinf(want))
                    assert_true(isinf(got[n - buckets]) || isnan(got[n - buckets]));
                else
                    assert_true(fabs(got[n - buckets] - want) < 1e-9);
                if (want <= least) {
                    least = want;
                    best = n;
                }
            }
            /* Where two candidates are as good as equal, rounding may choose either. */
            if (isfinite(least))
                assert_true(kept == best || fabs(got[kept - buckets] - least) < 1e-9);
        }
    }
}

static void no_more_is_clipped_than_allowed(void **state)
{
    static uint64_t bins[1024];
    static double got[1024];
    random_state r = {23};
    for (int shape = 0; shape < SHAPES; shape++) {
        make_bins(shape, &r, bins, 1024);
        double total = 0;
        for (int b = 0; b < 1024; b++)
            total += (double)bins[b];
        for (int mille = 0; mille < 20; mille += 5) {
            const double share = mille / 1000.0;
            int kept;
            double beyond = 0;
            assert_ok(*state, sy_kl_search(*state, bins, 1024, 128, share * total, got, &kept));
            for (int b = kept; b < 1024; b++)
                beyond += (double)bins[b];
            assert_true(beyond <= share * total);
        }
    }
}

static void too_few_bins_to_search_keep_all(void **state)
{
    static const uint64_t bins[100] = {5, 4, 3};
    int kept = 0;
    assert_ok(*state, sy_kl_search(*state, bins, 100, 128, 1e30, NULL, &kept));
    assert_int_equal(kept, 100);
    static const uint64_t empty[200] = {0};
    assert_ok(*state, sy_kl_search(*state, empty, 200, 128, 1e30, NULL, &kept));
    assert_int_equal(kept, 200);
}

static void of_equals_the_widest_is_kept(void **state)
{
    static uint64_t bins[255];
    int kept;
    for (int b = 0; b < 200; b++)
        bins[b] = 10;
    assert_ok(*state, sy_kl_search(*state, bins, 255, 128, 1e30, NULL, &kept));
    assert_int_equal(kept, 255);
}

static sy_range kl(sy_ctx *ctx, const counted *values, bool symmetric)
{
    const sy_range_options options = {.levels = symmetric ? 255 : 256, .symmetric = symmetric};
    sy_range range;
    assert_ok(ctx, sy_range_method_find("KL")->choose(ctx, &values->stats, &options, &range));
    return range;
}

static void a_few_outliers_are_clipped(void **state)
{
    enum { COUNT = 400000 };
    static float x[COUNT];
    static counted values;
    random_state r = {29};
    for (int sign = 0; sign < 3; sign++) {
        for (int i = 0; i < COUNT; i++) {
            x[i] = (float)random_normal(&r);
            x[i] = sign == 0 ? x[i] : sign == 1 ? fabsf(x[i]) : -fabsf(x[i]);
        }
        x[17] = sign == 2 ? -40 : 40;
        count_values(x, COUNT, &values);
        for (int symmetric = 0; symmetric < 2; symmetric++) {
            const sy_range range = kl(*state, &values, symmetric);
            const float extent = fmaxf(range.max, -range.min);
            assert_true(extent > 2.8f && extent < 10);
            assert_true(sign != 1 || range.min == 0);
            assert_true(sign != 2 || range.max == 0);
        }
    }
}

static void zeros_of_a_relu_do_not_narrow_the_range(void **state)
{
    enum { COUNT = 300000 };
    static float x[2 * COUNT];
    static counted without, with;
    random_state r = {31};
    for (int i = 0; i < COUNT; i++)
        x[i] = fabsf((float)random_normal(&r));
    count_values(x, COUNT, &without);
    count_values(x, 2 * COUNT, &with); /* the second half is 0 */
    for (int symmetric = 0; symmetric < 2; symmetric++) {
        const sy_range a = kl(*state, &without, symmetric), b = kl(*state, &with, symmetric);
        assert_true(a.min == b.min && a.max == b.max);
    }
}

static void an_upper_limit_is_kept(void **state)
{
    enum { COUNT = 300000 };
    static float x[COUNT];
    static counted values;
    static const float limits[] = {6, 40}, spread[] = {3, 0.5f};
    for (size_t l = 0; l < sizeof limits / sizeof limits[0]; l++) {
        random_state r = {37};
        for (int i = 0; i < COUNT; i++) /* of what is not 0, 5 % are at the limit of 6, 0.3 % at that of 40 */
            x[i] =
                i % 777 == 0 ? limits[l] : fminf(fmaxf((float)random_normal(&r) * spread[l], 0), limits[l]);
        count_values(x, COUNT, &values);
        for (int symmetric = 0; symmetric < 2; symmetric++) {
            const sy_range range = kl(*state, &values, symmetric);
            assert_true(range.min == 0 && range.max == limits[l]);
        }
    }
}

static void a_tensor_of_few_values_is_not_clipped(void **state)
{
    static const int sizes[] = {80, 1000, 10000};
    static float x[10000];
    static counted values;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        random_state r = {41};
        for (int i = 0; i < sizes[s]; i++)
            x[i] = (float)(random_normal(&r) * 10);
        count_values(x, (size_t)sizes[s], &values);
        for (int symmetric = 0; symmetric < 2; symmetric++) {
            const sy_range range = kl(*state, &values, symmetric);
            assert_true(range.min == values.stats.min && range.max == values.stats.max);
        }
    }
}

static void bins_are_merged_until_they_hold_enough(void **state)
{
    enum { COUNT = 50000 };
    static float x[COUNT];
    static counted values;
    random_state r = {47};
    for (int i = 0; i < COUNT; i++)
        x[i] = (float)random_normal(&r);
    x[3] = 7;
    count_values(x, COUNT, &values);
    const sy_range range = kl(*state, &values, true);
    assert_true(range.max < 7);
    assert_true(sy_range_clipped(&values.stats, &range) <= 0.005);
}

/* One sign has the codes to itself; two share them by width; a symmetric grid gives half to each. */
static void the_buckets_are_the_codes_of_the_wider_side(void **state)
{
    enum { COUNT = 400000 };
    static float x[COUNT];
    static counted values;
    static const struct {
        double low;
        bool symmetric;
        int buckets;
    } cases[] = {{0, false, 256}, {-40, false, 128}, {-10, false, 205}, {-10, true, 128}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        random_state r = {53};
        for (int i = 0; i < COUNT; i++)
            x[i] = fabsf((float)random_normal(&r) * 4);
        x[1] = 40;
        x[2] = (float)cases[c].low;
        count_values(x, COUNT, &values);
        uint64_t bins[SY_HISTOGRAM_SIDE];
        int kept, used = SY_HISTOGRAM_SIDE;
        for (int b = 0; b < SY_HISTOGRAM_SIDE; b++)
            bins[b] = values.positive[b] + values.negative[b];
        while (bins[used - 1] == 0)
            used--;
        const double outside = 0.005 * (double)(values.stats.elements - values.stats.zeros);
        assert_ok(*state, sy_kl_search(*state, bins, used, cases[c].buckets, outside, NULL, &kept));
        const double limit = ldexp(kept, values.stats.exponent) / SY_HISTOGRAM_SIDE;
        assert_true(kl(*state, &values, cases[c].symmetric).max == (float)limit);
    }
}

static void each_side_of_a_lopsided_tensor_is_cut_at_what_it_holds(void **state)
{
    enum { COUNT = 400000 };
    static float x[COUNT];
    static counted values;
    random_state r = {43};
    for (int i = 0; i < COUNT; i++) {
        const double u = random_normal(&r) * 3;
        x[i] = (float)(u / (1 + exp(-u))); /* -0.28 .. */
    }
    x[5] = 90;
    count_values(x, COUNT, &values);
    const sy_range range = kl(*state, &values, false);
    assert_true(range.min == values.stats.min);
    assert_true(range.max > 6 && range.max < 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_linear_search_is_the_definition),
        cmocka_unit_test(no_more_is_clipped_than_allowed),
        cmocka_unit_test(too_few_bins_to_search_keep_all),
        cmocka_unit_test(of_equals_the_widest_is_kept),
        cmocka_unit_test(a_few_outliers_are_clipped),
        cmocka_unit_test(zeros_of_a_relu_do_not_narrow_the_range),
        cmocka_unit_test(an_upper_limit_is_kept),
        cmocka_unit_test(a_tensor_of_few_values_is_not_clipped),
        cmocka_unit_test(bins_are_merged_until_they_hold_enough),
        cmocka_unit_test(the_buckets_are_the_codes_of_the_wider_side),
        cmocka_unit_test(each_side_of_a_lopsided_tensor_is_cut_at_what_it_holds),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
