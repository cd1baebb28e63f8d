#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "calib/histogram.h"
#include "calib/qstat.h"
#include "calib/stats.h"

enum { SECTION_HEADER_BYTES = 12, HASH_SECTION_BYTES = SECTION_HEADER_BYTES + SY_HASH_BYTES };

enum {
    SOURCE,
    SAMPLES,
    TENSORS,
    RECORDS,
    CHANNELS,
    REQUIRED_COUNT,
    NOT_FINITE = REQUIRED_COUNT,
    ARITHMETIC,
    SECTION_COUNT
};

static const char *const tags[SECTION_COUNT] = {"SRCE", "SAMP", "TENS", "RECO", "CHAN", "NFIN", "ARIT"};

typedef struct reader {
    sy_ctx *ctx;
    const char *name; /* of the file, for messages */
    sy_bytes sections[SECTION_COUNT];
    sy_stats *stats;
} reader;

static sy_status damaged(const reader *r, const char *what)
{
    return sy_fail(r->ctx, SY_E_DATA, "%s is damaged: %s; make it again with `steelyard stats`", r->name,
                   what);
}

static sy_status damaged_tensor(const reader *r, const sy_tensor_stats *tensor, const char *what)
{
    return sy_fail(r->ctx, SY_E_DATA, "%s is damaged: tensor %s: %s; make it again with `steelyard stats`",
                   r->name, tensor->name, what);
}

/* A string without a NUL inside, in the arena. */
static sy_status read_string(reader *r, sy_bytes *in, const char *what, const char **out)
{
    size_t length;
    const char *text = sy_bytes_string(in, &length);
    if (!text || memchr(text, 0, length))
        return damaged(r, what);
    *out = sy_arena_text_n(&r->stats->arena, text, length);
    return sy_check_alloc(r->ctx, *out);
}

static bool read_hash(sy_bytes *in, sy_hash *out)
{
    const void *bytes = sy_bytes_take(in, SY_HASH_BYTES);
    if (bytes)
        memcpy(out->bytes, bytes, SY_HASH_BYTES);
    return bytes != NULL;
}

static bool read_exact_sum(sy_bytes *in, sy_exact_sum *out)
{
    const uint8_t negative = sy_bytes_u8(in);
    const int first = sy_bytes_u8(in);
    const int count = sy_bytes_u8(in);
    if (in->failed || negative > 1 || first + count > SY_EXACT_SUM_WORDS)
        return false;
    for (int i = 0; i < SY_EXACT_SUM_WORDS; i++) {
        if (i < first)
            out->words[i] = 0;
        else if (i < first + count)
            out->words[i] = sy_bytes_u64(in);
        else
            out->words[i] = negative ? UINT64_MAX : 0;
    }
    return !in->failed && out->words[SY_EXACT_SUM_WORDS - 1] >> 63 == negative;
}

/* Adds the counts to *total. */
static sy_status read_histogram(reader *r, sy_bytes *in, const sy_tensor_stats *tensor, const uint64_t **out,
                                uint64_t *total)
{
    uint64_t *bins = NULL;
    *out = sy_histogram_empty;
    for (uint64_t at = 0; at < SY_HISTOGRAM_SIDE;) {
        const uint64_t empty = sy_bytes_varint(in), filled = sy_bytes_varint(in);
        const uint64_t left = SY_HISTOGRAM_SIDE - at;
        if (in->failed || empty > left || filled > left - empty || empty + filled == 0)
            return damaged_tensor(r, tensor, "a histogram has runs of the wrong length");
        at += empty;
        if (filled && !bins) {
            bins = sy_arena_alloc(&r->stats->arena, SY_HISTOGRAM_SIDE, sizeof *bins);
            SY_TRY(sy_check_alloc(r->ctx, bins));
            *out = bins;
        }
        for (const uint64_t end = at + filled; at < end; at++) {
            bins[at] = sy_bytes_varint(in);
            if (in->failed || bins[at] > tensor->elements || *total > tensor->elements - bins[at])
                return damaged_tensor(r, tensor, "its histogram counts more than there are elements");
            *total += bins[at];
        }
    }
    return SY_OK;
}

static sy_status check_range(const reader *r, const sy_tensor_stats *tensor)
{
    if (tensor->elements == 0) {
        if (tensor->min != INFINITY || tensor->max != -INFINITY)
            return damaged_tensor(r, tensor, "it has a range but no elements");
        return SY_OK;
    }
    const double limit = ldexp(1, tensor->exponent);
    if (!isfinite(tensor->min) || !isfinite(tensor->max) || !(tensor->min <= tensor->max))
        return damaged_tensor(r, tensor, "its minimum and maximum are no range");
    if (fabs((double)tensor->min) >= limit || fabs((double)tensor->max) >= limit)
        return damaged_tensor(r, tensor, "its range is wider than its histogram");
    return SY_OK;
}

static sy_status read_tensor(reader *r, sy_bytes *in, sy_tensor_stats *tensor)
{
    uint64_t counted = 0;
    SY_TRY(read_string(r, in, "the name of a tensor", &tensor->name));
    tensor->elements = sy_bytes_varint(in);
    tensor->zeros = sy_bytes_varint(in);
    tensor->not_finite = sy_bytes_varint(in);
    tensor->min = sy_bytes_f32(in);
    tensor->max = sy_bytes_f32(in);
    const uint64_t exponent = sy_bytes_varint(in);
    if (in->failed || exponent < SY_QSTAT_EXPONENT_BIAS - 126 || exponent > SY_QSTAT_EXPONENT_BIAS + 128)
        return damaged_tensor(r, tensor, "its numbers are cut short or outside what they can be");
    tensor->exponent = (int)exponent - SY_QSTAT_EXPONENT_BIAS;
    SY_TRY(check_range(r, tensor));
    if (!read_exact_sum(in, &tensor->exact_sum) || !read_exact_sum(in, &tensor->exact_squares))
        return damaged_tensor(r, tensor, "its sums are cut short or wrong");
    tensor->sum = sy_exact_sum_value(&tensor->exact_sum);
    tensor->sum_of_squares = sy_exact_sum_value(&tensor->exact_squares);
    SY_TRY(read_histogram(r, in, tensor, &tensor->positive, &counted));
    SY_TRY(read_histogram(r, in, tensor, &tensor->negative, &counted));
    if (tensor->zeros > tensor->elements || counted != tensor->elements - tensor->zeros)
        return damaged_tensor(r, tensor, "its histogram and zeros do not add up to its elements");
    return SY_OK;
}

static sy_status read_tensors(reader *r)
{
    enum { SMALLEST_TENSOR_BYTES = 26 };
    sy_bytes *in = &r->sections[TENSORS];
    sy_stats *stats = r->stats;
    const uint64_t count = sy_bytes_varint(in);
    if (in->failed || count > (uint64_t)(in->end - in->at) / SMALLEST_TENSOR_BYTES || count > UINT32_MAX)
        return damaged(r, "the number of tensors");
    stats->tensors = sy_arena_alloc(&stats->arena, (size_t)count, sizeof *stats->tensors);
    SY_TRY(sy_check_alloc(r->ctx, stats->tensors));
    stats->tensor_count = (uint32_t)count;
    for (uint32_t t = 0; t < stats->tensor_count; t++)
        SY_TRY(read_tensor(r, in, &stats->tensors[t]));
    return SY_OK;
}

static sy_status read_samples(reader *r)
{
    sy_bytes *in = &r->sections[SAMPLES];
    sy_stats *stats = r->stats;
    const uint64_t count = sy_bytes_varint(in);
    if (in->failed || count > UINT32_MAX || count > (uint64_t)(in->end - in->at) / SY_HASH_BYTES)
        return damaged(r, "the number of samples");
    stats->samples = sy_arena_alloc(&stats->arena, (size_t)count, sizeof *stats->samples);
    stats->sample_hashes = sy_arena_alloc(&stats->arena, (size_t)count, sizeof *stats->sample_hashes);
    SY_TRY(sy_check_alloc(r->ctx, stats->samples));
    SY_TRY(sy_check_alloc(r->ctx, stats->sample_hashes));
    stats->sample_count = (uint32_t)count;
    for (uint32_t i = 0; i < stats->sample_count; i++) {
        SY_TRY(read_string(r, in, "the name of a sample", &stats->samples[i]));
        if (!read_hash(in, &stats->sample_hashes[i]))
            return damaged(r, "the hash of a sample");
        if (i > 0 && strcmp(stats->samples[i - 1], stats->samples[i]) >= 0)
            return damaged(r, "the samples are not in order");
    }
    return SY_OK;
}

static bool record_is_sane(const sy_sample_record *record)
{
    const bool empty = record->min == INFINITY && record->low == INFINITY && record->max == -INFINITY &&
                       record->high == -INFINITY;
    return empty || (isfinite(record->min) && isfinite(record->max) && record->min <= record->low &&
                     record->low <= record->high && record->high <= record->max);
}

static sy_status read_records(reader *r)
{
    sy_bytes *in = &r->sections[RECORDS];
    sy_stats *stats = r->stats;
    size_t count, bytes;
    if (!sy_mul_size(stats->tensor_count, stats->sample_count, &count) ||
        !sy_mul_size(count, sizeof(sy_sample_record), &bytes) || bytes != (size_t)(in->end - in->at))
        return damaged(r, "the size of the records of samples");
    sy_sample_record *records = sy_arena_alloc(&stats->arena, count, sizeof *records);
    SY_TRY(sy_check_alloc(r->ctx, records));
    for (uint32_t t = 0; t < stats->tensor_count; t++, records += stats->sample_count) {
        for (uint32_t i = 0; i < stats->sample_count; i++) {
            records[i].min = sy_bytes_f32(in);
            records[i].max = sy_bytes_f32(in);
            records[i].low = sy_bytes_f32(in);
            records[i].high = sy_bytes_f32(in);
            if (!record_is_sane(&records[i]))
                return damaged_tensor(r, &stats->tensors[t], "the record of a sample is no range");
        }
        stats->tensors[t].records = records;
        stats->tensors[t].record_count = stats->sample_count;
    }
    return SY_OK;
}

static sy_status read_channels(reader *r, sy_tensor_stats *tensor)
{
    enum { SMALLEST_SUM_BYTES = 3 };
    sy_bytes *in = &r->sections[CHANNELS];
    const uint64_t count = sy_bytes_varint(in);
    if (in->failed || count > UINT32_MAX || count > (uint64_t)(in->end - in->at) / SMALLEST_SUM_BYTES)
        return damaged_tensor(r, tensor, "its number of channels");
    if (count == 0)
        return SY_OK;
    tensor->channel_elements = sy_bytes_varint(in);
    sy_exact_sum *sums = sy_arena_alloc(&r->stats->arena, (size_t)count, sizeof *sums);
    SY_TRY(sy_check_alloc(r->ctx, sums));
    for (uint64_t c = 0; c < count; c++)
        if (!read_exact_sum(in, &sums[c]))
            return damaged_tensor(r, tensor, "the sum of a channel is cut short or wrong");
    tensor->channel_sums = sums;
    tensor->channel_count = (uint32_t)count;
    tensor->channel_means =
        sy_channel_means(&r->stats->arena, sums, tensor->channel_count, tensor->channel_elements);
    return sy_check_alloc(r->ctx, tensor->channel_means);
}

static sy_status read_not_finite(reader *r, sy_tensor_stats *tensor)
{
    sy_bytes *in = &r->sections[NOT_FINITE];
    const uint64_t samples = sy_bytes_varint(in);
    if (in->failed || samples > r->stats->sample_count || samples > tensor->not_finite)
        return damaged_tensor(r, tensor, "its number of samples that are not finite");
    tensor->not_finite_samples = (uint32_t)samples;
    return samples ? read_string(r, in, "the name of a sample that is not finite", &tensor->not_finite_first)
                   : SY_OK;
}

static sy_status read_optional(reader *r)
{
    for (uint32_t t = 0; t < r->stats->tensor_count && r->sections[NOT_FINITE].at; t++)
        SY_TRY(read_not_finite(r, &r->stats->tensors[t]));
    r->stats->fast = r->sections[ARITHMETIC].at != NULL;
    if (r->stats->fast && sy_bytes_u8(&r->sections[ARITHMETIC]) != 1)
        return damaged(r, "the arithmetic");
    return SY_OK;
}

static sy_status read_content(reader *r)
{
    sy_bytes *source = &r->sections[SOURCE];
    sy_stats *stats = r->stats;
    if (!read_hash(source, &stats->model))
        return damaged(r, "the hash of the model");
    SY_TRY(read_string(r, source, "the input shape", &stats->input_shape));
    SY_TRY(read_string(r, source, "the preprocessing", &stats->preprocess));
    SY_TRY(read_samples(r));
    SY_TRY(read_tensors(r));
    SY_TRY(read_records(r));
    for (uint32_t t = 0; t < stats->tensor_count; t++)
        SY_TRY(read_channels(r, &stats->tensors[t]));
    SY_TRY(read_optional(r));
    for (int i = 0; i < SECTION_COUNT; i++)
        if (r->sections[i].at != r->sections[i].end)
            return sy_fail(r->ctx, SY_E_DATA, "%s is damaged: section %s is longer than what it holds",
                           r->name, tags[i]);
    return SY_OK;
}

static int section_of(const char *tag)
{
    for (int i = 0; i < SECTION_COUNT; i++)
        if (memcmp(tag, tags[i], 4) == 0)
            return i;
    return -1;
}

static sy_status find_sections(reader *r, sy_bytes in)
{
    while (in.at < in.end) {
        const char *tag = sy_bytes_take(&in, 4);
        const uint64_t size = sy_bytes_u64(&in);
        const unsigned char *bytes = size <= SIZE_MAX ? sy_bytes_take(&in, (size_t)size) : NULL;
        if (!tag || !bytes)
            return damaged(r, "a section is cut short");
        const int section = section_of(tag);
        if (section < 0)
            continue;
        if (r->sections[section].at)
            return sy_fail(r->ctx, SY_E_DATA, "%s is damaged: section %s is there twice", r->name,
                           tags[section]);
        r->sections[section] = (sy_bytes){.at = bytes, .end = bytes + size};
    }
    for (int i = 0; i < REQUIRED_COUNT; i++)
        if (!r->sections[i].at)
            return sy_fail(r->ctx, SY_E_DATA, "%s is damaged: section %s is missing", r->name, tags[i]);
    return SY_OK;
}

/* Leaves in *out the bytes between the head and the checksum. */
static sy_status check_frame(const reader *r, const unsigned char *bytes, size_t size, sy_bytes *out)
{
    enum { HEAD_BYTES = SY_QSTAT_MAGIC_BYTES + 4 };
    if (size < SY_QSTAT_MAGIC_BYTES || memcmp(bytes, SY_QSTAT_MAGIC, SY_QSTAT_MAGIC_BYTES) != 0)
        return sy_fail(r->ctx, SY_E_DATA, "%s is no statistics file of steelyard (.qstat)", r->name);
    sy_bytes head = {.at = bytes + SY_QSTAT_MAGIC_BYTES, .end = bytes + size};
    const uint32_t version = sy_bytes_u32(&head);
    if (!head.failed && version != SY_QSTAT_VERSION)
        return sy_fail(r->ctx, SY_E_UNSUPPORTED, "%s is of version %u; this program reads version %d",
                       r->name, (unsigned)version, SY_QSTAT_VERSION);
    if (size < HEAD_BYTES + HASH_SECTION_BYTES)
        return damaged(r, "it is cut short");

    const unsigned char *end = bytes + size - HASH_SECTION_BYTES;
    static const unsigned char header[SECTION_HEADER_BYTES] = {'H', 'A', 'S', 'H', SY_HASH_BYTES};
    const sy_hash hash = sy_hash_of(bytes, (size_t)(end - bytes));
    if (memcmp(end, header, sizeof header) != 0 ||
        memcmp(end + SECTION_HEADER_BYTES, hash.bytes, SY_HASH_BYTES) != 0)
        return damaged(r, "its checksum does not fit its contents");
    *out = (sy_bytes){.at = head.at, .end = end};
    return SY_OK;
}

sy_status sy_stats_parse(sy_ctx *ctx, const char *name, const void *bytes, size_t size, sy_stats **out)
{
    reader r = {.ctx = ctx, .name = name};
    sy_bytes content = {0};
    sy_status status;
    SY_TRY(check_frame(&r, bytes, size, &content));
    r.stats = calloc(1, sizeof *r.stats);
    SY_TRY_DONE(sy_check_alloc(ctx, r.stats));
    SY_TRY_DONE(find_sections(&r, content));
    SY_TRY_DONE(read_content(&r));
    *out = r.stats;
    r.stats = NULL;
done:
    sy_stats_destroy(r.stats);
    return status;
}

sy_status sy_stats_load(sy_ctx *ctx, const char *path, sy_stats **out)
{
    sy_mapped file = {0};
    SY_TRY(sy_file_map(ctx, path, &file));
    const sy_status status = sy_stats_parse(ctx, path, file.bytes, file.size, out);
    sy_file_unmap(&file);
    return status;
}
