#include <math.h>
#include <string.h>

#include "data/elements.h"
#include "support/test.h"

static const sy_shape vector = {1, {4}};

static sy_status convert(sy_ctx *ctx, sy_dtype from, const void *bytes, size_t count, sy_dtype to,
                         const sy_shape *shape, sy_order order, void *words)
{
    const sy_elements elements = {from, bytes, count};
    return sy_elements_convert(ctx, &elements, to, shape, order, words);
}

static void floating_elements_become_float32(void **state)
{
    const float f32[4] = {1.5F, -INFINITY, -0.0F, 3e38F};
    const double f64[4] = {1.5, -2.25, 0.1, 1e-40};
    const uint16_t f16[4] = {0x3c00, 0xc000, 0x0001, 0x7bff}; /* 1, -2, 2^-24, 65504 */
    const uint16_t bf16[4] = {0x3f80, 0xc000, 0x0000, 0x4049};
    float words[4];
    assert_ok(*state, convert(*state, SY_DTYPE_FLOAT, f32, 4, SY_DTYPE_FLOAT, &vector, SY_ORDER_SAME, words));
    assert_memory_equal(words, f32, sizeof f32);
    assert_ok(*state,
              convert(*state, SY_DTYPE_DOUBLE, f64, 4, SY_DTYPE_FLOAT, &vector, SY_ORDER_SAME, words));
    assert_true(words[0] == 1.5F && words[1] == -2.25F && words[2] == 0.1F && words[3] == (float)1e-40);
    assert_ok(*state,
              convert(*state, SY_DTYPE_FLOAT16, f16, 4, SY_DTYPE_FLOAT16, &vector, SY_ORDER_SAME, words));
    assert_true(words[0] == 1 && words[1] == -2 && words[2] == 0x1p-24F && words[3] == 65504);
    assert_ok(*state,
              convert(*state, SY_DTYPE_BFLOAT16, bf16, 4, SY_DTYPE_FLOAT, &vector, SY_ORDER_SAME, words));
    assert_true(words[0] == 1 && words[1] == -2 && words[2] == 0 && words[3] == 3.140625F);
}

static void integers_become_words_or_floats(void **state)
{
    const int64_t i64[4] = {0, -1, INT32_MAX, INT32_MIN};
    const unsigned char u8[4] = {0, 1, 128, 255};
    int32_t words[4];
    float floats[4];
    assert_ok(*state, convert(*state, SY_DTYPE_INT64, i64, 4, SY_DTYPE_INT64, &vector, SY_ORDER_SAME, words));
    for (int i = 0; i < 4; i++)
        assert_int_equal(words[i], i64[i]);
    assert_ok(*state, convert(*state, SY_DTYPE_INT8, u8, 4, SY_DTYPE_INT32, &vector, SY_ORDER_SAME, words));
    assert_true(words[2] == -128 && words[3] == -1);
    assert_ok(*state, convert(*state, SY_DTYPE_BOOL, u8, 4, SY_DTYPE_BOOL, &vector, SY_ORDER_SAME, words));
    assert_true(words[0] == 0 && words[1] == 1 && words[2] == 1 && words[3] == 1);
    assert_ok(*state, convert(*state, SY_DTYPE_UINT8, u8, 4, SY_DTYPE_FLOAT, &vector, SY_ORDER_SAME, floats));
    assert_true(floats[0] == 0 && floats[2] == 128 && floats[3] == 255);
}

static void what_the_input_cannot_hold_is_refused(void **state)
{
    const int64_t large[4] = {0, 5000000000, 0, 0};
    const uint64_t huge[4] = {0, 0, UINT64_MAX, 0};
    const int32_t negative[4] = {0, 0, 0, -1};
    const float nans[4] = {0, NAN, 0, 0};
    int32_t words[4];
    assert_fails(*state,
                 convert(*state, SY_DTYPE_INT64, large, 4, SY_DTYPE_INT64, &vector, SY_ORDER_SAME, words),
                 SY_E_DATA, "element 1 is 5000000000, outside -2147483648 to 2147483647");
    assert_fails(*state,
                 convert(*state, SY_DTYPE_UINT64, huge, 4, SY_DTYPE_INT64, &vector, SY_ORDER_SAME, words),
                 SY_E_DATA, "element 2 is 9223372036854775807, outside -2147483648 to 2147483647");
    assert_fails(*state,
                 convert(*state, SY_DTYPE_INT32, negative, 4, SY_DTYPE_UINT8, &vector, SY_ORDER_SAME, words),
                 SY_E_DATA, "element 3 is -1, outside 0 to 255");
    assert_fails(*state,
                 convert(*state, SY_DTYPE_FLOAT, nans, 4, SY_DTYPE_INT64, &vector, SY_ORDER_SAME, words),
                 SY_E_DATA, "holds float32 where the model wants int64");
    assert_fails(*state,
                 convert(*state, SY_DTYPE_FLOAT, nans, 4, SY_DTYPE_FLOAT, &vector, SY_ORDER_SAME, words),
                 SY_E_DATA, "element 1 is not a number");
}

static void long_files_are_read_to_their_end(void **state)
{
    static const sy_shape shape = {1, {600}};
    int16_t from[600];
    int32_t words[600];
    float floats[600];
    for (int i = 0; i < 600; i++)
        from[i] = (int16_t)(i * 109 - 32000);
    assert_ok(*state, convert(*state, SY_DTYPE_INT16, (const void *)from, 600, SY_DTYPE_INT32, &shape,
                              SY_ORDER_SAME, words));
    assert_ok(*state, convert(*state, SY_DTYPE_INT16, (const void *)from, 600, SY_DTYPE_FLOAT, &shape,
                              SY_ORDER_SAME, floats));
    for (int i = 0; i < 600; i++)
        assert_true(words[i] == from[i] && floats[i] == (float)from[i]);
    from[577] = -3;
    assert_fails(*state,
                 convert(*state, SY_DTYPE_INT16, (const void *)from, 600, SY_DTYPE_UINT64, &shape,
                         SY_ORDER_SAME, words),
                 SY_E_DATA, "element 0 is -32000, outside 0 to 2147483647");
    memset(from, 0, 577 * sizeof *from);
    assert_fails(*state,
                 convert(*state, SY_DTYPE_INT16, (const void *)from, 600, SY_DTYPE_UINT64, &shape,
                         SY_ORDER_SAME, words),
                 SY_E_DATA, "element 577 is -3, outside 0 to 2147483647");
}

static void channels_move_between_the_layouts(void **state)
{
    const sy_shape nchw = {4, {2, 3, 2, 5}}, nhwc = {4, {2, 2, 5, 3}};
    float first[60], last[60], words[60];
    for (int n = 0; n < 2; n++)
        for (int c = 0; c < 3; c++)
            for (int y = 0; y < 2; y++)
                for (int x = 0; x < 5; x++) {
                    const float value = (float)(n * 1000 + c * 100 + y * 10 + x);
                    first[((n * 3 + c) * 2 + y) * 5 + x] = value;
                    last[((n * 2 + y) * 5 + x) * 3 + c] = value;
                }
    assert_ok(*state,
              convert(*state, SY_DTYPE_FLOAT, last, 60, SY_DTYPE_FLOAT, &nchw, SY_ORDER_NHWC_TO_NCHW, words));
    assert_memory_equal(words, first, sizeof first);
    assert_ok(*state, convert(*state, SY_DTYPE_FLOAT, first, 60, SY_DTYPE_FLOAT, &nhwc, SY_ORDER_NCHW_TO_NHWC,
                              words));
    assert_memory_equal(words, last, sizeof last);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_ctx, close_ctx)
    const struct CMUnitTest tests[] = {
        TEST(floating_elements_become_float32),      TEST(integers_become_words_or_floats),
        TEST(what_the_input_cannot_hold_is_refused), TEST(long_files_are_read_to_their_end),
        TEST(channels_move_between_the_layouts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
