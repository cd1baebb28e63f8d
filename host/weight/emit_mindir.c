#include "weight/emit_mindir.h"

#include <math.h>
#include <string.h>

/* int8 where they fit, else int16. */
static void *store_integers(sy_arena *arena, const sy_weight_codes *codes, sy_dtype dtype)
{
    const size_t count = sy_weight_cut_elements(&codes->cut);
    const size_t width = sy_dtype_bits(dtype) / 8;
    unsigned char *out = sy_arena_alloc(arena, count, width);
    for (size_t i = 0; out && i < count; i++) {
        const int16_t wide = (int16_t)sy_weight_integer(codes, codes->codes[i]);
        const int8_t narrow = (int8_t)wide;
        if (dtype == SY_DTYPE_INT8)
            memcpy(out + i, &narrow, sizeof narrow);
        else
            memcpy(out + i * width, &wide, sizeof wide);
    }
    return out;
}

/* Floats of the model's type. */
static void *store_floats(sy_arena *arena, const float *values, size_t count, bool is_half)
{
    if (!is_half)
        return sy_arena_copy(arena, values, count * sizeof *values);
    uint16_t *out = sy_arena_alloc(arena, count, sizeof *out);
    for (size_t i = 0; out && i < count; i++)
        out[i] = sy_float_to_half(values[i]);
    return out;
}

/* float16 holds a factor, and a scale as a normal number. */
static bool fits_half(float scale, float zp)
{
    const float small = sy_half_to_float(sy_float_to_half(scale));
    return isfinite(small) && small >= 0x1p-14F && isfinite(sy_half_to_float(sy_float_to_half(zp)));
}

static float zp_of(const sy_weight_codes *codes, size_t unit)
{
    return (float)((double)codes->shifts[unit] / (double)codes->scales[unit] - codes->zeros[unit]);
}

sy_status sy_weight_emit_mindir(sy_ctx *ctx, const sy_mind_model *model, const sy_mind_weight *weight,
                                const sy_weight_codes *codes, sy_arena *arena, sy_mind_edit *out,
                                const char **out_refusal)
{
    const bool is_half = model->parameters[weight->parameter].data_type == SY_DTYPE_FLOAT16;
    const size_t units = codes->cut.units;
    const sy_dtype dtype = sy_weight_integer_type(codes);
    float *zps = sy_arena_alloc(arena, units, sizeof *zps);
    SY_TRY(sy_check_alloc(ctx, zps));
    if (codes->cut.block)
        return sy_fail(ctx, SY_E_INTERNAL, "weight '%s' is in blocks", codes->name);
    *out_refusal = NULL;
    for (size_t u = 0; u < units; u++) {
        zps[u] = zp_of(codes, u);
        if (is_half && !fits_half(codes->scales[u], zps[u]))
            *out_refusal = "its factors do not fit in float16";
    }
    if (*out_refusal)
        return SY_OK;
    *out = (sy_mind_edit){.parameter = weight->parameter,
                          .after = weight->after,
                          .integer_type = dtype,
                          .integers = store_integers(arena, codes, dtype),
                          .integer_bytes = sy_weight_cut_elements(&codes->cut) * sy_dtype_bits(dtype) / 8,
                          .factor_shape = codes->cut.axis == SY_NONE ? (sy_shape){.rank = 1, .dims = {1}}
                                                                     : weight->factors,
                          .scales = store_floats(arena, codes->scales, units, is_half),
                          .zps = store_floats(arena, zps, units, is_half),
                          .factor_bytes = units * (is_half ? sizeof(uint16_t) : sizeof(float))};
    return sy_check_alloc(ctx, out->integers && out->scales ? out->zps : NULL);
}

size_t sy_weight_edit_bytes(const sy_mind_edit *edit)
{
    return edit->integer_bytes + 2 * edit->factor_bytes;
}

static float in_type(float value, bool is_half)
{
    return is_half ? sy_half_to_float(sy_float_to_half(value)) : value;
}

static float factor_at(const void *factors, size_t unit, bool is_half)
{
    return is_half ? sy_half_to_float(((const uint16_t *)factors)[unit]) : ((const float *)factors)[unit];
}

static float integer_at(const sy_mind_edit *edit, size_t element)
{
    return edit->integer_type == SY_DTYPE_INT8 ? (float)((const int8_t *)edit->integers)[element]
                                               : (float)((const int16_t *)edit->integers)[element];
}

double sy_weight_edit_snr(const sy_mind_edit *edit, const sy_weight_cut *cut, bool is_half,
                          const float *values)
{
    const size_t count = sy_weight_cut_elements(cut);
    double power = 0, noise = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t unit = sy_weight_unit_of(cut, i);
        const float wide = in_type(integer_at(edit, i), is_half);
        const float sum = in_type(wide + factor_at(edit->zps, unit, is_half), is_half);
        const float value = in_type(sum * factor_at(edit->scales, unit, is_half), is_half);
        const double error = (double)values[i] - (double)value;
        power += (double)values[i] * (double)values[i];
        noise += error * error;
    }
    return power > 0 ? 10 * log10(power / noise) : NAN;
}
