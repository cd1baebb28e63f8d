#include "pipeline/weight_walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/log.h"
#include "correct/stream.h"
#include "pipeline/weight_streams.h"
#include "run/run.h"

/* What is kept of all samples at a cut, and at the one it moves to. */
static const size_t kept_bytes = (size_t)1 << 30;

struct sy_weight_walk {
    sy_job *job;
    sy_ctx *ctx;
    sy_weight_inputs *list;
    int count;
    sy_graph *graph; /* bound */
    int *places;     /* [node of the graph]: its place in the model; SY_NONE: it is of no stream */
    sy_weight_reader *readers;
    int reader_count, next;
    int turn; /* weight that has it; SY_NONE */
    sy_advance how;
    sy_activations activations;
    size_t *samples; /* those that are used */
    size_t sample_count;
    sy_arena arena;
};

static sy_status bind(sy_weight_walk *walk)
{
    const sy_graph *like = walk->job->bound;
    sy_input_shape *shapes = sy_arena_alloc(&walk->arena, (size_t)like->input_count, sizeof *shapes);
    sy_graph *bound = NULL;
    SY_TRY(sy_check_alloc(walk->ctx, shapes));
    for (int i = 0; i < like->input_count; i++) {
        const sy_tensor *tensor = &like->tensors[like->inputs[i]];
        shapes[i] = (sy_input_shape){.name = tensor->name, .shape = tensor->shape};
    }
    SY_TRY(sy_graph_compact(walk->ctx, walk->graph));
    SY_TRY(sy_graph_bind(walk->ctx, walk->graph, shapes, like->input_count, &bound));
    sy_graph_destroy(walk->graph);
    walk->graph = bound;
    return SY_OK;
}

static sy_status find_places(sy_weight_walk *walk)
{
    const sy_graph *graph = walk->graph;
    walk->places = sy_arena_alloc(&walk->arena, (size_t)graph->node_count, sizeof *walk->places);
    SY_TRY(sy_check_alloc(walk->ctx, walk->places));
    for (int n = 0; n < graph->node_count; n++) {
        const sy_node *node = &graph->nodes[n];
        walk->places[n] = SY_NONE;
        for (int o = 0; o < node->output_count && walk->places[n] == SY_NONE; o++)
            if (node->outputs[o] != SY_NONE)
                walk->places[n] = sy_weight_place(walk->job->model, graph->tensors[node->outputs[o]].name);
    }
    return SY_OK;
}

/* As many samples as have room for their inputs in half of what may be kept, spread over those there are. */
static sy_status choose_samples(sy_weight_walk *walk)
{
    const size_t total = sy_samples_count(walk->job->samples);
    const size_t each = sy_cut_bytes(walk->graph, walk->graph->inputs, walk->graph->input_count);
    const size_t fit = each ? kept_bytes / 2 / each : total;
    walk->sample_count = total < fit ? total : fit ? fit : 1;
    walk->samples = sy_arena_alloc(&walk->arena, walk->sample_count, sizeof *walk->samples);
    SY_TRY(sy_check_alloc(walk->ctx, walk->samples));
    for (size_t i = 0; i < walk->sample_count; i++)
        walk->samples[i] = i * total / walk->sample_count;
    if (walk->sample_count < total)
        sy_log(walk->ctx, SY_LOG_INFO, "GPTQ: %zu of %zu samples fit in the memory it may use",
               walk->sample_count, total);
    return SY_OK;
}

static sy_status require_usable(const sy_weight_walk *walk)
{
    for (size_t i = 0; i < walk->sample_count; i++)
        if (walk->activations.usable[i])
            return SY_OK;
    return sy_fail(walk->ctx, SY_E_DATA, "none of the %zu samples is usable", walk->sample_count);
}

static sy_status open(sy_weight_walk *walk)
{
    sy_job *job = walk->job;
    const sy_sample_source source = sy_sample_source_of(job->samples);
    SY_TRY(sy_weight_streams(walk->ctx, job->model, walk->list, walk->count, &walk->arena, &walk->readers,
                             &walk->reader_count, &walk->graph));
    if (walk->reader_count == 0)
        return SY_OK;
    SY_TRY(bind(walk));
    SY_TRY(find_places(walk));
    SY_TRY(choose_samples(walk));
    SY_TRY(sy_activations_load(walk->ctx, walk->graph, job->bound, &source, walk->samples, walk->sample_count,
                               job->workers, &walk->activations));
    return require_usable(walk);
}

sy_status sy_weight_walk_open(sy_job *job, sy_weight_inputs *list, int count, sy_weight_walk **out)
{
    sy_weight_walk *walk = calloc(1, sizeof *walk);
    SY_TRY(sy_check_alloc(job->ctx, walk));
    walk->job = job;
    walk->ctx = job->ctx;
    walk->list = list;
    walk->count = count;
    walk->turn = SY_NONE;
    walk->how = (sy_advance){
        .backend = job->backend, .device = job->device, .workers = job->workers, .batch = job->batch};
    const sy_status status = open(walk);
    if (status == SY_OK)
        *out = walk;
    else
        sy_weight_walk_close(walk);
    return sy_while(job->ctx, status, "second moments of what the layers read");
}

static void release_moments(sy_weight_inputs *inputs)
{
    sy_weight_moments *moments = &inputs->moments;
    free(moments->products);
    free(moments->sums);
    free(inputs->crossing.products);
    free(inputs->crossing.sums);
    inputs->crossing = (sy_weight_crossing){0};
    *moments = (sy_weight_moments){.groups = moments->groups, .size = moments->size};
}

void sy_weight_walk_close(sy_weight_walk *walk)
{
    if (!walk)
        return;
    for (int i = 0; i < walk->count; i++)
        release_moments(&walk->list[i]);
    sy_activations_release(&walk->activations);
    sy_graph_destroy(walk->graph);
    sy_arena_release(&walk->arena);
    free(walk);
}

static sy_status set_constant(sy_weight_walk *walk, const char *name, const void *values, size_t bytes)
{
    SY_TRY(sy_check_alloc(walk->ctx, name));
    const int tensor = sy_graph_find_tensor(walk->graph, name);
    if (tensor == SY_NONE)
        return SY_OK; /* nothing that is computed reads it */
    sy_tensor *constant = &walk->graph->tensors[tensor];
    if (!constant->data || constant->dtype != SY_DTYPE_FLOAT || constant->bytes != bytes)
        return sy_fail(walk->ctx, SY_E_INTERNAL, "'%s' is no constant of %zu bytes", name, bytes);
    constant->data = sy_arena_copy(&walk->arena, values, bytes);
    return sy_check_alloc(walk->ctx, constant->data);
}

static sy_status set_bias(sy_weight_walk *walk, const sy_weight_inputs *inputs, const double *bias)
{
    const char *name = sy_weight_bias_name(&walk->arena, inputs->name);
    const size_t outputs = inputs->layout.outputs;
    float *values = sy_arena_alloc(&walk->arena, outputs, sizeof *values);
    SY_TRY(sy_check_alloc(walk->ctx, name && values ? values : NULL));
    const int tensor = sy_graph_find_tensor(walk->graph, name);
    if (tensor == SY_NONE)
        return SY_OK;
    SY_TRY(sy_tensor_to_f32(walk->ctx, &walk->graph->tensors[tensor], values, outputs));
    for (size_t i = 0; i < outputs; i++)
        values[i] = (float)((double)values[i] + bias[i]);
    return set_constant(walk, name, values, outputs * sizeof *values);
}

sy_status sy_weight_walk_set(sy_weight_walk *walk, int index, const float *values, const double *bias)
{
    sy_weight_inputs *inputs = &walk->list[index];
    const int tensor = sy_graph_find_tensor(walk->job->model, inputs->name);
    size_t count;
    if (!walk->reader_count || tensor == SY_NONE ||
        !sy_shape_count(&walk->job->model->tensors[tensor].shape, &count))
        return SY_OK;
    SY_TRY(
        set_constant(walk, sy_weight_copy_name(&walk->arena, inputs->name), values, count * sizeof *values));
    return bias ? set_bias(walk, inputs, bias) : SY_OK;
}

static void take(const sy_weight_walk *walk, int tensor, int *cut, int *count)
{
    for (int i = 0; i < *count; i++)
        if (cut[i] == tensor)
            return;
    if (tensor != SY_NONE && !walk->graph->tensors[tensor].data)
        cut[(*count)++] = tensor;
}

/* What nodes from a place of the model on read in either stream, and what is computed before it. */
static sy_status find_cut(const sy_weight_walk *walk, const sy_weight_reader *reader, sy_arena *arena,
                          int **out, int *out_count)
{
    const sy_graph *graph = walk->graph;
    int *cut = sy_arena_alloc(arena, (size_t)graph->tensor_count, sizeof *cut), count = 0;
    SY_TRY(sy_check_alloc(walk->ctx, cut));
    for (int s = 0; s < SY_STREAM_COUNT; s++)
        take(walk, sy_graph_find_tensor(graph, reader->inputs[s]), cut, &count);
    for (int n = 0; n < graph->node_count; n++) {
        if (walk->places[n] < reader->place)
            continue;
        for (int i = 0; i < graph->nodes[n].input_count; i++) {
            const int tensor = graph->nodes[n].inputs[i];
            const int producer = tensor == SY_NONE ? SY_NONE : graph->tensors[tensor].producer;
            if (tensor != SY_NONE && (producer == SY_NONE || walk->places[producer] < reader->place))
                take(walk, tensor, cut, &count);
        }
    }
    *out = cut;
    *out_count = count;
    return SY_OK;
}

/* Moves to the reader where what crosses the cut has room; otherwise it is computed from where we are. */
static sy_status move(sy_weight_walk *walk, const sy_weight_reader *reader)
{
    sy_arena arena = {0};
    int *cut = NULL, count = 0;
    sy_status status = find_cut(walk, reader, &arena, &cut, &count);
    if (status == SY_OK) {
        const sy_activations *now = &walk->activations;
        const size_t each = sy_cut_bytes(walk->graph, cut, count) +
                            sy_cut_bytes(walk->graph, now->tensors, now->tensor_count);
        if (each <= kept_bytes / walk->sample_count)
            status = sy_activations_move(walk->ctx, &walk->how, &walk->activations, cut, count);
    }
    sy_arena_release(&arena);
    return status;
}

static sy_status alloc_sums(sy_ctx *ctx, sy_weight_inputs *inputs)
{
    sy_weight_moments *moments = &inputs->moments;
    sy_weight_crossing *crossing = &inputs->crossing;
    size_t square, products;
    const size_t sums = moments->groups * moments->size;
    if (moments->products)
        return SY_OK; /* of an earlier reader */
    if (!sy_mul_size(moments->size, moments->size, &square) ||
        !sy_mul_size(square, moments->groups, &products))
        return sy_check_alloc(ctx, NULL);
    moments->products = calloc(products, sizeof *moments->products);
    moments->sums = calloc(sums, sizeof *moments->sums);
    crossing->products = calloc(products, sizeof *crossing->products);
    crossing->sums = calloc(sums, sizeof *crossing->sums);
    const bool good = moments->products && moments->sums && crossing->products && crossing->sums;
    return sy_check_alloc(ctx, good ? moments : NULL);
}

/* Of one image, products about means, and the means, to sums of products. */
static void add_products(const sy_weight_moments *moments, const float *about, const float *left,
                         const float *right, double positions, double *sums)
{
    const size_t n = moments->size;
    for (size_t g = 0; g < moments->groups; g++)
        for (size_t i = 0; i < n; i++) {
            const size_t row = (g * n + i) * n;
            const double mean = positions * (double)left[g * n + i];
            for (size_t j = 0; j < n; j++)
                sums[row + j] += (double)about[row + j] + mean * (double)right[g * n + j];
        }
}

static void add_means(const sy_weight_moments *moments, const float *means, double positions, double *sums)
{
    for (size_t i = 0; i < moments->groups * moments->size; i++)
        sums[i] += positions * (double)means[i];
}

/* A reader while its moments are added up. */
typedef struct adding {
    sy_weight_inputs *inputs;
    size_t images;    /* of a sample */
    double positions; /* of an image */
} adding;

static sy_status add_sample(sy_ctx *ctx, void *user, size_t sample, const float *const *words)
{
    const adding *to = user;
    sy_weight_moments *moments = &to->inputs->moments;
    const sy_weight_crossing *crossing = &to->inputs->crossing;
    const size_t sums = moments->groups * moments->size, products = sums * moments->size;
    (void)ctx;
    (void)sample;
    for (size_t k = 0; k < to->images; k++) {
        const float *means = words[SY_MOMENT_MEANS] + k * sums, *wanted = words[SY_MOMENT_WANTED] + k * sums;
        add_products(moments, words[SY_MOMENT_PRODUCTS] + k * products, means, means, to->positions,
                     moments->products);
        add_products(moments, words[SY_MOMENT_CROSSED] + k * products, wanted, means, to->positions,
                     crossing->products);
        add_means(moments, means, to->positions, moments->sums);
        add_means(moments, wanted, to->positions, crossing->sums);
        moments->positions += to->positions;
    }
    return SY_OK;
}

/* Columns of a sample: what GlobalAveragePool takes the mean over. */
static sy_status describe(const sy_weight_walk *walk, const sy_weight_reader *reader, int means, adding *out)
{
    const sy_graph *graph = walk->graph;
    const int producer = graph->tensors[means].producer;
    size_t columns = 0, vectors = 0;
    if (producer == SY_NONE ||
        !sy_shape_count(&graph->tensors[graph->nodes[producer].inputs[0]].shape, &columns) ||
        !sy_shape_count(&graph->tensors[means].shape, &vectors) || columns == 0)
        return sy_fail(
            walk->ctx, SY_E_UNSUPPORTED,
            "quant_strategy = GPTQ: what weight '%s' is multiplied by does not depend on the samples",
            walk->list[reader->weight].name);
    out->inputs = &walk->list[reader->weight];
    out->images = vectors / (out->inputs->moments.groups * out->inputs->moments.size);
    out->positions = (double)columns / (double)vectors;
    return SY_OK;
}

static sy_status gather(sy_weight_walk *walk, const sy_weight_reader *reader)
{
    int tensors[SY_MOMENT_COUNT];
    adding to;
    for (int k = 0; k < SY_MOMENT_COUNT; k++) {
        tensors[k] = sy_graph_find_tensor(walk->graph, reader->moments[k]);
        if (tensors[k] == SY_NONE)
            return sy_fail(walk->ctx, SY_E_INTERNAL, "%s is gone", reader->moments[k]);
    }
    SY_TRY(describe(walk, reader, tensors[SY_MOMENT_MEANS], &to));
    SY_TRY(move(walk, reader));
    SY_TRY(alloc_sums(walk->ctx, to.inputs));
    return sy_activations_visit_in_order(walk->ctx, &walk->how, &walk->activations, tensors, SY_MOMENT_COUNT,
                                         add_sample, &to);
}

static bool is_last(const sy_weight_walk *walk, int reader)
{
    for (int r = reader + 1; r < walk->reader_count; r++)
        if (walk->readers[r].weight == walk->readers[reader].weight)
            return false;
    return true;
}

sy_status sy_weight_walk_next(sy_weight_walk *walk, int *out_index)
{
    *out_index = SY_NONE;
    if (walk->turn != SY_NONE)
        release_moments(&walk->list[walk->turn]);
    while (walk->next < walk->reader_count) {
        const int reader = walk->next++;
        SY_TRY(sy_progress(walk->ctx, "layers", (size_t)reader, (size_t)walk->reader_count));
        SY_TRY(sy_while(walk->ctx, gather(walk, &walk->readers[reader]),
                        "second moments of what weight '%s' reads",
                        walk->list[walk->readers[reader].weight].name));
        if (is_last(walk, reader)) {
            *out_index = walk->turn = walk->readers[reader].weight;
            return SY_OK;
        }
    }
    return walk->reader_count
               ? sy_progress(walk->ctx, "layers", (size_t)walk->reader_count, (size_t)walk->reader_count)
               : SY_OK;
}

sy_status sy_weight_walk_adapt(sy_ctx *ctx, const sy_weight_inputs *inputs, const float *values, size_t count,
                               sy_arena *arena, float **out, double **out_bias)
{
    double *bias = NULL;
    if (inputs->moves_bias) {
        bias = sy_arena_alloc(arena, inputs->layout.outputs, sizeof *bias);
        SY_TRY(sy_check_alloc(ctx, bias));
    }
    float *moved = malloc((count + 1) * sizeof *moved);
    SY_TRY(sy_check_alloc(ctx, moved));
    memcpy(moved, values, count * sizeof *moved);
    const sy_status status =
        sy_weight_adapt(ctx, &inputs->layout, &inputs->moments, &inputs->crossing, moved, bias);
    *out = moved;
    *out_bias = bias;
    return sy_while(ctx, status, "weight '%s'", inputs->name);
}
