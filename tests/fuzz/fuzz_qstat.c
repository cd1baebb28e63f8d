/* Sections of a .qstat file to statistics; the head and a fitting checksum are put around them here, or
 * nothing would get past those. What is accepted must be fit for every range method.
 */
#include <stdlib.h>
#include <string.h>

#include "calib/stats.h"
#include "fuzz.h"
#include "solve/range.h"

static const char head[] = "SYQSTAT\0\1\0\0";     /* with its NUL: 12 bytes */
static const char seal[] = "HASH\40\0\0\0\0\0\0"; /* the same */

static void solve(sy_ctx *ctx, const sy_tensor_stats *tensor)
{
    for (int m = 0; sy_range_method_at(m); m++)
        for (int symmetric = 0; symmetric < 2; symmetric++) {
            const sy_range_options options = {.levels = 256, .symmetric = symmetric, .percentile = 0.999f};
            sy_range range;
            if (sy_range_method_at(m)->choose(ctx, tensor, &options, &range) != SY_OK)
                continue;
            FUZZ_CHECK(range.min <= 0 && range.max >= 0 && range.min < range.max);
            FUZZ_CHECK(sy_range_error(tensor, &options, &range) >= 0);
            const double clipped = sy_range_clipped(tensor, &range);
            FUZZ_CHECK(clipped >= 0 && clipped <= 1);
        }
}

static void use(sy_ctx *ctx, const sy_stats *stats)
{
    sy_hash hash;
    sy_stats *merged = NULL;
    FUZZ_CHECK(sy_stats_content_hash(ctx, stats, &hash) == SY_OK);
    FUZZ_CHECK(sy_stats_merge(ctx, &stats, 1, &merged) == SY_OK);
    sy_stats_destroy(merged);
    for (uint32_t t = 0; t < stats->tensor_count && t < 3; t++)
        solve(ctx, &stats->tensors[t]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    sy_ctx *ctx = NULL;
    sy_stats *stats = NULL;
    const size_t total = sizeof head + size + sizeof seal + SY_HASH_BYTES;
    unsigned char *file = malloc(total);
    if (!file || sy_ctx_create(&ctx) != SY_OK)
        abort();
    memcpy(file, head, sizeof head);
    if (size)
        memcpy(file + sizeof head, bytes, size);
    memcpy(file + sizeof head + size, seal, sizeof seal);
    const sy_hash hash = sy_hash_of(file, sizeof head + size);
    memcpy(file + total - SY_HASH_BYTES, hash.bytes, SY_HASH_BYTES);
    if (sy_stats_parse(ctx, "fuzz.qstat", file, total, &stats) == SY_OK)
        use(ctx, stats);
    sy_stats_destroy(stats);
    sy_ctx_destroy(ctx);
    free(file);
    return 0;
}
