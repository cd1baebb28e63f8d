#include <stdbool.h>
#include <stddef.h>

#include "cpu/ref.h"

/* A NaN is larger, and smaller, than every number, as in numpy: the first one wins, or the last. */
static bool float_beats(sy_f32 x, sy_f32 best, const sy_arg_params *p)
{
    if (best != best)
        return p->last && x != x;
    if (x != x)
        return true;
    if (x == best)
        return p->last;
    return p->smallest ? x < best : x > best;
}

static bool int_beats(sy_i32 x, sy_i32 best, const sy_arg_params *p)
{
    if (x == best)
        return p->last;
    return p->smallest ? x < best : x > best;
}

static sy_i32 arg(const void *x, size_t stride, const sy_arg_params *p)
{
    const sy_f32 *x_float = x;
    const sy_i32 *x_int = x;
    sy_u32 best = 0;

    for (sy_u32 i = 1; i < p->count; i++) {
        const bool beats = p->kind == SY_KIND_FLOAT
                               ? float_beats(x_float[i * stride], x_float[best * stride], p)
                               : int_beats(x_int[i * stride], x_int[best * stride], p);
        if (beats)
            best = i;
    }
    return (sy_i32)best;
}

void sy_ref_arg(void *const *operands, const void *params)
{
    const sy_arg_params *p = params;
    const sy_u32 *x = operands[0];
    sy_i32 *y = operands[1];

    for (sy_u32 outer = 0; outer < p->outer; outer++) {
        for (sy_u32 inner = 0; inner < p->inner; inner++)
            *y++ = arg(x + (size_t)outer * p->count * p->inner + inner, p->inner, p);
    }
}
