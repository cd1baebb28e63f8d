#include <stddef.h>

#include "cpu/lanes.h"
#include "cpu/ref.h"
#include "kernels/math.h"

/* `count` elements, `step` apart. */
static void one_softmax(const float *x, float *y, size_t count, size_t step, sy_u32 logarithm)
{
    float largest = -INFINITY;
    for (size_t i = 0; i < count; i++)
        largest = x[i * step] > largest ? x[i * step] : largest;

    sy_lanes lanes = {{0}};
    for (size_t i = 0; i < count; i++) {
        const float e = sy_math_expf(x[i * step] - largest);
        lanes.lane[i % SY_REDUCE_LANES] += e;
        y[i * step] = e;
    }
    const float sum = sy_lanes_sum(&lanes), log_sum = sy_math_logf(sum);
    for (size_t i = 0; i < count; i++)
        y[i * step] = logarithm ? (x[i * step] - largest) - log_sum : y[i * step] / sum;
}

void sy_ref_softmax(void *const *operands, const void *params)
{
    const sy_softmax_params *p = params;
    const float *x = operands[0];
    float *y = operands[1];

    for (size_t o = 0; o < p->outer; o++) {
        for (size_t i = 0; i < p->inner; i++) {
            const size_t at = o * p->count * p->inner + i;
            one_softmax(x + at, y + at, p->count, p->inner, p->logarithm);
        }
    }
}
