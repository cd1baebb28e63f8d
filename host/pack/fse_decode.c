#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "pack/bits.h"
#include "pack/fse.h"

typedef struct decoder {
    sy_ctx *ctx;
    sy_coding coding;
    const sy_code_form *form;
    int width;     /* bytes of an element */
    unsigned flip; /* turned over in each */
    sy_bytes source;
    const unsigned char *begin; /* of the stream */
    uint32_t symbols;
    int log;
    uint32_t *frequencies;     /* [symbols] */
    int32_t *values;           /* [symbols] */
    unsigned char *words;      /* turned over: behind each other as sy_fse_bits wants them */
    uint64_t words_bits;       /* 64 a word */
    uint64_t bits;             /* of these, those that were written */
    const unsigned char *ends; /* [segments] of 64 bits; NULL: one segment */
    uint32_t segments;
    sy_fse_step *steps; /* [2^log] */
    sy_fse_lane *lanes; /* [segments] */
} decoder;

static void skip_pad(decoder *work, size_t unit)
{
    while ((size_t)(work->source.at - work->begin) % unit && !work->source.failed)
        if (sy_bytes_u8(&work->source))
            work->source.failed = true;
}

static sy_status find_ends(decoder *work)
{
    const size_t length = (work->form->count + work->form->segments - 1) / work->form->segments;
    work->segments = (uint32_t)((work->form->count + length - 1) / length);
    if (work->form->segments > 1) {
        skip_pad(work, 4);
        const uint32_t count = sy_bytes_u32(&work->source);
        if (!work->source.failed && (count != work->segments || count != work->form->segments))
            return sy_fail(work->ctx, SY_E_MODEL, "%u segments: %u were expected", count,
                           work->form->segments);
        work->ends = sy_bytes_take(&work->source, 8 * (size_t)count);
    }
    if (work->source.failed || work->source.at != work->source.end)
        return sy_fail(work->ctx, SY_E_MODEL, "the stream does not end where its parts do");
    return SY_OK;
}

static void take_table(decoder *work)
{
    for (uint32_t s = 0; s < work->symbols; s++)
        work->frequencies[s] = sy_bytes_u32(&work->source);
    skip_pad(work, 8);
    for (uint32_t s = 0; s < work->symbols; s++)
        work->values[s] = (int32_t)sy_bytes_u32(&work->source);
}

static void take_short_table(decoder *work)
{
    sy_bit_reader reader = {.source = work->source};
    for (uint32_t s = 0; s < work->symbols && !reader.source.failed; s++)
        work->frequencies[s] = sy_bits_take_gamma(&reader);
    int32_t value = (int32_t)sy_bits_take_high(&reader, work->form->bits) - (1 << (work->form->bits - 1));
    for (uint32_t s = 0; s < work->symbols && !reader.source.failed; s++) {
        const uint32_t gap = s ? sy_bits_take_gamma(&reader) : 0;
        reader.source.failed |= s && !gap;
        value = value > INT16_MAX ? value : value + (int32_t)gap;
        work->values[s] = value;
    }
    reader.source.failed |= !sy_bits_skip_rest(&reader);
    work->source = reader.source;
}

/* The words, and how many bits are in them. */
static sy_status take_words(decoder *work, uint32_t words)
{
    static const size_t word = sizeof(uint64_t);
    const unsigned char *from = sy_bytes_take(&work->source, word * (size_t)words);
    const uint8_t last = sy_bytes_u8(&work->source);
    if (work->source.failed || words == 0 || last > 63)
        return sy_fail(work->ctx, SY_E_MODEL, "the stream ends before its %u words do", words);
    work->words_bits = 64 * (uint64_t)words;
    work->bits = work->words_bits - 64 + last;
    sy_bytes end = {.at = from + word * (words - 1), .end = from + word * words};
    if (sy_bytes_u64(&end) << last)
        return sy_fail(work->ctx, SY_E_MODEL, "there is something behind the last bit of the stream");
    SY_TRY(sy_check_alloc(work->ctx, work->words = malloc(word * words + SY_FSE_BITS_PAD)));
    for (size_t i = 0; i < words; i++)
        memcpy(work->words + word * i, from + word * (words - 1 - i), word);
    memset(work->words + word * words, 0, SY_FSE_BITS_PAD);
    return SY_OK;
}

/* Finds the parts of the stream. */
static sy_status open_stream(decoder *work)
{
    sy_bytes *source = &work->source;
    work->symbols = sy_bytes_u8(source);
    work->symbols |= (uint32_t)sy_bytes_u8(source) << 8;
    work->log = sy_bytes_u8(source);
    work->log |= sy_bytes_u8(source) << 8;
    const uint32_t words = sy_bytes_u32(source);
    if (source->failed || work->symbols == 0 || work->log < SY_FSE_LOG_LEAST || work->log > SY_FSE_LOG_MOST)
        return sy_fail(work->ctx, SY_E_MODEL,
                       "%u symbols in a table of 2^%d: at least 1, and 2^%d to 2^%d, were expected",
                       work->symbols, work->log, SY_FSE_LOG_LEAST, SY_FSE_LOG_MOST);
    work->frequencies = calloc(work->symbols, sizeof *work->frequencies);
    work->values = calloc(work->symbols, sizeof *work->values);
    SY_TRY(sy_check_alloc(work->ctx, work->frequencies && work->values ? work->values : NULL));
    if (work->coding == SY_CODING_FSE_SHORT)
        take_short_table(work);
    else
        take_table(work);
    skip_pad(work, 8);
    SY_TRY(take_words(work, words));
    return find_ends(work);
}

/* Uses up the frequencies. */
static sy_status fill_steps(decoder *work, uint16_t *symbols)
{
    uint32_t *frequencies = work->frequencies;
    const uint32_t size = 1u << work->log;
    const int32_t most = (1 << (work->form->bits - 1)) - 1;
    uint64_t sum = 0;
    for (uint32_t s = 0; s < work->symbols; s++) {
        const int32_t value = work->values[s];
        sum += frequencies[s];
        if (frequencies[s] == 0 || value > most || value < -most - 1)
            return sy_fail(work->ctx, SY_E_MODEL, "symbol %u is %d with frequency %u: no code of %d bits", s,
                           value, frequencies[s], work->form->bits);
    }
    if (sum != size)
        return sy_fail(work->ctx, SY_E_MODEL, "the frequencies add up to %llu, not to %u",
                       (unsigned long long)sum, size);
    sy_fse_spread(frequencies, work->symbols, work->log, symbols);
    for (uint32_t place = 0; place < size; place++) {
        const uint32_t state = frequencies[symbols[place]]++;
        const int bits = work->log - sy_fse_log2(state);
        work->steps[place] =
            (sy_fse_step){.base = (uint16_t)((state << bits) - size),
                          .mask = (uint16_t)((1u << bits) - 1),
                          .value = (uint16_t)((uint32_t)work->values[symbols[place]] ^ work->flip),
                          .bits = (uint16_t)bits};
    }
    return SY_OK;
}

static sy_status make_steps(decoder *work)
{
    const size_t size = (size_t)1 << work->log;
    uint16_t *symbols = malloc(size * sizeof *symbols);
    work->steps = malloc(size * sizeof *work->steps);
    sy_status status = sy_check_alloc(work->ctx, symbols && work->steps ? work->steps : NULL);
    if (status == SY_OK)
        status = fill_steps(work, symbols);
    free(symbols);
    return status;
}

/* The state after the last code stands on the last bits. */
static sy_status find_last(decoder *work, sy_fse_lane *out)
{
    sy_fse_lane lane = {.position = work->bits};
    if (work->bits < (uint64_t)work->log)
        return sy_fail(work->ctx, SY_E_MODEL, "the stream has %llu bits, not even one state",
                       (unsigned long long)work->bits);
    for (int i = 0; i < work->log; i++) {
        const uint64_t at = work->words_bits - lane.position--;
        lane.place |= (uint32_t)(work->words[at / 8] >> at % 8 & 1) << i;
    }
    *out = lane;
    return SY_OK;
}

static sy_fse_lane end_of(const decoder *work, uint32_t segment)
{
    sy_bytes bytes = {.at = work->ends + 8 * (size_t)segment, .end = work->ends + 8 * (size_t)segment + 8};
    const uint64_t end = sy_bytes_u64(&bytes);
    return (sy_fse_lane){.position = 64 * (end >> 32) + (end & 0xffff),
                         .place = (uint32_t)(end >> 16 & 0xffff)};
}

static sy_status make_lanes(decoder *work, unsigned char *out)
{
    const size_t count = work->form->count, length = (count + work->segments - 1) / work->segments;
    sy_fse_lane last;
    SY_TRY(find_last(work, &last));
    work->lanes = malloc(work->segments * sizeof *work->lanes);
    SY_TRY(sy_check_alloc(work->ctx, work->lanes));
    for (uint32_t i = 0; i < work->segments; i++) {
        const size_t begin = i * length, end = begin + length < count ? begin + length : count;
        sy_fse_lane lane = work->ends ? end_of(work, i) : last;
        if (lane.position > last.position || lane.place >> work->log ||
            (i + 1 == work->segments && (lane.position != last.position || lane.place != last.place)))
            return sy_fail(work->ctx, SY_E_MODEL, "segment %u ends outside the stream", i);
        lane.end = out + end * (size_t)work->width;
        lane.left = end - begin;
        work->lanes[i] = lane;
    }
    return SY_OK;
}

/* Every segment begins where the one before ends. */
static sy_status check_lanes(const decoder *work)
{
    for (uint32_t i = 0; i < work->segments; i++) {
        const sy_fse_lane before = i ? end_of(work, i - 1) : (sy_fse_lane){.place = work->lanes[0].place};
        if (work->lanes[i].position != before.position || work->lanes[i].place != before.place)
            return sy_fail(work->ctx, SY_E_MODEL, "the codes of segment %u do not begin where it does", i);
    }
    return SY_OK;
}

static sy_status decode(decoder *work, void *out)
{
    SY_TRY(open_stream(work));
    SY_TRY(make_steps(work));
    SY_TRY(make_lanes(work, out));
    const sy_fse_bits bits = {work->words, work->words_bits};
    if (!sy_fse_run_lanes(work->steps, work->log, &bits, work->lanes, work->segments, work->width))
        return sy_fail(work->ctx, SY_E_MODEL, "the stream ends before its codes do");
    return check_lanes(work);
}

sy_status sy_fse_decode_elements(sy_ctx *ctx, sy_coding coding, const void *stream, size_t bytes,
                                 const sy_code_form *form, sy_element element, void *out)
{
    const unsigned char *at = stream;
    decoder work = {.ctx = ctx,
                    .coding = coding,
                    .form = form,
                    .width = element.bits / 8,
                    .flip = element.is_signed ? 0 : 1u << (element.bits - 1),
                    .source = {.at = at, .end = at + bytes},
                    .begin = at};
    const sy_status status = decode(&work, out);
    free(work.frequencies);
    free(work.values);
    free(work.words);
    free(work.steps);
    free(work.lanes);
    return status;
}
