#include <stddef.h>

#include "kernels/params.h"

void sy_ref_channel_sum(void *const *operands, const void *params)
{
    const sy_channel_sum_params *p = params;
    const float *x = operands[0];
    float *sums = operands[1];

    for (size_t c = 0; c < p->channels; c++) {
        float lanes[SY_REDUCE_LANES] = {0};
        size_t r = 0;
        for (size_t o = 0; o < p->outer; o++)
            for (size_t i = 0; i < p->inner; i++, r++)
                lanes[r % SY_REDUCE_LANES] += x[(o * p->channels + c) * p->inner + i];
        for (size_t half = SY_REDUCE_LANES / 2; half > 0; half /= 2)
            for (size_t lane = 0; lane < half; lane++)
                lanes[lane] += lanes[lane + half];
        sums[c] = lanes[0];
    }
}
