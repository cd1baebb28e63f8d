#include <math.h>
#include <stddef.h>

#include "cpu/histogram_state.h"
#include "cpu/ref.h"

void sy_ref_histogram(void *const *operands, const void *params)
{
    const sy_histogram_params *p = params;
    const float *x = operands[0];
    const uint32_t *summary = operands[1];
    uint32_t *state = operands[2];
    uint32_t *positive = state + SY_HISTOGRAM_HEAD;
    uint32_t *negative = positive + SY_HISTOGRAM_SIDE;
    const int32_t exponent = sy_histogram_raise(state, (int32_t)summary[8]);

    for (size_t i = 0; i < p->count; i++) {
        if (!isfinite(x[i]) || x[i] == 0)
            continue;
        const double place = ldexp(fabs((double)x[i]), -exponent) * SY_HISTOGRAM_SIDE;
        uint32_t *bins = x[i] > 0 ? positive : negative;
        bins[(size_t)place]++;
    }
}
