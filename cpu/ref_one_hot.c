#include <stddef.h>

#include "cpu/ref.h"

void sy_ref_one_hot(void *const *operands, const void *params)
{
    const sy_one_hot_params *p = params;
    const sy_i32 *indices = operands[0];
    const sy_u32 *values = operands[1];
    sy_u32 *y = operands[2];

    for (sy_u32 outer = 0; outer < p->outer; outer++) {
        for (sy_u32 d = 0; d < p->depth; d++) {
            for (sy_u32 i = 0; i < p->inner; i++) {
                const sy_i32 index = indices[(size_t)outer * p->inner + i];
                const sy_u32 hot =
                    (sy_u32)index + (index < 0 ? p->depth : 0); /* stays huge where out of range */
                *y++ = values[hot == d];
            }
        }
    }
}
