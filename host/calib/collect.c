#include "calib/collect.h"

#include <string.h>

#include "base/log.h"
#include "base/pool.h"
#include "calib/accumulate.h"
#include "calib/assemble.h"
#include "calib/keep.h"
#include "calib/resume.h"
#include "run/batch.h"
#include "run/run.h"

enum { BINS = SY_HISTOGRAM_BINS };

typedef struct collector collector;

/* One thread's part. On the device, for each sample of a batch and each observed tensor: its summary, its
 * channel sums, and the histogram of all the samples that had this place in a batch.
 */
typedef struct calib_worker {
    const collector *owner;
    sy_arena arena;
    sy_runner *runner;
    sy_buffer *bins, *summaries, *histograms, *channel_sums;
    uint64_t counted;    /* no bin of a histogram can hold more */
    void **inputs;       /* [batch][graph inputs]: words */
    size_t *items;       /* [batch]: the samples that are in it */
    uint32_t *summary;   /* [observed][SY_SUMMARY_WORDS] */
    uint32_t *histogram; /* [SY_HISTOGRAM_WORDS] */
    float *sums;         /* [channel_words] */
} calib_worker;

struct collector {
    const sy_calib_spec *spec;
    sy_program *program;
    sy_arena arena;
    sy_channel_sum_params *channels; /* [observed] */
    size_t *channel_at;              /* [observed]: first word of its channel sums */
    size_t channel_words;            /* of all of them */
    size_t *words;                   /* [observed] */
    size_t most_words;               /* of them */
    sy_accumulator *accumulators;    /* [observed]; those up to accumulator_count are initialised */
    int accumulator_count;
    uint32_t batch; /* samples that a worker runs at once */
    calib_worker *workers;
    int worker_count;
    sy_hash *hashes; /* [samples] */
    bool *taken;     /* [samples]: in the accumulators, or about to be gathered from the devices */
    size_t *todo;    /* [todo_count]: the samples to run */
    size_t todo_count;
    sy_keeper keeper;
};

static size_t summary_words(const collector *owner)
{
    return (size_t)owner->spec->observed_count * SY_SUMMARY_WORDS;
}

static size_t histogram_words(const collector *owner)
{
    return (size_t)owner->spec->observed_count * SY_HISTOGRAM_WORDS;
}

static sy_status clear_histograms(sy_ctx *ctx, calib_worker *worker)
{
    const collector *owner = worker->owner;
    const sy_fill_params params = {.count = (uint32_t)histogram_words(owner)};
    const sy_launch launch = {.kernel = SY_KERNEL_fill,
                              .operands = {{worker->histograms, 0}},
                              .params = &params,
                              .batch = owner->batch,
                              .batch_strides = {params.count}};
    worker->counted = 0;
    return owner->spec->backend->launch(ctx, sy_runner_stream(worker->runner), &launch);
}

/* Adds the worker's histograms to the accumulators. */
static sy_status gather_histograms(sy_ctx *ctx, const collector *owner, calib_worker *worker)
{
    const size_t count = owner->batch * (size_t)owner->spec->observed_count;
    for (size_t i = 0; i < count; i++) {
        const sy_view histogram = {worker->histograms, i * SY_HISTOGRAM_WORDS};
        SY_TRY(owner->spec->backend->read(ctx, sy_runner_stream(worker->runner), histogram, worker->histogram,
                                          SY_HISTOGRAM_WORDS));
        SY_TRY(sy_accumulator_add_histogram(
            ctx, &owner->accumulators[i % (size_t)owner->spec->observed_count], worker->histogram));
    }
    return SY_OK;
}

/* The counts of the device have 32 bits. */
static sy_status make_room(sy_ctx *ctx, const collector *owner, calib_worker *worker)
{
    if (worker->counted + owner->most_words > UINT32_MAX) {
        SY_TRY(gather_histograms(ctx, owner, worker));
        SY_TRY(clear_histograms(ctx, worker));
    }
    worker->counted += owner->most_words;
    return SY_OK;
}

static sy_status sum_channels(sy_ctx *ctx, const calib_worker *worker, const sy_observed *seen)
{
    const collector *owner = worker->owner;
    const sy_view sums = {worker->channel_sums, owner->channel_at[seen->index]};
    const sy_launch launch = {.kernel = SY_KERNEL_channel_sum,
                              .operands = {seen->view, sums},
                              .params = &owner->channels[seen->index],
                              .batch = seen->samples,
                              .batch_strides = {seen->stride, owner->channel_words}};
    return owner->spec->backend->launch(ctx, sy_runner_stream(worker->runner), &launch);
}

/* Queues the statistics of one tensor in every sample of the batch, while it is in memory. The channels come
 * first: on the CPU that kernel goes through the tensor backwards, and meets what is still in the caches.
 */
static sy_status observe(sy_ctx *ctx, void *user, const sy_observed *seen)
{
    const calib_worker *worker = user;
    const collector *owner = worker->owner;
    const size_t index = (size_t)seen->index;
    const sy_view summary = {worker->summaries, index * SY_SUMMARY_WORDS};
    const sy_view histogram = {worker->histograms, index * SY_HISTOGRAM_WORDS};
    const sy_observe_params params = {.count = (uint32_t)seen->words};
    const sy_launch launch = {
        .kernel = SY_KERNEL_observe,
        .operands = {seen->view, {worker->bins, 0}, summary, histogram},
        .params = &params,
        .batch = seen->samples,
        .batch_strides = {seen->stride, BINS, summary_words(owner), histogram_words(owner)}};
    if (owner->channels[index].channels > 0)
        SY_TRY(sum_channels(ctx, worker, seen));
    return owner->spec->backend->launch(ctx, sy_runner_stream(worker->runner), &launch);
}

/* Takes from the device what the observer left there of one sample, the batch's number `slot`. */
static sy_status gather(sy_ctx *ctx, const collector *owner, calib_worker *worker, size_t slot)
{
    const sy_backend *backend = owner->spec->backend;
    sy_stream *stream = sy_runner_stream(worker->runner);
    const size_t observed = (size_t)owner->spec->observed_count, sample = worker->items[slot];
    SY_TRY(backend->read(ctx, stream, (sy_view){worker->summaries, slot * summary_words(owner)},
                         worker->summary, summary_words(owner)));
    if (owner->channel_words)
        SY_TRY(backend->read(ctx, stream, (sy_view){worker->channel_sums, slot * owner->channel_words},
                             worker->sums, owner->channel_words));
    for (size_t i = 0; i < observed; i++) {
        const sy_tensor_sample seen = {
            .count = (uint32_t)owner->words[i],
            .summary = worker->summary + i * SY_SUMMARY_WORDS,
            .channel_sums = owner->channels[i].channels ? worker->sums + owner->channel_at[i] : NULL,
            .index = sample,
            .name = owner->spec->samples->name(owner->spec->samples->user, sample)};
        sy_accumulator_add(&owner->accumulators[i], &seen);
    }
    return SY_OK;
}

/* Reads items `first` to `last` (not included) of what is to do; those that are usable make the batch. */
static sy_status load_batch(sy_ctx *ctx, collector *owner, calib_worker *worker, size_t first, size_t last,
                            uint32_t *out_count)
{
    const sy_sample_source *samples = owner->spec->samples;
    const size_t inputs = (size_t)owner->spec->graph->input_count;
    uint32_t count = 0;
    for (size_t item = first; item < last; item++) {
        const size_t sample = owner->todo[item];
        bool usable = true;
        SY_TRY(samples->load(ctx, samples->user, sample, worker->inputs + count * inputs,
                             &owner->hashes[sample], &usable));
        worker->items[count] = sample;
        count += usable;
    }
    *out_count = count;
    return SY_OK;
}

/* Runs the loaded samples and takes them in. */
static sy_status run_batch(sy_ctx *ctx, collector *owner, calib_worker *worker, uint32_t count)
{
    const sy_sample_source *samples = owner->spec->samples;
    const void *const *inputs = (const void *const *)worker->inputs;
    sy_status status = make_room(ctx, owner, worker);
    if (status == SY_OK)
        status = sy_runner_run(ctx, worker->runner, count, inputs, observe, worker);
    for (uint32_t slot = 0; slot < count && status == SY_OK; slot++) {
        status = gather(ctx, owner, worker, slot);
        owner->taken[worker->items[slot]] = true;
    }
    const char *name = samples->name(samples->user, worker->items[0]);
    return count == 1 ? sy_while(ctx, status, "sample %s", name)
                      : sy_while(ctx, status, "sample %s and %u more", name, count - 1);
}

/* Empties the devices into the accumulators. */
static sy_status gather_workers(sy_ctx *ctx, collector *owner)
{
    for (int i = 0; i < owner->worker_count; i++) {
        SY_TRY(gather_histograms(ctx, owner, &owner->workers[i]));
        SY_TRY(clear_histograms(ctx, &owner->workers[i]));
    }
    return SY_OK;
}

/* Writes what there is so far. The run can do without the file, so it goes on where the file cannot be
 * written. */
static sy_status write_kept(sy_ctx *ctx, collector *owner, bool *out_good)
{
    sy_stats *stats = NULL;
    SY_TRY(gather_workers(ctx, owner));
    SY_TRY(sy_calib_assemble(ctx, owner->spec, owner->accumulators, owner->hashes, owner->taken, &stats));
    const sy_status status = sy_stats_save(ctx, stats, owner->spec->keep->path);
    sy_stats_destroy(stats);
    *out_good = status == SY_OK;
    if (status != SY_E_IO)
        return status;
    sy_log(ctx, SY_LOG_WARN, "%s; the run goes on, and tries again later", sy_ctx_error(ctx));
    return SY_OK;
}

static sy_status keep_if_due(sy_ctx *ctx, collector *owner)
{
    bool good = false;
    if (!sy_keeper_is_due(&owner->keeper))
        return SY_OK;
    const sy_status status = write_kept(ctx, owner, &good);
    sy_keeper_wrote(&owner->keeper, good);
    return status;
}

static sy_status collect_batch(sy_ctx *ctx, void *user, int index, size_t batch)
{
    collector *owner = user;
    calib_worker *worker = &owner->workers[index];
    const size_t first = batch * owner->batch, left = owner->todo_count - first;
    uint32_t count = 0;
    SY_TRY(keep_if_due(ctx, owner));
    SY_TRY(
        load_batch(ctx, owner, worker, first, first + (left < owner->batch ? left : owner->batch), &count));
    if (count == 0)
        return SY_OK;
    sy_keeper_enter(&owner->keeper);
    const sy_status status = run_batch(ctx, owner, worker, count);
    sy_keeper_leave(&owner->keeper, count, status == SY_OK);
    return status;
}

static sy_status alloc_inputs(sy_ctx *ctx, collector *owner, calib_worker *worker)
{
    const sy_graph *graph = owner->spec->graph;
    const size_t inputs = (size_t)graph->input_count, batch = owner->batch;
    worker->inputs = sy_arena_alloc(&worker->arena, batch * inputs, sizeof *worker->inputs);
    worker->items = sy_arena_alloc(&worker->arena, batch, sizeof *worker->items);
    SY_TRY(sy_check_alloc(ctx, worker->inputs));
    SY_TRY(sy_check_alloc(ctx, worker->items));
    for (size_t i = 0; i < batch * inputs; i++) {
        const sy_tensor *tensor = &graph->tensors[graph->inputs[i % inputs]];
        size_t words;
        if (!sy_shape_count(&tensor->shape, &words))
            return sy_fail(ctx, SY_E_ARGUMENT, "input %s has no fixed shape; give one with --inputShape",
                           tensor->name);
        worker->inputs[i] = sy_arena_alloc(&worker->arena, words, sizeof(uint32_t));
        SY_TRY(sy_check_alloc(ctx, worker->inputs[i]));
    }
    return SY_OK;
}

static sy_status start_worker(sy_ctx *ctx, collector *owner, calib_worker *worker)
{
    const sy_backend *backend = owner->spec->backend;
    sy_device *device = owner->spec->device;
    const size_t batch = owner->batch;
    worker->owner = owner;
    SY_TRY(sy_runner_create(ctx, owner->program, owner->batch, &worker->runner));
    SY_TRY(backend->alloc(ctx, device, batch * BINS, &worker->bins));
    SY_TRY(backend->alloc(ctx, device, batch * summary_words(owner), &worker->summaries));
    SY_TRY(backend->alloc(ctx, device, batch * histogram_words(owner), &worker->histograms));
    if (owner->channel_words)
        SY_TRY(backend->alloc(ctx, device, batch * owner->channel_words, &worker->channel_sums));
    worker->summary = sy_arena_alloc(&worker->arena, summary_words(owner), sizeof *worker->summary);
    worker->histogram = sy_arena_alloc(&worker->arena, SY_HISTOGRAM_WORDS, sizeof *worker->histogram);
    worker->sums = sy_arena_alloc(&worker->arena, owner->channel_words, sizeof *worker->sums);
    SY_TRY(sy_check_alloc(ctx, worker->summary));
    SY_TRY(sy_check_alloc(ctx, worker->histogram));
    SY_TRY(sy_check_alloc(ctx, worker->sums));
    SY_TRY(clear_histograms(ctx, worker));
    return alloc_inputs(ctx, owner, worker);
}

static void stop_worker(const sy_calib_spec *spec, calib_worker *worker)
{
    sy_runner_destroy(worker->runner);
    sy_buffer *const buffers[] = {worker->bins, worker->summaries, worker->histograms, worker->channel_sums};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        if (buffers[i])
            spec->backend->free(spec->device, buffers[i]);
    sy_arena_release(&worker->arena);
    *worker = (calib_worker){0};
}

static sy_status start_tensors(sy_ctx *ctx, collector *owner)
{
    const sy_calib_spec *spec = owner->spec;
    const size_t observed = (size_t)spec->observed_count;
    owner->channels = sy_arena_alloc(&owner->arena, observed, sizeof *owner->channels);
    owner->channel_at = sy_arena_alloc(&owner->arena, observed, sizeof *owner->channel_at);
    owner->words = sy_arena_alloc(&owner->arena, observed, sizeof *owner->words);
    owner->accumulators = sy_arena_alloc(&owner->arena, observed, sizeof *owner->accumulators);
    const void *all[] = {owner->channels, owner->channel_at, owner->words, owner->accumulators};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        SY_TRY(sy_check_alloc(ctx, all[i]));
    SY_TRY(sy_calib_channels(ctx, spec->graph, spec->observed, spec->observed_count, owner->channels));
    for (int i = 0; i < spec->observed_count; i++) {
        const sy_tensor *tensor = &spec->graph->tensors[spec->observed[i]];
        const sy_channel_sum_params *channels = &owner->channels[i];
        if (!sy_shape_count(&tensor->shape, &owner->words[i]) || owner->words[i] > UINT32_MAX)
            return sy_fail(ctx, SY_E_UNSUPPORTED, "tensor %s has no fixed shape or more than 2^32 elements",
                           tensor->name);
        owner->most_words = owner->words[i] > owner->most_words ? owner->words[i] : owner->most_words;
        owner->channel_at[i] = owner->channel_words;
        owner->channel_words += channels->channels;
        owner->accumulator_count++;
        SY_TRY(sy_accumulator_init(ctx, &owner->accumulators[i], spec->samples->count, channels->channels,
                                   (uint64_t)channels->outer * channels->inner));
    }
    return SY_OK;
}

static size_t batch_count(const collector *owner)
{
    return (owner->todo_count + owner->batch - 1) / owner->batch;
}

/* Device memory that a worker needs for each sample of its batch. */
static size_t sample_bytes(const collector *owner)
{
    size_t activations, constants;
    sy_program_memory(owner->program, &activations, &constants);
    return activations +
           (BINS + summary_words(owner) + histogram_words(owner) + owner->channel_words) * sizeof(uint32_t);
}

static void stop_workers(collector *owner)
{
    for (int i = 0; i < owner->worker_count; i++)
        stop_worker(owner->spec, &owner->workers[i]);
    owner->worker_count = 0;
}

static sy_status try_workers(sy_ctx *ctx, collector *owner)
{
    const size_t batches = batch_count(owner);
    const int workers = batches < (size_t)owner->spec->workers ? (int)batches : owner->spec->workers;
    for (int i = 0; i < workers; i++) {
        owner->worker_count++;
        SY_TRY(start_worker(ctx, owner, &owner->workers[i]));
    }
    return SY_OK;
}

/* With half as large a batch as long as there is no memory for it. */
static sy_status start_workers(sy_ctx *ctx, collector *owner)
{
    sy_status status = try_workers(ctx, owner);
    while (sy_batch_halve(ctx, status, &owner->batch)) {
        stop_workers(owner);
        status = try_workers(ctx, owner);
    }
    return status;
}

/* Takes what an earlier run gathered, and lists the samples that are left. */
static sy_status start_samples(sy_ctx *ctx, collector *owner)
{
    const sy_calib_spec *spec = owner->spec;
    const size_t samples = spec->samples->count;
    owner->hashes = sy_arena_alloc(&owner->arena, samples, sizeof *owner->hashes);
    owner->taken = sy_arena_alloc(&owner->arena, samples, sizeof *owner->taken);
    owner->todo = sy_arena_alloc(&owner->arena, samples, sizeof *owner->todo);
    SY_TRY(sy_check_alloc(ctx, owner->hashes));
    SY_TRY(sy_check_alloc(ctx, owner->taken));
    SY_TRY(sy_check_alloc(ctx, owner->todo));
    if (spec->resumed)
        SY_TRY(sy_calib_resume(ctx, spec, owner->accumulators, owner->hashes, owner->taken));
    for (size_t i = 0; i < samples; i++)
        if (!owner->taken[i])
            owner->todo[owner->todo_count++] = i;
    return sy_keeper_init(ctx, &owner->keeper, spec->keep, samples - owner->todo_count);
}

static sy_status start(sy_ctx *ctx, collector *owner)
{
    const sy_calib_spec *spec = owner->spec;
    const sy_program_spec program = {.graph = spec->graph,
                                     .inputs = spec->graph->inputs,
                                     .input_count = spec->graph->input_count,
                                     .observed = spec->observed,
                                     .observed_count = spec->observed_count};
    SY_TRY(start_tensors(ctx, owner));
    SY_TRY(start_samples(ctx, owner));
    SY_TRY(sy_program_create(ctx, spec->backend, spec->device, &program, &owner->program));
    owner->workers = sy_arena_alloc(&owner->arena, (size_t)spec->workers, sizeof *owner->workers);
    SY_TRY(sy_check_alloc(ctx, owner->workers));
    const sy_batch_spec batch = {.backend = spec->backend,
                                 .device = spec->device,
                                 .asked = spec->batch,
                                 .workers = spec->workers,
                                 .samples = owner->todo_count,
                                 .sample_bytes = sample_bytes(owner)};
    SY_TRY(sy_batch_choose(ctx, &batch, &owner->batch));
    return start_workers(ctx, owner);
}

static void release(collector *owner)
{
    stop_workers(owner);
    sy_keeper_release(&owner->keeper);
    for (int i = 0; i < owner->accumulator_count; i++)
        sy_accumulator_release(&owner->accumulators[i]);
    sy_program_destroy(owner->program);
    sy_arena_release(&owner->arena);
}

sy_status sy_calib_collect(sy_ctx *ctx, const sy_calib_spec *spec, sy_stats **out)
{
    collector owner = {.spec = spec};
    sy_stats *stats = NULL;
    sy_status status;
    if (spec->samples->count == 0)
        return sy_fail(ctx, SY_E_DATA, "there are no samples to calibrate with");
    if (spec->samples->count > UINT32_MAX)
        return sy_fail(ctx, SY_E_DATA, "there are more than 2^32 samples");
    SY_TRY_DONE(start(ctx, &owner));
    SY_TRY_DONE(sy_pool_run(ctx, spec->stage ? spec->stage : "statistics", owner.worker_count,
                            batch_count(&owner), collect_batch, &owner));
    SY_TRY_DONE(gather_workers(ctx, &owner));
    SY_TRY_DONE(sy_calib_assemble(ctx, spec, owner.accumulators, owner.hashes, owner.taken, &stats));
    SY_TRY_DONE(sy_calib_check_finite(ctx, stats));
    *out = stats;
    stats = NULL;
done:
    sy_stats_destroy(stats);
    release(&owner);
    return status;
}
