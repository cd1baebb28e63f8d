/* Statistics of made-up samples, through the reference kernels and the accumulators, as collecting makes
 * them. */
#ifndef SY_TESTS_SUPPORT_FAKE_STATS_H
#define SY_TESTS_SUPPORT_FAKE_STATS_H

#include <stdio.h>

#include "calib/accumulate.h"
#include "cpu/ref.h"
#include "support/tensor_stats.h"
#include "support/test.h"

enum {
    FAKE_TENSORS = 3,
    FAKE_CHANNELS = 4,
    FAKE_POSITIONS = 60,
    FAKE_COUNT = FAKE_CHANNELS * FAKE_POSITIONS
};

/* Sample `sample` of tensor `tensor`: both signs, one sign, mostly 0; scales differ from sample to sample. */
static inline void fake_values(int tensor, int sample, float x[FAKE_COUNT])
{
    random_state r = {(uint64_t)(1000 * tensor + sample + 1)};
    for (int i = 0; i < FAKE_COUNT; i++) {
        const double value = random_normal(&r) * exp2((sample * 7) % 5 - 3);
        x[i] = (float)(tensor == 0 ? value : tensor == 1 ? fabs(value) : fmax(value - 3, 0));
    }
}

static inline void fake_add(sy_ctx *ctx, sy_accumulator *accumulator, const float *x, size_t index,
                            const char *name)
{
    uint32_t summary[SY_SUMMARY_WORDS], bins[SY_HISTOGRAM_BINS], histogram[SY_HISTOGRAM_WORDS] = {0};
    float sums[FAKE_CHANNELS];
    const sy_observe_params count = {FAKE_COUNT};
    const sy_channel_sum_params channels = {1, FAKE_CHANNELS, FAKE_POSITIONS};
    sy_ref_observe((void *[]){(void *)x, bins, summary, histogram}, &count);
    sy_ref_channel_sum((void *[]){(void *)x, sums}, &channels);
    const sy_tensor_sample sample = {.count = FAKE_COUNT,
                                     .summary = summary,
                                     .channel_sums = accumulator->channel_count ? sums : NULL,
                                     .index = index,
                                     .name = name};
    sy_accumulator_add(accumulator, &sample);
    assert_ok(ctx, sy_accumulator_add_histogram(ctx, accumulator, histogram));
}

/* Statistics of samples first..first+count-1, added in the order of `step` (coprime to count). Only tensor 0
 * has channels. */
static inline sy_stats *fake_stats(sy_ctx *ctx, int first, int count, int step)
{
    sy_stats *stats = calloc(1, sizeof *stats);
    size_t order[64];
    assert_true(stats && count <= 64);
    stats->model = sy_hash_of("model", 5);
    stats->input_shape = sy_arena_text(&stats->arena, "x:1,4,60");
    stats->preprocess = sy_arena_text(&stats->arena, "resize_method = LINEAR\n");
    stats->sample_count = (uint32_t)count;
    stats->samples = sy_arena_alloc(&stats->arena, (size_t)count, sizeof *stats->samples);
    stats->sample_hashes = sy_arena_alloc(&stats->arena, (size_t)count, sizeof *stats->sample_hashes);
    stats->tensor_count = FAKE_TENSORS;
    stats->tensors = sy_arena_alloc(&stats->arena, FAKE_TENSORS, sizeof *stats->tensors);
    for (int i = 0; i < count; i++) {
        order[i] = (size_t)i;
        stats->samples[i] = sy_arena_printf(&stats->arena, "s%03d.png", first + i);
        stats->sample_hashes[i] = sy_hash_of(stats->samples[i], 8);
    }
    for (int t = 0; t < FAKE_TENSORS; t++) {
        sy_accumulator accumulator;
        float x[FAKE_COUNT];
        assert_ok(ctx, sy_accumulator_init(ctx, &accumulator, (size_t)count, t == 0 ? FAKE_CHANNELS : 0,
                                           FAKE_POSITIONS));
        for (int i = 0; i < count; i++) {
            const int sample = (i * step) % count;
            fake_values(t, first + sample, x);
            fake_add(ctx, &accumulator, x, (size_t)sample, stats->samples[sample]);
        }
        stats->tensors[t].name = sy_arena_printf(&stats->arena, "tensor%d", t);
        assert_ok(ctx, sy_accumulator_finish(ctx, &accumulator, order, (size_t)count, &stats->arena,
                                             &stats->tensors[t]));
        sy_accumulator_release(&accumulator);
    }
    return stats;
}

#endif
