/* The tests of tests/device, run as the programs they are. */
#ifndef SY_TESTS_PTX_DEVICE_TEST_H
#define SY_TESTS_PTX_DEVICE_TEST_H

#include <stdbool.h>
#include <stdio.h>

typedef struct {
    bool passed;    /* and the executor found nothing */
    bool explained; /* it did not, and a finding or a failed check says why: it was no crash, nor anything
                       else */
    char told[300]; /* the first finding or failure; where there is none, how the program ended */
} device_outcome;

typedef struct {
    FILE *output;
} device_process;

/* Starts device.<test> on the executor, every access checked, streams lazy, without OpenCL; `settings` are
 * further variables, for the shell.
 */
device_process device_test_start(const char *test, const char *settings);
device_outcome device_test_finish(device_process process);

/* Both. */
device_outcome device_test_run(const char *test, const char *settings);

#endif
