/* Errors: one status to return, one message to read. The message is written where the fault is
 * known; callers prepend what they were doing. `ctx` may be NULL: then nothing is recorded.
 */
#ifndef SY_BASE_FAIL_H
#define SY_BASE_FAIL_H

#include "steelyard/steelyard.h"

#if defined(__GNUC__)
#define SY_PRINTF(text, args) __attribute__((format(printf, text, args)))
#else
#define SY_PRINTF(text, args)
#endif

/* Records the message and returns `status`. */
sy_status sy_fail(sy_ctx *ctx, sy_status status, const char *format, ...) SY_PRINTF(3, 4);

/* Prepends what the caller was doing; `status` passes through, so it fits in a return. */
sy_status sy_while(sy_ctx *ctx, sy_status status, const char *format, ...) SY_PRINTF(3, 4);

/* Appends what the user can do, behind "; ". */
sy_status sy_remedy(sy_ctx *ctx, sy_status status, const char *format, ...) SY_PRINTF(3, 4);

/* Copies status and message of a worker's context into the context its user reads. */
sy_status sy_ctx_adopt_error(sy_ctx *ctx, sy_status status, const sy_ctx *worker);

#define SY_TRY(call)                    \
    do {                                \
        sy_status try_status_ = (call); \
        if (try_status_ != SY_OK)       \
            return try_status_;         \
    } while (0)

/* The same in a function that has something to release: it declares `status` and has a `done:`. */
#define SY_TRY_DONE(call)    \
    do {                     \
        status = (call);     \
        if (status != SY_OK) \
            goto done;       \
    } while (0)

/* A worker's context logs where its user's does. The log callback may then be called from several threads,
 * one at a time. */
void sy_ctx_share_log(sy_ctx *worker, sy_ctx *ctx);

/* For the result of an allocation. */
static inline sy_status sy_check_alloc(sy_ctx *ctx, const void *memory)
{
    return memory ? SY_OK : sy_fail(ctx, SY_E_MEMORY, "out of memory");
}

#ifdef __clang_analyzer__
/* An analyser sees one file at a time, and so deep: without these it follows failures that return SY_OK. */
#define sy_fail(ctx, status, ...) (sy_fail(ctx, status, __VA_ARGS__), (status))
#define sy_while(ctx, status, ...)                 \
    (__extension__({                               \
        sy_status while_status_ = (status);        \
        sy_while(ctx, while_status_, __VA_ARGS__); \
        while_status_;                             \
    }))
#define sy_remedy(ctx, status, ...)                  \
    (__extension__({                                 \
        sy_status remedy_status_ = (status);         \
        sy_remedy(ctx, remedy_status_, __VA_ARGS__); \
        remedy_status_;                              \
    }))
#define sy_check_alloc(ctx, memory) ((memory) ? SY_OK : SY_E_MEMORY)
#endif

#endif
