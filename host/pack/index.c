/* INDEXING. */
#include <stdlib.h>

#include "pack/table.h"

size_t sy_index_bytes(const sy_code_set *set, size_t count, int bits)
{
    const size_t table = (size_t)bits + (size_t)bits * set->count;
    size_t total;
    if (!sy_mul_size(count, (size_t)sy_code_set_bits(set), &total) || !sy_add_size(total, table + 7, &total))
        return 0;
    return total / 8;
}

void sy_index_encode(const int16_t *codes, const sy_code_form *form, const sy_code_set *set, sy_text *out)
{
    const int bits = sy_code_set_bits(set);
    sy_bit_writer writer = {.out = out};
    sy_table_put(&writer, set, form->bits);
    for (size_t i = 0; i < form->count; i++)
        sy_bits_put_high(&writer, set->places[codes[i] - set->least], bits);
    sy_bits_flush_high(&writer);
}

sy_status sy_index_decode(sy_ctx *ctx, const void *stream, size_t bytes, const sy_code_form *form,
                          int16_t *out)
{
    sy_bit_reader reader = sy_bits_begin(stream, bytes);
    int16_t *table = NULL;
    uint32_t count = 0;
    SY_TRY(sy_table_take(ctx, &reader, form->bits, &table, &count));
    const int bits = sy_table_index_bits(count);
    sy_status status = SY_OK;
    for (size_t i = 0; i < form->count && status == SY_OK; i++) {
        const uint32_t place = sy_bits_take_high(&reader, bits);
        if (!sy_table_find(table, count, place, &out[i]))
            status = sy_fail(ctx, SY_E_MODEL, "code %zu is number %u of a table of %u", i, place, count);
        else if (reader.source.failed)
            status = sy_fail(ctx, SY_E_MODEL, "the stream ends before code %zu of %zu", i, form->count);
    }
    free(table);
    if (status == SY_OK && !sy_bits_at_end(&reader))
        status = sy_fail(ctx, SY_E_MODEL, "there is something behind the last index");
    return status;
}
