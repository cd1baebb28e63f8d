/* summarize and histogram, as loops for the compiler to vectorise. Included once by the file of each
 * instruction set. */
#include <math.h>
#include <string.h>

#include "cpu/fast_loop.h"
#include "cpu/histogram_state.h"
#include "cpu/kernels.h"
#include "kernels/math.h"

#define ABS_BITS      0x7fffffffu
#define INFINITY_BITS 0x7f800000u

/* Floats, but for NaN, are in the order of these keys. 0 is the key of 0. */
static inline int32_t order_key(uint32_t bits)
{
    return (int32_t)(bits ^ ((uint32_t)((int32_t)bits >> 31) & ABS_BITS));
}

static inline float key_value(int32_t key)
{
    return sy_float_of((uint32_t)key ^ ((uint32_t)(key >> 31) & ABS_BITS));
}

typedef struct extremes {
    int32_t min, max; /* keys of the finite elements; max < min when there is none */
    uint32_t zeros, not_finite;
} extremes;

static extremes find_extremes(const float *x, size_t count)
{
    int32_t min = INT32_MAX, max = INT32_MIN;
    uint32_t zeros = 0, not_finite = 0;
    SY_INDEPENDENT
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = sy_bits_of(x[i] + 0.0f), size = bits & ABS_BITS; /* -0 becomes 0 */
        const int32_t key = order_key(bits);
        /* Masks, not conditions: compilers make the reductions below into vectors only then. */
        const int32_t finite = (int32_t)(size - INFINITY_BITS) >> 31;
        const int32_t low = (key & finite) | (INT32_MAX & ~finite), high = (key & finite) | (INT32_MIN & ~finite);
        min = low < min ? low : min;
        max = high > max ? high : max;
        zeros += size == 0;
        not_finite += (uint32_t)(finite + 1);
    }
    return (extremes){min, max, zeros, not_finite};
}

/* The least e with |x| < 2^e, not below -126, for finite x. */
static int exponent_above(float x)
{
    int e = -126;
    if (x != 0)
        frexpf(x, &e);
    return e < -126 ? -126 : e;
}

/* x * 2^power as two factors, each of which is a normal number for any power that is asked for. What the
 * first product loses to underflow is far below what is looked at.
 */
typedef struct scale {
    float first, second;
} scale;

static scale scale_of(int power)
{
    return (scale){ldexpf(1, power / 2), ldexpf(1, power - power / 2)};
}

enum { SUM_PART = 256 }; /* so many values of at most 2^22 fit in 32 bits */

/* Whole numbers of at most 2^22, half to even: see SY_RINT_MAGIC. */
static inline int32_t rint_small(float x)
{
    return (int32_t)(sy_bits_of(x + SY_RINT_MAGIC) - SY_RINT_MAGIC_BITS);
}

static void add_part(const float *x, size_t count, scale by, int64_t *sum, int64_t *sum_of_squares)
{
    int32_t plain = 0, squares = 0;
    SY_INDEPENDENT
    for (size_t i = 0; i < count; i++) {
        const float scaled = x[i] * by.first * by.second;
        const float y = (int32_t)(sy_bits_of(x[i]) & ABS_BITS) < (int32_t)INFINITY_BITS ? scaled : 0.0f;
        plain += rint_small(y);
        squares += rint_small(y * y * 0x1p-22f);
    }
    *sum += plain;
    *sum_of_squares += squares;
}

static sy_status summarize_launch(const sy_cpu_call *call)
{
    const sy_summarize_params *p = call->params;
    const float *x = call->operands[0];
    const extremes seen = find_extremes(x, p->count);
    const bool any = seen.min <= seen.max;
    const float min = any ? key_value(seen.min) : INFINITY, max = any ? key_value(seen.max) : -INFINITY;
    const int exponent = any ? exponent_above(-min > max ? -min : max) : -126;
    const scale by = scale_of(22 - exponent);
    int64_t sums[2] = {0, 0};
    for (size_t i = 0; i < p->count; i += SUM_PART)
        add_part(x + i, p->count - i < SUM_PART ? p->count - i : SUM_PART, by, &sums[0], &sums[1]);

    uint32_t words[SY_SUMMARY_WORDS] = {sy_bits_of(min), sy_bits_of(max), seen.zeros, seen.not_finite};
    for (int i = 0; i < 2; i++) {
        words[4 + 2 * i] = (uint32_t)(uint64_t)sums[i];
        words[5 + 2 * i] = (uint32_t)((uint64_t)sums[i] >> 32);
    }
    words[8] = (uint32_t)exponent;
    memcpy(call->operands[1], words, sizeof words);
    return SY_OK;
}

enum {
    BINS = 2 * SY_HISTOGRAM_SIDE,
    NOT_COUNTED = 16, /* places for zeros and what is not finite, more than one so that they do not queue */
    COPY_WORDS = BINS + NOT_COUNTED,
    COPIES = 4, /* equal neighbours go to different copies, for the same reason */
    INDEX_PART = 1024,
};

/* The bin of each element: positive ones, then negative ones, then those that are not counted. */
static void find_bins(const float *x, size_t count, scale by, uint32_t *bins)
{
    SY_INDEPENDENT
    for (size_t i = 0; i < count; i++) {
        const uint32_t bits = sy_bits_of(x[i]);
        const int32_t size = (int32_t)(bits & ABS_BITS);
        const int counted = (size > 0) & (size < (int32_t)INFINITY_BITS);
        const float magnitude = sy_float_of(counted ? (uint32_t)size : 0);
        const int32_t bin =
            (int32_t)(magnitude * by.first * by.second) + ((int32_t)bits < 0 ? SY_HISTOGRAM_SIDE : 0);
        bins[i] = counted ? (uint32_t)bin : BINS + (uint32_t)i % NOT_COUNTED;
    }
}

static void count_part(const uint32_t *bins, size_t count, uint32_t *copies)
{
    size_t i = 0;
    for (; i + COPIES <= count; i += COPIES)
        for (size_t c = 0; c < COPIES; c++)
            copies[c * COPY_WORDS + bins[i + c]]++;
    for (; i < count; i++)
        copies[bins[i]]++;
}

/* How many bins of a side can be hit, when `limit` is the largest magnitude there. */
static size_t bins_below(float limit, scale by)
{
    return limit > 0 ? (size_t)(limit * by.first * by.second) + 1 : 0;
}

static void clear_copies(uint32_t *copies, size_t positive, size_t negative)
{
    for (size_t c = 0; c < COPIES; c++, copies += COPY_WORDS) {
        memset(copies, 0, positive * sizeof *copies);
        memset(copies + SY_HISTOGRAM_SIDE, 0, negative * sizeof *copies);
    }
}

static void add_copies(const uint32_t *copies, size_t count, uint32_t *bins)
{
    SY_INDEPENDENT
    for (size_t i = 0; i < count; i++) {
        uint32_t sum = bins[i];
        for (size_t c = 0; c < COPIES; c++)
            sum += copies[c * COPY_WORDS + i];
        bins[i] = sum;
    }
}

static sy_status histogram_launch(const sy_cpu_call *call)
{
    const sy_histogram_params *p = call->params;
    const float *x = call->operands[0];
    const uint32_t *summary = call->operands[1];
    uint32_t *state = call->operands[2], *bins = state + SY_HISTOGRAM_HEAD;
    const scale by = scale_of(12 - sy_histogram_raise(state, (int32_t)summary[8]));
    const size_t positive = bins_below(sy_float_of(summary[1]), by),
                 negative = bins_below(-sy_float_of(summary[0]), by);
    uint32_t *copies = sy_cpu_scratch_take(call->scratch, COPIES * COPY_WORDS);
    if (!copies)
        return SY_E_MEMORY;
    uint32_t part[INDEX_PART];
    clear_copies(copies, positive, negative);
    for (size_t i = 0; i < p->count; i += INDEX_PART) {
        const size_t count = p->count - i < INDEX_PART ? p->count - i : INDEX_PART;
        find_bins(x + i, count, by, part);
        count_part(part, count, copies);
    }
    add_copies(copies, positive, bins);
    add_copies(copies + SY_HISTOGRAM_SIDE, negative, bins + SY_HISTOGRAM_SIDE);
    return SY_OK;
}

const sy_cpu_variant SY_LOOPS(sy_cpu_summarize) = {.kernel = SY_KERNEL_summarize,
                                                   .level = SY_LOOPS_LEVEL,
                                                   .name = "summarize" SY_LOOPS_SUFFIX,
                                                   .launch = summarize_launch};
const sy_cpu_variant SY_LOOPS(sy_cpu_histogram) = {.kernel = SY_KERNEL_histogram,
                                                   .level = SY_LOOPS_LEVEL,
                                                   .name = "histogram" SY_LOOPS_SUFFIX,
                                                   .launch = histogram_launch};
