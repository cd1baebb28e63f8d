#include "run/batch.h"

#include "base/log.h"

/* More samples than this bring a GPU little; one part of so many of its memory stays free. */
enum { BATCH_MAX = 32, MEMORY_PARTS = 5 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

sy_status sy_batch_choose(sy_ctx *ctx, const sy_batch_spec *spec, uint32_t *out)
{
    const size_t workers = (size_t)spec->workers;
    size_t batch = spec->asked, bytes = 0;
    if (!spec->asked && spec->backend->memory) {
        const size_t share = (spec->samples + workers - 1) / workers;
        SY_TRY(spec->backend->memory(ctx, spec->device, &bytes));
        const size_t fitting = bytes / MEMORY_PARTS * (MEMORY_PARTS - 1) / workers / (spec->sample_bytes + 1);
        batch = smaller(smaller(share, BATCH_MAX), fitting);
        sy_log(ctx, SY_LOG_DEBUG, "batches of %zu samples: each takes %zu bytes of %zu", batch ? batch : 1,
               spec->sample_bytes, bytes);
    }
    batch = smaller(batch, spec->samples);
    *out = batch ? (uint32_t)batch : 1;
    return SY_OK;
}

bool sy_batch_halve(sy_ctx *ctx, sy_status status, uint32_t *batch)
{
    if (status != SY_E_MEMORY || *batch <= 1)
        return false;
    sy_log(ctx, SY_LOG_WARN, "no memory for batches of %u samples, going on with batches of %u: %s", *batch,
           *batch / 2, sy_ctx_error(ctx));
    *batch /= 2;
    return true;
}
