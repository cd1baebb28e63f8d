#include "correct/shift.h"

#include <math.h>

typedef struct {
    double mean, slope; /* of clamp(value + shift): its mean, and the share of values that are not clipped */
} behind_clamp;

static behind_clamp look(const sy_shift_histogram *histogram, double shift)
{
    const double lo = (double)histogram->lo, hi = (double)histogram->hi, width = hi - lo;
    double sum = 0, linear = 0, count = 0;
    for (int b = 0; b < SY_SHIFT_BINS; b++) {
        if (!histogram->bins[b])
            continue;
        double weight = (double)histogram->bins[b];
        double value = lo - width / 2 + (b + 0.5) * (2 * width / SY_SHIFT_BINS) + shift;
        sum += weight * fmax(lo, fmin(hi, value));
        linear += value > lo && value < hi ? weight : 0;
        count += weight;
    }
    return count > 0 ? (behind_clamp){sum / count, linear / count} : (behind_clamp){0, 0};
}

double sy_shift_solve(const sy_shift_histogram *histogram, double target)
{
    const double width = (double)histogram->hi - (double)histogram->lo, limit = width / 2;
    double shift = 0;
    double best = 0, best_error = INFINITY;
    for (int step = 0; step < 12; step++) {
        behind_clamp now = look(histogram, shift);
        double error = fabs(target - now.mean);
        if (error < best_error) {
            best_error = error;
            best = shift;
        }
        if (error < 1e-6 * width)
            break;
        shift += (target - now.mean) / fmax(now.slope, 0.05);
        shift = fmax(-limit, fmin(limit, shift));
    }
    return best;
}
