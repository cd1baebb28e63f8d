/* Log lines and progress on standard error; standard output is for results. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

/* Nothing shorter than SHOW_AFTER_MS gets a bar or a line. */
enum {
    SHOW_AFTER_MS = 2000,
    BAR_EVERY_MS = 200,
    LINE_EVERY_MS = 10000,
    JSON_EVERY_MS = 1000,
    BAR_WIDTH = 30
};

struct cli_console {
    cli_progress kind; /* AUTO only on a terminal */
    bool bar_shown;
    char stage[64];
    long long stage_start, last_shown; /* last_shown 0: not yet in this stage */
    int warnings;
    char last_warning[512]; /* two sets of samples earn the same one */
};

static long long now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void clear_bar(cli_console *console)
{
    if (console->bar_shown)
        fputs("\r\033[K", stderr);
    console->bar_shown = false;
}

static void log_line(void *user, sy_log_level level, const char *line)
{
    cli_console *console = user;
    clear_bar(console);
    if (level != SY_LOG_WARN) {
        fprintf(stderr, "%s\n", line);
        return;
    }
    if (strncmp(line, console->last_warning, sizeof console->last_warning - 1) == 0)
        return;
    snprintf(console->last_warning, sizeof console->last_warning, "%s", line);
    fprintf(stderr, "warning %d: %s\n", ++console->warnings, line);
}

static void print_time_left(long long elapsed_ms, size_t done, size_t total, char out[48])
{
    out[0] = '\0';
    if (!done || !total)
        return;
    long long left = (long long)((double)elapsed_ms * (double)(total - done) / (double)done / 1000 + 0.5);
    if (left >= 3600)
        snprintf(out, 48, "%lld h %lld min left", left / 3600, left / 60 % 60);
    else if (left >= 60)
        snprintf(out, 48, "%lld min %lld s left", left / 60, left % 60);
    else
        snprintf(out, 48, "%lld s left", left);
}

static void show(cli_console *console, size_t done, size_t total, long long elapsed)
{
    char left[48];
    print_time_left(elapsed, done, total, left);
    if (console->kind == CLI_PROGRESS_JSON) {
        fprintf(stderr, "{\"stage\":\"%s\",\"done\":%zu,\"total\":%zu,\"elapsed_ms\":%lld}\n", console->stage,
                done, total, elapsed);
    } else if (console->kind == CLI_PROGRESS_AUTO) {
        char bar[BAR_WIDTH + 1];
        int filled = total ? (int)((double)done / (double)total * BAR_WIDTH) : 0;
        memset(bar, '.', BAR_WIDTH);
        memset(bar, '#', (size_t)filled);
        bar[BAR_WIDTH] = '\0';
        fprintf(stderr, "\r\033[K%-12s [%s] %zu/%zu  %s", console->stage, bar, done, total, left);
        fflush(stderr);
        console->bar_shown = true;
    } else {
        fprintf(stderr, "%s: %zu of %zu%s%s\n", console->stage, done, total, *left ? ", " : "", left);
    }
}

static long long interval_ms(const cli_console *console)
{
    switch (console->kind) {
    case CLI_PROGRESS_JSON: return JSON_EVERY_MS;
    case CLI_PROGRESS_AUTO: return BAR_EVERY_MS;
    default: return LINE_EVERY_MS;
    }
}

static int progress(void *user, const char *stage, size_t done, size_t total)
{
    cli_console *console = user;
    long long now = now_ms();
    if (console->kind == CLI_PROGRESS_NONE)
        return 0;
    if (strncmp(stage, console->stage, sizeof console->stage - 1) != 0 || done == 0) {
        clear_bar(console);
        snprintf(console->stage, sizeof console->stage, "%s", stage);
        console->stage_start = now;
        console->last_shown = 0;
    }
    long long elapsed = now - console->stage_start;
    bool ended = total && done == total;
    bool due = console->kind == CLI_PROGRESS_JSON || elapsed >= SHOW_AFTER_MS;
    if (due && (!console->last_shown || now - console->last_shown >= interval_ms(console) || ended)) {
        console->last_shown = now;
        show(console, done, total, elapsed);
    }
    if (ended)
        clear_bar(console);
    return 0;
}

cli_console *cli_console_open(sy_ctx *ctx, const cli_arguments *arguments)
{
    cli_console *console = calloc(1, sizeof *console);
    if (!console)
        return NULL;
    console->kind = arguments->progress;
    if (console->kind == CLI_PROGRESS_AUTO && isatty(STDERR_FILENO) != 1)
        console->kind = CLI_PROGRESS_PLAIN;
    if (arguments->quiet && arguments->progress == CLI_PROGRESS_AUTO)
        console->kind = CLI_PROGRESS_NONE;
    sy_log_level level = arguments->quiet ? SY_LOG_ERROR : arguments->verbose ? SY_LOG_DEBUG : SY_LOG_INFO;
    sy_ctx_set_log(ctx, level, log_line, console);
    sy_ctx_set_progress(ctx, progress, console);
    return console;
}

void cli_console_close(cli_console *console)
{
    if (console)
        clear_bar(console);
    free(console);
}

int cli_fail(sy_status status, const char *message)
{
    fprintf(stderr, "steelyard: %s\n", message);
    return (int)status;
}
