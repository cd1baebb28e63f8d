/* A small network, samples that are computed, and collecting their statistics on the CPU. */
#ifndef SY_TESTS_SUPPORT_COLLECT_H
#define SY_TESTS_SUPPORT_COLLECT_H

#include <math.h>
#include <stdio.h>

#include "calib/collect.h"
#include "run/run.h"
#include "support/graph.h"
#include "support/tensor_stats.h"

enum { SIDE = 6, IN = 3, MAPS = 4, CLASSES = 5, IN_WORDS = IN * SIDE * SIDE, SAMPLES = 13 };

/* Conv, Relu, GlobalAveragePool, Flatten, MatMul and Add: a product, its bias and its activation store one
 * tensor. */
typedef struct net {
    sy_graph *graph;
    int x, conv, relu, pool, flat, matmul, y;
} net;

static inline net net_create(sy_ctx *ctx)
{
    static float weights[MAPS * IN * 9], matrix[MAPS * CLASSES], bias[CLASSES];
    random_state r = {1};
    for (int i = 0; i < MAPS * IN * 9; i++)
        weights[i] = (float)random_normal(&r);
    for (int i = 0; i < MAPS * CLASSES; i++)
        matrix[i] = (float)random_normal(&r);
    for (int i = 0; i < CLASSES; i++)
        bias[i] = (float)random_normal(&r);
    net n = {.graph = graph_create(ctx, 13)};
    n.x = graph_input(ctx, n.graph, "x", SY_DTYPE_FLOAT, SHAPE(1, IN, SIDE, SIDE));
    const int w = graph_floats(ctx, n.graph, "w", SHAPE(MAPS, IN, 3, 3), weights);
    const int m = graph_floats(ctx, n.graph, "m", SHAPE(MAPS, CLASSES), matrix);
    const int b = graph_floats(ctx, n.graph, "b", SHAPE(CLASSES), bias);
    n.conv = graph_node(ctx, n.graph, "Conv", "conv", n.x, w);
    n.relu = graph_node(ctx, n.graph, "Relu", "relu", n.conv);
    n.pool = graph_node(ctx, n.graph, "GlobalAveragePool", "pool", n.relu);
    n.flat = graph_node(ctx, n.graph, "Flatten", "flat", n.pool);
    n.matmul = graph_node(ctx, n.graph, "MatMul", "matmul", n.flat, m);
    n.y = graph_node(ctx, n.graph, "Add", "y", n.matmul, b);
    graph_output(n.graph, n.y);
    assert_ok(ctx, sy_infer_shapes(ctx, n.graph));
    return n;
}

/* Samples that are computed, not read. */
typedef struct made_up {
    size_t count;
    bool reversed;
    int not_a_number, unusable, broken, changed; /* indices of samples, SY_NONE for none */
    char names[1000][8];
} made_up;

static inline size_t place(const made_up *set, size_t index)
{
    return set->reversed ? set->count - 1 - index : index;
}

static inline const char *made_up_name(const void *user, size_t index)
{
    const made_up *set = user;
    return set->names[place(set, index)];
}

static inline void made_up_values(size_t sample, float x[IN_WORDS])
{
    random_state r = {sample + 1};
    for (int i = 0; i < IN_WORDS; i++)
        x[i] = (float)(random_normal(&r) * exp2((int)(sample % 5) - 2));
}

static inline sy_status made_up_load(sy_ctx *ctx, const void *user, size_t index, void *const *out,
                                     sy_hash *out_hash, bool *out_usable)
{
    const made_up *set = user;
    const size_t sample = place(set, index);
    float *x = out[0];
    if ((int)sample == set->broken)
        return sy_fail(ctx, SY_E_DATA, "%s: is broken", set->names[sample]);
    *out_usable = (int)sample != set->unusable;
    if (!*out_usable)
        return SY_OK;
    made_up_values(sample, x);
    if ((int)sample == set->not_a_number)
        x[40] = NAN;
    *out_hash = sy_hash_of(x, IN_WORDS * sizeof *x);
    return SY_OK;
}

static inline sy_status made_up_hash(sy_ctx *ctx, const void *user, size_t index, sy_hash *out)
{
    const made_up *set = user;
    const size_t sample = place(set, index);
    float x[IN_WORDS];
    (void)ctx;
    made_up_values(sample, x);
    if ((int)sample == set->not_a_number)
        x[40] = NAN;
    x[0] += (int)sample == set->changed;
    *out = sy_hash_of(x, sizeof x);
    return SY_OK;
}

static inline made_up *made_up_create(size_t count)
{
    made_up *set = calloc(1, sizeof *set);
    assert_non_null(set);
    *set = (made_up){
        .count = count, .not_a_number = SY_NONE, .unusable = SY_NONE, .broken = SY_NONE, .changed = SY_NONE};
    for (size_t i = 0; i < count; i++)
        snprintf(set->names[i], sizeof set->names[i], "s%03u", (unsigned)i);
    return set;
}

/* How a run is made; zeroed but for `workers` it is the plainest. */
typedef struct run_options {
    int workers;
    uint32_t batch;
    sy_calib_keep *keep;
    const sy_stats *resumed;
    const char *model, *input_shape, *preprocess; /* NULL: "m", "x:1,3,6,6", "" */
    int hidden;                                   /* tensors that are not looked at */
} run_options;

static inline sy_status collect_with(sy_ctx *ctx, const net *n, const made_up *set, const run_options *how,
                                     sy_stats **out)
{
    sy_arena arena = {0};
    sy_device *device = NULL;
    int *observed, count;
    const sy_sample_source samples = {set, set->count, made_up_name, made_up_load, made_up_hash};
    assert_ok(ctx, sy_calib_choose(ctx, n->graph, &arena, &observed, &count));
    assert_ok(ctx, sy_backend_cpu.open(ctx, 0, &device));
    const sy_calib_spec spec = {.backend = &sy_backend_cpu,
                                .device = device,
                                .graph = n->graph,
                                .observed = observed,
                                .observed_count = count - how->hidden,
                                .samples = &samples,
                                .workers = how->workers,
                                .batch = how->batch,
                                .model = sy_hash_of(how->model ? how->model : "m", 1),
                                .input_shape = how->input_shape ? how->input_shape : "x:1,3,6,6",
                                .preprocess = how->preprocess ? how->preprocess : "",
                                .keep = how->keep,
                                .resumed = how->resumed,
                                .resumed_name = "x.part"};
    const sy_status status = sy_calib_collect(ctx, &spec, out);
    sy_backend_cpu.close(device);
    sy_arena_release(&arena);
    return status;
}

static inline sy_status collect_batches(sy_ctx *ctx, const net *n, const made_up *set, int workers,
                                        uint32_t batch, sy_stats **out)
{
    const run_options how = {.workers = workers, .batch = batch};
    return collect_with(ctx, n, set, &how, out);
}

/* Warnings, a line each. */
typedef struct log_lines {
    char text[2000];
} log_lines;

static inline void keep_line(void *user, sy_log_level level, const char *line)
{
    log_lines *lines = user;
    if (level != SY_LOG_WARN)
        return;
    const size_t used = strlen(lines->text);
    snprintf(lines->text + used, sizeof lines->text - used, "%s\n", line);
}

#endif
