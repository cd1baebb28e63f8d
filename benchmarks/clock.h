/* Process CPU time: what a shared machine does meanwhile does not count. */
#ifndef SY_BENCHMARKS_CLOCK_H
#define SY_BENCHMARKS_CLOCK_H

#include <time.h>

static inline double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif
