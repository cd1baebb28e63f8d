#include <stddef.h>

#include "cpu/lanes.h"
#include "cpu/ref.h"

void sy_ref_channel_sum(void *const *operands, const void *params)
{
    const sy_channel_sum_params *p = params;
    const float *x = operands[0];
    float *sums = operands[1];

    for (size_t c = 0; c < p->channels; c++) {
        sy_lanes lanes = {{0}};
        size_t r = 0;
        for (size_t o = 0; o < p->outer; o++)
            for (size_t i = 0; i < p->inner; i++, r++)
                lanes.lane[r % SY_REDUCE_LANES] += x[(o * p->channels + c) * p->inner + i];
        sums[c] = sy_lanes_sum(&lanes);
    }
}
