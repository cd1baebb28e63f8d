/* Runs a model over samples and keeps the statistics of its tensors. */
#ifndef SY_CALIB_COLLECT_H
#define SY_CALIB_COLLECT_H

#include "calib/stats.h"
#include "device/device.h"
#include "graph/graph.h"

struct sy_samples;

/* What supplies the samples. `load` may be called from several threads at once; it fills out[k] with the
 * words of graph input k and sets *out_usable false, with SY_OK, for a sample to leave out.
 */
typedef struct sy_sample_source {
    const void *user;
    size_t count;
    const char *(*name)(const void *user, size_t index);
    sy_status (*load)(sy_ctx *ctx, const void *user, size_t index, void *const *out, sy_hash *out_hash,
                      bool *out_usable);
    /* The hash that `load` gives, without loading; NULL: samples of an earlier run are known by their names
     * alone. From several threads at once. */
    sy_status (*hash)(sy_ctx *ctx, const void *user, size_t index, sy_hash *out);
} sy_sample_source;

/* The files that data/samples.h opened. */
sy_sample_source sy_sample_source_of(const struct sy_samples *samples);

/* The tensors of a bound graph that quantization may ask about, in the order they are computed: float graph
 * inputs, then the float outputs of nodes; without those between an operator and the Relu or Clip that runs
 * merged into it, and without those that hold no element. In `arena`.
 */
sy_status sy_calib_choose(sy_ctx *ctx, const sy_graph *graph, sy_arena *arena, int **out, int *out_count);

/* How the channel means of each of these tensors are summed; channels is 0 for those that no linear operator
 * computes. The channels are axis 1 of a convolution, the last axis of a matrix product.
 */
sy_status sy_calib_channels(sy_ctx *ctx, const sy_graph *graph, const int *observed, int count,
                            sy_channel_sum_params *out);

/* What is written while statistics are gathered: a .qstat file of the samples so far. */
typedef struct sy_calib_keep {
    const char *path;
    int seconds;    /* how often; 0: after each batch */
    size_t samples; /* out, also of a failure: those in the file, at first those that were resumed */
} sy_calib_keep;

typedef struct sy_calib_spec {
    const sy_backend *backend;
    sy_device *device;
    const sy_graph *graph; /* bound; every graph input is one of a sample */
    const int *observed;   /* tensors, as sy_calib_choose gives them */
    int observed_count;
    const sy_sample_source *samples;
    int workers;    /* at least 1 */
    uint32_t batch; /* samples a worker runs at once; 0: 1, or on a device that tells its memory what fits, up
                       to 32 */
    sy_hash model;  /* these three are stored as they are */
    const char *input_shape;
    const char *preprocess;
    bool fast;                /* the device's arithmetic is not exact: noted in the statistics */
    sy_calib_keep *keep;      /* NULL: nothing is written */
    const sy_stats *resumed;  /* of an earlier run over some of these samples, which are not run again; NULL:
                                 there was none */
    const char *resumed_name; /* for messages */
    const char *stage;        /* the name of its progress; NULL: "statistics" */
} sy_calib_spec;

/* One pass over the samples; no result depends on `batch`, nor, in exact arithmetic, on what was resumed.
 * Where a device has no memory for so many samples, halves are tried, with a warning. Tensors with values
 * that are not finite in some sample are warned about, by tensor and sample; SY_E_NUMERIC when a tensor had
 * no finite value in any, SY_E_DATA when no sample is usable or two have one name, or as sy_calib_resume()
 * says. A file that cannot be kept is warned about. The memory does not grow with the samples but for a
 * record of 16 bytes for each tensor and sample.
 */
sy_status sy_calib_collect(sy_ctx *ctx, const sy_calib_spec *spec, sy_stats **out);

#endif
