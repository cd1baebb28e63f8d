/* Statistics of tensors: observe, channel_sum. Everything is counted in integers, so no order of items
 * shows; floats are added only in the one order of reduce.
 */
#ifndef SY_KERNELS_STATISTICS_H
#define SY_KERNELS_STATISTICS_H

#include "kernels/dialect.h"

#define SY_EXPONENT_LEAST (-126)

/* x * 2^n for n from -150 to 150, by two factors that floats hold. Rounded only where the result is far below
 * 2^-100. */
SY_FN sy_f32 sy_scale(sy_f32 x, sy_i32 n)
{
    const sy_i32 span = n / 2;
    return x * sy_math_power_of_two(span) * sy_math_power_of_two(n - span);
}

SY_FN sy_u32 sy_is_finite(sy_f32 x)
{
    return (sy_bits_of(x) & 0x7f800000u) != 0x7f800000u;
}

/* As though summary word 0 or 1 were a float with atomic min and max. Bits of floats with one sign compare
 * like integers, those of negative ones backwards; a float of the other sign compares right as the other kind
 * of integer.
 */
SY_FN void sy_atomic_min_float(SY_GLOBAL sy_u32 *at, sy_f32 value)
{
    if (value < 0.0f)
        SY_ATOMIC_MAX(at, sy_bits_of(value));
    else
        SY_ATOMIC_MIN((SY_GLOBAL sy_i32 *)at, (sy_i32)sy_bits_of(value));
}

SY_FN void sy_atomic_max_float(SY_GLOBAL sy_u32 *at, sy_f32 value)
{
    if (value < 0.0f)
        SY_ATOMIC_MIN(at, sy_bits_of(value));
    else
        SY_ATOMIC_MAX((SY_GLOBAL sy_i32 *)at, (sy_i32)sy_bits_of(value));
}

/* Adds to a 64-bit integer in two words, low first. Each addition carries what it alone makes overflow. */
SY_FN void sy_atomic_add_wide(SY_GLOBAL sy_u32 *at, sy_u64 value)
{
    const sy_u32 low = (sy_u32)value, before = SY_ATOMIC_FETCH_ADD(at, low);
    const sy_u32 high = (sy_u32)(value >> 32) + (before + low < before);
    if (high)
        SY_ATOMIC_ADD(at + 1, high);
}

/* The summary of no element, and bins without counts. An item a bin. */
SY_KERNEL(SY_GROUP, 1)
void sy_k_observe_begin(SY_GLOBAL const sy_f32 *SY_RESTRICT x, SY_GLOBAL sy_u32 *SY_RESTRICT bins,
                        SY_GLOBAL sy_u32 *SY_RESTRICT summary, SY_GLOBAL sy_u32 *SY_RESTRICT state,
                        sy_observe_params p, sy_places at)
{
    const sy_u32 i = (sy_u32)SY_GLOBAL_X;
    const sy_u32 extreme = i == 0 ? 0x7f800000u : 0xff800000u;
    (void)x;
    (void)state;
    (void)p;
    bins[SY_AT(at, 1) + i] = 0;
    if (i < SY_SUMMARY_WORDS)
        summary[SY_AT(at, 2) + i] = i < 2 ? extreme : (i == 8 ? (sy_u32)SY_EXPONENT_LEAST : 0);
}

/* Adds to the summary what was seen of some elements; `least` is above `most` where none was finite. */
SY_FN void sy_observe_add_range(SY_GLOBAL sy_u32 *out, sy_f32 least, sy_f32 most, sy_u32 zeros,
                                sy_u32 not_finite)
{
    SY_ATOMIC_ADD(out + 2, zeros);
    SY_ATOMIC_ADD(out + 3, not_finite);
    if (least <= most) {
        const sy_u32 low = sy_bits_of(least) & 0x7fffffffu, high = sy_bits_of(most) & 0x7fffffffu;
        sy_atomic_min_float(out, least);
        sy_atomic_max_float(out + 1, most);
        SY_ATOMIC_MAX((SY_GLOBAL sy_i32 *)out + 8,
                      (sy_i32)((low > high ? low : high) >> 23) + SY_EXPONENT_LEAST);
    }
}

/* Words 0 to 3 and 8 of the summary. */
SY_KERNEL(SY_GROUP, 1)
void sy_k_observe_range(SY_GLOBAL const sy_f32 *SY_RESTRICT x, SY_GLOBAL sy_u32 *SY_RESTRICT bins,
                        SY_GLOBAL sy_u32 *SY_RESTRICT summary, SY_GLOBAL sy_u32 *SY_RESTRICT state,
                        sy_observe_params p, sy_places at)
{
    SY_SHARED(sy_f32, least, SY_GROUP);
    SY_SHARED(sy_f32, most, SY_GROUP);
    SY_SHARED(sy_u32, zeros, SY_GROUP);
    SY_SHARED(sy_u32, not_finite, SY_GROUP);
    const sy_u32 item = SY_ITEM_X;
    const sy_index step = (sy_index)SY_GROUPS_X * SY_GROUP;
    sy_f32 lo = SY_INFINITY, hi = -SY_INFINITY;
    sy_u32 zero_count = 0, other_count = 0;
    (void)bins;
    (void)state;
    for (sy_index i = SY_GLOBAL_X; i < p.count; i += step) {
        const sy_f32 value = x[SY_AT(at, 0) + i] + 0.0f; /* no -0 */
        const sy_u32 finite = sy_is_finite(value);
        other_count += !finite;
        zero_count += value == 0.0f;
        lo = finite && value < lo ? value : lo;
        hi = finite && value > hi ? value : hi;
    }
    least[item] = lo;
    most[item] = hi;
    zeros[item] = zero_count;
    not_finite[item] = other_count;
    for (sy_u32 span = SY_GROUP / 2; span > 0; span /= 2) {
        SY_BARRIER();
        if (item < span) {
            least[item] = least[item + span] < least[item] ? least[item + span] : least[item];
            most[item] = most[item + span] > most[item] ? most[item + span] : most[item];
            zeros[item] += zeros[item + span];
            not_finite[item] += not_finite[item + span];
        }
    }
    if (item == 0)
        sy_observe_add_range(summary + SY_AT(at, 2), least[0], most[0], zeros[0], not_finite[0]);
}

/* What an item adds to words 4 to 7 of the summary. */
typedef struct {
    sy_i64 sum, squares;
} sy_observe_sums;

/* Takes in one element of a sample with so large an exponent. Returns its bin, of the positive ones and the
 * negative ones behind them; SY_HISTOGRAM_BINS for one that is in none.
 */
SY_FN sy_u32 sy_observe_element(sy_f32 value, sy_i32 exponent, sy_observe_sums *sums)
{
    if (!sy_is_finite(value) || value == 0.0f)
        return SY_HISTOGRAM_BINS;
    const sy_f32 y = sy_scale(value, 22 - exponent), square = y * y;
    sums->sum += (sy_i32)sy_math_rint(y);
    sums->squares += (sy_i32)sy_math_rint(square * sy_math_power_of_two(-22));
    return (sy_u32)sy_math_abs(sy_scale(value, 12 - exponent)) + (value < 0.0f ? SY_HISTOGRAM_SIDE : 0);
}

/* Adds the items' sums to the summary. `shared` has 2 * SY_GROUP elements; every item of the group calls it.
 */
SY_FN void sy_observe_add_sums(SY_LOCAL sy_i64 *shared, sy_observe_sums sums, SY_GLOBAL sy_u32 *summary)
{
    const sy_u32 item = SY_ITEM_X;
    shared[item] = sums.sum;
    shared[SY_GROUP + item] = sums.squares;
    for (sy_u32 span = SY_GROUP / 2; span > 0; span /= 2) {
        SY_BARRIER();
        if (item < span) {
            shared[item] += shared[item + span];
            shared[SY_GROUP + item] += shared[SY_GROUP + item + span];
        }
    }
    if (item == 0) {
        sy_atomic_add_wide(summary + 4, (sy_u64)shared[0]);
        sy_atomic_add_wide(summary + 6, (sy_u64)shared[SY_GROUP]);
    }
}

/* The sums, and the histogram of a tensor with few elements: counted where it is. */
SY_KERNEL(SY_GROUP, 1)
void sy_k_observe_few(SY_GLOBAL const sy_f32 *SY_RESTRICT x, SY_GLOBAL sy_u32 *SY_RESTRICT bins,
                      SY_GLOBAL sy_u32 *SY_RESTRICT summary, SY_GLOBAL sy_u32 *SY_RESTRICT state,
                      sy_observe_params p, sy_places at)
{
    SY_SHARED(sy_i64, shared, 2 * SY_GROUP);
    const sy_i32 exponent = (sy_i32)summary[SY_AT(at, 2) + 8];
    const sy_index step = (sy_index)SY_GROUPS_X * SY_GROUP;
    sy_observe_sums sums = {0, 0};
    (void)state;
    for (sy_index i = SY_GLOBAL_X; i < p.count; i += step) {
        const sy_u32 bin = sy_observe_element(x[SY_AT(at, 0) + i], exponent, &sums);
        if (bin < SY_HISTOGRAM_BINS)
            SY_ATOMIC_ADD(bins + SY_AT(at, 1) + bin, 1u);
    }
    sy_observe_add_sums(shared, sums, summary + SY_AT(at, 2));
}

/* The same for many elements: a group counts in shared memory first, for activations crowd near zero, and
 * atomics on a few words of global memory would wait for each other.
 */
SY_KERNEL(SY_GROUP, 1)
void sy_k_observe_many(SY_GLOBAL const sy_f32 *SY_RESTRICT x, SY_GLOBAL sy_u32 *SY_RESTRICT bins,
                       SY_GLOBAL sy_u32 *SY_RESTRICT summary, SY_GLOBAL sy_u32 *SY_RESTRICT state,
                       sy_observe_params p, sy_places at)
{
    SY_SHARED(sy_u32, counts, SY_HISTOGRAM_BINS);
    SY_SHARED(sy_i64, shared, 2 * SY_GROUP);
    const sy_i32 exponent = (sy_i32)summary[SY_AT(at, 2) + 8];
    const sy_index step = (sy_index)SY_GROUPS_X * SY_GROUP;
    sy_observe_sums sums = {0, 0};
    (void)state;
    for (sy_u32 i = SY_ITEM_X; i < SY_HISTOGRAM_BINS; i += SY_GROUP)
        counts[i] = 0;
    SY_BARRIER();
    for (sy_index i = SY_GLOBAL_X; i < p.count; i += step) {
        const sy_u32 bin = sy_observe_element(x[SY_AT(at, 0) + i], exponent, &sums);
        if (bin < SY_HISTOGRAM_BINS)
            SY_ATOMIC_ADD(counts + bin, 1u);
    }
    SY_BARRIER();
    for (sy_u32 i = SY_ITEM_X; i < SY_HISTOGRAM_BINS; i += SY_GROUP)
        if (counts[i])
            SY_ATOMIC_ADD(bins + SY_AT(at, 1) + i, counts[i]);
    sy_observe_add_sums(shared, sums, summary + SY_AT(at, 2));
}

/* The bins in one row: number s is that of the s-th smallest values when negative bins are first. `sign` -1
 * counts from the other end.
 */
SY_FN sy_u32 sy_observe_bin_at(sy_u32 s, sy_i32 sign)
{
    const sy_u32 ascending = sign < 0 ? SY_HISTOGRAM_BINS - 1 - s : s;
    return ascending < SY_HISTOGRAM_SIDE ? SY_HISTOGRAM_BINS - 1 - ascending : ascending - SY_HISTOGRAM_SIDE;
}

#define SY_OBSERVE_RUN (SY_HISTOGRAM_BINS / SY_GROUP) /* bins that one item adds up */

/* Where the value is that has `rank` values before it, counted from the least (sign 1) or the greatest (-1):
 * the three words of SY_SUMMARY_LOW or _HIGH. totals[i] is the sum of run i of bins, in ascending order.
 */
SY_FN void sy_observe_find(SY_GLOBAL const sy_u32 *bins, SY_LOCAL const sy_u32 *totals, sy_u32 zeros,
                           sy_i32 sign, sy_u32 rank, SY_GLOBAL sy_u32 *out)
{
    for (sy_u32 run = 0; run < SY_GROUP; run++) {
        const sy_u32 total = totals[sign < 0 ? SY_GROUP - 1 - run : run];
        if (run == SY_GROUP / 2) { /* between the two sides */
            if (rank < zeros)
                return;
            rank -= zeros;
        }
        if (rank >= total) {
            rank -= total;
            continue;
        }
        for (sy_u32 s = run * SY_OBSERVE_RUN; s < (run + 1) * SY_OBSERVE_RUN; s++) {
            const sy_u32 bin = sy_observe_bin_at(s, sign), count = bins[bin];
            if (rank < count) {
                const sy_u32 negative = bin >= SY_HISTOGRAM_SIDE;
                out[0] = negative ? 0u - (bin - SY_HISTOGRAM_SIDE + 1) : bin + 1;
                out[1] = count;
                out[2] = rank;
                return;
            }
            rank -= count;
        }
    }
}

/* The sum of the bins of `from` that bin `bin` holds after so many doublings of the range. */
SY_FN sy_u32 sy_observe_merged(SY_GLOBAL const sy_u32 *from, sy_u32 bin, sy_i32 doublings)
{
    /* Past log2 of the bins every count is in bin 0 and stays there. */
    const sy_u32 shift = doublings < 12 ? (sy_u32)doublings : 12;
    const sy_u32 side = bin / SY_HISTOGRAM_SIDE * SY_HISTOGRAM_SIDE, first = (bin - side) << shift;
    sy_u32 sum = 0;
    for (sy_u32 b = first; b < first + (1u << shift) && b < SY_HISTOGRAM_SIDE; b++)
        sum += from[side + b];
    return sum;
}

/* Finds the ends of the sample, and adds its histogram to the state. One group a sample. */
SY_KERNEL(SY_GROUP, 1)
void sy_k_observe_end(SY_GLOBAL const sy_f32 *SY_RESTRICT x, SY_GLOBAL sy_u32 *SY_RESTRICT bins_of,
                      SY_GLOBAL sy_u32 *SY_RESTRICT summary_of, SY_GLOBAL sy_u32 *SY_RESTRICT state_of,
                      sy_observe_params p, sy_places at)
{
    SY_SHARED(sy_u32, totals, SY_GROUP);
    SY_GLOBAL sy_u32 *bins = bins_of + SY_AT(at, 1), *summary = summary_of + SY_AT(at, 2);
    SY_GLOBAL sy_u32 *state = state_of + SY_AT(at, 3), *sums = state + SY_HISTOGRAM_HEAD;
    const sy_u32 item = SY_ITEM_X, finite = p.count - summary[3], last = finite - 1;
    const sy_i32 exponent = (sy_i32)summary[8], before = (sy_i32)state[0] - SY_HISTOGRAM_BIAS;
    const sy_u32 fresh = state[0] == 0;
    sy_u32 total = 0;
    (void)x;
    for (sy_u32 i = 0; i < SY_OBSERVE_RUN; i++)
        total += bins[sy_observe_bin_at(item * SY_OBSERVE_RUN + i, 1)];
    totals[item] = total;
    SY_BARRIER();
    if (item == 0 && finite > 0) {
        const sy_u32 low = (sy_u32)(0.0001f * (sy_f32)finite), high = (sy_u32)(0.9999f * (sy_f32)finite);
        if (low > 0)
            sy_observe_find(bins, totals, summary[2], 1, low, summary + SY_SUMMARY_LOW);
        if (high < last)
            sy_observe_find(bins, totals, summary[2], -1, last - high, summary + SY_SUMMARY_HIGH);
    }
    SY_GLOBAL_BARRIER(); /* the bins have been looked at, and the state's exponent has */
    if (item == 0 && exponent > before)
        state[0] = (sy_u32)(exponent + SY_HISTOGRAM_BIAS);
    for (sy_u32 b = item; b < SY_HISTOGRAM_BINS && exponent > before; b += SY_GROUP)
        bins[b] += sy_observe_merged(sums, b, fresh ? 0 : exponent - before);
    SY_GLOBAL_BARRIER();
    for (sy_u32 b = item; b < SY_HISTOGRAM_BINS; b += SY_GROUP)
        sums[b] = exponent > before ? bins[b] : sums[b] + sy_observe_merged(bins, b, before - exponent);
}

/* An item for each partial sum of each channel. */
SY_KERNEL(SY_GROUP, 1)
void sy_k_channel_sum(SY_GLOBAL const sy_f32 *SY_RESTRICT x, SY_GLOBAL sy_f32 *SY_RESTRICT sums,
                      sy_channel_sum_params p, sy_places at)
{
    SY_SHARED(sy_f32, lanes, SY_GROUP);
    const sy_u32 item = SY_ITEM_X, lane = item % SY_REDUCE_LANES;
    const sy_u32 channel = SY_GROUP_X * (SY_GROUP / SY_REDUCE_LANES) + item / SY_REDUCE_LANES;
    sy_f32 sum = 0.0f;
    if (channel < p.channels) {
        /* Element r of the channel is element i of its line o. */
        sy_u32 o = lane / p.inner, i = lane - o * p.inner;
        while (o < p.outer) {
            sum += x[SY_AT(at, 0) + ((sy_index)o * p.channels + channel) * p.inner + i];
            i += SY_REDUCE_LANES;
            if (i >= p.inner) {
                const sy_u32 lines = i / p.inner;
                o += lines;
                i -= lines * p.inner;
            }
        }
    }
    lanes[item] = sum;
    SY_UNROLL
    for (sy_u32 span = SY_REDUCE_LANES / 2; span > 0; span /= 2) {
        SY_BARRIER();
        if (lane < span)
            lanes[item] += lanes[item + span];
    }
    if (lane == 0 && channel < p.channels)
        sums[SY_AT(at, 1) + channel] = lanes[item];
}

#endif
