/* What has been gathered so far, written now and then, so that a run that ends in the middle can go on.
 *
 * Workers come and go between batches; the one that finds a file due waits until the others have ended
 * theirs, and has the accumulators to itself while it writes.
 */
#ifndef SY_CALIB_KEEP_H
#define SY_CALIB_KEEP_H

#include <pthread.h>
#include <stdbool.h>

#include "calib/collect.h"

typedef struct sy_keeper {
    sy_calib_keep *keep; /* NULL: nothing is kept, and nobody waits */
    pthread_mutex_t lock;
    pthread_cond_t moved; /* a batch ended, or a file was written */
    int running;          /* batches */
    bool writing;
    bool broken;       /* a batch failed in the middle: what is accumulated may be half of a sample */
    size_t gathered;   /* samples, with those of an earlier run */
    double began, due; /* seconds of a clock */
} sy_keeper;

sy_status sy_keeper_init(sy_ctx *ctx, sy_keeper *keeper, sy_calib_keep *keep, size_t gathered);
void sy_keeper_release(sy_keeper *keeper); /* a zeroed one too */

/* Around each batch; `samples` are those it added, `good` whether it added them whole. */
void sy_keeper_enter(sy_keeper *keeper);
void sy_keeper_leave(sy_keeper *keeper, size_t samples, bool good);

/* Whether the caller is to write now: then no batch runs until it calls sy_keeper_wrote(). The next is due
 * after keep->seconds, and later where writing takes more than a hundredth of that.
 */
bool sy_keeper_is_due(sy_keeper *keeper);
void sy_keeper_wrote(sy_keeper *keeper, bool good);

#endif
