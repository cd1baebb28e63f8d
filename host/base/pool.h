/* Work spread over threads, an item at a time. Which worker gets which item is not defined, so what
 * is computed must not depend on it.
 */
#ifndef SY_BASE_POOL_H
#define SY_BASE_POOL_H

#include "base/fail.h"

/* Does item `item`; `worker` is 0 .. workers-1, and one worker does one item at a time. `ctx` is the
 * worker's own: errors go there.
 */
typedef sy_status (*sy_work_fn)(sy_ctx *ctx, void *user, int worker, size_t item);

/* Runs items 0 .. count-1, started in ascending order, on `workers` threads; with one worker, on the
 * calling thread. The first failure by item number stops the rest and is returned with its message. Reports
 * progress under `stage` (NULL: none) from the calling thread.
 */
sy_status sy_pool_run(sy_ctx *ctx, const char *stage, int workers, size_t count, sy_work_fn work, void *user);

/* Processors this process may use; at least 1. */
int sy_pool_default_workers(void);

#endif
