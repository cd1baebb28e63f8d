#include "correct/judge.h"

#include "base/pool.h"
#include "compare/distance.h"
#include "compare/inputs.h"
#include "run/batch.h"
#include "run/run.h"

/* One thread's part: a batch of samples. */
typedef struct {
    sy_arena arena;
    sy_runner *runners[2];  /* of the reference, of the quantized graph */
    size_t *items;          /* [batch]: the samples that are in it */
    void **words;           /* [batch][inputs of the reference], which own them */
    const void **inputs[2]; /* the same as each graph orders them */
    float *values[2];       /* [most elements of an output] */
} judge_worker;

typedef struct {
    const sy_judge_spec *spec;
    const sy_graph *graphs[2]; /* reference, quantized */
    sy_program *programs[2];
    int *positions[2]; /* of the inputs, among those of the reference */
    int *outputs[2];   /* float outputs, paired by name */
    int output_count;
    uint32_t batch;
    judge_worker *workers;
    int worker_count;
    double *db; /* [sample]: sum over outputs */
    bool *usable;
    sy_arena arena;
} judgement;

static size_t elements(const sy_graph *graph, int tensor)
{
    size_t count = 0;
    sy_shape_count(&graph->tensors[tensor].shape, &count);
    return count;
}

/* Reads samples `first` to `last` (not included); those that are usable make the batch. */
static sy_status load(sy_ctx *ctx, const judgement *work, judge_worker *worker, size_t first, size_t last,
                      uint32_t *out_count)
{
    const sy_sample_source *samples = work->spec->samples;
    const size_t inputs = (size_t)work->graphs[0]->input_count;
    uint32_t count = 0;
    for (size_t item = first; item < last; item++) {
        SY_TRY(samples->load(ctx, samples->user, item, worker->words + count * inputs, NULL,
                             &work->usable[item]));
        worker->items[count] = item;
        count += work->usable[item];
    }
    *out_count = count;
    return SY_OK;
}

static sy_status judge_slot(sy_ctx *ctx, const judgement *work, const judge_worker *worker, uint32_t slot)
{
    for (int o = 0; o < work->output_count; o++) {
        const size_t count = elements(work->graphs[0], work->outputs[0][o]);
        for (int which = 0; which < 2; which++)
            SY_TRY(sy_runner_read(ctx, worker->runners[which], slot, o, worker->values[which], count));
        const sy_comparison comparison = sy_compare(worker->values[0], worker->values[1], count);
        work->db[worker->items[slot]] += sy_comparison_db(&comparison);
    }
    return SY_OK;
}

static sy_status judge_batch(sy_ctx *ctx, void *user, int index, size_t batch)
{
    const judgement *work = user;
    judge_worker *worker = &work->workers[index];
    const size_t first = batch * work->batch, left = work->spec->samples->count - first;
    uint32_t count = 0;
    SY_TRY(load(ctx, work, worker, first, first + (left < work->batch ? left : work->batch), &count));
    for (int which = 0; which < 2 && count; which++)
        SY_TRY(sy_runner_run(ctx, worker->runners[which], count, worker->inputs[which], NULL, NULL));
    for (uint32_t slot = 0; slot < count; slot++)
        SY_TRY(judge_slot(ctx, work, worker, slot));
    return SY_OK;
}

static sy_status pair_outputs(sy_ctx *ctx, judgement *work)
{
    const sy_graph *a = work->graphs[0], *b = work->graphs[1];
    for (int which = 0; which < 2; which++) {
        work->outputs[which] = sy_arena_alloc(&work->arena, (size_t)a->output_count, sizeof(int));
        SY_TRY(sy_check_alloc(ctx, work->outputs[which]));
    }
    for (int o = 0; o < a->output_count; o++) {
        int other = sy_graph_find_tensor(b, a->tensors[a->outputs[o]].name);
        if (!sy_dtype_is_float(a->tensors[a->outputs[o]].dtype) || other == SY_NONE ||
            b->tensors[other].data || elements(a, a->outputs[o]) != elements(b, other))
            continue;
        work->outputs[0][work->output_count] = a->outputs[o];
        work->outputs[1][work->output_count++] = other;
    }
    return work->output_count ? SY_OK
                              : sy_fail(ctx, SY_E_INTERNAL, "the quantized graph has lost its outputs");
}

static sy_status alloc_inputs(sy_ctx *ctx, const judgement *work, judge_worker *worker)
{
    const sy_graph *graph = work->graphs[0];
    const size_t batch = work->batch, inputs = (size_t)graph->input_count;
    worker->items = sy_arena_alloc(&worker->arena, batch, sizeof *worker->items);
    worker->words = sy_arena_alloc(&worker->arena, batch * inputs, sizeof *worker->words);
    SY_TRY(sy_check_alloc(ctx, worker->items && worker->words ? worker : NULL));
    for (size_t i = 0; i < batch * inputs; i++) {
        const size_t count = elements(graph, graph->inputs[i % inputs]);
        worker->words[i] = sy_arena_alloc(&worker->arena, count, sizeof(uint32_t));
        SY_TRY(sy_check_alloc(ctx, worker->words[i]));
    }
    for (int which = 0; which < 2; which++) {
        const size_t count = (size_t)work->graphs[which]->input_count;
        worker->inputs[which] = sy_arena_alloc(&worker->arena, batch * count, sizeof(void *));
        SY_TRY(sy_check_alloc(ctx, worker->inputs[which]));
        for (size_t i = 0; i < batch * count; i++)
            worker->inputs[which][i] =
                worker->words[i / count * inputs + (size_t)work->positions[which][i % count]];
    }
    return SY_OK;
}

static sy_status open_worker(sy_ctx *ctx, const judgement *work, judge_worker *worker)
{
    size_t most = 0;
    for (int o = 0; o < work->output_count; o++) {
        const size_t count = elements(work->graphs[0], work->outputs[0][o]);
        most = count > most ? count : most;
    }
    for (int which = 0; which < 2; which++) {
        SY_TRY(sy_runner_create(ctx, work->programs[which], work->batch, &worker->runners[which]));
        worker->values[which] = sy_arena_alloc(&worker->arena, most, sizeof(float));
        SY_TRY(sy_check_alloc(ctx, worker->values[which]));
    }
    return alloc_inputs(ctx, work, worker);
}

static sy_status open_workers(sy_ctx *ctx, judgement *work)
{
    for (int w = 0; w < work->spec->workers; w++) {
        work->worker_count++;
        SY_TRY(open_worker(ctx, work, &work->workers[w]));
    }
    return SY_OK;
}

static void close_workers(judgement *work)
{
    for (int w = 0; w < work->worker_count; w++) {
        for (int which = 0; which < 2; which++)
            sy_runner_destroy(work->workers[w].runners[which]);
        sy_arena_release(&work->workers[w].arena);
        work->workers[w] = (judge_worker){0};
    }
    work->worker_count = 0;
}

/* With half as large a batch as long as there is no memory for it. */
static sy_status start_workers(sy_ctx *ctx, judgement *work)
{
    size_t activations[2], constants;
    for (int which = 0; which < 2; which++)
        sy_program_memory(work->programs[which], &activations[which], &constants);
    const sy_batch_spec batch = {.backend = work->spec->backend,
                                 .device = work->spec->device,
                                 .asked = work->spec->batch,
                                 .workers = work->spec->workers,
                                 .samples = work->spec->samples->count,
                                 .sample_bytes = activations[0] + activations[1]};
    SY_TRY(sy_batch_choose(ctx, &batch, &work->batch));
    work->workers = sy_arena_alloc(&work->arena, (size_t)work->spec->workers, sizeof *work->workers);
    SY_TRY(sy_check_alloc(ctx, work->workers));
    sy_status status = open_workers(ctx, work);
    while (sy_batch_halve(ctx, status, &work->batch)) {
        close_workers(work);
        status = open_workers(ctx, work);
    }
    return status;
}

static sy_status open_programs(sy_ctx *ctx, judgement *work)
{
    for (int which = 0; which < 2; which++) {
        const sy_program_spec spec = {.graph = work->graphs[which],
                                      .inputs = work->graphs[which]->inputs,
                                      .input_count = work->graphs[which]->input_count,
                                      .outputs = work->outputs[which],
                                      .output_count = work->output_count};
        SY_TRY(
            sy_program_create(ctx, work->spec->backend, work->spec->device, &spec, &work->programs[which]));
    }
    return start_workers(ctx, work);
}

static sy_status judge(sy_ctx *ctx, judgement *work, double *out)
{
    size_t count = work->spec->samples->count, used = 0;
    work->db = sy_arena_alloc(&work->arena, count, sizeof *work->db);
    work->usable = sy_arena_alloc(&work->arena, count, sizeof *work->usable);
    SY_TRY(sy_check_alloc(ctx, work->db && work->usable ? work : NULL));
    for (int which = 0; which < 2; which++)
        SY_TRY(sy_inputs_match(ctx, work->graphs[0], work->graphs[which], &work->arena,
                               &work->positions[which]));
    SY_TRY(pair_outputs(ctx, work));
    SY_TRY(open_programs(ctx, work));
    SY_TRY(sy_pool_run(ctx, NULL, work->spec->workers, (count + work->batch - 1) / work->batch, judge_batch,
                       work));
    double sum = 0;
    for (size_t s = 0; s < count; s++)
        if (work->usable[s]) {
            sum += work->db[s] / work->output_count;
            used++;
        }
    *out = used ? sum / (double)used : 0;
    return SY_OK;
}

sy_status sy_judge_outputs(sy_ctx *ctx, const sy_judge_spec *spec, const sy_graph *quantized, double *out_db)
{
    judgement work = {.spec = spec, .graphs = {spec->reference, quantized}};
    sy_status status = judge(ctx, &work, out_db);
    close_workers(&work);
    for (int which = 0; which < 2; which++)
        sy_program_destroy(work.programs[which]);
    sy_arena_release(&work.arena);
    return status;
}
