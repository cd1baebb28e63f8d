#include "verify/share.h"

#include <math.h>

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
