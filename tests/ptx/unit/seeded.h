/* Programs for seeded bugs: each runs in a process of its own and says whether its result was right. */
#ifndef SY_TESTS_PTX_SEEDED_H
#define SY_TESTS_PTX_SEEDED_H

#include "unit/device.h"

typedef enum { SEEDED_RIGHT, SEEDED_WRONG_RESULT, SEEDED_ERROR } seeded_outcome;

/* Inside programs: a call that fails ends the program, as an error the driver told. */
#define SEEDED_TRY(call)            \
    do {                            \
        if ((call) != CUDA_SUCCESS) \
            return SEEDED_ERROR;    \
    } while (0)

/* Host code, with its bug or without. */
typedef struct {
    const char *bug;
    seeded_outcome (*run)(CUmodule module, bool with_bug);
} seeded_host;

extern const seeded_host seeded_hosts[];
extern const size_t seeded_host_count;

/* The launch of a kernel of seeded/, and the check of what it computed. */
typedef struct {
    const char *kernel;
    seeded_outcome (*run)(CUmodule module);
} seeded_kernel;

extern const seeded_kernel seeded_kernels[];
extern const size_t seeded_kernel_count;

#endif
