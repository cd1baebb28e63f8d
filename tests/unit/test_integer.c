/* Integer execution: overflow as a finding, and operators worked out by hand. tests/judges/judge_litert.py
 * compares whole models with LiteRT.
 */
#include <math.h>
#include <string.h>

#include "dsp/integer.h"
#include "support/test.h"

/* A tensor of codes with one scale; its values are what the model leaves in run.codes. */
static int codes(sy_ctx *ctx, sy_tflite_model *model, int rank, const int32_t *dims, const float *scale,
                 int zero)
{
    sy_tflite_tensor tensor = {
        .name = "t", .type = SY_TFLITE_INT8, .rank = rank, .scales = scale, .scale_count = 1, .zero = zero};
    int at;
    memcpy(tensor.dims, dims, (size_t)rank * sizeof *dims);
    assert_ok(ctx, sy_tflite_add_tensor(ctx, model, &tensor, &at));
    return at;
}

static int constant(sy_ctx *ctx, sy_tflite_model *model, sy_tflite_tensor tensor)
{
    int at;
    tensor.name = "c";
    tensor.scale_count = tensor.scales ? 1 : 0;
    assert_ok(ctx, sy_tflite_add_tensor(ctx, model, &tensor, &at));
    return at;
}

static sy_tflite_operator *operator_of(sy_ctx *ctx, sy_tflite_model *model, sy_tflite_code code,
                                       const int *inputs, int count, int output)
{
    sy_tflite_operator *made;
    assert_ok(ctx, sy_tflite_add_operator(ctx, model, code, inputs, count, &output, 1, &made));
    return made;
}

/* y = w . x + bias with two inputs and two outputs, scale 1 everywhere. */
static void product(sy_ctx *ctx, sy_tflite_model *model, const int8_t w[4], const int32_t bias[2])
{
    static const float one = 1;
    int ends[3];
    ends[0] = codes(ctx, model, 2, (const int32_t[]){1, 2}, &one, -128);
    ends[1] = constant(
        ctx, model,
        (sy_tflite_tensor){
            .type = SY_TFLITE_INT8, .rank = 2, .dims = {2, 2}, .scales = &one, .data = w, .bytes = 4});
    ends[2] = constant(
        ctx, model,
        (sy_tflite_tensor){
            .type = SY_TFLITE_INT32, .rank = 1, .dims = {2}, .scales = &one, .data = bias, .bytes = 8});
    const int y = codes(ctx, model, 2, (const int32_t[]){1, 2}, &one, 3);
    operator_of(ctx, model, SY_TFLITE_FULLY_CONNECTED, ends, 3, y);
}

static void codes_count_from_their_zero_points_and_saturate(void **state)
{
    static const int8_t w[] = {1, -2, 100, 100};
    static const int32_t bias[] = {5, 0};
    sy_tflite_model model = {0};
    sy_integer run;
    product(*state, &model, w, bias);
    assert_ok(*state, sy_integer_init(*state, &model, SY_ROUND_DOUBLE, &run));
    run.codes[0][0] = -118; /* 10 */
    run.codes[0][1] = -124; /* 4 */
    assert_ok(*state, sy_integer_run(&run));
    assert_int_equal(run.codes[3][0], 3 + 5 + 10 - 8);
    assert_int_equal(run.codes[3][1], 127);
    assert_int_equal(run.findings[0].largest, 1400);
    assert_int_equal(run.findings[0].overflows, 0);
    assert_int_equal(run.findings[0].bias_overflows, 0);
    sy_integer_release(&run);
    sy_tflite_model_release(&model);
}

static void an_accumulator_that_overflows_wraps_and_is_a_finding(void **state)
{
    static const int8_t w[] = {127, 127, 1, 1};
    static const int32_t bias[] = {INT32_MAX - 100, -(1 << 30)};
    sy_tflite_model model = {0};
    sy_integer run;
    product(*state, &model, w, bias);
    assert_ok(*state, sy_integer_init(*state, &model, SY_ROUND_SINGLE, &run));
    assert_int_equal(run.findings[0].bias_overflows, 2);
    run.codes[0][0] = run.codes[0][1] = 127; /* 255 each */
    assert_ok(*state, sy_integer_run(&run));
    assert_int_equal(run.findings[0].overflows, 1);
    assert_int_equal(run.findings[0].largest, (int64_t)INT32_MAX - 100 + 2 * 127 * 255);
    assert_int_equal(run.codes[3][0], -128); /* wrapped to the other end */
    assert_int_equal(run.codes[3][1], -128);
    assert_ok(*state, sy_integer_run(&run));
    assert_int_equal(run.findings[0].overflows, 2);
    assert_int_equal(run.findings[0].bias_overflows, 2); /* once each */
    sy_integer_release(&run);
    sy_tflite_model_release(&model);
}

static void sums_of_two_grids_are_rounded_once_or_twice(void **state)
{
    static const float a = 0.5F, b = 0.25F, y = 1;
    static const struct {
        int8_t a, b, twice, float_factors;
    } cases[] = {
        {4, 4, 3, 3},   /* 2 + 1 */
        {1, 1, 1, 1},   /* 0.75 */
        {1, 0, 1, 1},   /* 0.5: halves go up with factors of 21 bits */
        {-1, 0, -1, 0}, /* -0.5 */
        {127, 127, 95, 95}, {-128, -128, -96, -96},
    };
    sy_tflite_model model = {0};
    sy_integer run;
    int ends[2];
    ends[0] = codes(*state, &model, 1, (const int32_t[]){1}, &a, 0);
    ends[1] = codes(*state, &model, 1, (const int32_t[]){1}, &b, 0);
    const int result = codes(*state, &model, 1, (const int32_t[]){1}, &y, 0);
    operator_of(*state, &model, SY_TFLITE_ADD, ends, 2, result);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int twice = 0; twice < 2; twice++) {
            assert_ok(*state,
                      sy_integer_init(*state, &model, twice ? SY_ROUND_DOUBLE : SY_ROUND_FLOAT, &run));
            run.codes[0][0] = cases[i].a;
            run.codes[1][0] = cases[i].b;
            assert_ok(*state, sy_integer_run(&run));
            assert_int_equal(run.codes[2][0], twice ? cases[i].twice : cases[i].float_factors);
            sy_integer_release(&run);
        }
    sy_tflite_model_release(&model);
}

static void a_mean_divides_by_what_it_takes_together(void **state)
{
    static const float one = 1;
    static const int32_t axes[] = {1, 2};
    static const int8_t image[] = {1, 10, 2, 20, 3, 30, 6, 60};
    sy_tflite_model model = {0};
    sy_integer run;
    int ends[2];
    ends[0] = codes(*state, &model, 4, (const int32_t[]){1, 2, 2, 2}, &one, 0);
    ends[1] = constant(
        *state, &model,
        (sy_tflite_tensor){.type = SY_TFLITE_INT32, .rank = 1, .dims = {2}, .data = axes, .bytes = 8});
    const int y = codes(*state, &model, 4, (const int32_t[]){1, 1, 1, 2}, &one, 0);
    operator_of(*state, &model, SY_TFLITE_MEAN, ends, 2, y);
    assert_ok(*state, sy_integer_init(*state, &model, SY_ROUND_SINGLE, &run));
    memcpy(run.codes[0], image, sizeof image);
    assert_ok(*state, sy_integer_run(&run));
    assert_int_equal(run.codes[y][0], 3);
    assert_int_equal(run.codes[y][1], 30);
    sy_integer_release(&run);
    sy_tflite_model_release(&model);
}

static void hard_swish_of_16_bits_is_a_step_from_the_exact_one_at_most(void **state)
{
    static const struct {
        float x, y;
        int zero;
    } cases[] = {{0.05F, 0.03F, 0}, {0.02F, 0.011F, -40}, {0.1F, 0.06F, 20}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        sy_tflite_model model = {0};
        sy_integer run;
        const int x = codes(*state, &model, 2, (const int32_t[]){1, 256}, &cases[k].x, cases[k].zero);
        const int y = codes(*state, &model, 2, (const int32_t[]){1, 256}, &cases[k].y, -100);
        operator_of(*state, &model, SY_TFLITE_HARD_SWISH, &x, 1, y);
        assert_ok(*state, sy_integer_init(*state, &model, SY_ROUND_DOUBLE, &run));
        for (int i = 0; i < 256; i++)
            run.codes[x][i] = (int8_t)(i - 128);
        assert_ok(*state, sy_integer_run(&run));
        for (int i = 0; i < 256; i++) {
            const double value = (double)cases[k].x * (i - 128 - cases[k].zero);
            const double gate = fmin(fmax(value / 6 + 0.5, 0), 1);
            const double exact = fmin(fmax(value * gate / (double)cases[k].y - 100, -128), 127);
            assert_true(fabs(run.codes[y][i] - exact) <= 1);
        }
        sy_integer_release(&run);
        sy_tflite_model_release(&model);
    }
}

static void hard_swish_that_16_bits_have_no_room_for_is_refused(void **state)
{
    static const float x_scale = 4, y_scale = 0.01F;
    sy_tflite_model model = {0};
    sy_integer run;
    const int x = codes(*state, &model, 2, (const int32_t[]){1, 1}, &x_scale, 0);
    const int y = codes(*state, &model, 2, (const int32_t[]){1, 1}, &y_scale, 0);
    operator_of(*state, &model, SY_TFLITE_HARD_SWISH, &x, 1, y);
    assert_ok(*state, sy_integer_init(*state, &model, SY_ROUND_DOUBLE, &run));
    assert_fails(*state, sy_integer_run(&run), SY_E_UNSUPPORTED,
                 "HARD_SWISH from scale 4 to 0.01: its arithmetic of 16 bits has no room for that");
    sy_integer_release(&run);
    sy_tflite_model_release(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_count_from_their_zero_points_and_saturate),
        cmocka_unit_test(an_accumulator_that_overflows_wraps_and_is_a_finding),
        cmocka_unit_test(sums_of_two_grids_are_rounded_once_or_twice),
        cmocka_unit_test(a_mean_divides_by_what_it_takes_together),
        cmocka_unit_test(hard_swish_of_16_bits_is_a_step_from_the_exact_one_at_most),
        cmocka_unit_test(hard_swish_that_16_bits_have_no_room_for_is_refused),
    };
    return cmocka_run_group_tests_name("integer", tests, open_ctx, close_ctx);
}
