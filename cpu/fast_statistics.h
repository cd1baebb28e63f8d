/* observe. Included once by the file of each instruction set.
 *
 * A sample in which every element is finite and the exponent is not extreme goes through the loops here, any
 * other through the reference: then there is neither a mask nor a scale in two steps.
 */
#include <math.h>
#include <string.h>

#include "cpu/histogram.h"
#include "cpu/kernels.h"
#include "cpu/ref.h"
#include "cpu/simd_tile.h"
#include "kernels/math.h"

enum { LEAST_EXPONENT = -100 }; /* above it, what x is multiplied by is a normal number */

typedef struct extremes {
    float min, max;
    uint32_t zeros;
    bool finite;
} extremes;

typedef struct extreme_lanes {
    vf min, max;
    vf poison[4]; /* NaN once anything is not finite; several, because each is a chain of fma */
    vi zeros;
} extreme_lanes;

SY_INLINE void see(extreme_lanes *lanes, vf x, int poison)
{
    lanes->min = v_min(x, lanes->min);
    lanes->max = v_max(x, lanes->max);
    lanes->poison[poison] = v_fma(x, v_zero(), lanes->poison[poison]);
    lanes->zeros = v_count_zeros(lanes->zeros, x);
}

/* Takes the lanes into `all`. */
static void join_extremes(const extreme_lanes *lanes, extremes *all)
{
    float mins[VW], maxs[VW], poisons[VW];
    uint32_t zeros[VW];
    float min = all->min, max = all->max, poison = 0; /* not in *all, so that no store comes between */
    v_store(mins, lanes->min);
    v_store(maxs, lanes->max);
    v_store(poisons,
            v_add(v_add(lanes->poison[0], lanes->poison[1]), v_add(lanes->poison[2], lanes->poison[3])));
    v_int_store(zeros, lanes->zeros);
    for (int i = 0; i < VW; i++) {
        min = mins[i] < min ? mins[i] : min;
        max = maxs[i] > max ? maxs[i] : max;
        poison += poisons[i];
        all->zeros += zeros[i];
    }
    all->min = min;
    all->max = max;
    all->finite &= poison == 0;
}

static void find_extremes(const float *x, size_t count, extremes *all)
{
    extreme_lanes lanes = {
        v_set(INFINITY), v_set(-INFINITY), {v_zero(), v_zero(), v_zero(), v_zero()}, v_int_zero()};
    size_t i = 0;
    for (; i + 4 * VW <= count; i += 4 * VW) {
        SY_UNROLL
        for (int v = 0; v < 4; v++)
            see(&lanes, v_load(x + i + v * VW), v);
    }
    for (; i + VW <= count; i += VW)
        see(&lanes, v_load(x + i), 0);
    join_extremes(&lanes, all);
    for (; i < count; i++) {
        const float value = x[i];
        all->min = value < all->min ? value : all->min;
        all->max = value > all->max ? value : all->max;
        all->zeros += value == 0;
        all->finite &= value - value == 0;
    }
}

/* The least e with |x| < 2^e, not below -126, for finite x. */
static int exponent_above(float x)
{
    int e = -126;
    if (x != 0)
        frexpf(x, &e);
    return e < -126 ? -126 : e;
}

enum { SUM_VECTORS = 508 }; /* so many values of at most 2^22, and a few, fit in the 32 bits of a lane */

/* Adds the lanes up: each holds `terms` values plus SY_RINT_MAGIC_BITS. */
static int64_t join_sums(vi lanes, size_t terms)
{
    uint32_t words[VW];
    int64_t sum = 0;
    v_int_store(words, lanes);
    for (int i = 0; i < VW; i++)
        sum += (int32_t)(words[i] - (uint32_t)terms * SY_RINT_MAGIC_BITS);
    return sum;
}

typedef struct moments {
    int64_t plain, squares;
} moments;

/* Whole numbers of at most 2^22, half to even: see SY_RINT_MAGIC. */
static inline int32_t rint_small(float x)
{
    return (int32_t)(sy_bits_of(x + SY_RINT_MAGIC) - SY_RINT_MAGIC_BITS);
}

static void add_vectors(const float *x, size_t vectors, float by, moments *all)
{
    const vf factor = v_set(by), magic = v_set(SY_RINT_MAGIC), unit = v_set(0x1p-22f);
    vi plain = v_int_zero(), squares = v_int_zero();
    for (size_t i = 0; i < vectors; i++) {
        const vf y = v_mul(v_load(x + i * VW), factor);
        plain = v_int_add(plain, v_bits(v_add(y, magic)));
        squares = v_int_add(squares, v_bits(v_fma(v_mul(y, y), unit, magic)));
    }
    all->plain += join_sums(plain, vectors);
    all->squares += join_sums(squares, vectors);
}

static void add_up(const float *x, size_t count, float by, moments *all)
{
    size_t i = 0;
    for (; i + SUM_VECTORS * VW <= count; i += SUM_VECTORS * VW)
        add_vectors(x + i, SUM_VECTORS, by, all);
    const size_t rest = (count - i) / VW;
    add_vectors(x + i, rest, by, all);
    for (i += rest * VW; i < count; i++) {
        const float y = x[i] * by;
        all->plain += rint_small(y);
        all->squares += rint_small(y * y * 0x1p-22f);
    }
}

enum { SUMMARY_PART = SUM_VECTORS * VW }; /* both loops over a part find it in the first-level cache */

/* Sums need the exponent of the whole sample. They take that of what was seen so far; when it rises, which is
 * rare but near the beginning, they start again. Returns the exponent.
 */
static int summarize(const float *x, size_t count, extremes *seen, moments *all)
{
    int exponent = LEAST_EXPONENT;
    for (size_t i = 0; i < count && seen->finite; i += SUMMARY_PART) {
        const size_t part = count - i < SUMMARY_PART ? count - i : SUMMARY_PART;
        find_extremes(x + i, part, seen);
        const int above = exponent_above(-seen->min > seen->max ? -seen->min : seen->max);
        if (above > exponent) {
            exponent = above;
            *all = (moments){0, 0};
            add_up(x, i, ldexpf(1, 22 - exponent), all);
        }
        add_up(x + i, part, ldexpf(1, 22 - exponent), all);
    }
    return exponent;
}

/* False: the sample needs the reference. */
static bool summarize_sample(const float *x, size_t count, uint32_t *summary)
{
    extremes seen = {INFINITY, -INFINITY, 0, true};
    moments all = {0, 0};
    const int exponent = summarize(x, count, &seen, &all);
    if (!seen.finite || exponent == LEAST_EXPONENT)
        return false;
    const uint64_t plain = (uint64_t)all.plain, squares = (uint64_t)all.squares;
    const uint32_t words[SY_SUMMARY_WORDS] = {sy_bits_of(seen.min + 0.0f),
                                              /* not -0 */ sy_bits_of(seen.max + 0.0f),
                                              seen.zeros,
                                              0,
                                              (uint32_t)plain,
                                              (uint32_t)(plain >> 32),
                                              (uint32_t)squares,
                                              (uint32_t)(squares >> 32),
                                              (uint32_t)exponent};
    memcpy(summary, words, sizeof words);
    return true;
}

enum {
    BIN_PART = 1024,
    COPY_FROM = 16384, /* elements of one sign, perhaps with a spike where a clamp is, from which a second set
                          of bins pays */
};

static inline uint32_t bin_of(float x, float by)
{
    return (uint32_t)(fabsf(x) * by) + (x < 0 ? SY_HISTOGRAM_SIDE : 0);
}

/* What need not be looked at. */
typedef struct sample_kind {
    bool zeros, negatives; /* whether there are any */
} sample_kind;

/* The bins of the elements that are not 0; returns how many. Whole vectors are written. */
SY_INLINE size_t find_bins(const float *x, size_t count, float by, sample_kind kind, uint32_t *to)
{
    const vf factor = v_set(by);
    size_t i = 0, found = 0;
    for (; i + VW <= count; i += VW) {
        const vf value = v_load(x + i);
        vi bins = v_truncate(v_mul(kind.negatives ? v_abs(value) : value, factor));
        if (kind.negatives)
            bins = v_int_add(bins, v_if_negative(value, SY_HISTOGRAM_SIDE));
        if (kind.zeros) {
            found += (size_t)v_store_unless_zero(to + found, bins, value);
        } else {
            v_int_store(to + found, bins);
            found += VW;
        }
    }
    for (; i < count; i++)
        if (x[i] != 0)
            to[found++] = bin_of(x[i], by);
    return found;
}

/* A loop for each kind. */
static size_t find_bins_of_kind(const float *x, size_t count, float by, sample_kind kind, uint32_t *to)
{
    if (kind.negatives)
        return kind.zeros ? find_bins(x, count, by, (sample_kind){true, true}, to)
                          : find_bins(x, count, by, (sample_kind){false, true}, to);
    return kind.zeros ? find_bins(x, count, by, (sample_kind){true, false}, to)
                      : find_bins(x, count, by, (sample_kind){false, false}, to);
}

/* Neighbours, which are often equal, go to different sets of bins, so that one increment need not wait for
 * the other. */
static void count_bins(const uint32_t *at, size_t count, uint32_t *bins, uint32_t *others)
{
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        uint64_t pair[2];
        memcpy(pair, at + i, sizeof pair);
        bins[(uint32_t)pair[0]]++;
        others[pair[0] >> 32]++;
        bins[(uint32_t)pair[1]]++;
        others[pair[1] >> 32]++;
    }
    for (; i < count; i++)
        bins[at[i]]++;
}

static void count_elements(const float *x, size_t count, float by, sample_kind kind, uint32_t *bins,
                           uint32_t *others)
{
    uint32_t part[BIN_PART + VW];
    for (size_t i = 0; i < count; i += BIN_PART) {
        const size_t found =
            find_bins_of_kind(x + i, count - i < BIN_PART ? count - i : BIN_PART, by, kind, part);
        count_bins(part, found, bins, others);
    }
}

static void add_bins(uint32_t *bins, const uint32_t *others, size_t count)
{
    for (size_t i = 0; i < count; i++)
        bins[i] += others[i];
}

static sy_status count_sample(const float *x, size_t count, const uint32_t *summary, uint32_t *bins,
                              sy_cpu_scratch *scratch)
{
    const float min = sy_float_of(summary[0]), max = sy_float_of(summary[1]);
    const sample_kind kind = {.zeros = summary[2] > 0, .negatives = min < 0};
    const float by = ldexpf(SY_HISTOGRAM_SIDE, -(int)summary[8]);
    memset(bins, 0, (kind.negatives ? SY_HISTOGRAM_BINS : SY_HISTOGRAM_SIDE) * sizeof *bins);
    if (count < COPY_FROM || kind.negatives) {
        count_elements(x, count, by, kind, bins, bins);
        return SY_OK;
    }
    const size_t used = max > 0 ? (size_t)(max * by) + 1 : 0;
    uint32_t *others = sy_cpu_scratch_take(scratch, SY_HISTOGRAM_SIDE);
    if (!others)
        return SY_E_MEMORY;
    memset(others, 0, used * sizeof *others);
    count_elements(x, count, by, kind, bins, others);
    add_bins(bins, others, used);
    return SY_OK;
}

/* Adds one side of a sample to that of the state, whose range is 2^doublings times as wide. */
static void add_side(uint32_t *state, const uint32_t *bins, int doublings)
{
    const int shift = doublings < SY_HISTOGRAM_MERGES ? doublings : SY_HISTOGRAM_MERGES;
    if (shift == 0) {
        add_bins(state, bins, SY_HISTOGRAM_SIDE);
        return;
    }
    for (int b = 0; b < SY_HISTOGRAM_SIDE; b++)
        state[b >> shift] += bins[b];
}

static sy_status observe_launch(const sy_cpu_call *call)
{
    const sy_observe_params *p = call->params;
    uint32_t *bins = call->operands[1], *summary = call->operands[2], *state = call->operands[3];
    if (!summarize_sample(call->operands[0], p->count, summary)) {
        sy_ref_observe(call->operands, p);
        return SY_OK;
    }
    const sy_status status = count_sample(call->operands[0], p->count, summary, bins, call->scratch);
    if (status != SY_OK)
        return status;
    uint32_t *positive = sy_float_of(summary[1]) > 0 ? bins : NULL;
    uint32_t *negative = sy_float_of(summary[0]) < 0 ? bins + SY_HISTOGRAM_SIDE : NULL;
    sy_histogram_find_ends(positive, negative, p->count, summary);
    const int exponent = (int)summary[8], doublings = sy_histogram_raise(state, exponent) - exponent;
    if (positive)
        add_side(state + SY_HISTOGRAM_HEAD, positive, doublings);
    if (negative)
        add_side(state + SY_HISTOGRAM_HEAD + SY_HISTOGRAM_SIDE, negative, doublings);
    return SY_OK;
}

const sy_cpu_variant SY_SIMD(sy_cpu_observe) = {.kernel = SY_KERNEL_observe,
                                                .level = SY_SIMD_LEVEL,
                                                .name = "observe" SY_SIMD_SUFFIX,
                                                .launch = observe_launch};
