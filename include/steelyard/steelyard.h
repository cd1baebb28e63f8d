/* Steelyard: calibrate a float model, quantize it, emit it for a target, and measure the result.
 *
 * A handle belongs to whoever created it and goes back through its _destroy, which takes NULL.
 * A sy_ctx, and what was made from it, serve one thread at a time; two contexts share nothing.
 */
#ifndef STEELYARD_H
#define STEELYARD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(SY_SHARED_BUILD)
#define SY_API __attribute__((visibility("default")))
#else
#define SY_API
#endif

#define SY_VERSION "0.1.0"

/* Every class of failure, once. The number is also the program's exit code. Append, never renumber. */
#define SY_STATUS_MAP(X)                                                             \
    X(OK, 0, "success")                                                              \
    X(E_ARGUMENT, 1, "the command line or a function argument is wrong")             \
    X(E_CONFIG, 2, "a configuration file, section, key or value is wrong")           \
    X(E_MODEL, 3, "the model file is damaged or is not a valid model")               \
    X(E_UNSUPPORTED, 4, "valid, but this build or this target cannot do it")         \
    X(E_DATA, 5, "the samples or labels are missing, unreadable or do not fit")      \
    X(E_IO, 6, "a file or folder could not be read or written")                      \
    X(E_MEMORY, 7, "out of memory")                                                  \
    X(E_DEVICE, 8, "the compute device is absent or reported an error")              \
    X(E_NUMERIC, 9, "a value is not finite, or a range is empty")                    \
    X(E_ACCURACY, 10, "the result is further from the float model than was allowed") \
    X(E_CANCELLED, 11, "stopped on request")                                         \
    X(E_INTERNAL, 12, "a defect of this program")

typedef enum sy_status {
#define X(name, value, text) SY_##name = value,
    SY_STATUS_MAP(X)
#undef X
} sy_status;

typedef struct sy_ctx sy_ctx; /* errors, log and progress of one user of the library */

typedef enum sy_log_level {
    SY_LOG_ERROR,
    SY_LOG_WARN,  /* the result may be worse than the user thinks */
    SY_LOG_INFO,  /* a line a stage */
    SY_LOG_DEBUG, /* a line a tensor */
} sy_log_level;

typedef void (*sy_log_fn)(void *user, sy_log_level level, const char *line);

/* Called from the thread that called the library. Returns 0 to go on, anything else to stop with
 * SY_E_CANCELLED. `total` is 0 where it is not known yet.
 */
typedef int (*sy_progress_fn)(void *user, const char *stage, size_t done, size_t total);

/* The only failure is SY_E_MEMORY. */
SY_API sy_status sy_ctx_create(sy_ctx **out);
SY_API void sy_ctx_destroy(sy_ctx *ctx);
/* Lines above `level` are not made. NULL: nothing is logged, which is the state after creation. */
SY_API void sy_ctx_set_log(sy_ctx *ctx, sy_log_level level, sy_log_fn log, void *user);
SY_API void sy_ctx_set_progress(sy_ctx *ctx, sy_progress_fn progress, void *user);
/* The message of the last failure, ready to print; "" when there was none. Owned by `ctx`. */
SY_API const char *sy_ctx_error(const sy_ctx *ctx);
/* "E_MODEL" and so on; and one sentence about the class of failure. Both static. */
SY_API const char *sy_status_name(sy_status status);
SY_API const char *sy_status_text(sy_status status);

#ifdef __cplusplus
}
#endif
#endif
