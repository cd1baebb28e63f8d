#include "calib/resume.h"

#include <stdlib.h>
#include <string.h>

#include "base/pool.h"

typedef struct named {
    const char *name;
    size_t index;
} named;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

static sy_status check_alike(sy_ctx *ctx, const sy_calib_spec *spec, const sy_channel_sum_params *channels)
{
    const sy_stats *from = spec->resumed;
    if (memcmp(&from->model, &spec->model, sizeof spec->model) != 0)
        return sy_fail(ctx, SY_E_DATA, "holds statistics of another model file");
    if (strcmp(from->input_shape, spec->input_shape) != 0)
        return sy_fail(ctx, SY_E_DATA, "is for input shape %s, this run for %s", from->input_shape,
                       spec->input_shape);
    if (strcmp(from->preprocess, spec->preprocess) != 0)
        return sy_fail(ctx, SY_E_DATA, "was gathered with other preprocessing ([data_preprocess_param])");
    if (from->tensor_count != (uint32_t)spec->observed_count)
        return sy_fail(ctx, SY_E_DATA, "holds %u tensors, this run looks at %d: another version wrote it",
                       from->tensor_count, spec->observed_count);
    for (int i = 0; i < spec->observed_count; i++) {
        const char *name = spec->graph->tensors[spec->observed[i]].name;
        const sy_tensor_stats *tensor = &from->tensors[i];
        if (strcmp(tensor->name, name) != 0 || tensor->channel_count != channels[i].channels)
            return sy_fail(ctx, SY_E_DATA,
                           "holds tensor %s of %u channels where this run looks at %s of %u: another version "
                           "wrote it",
                           tensor->name, tensor->channel_count, name, channels[i].channels);
    }
    return SY_OK;
}

/* Where each sample of spec->resumed is in this run: order[i] of its sample i. */
static sy_status find_samples(sy_ctx *ctx, const sy_calib_spec *spec, sy_arena *scratch, size_t **out)
{
    const sy_sample_source *samples = spec->samples;
    const sy_stats *from = spec->resumed;
    named *list = sy_arena_alloc(scratch, samples->count, sizeof *list);
    size_t *order = sy_arena_alloc(scratch, from->sample_count, sizeof *order);
    SY_TRY(sy_check_alloc(ctx, list && order ? list : NULL));
    for (size_t i = 0; i < samples->count; i++)
        list[i] = (named){samples->name(samples->user, i), i};
    qsort(list, samples->count, sizeof *list, by_name);
    for (uint32_t i = 0; i < from->sample_count; i++) {
        const named wanted = {from->samples[i], 0};
        const named *found = bsearch(&wanted, list, samples->count, sizeof *list, by_name);
        if (!found)
            return sy_fail(ctx, SY_E_DATA,
                           "holds sample %s, which is none of the %zu of this run (--data, --limit)",
                           from->samples[i], samples->count);
        order[i] = found->index;
    }
    *out = order;
    return SY_OK;
}

typedef struct comparison {
    const sy_calib_spec *spec;
    const size_t *order;
} comparison;

static sy_status compare_sample(sy_ctx *ctx, void *user, int worker, size_t item)
{
    const comparison *work = user;
    const sy_sample_source *samples = work->spec->samples;
    const sy_stats *from = work->spec->resumed;
    sy_hash hash;
    (void)worker;
    SY_TRY(samples->hash(ctx, samples->user, work->order[item], &hash));
    if (memcmp(&hash, &from->sample_hashes[item], sizeof hash) == 0)
        return SY_OK;
    return sy_fail(ctx, SY_E_DATA, "holds sample %s, whose bytes are others now", from->samples[item]);
}

static sy_status resume(sy_ctx *ctx, const sy_calib_spec *spec, sy_arena *scratch,
                        sy_accumulator *accumulators, sy_hash *hashes, bool *taken)
{
    const sy_stats *from = spec->resumed;
    comparison work = {.spec = spec};
    size_t *order = NULL;
    sy_channel_sum_params *channels = sy_arena_alloc(scratch, (size_t)spec->observed_count, sizeof *channels);
    SY_TRY(sy_check_alloc(ctx, channels));
    SY_TRY(sy_calib_channels(ctx, spec->graph, spec->observed, spec->observed_count, channels));
    SY_TRY(check_alike(ctx, spec, channels));
    SY_TRY(find_samples(ctx, spec, scratch, &order));
    work.order = order;
    if (spec->samples->hash)
        SY_TRY(sy_pool_run(ctx, "samples gathered before", spec->workers, from->sample_count, compare_sample,
                           &work));
    for (int i = 0; i < spec->observed_count; i++)
        SY_TRY(sy_accumulator_resume(ctx, &accumulators[i], &from->tensors[i], order));
    for (uint32_t i = 0; i < from->sample_count; i++) {
        hashes[order[i]] = from->sample_hashes[i];
        taken[order[i]] = true;
    }
    return SY_OK;
}

sy_status sy_calib_resume(sy_ctx *ctx, const sy_calib_spec *spec, sy_accumulator *accumulators,
                          sy_hash *hashes, bool *taken)
{
    sy_arena scratch = {0};
    sy_status status = resume(ctx, spec, &scratch, accumulators, hashes, taken);
    sy_arena_release(&scratch);
    if (status == SY_E_DATA) {
        sy_while(ctx, status, "--resume: %s", spec->resumed_name);
        sy_remedy(ctx, status, "without --resume the run begins anew");
    }
    return status;
}
