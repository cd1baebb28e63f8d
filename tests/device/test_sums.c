#include <stdlib.h>

#include "cpu/ref.h"
#include "support/test.h"
#include "variants.h"

static const unsigned counts[] = {2, 7, 8, 15, 16, 17, 31, 49, 196, 1000};

static int check_channels(unsigned outer, unsigned channels, unsigned inner)
{
    const sy_channel_sum_params p = {outer, channels, inner};
    float *x = random_floats((size_t)outer * channels * inner, inner);
    const int checked = check_variants(&(check){.kernel = SY_KERNEL_channel_sum,
                                                .reference = sy_ref_channel_sum,
                                                .params = &p,
                                                .operands = {x},
                                                .sizes = {(size_t)outer * channels * inner},
                                                .written = 1,
                                                .words = channels,
                                                .name = "channels"});
    free(x);
    return checked;
}

static void channel_sums_are_the_references(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        for (unsigned channels = 1; channels <= 9; channels += 2) {
            assert_true(check_channels(1, channels, counts[i]) >= 1);
            check_channels(3, channels, counts[i]);
        }
    assert_true(check_channels(3, 5, 48) >= 1);
    check_channels(1, 100, 1);
    check_channels(37, 21, 1);
}

/* Over the last `reduced` of the dimensions 2, 3, 5, count. */
static void check_reduce(unsigned function, unsigned count, unsigned reduced)
{
    const unsigned dims[4] = {2, 3, 5, count}, strides[4] = {15 * count, 5 * count, count, 1},
                   kept = 4 - reduced;
    sy_reduce_params p = {
        .function = function, .kind = SY_KIND_FLOAT, .kept_rank = kept, .reduced_rank = reduced};
    size_t words = 1;
    for (unsigned i = 0; i < 4; i++) {
        if (i < kept) {
            p.kept_dims[i] = dims[i];
            p.kept_strides[i] = strides[i];
            words *= dims[i];
        } else {
            p.reduced_dims[i - kept] = dims[i];
            p.reduced_strides[i - kept] = strides[i];
        }
    }
    float *x = random_floats((size_t)30 * count, function);
    const int checked = check_variants(&(check){.kernel = SY_KERNEL_reduce,
                                                .reference = sy_ref_reduce,
                                                .params = &p,
                                                .operands = {x},
                                                .sizes = {(size_t)30 * count},
                                                .written = 1,
                                                .words = words,
                                                .name = "reduce"});
    assert_true(checked >= 3);
    free(x);
}

static void sums_of_rows_are_the_references(void **state)
{
    static const unsigned functions[] = {SY_REDUCE_SUM, SY_REDUCE_MEAN, SY_REDUCE_SUM_SQUARE};
    (void)state;
    for (size_t f = 0; f < 3; f++)
        for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
            for (unsigned reduced = 0; reduced <= 4; reduced++)
                check_reduce(functions[f], counts[i], reduced);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channel_sums_are_the_references),
        cmocka_unit_test(sums_of_rows_are_the_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
