/* The one order of longer sums (see reduce in kernels/params.h): element r goes to lane r mod 16, then the
 * tree. */
#ifndef SY_CPU_LANES_H
#define SY_CPU_LANES_H

#include "kernels/params.h"

typedef struct {
    float lane[SY_REDUCE_LANES];
} sy_lanes; /* a zeroed one is empty */

static inline float sy_lanes_sum(const sy_lanes *lanes)
{
    sy_lanes tree = *lanes;
    for (int half = SY_REDUCE_LANES / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; i++)
            tree.lane[i] += tree.lane[i + half];
    }
    return tree.lane[0];
}

#endif
