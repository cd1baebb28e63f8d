#include "compare/distance.h"

#include <math.h>

sy_comparison sy_compare(const float *a, const float *b, size_t count)
{
    sy_comparison sums = {0};
    for (size_t i = 0; i < count; i++) {
        double x = (double)a[i], y = (double)b[i], difference = fabs(x - y);
        sums.signal += x * x;
        sums.noise += difference * difference;
        sums.product += x * y;
        sums.other += y * y;
        if (difference > sums.largest_difference)
            sums.largest_difference = difference;
    }
    return sums;
}

double sy_comparison_db(const sy_comparison *comparison)
{
    if (!(comparison->noise > 0))
        return comparison->noise == 0 ? SY_DB_MAX : -SY_DB_MAX;
    if (!(comparison->signal > 0))
        return -SY_DB_MAX;
    return fmax(-SY_DB_MAX, fmin(SY_DB_MAX, 10 * log10(comparison->signal / comparison->noise)));
}

double sy_comparison_cosine(const sy_comparison *comparison)
{
    if (comparison->signal == 0 && comparison->other == 0)
        return 1;
    if (comparison->signal == 0 || comparison->other == 0)
        return 0;
    return comparison->product / (sqrt(comparison->signal) * sqrt(comparison->other));
}
