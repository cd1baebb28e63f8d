#include "unit/device_test.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "support/test.h"

enum { LINE_BYTES = 512 };

/* What a line of the output tells of a finding or a failure; NULL where it tells of none. */
static const char *complaint_of(const char *line)
{
    static const char finding[] = "ptx: ", failure[] = "[  ERROR   ] --- ", told[] = "ERROR: ";
    if (strncmp(line, finding, sizeof finding - 1) == 0) {
        const char *place = strstr(line, "): "); /* behind kernel, block and thread */
        return place ? place + 3 : line + sizeof finding - 1;
    }
    if (strncmp(line, failure, sizeof failure - 1) != 0)
        return NULL;
    line += sizeof failure - 1;
    return strncmp(line, told, sizeof told - 1) == 0 ? line + sizeof told - 1 : line;
}

static void tell_end(int status, const char *last, device_outcome *outcome)
{
    const bool killed = WIFSIGNALED(status);
    snprintf(outcome->told, sizeof outcome->told, "%s %d; its last line: %.200s",
             killed ? "signal" : "exit code", killed ? WTERMSIG(status) : WEXITSTATUS(status), last);
}

device_outcome device_test_run(const char *test, const char *settings)
{
    device_outcome outcome = {0};
    char command[2048], line[LINE_BYTES], last[LINE_BYTES] = "none";
    snprintf(command, sizeof command,
             "export SY_LIBCUDA='%s' SY_LIBCUBLAS='%s' SY_TEST_DEVICES=cuda SY_PTX_CHECK=1 SY_PTX_LAZY=1 "
             "SY_LIBOPENCL=none %s; exec '%s/device.%s' 2>&1",
             PTX_LIBCUDA, PTX_LIBCUBLAS, settings, PTX_DEVICE_TESTS, test);
    FILE *output = popen(command, "r");
    assert_non_null(output);
    while (fgets(line, sizeof line, output)) {
        line[strcspn(line, "\n")] = '\0';
        const char *complaint = complaint_of(line);
        if (complaint && !outcome.explained)
            snprintf(outcome.told, sizeof outcome.told, "%.290s", complaint);
        outcome.explained |= complaint != NULL;
        if (*line)
            memcpy(last, line, sizeof last);
    }
    const int status = pclose(output);
    outcome.passed = WIFEXITED(status) && WEXITSTATUS(status) == 0 && !outcome.explained;
    if (!outcome.passed && !outcome.explained)
        tell_end(status, last, &outcome);
    return outcome;
}
