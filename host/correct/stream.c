#include "correct/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "compare/inputs.h"
#include "graph/words.h"
#include "run/batch.h"
#include "run/run.h"

static size_t tensor_elements(const sy_graph *graph, int tensor)
{
    size_t count = 0;
    sy_shape_count(&graph->tensors[tensor].shape, &count);
    return count;
}

static size_t tensor_bytes(const sy_graph *graph, int tensor)
{
    return tensor_elements(graph, tensor) * ((sy_dtype_bits(graph->tensors[tensor].dtype) + 7) / 8);
}

size_t sy_cut_bytes(const sy_graph *graph, const int *tensors, int count)
{
    size_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += tensor_bytes(graph, tensors[i]);
    return bytes;
}

static int find_in(const int *list, int count, int value)
{
    for (int i = 0; i < count; i++)
        if (list[i] == value)
            return i;
    return SY_NONE;
}

/* Words for each of a list of tensors, `times` times. Freed as one block each. */
static sy_status alloc_words(sy_ctx *ctx, const sy_graph *graph, const int *tensors, int count,
                             uint32_t times, void **out)
{
    for (size_t i = 0; i < (size_t)count * times; i++) {
        size_t elements = tensor_elements(graph, tensors[i % (size_t)count]);
        out[i] = malloc((elements ? elements : 1) * sizeof(uint32_t));
        SY_TRY(sy_check_alloc(ctx, out[i]));
    }
    return SY_OK;
}

static void free_words(void **words, size_t count)
{
    for (size_t i = 0; i < count && words; i++)
        free(words[i]);
    free(words);
}

static sy_status store(sy_ctx *ctx, const sy_graph *graph, int tensor, const void *words, void **out)
{
    size_t bytes = tensor_bytes(graph, tensor);
    void *elements = malloc(bytes ? bytes : 1);
    SY_TRY(sy_check_alloc(ctx, elements));
    sy_status status = sy_words_to_elements(ctx, graph->tensors[tensor].dtype, words,
                                            tensor_elements(graph, tensor), elements);
    if (status == SY_OK)
        *out = elements;
    else
        free(elements);
    return status;
}

typedef struct {
    const sy_graph *reference;
    const sy_sample_source *source;
    const size_t *samples;
    const int *positions; /* for each tensor of `out`, which of the reference's inputs it is */
    sy_activations *out;
} load_job;

/* The inputs of `reference` in its order are what the source fills. */
static sy_status load_sample(sy_ctx *ctx, void *user, int worker, size_t item)
{
    const load_job *job = user;
    const sy_graph *reference = job->reference;
    (void)worker;
    sy_status status;
    void **words = calloc((size_t)reference->input_count + 1, sizeof *words);
    SY_TRY_DONE(sy_check_alloc(ctx, words));
    SY_TRY_DONE(alloc_words(ctx, reference, reference->inputs, reference->input_count, 1, words));
    SY_TRY_DONE(
        job->source->load(ctx, job->source->user, job->samples[item], words, NULL, &job->out->usable[item]));
    for (int i = 0; i < job->out->tensor_count && job->out->usable[item]; i++)
        SY_TRY_DONE(store(ctx, job->out->graph, job->out->tensors[i], words[job->positions[i]],
                          &job->out->data[item][i]));
done:
    free_words(words, (size_t)reference->input_count);
    return status;
}

sy_status sy_activations_load(sy_ctx *ctx, const sy_graph *graph, const sy_graph *reference,
                              const sy_sample_source *source, const size_t *samples, size_t count,
                              int workers, sy_activations *out)
{
    *out = (sy_activations){.graph = graph, .sample_count = count, .tensor_count = graph->input_count};
    out->tensors = malloc(((size_t)graph->input_count + 1) * sizeof *out->tensors);
    out->data = calloc(count + 1, sizeof *out->data);
    out->usable = calloc(count + 1, sizeof *out->usable);
    SY_TRY(sy_check_alloc(ctx, out->tensors && out->data && out->usable ? out : NULL));
    memcpy(out->tensors, graph->inputs, (size_t)graph->input_count * sizeof *out->tensors);
    for (size_t s = 0; s < count; s++) {
        out->data[s] = calloc((size_t)graph->input_count + 1, sizeof *out->data[s]);
        SY_TRY(sy_check_alloc(ctx, out->data[s]));
    }
    sy_arena arena = {0};
    int *positions;
    sy_status status = sy_inputs_match(ctx, reference, graph, &arena, &positions);
    if (status == SY_OK) {
        load_job job = {reference, source, samples, positions, out};
        status = sy_pool_run(ctx, NULL, workers, count, load_sample, &job);
    }
    sy_arena_release(&arena);
    return status;
}

void sy_activations_release(sy_activations *activations)
{
    for (size_t s = 0; s < activations->sample_count && activations->data; s++) {
        for (int i = 0; i < activations->tensor_count && activations->data[s]; i++)
            free(activations->data[s][i]);
        free(activations->data[s]);
    }
    free(activations->data);
    free(activations->tensors);
    free(activations->usable);
    *activations = (sy_activations){0};
}

/* A program from one cut to some tensors, which each worker runs on a batch of samples at once. */
typedef struct {
    const sy_advance *how;
    const sy_activations *from;
    sy_program *program;
    const int *outputs;
    int output_count;
    uint32_t batch;
    sy_runner **runners;
    size_t **items;  /* [worker][batch]: the samples of its batch */
    void ***inputs;  /* [worker][batch][tensor of the cut] */
    void ***results; /* [worker][output], of one sample */
} segment;

static sy_status open_worker(sy_ctx *ctx, segment *work, size_t w)
{
    const sy_activations *from = work->from;
    SY_TRY(sy_runner_create(ctx, work->program, work->batch, &work->runners[w]));
    work->items[w] = calloc(work->batch, sizeof **work->items);
    work->inputs[w] = calloc((size_t)from->tensor_count * work->batch + 1, sizeof **work->inputs);
    work->results[w] = calloc((size_t)work->output_count + 1, sizeof **work->results);
    SY_TRY(sy_check_alloc(ctx, work->items[w] && work->inputs[w] && work->results[w] ? work : NULL));
    SY_TRY(alloc_words(ctx, from->graph, from->tensors, from->tensor_count, work->batch, work->inputs[w]));
    return alloc_words(ctx, from->graph, work->outputs, work->output_count, 1, work->results[w]);
}

static sy_status open_workers(sy_ctx *ctx, segment *work)
{
    for (int w = 0; w < work->how->workers; w++)
        SY_TRY(open_worker(ctx, work, (size_t)w));
    return SY_OK;
}

static void close_workers(segment *work)
{
    const size_t inputs = (size_t)work->from->tensor_count * work->batch;
    for (int w = 0; w < work->how->workers && work->runners; w++) {
        sy_runner_destroy(work->runners[w]);
        free(work->items[w]);
        free_words(work->inputs[w], inputs);
        free_words(work->results[w], (size_t)work->output_count);
        work->runners[w] = NULL;
        work->items[w] = NULL;
        work->inputs[w] = work->results[w] = NULL;
    }
}

static sy_status segment_open(sy_ctx *ctx, segment *work)
{
    const sy_activations *from = work->from;
    const sy_program_spec spec = {.graph = from->graph,
                                  .inputs = from->tensors,
                                  .input_count = from->tensor_count,
                                  .outputs = work->outputs,
                                  .output_count = work->output_count};
    sy_batch_spec batch = {.backend = work->how->backend,
                           .device = work->how->device,
                           .asked = work->how->batch,
                           .workers = work->how->workers,
                           .samples = from->sample_count};
    const size_t workers = (size_t)work->how->workers;
    size_t constants;
    SY_TRY(sy_program_create(ctx, work->how->backend, work->how->device, &spec, &work->program));
    sy_program_memory(work->program, &batch.sample_bytes, &constants);
    SY_TRY(sy_batch_choose(ctx, &batch, &work->batch));
    void *all[] = {calloc(workers, sizeof *work->runners), calloc(workers, sizeof *work->items),
                   calloc(workers, sizeof *work->inputs), calloc(workers, sizeof *work->results)};
    work->runners = all[0], work->items = all[1], work->inputs = all[2], work->results = all[3];
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        SY_TRY(sy_check_alloc(ctx, all[i]));
    sy_status status = open_workers(ctx, work);
    for (uint32_t half = work->batch; sy_batch_halve(ctx, status, &half); half = work->batch) {
        close_workers(work);
        work->batch = half;
        status = open_workers(ctx, work);
    }
    return status;
}

static void segment_close(segment *work)
{
    if (work->items && work->inputs && work->results)
        close_workers(work);
    free(work->runners);
    free(work->items);
    free(work->inputs);
    free(work->results);
    sy_program_destroy(work->program);
}

static size_t segment_batches(const segment *work)
{
    return (work->from->sample_count + work->batch - 1) / work->batch;
}

/* The samples of a batch, from the first to the one behind the last. */
static void segment_range(const segment *work, size_t batch, size_t *out_first, size_t *out_end)
{
    const size_t first = batch * work->batch, left = work->from->sample_count - first;
    *out_first = first;
    *out_end = first + (left < work->batch ? left : work->batch);
}

/* Runs those samples of a batch that are usable; they are then in the worker's items, in order. */
static sy_status segment_run(sy_ctx *ctx, const segment *work, int worker, size_t batch, uint32_t *out_count)
{
    const sy_activations *from = work->from;
    const size_t inputs = (size_t)from->tensor_count;
    size_t first, end;
    uint32_t count = 0;
    segment_range(work, batch, &first, &end);
    for (size_t item = first; item < end; item++) {
        if (!from->usable[item])
            continue;
        for (size_t i = 0; i < inputs; i++)
            SY_TRY(sy_words_from_elements(ctx, from->graph->tensors[from->tensors[i]].dtype,
                                          from->data[item][i], tensor_elements(from->graph, from->tensors[i]),
                                          work->inputs[worker][count * inputs + i]));
        work->items[worker][count++] = item;
    }
    *out_count = count;
    return count ? sy_runner_run(ctx, work->runners[worker], count, (const void *const *)work->inputs[worker],
                                 NULL, NULL)
                 : SY_OK;
}

/* Leaves the outputs of the sample in a slot of the last run in the worker's results. */
static sy_status segment_read(sy_ctx *ctx, const segment *work, int worker, uint32_t slot)
{
    for (int i = 0; i < work->output_count; i++)
        SY_TRY(sy_runner_read(ctx, work->runners[worker], slot, i, work->results[worker][i],
                              tensor_elements(work->from->graph, work->outputs[i])));
    return SY_OK;
}

typedef struct {
    segment segment;
    sy_visit_fn visit;
    void *user;
} visit_job;

static sy_status visit_batch(sy_ctx *ctx, void *user, int worker, size_t batch)
{
    const visit_job *job = user;
    const segment *work = &job->segment;
    uint32_t count;
    SY_TRY(segment_run(ctx, work, worker, batch, &count));
    for (uint32_t slot = 0; slot < count; slot++) {
        SY_TRY(segment_read(ctx, work, worker, slot));
        SY_TRY(job->visit(ctx, job->user, worker, work->items[worker][slot], work->results[worker][0]));
    }
    return SY_OK;
}

sy_status sy_activations_visit(sy_ctx *ctx, const sy_advance *how, const sy_activations *activations,
                               int tensor, sy_visit_fn visit, void *user)
{
    visit_job job = {.segment = {.how = how, .from = activations, .outputs = &tensor, .output_count = 1},
                     .visit = visit,
                     .user = user};
    sy_status status = segment_open(ctx, &job.segment);
    if (status == SY_OK)
        status = sy_pool_run(ctx, NULL, how->workers, segment_batches(&job.segment), visit_batch, &job);
    segment_close(&job.segment);
    return status;
}

/* As many batches as there are workers at a time; each has the runner of its place. */
typedef struct {
    segment segment;
    size_t first;     /* batch of the round */
    uint32_t *counts; /* [worker]: samples of the round that its runner holds */
} round_job;

static sy_status run_place(sy_ctx *ctx, void *user, int worker, size_t place)
{
    const round_job *job = user;
    (void)worker;
    return segment_run(ctx, &job->segment, (int)place, job->first + place, &job->counts[place]);
}

static sy_status show_place(sy_ctx *ctx, const segment *work, size_t place, uint32_t count,
                            sy_visit_in_order_fn visit, void *user)
{
    for (uint32_t slot = 0; slot < count; slot++) {
        SY_TRY(segment_read(ctx, work, (int)place, slot));
        SY_TRY(visit(ctx, user, work->items[place][slot], (const float *const *)work->results[place]));
    }
    return SY_OK;
}

static sy_status run_rounds(sy_ctx *ctx, round_job *job, sy_visit_in_order_fn visit, void *user)
{
    const size_t workers = (size_t)job->segment.how->workers, batches = segment_batches(&job->segment);
    for (; job->first < batches; job->first += workers) {
        const size_t left = batches - job->first, now = left < workers ? left : workers;
        SY_TRY(sy_pool_run(ctx, NULL, (int)workers, now, run_place, job));
        for (size_t place = 0; place < now; place++)
            SY_TRY(show_place(ctx, &job->segment, place, job->counts[place], visit, user));
    }
    return SY_OK;
}

sy_status sy_activations_visit_in_order(sy_ctx *ctx, const sy_advance *how, const sy_activations *activations,
                                        const int *tensors, int count, sy_visit_in_order_fn visit, void *user)
{
    round_job job = {.segment = {.how = how, .from = activations, .outputs = tensors, .output_count = count},
                     .counts = calloc((size_t)how->workers, sizeof *job.counts)};
    SY_TRY(sy_check_alloc(ctx, job.counts));
    sy_status status = segment_open(ctx, &job.segment);
    if (status == SY_OK)
        status = run_rounds(ctx, &job, visit, user);
    segment_close(&job.segment);
    free(job.counts);
    return status;
}

/* The next cut of every sample, being made. */
typedef struct {
    segment segment;
    sy_activations *activations;
    const int *tensors;
    int count;
} move_job;

/* Of a sample whose outputs are in the worker's results, or one that is not usable. */
static sy_status move_sample(sy_ctx *ctx, const move_job *job, int worker, size_t item)
{
    sy_activations *activations = job->activations;
    void **fresh = calloc((size_t)job->count + 1, sizeof *fresh);
    SY_TRY(sy_check_alloc(ctx, fresh));
    sy_status status = SY_OK;
    for (int i = 0; i < job->count && activations->usable[item] && status == SY_OK; i++) {
        int computed = find_in(job->segment.outputs, job->segment.output_count, job->tensors[i]);
        if (computed != SY_NONE) {
            status = store(ctx, activations->graph, job->tensors[i], job->segment.results[worker][computed],
                           &fresh[i]);
        } else {
            int kept = find_in(activations->tensors, activations->tensor_count, job->tensors[i]);
            fresh[i] = activations->data[item][kept];
            activations->data[item][kept] = NULL;
        }
    }
    if (status != SY_OK) {
        free_words(fresh, (size_t)job->count);
        return status;
    }
    free_words(activations->data[item], (size_t)activations->tensor_count);
    activations->data[item] = fresh;
    return SY_OK;
}

static sy_status move_batch(sy_ctx *ctx, void *user, int worker, size_t batch)
{
    const move_job *job = user;
    const segment *work = &job->segment;
    uint32_t count = 0, slot = 0;
    size_t first, end;
    segment_range(work, batch, &first, &end);
    if (work->output_count)
        SY_TRY(segment_run(ctx, work, worker, batch, &count));
    for (size_t item = first; item < end; item++) {
        if (slot < count && work->items[worker][slot] == item)
            SY_TRY(segment_read(ctx, work, worker, slot++));
        SY_TRY(move_sample(ctx, job, worker, item));
    }
    return SY_OK;
}

/* Of the new cut, what the old one does not have. */
static int list_missing(const sy_activations *from, const int *tensors, int count, int *out)
{
    int missing = 0;
    for (int i = 0; i < count; i++)
        if (find_in(from->tensors, from->tensor_count, tensors[i]) == SY_NONE)
            out[missing++] = tensors[i];
    return missing;
}

sy_status sy_activations_move(sy_ctx *ctx, const sy_advance *how, sy_activations *activations,
                              const int *tensors, int count)
{
    sy_status status;
    int *missing = malloc(((size_t)count + 1) * sizeof *missing);
    int *cut = malloc(((size_t)count + 1) * sizeof *cut);
    const sy_activations before = {.graph = activations->graph,
                                   .tensors = activations->tensors,
                                   .tensor_count = activations->tensor_count,
                                   .sample_count = activations->sample_count,
                                   .data = activations->data,
                                   .usable = activations->usable};
    move_job job = {.segment = {.how = how, .from = &before, .outputs = missing},
                    .activations = activations,
                    .tensors = tensors,
                    .count = count};
    SY_TRY_DONE(sy_check_alloc(ctx, missing && cut ? missing : NULL));
    job.segment.output_count = list_missing(activations, tensors, count, missing);
    SY_TRY_DONE(segment_open(ctx, &job.segment));
    SY_TRY_DONE(sy_pool_run(ctx, NULL, how->workers, segment_batches(&job.segment), move_batch, &job));
done:
    segment_close(&job.segment);
    free(missing);
    if (status != SY_OK) {
        free(cut);
        return status;
    }
    memcpy(cut, tensors, (size_t)count * sizeof *cut);
    free(activations->tensors);
    activations->tensors = cut;
    activations->tensor_count = count;
    return SY_OK;
}
