#include "verify/compare.h"

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

size_t sy_largest_index(const float *values, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

/* E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927). */
sy_share sy_share_of(size_t hits, size_t count)
{
    static const double z = 1.959964; /* 95 % of a normal distribution is within */
    if (count == 0)
        return (sy_share){.low = 0, .high = 1};
    double n = (double)count, p = (double)hits / n;
    double centre = p + z * z / (2 * n), spread = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    double scale = 1 / (1 + z * z / n);
    return (sy_share){.hits = hits,
                      .count = count,
                      .low = fmax(0, (centre - spread) * scale),
                      .high = fmin(1, (centre + spread) * scale)};
}
