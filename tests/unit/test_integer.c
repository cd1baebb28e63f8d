/* Products of Q/DQ graphs on whole numbers, against integer arithmetic written out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "run/run.h"
#include "support/graph.h"
#include "support/log.h"
#include "support/machine.h"
#include "verify/integer.h"

enum { ROWS = 3, DEPTH = 4, COLUMNS = 2 };

static const float x_scale = 0.03f, y_scale = 0.11f;
static const float w_scales[COLUMNS] = {0.007f, 0.02f};
static const uint8_t x_zero = 130, y_zero = 17;
static const uint8_t x_codes[ROWS * DEPTH] = {0, 255, 130, 129, 7, 91, 255, 255, 200, 131, 3, 60};
static const int8_t w_codes[DEPTH * COLUMNS] = {127, -127, 3, 90, -5, 64, 88, -1};
static const int32_t bias_codes[COLUMNS] = {1234, -5000};

static int constant(sy_ctx *ctx, sy_graph *graph, const char *name, sy_dtype dtype, sy_shape shape,
                    const void *data)
{
    int tensor;
    size_t count;
    assert_true(sy_shape_count(&shape, &count));
    assert_ok(ctx, sy_graph_add_constant(ctx, graph, name, dtype, &shape, data,
                                         count * sy_dtype_bits(dtype) / 8, &tensor));
    return tensor;
}

static int scale_of(sy_ctx *ctx, sy_graph *graph, const float *values, int64_t count)
{
    return graph_floats(ctx, graph, "scale", count ? SHAPE(count) : (sy_shape){0}, values);
}

/* Codes of x, uint8 as they come in, times weights, as a runtime would find them in a file. */
typedef struct {
    sy_graph *graph;
    int x; /* the integer input */
    int product;
} multiplication;

static multiplication multiply(sy_ctx *ctx, const int8_t *weights, int64_t depth, const int32_t *bias)
{
    multiplication made = {.graph = graph_create(ctx, 13)};
    sy_graph *graph = made.graph;
    made.x = graph_input(ctx, graph, "x", SY_DTYPE_UINT8, SHAPE(ROWS, depth));
    const int x_zeros = constant(ctx, graph, "x_zero", SY_DTYPE_UINT8, (sy_shape){0}, &x_zero);
    const int x = graph_node(ctx, graph, "DequantizeLinear", "x_values", made.x,
                             scale_of(ctx, graph, &x_scale, 0), x_zeros);
    const int codes = constant(ctx, graph, "w", SY_DTYPE_INT8, SHAPE(depth, COLUMNS), weights);
    const int w = graph_node(ctx, graph, "DequantizeLinear", "w_values", codes,
                             scale_of(ctx, graph, w_scales, COLUMNS));
    graph_int_attr(ctx, graph, "axis", 1);
    if (bias) {
        float scales[COLUMNS];
        for (int c = 0; c < COLUMNS; c++)
            scales[c] = x_scale * w_scales[c];
        const int b = graph_node(ctx, graph, "DequantizeLinear", "b_values",
                                 constant(ctx, graph, "b", SY_DTYPE_INT32, SHAPE(COLUMNS), bias),
                                 scale_of(ctx, graph, scales, COLUMNS));
        graph_int_attr(ctx, graph, "axis", 0);
        made.product = graph_node(ctx, graph, "Gemm", "product", x, w, b);
    } else {
        made.product = graph_node(ctx, graph, "MatMul", "product", x, w);
    }
    return made;
}

/* Quantizes tensor `last` and dequantizes it again, as the graph's output "y". */
static void end_quantized(sy_ctx *ctx, sy_graph *graph, int last)
{
    const int zero = constant(ctx, graph, "y_zero", SY_DTYPE_UINT8, (sy_shape){0}, &y_zero);
    const int scale = scale_of(ctx, graph, &y_scale, 0);
    const int codes = graph_node(ctx, graph, "QuantizeLinear", "y_codes", last, scale, zero);
    graph_output(graph, graph_node(ctx, graph, "DequantizeLinear", "y", codes, scale, zero));
}

static sy_graph *integer_form(sy_ctx *ctx, sy_graph *graph)
{
    sy_graph *integer = NULL, *bound = NULL;
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    assert_ok(ctx, sy_integer_graph(ctx, graph, &integer));
    assert_ok(ctx, sy_graph_bind(ctx, integer, NULL, 0, &bound));
    sy_graph_destroy(integer);
    return bound;
}

/* Output 0 for the codes of x. */
static void run(sy_ctx *ctx, const sy_graph *graph, const uint8_t *codes, size_t count, float *out,
                size_t out_count)
{
    int32_t words[ROWS * DEPTH];
    assert_true(count <= ROWS * DEPTH);
    for (size_t i = 0; i < count; i++)
        words[i] = codes[i];
    machine made = machine_create(ctx, &sy_backend_cpu,
                                  &(sy_program_spec){.graph = graph,
                                                     .inputs = graph->inputs,
                                                     .input_count = 1,
                                                     .outputs = graph->outputs,
                                                     .output_count = 1});
    assert_ok(ctx, sy_runner_run(ctx, made.runner, 1, (const void *[]){words}, NULL, NULL));
    assert_ok(ctx, sy_runner_read(ctx, made.runner, 0, 0, out, out_count));
    machine_destroy(&made);
}

static int64_t sum(int row, int column, const int32_t *bias)
{
    int64_t total = bias ? bias[column] : 0;
    for (int k = 0; k < DEPTH; k++)
        total += (x_codes[row * DEPTH + k] - x_zero) * w_codes[k * COLUMNS + column];
    return total;
}

/* One product with a float scale, one rounding, zero point, limits. */
static float ended(int64_t total, int column, int least)
{
    const float both = x_scale * w_scales[column];
    const float scaled = (float)total * (both / y_scale);
    const double code = fmin(255, fmax(least, rint((double)scaled) + y_zero));
    return (float)(code - y_zero) * y_scale;
}

static int count_nodes(const sy_graph *graph, const char *type)
{
    int count = 0;
    for (int n = 0; n < graph->node_count; n++)
        count += strcmp(graph->nodes[n].type, type) == 0;
    return count;
}

static void a_product_is_summed_in_integers_and_rounded_once(void **state)
{
    multiplication made = multiply(*state, w_codes, DEPTH, bias_codes);
    end_quantized(*state, made.graph, made.product);
    sy_graph *graph = integer_form(*state, made.graph);
    float y[ROWS * COLUMNS];
    assert_int_equal(count_nodes(graph, "Requantize"), 1);
    assert_int_equal(count_nodes(graph, "QuantizeLinear"), 0);
    run(*state, graph, x_codes, ROWS * DEPTH, y, ROWS * COLUMNS);
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < COLUMNS; c++)
            assert_true(y[r * COLUMNS + c] == ended(sum(r, c, bias_codes), c, 0));
    sy_graph_destroy(graph);
    sy_graph_destroy(made.graph);
}

static void an_activation_narrows_the_codes(void **state)
{
    multiplication made = multiply(*state, w_codes, DEPTH, NULL);
    end_quantized(*state, made.graph, graph_node(*state, made.graph, "Relu", "relu", made.product));
    sy_graph *graph = integer_form(*state, made.graph);
    float y[ROWS * COLUMNS];
    bool narrowed = false;
    assert_int_equal(count_nodes(graph, "Relu"), 0);
    run(*state, graph, x_codes, ROWS * DEPTH, y, ROWS * COLUMNS);
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < COLUMNS; c++) {
            assert_true(y[r * COLUMNS + c] == ended(sum(r, c, NULL), c, y_zero));
            narrowed |= sum(r, c, NULL) < 0;
        }
    assert_true(narrowed);
    sy_graph_destroy(graph);
    sy_graph_destroy(made.graph);
}

static void a_result_that_stays_float_is_scaled_once(void **state)
{
    multiplication made = multiply(*state, w_codes, DEPTH, bias_codes);
    graph_output(made.graph, made.product);
    sy_graph *graph = integer_form(*state, made.graph);
    float y[ROWS * COLUMNS];
    run(*state, graph, x_codes, ROWS * DEPTH, y, ROWS * COLUMNS);
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < COLUMNS; c++)
            assert_true(y[r * COLUMNS + c] == (float)sum(r, c, bias_codes) * (x_scale * w_scales[c]));
    sy_graph_destroy(graph);
    sy_graph_destroy(made.graph);
}

static void sums_that_float_cannot_hold_are_warned_about(void **state)
{
    /* 255 times the sum of a column's magnitudes passes 2^24 between these two. */
    enum { LAST_EXACT = 518, FIRST_TOO_DEEP = 519 };
    static const struct {
        int64_t depth;
        bool exact;
    } cases[] = {{LAST_EXACT, true}, {FIRST_TOO_DEEP, false}};
    int8_t *weights = malloc(FIRST_TOO_DEEP * COLUMNS);
    assert_non_null(weights);
    memset(weights, 127, FIRST_TOO_DEEP * COLUMNS);
    assert_true(255 * 127 * LAST_EXACT < 1 << 24 && 255 * 127 * FIRST_TOO_DEEP >= 1 << 24);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_log log;
        multiplication made = multiply(*state, weights, cases[i].depth, NULL);
        end_quantized(*state, made.graph, made.product);
        test_log_open(*state, SY_LOG_WARN, &log);
        sy_graph *graph = integer_form(*state, made.graph);
        sy_ctx_set_log(*state, SY_LOG_WARN, NULL, NULL);
        assert_int_equal(count_nodes(graph, "Requantize"), cases[i].exact);
        assert_string_equal(
            log.text, cases[i].exact
                          ? ""
                          : "node 'product' (MatMul): its integer sums can exceed 2^24, which float does not "
                            "hold exactly: it is computed in float, and a runtime's integer kernel may round "
                            "some results the other way\n");
        sy_graph_destroy(graph);
        sy_graph_destroy(made.graph);
    }
    free(weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_product_is_summed_in_integers_and_rounded_once, open_ctx,
                                        close_ctx),
        cmocka_unit_test_setup_teardown(an_activation_narrows_the_codes, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(a_result_that_stays_float_is_scaled_once, open_ctx, close_ctx),
        cmocka_unit_test_setup_teardown(sums_that_float_cannot_hold_are_warned_about, open_ctx, close_ctx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
