/* What one tensor has shown so far, over all samples and workers. Everything in it is an integer or an exact
 * sum, so the order of adding does not matter.
 */
#ifndef SY_CALIB_ACCUMULATE_H
#define SY_CALIB_ACCUMULATE_H

#include <pthread.h>

#include "calib/stats.h"

/* Of one sample, as the kernels leave it. */
typedef struct sy_tensor_sample {
    uint32_t count;            /* elements, finite or not */
    const uint32_t *summary;   /* [SY_SUMMARY_WORDS] */
    const float *channel_sums; /* NULL where channels are not asked for */
    size_t index;              /* of the sample */
    const char *name;
} sy_tensor_sample;

typedef struct sy_accumulator {
    pthread_mutex_t lock;
    uint64_t elements, zeros, not_finite;
    float min, max;
    int exponent;
    uint64_t *positive, *negative; /* NULL while there are none */
    sy_exact_sum sum, squares;
    sy_exact_sum *channels; /* [channel_count]; NULL where channels are not asked for */
    int64_t *windows;       /* [channel_count]: what the channels lack yet (exact_sum.h) */
    uint32_t window_terms;  /* samples in them */
    uint32_t channel_count;
    uint64_t channel_positions; /* elements of a channel in one sample */
    uint64_t channel_samples;   /* that had finite sums only */
    uint32_t bad_samples;       /* with values that are not finite */
    const char *bad_sample;     /* the first of them by name */
    sy_sample_record *records;  /* [sample_count], by index */
} sy_accumulator;

sy_status sy_accumulator_init(sy_ctx *ctx, sy_accumulator *accumulator, size_t sample_count,
                              uint32_t channel_count, uint64_t channel_positions);
/* Begins with what `from` holds instead of nothing; its sample i is the one of index order[i]. `from` must
 * outlive the accumulator. Right after init. SY_E_DATA: its channels have other positions.
 */
sy_status sy_accumulator_resume(sy_ctx *ctx, sy_accumulator *accumulator, const sy_tensor_stats *from,
                                const size_t *order);
void sy_accumulator_release(sy_accumulator *accumulator);

/* These two may be called from several threads at once. */
void sy_accumulator_add(sy_accumulator *accumulator, const sy_tensor_sample *sample);
/* The histogram of samples, as the kernel `observe` keeps it: SY_HISTOGRAM_WORDS words. The only failure is
 * SY_E_MEMORY. */
sy_status sy_accumulator_add_histogram(sy_ctx *ctx, sy_accumulator *accumulator, const uint32_t *state);

/* Fills everything in *out but the name, from copies: adding may go on. Record i is that of sample order[i].
 */
sy_status sy_accumulator_finish(sy_ctx *ctx, sy_accumulator *accumulator, const size_t *order,
                                size_t sample_count, sy_arena *arena, sy_tensor_stats *out);

#endif
