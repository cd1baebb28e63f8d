/* SPARSE. */
#include <stdlib.h>

#include "pack/table.h"

enum { LEAST_GAP_BITS = 2, MOST_GAP_BITS = 10 };

static int16_t fill_of(const sy_code_form *form, size_t i)
{
    return form->fills[i / form->inner % form->channels];
}

sy_status sy_sparse_find_fills(sy_ctx *ctx, const int16_t *codes, size_t count, size_t channels, size_t inner,
                               const sy_code_set *set, int16_t *fills)
{
    size_t total;
    uint32_t *uses = sy_mul_size(channels, set->count, &total) ? calloc(total, sizeof *uses) : NULL;
    SY_TRY(sy_check_alloc(ctx, uses));
    for (size_t i = 0; i < count; i++)
        uses[i / inner % channels * set->count + set->places[codes[i] - set->least]]++;
    for (size_t c = 0; c < channels; c++) {
        const uint32_t *own = uses + c * set->count;
        uint32_t best = 0;
        for (uint32_t s = 1; s < set->count; s++)
            if (own[s] > own[best])
                best = s;
        fills[c] = set->values[best];
    }
    free(uses);
    return SY_OK;
}

/* Whether a code is written: it is no fill, or so many fills stand before it that they cannot be counted. */
static bool is_kept(const int16_t *codes, const sy_code_form *form, size_t i, size_t gap, int gap_bits)
{
    return codes[i] != fill_of(form, i) || gap == ((size_t)1 << gap_bits) - 1;
}

static size_t count_kept(const int16_t *codes, const sy_code_form *form, int gap_bits)
{
    size_t kept = 0, gap = 0;
    for (size_t i = 0; i < form->count; i++)
        if (is_kept(codes, form, i, gap, gap_bits)) {
            kept++;
            gap = 0;
        } else {
            gap++;
        }
    return kept;
}

size_t sy_sparse_bytes(const int16_t *codes, const sy_code_form *form, const sy_code_set *set, int *gap_bits,
                       size_t *out_kept)
{
    const size_t index = (size_t)sy_code_set_bits(set),
                 head = 40 + (size_t)form->bits * (1 + (size_t)set->count);
    size_t best = SIZE_MAX;
    for (int bits = LEAST_GAP_BITS; bits <= MOST_GAP_BITS; bits++) {
        const size_t kept = count_kept(codes, form, bits), total = kept * (index + (size_t)bits);
        if (total < best) {
            best = total;
            *gap_bits = bits;
            *out_kept = kept;
        }
    }
    return (head + best + 7) / 8;
}

void sy_sparse_encode(const int16_t *codes, const sy_code_form *form, const sy_code_set *set, sy_text *out)
{
    int gap_bits = 0;
    size_t kept = 0, gap = 0;
    sy_sparse_bytes(codes, form, set, &gap_bits, &kept);
    sy_bit_writer writer = {.out = out};
    sy_bits_put_high(&writer, (uint32_t)gap_bits, 8);
    sy_bits_put_high(&writer, (uint32_t)kept, 32);
    sy_table_put(&writer, set, form->bits);
    /* The gaps stand behind all indices: two passes. */
    for (int pass = 0; pass < 2; pass++, gap = 0)
        for (size_t i = 0; i < form->count; i++, gap++) {
            if (!is_kept(codes, form, i, gap, gap_bits))
                continue;
            if (pass == 0)
                sy_bits_put_high(&writer, set->places[codes[i] - set->least], sy_code_set_bits(set));
            else
                sy_bits_put_high(&writer, (uint32_t)gap, gap_bits);
            gap = SIZE_MAX; /* the loop makes it 0 */
        }
    sy_bits_flush_high(&writer);
}

/* The kept codes first go to the end of `out`, in their order: none is overwritten before it is read, as no
 * more codes follow it than kept ones do. */
static sy_status take_kept(sy_ctx *ctx, sy_bit_reader *reader, const int16_t *table, uint32_t table_count,
                           size_t kept, int16_t *out)
{
    const int bits = sy_table_index_bits(table_count);
    for (size_t k = 0; k < kept; k++) {
        const uint32_t place = sy_bits_take_high(reader, bits);
        if (!sy_table_find(table, table_count, place, &out[k]))
            return sy_fail(ctx, SY_E_MODEL, "kept code %zu is number %u of a table of %u", k, place,
                           table_count);
        if (reader->source.failed)
            return sy_fail(ctx, SY_E_MODEL, "the stream ends before kept code %zu of %zu", k, kept);
    }
    return SY_OK;
}

static sy_status spread_kept(sy_ctx *ctx, sy_bit_reader *reader, int gap_bits, size_t kept,
                             const sy_code_form *form, int16_t *out)
{
    size_t at = 0;
    const int16_t *codes = out + form->count - kept;
    for (size_t k = 0; k < kept; k++) {
        const size_t gap = sy_bits_take_high(reader, gap_bits);
        if (gap > form->count - (kept - k) - at)
            return sy_fail(ctx, SY_E_MODEL, "the gaps go beyond the %zu codes", form->count);
        const int16_t code = codes[k];
        for (size_t end = at + gap; at < end; at++)
            out[at] = fill_of(form, at);
        out[at++] = code;
    }
    for (; at < form->count; at++)
        out[at] = fill_of(form, at);
    return sy_bits_at_end(reader) ? SY_OK
                                  : sy_fail(ctx, SY_E_MODEL, "the gaps do not end where the stream does");
}

sy_status sy_sparse_decode(sy_ctx *ctx, const void *stream, size_t bytes, const sy_code_form *form,
                           int16_t *out)
{
    sy_bit_reader reader = sy_bits_begin(stream, bytes);
    const uint32_t gap_bits = sy_bits_take_high(&reader, 8), kept = sy_bits_take_high(&reader, 32);
    int16_t *table = NULL;
    uint32_t count = 0;
    if (gap_bits < LEAST_GAP_BITS || gap_bits > MOST_GAP_BITS)
        return sy_fail(ctx, SY_E_MODEL, "gaps of %u bits: %d to %d were expected", gap_bits, LEAST_GAP_BITS,
                       MOST_GAP_BITS);
    if (kept > form->count)
        return sy_fail(ctx, SY_E_MODEL, "%u of %zu codes are kept", kept, form->count);
    SY_TRY(sy_table_take(ctx, &reader, form->bits, &table, &count));
    sy_status status = take_kept(ctx, &reader, table, count, kept, out + form->count - kept);
    if (status == SY_OK)
        status = spread_kept(ctx, &reader, (int)gap_bits, kept, form, out);
    free(table);
    return status;
}
