#include <assert.h>

#include "cpu/ref.h"

/* Limits that are no floats, such as 2147483647, are compared after conversion to float, which rounds them
 * outwards: what lies between is caught by the equality.
 */
static sy_i32 float_to_int(sy_f32 x, sy_i32 lo, sy_i32 hi)
{
    if (x != x)
        return 0;
    if (x <= (sy_f32)lo)
        return lo;
    if (x >= (sy_f32)hi)
        return hi;
    return (sy_i32)x;
}

static sy_i32 wrap(sy_i32 x, sy_u32 bits, sy_u32 is_signed)
{
    const sy_u32 mask = bits < 32 ? (1u << bits) - 1 : 0xffffffffu;
    const sy_u32 sign = bits < 32 ? 1u << (bits - 1) : 0;
    const sy_u32 low = (sy_u32)x & mask;

    return is_signed && (low & sign) ? (sy_i32)(low | ~mask) : (sy_i32)low;
}

void sy_ref_cast(void *const *operands, const void *params)
{
    const sy_cast_params *p = params;
    const sy_f32 *x_float = operands[0];
    const sy_i32 *x_int = operands[0];
    sy_f32 *y_float = operands[1];
    sy_i32 *y_int = operands[1];

    switch (p->mode) {
    case SY_CAST_INT_TO_FLOAT:
        for (sy_u32 i = 0; i < p->count; i++)
            y_float[i] = (sy_f32)x_int[i];
        break;
    case SY_CAST_FLOAT_TO_INT:
        for (sy_u32 i = 0; i < p->count; i++)
            y_int[i] = float_to_int(x_float[i], p->lo, p->hi);
        break;
    case SY_CAST_INT_TO_INT:
        for (sy_u32 i = 0; i < p->count; i++)
            y_int[i] = wrap(x_int[i], p->bits, p->is_signed);
        break;
    case SY_CAST_TO_BOOL:
        for (sy_u32 i = 0; i < p->count; i++)
            y_int[i] = p->kind == SY_KIND_FLOAT ? x_float[i] != 0 : x_int[i] != 0;
        break;
    default: assert(0 && "a mode of sy_cast_params");
    }
}
