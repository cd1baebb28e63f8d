#include "weight/codes.h"

#include <math.h>

static size_t blocks_of(const sy_weight_cut *cut)
{
    return (cut->count - 1) / cut->block + 1;
}

bool sy_weight_cut_init(const sy_shape *shape, int axis, size_t block, sy_weight_cut *out)
{
    size_t count;
    if (!sy_shape_count(shape, &count) || count == 0 || axis < SY_NONE || axis >= shape->rank ||
        (block && axis == SY_NONE))
        return false;
    sy_weight_cut cut = {.axis = axis, .block = block, .outer = 1, .count = 1, .inner = count};
    for (int i = 0; i < axis; i++)
        cut.outer *= (size_t)shape->dims[i];
    if (axis != SY_NONE)
        cut.count = (size_t)shape->dims[axis];
    cut.inner = count / cut.outer / cut.count;
    cut.units = block ? cut.outer * blocks_of(&cut) * cut.inner : cut.count;
    *out = cut;
    return true;
}

size_t sy_weight_cut_elements(const sy_weight_cut *cut)
{
    return cut->outer * cut->count * cut->inner;
}

size_t sy_weight_unit_of(const sy_weight_cut *cut, size_t element)
{
    const size_t i = element % cut->inner, row = element / cut->inner;
    const size_t c = row % cut->count, o = row / cut->count;
    return cut->block ? (o * blocks_of(cut) + c / cut->block) * cut->inner + i : c;
}

sy_weight_unit sy_weight_unit_at(const sy_weight_cut *cut, size_t unit)
{
    if (!cut->block)
        return (sy_weight_unit){.count = cut->outer * cut->inner,
                                .first = unit * cut->inner,
                                .run = cut->inner,
                                .stride = cut->count * cut->inner,
                                .step = 1};
    const size_t row = unit / cut->inner, i = unit % cut->inner;
    const size_t o = row / blocks_of(cut), begin = row % blocks_of(cut) * cut->block;
    const size_t count = cut->count - begin < cut->block ? cut->count - begin : cut->block;
    return (sy_weight_unit){
        .count = count, .first = (o * cut->count + begin) * cut->inner + i, .run = count, .step = cut->inner};
}

sy_status sy_weight_codes_create(sy_ctx *ctx, sy_arena *arena, const char *name, const sy_shape *shape,
                                 const sy_weight_cut *cut, int bits, sy_weight_codes *out)
{
    sy_weight_codes codes = {.name = sy_arena_text(arena, name), .shape = *shape, .cut = *cut, .bits = bits};
    codes.codes = sy_arena_alloc(arena, sy_weight_cut_elements(cut), sizeof *codes.codes);
    codes.scales = sy_arena_alloc(arena, cut->units, sizeof *codes.scales);
    codes.zeros = sy_arena_alloc(arena, cut->units, sizeof *codes.zeros);
    codes.shifts = sy_arena_alloc(arena, cut->units, sizeof *codes.shifts);
    const bool whole = codes.name && codes.codes && codes.scales && codes.zeros && codes.shifts;
    SY_TRY(sy_check_alloc(ctx, whole ? codes.codes : NULL));
    for (size_t u = 0; u < cut->units; u++)
        codes.scales[u] = 1;
    *out = codes;
    return SY_OK;
}

void sy_weight_integer_range(const sy_weight_codes *codes, int *out_lo, int *out_hi)
{
    *out_lo = sy_weight_lowest(codes->bits);
    *out_hi = sy_weight_highest(codes->bits);
    for (int i = 0; codes->levels && i < 1 << codes->bits; i++) {
        *out_lo = i == 0 || codes->levels[i] < *out_lo ? codes->levels[i] : *out_lo;
        *out_hi = i == 0 || codes->levels[i] > *out_hi ? codes->levels[i] : *out_hi;
    }
}

sy_dtype sy_weight_integer_type(const sy_weight_codes *codes)
{
    int lo, hi;
    sy_weight_integer_range(codes, &lo, &hi);
    return lo >= INT8_MIN && hi <= INT8_MAX ? SY_DTYPE_INT8 : SY_DTYPE_INT16;
}

bool sy_weight_has_zeros(const sy_weight_codes *codes)
{
    for (size_t u = 0; u < codes->cut.units; u++)
        if (codes->zeros[u] != 0)
            return true;
    return false;
}

bool sy_weight_has_shifts(const sy_weight_codes *codes)
{
    for (size_t u = 0; u < codes->cut.units; u++)
        if (codes->shifts[u] != 0)
            return true;
    return false;
}

static float value_of(const sy_weight_codes *codes, size_t unit, size_t element)
{
    const int integer = sy_weight_integer(codes, codes->codes[element]) - codes->zeros[unit];
    const float value = (float)integer * codes->scales[unit];
    return codes->shifts[unit] != 0 ? value + codes->shifts[unit] : value;
}

void sy_weight_codes_values(const sy_weight_codes *codes, float *out)
{
    for (size_t u = 0; u < codes->cut.units; u++) {
        const sy_weight_unit unit = sy_weight_unit_at(&codes->cut, u);
        for (size_t k = 0; k < unit.count; k++) {
            const size_t element = sy_weight_element(&unit, k);
            out[element] = value_of(codes, u, element);
        }
    }
}

double sy_weight_codes_snr(const sy_weight_codes *codes, const float *values)
{
    double power = 0, noise = 0;
    for (size_t u = 0; u < codes->cut.units; u++) {
        const sy_weight_unit unit = sy_weight_unit_at(&codes->cut, u);
        for (size_t k = 0; k < unit.count; k++) {
            const size_t element = sy_weight_element(&unit, k);
            const double value = (double)values[element];
            const double error = value - (double)value_of(codes, u, element);
            power += value * value;
            noise += error * error;
        }
    }
    return power > 0 ? 10 * log10(power / noise) : NAN;
}
