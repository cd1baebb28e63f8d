/* A run over samples while it lasts: inside calib only. collect.c has the run, collect_worker.c what each of
 * its threads does with the device.
 */
#ifndef SY_CALIB_COLLECTOR_H
#define SY_CALIB_COLLECTOR_H

#include "calib/accumulate.h"
#include "calib/collect.h"
#include "calib/keep.h"
#include "run/run.h"

typedef struct sy_collector sy_collector;

/* One thread's part. On the device, for each sample of a batch and each observed tensor: its summary, its
 * channel sums, and the histogram of all the samples that had this place in a batch.
 */
typedef struct sy_collect_worker {
    const sy_collector *owner;
    sy_arena arena;
    sy_runner *runner;
    sy_buffer *bins, *summaries, *histograms, *channel_sums;
    uint64_t counted;    /* no bin of a histogram can hold more */
    void **inputs;       /* [batch][graph inputs]: words */
    size_t *items;       /* [batch]: the samples that are in it */
    uint32_t *summary;   /* [observed][SY_SUMMARY_WORDS] */
    uint32_t *histogram; /* [SY_HISTOGRAM_WORDS] */
    float *sums;         /* [channel_words] */
} sy_collect_worker;

struct sy_collector {
    const sy_calib_spec *spec;
    sy_program *program;
    sy_arena arena;
    sy_channel_sum_params *channels; /* [observed] */
    size_t *channel_at;              /* [observed]: first word of its channel sums */
    size_t channel_words;            /* of all of them */
    size_t *words;                   /* [observed] */
    size_t most_words;               /* of them */
    sy_accumulator *accumulators;    /* [observed]; those up to accumulator_count are initialised */
    int accumulator_count;
    uint32_t batch; /* samples that a worker runs at once */
    sy_collect_worker *workers;
    int worker_count;
    sy_hash *hashes; /* [samples] */
    bool *taken;     /* [samples]: in the accumulators, or about to be gathered from the devices */
    size_t *todo;    /* [todo_count]: the samples to run */
    size_t todo_count;
    sy_keeper keeper;
};

/* Words of device memory that a worker needs for the statistics of each sample of its batch. */
size_t sy_collect_sample_words(const sy_collector *owner);

/* For batches of owner->batch; stop also after a failure. */
sy_status sy_collect_worker_start(sy_ctx *ctx, const sy_collector *owner, sy_collect_worker *worker);
void sy_collect_worker_stop(sy_collect_worker *worker);

/* Reads items `first` to `last` (not included) of what is to do; those that are usable make the batch. */
sy_status sy_collect_worker_load(sy_ctx *ctx, sy_collector *owner, sy_collect_worker *worker, size_t first,
                                 size_t last, uint32_t *out_count);
/* Runs the `count` loaded samples and takes them in, but for the histograms, which stay on the device. */
sy_status sy_collect_worker_run(sy_ctx *ctx, sy_collector *owner, sy_collect_worker *worker, uint32_t count);
/* Takes the histograms in, and begins new ones. From any thread, while the worker does nothing. */
sy_status sy_collect_worker_empty(sy_ctx *ctx, const sy_collector *owner, sy_collect_worker *worker);

#endif
