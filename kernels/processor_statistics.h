/* Statistics for OpenCL devices that are processors: an item goes through a stretch of neighbours in vectors
 * of 16 and counts by itself, without barriers and atomics, which cost the most there.
 */
#ifndef SY_KERNELS_PROCESSOR_STATISTICS_H
#define SY_KERNELS_PROCESSOR_STATISTICS_H

#include "kernels/processor.h"
#include "kernels/statistics.h"

#if defined(__OPENCL_VERSION__)

/* The 16 elements from number i on, -0 as 0; behind `end` there are NaN. */
SY_FN float16 sy_observe_load(SY_GLOBAL const sy_f32 *x, sy_index i, sy_index end)
{
    if (end - i >= SY_VECTOR)
        return vload16(0, x + i) + (float16)(0.0f);
    return select((float16)(NAN), sy_vector_gather(x + i, 1, (sy_u32)(end - i)) + (float16)(0.0f),
                  SY_VECTOR_RAMP < (int16)((sy_i32)(end - i)));
}

SY_FN int16 sy_observe_finite(float16 value)
{
    return (as_int16(value) & (int16)(0x7f800000)) != (int16)(0x7f800000);
}

/* The group's stretch of the elements. */
SY_FN void sy_observe_stretch(sy_u32 count, sy_index *first, sy_index *end)
{
    const sy_index each = ((sy_index)count + SY_GROUPS_X - 1) / SY_GROUPS_X;
    *first = each * SY_GROUP_X < count ? each * SY_GROUP_X : count;
    *end = *first + each < count ? *first + each : count;
}

/* Words 0 to 3 and 8 of the summary. */
SY_KERNEL(1, 1)
void sy_k_observe_range_line(SY_GLOBAL const sy_f32 *SY_RESTRICT x, SY_GLOBAL sy_u32 *SY_RESTRICT bins,
                             SY_GLOBAL sy_u32 *SY_RESTRICT summary, SY_GLOBAL sy_u32 *SY_RESTRICT state,
                             sy_observe_params p, sy_places at)
{
    float16 least = (float16)(SY_INFINITY), most = (float16)(-SY_INFINITY);
    int16 zeros = (int16)(0), finites = (int16)(0); /* minus their number */
    sy_f32 lo[SY_VECTOR], hi[SY_VECTOR];
    sy_i32 zero[SY_VECTOR], finite[SY_VECTOR];
    sy_index first, end;
    (void)bins;
    (void)state;
    sy_observe_stretch(p.count, &first, &end);
    for (sy_index i = first; i < end; i += SY_VECTOR) {
        const float16 value = sy_observe_load(x + SY_AT(at, 0), i, end);
        const int16 is_finite = sy_observe_finite(value);
        finites += is_finite;
        zeros += value == (float16)(0.0f);
        least = select(least, value, is_finite & (value < least));
        most = select(most, value, is_finite & (value > most));
    }
    vstore16(least, 0, lo);
    vstore16(most, 0, hi);
    vstore16(zeros, 0, zero);
    vstore16(finites, 0, finite);
    for (sy_u32 i = 1; i < SY_VECTOR; i++) {
        lo[0] = lo[i] < lo[0] ? lo[i] : lo[0];
        hi[0] = hi[i] > hi[0] ? hi[i] : hi[0];
        zero[0] += zero[i];
        finite[0] += finite[i];
    }
    sy_observe_add_range(summary + SY_AT(at, 2), lo[0], hi[0], (sy_u32)-zero[0],
                         (sy_u32)(end - first) - (sy_u32)-finite[0]);
}

/* The sums and the histogram. Elements that are in no bin are counted behind the last. */
SY_KERNEL(1, 1)
void sy_k_observe_count_line(SY_GLOBAL const sy_f32 *SY_RESTRICT x, SY_GLOBAL sy_u32 *SY_RESTRICT bins,
                             SY_GLOBAL sy_u32 *SY_RESTRICT summary, SY_GLOBAL sy_u32 *SY_RESTRICT state,
                             sy_observe_params p, sy_places at)
{
    SY_SHARED(sy_u32, counts, SY_HISTOGRAM_BINS + 1);
    const sy_i32 exponent = (sy_i32)summary[SY_AT(at, 2) + 8], fine = 22 - exponent, coarse = 12 - exponent;
    const sy_f32 fine_a = sy_math_power_of_two(fine / 2), fine_b = sy_math_power_of_two(fine - fine / 2);
    const sy_f32 bin_a = sy_math_power_of_two(coarse / 2), bin_b = sy_math_power_of_two(coarse - coarse / 2);
    long16 sums = (long16)(0), squares = (long16)(0);
    sy_i64 sum[SY_VECTOR], square[SY_VECTOR];
    sy_index first, end;
    (void)state;
    for (sy_u32 b = 0; b <= SY_HISTOGRAM_BINS; b++)
        counts[b] = 0;
    sy_observe_stretch(p.count, &first, &end);
    for (sy_index i = first; i < end; i += SY_VECTOR) {
        const float16 read = sy_observe_load(x + SY_AT(at, 0), i, end);
        const float16 value = select((float16)(0.0f), read, sy_observe_finite(read));
        const float16 y = value * fine_a * fine_b;
        const int16 in_side = convert_int16_rtz(fabs(value * bin_a * bin_b)) +
                              ((value < (float16)(0.0f)) & (int16)(SY_HISTOGRAM_SIDE));
        const int16 bin = select(in_side, (int16)(SY_HISTOGRAM_BINS), value == (float16)(0.0f));
        sy_i32 lanes[SY_VECTOR];
        sums += convert_long16(convert_int16_rte(y));
        squares += convert_long16(convert_int16_rte(y * y * sy_math_power_of_two(-22)));
        vstore16(bin, 0, lanes);
        SY_UNROLL
        for (sy_u32 k = 0; k < SY_VECTOR; k++)
            counts[lanes[k]]++;
    }
    vstore16(sums, 0, sum);
    vstore16(squares, 0, square);
    for (sy_u32 k = 1; k < SY_VECTOR; k++) {
        sum[0] += sum[k];
        square[0] += square[k];
    }
    for (sy_u32 b = 0; b < SY_HISTOGRAM_BINS; b++)
        if (counts[b])
            SY_ATOMIC_ADD(bins + SY_AT(at, 1) + b, counts[b]);
    sy_atomic_add_wide(summary + SY_AT(at, 2) + 4, (sy_u64)sum[0]);
    sy_atomic_add_wide(summary + SY_AT(at, 2) + 6, (sy_u64)square[0]);
}

#endif

#endif
