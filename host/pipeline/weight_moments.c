#include "pipeline/weight_moments.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/pool.h"
#include "ops/op.h"
#include "run/run.h"

/* A reader of a weight: tensors with the products of its columns, and with their means. */
typedef struct source {
    int weight; /* into the list */
    const char *products, *means;
    int tensors[2]; /* of the bound graph */
    size_t at[2];   /* first word of each in a sample's results */
    size_t words[2];
    double positions; /* of one sample, for each group */
} source;

typedef struct gatherer {
    sy_job *job;
    sy_ctx *ctx;
    sy_arena *arena;
    sy_weight_inputs *list;
    sy_graph *graph; /* the model with more nodes; then the same, bound */
    source *sources;
    int source_count;
    sy_program *program;
    int worker_count;
    sy_runner **runners; /* [worker] */
    void ***inputs;      /* [worker][graph input] */
    float **results;     /* [sample of a round] */
    bool *usable;        /* [sample of a round] */
    size_t result_words;
    size_t first; /* sample of the round */
} gatherer;

/* Adds a node with one output, which gets the node's name. */
static sy_status add(gatherer *work, const char *type, const char *name, const int *inputs, int input_count,
                     int *out, int *out_node)
{
    const sy_shape unknown = {.rank = SY_NONE};
    int node;
    SY_TRY(sy_graph_add_tensor(work->ctx, work->graph, name, SY_DTYPE_FLOAT, &unknown, out));
    SY_TRY(sy_graph_add_node(work->ctx, work->graph, type, name, inputs, input_count, out, 1, &node));
    work->graph->nodes[node].op = sy_op_find("", type);
    if (out_node)
        *out_node = node;
    return SY_OK;
}

static sy_status reshape(gatherer *work, const char *name, int x, const int64_t *dims, int count, int *out)
{
    const sy_shape shape = {.rank = 1, .dims = {count}};
    int list;
    SY_TRY(sy_graph_add_constant(work->ctx, work->graph, name, SY_DTYPE_INT64, &shape, dims,
                                 (size_t)count * sizeof *dims, &list));
    return add(work, "Reshape", name, (int[]){x, list}, 2, out, NULL);
}

static const char *name_of(gatherer *work, const char *base, const char *what)
{
    const char *name = sy_arena_printf(&work->graph->arena, "%s.%s", base, what);
    return name ? name : what;
}

static bool is_pointwise(const sy_node *node, const sy_shape *w)
{
    static const char *const lists[] = {"strides", "pads"};
    for (int i = 2; i < w->rank; i++)
        if (w->dims[i] != 1)
            return false;
    for (int l = 0; l < 2; l++) {
        size_t count;
        const int64_t *values = sy_node_ints(node, lists[l], &count);
        for (size_t i = 0; i < count; i++)
            if (values[i] != (l == 0 ? 1 : 0))
                return false;
    }
    return true;
}

/* A Conv of the same form whose outputs are the values that each output of the node adds up: weights with a
 * single 1. */
static sy_status unfold(gatherer *work, int node, const char *base, int64_t groups, size_t size, int *out)
{
    const sy_shape w = work->graph->tensors[work->graph->nodes[node].inputs[1]].shape;
    sy_shape shape = w;
    size_t rows = (size_t)groups * size, count, bytes;
    int ones, copy;
    shape.dims[0] = (int64_t)rows;
    if (!sy_mul_size(rows, size, &count) || !sy_mul_size(count, sizeof(float), &bytes))
        return sy_fail(work->ctx, SY_E_MEMORY, "out of memory");
    float *values = calloc(count, sizeof *values);
    SY_TRY(sy_check_alloc(work->ctx, values));
    for (size_t r = 0; r < rows; r++)
        values[r * size + r % size] = 1;
    sy_status status = sy_graph_add_constant(work->ctx, work->graph, name_of(work, base, "ones"),
                                             SY_DTYPE_FLOAT, &shape, values, bytes, &ones);
    free(values);
    SY_TRY(status);
    const int x = work->graph->nodes[node].inputs[0];
    SY_TRY(add(work, "Conv", name_of(work, base, "columns"), (int[]){x, ones}, 2, out, &copy));
    work->graph->nodes[copy].attrs = work->graph->nodes[node].attrs;
    work->graph->nodes[copy].attr_count = work->graph->nodes[node].attr_count;
    return SY_OK;
}

/* [N, groups * size, positions ...] of what the outputs add up. */
static sy_status add_columns(gatherer *work, int node, const char *base, int64_t groups, size_t size,
                             int *out)
{
    const sy_node *reader = &work->graph->nodes[node];
    const bool flipped = sy_node_is(reader, "Gemm") && sy_node_int(reader, "transA", 0);
    const int x = reader->inputs[0];
    if (sy_node_is(reader, "Conv")) {
        const sy_shape *w = &work->graph->tensors[reader->inputs[1]].shape;
        *out = x;
        return is_pointwise(reader, w) ? SY_OK : unfold(work, node, base, groups, size, out);
    }
    if (flipped)
        return reshape(work, name_of(work, base, "columns"), x, (int64_t[]){1, (int64_t)size, -1}, 3, out);
    int rows, swapped;
    SY_TRY(reshape(work, name_of(work, base, "rows"), x, (int64_t[]){1, -1, (int64_t)size}, 3, &rows));
    SY_TRY(add(work, "Transpose", name_of(work, base, "columns"), &rows, 1, out, &swapped));
    return sy_graph_set_attr_ints(work->ctx, work->graph, swapped, "perm", (int64_t[]){0, 2, 1}, 3);
}

static sy_status keep_output(gatherer *work, int tensor)
{
    sy_graph *graph = work->graph;
    int *outputs = realloc(graph->outputs, ((size_t)graph->output_count + 1) * sizeof *outputs);
    SY_TRY(sy_check_alloc(work->ctx, outputs));
    graph->outputs = outputs;
    graph->outputs[graph->output_count++] = tensor;
    return SY_OK;
}

/* The means of the columns, and products of what they differ from them, [N, groups, size, size]: floats would
 * lose small differences from large means.
 */
static sy_status add_products(gatherer *work, int columns, const char *base, int64_t groups, size_t size,
                              source *out)
{
    const int64_t dims[] = {0, groups, (int64_t)size, -1};
    int centred, grouped, swapped, node, products, means;
    SY_TRY(add(work, "GlobalAveragePool", name_of(work, base, "means"), &columns, 1, &means, NULL));
    SY_TRY(add(work, "Sub", name_of(work, base, "centred"), (int[]){columns, means}, 2, &centred, NULL));
    SY_TRY(reshape(work, name_of(work, base, "grouped"), centred, dims, 4, &grouped));
    SY_TRY(add(work, "Transpose", name_of(work, base, "swapped"), &grouped, 1, &swapped, &node));
    SY_TRY(sy_graph_set_attr_ints(work->ctx, work->graph, node, "perm", (int64_t[]){0, 1, 3, 2}, 4));
    SY_TRY(
        add(work, "MatMul", name_of(work, base, "products"), (int[]){grouped, swapped}, 2, &products, NULL));
    out->products = work->graph->tensors[products].name;
    out->means = work->graph->tensors[means].name;
    SY_TRY(keep_output(work, products));
    return keep_output(work, means);
}

/* How a reader cuts its weight; false: it is no product of a known form. */
static bool describe(const sy_graph *graph, const sy_node *node, int tensor, size_t *out_groups,
                     size_t *out_size, sy_weight_layout *out)
{
    const sy_shape *w = &graph->tensors[tensor].shape;
    size_t count;
    if (node->input_count < 2 || node->inputs[1] != tensor || node->inputs[0] == tensor ||
        !sy_shape_count(w, &count) || count == 0)
        return false;
    const bool rows =
        sy_node_is(node, "Conv") || (sy_node_is(node, "Gemm") && sy_node_int(node, "transB", 0));
    if (!rows && !((sy_node_is(node, "Gemm") || sy_node_is(node, "MatMul")) && w->rank == 2))
        return false;
    const size_t outputs = (size_t)w->dims[rows ? 0 : 1];
    const int64_t groups = sy_node_is(node, "Conv") ? sy_node_int(node, "group", 1) : 1;
    if (groups < 1 || outputs % (size_t)groups != 0)
        return false;
    *out_groups = (size_t)groups;
    *out_size = count / outputs;
    *out = (sy_weight_layout){
        .outputs = outputs, .output_stride = rows ? *out_size : 1, .input_stride = rows ? 1 : outputs};
    return true;
}

static sy_status add_reader(gatherer *work, int index, int node, int tensor)
{
    sy_weight_inputs *inputs = &work->list[index];
    sy_weight_layout layout;
    size_t groups, size;
    int columns;
    if (!describe(work->graph, &work->graph->nodes[node], tensor, &groups, &size, &layout))
        return SY_OK;
    const bool first = inputs->moments.groups == 0;
    if (!first && (inputs->moments.groups != groups || inputs->layout.output_stride != layout.output_stride))
        return SY_OK;
    inputs->layout = layout;
    inputs->moments.groups = groups;
    inputs->moments.size = size;
    source *added = &work->sources[work->source_count++];
    added->weight = index;
    const char *base = sy_arena_printf(&work->graph->arena, "steelyard.%d", work->source_count);
    SY_TRY(sy_check_alloc(work->ctx, base));
    SY_TRY(add_columns(work, node, base, (int64_t)groups, size, &columns));
    return add_products(work, columns, base, (int64_t)groups, size, added);
}

/* The job's model with a product for every reader of every weight. */
static sy_status extend(gatherer *work, int count)
{
    const int nodes = work->job->model->node_count;
    SY_TRY(sy_graph_copy(work->ctx, work->job->model, &work->graph));
    work->sources = sy_arena_alloc(work->arena, (size_t)nodes, sizeof *work->sources);
    SY_TRY(sy_check_alloc(work->ctx, work->sources));
    for (int i = 0; i < count; i++) {
        const int tensor = sy_graph_find_tensor(work->graph, work->list[i].name);
        for (int n = 0; n < nodes && tensor != SY_NONE; n++)
            if (work->graph->nodes[n].input_count > 1 && work->graph->nodes[n].inputs[1] == tensor)
                SY_TRY(add_reader(work, i, n, tensor));
    }
    return SY_OK;
}

static sy_status bind(gatherer *work)
{
    sy_graph *bound = NULL;
    sy_input_shape *shapes =
        sy_arena_alloc(work->arena, (size_t)work->job->bound->input_count, sizeof *shapes);
    int count = 0;
    SY_TRY(sy_check_alloc(work->ctx, shapes));
    for (int i = 0; i < work->job->bound->input_count; i++) {
        const sy_tensor *tensor = &work->job->bound->tensors[work->job->bound->inputs[i]];
        shapes[count++] = (sy_input_shape){.name = tensor->name, .shape = tensor->shape};
    }
    SY_TRY(sy_graph_compact(work->ctx, work->graph));
    SY_TRY(sy_graph_bind(work->ctx, work->graph, shapes, count, &bound));
    for (int s = 0; s < work->source_count; s++) {
        source *from = &work->sources[s];
        const char *names[] = {from->products, from->means};
        for (int k = 0; k < 2; k++) {
            from->tensors[k] = sy_graph_find_tensor(bound, names[k]);
            if (from->tensors[k] == SY_NONE ||
                !sy_shape_count(&bound->tensors[from->tensors[k]].shape, &from->words[k])) {
                sy_graph_destroy(bound);
                return sy_fail(work->ctx, SY_E_INTERNAL, "%s is gone", names[k]);
            }
            from->at[k] = work->result_words;
            work->result_words += from->words[k];
        }
    }
    sy_graph_destroy(work->graph);
    work->graph = bound;
    return SY_OK;
}

/* Columns that a sample has: what GlobalAveragePool took the mean over, times the samples in a batch. */
static sy_status count_positions(gatherer *work)
{
    for (int s = 0; s < work->source_count; s++) {
        source *from = &work->sources[s];
        const int producer = work->graph->tensors[from->tensors[1]].producer;
        const sy_node *node = producer == SY_NONE ? NULL : &work->graph->nodes[producer];
        size_t elements;
        if (!node || !sy_shape_count(&work->graph->tensors[node->inputs[0]].shape, &elements) ||
            elements == 0)
            return sy_fail(
                work->ctx, SY_E_UNSUPPORTED,
                "quant_strategy = GPTQ: what weight '%s' is multiplied by does not depend on the samples",
                work->list[from->weight].name);
        const sy_weight_moments *moments = &work->list[from->weight].moments;
        from->positions = (double)elements / (double)(moments->groups * moments->size);
    }
    return SY_OK;
}

static sy_status alloc_sums(gatherer *work, int count)
{
    for (int i = 0; i < count; i++) {
        sy_weight_moments *moments = &work->list[i].moments;
        size_t square;
        if (moments->groups == 0)
            continue;
        if (!sy_mul_size(moments->size, moments->size, &square))
            return sy_check_alloc(work->ctx, NULL);
        moments->products = sy_arena_alloc(work->arena, moments->groups * square, sizeof *moments->products);
        moments->sums = sy_arena_alloc(work->arena, moments->groups * moments->size, sizeof *moments->sums);
        SY_TRY(sy_check_alloc(work->ctx, moments->products && moments->sums ? moments->sums : NULL));
    }
    return SY_OK;
}

static sy_status open_worker(gatherer *work, int w)
{
    const sy_graph *graph = work->graph;
    SY_TRY(sy_runner_create(work->ctx, work->program, 1, &work->runners[w]));
    work->inputs[w] = sy_arena_alloc(work->arena, (size_t)graph->input_count, sizeof(void *));
    work->results[w] = sy_arena_alloc(work->arena, work->result_words, sizeof(float));
    SY_TRY(sy_check_alloc(work->ctx, work->inputs[w] && work->results[w] ? work->results[w] : NULL));
    for (int i = 0; i < graph->input_count; i++) {
        size_t words = 0;
        sy_shape_count(&graph->tensors[graph->inputs[i]].shape, &words);
        work->inputs[w][i] = sy_arena_alloc(work->arena, words, sizeof(uint32_t));
        SY_TRY(sy_check_alloc(work->ctx, work->inputs[w][i]));
    }
    return SY_OK;
}

static sy_status open_workers(gatherer *work)
{
    const sy_job *job = work->job;
    int *observed = sy_arena_alloc(work->arena, 2 * (size_t)work->source_count, sizeof *observed);
    SY_TRY(sy_check_alloc(work->ctx, observed));
    for (int k = 0; k < 2 * work->source_count; k++)
        observed[k] = work->sources[k / 2].tensors[k % 2];
    const sy_program_spec spec = {.graph = work->graph,
                                  .inputs = work->graph->inputs,
                                  .input_count = work->graph->input_count,
                                  .observed = observed,
                                  .observed_count = 2 * work->source_count};
    const size_t workers = (size_t)work->worker_count;
    SY_TRY(sy_program_create(work->ctx, job->backend, job->device, &spec, &work->program));
    work->runners = sy_arena_alloc(work->arena, workers, sizeof(sy_runner *));
    work->inputs = sy_arena_alloc(work->arena, workers, sizeof(void **));
    work->results = sy_arena_alloc(work->arena, workers, sizeof(float *));
    work->usable = sy_arena_alloc(work->arena, workers, sizeof *work->usable);
    SY_TRY(sy_check_alloc(
        work->ctx, work->runners && work->inputs && work->results && work->usable ? work->usable : NULL));
    for (int w = 0; w < work->worker_count; w++)
        SY_TRY(open_worker(work, w));
    return SY_OK;
}

/* Where a sample's results go. */
typedef struct place {
    const gatherer *work;
    float *results;
    sy_stream *stream;
} place;

static sy_status take(sy_ctx *ctx, void *user, const sy_observed *seen)
{
    const place *to = user;
    const source *from = &to->work->sources[seen->index / 2];
    const int k = seen->index % 2;
    return to->work->job->backend->read(ctx, to->stream, seen->view, to->results + from->at[k],
                                        from->words[k]);
}

static sy_status run_sample(sy_ctx *ctx, void *user, int worker, size_t item)
{
    const gatherer *work = user;
    const sy_samples *samples = work->job->samples;
    const size_t sample = work->first + item;
    place to = {work, work->results[item], sy_runner_stream(work->runners[worker])};
    SY_TRY(sy_samples_load(ctx, samples, sample, work->inputs[worker], NULL, &work->usable[item]));
    if (!work->usable[item])
        return SY_OK;
    return sy_while(
        ctx,
        sy_runner_run(ctx, work->runners[worker], 1, (const void *const *)work->inputs[worker], take, &to),
        "sample %s", sy_samples_name(samples, sample));
}

/* One image of a batch: its products about its means, and those of the means. */
static void add_image(sy_weight_moments *moments, const float *products, const float *means, double positions)
{
    const size_t n = moments->size;
    for (size_t g = 0; g < moments->groups; g++) {
        const float *mean = means + g * n;
        for (size_t i = 0; i < n; i++) {
            const size_t row = (g * n + i) * n;
            for (size_t j = 0; j < n; j++)
                moments->products[row + j] +=
                    (double)products[row + j] + positions * (double)mean[i] * (double)mean[j];
            moments->sums[g * n + i] += positions * (double)mean[i];
        }
    }
    moments->positions += positions;
}

static void add_sample(gatherer *work, const float *results)
{
    for (int s = 0; s < work->source_count; s++) {
        const source *from = &work->sources[s];
        sy_weight_moments *moments = &work->list[from->weight].moments;
        const size_t vector = moments->groups * moments->size, images = from->words[1] / vector;
        for (size_t k = 0; k < images; k++)
            add_image(moments, results + from->at[0] + k * vector * moments->size,
                      results + from->at[1] + k * vector, from->positions / (double)images);
    }
}

static sy_status run_samples(gatherer *work)
{
    const size_t count = sy_samples_count(work->job->samples), each = (size_t)work->worker_count;
    for (work->first = 0; work->first < count; work->first += each) {
        const size_t left = count - work->first, now = left < each ? left : each;
        SY_TRY(sy_pool_run(work->ctx, NULL, work->worker_count, now, run_sample, work));
        for (size_t i = 0; i < now; i++)
            if (work->usable[i])
                add_sample(work, work->results[i]);
    }
    return SY_OK;
}

static sy_status gather(gatherer *work, int count)
{
    SY_TRY(extend(work, count));
    if (work->source_count == 0)
        return SY_OK;
    SY_TRY(bind(work));
    SY_TRY(count_positions(work));
    SY_TRY(alloc_sums(work, count));
    SY_TRY(open_workers(work));
    return run_samples(work);
}

sy_status sy_job_collect_moments(sy_job *job, sy_arena *arena, sy_weight_inputs *list, int count)
{
    gatherer work = {.job = job, .ctx = job->ctx, .arena = arena, .list = list, .worker_count = job->workers};
    const sy_status status = gather(&work, count);
    for (int w = 0; w < work.worker_count && work.runners; w++)
        sy_runner_destroy(work.runners[w]);
    sy_program_destroy(work.program);
    sy_graph_destroy(work.graph);
    return sy_while(job->ctx, status, "second moments of what the layers read");
}
