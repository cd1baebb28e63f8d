#include "data/samples.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/pool.h"
#include "data/set.h"

void sy_samples_destroy(sy_samples *samples)
{
    if (!samples)
        return;
    if (samples->verdict) {
        pthread_mutex_destroy(&samples->verdict->lock);
        free(samples->verdict->summary);
        free(samples->verdict);
    }
    sy_arena_release(&samples->arena);
    free(samples);
}

size_t sy_samples_count(const sy_samples *samples)
{
    return samples->count;
}

const char *sy_samples_name(const sy_samples *samples, size_t index)
{
    return samples->inputs[0].source.files[index].name;
}

int sy_samples_label(const sy_samples *samples, size_t index)
{
    return samples->classes ? samples->classes[index] : SY_NONE;
}

const char *sy_samples_preprocess(const sy_samples *samples)
{
    return samples->preprocess;
}

/* One pass over all samples, for their reasons only. */
typedef struct {
    const sy_samples *samples;
    char **reasons;
} inspection;

static sy_status inspect(sy_ctx *ctx, void *user, int worker, size_t index)
{
    const inspection *self = user;
    const sy_samples *samples = self->samples;
    sy_status status = SY_OK;
    (void)worker;
    void **words = calloc((size_t)samples->input_count, sizeof *words);
    SY_TRY(sy_check_alloc(ctx, words));
    for (int k = 0; k < samples->input_count; k++) {
        words[k] = calloc(samples->inputs[k].words + 1, sizeof(float));
        SY_TRY_DONE(sy_check_alloc(ctx, words[k]));
    }
    SY_TRY_DONE(
        sy_reasons_note(ctx, sy_sample_visit(ctx, samples, index, words, NULL), &self->reasons[index]));
done:
    for (int k = 0; k < samples->input_count; k++)
        free(words[k]);
    free(words);
    return status;
}

sy_status sy_samples_check(sy_ctx *ctx, const sy_samples *samples, int workers)
{
    inspection self = {samples, sy_reasons_create(samples->count)};
    if (!self.reasons)
        return sy_check_alloc(ctx, NULL);
    sy_status status = sy_pool_run(ctx, "checking samples", workers, samples->count, inspect, &self);
    if (status == SY_OK && sy_reasons_count(self.reasons, samples->count))
        status = sy_reasons_report(ctx, self.reasons, samples->count);
    sy_reasons_destroy(self.reasons, samples->count);
    return status;
}

/* The first bad sample has every file tried, so that one run names them all; others wait and repeat the
 * verdict. */
static sy_status pronounce(sy_ctx *ctx, const sy_samples *samples)
{
    struct verdict *verdict = samples->verdict;
    sy_status status;
    pthread_mutex_lock(&verdict->lock);
    if (verdict->summary)
        status = sy_fail(ctx, SY_E_DATA, "%s", verdict->summary);
    else {
        status = sy_samples_check(ctx, samples, 1);
        if (status == SY_E_DATA)
            verdict->summary = strdup(ctx ? sy_ctx_error(ctx) : "");
        else if (status == SY_OK)
            status = sy_fail(ctx, SY_E_DATA,
                             "a sample could not be read, and then it could: is somebody writing it?");
    }
    pthread_mutex_unlock(&verdict->lock);
    return status;
}

sy_status sy_samples_load(sy_ctx *ctx, const sy_samples *samples, size_t index, void *const *out,
                          sy_hash *out_hash, bool *out_usable)
{
    sy_status status = sy_sample_visit(ctx, samples, index, out, out_hash);
    *out_usable = status == SY_OK;
    if (status != SY_E_DATA && status != SY_E_IO)
        return status;
    if (!samples->skip_bad)
        return pronounce(ctx, samples);
    sy_log(ctx, SY_LOG_WARN, "bad sample, left out: %s", sy_ctx_error(ctx));
    return SY_OK;
}
