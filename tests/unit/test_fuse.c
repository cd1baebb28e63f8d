/* What rules fold is compared with a plain evaluation of the graph before, by loops that know nothing of
 * folding. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuse/fuse.h"
#include "support/graph.h"

enum { CHANNELS = 4 };

static sy_graph *fuse(sy_ctx *ctx, sy_graph *graph)
{
    sy_graph *fused = NULL;
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    assert_ok(ctx, sy_fuse(ctx, graph, &fused, NULL));
    sy_graph_destroy(graph);
    return fused;
}

static int count_nodes(const sy_graph *graph, const char *type)
{
    int count = 0;
    for (int n = 0; n < graph->node_count; n++)
        count += strcmp(graph->nodes[n].type, type) == 0;
    return count;
}

static const float *floats_of(const sy_graph *graph, const sy_node *node, int input)
{
    return node->input_count > input ? graph->tensors[node->inputs[input]].data : NULL;
}

/* A linear node over one position, kernel size 1: x has one number a channel. */
static void evaluate_linear(const sy_graph *graph, const sy_node *node, const float *x, double *y)
{
    const float *w = floats_of(graph, node, 1), *b = floats_of(graph, node, 2);
    const int64_t *dims = graph->tensors[node->inputs[1]].shape.dims;
    const int rows = (int)dims[0], columns = (int)dims[1], groups = (int)sy_node_int(node, "group", 1);
    const double alpha = (double)sy_node_float(node, "alpha", 1),
                 beta = (double)sy_node_float(node, "beta", 1);
    const bool transposed = sy_node_int(node, "transB", 0) != 0;
    for (int o = 0; o < CHANNELS; o++) {
        double sum = 0;
        if (strcmp(node->type, "Conv") == 0)
            for (int k = 0; k < columns; k++)
                sum += (double)x[o / (rows / groups) * columns + k] * (double)w[o * columns + k];
        else if (strcmp(node->type, "ConvTranspose") == 0)
            for (int c = o / columns * (rows / groups); c < (o / columns + 1) * (rows / groups); c++)
                sum += (double)x[c] * (double)w[c * columns + o % columns];
        else
            for (int k = 0; k < (transposed ? columns : rows); k++)
                sum += (double)x[k] * (double)(transposed ? w[o * columns + k] : w[k * columns + o]);
        const bool gemm = strcmp(node->type, "Gemm") == 0;
        const double bias = b ? (double)b[graph->tensors[node->inputs[2]].bytes == sizeof *b ? 0 : o] : 0;
        y[o] = (gemm ? alpha : 1) * sum + (gemm ? beta : 1) * bias;
    }
}

static const float gamma_[CHANNELS] = {1.5F, -0.5F, 2, 0.25F}, shift[CHANNELS] = {0.1F, 0.2F, -0.3F, 4};
static const float mean[CHANNELS] = {1, -1, 0.5F, 0}, variance[CHANNELS] = {1, 0.25F, 4, 1e-3F};

/* What the follower makes of channel `o`. */
static double evaluate_follower(const char *type, int o, double x)
{
    if (strcmp(type, "BatchNormalization") == 0)
        return (x - (double)mean[o]) / sqrt((double)variance[o] + (double)1e-5F) * (double)gamma_[o] +
               (double)shift[o];
    return strcmp(type, "Add") == 0   ? x + (double)gamma_[o]
           : strcmp(type, "Sub") == 0 ? x - (double)gamma_[o]
           : strcmp(type, "Mul") == 0 ? x * (double)gamma_[o]
                                      : x / (double)gamma_[o];
}

typedef struct linear_case {
    const char *type;
    sy_shape weights, input;
    int64_t groups;
    int bias_count;
    bool transposed;
} linear_case;

static const linear_case linear_cases[] = {
    {"Conv", {4, {4, 3, 1, 1}}, {4, {1, 3, 1, 1}}, 1, 4, false},
    {"Conv", {4, {4, 1, 1, 1}}, {4, {1, 4, 1, 1}}, 4, 0, false},
    {"Conv", {3, {4, 2, 1}}, {3, {1, 4, 1}}, 2, 4, false},
    {"ConvTranspose", {4, {3, 4, 1, 1}}, {4, {1, 3, 1, 1}}, 1, 0, false},
    {"ConvTranspose", {4, {6, 2, 1, 1}}, {4, {1, 6, 1, 1}}, 2, 4, false},
    {"Gemm", {2, {3, 4}}, {2, {1, 3}}, 1, 4, false},
    {"Gemm", {2, {4, 3}}, {2, {1, 3}}, 1, 1, true},
};

static int add_linear(sy_ctx *ctx, sy_graph *graph, const linear_case *c, int x)
{
    float values[32];
    for (int i = 0; i < 32; i++)
        values[i] = sinf((float)i + 1);
    const int w = graph_floats(ctx, graph, "w", c->weights, values);
    int y;
    if (c->bias_count)
        y = graph_node(ctx, graph, c->type, "linear", x, w,
                       graph_floats(ctx, graph, "b", SHAPE(c->bias_count), shift));
    else
        y = graph_node(ctx, graph, c->type, "linear", x, w);
    const int node = graph->node_count - 1;
    if (strcmp(c->type, "Gemm") == 0) {
        graph_int_attr(ctx, graph, "transB", c->transposed);
        assert_ok(ctx, sy_graph_set_attr_float(ctx, graph, node, "alpha", 0.5F));
        assert_ok(ctx, sy_graph_set_attr_float(ctx, graph, node, "beta", 2));
    } else {
        graph_int_attr(ctx, graph, "group", c->groups);
    }
    return y;
}

static int add_batchnorm(sy_ctx *ctx, sy_graph *graph, const char *name, int x)
{
    const int g = graph_floats(ctx, graph, "gamma", SHAPE(CHANNELS), gamma_);
    const int b = graph_floats(ctx, graph, "beta", SHAPE(CHANNELS), shift);
    const int m = graph_floats(ctx, graph, "mean", SHAPE(CHANNELS), mean);
    const int v = graph_floats(ctx, graph, "variance", SHAPE(CHANNELS), variance);
    return graph_node(ctx, graph, "BatchNormalization", name, x, g, b, m, v);
}

/* One number a channel, along axis 1 of what the linear node gives. */
static int add_per_channel(sy_ctx *ctx, sy_graph *graph, const char *type, int rank, int x)
{
    sy_shape shape = {.rank = rank - 1, .dims = {CHANNELS, 1, 1}};
    return graph_node(ctx, graph, type, "follower", x, graph_floats(ctx, graph, "k", shape, gamma_));
}

static void what_follows_a_linear_node_is_folded_into_it(void **state)
{
    sy_ctx *ctx = *state;
    static const char *followers[] = {"BatchNormalization", "Add", "Sub", "Mul", "Div"};
    static const float x[6] = {0.5F, -1, 2, 0.25F, 3, -0.75F};
    for (size_t c = 0; c < sizeof linear_cases / sizeof linear_cases[0]; c++) {
        for (size_t f = 0; f < sizeof followers / sizeof followers[0]; f++) {
            const linear_case *linear = &linear_cases[c];
            sy_graph *graph = graph_create(ctx, 13);
            const int input = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, linear->input);
            int y = add_linear(ctx, graph, linear, input);
            double want[CHANNELS], got[CHANNELS];
            evaluate_linear(graph, &graph->nodes[0], x, want);
            y = f ? add_per_channel(ctx, graph, followers[f], linear->weights.rank, y)
                  : add_batchnorm(ctx, graph, "follower", y);
            graph_output(graph, y);

            graph = fuse(ctx, graph);
            assert_int_equal(graph->node_count, 1);
            assert_string_equal(graph->nodes[0].name, "linear");
            assert_string_equal(graph->tensors[graph->nodes[0].outputs[0]].name, "follower");
            assert_string_equal(graph->tensors[graph->nodes[0].inputs[1]].name, "w");
            evaluate_linear(graph, &graph->nodes[0], x, got);
            for (int o = 0; o < CHANNELS; o++) {
                want[o] = evaluate_follower(followers[f], o, want[o]);
                /* Weights and bias are rounded to float once each; variance 1e-3 scales by 8. */
                assert_true(fabs(got[o] - want[o]) <= 1e-6 * (1 + fabs(want[o])));
            }
            sy_graph_destroy(graph);
        }
    }
}

static void a_chain_is_folded_whole(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, linear_cases[0].input);
    int y = add_linear(ctx, graph, &linear_cases[0], x);
    y = graph_node(ctx, graph, "Identity", "same", y);
    y = add_batchnorm(ctx, graph, "bn", y);
    y = add_per_channel(ctx, graph, "Mul", 4, y);
    y = add_batchnorm(ctx, graph, "second_bn", y); /* its turn comes again once the Mul is gone */
    y = graph_node(ctx, graph, "Relu", "act", y);
    graph_output(graph, y);
    graph = fuse(ctx, graph);
    assert_int_equal(graph->node_count, 2);
    assert_string_equal(graph->nodes[1].type, "Relu");
    sy_graph_destroy(graph);
}

/* Conv -> BatchNormalization, in which `spoil` makes folding wrong. */
static void assert_not_folded(sy_ctx *ctx, int64_t opset,
                              void (*spoil)(sy_ctx *, sy_graph *, int conv, int bn))
{
    sy_graph *graph = graph_create(ctx, opset);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, linear_cases[0].input);
    const int conv = add_linear(ctx, graph, &linear_cases[0], x);
    const int bn = add_batchnorm(ctx, graph, "bn", conv);
    graph_output(graph, bn);
    spoil(ctx, graph, conv, bn);
    graph = fuse(ctx, graph);
    assert_int_equal(count_nodes(graph, "BatchNormalization"), 1);
    assert_int_equal(count_nodes(graph, "Conv"), 1);
    sy_graph_destroy(graph);
}

static void output_the_convolution(sy_ctx *ctx, sy_graph *graph, int conv, int bn)
{
    (void)ctx;
    (void)bn;
    graph_output(graph, conv);
}

static void read_the_convolution_twice(sy_ctx *ctx, sy_graph *graph, int conv, int bn)
{
    (void)bn;
    graph_output(graph, graph_node(ctx, graph, "Relu", "other", conv));
}

static void give_no_variance(sy_ctx *ctx, sy_graph *graph, int conv, int bn)
{
    static const float zeros[CHANNELS];
    (void)conv;
    const int v = graph_floats(ctx, graph, "zeros", SHAPE(CHANNELS), zeros);
    graph->nodes[graph->tensors[bn].producer].inputs[4] = v;
    assert_ok(ctx, sy_graph_set_attr_float(ctx, graph, graph->tensors[bn].producer, "epsilon", 0));
}

static void normalise_by_position(sy_ctx *ctx, sy_graph *graph, int conv, int bn)
{
    (void)conv;
    assert_ok(ctx, sy_graph_set_attr_int(ctx, graph, graph->tensors[bn].producer, "spatial", 0));
    graph->nodes[graph->tensors[bn].producer].op = NULL; /* no run time has to have it */
}

static void compute_the_mean(sy_ctx *ctx, sy_graph *graph, int conv, int bn)
{
    (void)conv;
    const int m = graph_input(ctx, graph, "given_mean", SY_DTYPE_FLOAT, SHAPE(CHANNELS));
    graph->nodes[graph->tensors[bn].producer].inputs[3] = m;
}

static void a_batch_norm_stays_where_folding_would_be_wrong(void **state)
{
    assert_not_folded(*state, 13, output_the_convolution);
    assert_not_folded(*state, 13, read_the_convolution_twice);
    assert_not_folded(*state, 13, give_no_variance);
    assert_not_folded(*state, 8, normalise_by_position);
    assert_not_folded(*state, 13, compute_the_mean);
}

static void a_batch_norm_behind_no_linear_node_stays(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, CHANNELS, 2, 2));
    graph_output(graph, add_batchnorm(ctx, graph, "bn", graph_node(ctx, graph, "Relu", "r", x)));
    graph = fuse(ctx, graph);
    assert_int_equal(count_nodes(graph, "BatchNormalization"), 1);
    sy_graph_destroy(graph);
}

static void shared_weights_are_copied_before_they_change(void **state)
{
    sy_ctx *ctx = *state;
    static const float values[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 3, 1, 1));
    const int w = graph_floats(ctx, graph, "w", SHAPE(4, 3, 1, 1), values);
    const int a = graph_node(ctx, graph, "Conv", "a", x, w), b = graph_node(ctx, graph, "Conv", "b", x, w);
    graph_output(graph, add_batchnorm(ctx, graph, "bn", a));
    graph_output(graph, b);
    graph = fuse(ctx, graph);
    assert_int_equal(graph->node_count, 2);
    const sy_node *folded = &graph->nodes[sy_graph_find_node(graph, "a")];
    const sy_node *other = &graph->nodes[sy_graph_find_node(graph, "b")];
    assert_memory_equal(graph->tensors[other->inputs[1]].data, values, sizeof values);
    assert_string_equal(graph->tensors[other->inputs[1]].name, "w");
    assert_memory_not_equal(graph->tensors[folded->inputs[1]].data, values, sizeof values);
    assert_string_equal(graph->tensors[folded->inputs[2]].name, "a_bias");
    sy_graph_destroy(graph);
}

static void the_graph_given_is_not_changed(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = graph_create(ctx, 13), *fused = NULL;
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, linear_cases[0].input);
    graph_output(graph, add_batchnorm(ctx, graph, "bn", add_linear(ctx, graph, &linear_cases[0], x)));
    assert_ok(ctx, sy_infer_shapes(ctx, graph));
    sy_text before = {0}, after = {0};
    const char *report = NULL;
    sy_graph_print(graph, &before);
    float weights[12];
    memcpy(weights, graph->tensors[sy_graph_find_tensor(graph, "w")].data, sizeof weights);
    assert_ok(ctx, sy_fuse(ctx, graph, &fused, &report));
    sy_graph_print(graph, &after);
    assert_string_equal(before.bytes, after.bytes);
    assert_memory_equal(graph->tensors[sy_graph_find_tensor(graph, "w")].data, weights, sizeof weights);
    assert_string_equal(report, "BatchNormalization 'bn' folded into Conv 'linear'\n");
    sy_text_release(&before);
    sy_text_release(&after);
    sy_graph_destroy(fused);
    sy_graph_destroy(graph);
}

static void constants_of_other_axes_are_not_folded(void **state)
{
    sy_ctx *ctx = *state;
    static const struct {
        const char *type;
        sy_shape shape;
        bool constant_first;
    } cases[] = {
        {"Add", {1, {4}}, false},             /* along the last axis */
        {"Mul", {3, {1, 4, 1}}, false},       /* along the rows */
        {"Add", {5, {1, 1, 4, 1, 1}}, false}, /* gives another rank */
        {"Add", {4, {2, 4, 1, 1}}, false},    /* gives another batch */
        {"Sub", {3, {4, 1, 1}}, true},        /* c - x */
        {"Div", {3, {4, 1, 1}}, true},        /* c / x */
    };
    static const float values[8] = {1, 2, 3, 4, 5, 6, 7, 8}, weights[4] = {1, 1, 1, 1};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_graph *graph = graph_create(ctx, 13);
        const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(1, 1, 4, 4));
        const int w = graph_floats(ctx, graph, "w", SHAPE(4, 1, 1, 1), weights);
        const int y = graph_node(ctx, graph, "Conv", "conv", x, w);
        const int k = graph_floats(ctx, graph, "k", cases[i].shape, values);
        graph_output(graph, cases[i].constant_first
                                ? graph_node(ctx, graph, cases[i].type, "follower", k, y)
                                : graph_node(ctx, graph, cases[i].type, "follower", y, k));
        graph = fuse(ctx, graph);
        assert_int_equal(graph->node_count, 2);
        sy_graph_destroy(graph);
    }
}

static void nodes_that_change_nothing_are_removed(void **state)
{
    sy_ctx *ctx = *state;
    static const struct {
        const char *type;
        int64_t opset;
        int64_t ints[8]; /* second input; count 0: none */
        int int_count;
        int64_t perm; /* 1: keeps the order; -1: reverses it */
        int64_t to;
        bool removed;
    } cases[] = {
        {"Identity", 13, {0}, 0, 0, 0, true},
        {"Dropout", 10, {0}, 0, 0, 0, true},
        {"Cast", 13, {0}, 0, 0, SY_DTYPE_FLOAT, true},
        {"Cast", 13, {0}, 0, 0, SY_DTYPE_INT32, false},
        {"Pad", 13, {0, 0, 0, 0}, 4, 0, 0, true},
        {"Pad", 13, {0, 0, 0, 1}, 4, 0, 0, false},
        {"Reshape", 13, {2, 3}, 2, 0, 0, true},
        {"Reshape", 13, {3, 2}, 2, 0, 0, false},
        {"Transpose", 13, {0}, 0, 1, 0, true},
        {"Transpose", 13, {0}, 0, -1, 0, false},
        {"Expand", 13, {2, 1}, 2, 0, 0, true},
        {"Concat", 13, {0}, 0, 0, 0, true},
        {"Relu", 13, {0}, 0, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sy_graph *graph = graph_create(ctx, cases[i].opset);
        const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(2, 3));
        const int before = graph_node(ctx, graph, "Sigmoid", "before", x);
        int y;
        if (cases[i].int_count)
            y = graph_node(ctx, graph, cases[i].type, "same", before,
                           graph_ints(ctx, graph, "ints", cases[i].int_count, cases[i].ints));
        else
            y = graph_node(ctx, graph, cases[i].type, "same", before);
        if (cases[i].to)
            graph_int_attr(ctx, graph, "to", cases[i].to);
        if (strcmp(cases[i].type, "Concat") == 0)
            graph_int_attr(ctx, graph, "axis", 0);
        const int64_t order[2] = {cases[i].perm<0, cases[i].perm> 0};
        if (cases[i].perm)
            assert_ok(ctx, sy_graph_set_attr_ints(ctx, graph, graph->node_count - 1, "perm", order, 2));
        graph_output(graph, graph_node(ctx, graph, "Abs", "after", y));
        graph = fuse(ctx, graph);
        assert_int_equal(graph->node_count, cases[i].removed ? 2 : 3);
        sy_graph_destroy(graph);
    }
}

static void outputs_keep_their_names(void **state)
{
    sy_ctx *ctx = *state;
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(2, 3));
    const int r = graph_node(ctx, graph, "Relu", "r", x);
    graph_output(graph, graph_node(ctx, graph, "Identity", "y", r));    /* Relu can make it */
    graph_output(graph, graph_node(ctx, graph, "Identity", "copy", x)); /* nothing else can */
    graph_output(graph, graph_node(ctx, graph, "Abs", "z", r));
    graph = fuse(ctx, graph);
    static const char *want[] = {"y", "copy", "z"};
    for (int i = 0; i < 3; i++)
        assert_string_equal(graph->tensors[graph->outputs[i]].name, want[i]);
    assert_int_equal(graph->node_count, 3);
    assert_int_equal(count_nodes(graph, "Identity"), 1);
    const sy_node *z = &graph->nodes[sy_graph_find_node(graph, "z")];
    assert_string_equal(graph->tensors[z->inputs[0]].name, "y");
    sy_graph_destroy(graph);
}

static void nodes_of_constants_are_computed(void **state)
{
    sy_ctx *ctx = *state;
    static const float a[] = {1, 2, 3}, b[] = {10, 20, 30};
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(3));
    const int sum = graph_node(ctx, graph, "Add", "sum", graph_floats(ctx, graph, "a", SHAPE(3), a),
                               graph_floats(ctx, graph, "b", SHAPE(3), b));
    const int twice = graph_node(ctx, graph, "Add", "twice", sum, sum);
    graph_output(graph, graph_node(ctx, graph, "Mul", "y", x, twice));
    graph = fuse(ctx, graph);
    assert_int_equal(graph->node_count, 1);
    static const float want[] = {22, 44, 66};
    const sy_tensor *folded = &graph->tensors[sy_graph_find_tensor(graph, "twice")];
    assert_non_null(folded->data);
    assert_memory_equal(folded->data, want, sizeof want);
    assert_int_equal(sy_graph_find_tensor(graph, "sum"), SY_NONE);
    sy_graph_destroy(graph);
}

static void some_nodes_of_constants_stay(void **state)
{
    sy_ctx *ctx = *state;
    static const int64_t large[] = {300, 300}, beyond[] = {INT64_MAX};
    static const float scale[] = {0.5F};
    static const int8_t weights[] = {1, -2, 3};
    sy_graph *graph = graph_create(ctx, 13);
    const int x = graph_input(ctx, graph, "x", SY_DTYPE_FLOAT, SHAPE(300, 300));
    const int n = graph_input(ctx, graph, "n", SY_DTYPE_INT64, SHAPE(1));
    const int q = graph_input(ctx, graph, "q", SY_DTYPE_FLOAT, SHAPE(3));
    /* A large constant from a small recipe. */
    const int one = graph_floats(ctx, graph, "one", SHAPE(1), scale);
    const int spread =
        graph_node(ctx, graph, "Expand", "spread", one, graph_ints(ctx, graph, "large", 2, large));
    graph_output(graph, graph_node(ctx, graph, "Add", "y", x, spread));
    /* A number that 32 bits do not hold. */
    const int negative =
        graph_node(ctx, graph, "Neg", "negative", graph_ints(ctx, graph, "beyond", 1, beyond));
    graph_output(graph, graph_node(ctx, graph, "Add", "m", n, negative));
    /* Quantized weights. */
    int w;
    assert_ok(ctx,
              sy_graph_add_constant(ctx, graph, "w", SY_DTYPE_INT8, &SHAPE(3), weights, sizeof weights, &w));
    const int dequantized = graph_node(ctx, graph, "DequantizeLinear", "dequantized", w,
                                       graph_floats(ctx, graph, "scale", (sy_shape){0}, scale));
    graph_output(graph, graph_node(ctx, graph, "Add", "p", q, dequantized));
    graph = fuse(ctx, graph);
    assert_int_equal(count_nodes(graph, "Expand"), 1);
    assert_int_equal(count_nodes(graph, "Neg"), 1);
    assert_int_equal(count_nodes(graph, "DequantizeLinear"), 1);
    sy_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_follows_a_linear_node_is_folded_into_it),
        cmocka_unit_test(a_chain_is_folded_whole),
        cmocka_unit_test(a_batch_norm_stays_where_folding_would_be_wrong),
        cmocka_unit_test(a_batch_norm_behind_no_linear_node_stays),
        cmocka_unit_test(shared_weights_are_copied_before_they_change),
        cmocka_unit_test(the_graph_given_is_not_changed),
        cmocka_unit_test(constants_of_other_axes_are_not_folded),
        cmocka_unit_test(nodes_that_change_nothing_are_removed),
        cmocka_unit_test(outputs_keep_their_names),
        cmocka_unit_test(nodes_of_constants_are_computed),
        cmocka_unit_test(some_nodes_of_constants_stay),
    };
    return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
