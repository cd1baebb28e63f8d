#include "weight/mixed.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "quant/scale.h"

static const sy_number widest = {.bits = 16, .is_signed = true, .symmetric = true, .narrow = true};

enum { PROBES_MAX = 100 };

/* A unit while its step is searched. */
typedef struct search {
    const float *values;
    size_t count;
    bool correct;
    double sum, squares; /* of the values */
    float peak;          /* largest |value| */
    double error;        /* to aim for */
} search;

/* What the unit becomes at a step: w' = factor * step * code + shift. */
typedef struct outcome {
    float step;
    double factor, shift;
    double error;
} outcome;

static double deviation(double sum, double squares, double count)
{
    return sqrt(fmax(squares / count - sum / count * (sum / count), 0));
}

static outcome probe(const search *unit, double wanted)
{
    static const double nothing = 2.2e-16; /* no deviation at all */
    const double least = fmax((double)unit->peak / sy_number_hi(&widest), FLT_MIN);
    outcome out = {.step = (float)fmax(wanted, least), .factor = 1};
    double sum = 0, squares = 0, products = 0;
    for (size_t i = 0; i < unit->count; i++) {
        const int32_t code = sy_quantize_value(&widest, (sy_scale){out.step, 0}, unit->values[i]);
        const double y = code * (double)out.step;
        sum += y;
        squares += y * y;
        products += y * (double)unit->values[i];
    }
    const double count = (double)unit->count;
    const double before = deviation(unit->sum, unit->squares, count), after = deviation(sum, squares, count);
    if (unit->correct) {
        if (before > nothing && after > nothing && (double)out.step * (before / after) >= (double)FLT_MIN)
            out.factor = before / after;
        out.shift = (unit->sum - out.factor * sum) / count;
    }
    const double v = out.factor, m = out.shift;
    const double rest = unit->squares + v * v * squares + count * m * m - 2 * v * products -
                        2 * m * unit->sum + 2 * v * m * sum;
    out.error = sqrt(fmax(rest, 0) / unit->squares);
    return out;
}

static bool is_near(const search *unit, const outcome *at)
{
    return fabs(at->error - unit->error) < 0.01 * unit->error;
}

/* The largest step that was seen to miss no more than is allowed, found from both sides. */
static outcome find_step(const search *unit, double range)
{
    outcome low = probe(unit, range * unit->error), high = low;
    int probes = 0;
    while (!is_near(unit, &low) && low.error > unit->error && probes++ < PROBES_MAX) {
        high = low;
        low = probe(unit, (double)low.step / 2);
        if (low.step == high.step)
            return low; /* 16 bits hold no smaller one */
    }
    while (high.error <= unit->error && !is_near(unit, &high) && probes++ < PROBES_MAX) {
        low = high;
        high = probe(unit, 2 * (double)high.step);
    }
    if (is_near(unit, &high))
        return high;
    while (!is_near(unit, &low) && probes++ < PROBES_MAX) {
        const outcome middle = probe(unit, ((double)low.step + (double)high.step) / 2);
        if (is_near(unit, &middle) || middle.error <= unit->error)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static sy_status measure(sy_ctx *ctx, search *unit, float *out_min, float *out_max)
{
    float min = unit->values[0], max = min;
    for (size_t i = 0; i < unit->count; i++) {
        const float value = unit->values[i];
        if (!isfinite(value))
            return sy_fail(ctx, SY_E_NUMERIC, "an element is %g", (double)value);
        min = fminf(min, value);
        max = fmaxf(max, value);
        unit->sum += (double)value;
        unit->squares += (double)value * (double)value;
    }
    unit->peak = fmaxf(fabsf(min), fabsf(max));
    *out_min = min;
    *out_max = max;
    return SY_OK;
}

/* Fills codes, scale and shift of one unit from its values. */
static sy_status encode_unit(sy_ctx *ctx, search *unit, size_t u, sy_weight_codes *codes)
{
    const sy_weight_unit at = sy_weight_unit_at(&codes->cut, u);
    outcome best = {.step = 1, .factor = 1};
    float min = 0, max = 0;
    SY_TRY(measure(ctx, unit, &min, &max));
    if (min == max && unit->peak >= FLT_MIN)
        best.step = unit->peak;
    else if (unit->squares > 0 && unit->peak >= FLT_MIN)
        best = find_step(unit, (double)max - (double)min);
    for (size_t k = 0; k < at.count; k++)
        codes->codes[sy_weight_element(&at, k)] =
            (int16_t)sy_quantize_value(&widest, (sy_scale){best.step, 0}, unit->values[k]);
    codes->scales[u] = (float)((double)best.step * best.factor);
    codes->shifts[u] = (float)best.shift;
    return SY_OK;
}

int sy_weight_width(const sy_weight_codes *codes)
{
    int bits = 1;
    for (size_t i = 0; i < sy_weight_cut_elements(&codes->cut); i++)
        while (codes->codes[i] < sy_weight_lowest(bits) || codes->codes[i] > sy_weight_highest(bits))
            bits++;
    return bits;
}

sy_status sy_weight_mixed_encode(sy_ctx *ctx, sy_arena *arena, double error, bool correct,
                                 const sy_weight_floats *from, sy_weight_codes *out)
{
    const sy_weight_cut *cut = from->cut;
    sy_weight_codes codes;
    SY_TRY(sy_weight_codes_create(ctx, arena, from->name, from->shape, from->cut, widest.bits, &codes));
    float *own = calloc(sy_weight_unit_at(cut, 0).count, sizeof *own); /* the first unit is never short */
    sy_status status = sy_check_alloc(ctx, own);
    for (size_t u = 0; u < cut->units && status == SY_OK; u++) {
        const sy_weight_unit at = sy_weight_unit_at(cut, u);
        search unit = {.values = own, .count = at.count, .correct = correct, .error = error};
        for (size_t k = 0; k < at.count; k++)
            own[k] = from->values[sy_weight_element(&at, k)];
        status = encode_unit(ctx, &unit, u, &codes);
    }
    free(own);
    if (status != SY_OK)
        return sy_while(ctx, status, "weight '%s'", from->name);
    codes.bits = sy_weight_width(&codes);
    *out = codes;
    return SY_OK;
}

double sy_weight_relative_error(const sy_weight_codes *codes, const float *values)
{
    const double snr = sy_weight_codes_snr(codes, values);
    return isnan(snr) ? 0 : pow(10, -snr / 20);
}
