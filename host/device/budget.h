/* How much of its memory a device's buffers may use: what backends count against --max-mem. */
#ifndef SY_DEVICE_BUDGET_H
#define SY_DEVICE_BUDGET_H

#include <pthread.h>

#include "base/fail.h"

typedef struct sy_budget {
    pthread_mutex_t lock;
    size_t used;  /* bytes; under the lock */
    size_t limit; /* bytes; 0: no limit but the device's */
} sy_budget;

void sy_budget_init(sy_budget *budget); /* nothing used, no limit */
void sy_budget_destroy(sy_budget *budget);

/* Counts `bytes` more, or SY_E_MEMORY where they are beyond the limit: the message begins "device
 * <kind>:<index> (<name>)". */
sy_status sy_budget_reserve(sy_ctx *ctx, sy_budget *budget, size_t bytes, const char *kind, int index,
                            const char *name);
void sy_budget_give_back(sy_budget *budget, size_t bytes);
/* Bytes that are left of so many, or of the limit where that is less. */
size_t sy_budget_left(sy_budget *budget, size_t capacity);

#endif
