/* Against plain computations; tests/judges/judge_weights.py has others of numpy's. */
#include <math.h>

#include "support/graph.h"
#include "weight/adapt.h"
#include "weight/cholesky.h"
#include "weight/gptq.h"

/* The same numbers on every machine, about -1 to 1, small ones more often. */
static float random_value(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    const float x = (float)(*state >> 8) / 8388608.0F - 1;
    return x * x * x;
}

static void the_factor_of_the_inverse_is_upper_and_gives_it(void **state)
{
    (void)state;
    enum { N = 7 };
    double h[N][N], u[N][N];
    uint32_t seed = 5;
    double columns[N][3 * N];
    for (int i = 0; i < N; i++)
        for (int k = 0; k < 3 * N; k++)
            columns[i][k] = (double)random_value(&seed);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            h[i][j] = 0;
            for (int k = 0; k < 3 * N; k++)
                h[i][j] += columns[i][k] * columns[j][k];
        }
    memcpy(u, h, sizeof u);
    assert_true(sy_inverse_factor(&u[0][0], N));
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double sum = 0; /* of h u^T u, which is 1 */
            if (j < i)
                assert_true(u[i][j] == 0);
            for (int k = 0; k < N; k++)
                for (int m = 0; m < N; m++)
                    sum += h[i][k] * u[m][k] * u[m][j];
            assert_true(fabs(sum - (i == j)) < 1e-9);
        }
    h[2][2] = -1;
    assert_false(sy_inverse_factor(&h[0][0], N));
}

enum { OUTPUTS = 6, SIZE = 12, POSITIONS = 300 };

typedef struct layer {
    float weights[OUTPUTS * SIZE];
    double columns[SIZE][POSITIONS];
    double products[SIZE * SIZE], sums[SIZE];
    sy_weight_moments moments;
    sy_weight_layout layout;
} layer;

/* Inputs that go together and have means, so that there is something to know about them. */
static void make_layer(layer *self)
{
    uint32_t seed = 9;
    memset(self, 0, sizeof *self);
    for (int i = 0; i < OUTPUTS * SIZE; i++)
        self->weights[i] = random_value(&seed);
    for (int p = 0; p < POSITIONS; p++) {
        const double shared = (double)random_value(&seed);
        for (int k = 0; k < SIZE; k++)
            self->columns[k][p] = 0.5 * k / SIZE + shared + 0.3 * (double)random_value(&seed);
    }
    for (int i = 0; i < SIZE; i++)
        for (int p = 0; p < POSITIONS; p++) {
            self->sums[i] += self->columns[i][p];
            for (int j = 0; j < SIZE; j++)
                self->products[i * SIZE + j] += self->columns[i][p] * self->columns[j][p];
        }
    self->moments = (sy_weight_moments){
        .groups = 1, .size = SIZE, .positions = POSITIONS, .products = self->products, .sums = self->sums};
    self->layout = (sy_weight_layout){.outputs = OUTPUTS, .output_stride = SIZE, .input_stride = 1};
}

/* The sum of squared errors of the outputs, and the error of the mean of each. */
static double output_error(const layer *self, const float *values, const double *bias, double *means)
{
    double sum = 0;
    for (int r = 0; r < OUTPUTS; r++) {
        means[r] = 0;
        for (int p = 0; p < POSITIONS; p++) {
            double error = bias ? -bias[r] : 0;
            for (int k = 0; k < SIZE; k++)
                error += (double)(self->weights[r * SIZE + k] - values[r * SIZE + k]) * self->columns[k][p];
            sum += error * error;
            means[r] += error / POSITIONS;
        }
    }
    return sum;
}

static void outputs_miss_less_than_with_the_nearest_codes(void **state)
{
    layer self;
    sy_arena arena = {0};
    sy_weight_cut cut;
    sy_weight_codes plain, looked, moved;
    float values[OUTPUTS * SIZE];
    double means[OUTPUTS], bias[OUTPUTS];
    const sy_shape shape = SHAPE(OUTPUTS, SIZE);
    make_layer(&self);
    assert_true(sy_weight_cut_init(&shape, 0, 0, &cut));
    for (int bits = 2; bits <= 6; bits++) {
        const sy_weight_task task = {.bits = bits};
        assert_ok(*state, sy_weight_encode(*state, &arena, sy_weight_find_method("MSE"), &task,
                                           &(sy_weight_floats){"w", &shape, &cut, self.weights}, &plain));
        sy_weight_codes_values(&plain, values);
        const double nearest = output_error(&self, values, NULL, means);
        assert_ok(*state, sy_weight_encode_gptq(*state, &arena, &task,
                                                &(sy_weight_floats){"w", &shape, &cut, self.weights},
                                                &self.layout, &self.moments, &looked, NULL));
        sy_weight_codes_values(&looked, values);
        const double better = output_error(&self, values, NULL, means);
        assert_true(better < 0.5 * nearest);
        assert_ok(*state, sy_weight_encode_gptq(*state, &arena, &task,
                                                &(sy_weight_floats){"w", &shape, &cut, self.weights},
                                                &self.layout, &self.moments, &moved, bias));
        sy_weight_codes_values(&moved, values);
        assert_true(output_error(&self, values, bias, means) < 1.05 * better);
        for (int r = 0; r < OUTPUTS; r++)
            assert_true(fabs(means[r]) < 1e-6); /* values are float32 */
    }
    sy_arena_release(&arena);
}

/* No single code of the result could be another and the outputs miss less. */
static void no_single_code_could_be_better(void **state)
{
    layer self;
    sy_arena arena = {0};
    sy_weight_cut cut;
    sy_weight_codes codes;
    float values[OUTPUTS * SIZE];
    double means[OUTPUTS];
    const sy_shape shape = SHAPE(OUTPUTS, SIZE);
    const sy_weight_task task = {.bits = 3};
    make_layer(&self);
    assert_true(sy_weight_cut_init(&shape, 0, 0, &cut));
    assert_ok(*state, sy_weight_encode_gptq(*state, &arena, &task,
                                            &(sy_weight_floats){"w", &shape, &cut, self.weights},
                                            &self.layout, &self.moments, &codes, NULL));
    sy_weight_codes_values(&codes, values);
    const double least = output_error(&self, values, NULL, means);
    int better = 0;
    for (int i = 0; i < OUTPUTS * SIZE; i++)
        for (int step = -1; step <= 1; step += 2) {
            const int16_t old = codes.codes[i];
            if (old + step < sy_weight_lowest(3) || old + step > sy_weight_highest(3))
                continue;
            codes.codes[i] = (int16_t)(old + step);
            sy_weight_codes_values(&codes, values);
            better += output_error(&self, values, NULL, means) < 0.99 * least;
            codes.codes[i] = old;
        }
    assert_int_equal(better, 0);
    sy_arena_release(&arena);
}

/* Inputs that are not what they are in the float model: scaled, shifted, and with noise. */
typedef struct drift {
    double columns[SIZE][POSITIONS]; /* of the float model */
    double products[SIZE * SIZE], sums[SIZE];
    sy_weight_crossing crossing;
} drift;

static void make_drift(const layer *self, drift *out)
{
    uint32_t seed = 31;
    memset(out, 0, sizeof *out);
    for (int k = 0; k < SIZE; k++)
        for (int p = 0; p < POSITIONS; p++)
            out->columns[k][p] = 1.1 * self->columns[k][p] + 0.2 + 0.1 * (double)random_value(&seed);
    for (int i = 0; i < SIZE; i++)
        for (int p = 0; p < POSITIONS; p++) {
            out->sums[i] += out->columns[i][p];
            for (int j = 0; j < SIZE; j++)
                out->products[i * SIZE + j] += out->columns[i][p] * self->columns[j][p];
        }
    out->crossing = (sy_weight_crossing){.products = out->products, .sums = out->sums};
}

/* What an output's weights miss of the float model's, position by position, with what ridge regression adds;
 * `mean`: of what they miss. */
static double ridge_error(const layer *self, const drift *from, int output, const double *weights,
                          double *mean)
{
    double sum = 0, trace = 0, far = 0, misses[POSITIONS];
    *mean = 0;
    for (int p = 0; p < POSITIONS; p++) {
        misses[p] = 0;
        for (int k = 0; k < SIZE; k++)
            misses[p] += (double)self->weights[output * SIZE + k] * from->columns[k][p] -
                         weights[k] * self->columns[k][p];
        *mean += misses[p] / POSITIONS;
    }
    for (int p = 0; p < POSITIONS; p++)
        sum += (misses[p] - *mean) * (misses[p] - *mean) / POSITIONS;
    for (int k = 0; k < SIZE; k++) {
        const double average = self->sums[k] / POSITIONS,
                     moved = weights[k] - (double)self->weights[output * SIZE + k];
        trace += self->products[k * SIZE + k] / POSITIONS - average * average;
        far += moved * moved;
    }
    return sum + far * trace / SIZE * (1e-2 + 2.0 * SIZE / POSITIONS);
}

static void weights_adapt_to_inputs_that_drifted(void **state)
{
    static layer self;
    static drift from;
    float values[OUTPUTS * SIZE];
    double bias[OUTPUTS], mean;
    make_layer(&self);
    make_drift(&self, &from);
    memcpy(values, self.weights, sizeof values);
    assert_ok(*state, sy_weight_adapt(*state, &self.layout, &self.moments, &from.crossing, values, bias));
    for (int r = 0; r < OUTPUTS; r++) {
        double weights[SIZE], at_first[SIZE];
        for (int k = 0; k < SIZE; k++) {
            weights[k] = (double)values[r * SIZE + k];
            at_first[k] = (double)self.weights[r * SIZE + k];
        }
        assert_true(ridge_error(&self, &from, r, weights, &mean) <
                    0.9 * ridge_error(&self, &from, r, at_first, &mean));
        const double least = ridge_error(&self, &from, r, weights, &mean);
        assert_true(fabs(mean - bias[r]) < 1e-6); /* values are float32 */
        for (int k = 0; k < SIZE; k++)
            for (int sign = -1; sign <= 1; sign += 2) {
                weights[k] += sign * 1e-3;
                assert_true(ridge_error(&self, &from, r, weights, &mean) > least);
                weights[k] -= sign * 1e-3;
            }
    }
}

static void weights_stay_where_inputs_are_those_of_the_float_model(void **state)
{
    static layer self;
    float values[OUTPUTS * SIZE];
    make_layer(&self);
    memcpy(values, self.weights, sizeof values);
    const sy_weight_crossing same = {.products = self.products, .sums = self.sums};
    assert_ok(*state, sy_weight_adapt(*state, &self.layout, &self.moments, &same, values, NULL));
    assert_memory_equal(values, self.weights, sizeof values);
}

static void blocks_have_scales_of_their_own(void **state)
{
    sy_arena arena = {0};
    sy_weight_cut cut;
    sy_weight_codes codes;
    const sy_weight_task task = {.bits = 4, .symmetric = true, .correct = true};
    const sy_shape shape = SHAPE(4, 2);
    static const float values[8] = {7, 70, -3, -30, 0.7F, 0.07F, 0.2F, 0.01F};
    assert_true(sy_weight_cut_init(&shape, 0, 2, &cut));
    assert_ok(*state, sy_weight_encode(*state, &arena, sy_weight_find_method("MAX_MIN"), &task,
                                       &(sy_weight_floats){"w", &shape, &cut, values}, &codes));
    static const float scales[4] = {1, 10, 0.1F, 0.01F};
    static const int16_t wanted[8] = {7, 7, -3, -3, 7, 7, 2, 1};
    for (int u = 0; u < 4; u++)
        assert_true(fabsf(codes.scales[u] / scales[u] - 1) < 1e-6F);
    assert_memory_equal(codes.codes, wanted, sizeof wanted);
    assert_false(sy_weight_has_shifts(&codes));
    sy_arena_release(&arena);
}

static void what_a_method_cannot_do_is_refused(void **state)
{
    sy_arena arena = {0};
    sy_weight_cut cut;
    sy_weight_codes codes;
    const sy_shape shape = SHAPE(2, 1);
    const sy_weight_task task = {.bits = 8};
    const sy_weight_method *max_min = sy_weight_find_method("MAX_MIN");
    assert_true(sy_weight_cut_init(&shape, 0, 0, &cut));
    assert_null(sy_weight_find_method("MAXMIN"));
    assert_fails(*state,
                 sy_weight_encode(*state, &arena, max_min, &task,
                                  &(sy_weight_floats){"w", &shape, &cut, (float[]){1, NAN}}, &codes),
                 SY_E_NUMERIC, "weight 'w': element 1 is nan");
    assert_fails(*state, sy_weight_check_bits(*state, sy_weight_find_method("TERNARY"), 8), SY_E_CONFIG,
                 "quant_strategy = TERNARY has 2 bits: set bit_num = 2, not 8");
    sy_arena_release(&arena);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_ctx, close_ctx)
    const struct CMUnitTest tests[] = {
        TEST(the_factor_of_the_inverse_is_upper_and_gives_it),
        TEST(outputs_miss_less_than_with_the_nearest_codes),
        TEST(no_single_code_could_be_better),
        TEST(weights_adapt_to_inputs_that_drifted),
        TEST(weights_stay_where_inputs_are_those_of_the_float_model),
        TEST(blocks_have_scales_of_their_own),
        TEST(what_a_method_cannot_do_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
