#include <math.h>
#include <string.h>

#include "pipeline/tune.h"

/* Scales that are tried; and a ratio of two that makes no difference worth another probe. */
static const double least = 1e-5, most = 0.9, same = 1.002;

typedef struct bracket {
    const sy_tune_probe *low;  /* the largest scale that is good, below every bad one; NULL: none */
    const sy_tune_probe *high; /* the least scale that is bad; NULL: none */
} bracket;

static bracket find_bracket(const sy_tune_probe *probes, size_t count, double target)
{
    bracket out = {0};
    for (size_t i = 0; i < count; i++)
        if (!(probes[i].cosine >= target) && (!out.high || probes[i].scale < out.high->scale))
            out.high = &probes[i];
    for (size_t i = 0; i < count; i++)
        if (probes[i].cosine >= target && (!out.high || probes[i].scale < out.high->scale) &&
            (!out.low || probes[i].scale > out.low->scale))
            out.low = &probes[i];
    return out;
}

const sy_tune_probe *sy_tune_best(const sy_tune_probe *probes, size_t count, double target)
{
    const sy_tune_probe *low = find_bracket(probes, count, target).low, *best = low;
    for (size_t i = 0; i < count; i++)
        if (low && low->cosine > target + SY_TUNE_WIDE_BAND && probes[i].cosine >= target &&
            probes[i].cosine <= target + SY_TUNE_WIDE_BAND && probes[i].scale < low->scale &&
            (best == low || probes[i].scale > best->scale))
            best = &probes[i];
    return best;
}

/* How far outputs are from being the same, in a form that is about linear in the logarithm of the scale: 1 -
 * cosine grows with the square of an error. */
static double distance_of(double cosine)
{
    return log(fmax(1 - cosine, 1e-12));
}

/* The scale whose cosine is `aim` if the one of `from` grows as squares do. */
static double extrapolate(const sy_tune_probe *from, double aim)
{
    return from->scale * exp((distance_of(aim) - distance_of(from->cosine)) / 2);
}

/* Between two, on a straight line of logarithms, and not too close to either. */
static double interpolate(const sy_tune_probe *low, const sy_tune_probe *high, double aim)
{
    const double a = distance_of(low->cosine), b = distance_of(high->cosine);
    const double part = b > a ? (distance_of(aim) - a) / (b - a) : 0.5;
    return low->scale * pow(high->scale / low->scale, fmin(fmax(part, 0.1), 0.9));
}

bool sy_tune_next(const sy_tune_probe *probes, size_t count, double first, double target, double *out)
{
    const double aim = target + SY_TUNE_BAND / 2;
    const bracket at = find_bracket(probes, count, target);
    if (count == 0) {
        *out = first;
        return true;
    }
    if (at.low && at.low->cosine <= target + SY_TUNE_BAND)
        return false;
    if (at.low && at.high) {
        *out = interpolate(at.low, at.high, aim);
        return at.high->scale > at.low->scale * same;
    }
    if (at.low) {
        *out = fmin(fmin(fmax(extrapolate(at.low, aim), at.low->scale * 1.05), at.low->scale * 8), most);
        return at.low->scale < most;
    }
    if (!at.high)
        return false;
    *out = fmax(fmax(fmin(extrapolate(at.high, aim), at.high->scale / 1.05), at.high->scale / 8), least);
    return at.high->scale > least;
}
