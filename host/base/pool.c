#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/log.h"

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t moved; /* an item ended, or a worker did */
    size_t next, count, done;
    int running;
    bool stop;
    sy_status status; /* of the failed item with the lowest number */
    size_t failed_item;
    sy_ctx *failure; /* its message */
    sy_work_fn work;
    void *user;
} crew;

typedef struct {
    crew *pool;
    sy_ctx *ctx;
    int index;
    pthread_t thread;
} worker;

static void note_failure(crew *pool, sy_status status, size_t item, const sy_ctx *ctx)
{
    pool->stop = true;
    if (pool->status == SY_OK || item < pool->failed_item) {
        pool->status = status;
        pool->failed_item = item;
        sy_ctx_adopt_error(pool->failure, status, ctx);
    }
}

static void *run_worker(void *argument)
{
    worker *self = argument;
    crew *pool = self->pool;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stop && pool->next < pool->count) {
        size_t item = pool->next++;
        pthread_mutex_unlock(&pool->lock);
        sy_status status = pool->work(self->ctx, pool->user, self->index, item);
        pthread_mutex_lock(&pool->lock);
        if (status != SY_OK)
            note_failure(pool, status, item, self->ctx);
        pool->done++;
        pthread_cond_signal(&pool->moved);
    }
    pool->running--;
    pthread_cond_signal(&pool->moved);
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

/* Reports progress while the workers run; the user's wish to stop reaches them as pool.stop. */
static sy_status watch(sy_ctx *ctx, crew *pool, const char *stage)
{
    sy_status status = SY_OK;
    size_t reported = SIZE_MAX;
    pthread_mutex_lock(&pool->lock);
    while (pool->running) {
        size_t done = pool->done;
        if (stage && done != reported && status == SY_OK) {
            reported = done;
            pthread_mutex_unlock(&pool->lock);
            status = sy_progress(ctx, stage, done, pool->count);
            pthread_mutex_lock(&pool->lock);
            if (status != SY_OK)
                pool->stop = true;
            continue;
        }
        pthread_cond_wait(&pool->moved, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    if (status == SY_OK && pool->status == SY_OK && stage && reported != pool->done)
        status = sy_progress(ctx, stage, pool->done, pool->count);
    return status;
}

static sy_status run_here(sy_ctx *ctx, const char *stage, size_t count, sy_work_fn work, void *user)
{
    for (size_t item = 0; item < count; item++) {
        if (stage)
            SY_TRY(sy_progress(ctx, stage, item, count));
        SY_TRY(work(ctx, user, 0, item));
    }
    return stage ? sy_progress(ctx, stage, count, count) : SY_OK;
}

static sy_status start_workers(sy_ctx *ctx, crew *pool, worker *list, int workers, int *out_started)
{
    for (int i = 0; i < workers; i++) {
        list[i] = (worker){.pool = pool, .index = i};
        SY_TRY(sy_ctx_create(&list[i].ctx) == SY_OK ? SY_OK : sy_check_alloc(ctx, NULL));
        sy_ctx_share_log(list[i].ctx, ctx);
        pthread_mutex_lock(&pool->lock);
        pool->running++;
        pthread_mutex_unlock(&pool->lock);
        if (pthread_create(&list[i].thread, NULL, run_worker, &list[i]) != 0) {
            pthread_mutex_lock(&pool->lock);
            pool->running--;
            pthread_mutex_unlock(&pool->lock);
            sy_ctx_destroy(list[i].ctx);
            return i ? SY_OK : sy_fail(ctx, SY_E_MEMORY, "no thread could be started");
        }
        *out_started = i + 1;
    }
    return SY_OK;
}

sy_status sy_pool_run(sy_ctx *ctx, const char *stage, int workers, size_t count, sy_work_fn work, void *user)
{
    if (workers <= 1 || count <= 1)
        return run_here(ctx, stage, count, work, user);
    if ((size_t)workers > count)
        workers = (int)count;

    crew pool = {.count = count, .work = work, .user = user};
    worker *list = calloc((size_t)workers, sizeof *list);
    SY_TRY(sy_check_alloc(ctx, list));
    if (sy_ctx_create(&pool.failure) != SY_OK) {
        free(list);
        return sy_check_alloc(ctx, NULL);
    }
    pthread_mutex_init(&pool.lock, NULL);
    pthread_cond_init(&pool.moved, NULL);
    int started = 0;
    sy_status status = start_workers(ctx, &pool, list, workers, &started);
    if (status != SY_OK) {
        pthread_mutex_lock(&pool.lock);
        pool.stop = true;
        pthread_mutex_unlock(&pool.lock);
    }
    sy_status watched = watch(ctx, &pool, status == SY_OK ? stage : NULL);
    for (int i = 0; i < started; i++) {
        pthread_join(list[i].thread, NULL);
        sy_ctx_destroy(list[i].ctx);
    }
    if (status == SY_OK)
        status = watched;
    if (status == SY_OK && pool.status != SY_OK)
        status = sy_ctx_adopt_error(ctx, pool.status, pool.failure);
    pthread_cond_destroy(&pool.moved);
    pthread_mutex_destroy(&pool.lock);
    sy_ctx_destroy(pool.failure);
    free(list);
    return status;
}

int sy_pool_default_workers(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}
