#include <stddef.h>

#include "cpu/ref.h"

/* The word offset of step i along the summed dimension. */
static size_t step(const sy_cumsum_params *p, sy_u32 i)
{
    return (size_t)(p->reverse ? p->count - 1 - i : i) * p->inner;
}

static void sum_floats(const sy_f32 *x, sy_f32 *y, const sy_cumsum_params *p)
{
    sy_f32 sum = 0;

    for (sy_u32 i = 0; i < p->count; i++) {
        const sy_f32 before = sum;
        sum += x[step(p, i)];
        y[step(p, i)] = p->exclusive ? before : sum;
    }
}

static void sum_ints(const sy_i32 *x, sy_i32 *y, const sy_cumsum_params *p)
{
    sy_u32 sum = 0; /* unsigned: wraps where int32 would be undefined */

    for (sy_u32 i = 0; i < p->count; i++) {
        const sy_u32 before = sum;
        sum += (sy_u32)x[step(p, i)];
        y[step(p, i)] = (sy_i32)(p->exclusive ? before : sum);
    }
}

void sy_ref_cumsum(void *const *operands, const void *params)
{
    const sy_cumsum_params *p = params;

    for (sy_u32 outer = 0; outer < p->outer; outer++) {
        for (sy_u32 inner = 0; inner < p->inner; inner++) {
            const size_t at = (size_t)outer * p->count * p->inner + inner;
            if (p->kind == SY_KIND_FLOAT)
                sum_floats((const sy_f32 *)operands[0] + at, (sy_f32 *)operands[1] + at, p);
            else
                sum_ints((const sy_i32 *)operands[0] + at, (sy_i32 *)operands[1] + at, p);
        }
    }
}
