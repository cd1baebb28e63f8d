#include <string.h>

#include "base/bytes.h"
#include "base/file.h"
#include "calib/qstat.h"
#include "calib/stats.h"

/* Begins a section whose size is not known yet; returns where its size is. */
static size_t begin_section(sy_text *out, const char *tag)
{
    sy_text_add(out, tag, 4);
    const size_t place = out->size;
    sy_put_u64(out, 0);
    return place;
}

static void end_section(sy_text *out, size_t place)
{
    if (out->failed)
        return;
    const uint64_t size = out->size - place - 8;
    for (int i = 0; i < 8; i++)
        out->bytes[place + (size_t)i] = (char)(size >> 8 * i & 0xff);
}

static void put_exact_sum(sy_text *out, const sy_exact_sum *sum)
{
    const bool negative = sum->words[SY_EXACT_SUM_WORDS - 1] >> 63;
    const uint64_t fill = negative ? UINT64_MAX : 0;
    int first = 0, end = SY_EXACT_SUM_WORDS;
    while (first < end && sum->words[first] == 0)
        first++;
    while (end > first && sum->words[end - 1] == fill)
        end--;
    sy_put_u8(out, negative);
    sy_put_u8(out, (uint8_t)first);
    sy_put_u8(out, (uint8_t)(end - first));
    for (int i = first; i < end; i++)
        sy_put_u64(out, sum->words[i]);
}

static void put_histogram(sy_text *out, const uint64_t *bins)
{
    int at = 0;
    while (at < SY_HISTOGRAM_SIDE) {
        int first = at;
        while (first < SY_HISTOGRAM_SIDE && bins[first] == 0)
            first++;
        int end = first;
        while (end < SY_HISTOGRAM_SIDE && bins[end] != 0)
            end++;
        sy_put_varint(out, (uint64_t)(first - at));
        sy_put_varint(out, (uint64_t)(end - first));
        for (int b = first; b < end; b++)
            sy_put_varint(out, bins[b]);
        at = end;
    }
}

static void put_samples(sy_text *out, const sy_stats *stats)
{
    sy_put_varint(out, stats->sample_count);
    for (uint32_t i = 0; i < stats->sample_count; i++) {
        sy_put_string(out, stats->samples[i]);
        sy_text_add(out, stats->sample_hashes[i].bytes, SY_HASH_BYTES);
    }
}

static void put_tensor(sy_text *out, const sy_tensor_stats *tensor)
{
    sy_put_string(out, tensor->name);
    sy_put_varint(out, tensor->elements);
    sy_put_varint(out, tensor->zeros);
    sy_put_varint(out, tensor->not_finite);
    sy_put_f32(out, tensor->min);
    sy_put_f32(out, tensor->max);
    sy_put_varint(out, (uint64_t)((int64_t)tensor->exponent + SY_QSTAT_EXPONENT_BIAS));
    put_exact_sum(out, &tensor->exact_sum);
    put_exact_sum(out, &tensor->exact_squares);
    put_histogram(out, tensor->positive);
    put_histogram(out, tensor->negative);
}

static void put_records(sy_text *out, const sy_tensor_stats *tensor, uint32_t sample_count)
{
    for (uint32_t i = 0; i < sample_count; i++) {
        const sy_sample_record *record = &tensor->records[i];
        sy_put_f32(out, record->min);
        sy_put_f32(out, record->max);
        sy_put_f32(out, record->low);
        sy_put_f32(out, record->high);
    }
}

static void put_channels(sy_text *out, const sy_tensor_stats *tensor)
{
    sy_put_varint(out, tensor->channel_count);
    if (tensor->channel_count == 0)
        return;
    sy_put_varint(out, tensor->channel_elements);
    for (uint32_t c = 0; c < tensor->channel_count; c++)
        put_exact_sum(out, &tensor->channel_sums[c]);
}

/* What most files do without. */
static void put_optional(sy_text *out, const sy_stats *stats)
{
    uint64_t bad = 0;
    for (uint32_t t = 0; t < stats->tensor_count; t++)
        bad += stats->tensors[t].not_finite_samples;
    if (bad) {
        const size_t section = begin_section(out, "NFIN");
        for (uint32_t t = 0; t < stats->tensor_count; t++) {
            sy_put_varint(out, stats->tensors[t].not_finite_samples);
            if (stats->tensors[t].not_finite_samples)
                sy_put_string(out, stats->tensors[t].not_finite_first);
        }
        end_section(out, section);
    }
    if (stats->fast) {
        const size_t section = begin_section(out, "ARIT");
        sy_put_u8(out, 1);
        end_section(out, section);
    }
}

/* Everything before the HASH section. */
static void put_content(sy_text *out, const sy_stats *stats)
{
    sy_text_add(out, SY_QSTAT_MAGIC, SY_QSTAT_MAGIC_BYTES);
    sy_put_u32(out, SY_QSTAT_VERSION);

    size_t section = begin_section(out, "SRCE");
    sy_text_add(out, stats->model.bytes, SY_HASH_BYTES);
    sy_put_string(out, stats->input_shape);
    sy_put_string(out, stats->preprocess);
    end_section(out, section);

    section = begin_section(out, "SAMP");
    put_samples(out, stats);
    end_section(out, section);

    section = begin_section(out, "TENS");
    sy_put_varint(out, stats->tensor_count);
    for (uint32_t t = 0; t < stats->tensor_count; t++)
        put_tensor(out, &stats->tensors[t]);
    end_section(out, section);

    section = begin_section(out, "RECO");
    for (uint32_t t = 0; t < stats->tensor_count; t++)
        put_records(out, &stats->tensors[t], stats->sample_count);
    end_section(out, section);

    section = begin_section(out, "CHAN");
    for (uint32_t t = 0; t < stats->tensor_count; t++)
        put_channels(out, &stats->tensors[t]);
    end_section(out, section);
    put_optional(out, stats);
}

static sy_status check_text(sy_ctx *ctx, const sy_text *text)
{
    return sy_check_alloc(ctx, text->failed ? NULL : text->bytes);
}

sy_status sy_stats_content_hash(sy_ctx *ctx, const sy_stats *stats, sy_hash *out)
{
    sy_text content = {0};
    sy_status status;
    put_content(&content, stats);
    SY_TRY_DONE(check_text(ctx, &content));
    *out = sy_hash_of(content.bytes, content.size);
done:
    sy_text_release(&content);
    return status;
}

sy_status sy_stats_save(sy_ctx *ctx, const sy_stats *stats, const char *path)
{
    sy_text content = {0};
    sy_status status;
    put_content(&content, stats);
    SY_TRY_DONE(check_text(ctx, &content));
    const sy_hash hash = sy_hash_of(content.bytes, content.size);
    const size_t section = begin_section(&content, "HASH");
    sy_text_add(&content, hash.bytes, SY_HASH_BYTES);
    end_section(&content, section);
    SY_TRY_DONE(check_text(ctx, &content));
    SY_TRY_DONE(sy_file_save(ctx, path, content.bytes, content.size));
done:
    sy_text_release(&content);
    return status;
}
