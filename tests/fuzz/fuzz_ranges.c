/* Bytes to ranges of tensors; what is accepted serves as statistics. */
#include "fuzz.h"
#include "nvgpu/ranges.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    sy_ctx *ctx = NULL;
    sy_ranges ranges;
    sy_stats *stats = NULL;
    if (sy_ctx_create(&ctx) != SY_OK)
        return 0;
    if (sy_ranges_parse(ctx, "fuzz", bytes, size, &ranges) == SY_OK) {
        FUZZ_CHECK(ranges.count > 0);
        FUZZ_CHECK(sy_stats_from_ranges(ctx, ranges.rows, ranges.count, &stats) == SY_OK);
        FUZZ_CHECK(stats->tensor_count == ranges.count);
        sy_stats_destroy(stats);
        sy_ranges_release(&ranges);
    } else {
        FUZZ_CHECK(*sy_ctx_error(ctx));
    }
    sy_ctx_destroy(ctx);
    return 0;
}
