#include <string.h>

#include "cpu/gather_index.h"
#include "cpu/ref.h"

void sy_ref_gather(void *const *operands, const void *params)
{
    const sy_gather_params *p = params;
    const sy_u32 *x = operands[0];
    const sy_i32 *indices = operands[1];
    sy_u32 *y = operands[2];

    if (p->axis_size == 0)
        return; /* nothing to read: the host has refused it unless y is empty too */
    for (sy_u32 outer = 0; outer < p->outer; outer++) {
        for (sy_u32 i = 0; i < p->index_count; i++) {
            const size_t at = (size_t)outer * p->axis_size + sy_gather_index(indices[i], p->axis_size);
            memcpy(y, x + at * p->inner, p->inner * sizeof *y);
            y += p->inner;
        }
    }
}
