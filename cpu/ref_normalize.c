#include <stddef.h>

#include "cpu/lanes.h"
#include "cpu/ref.h"
#include "kernels/math.h"

static float mean_of(const float *x, size_t count)
{
    sy_lanes lanes = {{0}};
    for (size_t i = 0; i < count; i++)
        lanes.lane[i % SY_REDUCE_LANES] += x[i];
    return sy_lanes_sum(&lanes) / (float)count;
}

static float variance_of(const float *x, size_t count, float mean)
{
    sy_lanes lanes = {{0}};
    for (size_t i = 0; i < count; i++) {
        const float d = x[i] - mean;
        lanes.lane[i % SY_REDUCE_LANES] = fmaf(d, d, lanes.lane[i % SY_REDUCE_LANES]);
    }
    return sy_lanes_sum(&lanes) / (float)count;
}

void sy_ref_normalize(void *const *operands, const void *params)
{
    const sy_normalize_params *p = params;
    const float *x = operands[0], *scale = operands[1], *bias = operands[2];
    float *y = operands[3];

    for (size_t row = 0; row < p->rows; row++, x += p->count, y += p->count) {
        const float mean = mean_of(x, p->count), variance = variance_of(x, p->count, mean);
        const float inverse = 1 / sqrtf(variance + p->epsilon);
        const size_t start = row / p->row_period % p->scale_rows * p->scale_row_stride;
        for (size_t i = 0; i < p->count; i++) {
            const size_t at = start + i * p->scale_column_stride;
            const float normal = (x[i] - mean) * inverse;
            y[i] = p->has_bias ? fmaf(normal, scale[at], bias[at]) : normal * scale[at];
        }
    }
}
