/* Statistics for OpenCL devices that are processors: an item goes through a stretch of neighbours in vectors
 * of 16 and counts by itself, without barriers and atomics, which cost the most there.
 */
#ifndef SY_KERNELS_PROCESSOR_STATISTICS_H
#define SY_KERNELS_PROCESSOR_STATISTICS_H

#include "kernels/processor.h"
#include "kernels/statistics.h"

#if defined(__OPENCL_VERSION__)

/* PoCL 3.1 loses counts where a function that it does not inline adds to shared memory. */
#define SY_SHARED_FN __attribute__((always_inline)) SY_FN

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

/* What a stretch adds to words 4 to 7 of the summary, and to the bins. */
typedef struct {
    sy_f32 fine_a, fine_b, bin_a,
        bin_b;         /* what values are multiplied by, in two steps, for sums and for bins */
    int16 sum, square; /* of at most SY_SUM_VECTORS vectors */
    sy_i64 sums, squares;
} sy_observe_line;

/* A sum of that many whole numbers of at most 2^22 fits in 32 bits. */
#define SY_SUM_VECTORS 256

/* Whole numbers of at most 2^22, half to even: see SY_RINT_MAGIC. */
SY_FN int16 sy_vector_rint(float16 x)
{
    return as_int16(x + (float16)(SY_RINT_MAGIC)) - (int16)((sy_i32)SY_RINT_MAGIC_BITS);
}

/* Takes in 16 finite values. Zeros are counted behind the bins, each lane's in a word of its own: they are
 * many, and one increment of a word waits for the one before.
 */
SY_SHARED_FN void sy_observe_vector(sy_observe_line *line, float16 value, SY_LOCAL sy_u32 *counts)
{
    const float16 y = value * line->fine_a * line->fine_b;
    const int16 in_side = convert_int16_rtz(fabs(value * line->bin_a * line->bin_b)) +
                          ((value < (float16)(0.0f)) & (int16)(SY_HISTOGRAM_SIDE));
    const int16 bin = select(in_side, (int16)(SY_HISTOGRAM_BINS) + SY_VECTOR_RAMP, value == (float16)(0.0f));
    sy_i32 lanes[SY_VECTOR];
    line->sum += sy_vector_rint(y);
    line->square += sy_vector_rint(y * y * sy_math_power_of_two(-22));
    vstore16(bin, 0, lanes);
    SY_UNROLL
    for (sy_u32 k = 0; k < SY_VECTOR; k++)
        counts[lanes[k]]++;
}

SY_FN sy_i64 sy_vector_total(int16 x)
{
    sy_i32 lanes[SY_VECTOR];
    sy_i64 total = 0;
    vstore16(x, 0, lanes);
    for (sy_u32 k = 0; k < SY_VECTOR; k++)
        total += lanes[k];
    return total;
}

/* Elements first to end. `all_finite` is a constant at every call. */
SY_SHARED_FN void sy_observe_part(sy_observe_line *line, SY_GLOBAL const sy_f32 *x, sy_index first,
                                  sy_index end, sy_u32 all_finite, SY_LOCAL sy_u32 *counts)
{
    line->sum = line->square = (int16)(0);
    for (sy_index i = first; i < end; i += SY_VECTOR) {
        const float16 read = all_finite ? vload16(0, x + i) : sy_observe_load(x, i, end);
        const float16 value = all_finite ? read : select((float16)(0.0f), read, sy_observe_finite(read));
        sy_observe_vector(line, value, counts);
    }
    line->sums += sy_vector_total(line->sum);
    line->squares += sy_vector_total(line->square);
}

/* Adds a stretch's bins to the sample's; with one group there is nobody else to add. */
SY_SHARED_FN void sy_observe_add_bins(SY_LOCAL const sy_u32 *counts, SY_GLOBAL sy_u32 *bins, sy_u32 first)
{
    for (sy_u32 b = first; b < first + SY_HISTOGRAM_SIDE; b += SY_VECTOR) {
        const uint16 block = vload16(0, counts + b);
        if (SY_GROUPS_X == 1) {
            vstore16(block, 0, bins + b);
            continue;
        }
        if (!any(block != (uint16)(0)))
            continue;
        for (sy_u32 k = b; k < b + SY_VECTOR; k++)
            if (counts[k])
                SY_ATOMIC_ADD(bins + k, counts[k]);
    }
}

/* The sums and the histogram. */
SY_KERNEL(1, 1)
void sy_k_observe_count_line(SY_GLOBAL const sy_f32 *SY_RESTRICT x, SY_GLOBAL sy_u32 *SY_RESTRICT bins,
                             SY_GLOBAL sy_u32 *SY_RESTRICT summary_of, SY_GLOBAL sy_u32 *SY_RESTRICT state,
                             sy_observe_params p, sy_places at)
{
    SY_SHARED(sy_u32, counts, SY_HISTOGRAM_BINS + SY_VECTOR);
    SY_GLOBAL sy_u32 *summary = summary_of + SY_AT(at, 2);
    SY_GLOBAL const sy_f32 *from = x + SY_AT(at, 0);
    const sy_i32 exponent = (sy_i32)summary[8], fine = 22 - exponent, coarse = 12 - exponent;
    const sy_u32 sides = (sy_i32)summary[0] < 0 ? 2 : 1, all_finite = summary[3] == 0;
    sy_observe_line line = {.fine_a = sy_math_power_of_two(fine / 2),
                            .fine_b = sy_math_power_of_two(fine - fine / 2),
                            .bin_a = sy_math_power_of_two(coarse / 2),
                            .bin_b = sy_math_power_of_two(coarse - coarse / 2)};
    sy_index first, end;
    (void)state;
    for (sy_u32 b = 0; b < sides * SY_HISTOGRAM_SIDE; b += SY_VECTOR)
        vstore16((uint16)(0), 0, counts + b);
    sy_observe_stretch(p.count, &first, &end);
    while (first < end) {
        const sy_index most = SY_SUM_VECTORS * SY_VECTOR;
        const sy_index last = end - first > most ? first + most : end;
        const sy_index whole = all_finite ? last - (last - first) % SY_VECTOR : first;
        sy_observe_part(&line, from, first, whole, 1, counts);
        sy_observe_part(&line, from, whole, last, 0, counts);
        first = last;
    }
    for (sy_u32 side = 0; side < sides; side++)
        sy_observe_add_bins(counts, bins + SY_AT(at, 1), side * SY_HISTOGRAM_SIDE);
    sy_atomic_add_wide(summary + 4, (sy_u64)line.sums);
    sy_atomic_add_wide(summary + 6, (sy_u64)line.squares);
}

/* The one order of long sums: the partial sums of 16 lanes, then a tree. A partial sum is never -0, so lanes
 * may add 0.
 */
SY_FN sy_f32 sy_vector_sum(float16 lanes)
{
    const float8 eight = lanes.lo + lanes.hi;
    const float4 four = eight.lo + eight.hi;
    const float2 two = four.lo + four.hi;
    return two.x + two.y;
}

/* A channel that is one row of neighbours, or rows of whole vectors, `step` words from one to the next. */
SY_FN sy_f32 sy_channel_sum_rows(SY_GLOBAL const sy_f32 *x, sy_u32 rows, sy_index step, sy_u32 count)
{
    float16 sum = (float16)(0.0f);
    for (sy_u32 o = 0; o < rows; o++, x += step) {
        sy_u32 i = 0;
        for (; i + SY_VECTOR <= count; i += SY_VECTOR)
            sum += vload16(0, x + i);
        if (i < count)
            sum += sy_vector_gather(x + i, 1, count - i);
    }
    return sy_vector_sum(sum);
}

SY_FN sy_f32 sy_channel_sum_any(SY_GLOBAL const sy_f32 *x, sy_u32 rows, sy_index step, sy_u32 count)
{
    sy_f32 lanes[SY_VECTOR] = {0.0f};
    sy_u32 lane = 0;
    for (sy_u32 o = 0; o < rows; o++, x += step)
        for (sy_u32 i = 0; i < count; i++, lane = (lane + 1) % SY_VECTOR)
            lanes[lane] += x[i];
    return sy_vector_sum(vload16(0, lanes));
}

/* 16 channels that are columns of a matrix, side by side. */
SY_FN float16 sy_channel_sum_columns(SY_GLOBAL const sy_f32 *x, sy_u32 rows, sy_index step)
{
    float16 lanes[SY_VECTOR];
    for (sy_u32 k = 0; k < SY_VECTOR; k++)
        lanes[k] = (float16)(0.0f);
    for (sy_u32 o = 0; o < rows; o++, x += step)
        lanes[o % SY_VECTOR] += vload16(0, x);
    for (sy_u32 span = SY_VECTOR / 2; span > 0; span /= 2)
        for (sy_u32 k = 0; k < span; k++)
            lanes[k] += lanes[k + span];
    return lanes[0];
}

/* An item for 16 channels. */
SY_KERNEL(1, 1)
void sy_k_channel_sum_line(SY_GLOBAL const sy_f32 *SY_RESTRICT x, SY_GLOBAL sy_f32 *SY_RESTRICT sums,
                           sy_channel_sum_params p, sy_places at)
{
    const sy_u32 first = SY_GROUP_X * SY_VECTOR, left = p.channels - first;
    const sy_u32 live = left < SY_VECTOR ? left : SY_VECTOR;
    const sy_index step = (sy_index)p.channels * p.inner;
    SY_GLOBAL const sy_f32 *from = x + SY_AT(at, 0) + (sy_index)first * p.inner;
    SY_GLOBAL sy_f32 *to = sums + SY_AT(at, 1) + first;
    if (p.inner == 1 && live == SY_VECTOR) {
        vstore16(sy_channel_sum_columns(from, p.outer, step), 0, to);
        return;
    }
    for (sy_u32 c = 0; c < live; c++, from += p.inner)
        to[c] = p.outer == 1 || p.inner % SY_VECTOR == 0 ? sy_channel_sum_rows(from, p.outer, step, p.inner)
                                                         : sy_channel_sum_any(from, p.outer, step, p.inner);
}

#endif

#endif
