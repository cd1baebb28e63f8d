#include "unit/device_test.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "support/test.h"

enum { LINE_BYTES = 512 };

/* What a line of the output tells of a finding or a failed check; NULL where it tells of none. cmocka writes
 * the words of fail_msg() to a line of their own, and those of its other checks behind the name of the line.
 */
static const char *complaint_of(const char *line)
{
    static const char *const beginnings[] = {"ptx: ", "ERROR: ", "[  ERROR   ] --- "};
    const char *place = strncmp(line, beginnings[0], strlen(beginnings[0])) == 0 ? strstr(line, "): ") : NULL;
    if (place)
        return place + strlen("): "); /* behind kernel, block and thread */
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++)
        if (strncmp(line, beginnings[i], strlen(beginnings[i])) == 0)
            return line + strlen(beginnings[i]);
    return NULL;
}

static void tell_end(int status, const char *last, device_outcome *outcome)
{
    const bool killed = WIFSIGNALED(status);
    snprintf(outcome->told, sizeof outcome->told, "%s %d; its last line: %.200s",
             killed ? "signal" : "exit code", killed ? WTERMSIG(status) : WEXITSTATUS(status), last);
}

device_process device_test_start(const char *test, const char *settings)
{
    char command[2048];
    snprintf(command, sizeof command,
             "export SY_LIBCUDA='%s' SY_LIBCUBLAS='%s' SY_TEST_DEVICES=cuda SY_PTX_CHECK=1 SY_PTX_LAZY=1 "
             "SY_LIBOPENCL=none %s; exec '%s/device.%s' 2>&1",
             PTX_LIBCUDA, PTX_LIBCUBLAS, settings, PTX_DEVICE_TESTS, test);
    FILE *output = popen(command, "r");
    assert_non_null(output);
    return (device_process){output};
}

device_outcome device_test_finish(device_process process)
{
    device_outcome outcome = {0};
    char line[LINE_BYTES], last[LINE_BYTES] = "none";
    while (fgets(line, sizeof line, process.output)) {
        line[strcspn(line, "\n")] = '\0';
        const char *complaint = complaint_of(line);
        if (complaint && !outcome.explained)
            snprintf(outcome.told, sizeof outcome.told, "%.290s", complaint);
        outcome.explained |= complaint != NULL;
        if (*line)
            memcpy(last, line, sizeof last);
    }
    const int status = pclose(process.output);
    outcome.passed = WIFEXITED(status) && WEXITSTATUS(status) == 0 && !outcome.explained;
    if (!outcome.passed && !outcome.explained)
        tell_end(status, last, &outcome);
    return outcome;
}

device_outcome device_test_run(const char *test, const char *settings)
{
    return device_test_finish(device_test_start(test, settings));
}
