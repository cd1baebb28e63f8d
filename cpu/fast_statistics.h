/* observe. Included once by the file of each instruction set.
 *
 * One pass over the elements, a part at a time: vectors find extremes, sums and the bins of a part, while the
 * bins of the part before are counted, which keeps other units of the processor busy. Both need the exponent
 * of the whole sample: they take that of what was seen so far, and when it rises, which is rare but at the
 * beginning, what was counted is merged and sums are taken again.
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

enum {
    LEAST_EXPONENT = -100, /* above it, what x is multiplied by is a normal number */
    PART = 256 * VW,       /* elements; the sums of 508 vectors would fit in 32 bits */
    AHEAD = 64,            /* of so many vectors one is looked at beforehand */
    COPY_FROM = 65536,     /* elements from which a second set of bins pays */
};

typedef struct extremes {
    float min, max;
    uint32_t zeros;
    bool finite;
} extremes;

static const extremes no_extremes = {INFINITY, -INFINITY, 0, true};

static void join_extremes(extremes *all, const extremes *part)
{
    all->min = part->min < all->min ? part->min : all->min;
    all->max = part->max > all->max ? part->max : all->max;
    all->zeros += part->zeros;
    all->finite &= part->finite;
}

static void see_element(extremes *all, float x)
{
    join_extremes(all, &(extremes){x, x, x == 0, x - x == 0});
}

/* The least e with |x| < 2^e, not below -126, for finite x. */
static int exponent_above(float x)
{
    int e = -126;
    if (x != 0)
        frexpf(x, &e);
    return e < -126 ? -126 : e;
}

typedef struct moments {
    int64_t plain, squares;
} moments;

/* Whole numbers of at most 2^22, half to even: see SY_RINT_MAGIC. */
static inline int32_t rint_small(float x)
{
    return (int32_t)(sy_bits_of(x + SY_RINT_MAGIC) - SY_RINT_MAGIC_BITS);
}

static inline void add_element(moments *all, float x, float factor)
{
    const float y = x * factor;
    all->plain += rint_small(y);
    all->squares += rint_small(y * y * 0x1p-22f);
}

/* What need not be looked at. */
typedef struct sample_kind {
    bool negatives, zeros; /* whether there are any */
} sample_kind;

typedef struct part_lanes {
    vf min, max, poison; /* NaN once anything is not finite */
    vi plain, squares;   /* of so many vectors whole numbers of at most 2^22 fit, and SY_RINT_MAGIC_BITS */
    vi zeros;            /* unless zeros are left out of the bins */
} part_lanes;

/* A part, and the bins of the part before. */
typedef struct block {
    const float *x;
    size_t vectors;
    float factor, by;
    uint32_t *found; /* the bins: whole vectors are written */
    const uint32_t *waiting;
    uint32_t *bins,
        *others; /* where neighbours, which are often equal, go: one need not wait for the other */
} block;

SY_INLINE void add_vector(vf y, vi *plain, vi *squares)
{
    const vf magic = v_set(SY_RINT_MAGIC);
    *plain = v_int_add(*plain, v_bits(v_add(y, magic)));
    *squares = v_int_add(*squares, v_bits(v_fma(v_mul(y, y), v_set(0x1p-22f), magic)));
}

static inline part_lanes no_lanes(void)
{
    return (part_lanes){v_set(INFINITY), v_set(-INFINITY), v_zero(),
                        v_int_zero(),    v_int_zero(),     v_int_zero()};
}

SY_INLINE void see_vector(part_lanes *all, vf x, bool zeros)
{
    all->min = v_min(x, all->min);
    all->max = v_max(x, all->max);
    all->poison = v_fma(x, v_zero(), all->poison);
    if (zeros)
        all->zeros = v_count_zeros(all->zeros, x);
}

/* Counts `each` of the waiting with each vector. Returns how many bins it found. */
SY_INLINE size_t look(const block *b, sample_kind kind, int each, part_lanes *out)
{
    const vf factor = v_set(b->factor), by = v_set(b->by);
    const float *from = b->x, *end = from + b->vectors * VW;
    const uint32_t *waiting = b->waiting;
    uint32_t *bins = b->bins, *others = b->others, *to = b->found;
    part_lanes all = no_lanes();
    for (; from < end; from += VW, waiting += each) {
        const vf x = v_load(from);
        see_vector(&all, x, !kind.zeros);
        add_vector(v_mul(x, factor), &all.plain, &all.squares);
        vi at = v_truncate(v_mul(kind.negatives ? v_abs(x) : x, by));
        if (kind.negatives)
            at = v_int_add(at, v_if_negative(x, SY_HISTOGRAM_SIDE));
        if (kind.zeros) {
            to += v_store_unless_zero(to, at, x);
        } else {
            v_int_store(to, at);
            to += VW;
        }
        SY_UNROLL
        for (int k = 0; k < each; k++)
            (k % 2 ? others : bins)[waiting[k]]++;
    }
    *out = all;
    return (size_t)(to - b->found);
}

/* A loop for each kind, and for each eighth of a vector that may be counted. */
enum { EIGHTHS = 8 };
typedef size_t look_fn(const block *b, part_lanes *out);
/* clang-format off */
#define LOOK(negatives, zeros, eighths)                                                 \
    static size_t look_##negatives##zeros##eighths(const block *b, part_lanes *out)     \
    {                                                                                   \
        return look(b, (sample_kind){negatives, zeros}, (eighths) * VW / EIGHTHS, out); \
    }
#define NAME(negatives, zeros, eighths) look_##negatives##zeros##eighths,
#define EACH(X, negatives, zeros)                                                                         \
    X(negatives, zeros, 0) X(negatives, zeros, 1) X(negatives, zeros, 2) X(negatives, zeros, 3)           \
    X(negatives, zeros, 4) X(negatives, zeros, 5) X(negatives, zeros, 6) X(negatives, zeros, 7)           \
    X(negatives, zeros, 8)
EACH(LOOK, 0, 0)
EACH(LOOK, 0, 1)
EACH(LOOK, 1, 0)
EACH(LOOK, 1, 1)
static look_fn *const looks[2][2][EIGHTHS + 1] = {{{EACH(NAME, 0, 0)}, {EACH(NAME, 0, 1)}},
                                                  {{EACH(NAME, 1, 0)}, {EACH(NAME, 1, 1)}}};
/* clang-format on */

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

static extremes extremes_of(const part_lanes *all)
{
    float mins[VW], maxs[VW], poisons[VW];
    uint32_t zeros[VW];
    float min = INFINITY, max = -INFINITY, poison = 0;
    uint32_t zero_count = 0;
    v_store(mins, all->min);
    v_store(maxs, all->max);
    v_store(poisons, all->poison);
    v_int_store(zeros, all->zeros);
    for (int i = 0; i < VW; i++) {
        min = mins[i] < min ? mins[i] : min;
        max = maxs[i] > max ? maxs[i] : max;
        poison += poisons[i];
        zero_count += zeros[i];
    }
    return (extremes){min, max, zero_count, poison == 0};
}

typedef struct observer {
    const float *x;
    size_t done; /* elements that are in `seen` and `sums` */
    extremes seen;
    moments sums;
    int exponent;
    float limit, factor, by; /* 2^exponent, and what makes of x the y of the sums, and the bin */
    sample_kind kind;
    uint32_t *bins, *others;
    uint32_t *waiting, *found; /* [PART + VW] */
    size_t waiting_count;
} observer;

static void count_waiting(observer *o, size_t from)
{
    const uint32_t *waiting = o->waiting;
    uint32_t *bins = o->bins, *others = o->others;
    size_t i = from;
    for (; i + 2 <= o->waiting_count; i += 2) {
        bins[waiting[i]]++;
        others[waiting[i + 1]]++;
    }
    if (i < o->waiting_count)
        bins[waiting[i]]++;
    o->waiting_count = 0;
}

static void clear_side(observer *o, size_t side)
{
    memset(o->bins + side, 0, SY_HISTOGRAM_SIDE * sizeof *o->bins);
    if (o->others != o->bins)
        memset(o->others + side, 0, SY_HISTOGRAM_SIDE * sizeof *o->others);
}

static void double_side(observer *o, size_t side, int doublings)
{
    sy_histogram_double(o->bins + side, doublings);
    if (o->others != o->bins)
        sy_histogram_double(o->others + side, doublings);
}

static void add_sums(moments *all, vi plain, vi squares, size_t vectors)
{
    all->plain += join_sums(plain, vectors);
    all->squares += join_sums(squares, vectors);
}

/* The sums of what is done, for a new exponent. */
static void add_again(observer *o)
{
    const vf factor = v_set(o->factor);
    o->sums = (moments){0, 0};
    for (size_t i = 0; i < o->done; i += PART) {
        const size_t vectors = (o->done - i < PART ? o->done - i : PART) / VW;
        vi plain = v_int_zero(), squares = v_int_zero();
        for (size_t v = 0; v < vectors; v++)
            add_vector(v_mul(v_load(o->x + i + v * VW), factor), &plain, &squares);
        add_sums(&o->sums, plain, squares, vectors);
    }
}

static void set_exponent(observer *o, int exponent)
{
    o->exponent = exponent;
    o->limit = ldexpf(1, exponent);
    o->factor = ldexpf(1, 22 - exponent);
    o->by = ldexpf(SY_HISTOGRAM_SIDE, -exponent);
}

static void raise(observer *o, int exponent)
{
    const int doublings = exponent - o->exponent;
    if (o->seen.max > 0)
        double_side(o, 0, doublings);
    if (o->seen.min < 0)
        double_side(o, SY_HISTOGRAM_SIDE, doublings);
    set_exponent(o, exponent);
    add_again(o);
}

/* Whether what was made of a part with these extremes is right; if not it is to be made again. */
static bool fits(observer *o, const extremes *part)
{
    const float most = -part->min > part->max ? -part->min : part->max;
    const bool more_negatives = part->min < 0 && !o->kind.negatives,
               more_zeros = part->zeros && !o->kind.zeros;
    if (most < o->limit && !more_negatives && !more_zeros)
        return true;
    if (most >= o->limit)
        raise(o, exponent_above(most));
    if (more_negatives)
        clear_side(o, SY_HISTOGRAM_SIDE);
    o->kind.negatives |= more_negatives;
    o->kind.zeros |= more_zeros;
    return false;
}

/* The next vectors; false when something is not finite. */
static bool observe_part(observer *o, size_t vectors)
{
    extremes part;
    part_lanes all;
    size_t found;
    do {
        const size_t all_eighths = o->waiting_count * EIGHTHS / (vectors * VW);
        const size_t eighths = all_eighths < EIGHTHS ? all_eighths : EIGHTHS;
        const block b = {.x = o->x + o->done,
                         .vectors = vectors,
                         .factor = o->factor,
                         .by = o->by,
                         .found = o->found,
                         .waiting = o->waiting,
                         .bins = o->bins,
                         .others = o->others};
        found = looks[o->kind.negatives][o->kind.zeros][eighths](&b, &all);
        count_waiting(o, vectors * (eighths * VW / EIGHTHS));
        part = extremes_of(&all);
        if (o->kind.zeros)
            part.zeros = (uint32_t)(vectors * VW - found);
        if (!part.finite)
            return false;
    } while (!fits(o, &part));
    join_extremes(&o->seen, &part);
    add_sums(&o->sums, all.plain, all.squares, vectors);
    o->done += vectors * VW;
    uint32_t *waiting = o->waiting;
    o->waiting = o->found;
    o->found = waiting;
    o->waiting_count = found;
    return true;
}

/* The last elements, fewer than a vector; false when something is not finite. */
static bool observe_rest(observer *o, size_t count)
{
    const float *x = o->x + o->done;
    extremes part = no_extremes;
    count_waiting(o, 0);
    for (size_t i = 0; i < count; i++)
        see_element(&part, x[i]);
    if (count == 0 || !part.finite)
        return part.finite;
    fits(o, &part);
    join_extremes(&o->seen, &part);
    for (size_t i = 0; i < count; i++) {
        add_element(&o->sums, x[i], o->factor);
        if (x[i] != 0)
            o->bins[(uint32_t)(fabsf(x[i]) * o->by) + (x[i] < 0 ? SY_HISTOGRAM_SIDE : 0)]++;
    }
    return true;
}

/* A first idea of the exponent and the kind. */
static void look_ahead(observer *o, size_t count)
{
    part_lanes all = no_lanes();
    for (size_t i = 0; i + VW <= count; i += AHEAD * VW)
        see_vector(&all, v_load(o->x + i), true);
    const extremes part = extremes_of(&all);
    if (part.finite)
        fits(o, &part);
}

static bool observe_all(observer *o, size_t count)
{
    clear_side(o, 0);
    set_exponent(o, LEAST_EXPONENT);
    look_ahead(o, count);
    while (count - o->done >= VW) {
        const size_t left = (count - o->done) / VW, most = PART / VW;
        if (!observe_part(o, left < most ? left : most))
            return false;
    }
    return observe_rest(o, count - o->done) && o->exponent > LEAST_EXPONENT;
}

static void write_summary(const observer *o, uint32_t *summary)
{
    const uint64_t plain = (uint64_t)o->sums.plain, squares = (uint64_t)o->sums.squares;
    const uint32_t words[SY_SUMMARY_WORDS] = {sy_bits_of(o->seen.min + 0.0f), /* not -0 */
                                              sy_bits_of(o->seen.max + 0.0f),
                                              o->seen.zeros,
                                              0,
                                              (uint32_t)plain,
                                              (uint32_t)(plain >> 32),
                                              (uint32_t)squares,
                                              (uint32_t)(squares >> 32),
                                              (uint32_t)o->exponent};
    memcpy(summary, words, sizeof words);
}

static void add_bins(uint32_t *to, const uint32_t *bins, size_t count)
{
    for (size_t b = 0; b < count; b++)
        to[b] += bins[b];
}

/* One side of the sample, whose furthest value is `most`, whole in one set of bins. */
static sy_histogram_side join_side(observer *o, size_t side, float most)
{
    if (!(most > 0))
        return (sy_histogram_side){NULL, 0};
    const size_t used = (size_t)(most * o->by) + 1;
    if (o->others != o->bins)
        add_bins(o->bins + side, o->others + side, used);
    return (sy_histogram_side){o->bins + side, (int)used};
}

/* Adds it to a state, whose range is 2^doublings times as wide. */
static void add_side(uint32_t *state, sy_histogram_side side, int doublings)
{
    const int shift = doublings < SY_HISTOGRAM_MERGES ? doublings : SY_HISTOGRAM_MERGES;
    if (shift == 0) {
        add_bins(state, side.bins, (size_t)side.used);
        return;
    }
    for (int b = 0; b < side.used; b++)
        state[b >> shift] += side.bins[b];
}

static sy_status observe_launch(const sy_cpu_call *call)
{
    const sy_observe_params *p = call->params;
    uint32_t *bins = call->operands[1], *summary = call->operands[2], *state = call->operands[3];
    uint32_t *scratch = sy_cpu_scratch_take(call->scratch, SY_HISTOGRAM_BINS + 2 * (PART + VW));
    if (!scratch)
        return SY_E_MEMORY;
    observer o = {.x = call->operands[0],
                  .seen = no_extremes,
                  .bins = bins,
                  .others = p->count < COPY_FROM ? bins : scratch,
                  .waiting = scratch + SY_HISTOGRAM_BINS,
                  .found = scratch + SY_HISTOGRAM_BINS + PART + VW};
    if (!observe_all(&o, p->count)) {
        sy_ref_observe(call->operands, p);
        return SY_OK;
    }
    write_summary(&o, summary);
    const sy_histogram_side positive = join_side(&o, 0, o.seen.max);
    const sy_histogram_side negative = join_side(&o, SY_HISTOGRAM_SIDE, -o.seen.min);
    sy_histogram_find_ends(positive, negative, p->count, summary);
    const int doublings = sy_histogram_raise(state, o.exponent) - o.exponent;
    add_side(state + SY_HISTOGRAM_HEAD, positive, doublings);
    add_side(state + SY_HISTOGRAM_HEAD + SY_HISTOGRAM_SIDE, negative, doublings);
    return SY_OK;
}

const sy_cpu_variant SY_SIMD(sy_cpu_observe) = {.kernel = SY_KERNEL_observe,
                                                .level = SY_SIMD_LEVEL,
                                                .name = "observe" SY_SIMD_SUFFIX,
                                                .launch = observe_launch};
