#include "quant/scale.h"

#include <float.h>
#include <math.h>

#include "graph/graph.h"

int32_t sy_number_lo(const sy_number *number)
{
    const int32_t lowest = number->is_signed ? -(1 << (number->bits - 1)) : 0;
    return number->narrow ? lowest + 1 : lowest;
}

int32_t sy_number_hi(const sy_number *number)
{
    return (1 << (number->is_signed ? number->bits - 1 : number->bits)) - 1;
}

int32_t sy_number_middle(const sy_number *number)
{
    return number->is_signed ? 0 : 1 << (number->bits - 1);
}

bool sy_form_equal(const sy_form *a, const sy_form *b)
{
    return a->number.bits == b->number.bits && a->number.is_signed == b->number.is_signed &&
           a->number.symmetric == b->number.symmetric && a->number.narrow == b->number.narrow &&
           a->scale.scale == b->scale.scale && a->scale.zero == b->scale.zero;
}

/* The float nearest to `scale`, or `fallback` where that is no normal number. */
static float normal_or(double scale, float fallback)
{
    return scale >= FLT_MIN && scale <= FLT_MAX ? (float)scale : fallback;
}

sy_status sy_scale_from_range(sy_ctx *ctx, const sy_number *number, float min, float max, sy_scale *out)
{
    if (!isfinite(min) || !isfinite(max))
        return sy_fail(ctx, SY_E_NUMERIC, "the range [%g, %g] is not finite", (double)min, (double)max);

    const double low = fmin(min, 0), high = fmax(max, 0);
    const int32_t lo = sy_number_lo(number), hi = sy_number_hi(number);
    if (number->symmetric) {
        const int32_t middle = sy_number_middle(number);
        out->scale = normal_or(fmax(-low, high) / (hi - middle), 1);
        out->zero = middle;
        return SY_OK;
    }
    out->scale = normal_or((high - low) / (hi - lo), 1);
    const double zero = rint(lo - low / out->scale);
    out->zero = (int32_t)fmin(fmax(zero, lo), hi);
    return SY_OK;
}

sy_scale sy_scale_inside(const sy_number *number, sy_scale scale, float min, float max)
{
    const int32_t below = scale.zero - sy_number_lo(number), above = sy_number_hi(number) - scale.zero;
    if (below > 0 && min < 0)
        scale.scale = fminf(scale.scale, -min / (float)below);
    if (above > 0 && max > 0)
        scale.scale = fminf(scale.scale, max / (float)above);
    /* The division rounds; so may the product. A step down or two puts the product inside. */
    while (scale.scale > FLT_MIN && ((below > 0 && min < 0 && (float)-below * scale.scale < min) ||
                                     (above > 0 && max > 0 && (float)above * scale.scale > max)))
        scale.scale = nextafterf(scale.scale, 0);
    return scale;
}

float sy_scale_to_half(float scale)
{
    const uint16_t nearest = sy_float_to_half(scale);
    const bool above = sy_half_to_float(nearest) >= scale && nearest != 0;
    return sy_half_to_float(above ? nearest : (uint16_t)(nearest + 1));
}

int32_t sy_quantize_value(const sy_number *number, sy_scale scale, float x)
{
    const float steps = rintf(x / scale.scale);
    const int32_t lo = sy_number_lo(number), hi = sy_number_hi(number);
    if (isnan(steps))
        return scale.zero;
    if (steps <= (float)(lo - scale.zero))
        return lo;
    if (steps >= (float)(hi - scale.zero))
        return hi;
    return (int32_t)steps + scale.zero;
}

float sy_dequantize_value(sy_scale scale, int32_t q)
{
    return (float)(q - scale.zero) * scale.scale;
}

bool sy_quantize_bias(float bias, float x_scale, float w_scale, int32_t *out)
{
    const float scale = x_scale * w_scale;
    const double steps = rint((double)bias / (double)scale);
    if (!(scale >= FLT_MIN && scale <= FLT_MAX) || !(fabs(steps) < 0x1p30))
        return false;
    *out = (int32_t)steps;
    return true;
}

float sy_scale_floor(float bias, float x_scale)
{
    const double for_bias = fabs((double)bias) / ((double)x_scale * 0x1p29);
    const double for_product = (double)FLT_MIN * 0x1p24 / (double)x_scale;
    return (float)fmax(fmax(for_bias, for_product), FLT_MIN);
}

float sy_scale_of_bias(float bias, float x_scale)
{
    const double scale = fabs((double)bias) / ((double)x_scale * 0x1p24);
    return scale > 0 ? fmaxf(normal_or(scale, FLT_MIN), sy_scale_floor(bias, x_scale)) : 1;
}
