#include "pack/table.h"

#include <stdlib.h>

void sy_table_put(sy_bit_writer *writer, const sy_code_set *set, int bits)
{
    const int32_t least = -(1 << (bits - 1));
    sy_bits_put_high(writer, set->count & ((1u << bits) - 1), bits);
    for (uint32_t s = 0; s < set->count; s++)
        sy_bits_put_high(writer, (uint32_t)(set->values[s] - least), bits);
}

sy_status sy_table_take(sy_ctx *ctx, sy_bit_reader *reader, int bits, int16_t **out, uint32_t *out_count)
{
    const int32_t least = -(1 << (bits - 1));
    uint32_t count = sy_bits_take_high(reader, bits);
    if (count == 0)
        count = 1u << bits;
    int16_t *table = malloc(count * sizeof *table);
    SY_TRY(sy_check_alloc(ctx, table));
    for (uint32_t s = 0; s < count; s++)
        table[s] = (int16_t)(least + (int32_t)sy_bits_take_high(reader, bits));
    sy_status status = SY_OK;
    if (reader->source.failed)
        status = sy_fail(ctx, SY_E_MODEL, "the stream ends in its table of %u codes", count);
    for (uint32_t s = 1; s < count && status == SY_OK; s++)
        if (table[s] <= table[s - 1])
            status = sy_fail(ctx, SY_E_MODEL, "the codes of the stream's table do not ascend");
    if (status != SY_OK) {
        free(table);
        return status;
    }
    *out = table;
    *out_count = count;
    return SY_OK;
}

int sy_table_index_bits(uint32_t count)
{
    int bits = 0;
    while (count > 1u << bits)
        bits++;
    return bits;
}

bool sy_table_find(const int16_t *table, uint32_t count, uint32_t place, int16_t *out)
{
    if (place >= count)
        return false;
    *out = table[place];
    return true;
}
