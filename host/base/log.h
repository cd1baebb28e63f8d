/* Lines for the user. Only the callback prints. Return errors; do not also log them. */
#ifndef SY_BASE_LOG_H
#define SY_BASE_LOG_H

#include "base/fail.h"

void sy_log(sy_ctx *ctx, sy_log_level level, const char *format, ...) SY_PRINTF(3, 4);

/* SY_E_CANCELLED when the user asked to stop. Cheap: callable once a sample. */
sy_status sy_progress(sy_ctx *ctx, const char *stage, size_t done, size_t total);

#endif
