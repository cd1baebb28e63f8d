/* Codes in MindIR files, against plain computations. */
#include <math.h>
#include <string.h>

#include "support/mindir.h"
#include "weight/choose_mindir.h"
#include "weight/emit_mindir.h"
#include "weight/method.h"

/* A model of one product, of which `inputs` says how it reads x and w [6,20] of float32 or float16. */
static void read_product(sy_ctx *ctx, const char *inputs, sy_dtype dtype, const float *values, sy_text *bytes,
                         sy_mind_model *out)
{
    static const int dims[] = {ROWS, COLUMNS};
    uint16_t small[ROWS * COLUMNS];
    sy_text graph = {0};
    for (int i = 0; i < ROWS * COLUMNS; i++)
        small[i] = sy_float_to_half(values[i]);
    if (dtype == SY_DTYPE_FLOAT16)
        put_parameter(&graph, "w", dtype, 2, dims, small, sizeof small);
    else
        put_parameter(&graph, "w", dtype, 2, dims, values, ROWS * COLUMNS * sizeof *values);
    put_constant(&graph, "no", 0);
    put_constant(&graph, "yes", 1);
    put_node(&graph, "MatMul", inputs, "y", "Default/MatMul-op0");
    put_model(bytes, &graph, 3);
    assert_ok(ctx, sy_mind_read(ctx, bytes->bytes, bytes->size, out));
}

static void encode_rows(sy_ctx *ctx, sy_arena *arena, const char *method, const sy_weight_task *task,
                        const float *values, sy_weight_codes *out)
{
    const sy_shape shape = {.rank = 2, .dims = {ROWS, COLUMNS}};
    sy_weight_cut cut;
    assert_true(sy_weight_cut_init(&shape, 0, 0, &cut));
    assert_ok(ctx, sy_weight_encode(ctx, arena, sy_weight_find_method(method), task,
                                    &(sy_weight_floats){"w", &shape, &cut, values}, out));
}

/* Element i of what the file computes. */
static float value_at(const sy_mind_edit *edit, int i)
{
    const float integer = edit->integer_type == SY_DTYPE_INT8 ? (float)((const int8_t *)edit->integers)[i]
                                                              : (float)((const int16_t *)edit->integers)[i];
    return (integer + ((const float *)edit->zps)[i / COLUMNS]) * ((const float *)edit->scales)[i / COLUMNS];
}

static void an_edit_holds_what_every_method_made(void **state)
{
    static const struct {
        const char *method;
        sy_weight_task task;
        sy_dtype type;
    } cases[] = {
        {"MAX_MIN", {.bits = 8, .correct = true}, SY_DTYPE_INT8},
        {"MAX_MIN", {.bits = 4, .symmetric = true}, SY_DTYPE_INT8},
        {"MAX_MIN", {.bits = 1, .symmetric = true}, SY_DTYPE_INT8},
        {"MAX_MIN", {.bits = 9}, SY_DTYPE_INT16},
        {"MSE", {.bits = 4, .correct = true}, SY_DTYPE_INT8},
        {"ADMM", {.bits = 12}, SY_DTYPE_INT16},
        {"LOG2", {.bits = 4}, SY_DTYPE_INT8},
        {"LOG2", {.bits = 5}, SY_DTYPE_INT16}, /* its largest level is 2^14 */
        {"BINARY", {.bits = 1}, SY_DTYPE_INT8},
        {"TERNARY", {.bits = 2}, SY_DTYPE_INT8},
    };
    float w[ROWS * COLUMNS], back[ROWS * COLUMNS];
    for (int i = 0; i < ROWS * COLUMNS; i++)
        w[i] = weight_at(i) + (float)(i / COLUMNS) / 8;
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const sy_mind_weight weight = {.after = SY_NONE, .factors = {.rank = 2, .dims = {ROWS, 1}}};
        sy_text bytes = {0};
        sy_mind_model model;
        sy_arena arena = {0};
        sy_weight_codes codes;
        sy_mind_edit edit;
        const char *refusal;
        read_product(*state, "x w no yes", SY_DTYPE_FLOAT, w, &bytes, &model);
        encode_rows(*state, &arena, cases[c].method, &cases[c].task, w, &codes);
        assert_ok(*state, sy_weight_emit_mindir(*state, &model, &weight, &codes, &arena, &edit, &refusal));
        assert_null(refusal);
        assert_int_equal(edit.integer_type, cases[c].type);
        assert_int_equal(sy_weight_edit_bytes(&edit),
                         ROWS * COLUMNS * (cases[c].type == SY_DTYPE_INT8 ? 1 : 2) + 2 * 4 * ROWS);
        sy_weight_codes_values(&codes, back);
        double power = 0, noise = 0;
        for (int i = 0; i < ROWS * COLUMNS; i++) {
            const double error = (double)(w[i] - value_at(&edit, i));
            assert_true(fabsf(value_at(&edit, i) - back[i]) < 2e-5F);
            power += (double)w[i] * (double)w[i];
            noise += error * error;
        }
        const double snr = sy_weight_edit_snr(&edit, &codes.cut, false, w);
        assert_true(fabs(snr - 10 * log10(power / noise)) < 1e-3);
        sy_arena_release(&arena);
        sy_mind_release(&model);
        sy_text_release(&bytes);
    }
}

/* Against a plain computation in double. */
static void corrected_factors_keep_mean_and_deviation_of_each_channel(void **state)
{
    const sy_mind_weight weight = {.after = SY_NONE, .factors = {.rank = 2, .dims = {ROWS, 1}}};
    float w[ROWS * COLUMNS];
    sy_text bytes = {0};
    sy_mind_model model;
    for (int i = 0; i < ROWS * COLUMNS; i++)
        w[i] = weight_at(i) * (float)(1 + i / COLUMNS) + (float)(i / COLUMNS);
    read_product(*state, "x w no yes", SY_DTYPE_FLOAT, w, &bytes, &model);
    for (int bits = 2; bits <= 16; bits++) {
        const sy_weight_task task = {.bits = bits, .correct = true};
        sy_arena arena = {0};
        sy_weight_codes codes;
        sy_mind_edit edit;
        const char *refusal;
        encode_rows(*state, &arena, "MAX_MIN", &task, w, &codes);
        assert_ok(*state, sy_weight_emit_mindir(*state, &model, &weight, &codes, &arena, &edit, &refusal));
        for (int row = 0; row < ROWS; row++) {
            double sums[2] = {0, 0}, squares[2] = {0, 0};
            for (int i = row * COLUMNS; i < (row + 1) * COLUMNS; i++) {
                const double both[] = {(double)w[i], (double)value_at(&edit, i)};
                for (int k = 0; k < 2; k++) {
                    sums[k] += both[k] / COLUMNS;
                    squares[k] += both[k] * both[k] / COLUMNS;
                }
            }
            assert_true(fabs(sums[0] - sums[1]) < 1e-5);
            assert_true(fabs(squares[0] - squares[1]) < 1e-4);
        }
        sy_arena_release(&arena);
    }
    sy_mind_release(&model);
    sy_text_release(&bytes);
}

static void factors_of_float16_weights_must_fit_in_it(void **state)
{
    const sy_mind_weight weight = {.after = SY_NONE, .factors = {.rank = 2, .dims = {ROWS, 1}}};
    const sy_weight_task task = {.bits = 8};
    for (int small = 0; small < 2; small++) {
        float w[ROWS * COLUMNS];
        sy_text bytes = {0};
        sy_mind_model model;
        sy_arena arena = {0};
        sy_weight_codes codes;
        sy_mind_edit edit;
        const char *refusal;
        for (int i = 0; i < ROWS * COLUMNS; i++)
            w[i] = weight_at(i) * (small ? 1e-3F : 1);
        read_product(*state, "x w no yes", SY_DTYPE_FLOAT16, w, &bytes, &model);
        encode_rows(*state, &arena, "MAX_MIN", &task, w, &codes);
        assert_ok(*state, sy_weight_emit_mindir(*state, &model, &weight, &codes, &arena, &edit, &refusal));
        if (small) {
            assert_string_equal(refusal, "its factors do not fit in float16");
        } else {
            assert_null(refusal);
            assert_int_equal(edit.factor_bytes, 2 * ROWS);
            assert_true(sy_weight_edit_snr(&edit, &codes.cut, true, w) <
                        sy_weight_codes_snr(&codes, w)); /* float16 loses some more */
        }
        sy_arena_release(&arena);
        sy_mind_release(&model);
        sy_text_release(&bytes);
    }
}

static void the_rules_leave_weights_out_with_a_reason(void **state)
{
    static const char *const skipped[] = {"Default/MatMul-op0"}, *const unknown[] = {"MatMul"};
    static const float w[ROWS * COLUMNS];
    static const struct {
        const char *inputs; /* "no yes": 6 channels of 20, "no no": 20 of 6 */
        sy_weight_mindir_rules rules;
        const char *refusal;
    } cases[] = {
        {"x w no yes", {.shared = {.bits = 8}}, NULL},
        {"x w no yes", {.shared = {.bits = 8, .size_min = 119}}, NULL},
        {"x w no yes",
         {.shared = {.bits = 8, .size_min = 120}},
         "120 elements are not more than min_quant_weight_size = 120"},
        {"x w no yes", {.shared = {.bits = 8, .skipped = skipped, .skipped_count = 1}}, "skip_quant_node"},
        {"x w no yes", {.shared = {.bits = 8, .per_channel = true}, .is_corrected = true}, NULL},
        {"x w no no", {.shared = {.bits = 8, .per_channel = true}}, NULL},
        {"x w no no", {.shared = {.bits = 8}, .is_corrected = true}, NULL},
        {"x w no no",
         {.shared = {.bits = 8, .per_channel = true}, .is_corrected = true},
         "6 weights a channel do not pay for its factors (more than 10 do)"},
        {"x w no yes", {.shared = {.bits = 8}, .is_ascend = true}, NULL},
    };
    sy_mind_weight *weights;
    int count;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_text bytes = {0};
        sy_mind_model model;
        sy_arena arena = {0};
        read_product(*state, cases[i].inputs, SY_DTYPE_FLOAT, w, &bytes, &model);
        assert_ok(*state, sy_weight_choose_mindir(*state, &model, &cases[i].rules, &arena, &weights, &count));
        assert_int_equal(count, 1);
        if (cases[i].refusal)
            assert_string_equal(weights[0].refusal, cases[i].refusal);
        else
            assert_null(weights[0].refusal);
        const sy_weight_mindir_rules wrong = {.shared = {.skipped = unknown, .skipped_count = 1}};
        assert_fails(
            *state, sy_weight_choose_mindir(*state, &model, &wrong, &arena, &weights, &count), SY_E_CONFIG,
            "skip_quant_node names 'MatMul', which is no node of the model: names are scopes, such as "
            "Default/dense-Dense/MatMul-op0");
        sy_arena_release(&arena);
        sy_mind_release(&model);
        sy_text_release(&bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_edit_holds_what_every_method_made),
        cmocka_unit_test(corrected_factors_keep_mean_and_deviation_of_each_channel),
        cmocka_unit_test(factors_of_float16_weights_must_fit_in_it),
        cmocka_unit_test(the_rules_leave_weights_out_with_a_reason),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
