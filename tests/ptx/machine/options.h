/* What the environment asks of the machine. */
#ifndef SY_TESTS_PTX_OPTIONS_H
#define SY_TESTS_PTX_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    bool checked;            /* SY_PTX_CHECK=1 */
    uint32_t lazy;           /* SY_PTX_LAZY: 1: what nobody waits for lags; 2: it leads */
    bool reversed;           /* SY_PTX_REVERSE=1: blocks and threads run last to first */
    uint32_t devices;        /* SY_PTX_DEVICES, 1 */
    uint64_t memory;         /* SY_PTX_MEMORY: bytes of device memory, 8 GiB */
    uint64_t failing_alloc;  /* SY_PTX_FAIL_ALLOC=n: the n-th allocation finds no memory; 0: none */
    uint64_t failing_launch; /* SY_PTX_FAIL_LAUNCH=n: the device dies at the n-th launch; 0: none */
    const char *cache;       /* SY_PTX_CACHE: folder of translated modules; NULL: beside the library */
    const char *compiler;    /* SY_PTX_CC */
    const char *replacement; /* SY_PTX_REPLACE: file of PTX whose kernels stand in for those of modules */
    const char *report;      /* SY_PTX_REPORT: file that findings are appended to, besides stderr */
    const char *launches;    /* SY_PTX_LAUNCHES: file that names of kernels that ran are appended to */
} vm_options;

/* Reads the environment again. A value that is no number ends the process with a message. */
void vm_options_read(vm_options *options);

#endif
