#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fail.h"
#include "base/log.h"

enum { ERROR_MAX = 2048, LINE_MAX_BYTES = 2048 };

struct sy_ctx {
    char error[ERROR_MAX];
    struct sy_ctx *log_owner; /* whose log this one writes to: itself, or its user's */
    pthread_mutex_t log_lock;
    sy_log_level level;
    sy_log_fn log;
    void *log_user;
    sy_progress_fn progress;
    void *progress_user;
};

sy_status sy_ctx_create(sy_ctx **out)
{
    sy_ctx *ctx = calloc(1, sizeof *ctx);
    if (!ctx)
        return SY_E_MEMORY;
    pthread_mutex_init(&ctx->log_lock, NULL);
    ctx->log_owner = ctx;
    *out = ctx;
    return SY_OK;
}

void sy_ctx_destroy(sy_ctx *ctx)
{
    if (ctx)
        pthread_mutex_destroy(&ctx->log_lock);
    free(ctx);
}

void sy_ctx_share_log(sy_ctx *worker, sy_ctx *ctx)
{
    if (ctx)
        worker->log_owner = ctx->log_owner;
}

void sy_ctx_set_log(sy_ctx *ctx, sy_log_level level, sy_log_fn log, void *user)
{
    ctx->level = level;
    ctx->log = log;
    ctx->log_user = user;
}

void sy_ctx_set_progress(sy_ctx *ctx, sy_progress_fn progress, void *user)
{
    ctx->progress = progress;
    ctx->progress_user = user;
}

const char *sy_ctx_error(const sy_ctx *ctx)
{
    return ctx->error;
}

const char *sy_status_name(sy_status status)
{
    switch (status) {
#define X(name, value, text) \
    case SY_##name: return #name;
        SY_STATUS_MAP(X)
#undef X
    }
    return "E_UNKNOWN";
}

const char *sy_status_text(sy_status status)
{
    switch (status) {
#define X(name, value, text) \
    case SY_##name: return text;
        SY_STATUS_MAP(X)
#undef X
    }
    return "unknown status";
}

sy_status(sy_fail)(sy_ctx *ctx, sy_status status, const char *format, ...)
{
    if (!ctx)
        return status;
    va_list args;
    va_start(args, format);
    vsnprintf(ctx->error, sizeof ctx->error, format, args);
    va_end(args);
    return status;
}

sy_status(sy_while)(sy_ctx *ctx, sy_status status, const char *format, ...)
{
    if (status == SY_OK || !ctx)
        return status;

    char text[ERROR_MAX];
    va_list args;
    va_start(args, format);
    int used = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (used < 0 || (size_t)used + 3 > sizeof text)
        return status; /* the message itself matters more than what was being done */
    size_t room = sizeof text - (size_t)used - 3, length = strlen(ctx->error);
    memcpy(text + used, ": ", 2);
    memcpy(text + used + 2, ctx->error, length < room ? length : room);
    text[(size_t)used + 2 + (length < room ? length : room)] = 0;
    memcpy(ctx->error, text, sizeof text);
    return status;
}

sy_status(sy_remedy)(sy_ctx *ctx, sy_status status, const char *format, ...)
{
    if (status == SY_OK || !ctx)
        return status;
    char text[ERROR_MAX];
    va_list args;
    va_start(args, format);
    const int used = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    const size_t length = strlen(ctx->error);
    if (used < 0 || length + 2 + (size_t)used >= sizeof ctx->error)
        return status; /* the message itself matters more */
    memcpy(ctx->error + length, "; ", 2);
    memcpy(ctx->error + length + 2, text, (size_t)used + 1);
    return status;
}

sy_status sy_ctx_adopt_error(sy_ctx *ctx, sy_status status, const sy_ctx *worker)
{
    if (status != SY_OK && ctx && worker && ctx != worker)
        memcpy(ctx->error, worker->error, sizeof ctx->error);
    return status;
}

void sy_log(sy_ctx *ctx, sy_log_level level, const char *format, ...)
{
    sy_ctx *owner = ctx ? ctx->log_owner : NULL;
    if (!owner || !owner->log || level > owner->level)
        return;
    char line[LINE_MAX_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    pthread_mutex_lock(&owner->log_lock);
    owner->log(owner->log_user, level, line);
    pthread_mutex_unlock(&owner->log_lock);
}

sy_status sy_progress(sy_ctx *ctx, const char *stage, size_t done, size_t total)
{
    if (ctx && ctx->progress && ctx->progress(ctx->progress_user, stage, done, total))
        return sy_fail(ctx, SY_E_CANCELLED, "stopped during %s", stage);
    return SY_OK;
}
