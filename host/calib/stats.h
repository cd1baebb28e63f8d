/* Statistics of every activation tensor over the samples; the .qstat file.
 *
 * Exact: minimum, maximum, counts and histogram do not depend on the order of the samples, on how they were spread over workers
 * or on shards merged later, and neither do the bits of the sums.
 */
#ifndef SY_CALIB_STATS_H
#define SY_CALIB_STATS_H

#include "base/arena.h"
#include "base/hash.h"
#include "kernels/params.h"

/* One sample as one tensor saw it. `low` and `high` are the values at sorted index int(0.0001f n) and int(0.9999f n), as
 * MindSpore Lite's outlier removal reads them: to within one bin of the histogram at that sample's own range.
 */
typedef struct sy_sample_record {
    float min, max, low, high;
} sy_sample_record;

typedef struct sy_tensor_stats {
    const char *name;
    uint64_t elements; /* over all samples, including zeros; not finite ones are not in it */
    uint64_t zeros, not_finite;
    float min, max;
    double sum, sum_of_squares;
    int exponent;             /* |x| < 2^exponent */
    uint64_t *positive;       /* [SY_HISTOGRAM_SIDE]; bin b is |x| in [b, b+1) * 2^exponent / SY_HISTOGRAM_SIDE, zeros left out */
    uint64_t *negative;
    sy_sample_record *records; /* [sample_count], in the order of sy_stats.samples */
    /* Mean over samples and positions of each channel (axis 1), for tensors of rank 2 or more; NULL otherwise. */
    double *channel_means;
    uint32_t channel_count;
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
    sy_arena arena;
} sy_stats;

void sy_stats_destroy(sy_stats *stats);
const sy_tensor_stats *sy_stats_find(const sy_stats *stats, const char *tensor); /* NULL is an answer */

/* The .qstat file: magic, version, then sections (tag, size, bytes), the last a SHA-256 of what precedes it. Unknown sections are
 * skipped. SY_E_DATA for a damaged file, with what is wrong.
 */
sy_status sy_stats_save(sy_ctx *ctx, const sy_stats *stats, const char *path);
sy_status sy_stats_load(sy_ctx *ctx, const char *path, sy_stats **out);
/* Of everything that is a result: the same for any workers, device in exact arithmetic, and order of samples. */
sy_hash sy_stats_content_hash(const sy_stats *stats);

#endif
