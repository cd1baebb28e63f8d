#include "calib/collect.h"

#include "base/log.h"
#include "base/pool.h"
#include "calib/assemble.h"
#include "calib/collector.h"
#include "calib/resume.h"
#include "run/batch.h"

/* Empties the devices into the accumulators. */
static sy_status gather_workers(sy_ctx *ctx, sy_collector *owner)
{
    for (int i = 0; i < owner->worker_count; i++)
        SY_TRY(sy_collect_worker_empty(ctx, owner, &owner->workers[i]));
    return SY_OK;
}

/* Writes what there is so far. The run can do without the file, so it goes on where the file cannot be
 * written. */
static sy_status write_kept(sy_ctx *ctx, sy_collector *owner, bool *out_good)
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

static sy_status keep_if_due(sy_ctx *ctx, sy_collector *owner)
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
    sy_collector *owner = user;
    sy_collect_worker *worker = &owner->workers[index];
    const size_t first = batch * owner->batch, left = owner->todo_count - first;
    uint32_t count = 0;
    SY_TRY(keep_if_due(ctx, owner));
    SY_TRY(sy_collect_worker_load(ctx, owner, worker, first,
                                  first + (left < owner->batch ? left : owner->batch), &count));
    if (count == 0)
        return SY_OK;
    sy_keeper_enter(&owner->keeper);
    const sy_status status = sy_collect_worker_run(ctx, owner, worker, count);
    sy_keeper_leave(&owner->keeper, count, status == SY_OK);
    return status;
}

static sy_status start_tensors(sy_ctx *ctx, sy_collector *owner)
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

static size_t batch_count(const sy_collector *owner)
{
    return (owner->todo_count + owner->batch - 1) / owner->batch;
}

/* Device memory that a worker needs for each sample of its batch. */
static size_t sample_bytes(const sy_collector *owner)
{
    size_t activations, constants;
    sy_program_memory(owner->program, &activations, &constants);
    return activations + sy_collect_sample_words(owner) * sizeof(uint32_t);
}

static void stop_workers(sy_collector *owner)
{
    for (int i = 0; i < owner->worker_count; i++)
        sy_collect_worker_stop(&owner->workers[i]);
    owner->worker_count = 0;
}

static sy_status try_workers(sy_ctx *ctx, sy_collector *owner)
{
    const size_t batches = batch_count(owner);
    const int workers = batches < (size_t)owner->spec->workers ? (int)batches : owner->spec->workers;
    for (int i = 0; i < workers; i++) {
        owner->worker_count++;
        SY_TRY(sy_collect_worker_start(ctx, owner, &owner->workers[i]));
    }
    return SY_OK;
}

/* With half as large a batch as long as there is no memory for it. */
static sy_status start_workers(sy_ctx *ctx, sy_collector *owner)
{
    sy_status status = try_workers(ctx, owner);
    while (sy_batch_halve(ctx, status, &owner->batch)) {
        stop_workers(owner);
        status = try_workers(ctx, owner);
    }
    return status;
}

/* Takes what an earlier run gathered, and lists the samples that are left. */
static sy_status start_samples(sy_ctx *ctx, sy_collector *owner)
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

static sy_status start(sy_ctx *ctx, sy_collector *owner)
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

static void release(sy_collector *owner)
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
    sy_collector owner = {.spec = spec};
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
