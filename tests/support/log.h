/* What a context logs, kept for a test to look at. */
#ifndef SY_TESTS_SUPPORT_LOG_H
#define SY_TESTS_SUPPORT_LOG_H

#include <stdio.h>
#include <string.h>

#include "support/test.h"

typedef struct {
    char text[8192]; /* a line each, ended by a newline */
} test_log;

static inline void test_log_line(void *user, sy_log_level level, const char *line)
{
    test_log *log = user;
    const size_t used = strlen(log->text);
    (void)level;
    snprintf(log->text + used, sizeof log->text - used, "%s\n", line);
}

/* From now on, until another log is set or the context is destroyed. */
static inline void test_log_open(sy_ctx *ctx, sy_log_level level, test_log *log)
{
    *log = (test_log){""};
    sy_ctx_set_log(ctx, level, test_log_line, log);
}

#endif
