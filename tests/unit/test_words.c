#include <math.h>
#include <string.h>

#include "graph/words.h"
#include "support/test.h"

static uint16_t half_of(void *ctx, float value)
{
    uint16_t half = 0;
    assert_ok(ctx, sy_words_to_elements(ctx, SY_DTYPE_FLOAT16, &value, 1, &half));
    return half;
}

static void every_half_survives_the_way_to_words_and_back(void **state)
{
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        const uint16_t half = (uint16_t)bits;
        float word;
        assert_ok(*state, sy_words_from_elements(*state, SY_DTYPE_FLOAT16, &half, 1, &word));
        if (isnan(word))
            assert_true((half_of(*state, word) & 0x7fff) > 0x7c00);
        else
            assert_int_equal(half_of(*state, word), half);
    }
}

/* Between two neighbours the sum of two halves is exact in float32, and so is its half. */
static void a_float_goes_to_the_nearest_half_and_ties_go_to_the_even_one(void **state)
{
    for (uint16_t low = 0; low < 0x7bff; low++) {
        const uint16_t high = (uint16_t)(low + 1);
        const float middle = (sy_half_to_float(low) + sy_half_to_float(high)) / 2;
        assert_int_equal(half_of(*state, middle), low % 2 ? high : low);
        assert_int_equal(half_of(*state, nextafterf(middle, 0)), low);
        assert_int_equal(half_of(*state, nextafterf(middle, INFINITY)), high);
        assert_int_equal(half_of(*state, -nextafterf(middle, INFINITY)), high | 0x8000);
    }
    assert_int_equal(half_of(*state, 65519.0f), 0x7bff);
    assert_int_equal(half_of(*state, 65520.0f), 0x7c00);
    assert_int_equal(half_of(*state, -INFINITY), 0xfc00);
}

static void a_float_goes_to_the_nearest_bfloat16_and_ties_go_to_the_even_one(void **state)
{
    static const struct {
        uint32_t bits;
        uint16_t want;
    } cases[] = {
        {0x3f800000, 0x3f80}, {0x3f808000, 0x3f80}, {0x3f808001, 0x3f81}, {0x3f818000, 0x3f82},
        {0x3f817fff, 0x3f81}, {0xbf808001, 0xbf81}, {0x7f7fffff, 0x7f80}, {0x7f800000, 0x7f80},
        {0x00000000, 0x0000}, {0x80000000, 0x8000}, {0x7f800001, 0x7fc0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint16_t got = 0;
        assert_ok(*state, sy_words_to_elements(*state, SY_DTYPE_BFLOAT16, &cases[i].bits, 1, &got));
        assert_int_equal(got, cases[i].want);
    }
}

static void integers_outside_the_words_saturate(void **state)
{
    const int64_t wide[] = {INT64_MIN, INT64_MAX, -5, (int64_t)INT32_MAX + 1, 7};
    const int32_t want[] = {INT32_MIN, INT32_MAX, -5, INT32_MAX, 7};
    int32_t words[5];
    assert_ok(*state, sy_words_from_elements(*state, SY_DTYPE_INT64, wide, 5, words));
    assert_memory_equal(words, want, sizeof want);
}

static void elements_are_read_at_any_alignment_and_in_any_number(void **state)
{
    unsigned char bytes[1 + 2 * 600];
    int32_t words[600];
    for (int i = 0; i < 600; i++) {
        const int16_t value = (int16_t)(3 * i - 900);
        memcpy(bytes + 1 + 2 * i, &value, sizeof value);
    }
    assert_ok(*state, sy_words_from_elements(*state, SY_DTYPE_INT16, bytes + 1, 600, words));
    for (int i = 0; i < 600; i++)
        assert_int_equal(words[i], 3 * i - 900);
}

static void words_become_elements_of_each_integer_type(void **state)
{
    const int32_t words[] = {-1, 200, 0};
    const struct {
        sy_dtype dtype;
        int64_t want[3];
    } cases[] = {
        {SY_DTYPE_INT8, {-1, -56, 0}},  {SY_DTYPE_UINT8, {255, 200, 0}},
        {SY_DTYPE_INT16, {-1, 200, 0}}, {SY_DTYPE_UINT16, {65535, 200, 0}},
        {SY_DTYPE_INT32, {-1, 200, 0}}, {SY_DTYPE_UINT32, {4294967295, 200, 0}},
        {SY_DTYPE_INT64, {-1, 200, 0}}, {SY_DTYPE_BOOL, {1, 1, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char elements[24];
        int64_t got[3];
        assert_ok(*state, sy_words_to_elements(*state, cases[i].dtype, words, 3, elements));
        const sy_tensor tensor = {
            .name = "t", .dtype = cases[i].dtype, .data = elements, .bytes = sizeof elements};
        assert_ok(*state, sy_tensor_to_i64(*state, &tensor, got, 3));
        assert_memory_equal(got, cases[i].want, sizeof got);
    }
}

static void doubles_keep_the_value_of_the_word(void **state)
{
    const float word = 0.1f;
    double element = 0;
    assert_ok(*state, sy_words_to_elements(*state, SY_DTYPE_DOUBLE, &word, 1, &element));
    assert_true(element == (double)word);
}

static void what_has_no_words_is_refused(void **state)
{
    uint32_t word = 0;
    unsigned char element = 0;
    assert_fails(*state, sy_words_from_elements(*state, SY_DTYPE_STRING, &element, 1, &word),
                 SY_E_UNSUPPORTED, "elements of type string cannot be computed with");
    assert_fails(*state, sy_words_to_elements(*state, SY_DTYPE_INT4, &word, 1, &element), SY_E_UNSUPPORTED,
                 "elements of type int4 cannot be computed with");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_survives_the_way_to_words_and_back),
        cmocka_unit_test(a_float_goes_to_the_nearest_half_and_ties_go_to_the_even_one),
        cmocka_unit_test(a_float_goes_to_the_nearest_bfloat16_and_ties_go_to_the_even_one),
        cmocka_unit_test(integers_outside_the_words_saturate),
        cmocka_unit_test(elements_are_read_at_any_alignment_and_in_any_number),
        cmocka_unit_test(words_become_elements_of_each_integer_type),
        cmocka_unit_test(doubles_keep_the_value_of_the_word),
        cmocka_unit_test(what_has_no_words_is_refused),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
