#include "calib/collect.h"
#include "data/samples.h"

static sy_status load_sample(sy_ctx *ctx, const void *user, size_t index, void *const *out, sy_hash *out_hash,
                             bool *out_usable)
{
    return sy_samples_load(ctx, user, index, out, out_hash, out_usable);
}

static sy_status hash_sample(sy_ctx *ctx, const void *user, size_t index, sy_hash *out)
{
    return sy_samples_hash(ctx, user, index, out);
}

static const char *sample_name(const void *user, size_t index)
{
    return sy_samples_name(user, index);
}

sy_sample_source sy_sample_source_of(const sy_samples *samples)
{
    return (sy_sample_source){.user = samples,
                              .count = sy_samples_count(samples),
                              .name = sample_name,
                              .load = load_sample,
                              .hash = hash_sample};
}
