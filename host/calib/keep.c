#include "calib/keep.h"

#include <math.h>
#include <time.h>

/* Writing may take one part of so many of the time. */
enum { TIME_PARTS = 100 };

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

sy_status sy_keeper_init(sy_ctx *ctx, sy_keeper *keeper, sy_calib_keep *keep, size_t gathered)
{
    if (!keep)
        return SY_OK;
    if (pthread_mutex_init(&keeper->lock, NULL) != 0)
        return sy_fail(ctx, SY_E_MEMORY, "the system has no lock left");
    pthread_cond_init(&keeper->moved, NULL);
    keep->samples = gathered;
    keeper->gathered = gathered;
    keeper->due = now() + keep->seconds;
    keeper->keep = keep; /* from here on there is a lock to release */
    return SY_OK;
}

void sy_keeper_release(sy_keeper *keeper)
{
    if (!keeper->keep)
        return;
    pthread_cond_destroy(&keeper->moved);
    pthread_mutex_destroy(&keeper->lock);
    *keeper = (sy_keeper){0};
}

void sy_keeper_enter(sy_keeper *keeper)
{
    if (!keeper->keep)
        return;
    pthread_mutex_lock(&keeper->lock);
    while (keeper->writing)
        pthread_cond_wait(&keeper->moved, &keeper->lock);
    keeper->running++;
    pthread_mutex_unlock(&keeper->lock);
}

void sy_keeper_leave(sy_keeper *keeper, size_t samples, bool good)
{
    if (!keeper->keep)
        return;
    pthread_mutex_lock(&keeper->lock);
    keeper->running--;
    keeper->gathered += samples;
    keeper->broken |= !good;
    pthread_cond_broadcast(&keeper->moved);
    pthread_mutex_unlock(&keeper->lock);
}

/* Takes the right to write, once no batch is running. */
static bool claim(sy_keeper *keeper)
{
    if (keeper->writing || keeper->broken || keeper->gathered == keeper->keep->samples || now() < keeper->due)
        return false;
    keeper->writing = true;
    while (keeper->running)
        pthread_cond_wait(&keeper->moved, &keeper->lock);
    keeper->writing = !keeper->broken;
    if (keeper->broken)
        pthread_cond_broadcast(&keeper->moved);
    return keeper->writing;
}

bool sy_keeper_is_due(sy_keeper *keeper)
{
    if (!keeper->keep)
        return false;
    pthread_mutex_lock(&keeper->lock);
    const bool due = claim(keeper);
    if (due)
        keeper->began = now();
    pthread_mutex_unlock(&keeper->lock);
    return due;
}

void sy_keeper_wrote(sy_keeper *keeper, bool good)
{
    const double end = now();
    pthread_mutex_lock(&keeper->lock);
    const double took = end - keeper->began;
    if (good)
        keeper->keep->samples = keeper->gathered;
    keeper->due = end + (keeper->keep->seconds ? fmax(keeper->keep->seconds, TIME_PARTS * took) : 0);
    keeper->writing = false;
    pthread_cond_broadcast(&keeper->moved);
    pthread_mutex_unlock(&keeper->lock);
}
