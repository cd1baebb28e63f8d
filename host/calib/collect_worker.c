#include "calib/collector.h"

enum { BINS = SY_HISTOGRAM_BINS };

static size_t summary_words(const sy_collector *owner)
{
    return (size_t)owner->spec->observed_count * SY_SUMMARY_WORDS;
}

static size_t histogram_words(const sy_collector *owner)
{
    return (size_t)owner->spec->observed_count * SY_HISTOGRAM_WORDS;
}

size_t sy_collect_sample_words(const sy_collector *owner)
{
    return BINS + summary_words(owner) + histogram_words(owner) + owner->channel_words;
}

static sy_status clear_histograms(sy_ctx *ctx, sy_collect_worker *worker)
{
    const sy_collector *owner = worker->owner;
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
static sy_status gather_histograms(sy_ctx *ctx, const sy_collector *owner, sy_collect_worker *worker)
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

sy_status sy_collect_worker_empty(sy_ctx *ctx, const sy_collector *owner, sy_collect_worker *worker)
{
    SY_TRY(gather_histograms(ctx, owner, worker));
    return clear_histograms(ctx, worker);
}

/* The counts of the device have 32 bits. */
static sy_status make_room(sy_ctx *ctx, const sy_collector *owner, sy_collect_worker *worker)
{
    if (worker->counted + owner->most_words > UINT32_MAX)
        SY_TRY(sy_collect_worker_empty(ctx, owner, worker));
    worker->counted += owner->most_words;
    return SY_OK;
}

static sy_status sum_channels(sy_ctx *ctx, const sy_collect_worker *worker, const sy_observed *seen)
{
    const sy_collector *owner = worker->owner;
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
    const sy_collect_worker *worker = user;
    const sy_collector *owner = worker->owner;
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
static sy_status gather(sy_ctx *ctx, const sy_collector *owner, sy_collect_worker *worker, size_t slot)
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

sy_status sy_collect_worker_load(sy_ctx *ctx, sy_collector *owner, sy_collect_worker *worker, size_t first,
                                 size_t last, uint32_t *out_count)
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

sy_status sy_collect_worker_run(sy_ctx *ctx, sy_collector *owner, sy_collect_worker *worker, uint32_t count)
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

static sy_status alloc_inputs(sy_ctx *ctx, const sy_collector *owner, sy_collect_worker *worker)
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

sy_status sy_collect_worker_start(sy_ctx *ctx, const sy_collector *owner, sy_collect_worker *worker)
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

void sy_collect_worker_stop(sy_collect_worker *worker)
{
    if (!worker->owner)
        return;
    const sy_calib_spec *spec = worker->owner->spec;
    sy_runner_destroy(worker->runner);
    sy_buffer *const buffers[] = {worker->bins, worker->summaries, worker->histograms, worker->channel_sums};
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++)
        if (buffers[i])
            spec->backend->free(spec->device, buffers[i]);
    sy_arena_release(&worker->arena);
    *worker = (sy_collect_worker){0};
}
