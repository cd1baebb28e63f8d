#include <assert.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "pack/bits.h"
#include "pack/fse.h"

/* The bits of the stream, in words of 64 whose first bit is the highest. */
typedef struct bit_words {
    sy_text *out;
    uint64_t held;
    int count;
    uint32_t full; /* words written */
} bit_words;

static void put_bits(bit_words *words, uint32_t value, int bits)
{
    const int room = 64 - words->count;
    assert(bits <= 16);
    if (bits < room) {
        words->held = words->held << bits | value;
        words->count += bits;
        return;
    }
    const int left = bits - room;
    sy_put_u64(words->out, words->held << room | value >> left);
    words->full++;
    words->held = value & ((1u << left) - 1);
    words->count = left;
}

typedef struct encoder {
    sy_coding coding;
    int log;
    uint32_t *frequencies; /* [symbols] */
    uint32_t *starts;      /* [symbols] of the symbol's places in `next` */
    uint16_t *next;        /* [2^log] places of each symbol, ascending */
    uint64_t *ends;        /* [segments] */
    uint32_t segments;
} encoder;

static void fill_tables(encoder *work, const sy_code_set *set, uint16_t *symbols)
{
    const uint32_t size = 1u << work->log;
    uint32_t start = 0;
    sy_fse_normalise(set->uses, set->count, work->log, work->frequencies);
    sy_fse_spread(work->frequencies, set->count, work->log, symbols);
    for (uint32_t s = 0; s < set->count; s++) {
        work->starts[s] = start;
        start += work->frequencies[s];
    }
    for (uint32_t place = 0; place < size; place++)
        work->next[work->starts[symbols[place]]++] = (uint16_t)place;
    for (uint32_t s = 0; s < set->count; s++)
        work->starts[s] -= work->frequencies[s];
}

/* The state after a symbol; `words` NULL: its bits are not wanted. */
static uint32_t put_symbol(const encoder *work, bit_words *words, uint32_t symbol, uint32_t state)
{
    const uint32_t frequency = work->frequencies[symbol];
    int bits = work->log - sy_fse_log2(frequency);
    bits -= state < frequency << bits;
    if (words)
        put_bits(words, state & ((1u << bits) - 1), bits);
    return (1u << work->log) + work->next[work->starts[symbol] + (state >> bits) - frequency];
}

static void put_pad(sy_text *out, size_t begin, size_t unit)
{
    while ((out->size - begin) % unit && !out->failed)
        sy_put_u8(out, 0);
}

/* The codes as words and the number of bits in the last; *out_words is how many there are. */
static void put_codes(encoder *work, const int16_t *codes, size_t count, const sy_code_set *set, sy_text *out,
                      uint32_t *out_words)
{
    const size_t length = (count + work->segments - 1) / work->segments;
    const uint32_t size = 1u << work->log;
    bit_words words = {.out = out};
    uint32_t state = put_symbol(work, NULL, set->places[codes[0] - set->least], size), segment = 0;
    for (size_t i = 0; i < count; i++) {
        state = put_symbol(work, &words, set->places[codes[i] - set->least], state);
        if ((i + 1) % length == 0 || i + 1 == count)
            work->ends[segment++] = (uint64_t)words.full << 32 | (state - size) << 16 | (uint32_t)words.count;
    }
    put_bits(&words, state - size, work->log);
    sy_put_u64(out, words.count ? words.held << (64 - words.count) : 0);
    sy_put_u8(out, (uint8_t)words.count);
    *out_words = words.full + 1;
}

/* Frequencies and codes, 32 bits each. */
static void put_table(const encoder *work, const sy_code_set *set, sy_text *out, size_t begin)
{
    for (uint32_t s = 0; s < set->count; s++)
        sy_put_u32(out, work->frequencies[s]);
    put_pad(out, begin, 8);
    for (uint32_t s = 0; s < set->count; s++)
        sy_put_u32(out, (uint32_t)(int32_t)set->values[s]);
}

/* The same in few bits: frequencies are small, and codes follow each other. */
static void put_short_table(const encoder *work, const sy_code_set *set, int bits, sy_text *out)
{
    sy_bit_writer writer = {.out = out};
    for (uint32_t s = 0; s < set->count; s++)
        sy_bits_put_gamma(&writer, work->frequencies[s]);
    sy_bits_put_high(&writer, (uint32_t)(set->values[0] + (1 << (bits - 1))), bits);
    for (uint32_t s = 1; s < set->count; s++)
        sy_bits_put_gamma(&writer, (uint32_t)(set->values[s] - set->values[s - 1]));
    sy_bits_flush_high(&writer);
}

static void put_stream(encoder *work, const int16_t *codes, const sy_code_form *form, const sy_code_set *set,
                       sy_text *out)
{
    const size_t begin = out->size;
    uint32_t words = 0;
    sy_put_u8(out, (uint8_t)set->count);
    sy_put_u8(out, (uint8_t)(set->count >> 8));
    sy_put_u8(out, (uint8_t)work->log);
    sy_put_u8(out, 0);
    const size_t field = out->size;
    sy_put_u32(out, 0);
    if (work->coding == SY_CODING_FSE_SHORT)
        put_short_table(work, set, form->bits, out);
    else
        put_table(work, set, out, begin);
    put_pad(out, begin, 8);
    put_codes(work, codes, form->count, set, out, &words);
    for (int i = 0; i < 4 && !out->failed; i++)
        out->bytes[field + (size_t)i] = (char)(words >> 8 * i);
    if (work->segments == 1)
        return;
    put_pad(out, begin, 4);
    sy_put_u32(out, work->segments);
    for (uint32_t i = 0; i < work->segments; i++)
        sy_put_u64(out, work->ends[i]);
}

uint32_t sy_fse_segments(size_t count, uint32_t most)
{
    if (count <= SY_FSE_SEGMENT_CODES)
        return 1;
    const size_t length = (count + most - 1) / most;
    return (uint32_t)((count + length - 1) / length);
}

sy_status sy_fse_encode(sy_ctx *ctx, sy_coding coding, const int16_t *codes, const sy_code_form *form,
                        const sy_code_set *set, sy_text *out)
{
    if (set->count > SY_FSE_SYMBOLS_MAX || form->count > SY_CODES_MAX)
        return SY_OK;
    encoder work = {.coding = coding, .log = sy_fse_log(set->count), .segments = form->segments};
    const size_t size = (size_t)1 << work.log;
    uint16_t *symbols = malloc(size * sizeof *symbols);
    work.frequencies = malloc(set->count * sizeof *work.frequencies);
    work.starts = malloc(set->count * sizeof *work.starts);
    work.next = malloc(size * sizeof *work.next);
    work.ends = malloc(work.segments * sizeof *work.ends);
    const bool good = symbols && work.frequencies && work.starts && work.next && work.ends;
    if (good) {
        fill_tables(&work, set, symbols);
        put_stream(&work, codes, form, set, out);
    }
    free(symbols);
    free(work.frequencies);
    free(work.starts);
    free(work.next);
    free(work.ends);
    return sy_check_alloc(ctx, good ? out : NULL);
}
