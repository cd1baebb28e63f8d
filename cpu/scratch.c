#include <stdlib.h>

#include "cpu/kernels.h"

enum { ALIGNMENT = 64 };

void *sy_cpu_scratch_take(sy_cpu_scratch *scratch, size_t words)
{
    if (words > (SIZE_MAX - ALIGNMENT) / sizeof(uint32_t))
        return NULL;
    size_t bytes = (words * sizeof(uint32_t) + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
    if (bytes > scratch->bytes) {
        /* Nothing in it needs to be kept, so the old block goes first: less memory at the peak. */
        sy_cpu_scratch_release(scratch);
        scratch->memory = aligned_alloc(ALIGNMENT, bytes);
        if (!scratch->memory)
            return NULL;
        scratch->bytes = bytes;
    }
    return scratch->memory;
}

void sy_cpu_scratch_release(sy_cpu_scratch *scratch)
{
    free(scratch->memory);
    *scratch = (sy_cpu_scratch){0};
}
