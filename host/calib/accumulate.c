#include "calib/accumulate.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "calib/histogram.h"

typedef struct summary {
    float min, max;
    uint32_t zeros, not_finite, finite;
    int64_t sum, squares;
    int exponent;
} summary;

static float float_of(uint32_t word)
{
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static int64_t i64_of(const uint32_t *words)
{
    return (int64_t)((uint64_t)words[1] << 32 | words[0]);
}

static summary read_summary(const sy_tensor_sample *sample)
{
    const uint32_t *words = sample->summary;
    return (summary){.min = float_of(words[0]),
                     .max = float_of(words[1]),
                     .zeros = words[2],
                     .not_finite = words[3],
                     .finite = sample->count - words[3],
                     .sum = i64_of(words + 4),
                     .squares = i64_of(words + 6),
                     .exponent = (int32_t)words[8]};
}

/* How far out the value at a place of a summary lies, in widths of a bin; those of a bin are taken as spread
 * evenly over it. `end` is the sign of the side from which its rank is counted.
 */
static double value_at(const uint32_t place[3], int end)
{
    const int bin = (int32_t)place[0];
    if (bin == 0)
        return 0;
    const double part = (place[2] + 0.5) / place[1];
    const bool on_that_side = (bin > 0) == (end > 0);
    return on_that_side ? abs(bin) - part : -(abs(bin) - 1 + part);
}

static sy_sample_record record_of(const sy_tensor_sample *sample, const summary *s)
{
    sy_sample_record record = {s->min, s->max, s->min, s->max};
    if (s->finite == 0)
        return record;
    const double width = ldexp(1, s->exponent) / SY_HISTOGRAM_SIDE;
    const uint32_t last = s->finite - 1;
    const uint32_t low = (uint32_t)(0.0001f * (float)s->finite);
    const uint32_t high = (uint32_t)(0.9999f * (float)s->finite);

    if (low > 0)
        record.low = (float)(-width * value_at(sample->summary + SY_SUMMARY_LOW, -1));
    if (high < last)
        record.high = (float)(width * value_at(sample->summary + SY_SUMMARY_HIGH, 1));
    /* Of 0 and -0 the compiler may take either as the larger: adding 0 leaves 0. */
    record.low = fminf(fmaxf(record.low, s->min), s->max) + 0.0f;
    record.high = fminf(fmaxf(record.high, record.low), s->max) + 0.0f;
    return record;
}

static bool all_finite(const float *sums, uint32_t count)
{
    for (uint32_t c = 0; c < count; c++)
        if (!isfinite(sums[c]))
            return false;
    return true;
}

static sy_status add_side(sy_ctx *ctx, uint64_t **bins, const uint32_t *counts, int doublings)
{
    if (!*bins)
        *bins = calloc(SY_HISTOGRAM_SIDE, sizeof **bins);
    SY_TRY(sy_check_alloc(ctx, *bins));
    sy_histogram_add_u32(*bins, counts, doublings);
    return SY_OK;
}

static void close_windows(sy_accumulator *to)
{
    sy_exact_windows_close(to->windows, to->channels, to->channel_count);
    to->window_terms = 0;
}

static void add_channels(sy_accumulator *to, const float *sums)
{
    if (to->window_terms == SY_EXACT_WINDOW_TERMS)
        close_windows(to);
    sy_exact_windows_add(to->windows, to->channels, sums, to->channel_count);
    to->window_terms++;
    to->channel_samples++;
}

static void add_numbers(sy_accumulator *to, const sy_tensor_sample *sample, const summary *s)
{
    to->elements += s->finite;
    to->zeros += s->zeros;
    to->not_finite += s->not_finite;
    to->min = fminf(to->min, s->min);
    to->max = fmaxf(to->max, s->max);
    sy_exact_sum_add(&to->sum, s->sum, s->exponent - 22);
    sy_exact_sum_add(&to->squares, s->squares, 2 * s->exponent - 22);
    if (s->not_finite) {
        to->bad_samples++;
        if (!to->bad_sample || strcmp(sample->name, to->bad_sample) < 0)
            to->bad_sample = sample->name;
    }
    if (sample->channel_sums && all_finite(sample->channel_sums, to->channel_count))
        add_channels(to, sample->channel_sums);
}

void sy_accumulator_add(sy_accumulator *accumulator, const sy_tensor_sample *sample)
{
    const summary s = read_summary(sample);
    accumulator->records[sample->index] = record_of(sample, &s);
    pthread_mutex_lock(&accumulator->lock);
    add_numbers(accumulator, sample, &s);
    pthread_mutex_unlock(&accumulator->lock);
}

static sy_status add_histogram(sy_ctx *ctx, sy_accumulator *to, const uint32_t *state)
{
    const int exponent = (int)state[0] - SY_HISTOGRAM_BIAS;
    if (exponent > to->exponent) {
        if (to->positive)
            sy_histogram_widen(to->positive, exponent - to->exponent);
        if (to->negative)
            sy_histogram_widen(to->negative, exponent - to->exponent);
        to->exponent = exponent;
    }
    if (to->max > 0)
        SY_TRY(add_side(ctx, &to->positive, state + SY_HISTOGRAM_HEAD, to->exponent - exponent));
    if (to->min < 0)
        SY_TRY(add_side(ctx, &to->negative, state + SY_HISTOGRAM_HEAD + SY_HISTOGRAM_SIDE,
                        to->exponent - exponent));
    return SY_OK;
}

sy_status sy_accumulator_add_histogram(sy_ctx *ctx, sy_accumulator *accumulator, const uint32_t *state)
{
    pthread_mutex_lock(&accumulator->lock);
    const sy_status status = state[0] ? add_histogram(ctx, accumulator, state) : SY_OK;
    pthread_mutex_unlock(&accumulator->lock);
    return status;
}

sy_status sy_accumulator_init(sy_ctx *ctx, sy_accumulator *accumulator, size_t sample_count,
                              uint32_t channel_count, uint64_t channel_positions)
{
    *accumulator = (sy_accumulator){.min = INFINITY,
                                    .max = -INFINITY,
                                    .exponent = -126,
                                    .channel_count = channel_count,
                                    .channel_positions = channel_positions};
    if (pthread_mutex_init(&accumulator->lock, NULL) != 0)
        return sy_fail(ctx, SY_E_MEMORY, "the system has no lock left");
    accumulator->records = calloc(sample_count, sizeof *accumulator->records);
    SY_TRY(sy_check_alloc(ctx, accumulator->records));
    if (channel_count == 0)
        return SY_OK;
    accumulator->channels = calloc(channel_count, sizeof *accumulator->channels);
    accumulator->windows = calloc(channel_count, sizeof *accumulator->windows);
    SY_TRY(sy_check_alloc(ctx, accumulator->channels));
    return sy_check_alloc(ctx, accumulator->windows);
}

static sy_status resume_side(sy_ctx *ctx, const uint64_t *from, uint64_t **out)
{
    *out = malloc(SY_HISTOGRAM_SIDE * sizeof **out);
    SY_TRY(sy_check_alloc(ctx, *out));
    memcpy(*out, from, SY_HISTOGRAM_SIDE * sizeof **out);
    return SY_OK;
}

static sy_status resume_channels(sy_ctx *ctx, sy_accumulator *to, const sy_tensor_stats *from)
{
    if (to->channel_count == 0)
        return SY_OK;
    if (from->channel_elements % to->channel_positions != 0)
        return sy_fail(ctx, SY_E_DATA, "tensor %s: its channels have other numbers of elements", from->name);
    to->channel_samples = from->channel_elements / to->channel_positions;
    memcpy(to->channels, from->channel_sums, to->channel_count * sizeof *to->channels);
    return SY_OK;
}

sy_status sy_accumulator_resume(sy_ctx *ctx, sy_accumulator *accumulator, const sy_tensor_stats *from,
                                const size_t *order)
{
    accumulator->elements = from->elements;
    accumulator->zeros = from->zeros;
    accumulator->not_finite = from->not_finite;
    accumulator->min = from->min;
    accumulator->max = from->max;
    accumulator->exponent = from->exponent;
    accumulator->sum = from->exact_sum;
    accumulator->squares = from->exact_squares;
    accumulator->bad_samples = from->not_finite_samples;
    accumulator->bad_sample = from->not_finite_first;
    for (uint32_t i = 0; i < from->record_count; i++)
        accumulator->records[order[i]] = from->records[i];
    if (from->max > 0)
        SY_TRY(resume_side(ctx, from->positive, &accumulator->positive));
    if (from->min < 0)
        SY_TRY(resume_side(ctx, from->negative, &accumulator->negative));
    return resume_channels(ctx, accumulator, from);
}

void sy_accumulator_release(sy_accumulator *accumulator)
{
    pthread_mutex_destroy(&accumulator->lock);
    free(accumulator->positive);
    free(accumulator->negative);
    free(accumulator->channels);
    free(accumulator->windows);
    free(accumulator->records);
}

static const uint64_t *copy_side(sy_arena *arena, const uint64_t *bins)
{
    return bins ? sy_arena_copy(arena, bins, SY_HISTOGRAM_SIDE * sizeof *bins) : sy_histogram_empty;
}

static sy_status finish_channels(sy_ctx *ctx, sy_accumulator *from, sy_arena *arena, sy_tensor_stats *out)
{
    out->channel_count = from->channel_count;
    if (from->channel_count == 0)
        return SY_OK;
    close_windows(from);
    out->channel_elements = from->channel_samples * from->channel_positions;
    out->channel_sums = sy_arena_copy(arena, from->channels, from->channel_count * sizeof *from->channels);
    SY_TRY(sy_check_alloc(ctx, out->channel_sums));
    out->channel_means =
        sy_channel_means(arena, out->channel_sums, out->channel_count, out->channel_elements);
    return sy_check_alloc(ctx, out->channel_means);
}

sy_status sy_accumulator_finish(sy_ctx *ctx, sy_accumulator *accumulator, const size_t *order,
                                size_t sample_count, sy_arena *arena, sy_tensor_stats *out)
{
    out->elements = accumulator->elements;
    out->zeros = accumulator->zeros;
    out->not_finite = accumulator->not_finite;
    out->not_finite_samples = accumulator->bad_samples;
    out->not_finite_first = accumulator->bad_sample ? sy_arena_text(arena, accumulator->bad_sample) : NULL;
    if (accumulator->bad_sample)
        SY_TRY(sy_check_alloc(ctx, out->not_finite_first));
    out->min = accumulator->min;
    out->max = accumulator->max;
    out->exponent = accumulator->exponent;
    out->exact_sum = accumulator->sum;
    out->exact_squares = accumulator->squares;
    out->sum = sy_exact_sum_value(&out->exact_sum);
    out->sum_of_squares = sy_exact_sum_value(&out->exact_squares);
    out->positive = copy_side(arena, accumulator->positive);
    out->negative = copy_side(arena, accumulator->negative);
    sy_sample_record *records = sy_arena_alloc(arena, sample_count, sizeof *records);
    SY_TRY(sy_check_alloc(ctx, out->positive));
    SY_TRY(sy_check_alloc(ctx, out->negative));
    SY_TRY(sy_check_alloc(ctx, records));
    for (size_t i = 0; i < sample_count; i++)
        records[i] = accumulator->records[order[i]];
    out->records = records;
    out->record_count = (uint32_t)sample_count;
    return finish_channels(ctx, accumulator, arena, out);
}
