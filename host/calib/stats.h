/* Statistics of every activation tensor over the samples; the .qstat file.
 *
 * Exact: minimum, maximum, counts and histogram do not depend on the order of the samples, on how they were
 * spread over workers or on shards merged later, and neither do the bits of the sums.
 */
#ifndef SY_CALIB_STATS_H
#define SY_CALIB_STATS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/hash.h"
#include "calib/exact_sum.h"
#include "kernels/params.h"

/* One tensor in one sample. `low` and `high` are the values at sorted index int(0.0001f n) and int(0.9999f n)
 * of the n finite ones, as MindSpore Lite's outlier removal reads them: to within one bin of the histogram at
 * that sample's own range. Where the sample held no finite value, min and low are infinity, max and high
 * -infinity.
 */
typedef struct sy_sample_record {
    float min, max, low, high;
} sy_sample_record;

typedef struct sy_tensor_stats {
    const char *name;
    uint64_t elements; /* over all samples, including zeros; not finite ones are not in it */
    uint64_t zeros, not_finite;
    uint32_t not_finite_samples;  /* that held such values */
    const char *not_finite_first; /* the first of them by name; NULL where there are none, or the file was
                                     written without */
    float min, max;               /* infinity and -infinity when elements is 0 */
    double sum, sum_of_squares;
    int exponent;                    /* |x| < 2^exponent; -126 at least */
    const uint64_t *positive;        /* [SY_HISTOGRAM_SIDE]; bin b is |x| in [b, b+1) * 2^exponent /
                                        SY_HISTOGRAM_SIDE, zeros left out */
    const uint64_t *negative;        /* [SY_HISTOGRAM_SIDE]; empty sides may share one array */
    const sy_sample_record *records; /* [record_count], in the order of sy_stats.samples */
    uint32_t record_count;           /* that of the samples */
    /* Mean over samples and positions of each channel, for tensors that a linear operator computes (of the
     * activation, where one is merged into it); NULL otherwise. Samples with a value that is not finite are
     * left out.
     */
    const double *channel_means;
    uint32_t channel_count;

    /* What the sums and means above are rounded from, so that shards merge without error. */
    sy_exact_sum exact_sum, exact_squares;
    const sy_exact_sum *channel_sums; /* [channel_count] */
    uint64_t channel_elements;        /* of each channel */
} sy_tensor_stats;

typedef struct sy_stats {
    sy_hash model;           /* of the file */
    const char *input_shape; /* as bound: "x:1,3,224,224" */
    const char *preprocess;  /* the effective [data_preprocess_param], one key a line */
    const char **samples;    /* names, sorted bytewise */
    sy_hash *sample_hashes;  /* of the bytes read */
    uint32_t sample_count;
    sy_tensor_stats *tensors; /* in the order they are computed */
    uint32_t tensor_count;
    bool fast; /* in part of a device whose arithmetic was FAST: within its bound, not to the bit */
    sy_arena arena;
} sy_stats;

void sy_stats_destroy(sy_stats *stats); /* takes NULL */
/* sums[c] / elements in the arena; 0 where elements is 0. NULL when there is no memory. */
double *sy_channel_means(sy_arena *arena, const sy_exact_sum *sums, uint32_t channel_count,
                         uint64_t elements);
const sy_tensor_stats *sy_stats_find(const sy_stats *stats, const char *tensor); /* NULL is an answer */

/* The statistics of all the samples of `shards`, as one run over them gives: to the last bit. The shards must
 * agree on model, input shape, preprocessing and tensors, and have no sample in common (by name): SY_E_DATA
 * otherwise.
 */
sy_status sy_stats_merge(sy_ctx *ctx, const sy_stats *const *shards, size_t shard_count, sy_stats **out);

/* The .qstat file: magic, version, then sections (tag, size, bytes), the last a SHA-256 of what precedes it.
 * Unknown sections are skipped. SY_E_DATA for a damaged file, with what is wrong.
 */
sy_status sy_stats_save(sy_ctx *ctx, const sy_stats *stats, const char *path);
sy_status sy_stats_load(sy_ctx *ctx, const char *path, sy_stats **out);
/* The same from memory; `name` is for messages. */
sy_status sy_stats_parse(sy_ctx *ctx, const char *name, const void *bytes, size_t size, sy_stats **out);
/* Of everything that is a result, with the hashes of model and samples: the same for any workers, device in
 * exact arithmetic, and order of samples. It is the checksum at the end of the file.
 */
sy_status sy_stats_content_hash(sy_ctx *ctx, const sy_stats *stats, sy_hash *out);

#endif
