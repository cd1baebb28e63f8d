/* Against plain loops over what a layer read. */
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "support/graph.h"
#include "weight/mixed.h"
#include "weight/mixed_outputs.h"

enum { GROUPS = 2, OUTPUTS = 24, SIZE = 32, POSITIONS = 700, EACH = OUTPUTS / GROUPS };

typedef struct layer {
    float weights[OUTPUTS * SIZE];
    double columns[GROUPS][SIZE][POSITIONS];
    double products[GROUPS * SIZE * SIZE], sums[GROUPS * SIZE];
    sy_weight_moments moments;
    sy_weight_layout layout;
} layer;

static layer self;

static double random_value(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return (double)(*state >> 8) / 8388608.0 - 1;
}

/* Weights of outputs of different size; inputs with means that go together. `rows`: as a Conv has them, else
 * as a MatMul with a group. */
static void make_layer(bool rows)
{
    uint32_t seed = 3;
    memset(&self, 0, sizeof self);
    self.layout = (sy_weight_layout){
        .outputs = OUTPUTS, .output_stride = rows ? SIZE : 1, .input_stride = rows ? 1 : OUTPUTS};
    for (size_t r = 0; r < OUTPUTS; r++)
        for (size_t k = 0; k < SIZE; k++)
            self.weights[r * self.layout.output_stride + k * self.layout.input_stride] =
                (float)(random_value(&seed) * (1 + (double)r));
    for (int g = 0; g < GROUPS; g++)
        for (int p = 0; p < POSITIONS; p++) {
            const double shared = random_value(&seed);
            for (int k = 0; k < SIZE; k++)
                self.columns[g][k][p] = 0.5 + g + shared + 0.6 * random_value(&seed);
        }
    for (int g = 0; g < GROUPS; g++)
        for (int i = 0; i < SIZE; i++)
            for (int p = 0; p < POSITIONS; p++) {
                self.sums[g * SIZE + i] += self.columns[g][i][p];
                for (int j = 0; j < SIZE; j++)
                    self.products[(g * SIZE + i) * SIZE + j] += self.columns[g][i][p] * self.columns[g][j][p];
            }
    self.moments = (sy_weight_moments){.groups = rows ? GROUPS : 1,
                                       .size = SIZE,
                                       .positions = POSITIONS,
                                       .products = self.products,
                                       .sums = self.sums};
}

/* The mean square of an output, or of its distance from its mean: of weights less `rounded`, which may be
 * NULL. */
static double power_of(size_t output, const float *rounded, bool centred)
{
    const size_t group = output / (OUTPUTS / self.moments.groups);
    double sum = 0, squares = 0;
    for (int p = 0; p < POSITIONS; p++) {
        double y = 0;
        for (size_t k = 0; k < SIZE; k++) {
            const size_t at = output * self.layout.output_stride + k * self.layout.input_stride;
            y += ((double)self.weights[at] - (rounded ? (double)rounded[at] : 0)) * self.columns[group][k][p];
        }
        sum += y / POSITIONS;
        squares += y * y / POSITIONS;
    }
    return centred ? squares - sum * sum : squares;
}

/* Of outputs first to last - 1. */
static double relative_error(size_t first, size_t last, const float *rounded, bool centred)
{
    double noise = 0, signal = 0;
    for (size_t r = first; r < last; r++) {
        noise += power_of(r, rounded, centred);
        signal += power_of(r, NULL, centred);
    }
    return sqrt(noise / signal);
}

static sy_status encode(sy_ctx *ctx, sy_arena *arena, double error, int axis, bool centred,
                        sy_weight_codes *out)
{
    static double bias[OUTPUTS];
    sy_weight_cut cut;
    const bool rows = self.layout.input_stride == 1;
    const sy_shape shape = SHAPE(rows ? OUTPUTS : SIZE, rows ? SIZE : OUTPUTS);
    assert_true(sy_weight_cut_init(&shape, axis, 0, &cut));
    return sy_weight_mixed_encode_outputs(ctx, arena, error,
                                          &(sy_weight_floats){"w", &shape, &cut, self.weights}, &self.layout,
                                          &self.moments, out, centred ? bias : NULL);
}

/* The nearest codes miss about what was asked for, the chosen ones less. */
static void the_nearest_codes_would_make_the_error_that_was_asked_for(void **state)
{
    static const double errors[] = {0.002, 0.02, 0.1};
    static float rounded[OUTPUTS * SIZE];
    for (int kind = 0; kind < 4; kind++)
        for (size_t e = 0; e < sizeof errors / sizeof errors[0]; e++) {
            const bool centred = kind % 2;
            sy_arena arena = {0};
            sy_weight_codes codes;
            make_layer(kind < 2);
            assert_ok(*state, encode(*state, &arena, errors[e], SY_NONE, centred, &codes));
            for (int i = 0; i < OUTPUTS * SIZE; i++)
                rounded[i] = rintf(self.weights[i] / codes.scales[0]) * codes.scales[0];
            const double nearest = relative_error(0, OUTPUTS, rounded, centred);
            assert_true(fabs(nearest / errors[e] - 1) < 0.2); /* a sum of 24 x 32 errors as they fall */
            sy_weight_codes_values(&codes, rounded);
            assert_true(relative_error(0, OUTPUTS, rounded, centred) < 0.8 * nearest);
            sy_arena_release(&arena);
        }
}

static void each_output_has_the_step_of_its_own_size(void **state)
{
    for (int rows = 0; rows < 2; rows++) {
        sy_arena arena = {0};
        sy_weight_codes codes;
        make_layer(rows);
        assert_ok(*state, encode(*state, &arena, 0.02, rows ? 0 : 1, true, &codes));
        for (size_t r = 0; r < OUTPUTS; r++) {
            const size_t group = r / (OUTPUTS / self.moments.groups);
            double trace = 0;
            for (int k = 0; k < SIZE; k++) {
                double sum = 0, squares = 0;
                for (int p = 0; p < POSITIONS; p++) {
                    sum += self.columns[group][k][p] / POSITIONS;
                    squares += self.columns[group][k][p] * self.columns[group][k][p] / POSITIONS;
                }
                trace += squares - sum * sum;
            }
            const double step = 0.02 * sqrt(12 * power_of(r, NULL, true) / trace);
            /* which is fitted to the codes afterwards */
            assert_true(fabs((double)codes.scales[r] / step - 1) < 0.01);
        }
        sy_arena_release(&arena);
    }
}

static void the_error_of_outputs_is_the_one_of_a_plain_loop(void **state)
{
    static float rounded[OUTPUTS * SIZE];
    for (int kind = 0; kind < 4; kind++) {
        const bool centred = kind % 2;
        sy_arena arena = {0};
        sy_weight_codes codes;
        double got;
        make_layer(kind < 2);
        assert_ok(*state, encode(*state, &arena, 0.03, kind < 2 ? 0 : 1, centred, &codes));
        assert_ok(*state, sy_weight_output_error(*state, &codes, &self.layout, &self.moments, self.weights,
                                                 centred, &got));
        sy_weight_codes_values(&codes, rounded);
        assert_true(fabs(got / relative_error(0, OUTPUTS, rounded, centred) - 1) < 1e-4); /* float weights */
        sy_arena_release(&arena);
    }
}

/* Inputs that never vary say nothing: the step is that of the weights' own error. */
static void without_inputs_the_error_is_that_of_the_weights(void **state)
{
    sy_arena arena = {0};
    sy_weight_codes codes;
    double squares = 0;
    make_layer(true);
    memset(self.products, 0, sizeof self.products);
    memset(self.sums, 0, sizeof self.sums);
    for (int i = 0; i < OUTPUTS * SIZE; i++)
        squares += (double)self.weights[i] * (double)self.weights[i];
    assert_ok(*state, encode(*state, &arena, 0.02, SY_NONE, true, &codes));
    const double step = 0.02 * sqrt(12 * squares / (OUTPUTS * SIZE));
    assert_true(fabs((double)codes.scales[0] / step - 1) < 1e-5);
    assert_int_equal(codes.bits, sy_weight_width(&codes));
    sy_arena_release(&arena);
}

static void an_output_of_zeros_stays_zero(void **state)
{
    sy_arena arena = {0};
    sy_weight_codes codes;
    make_layer(true);
    memset(self.weights, 0, SIZE * sizeof self.weights[0]);
    assert_ok(*state, encode(*state, &arena, 0.02, 0, true, &codes));
    for (int k = 0; k < SIZE; k++)
        assert_int_equal(codes.codes[k], 0);
    assert_true(codes.scales[0] > 0 && isfinite(codes.scales[0]));
    sy_arena_release(&arena);
}

static void what_is_not_finite_is_named(void **state)
{
    sy_arena arena = {0};
    sy_weight_codes codes;
    make_layer(true);
    self.weights[5] = NAN;
    assert_fails(*state, encode(*state, &arena, 0.02, 0, true, &codes), SY_E_NUMERIC,
                 "weight 'w': element 5 is nan");
    sy_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_codes_would_make_the_error_that_was_asked_for),
        cmocka_unit_test(each_output_has_the_step_of_its_own_size),
        cmocka_unit_test(the_error_of_outputs_is_the_one_of_a_plain_loop),
        cmocka_unit_test(without_inputs_the_error_is_that_of_the_weights),
        cmocka_unit_test(an_output_of_zeros_stays_zero),
        cmocka_unit_test(what_is_not_finite_is_named),
    };
    return cmocka_run_group_tests_name("weight_mixed_outputs", tests, open_ctx, close_ctx);
}
