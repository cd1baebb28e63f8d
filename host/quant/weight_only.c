#include "quant/weight_only.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

static const double nothing = 2.2e-16; /* no deviation at all */

/* Sums over a channel: of the weights, and of what becomes of them. */
typedef struct moments {
    float min, max;
    double sum, squares, new_sum, new_squares;
} moments;

/* Each element with the number of its channel. */
#define EACH(channels, c, at)                                 \
    for (size_t o_ = 0, at = 0; o_ < (channels)->outer; o_++) \
        for (size_t c = 0; c < (channels)->count; c++)        \
            for (size_t i_ = 0; i_ < (channels)->inner; i_++, at++)

static sy_status find_scales(sy_ctx *ctx, const float *values, const sy_channels *channels,
                             const sy_number *number, moments *sums, sy_scale *out)
{
    for (size_t c = 0; c < channels->count; c++)
        sums[c] = (moments){.min = 0, .max = 0};
    EACH(channels, c, at)
    {
        if (!isfinite(values[at]))
            return sy_fail(ctx, SY_E_NUMERIC, "weight %zu is %g", at, (double)values[at]);
        sums[c].min = fminf(sums[c].min, values[at]);
        sums[c].max = fmaxf(sums[c].max, values[at]);
    }
    for (size_t c = 0; c < channels->count; c++)
        SY_TRY(sy_scale_from_range(ctx, number, sums[c].min, sums[c].max, &out[c]));
    return SY_OK;
}

static void round_values(const float *values, const sy_channels *channels, const sy_number *number,
                         const sy_scale *scales, moments *sums, int16_t *out)
{
    EACH(channels, c, at)
    {
        const int32_t q = sy_quantize_value(number, scales[c], values[at]);
        const double x = (double)values[at], y = (double)(q - scales[c].zero) * (double)scales[c].scale;
        out[at] = (int16_t)q;
        sums[c].sum += x;
        sums[c].squares += x * x;
        sums[c].new_sum += y;
        sums[c].new_squares += y * y;
    }
}

static double deviation(double sum, double squares, double count)
{
    const double mean = sum / count;
    return sqrt(fmax(squares / count - mean * mean, 0));
}

static sy_weight_factors factors_of(const moments *sums, size_t count, sy_scale scale, bool correct)
{
    const double before = deviation(sums->sum, sums->squares, (double)count);
    const double after = deviation(sums->new_sum, sums->new_squares, (double)count);
    double v = 1, m = 0;
    if (correct) {
        v = before > nothing && after > nothing ? before / after : 1;
        v = v > 0 && v < 10 ? v : 1;
        m = (sums->sum - v * sums->new_sum) / (double)count;
    }
    const double corrected = (double)scale.scale * v;
    if (!(corrected >= FLT_MIN))
        return (sy_weight_factors){scale.scale, (float)-scale.zero};
    return (sy_weight_factors){(float)corrected, (float)(m / corrected - scale.zero)};
}

sy_status sy_weight_only_quantize(sy_ctx *ctx, const float *values, const sy_channels *channels, int bits,
                                  bool correct, int16_t *out_integers, sy_weight_factors *out_factors)
{
    const sy_number number = {.bits = bits, .is_signed = true};
    moments *sums = calloc(channels->count, sizeof *sums);
    sy_scale *scales = calloc(channels->count, sizeof *scales);
    sy_status status = sy_check_alloc(ctx, sums && scales ? scales : NULL);
    if (status == SY_OK)
        status = find_scales(ctx, values, channels, &number, sums, scales);
    if (status == SY_OK) {
        round_values(values, channels, &number, scales, sums, out_integers);
        for (size_t c = 0; c < channels->count; c++)
            out_factors[c] = factors_of(&sums[c], channels->outer * channels->inner, scales[c], correct);
    }
    free(sums);
    free(scales);
    return status;
}

double sy_weight_only_snr(const float *values, const sy_channels *channels, const int16_t *integers,
                          const sy_weight_factors *factors)
{
    double power = 0, noise = 0;
    EACH(channels, c, at)
    {
        const float value = ((float)integers[at] + factors[c].zp) * factors[c].scale;
        const double error = (double)values[at] - (double)value;
        power += (double)values[at] * (double)values[at];
        noise += error * error;
    }
    return 10 * log10(power / noise);
}
