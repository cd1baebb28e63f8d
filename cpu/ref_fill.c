#include "cpu/ref.h"

void sy_ref_fill(void *const *operands, const void *params)
{
    const sy_fill_params *p = params;
    sy_u32 *y = operands[0];

    for (sy_u32 i = 0; i < p->count; i++)
        y[i] = p->word;
}
