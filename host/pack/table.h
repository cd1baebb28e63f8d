/* What INDEXING and SPARSE begin with: how many different codes there are, and which. */
#ifndef SY_PACK_TABLE_H
#define SY_PACK_TABLE_H

#include "pack/bits.h"
#include "pack/codes.h"

/* The number on `bits` bits, where 0 is 2^bits, then the codes above their least one, `bits` bits each. */
void sy_table_put(sy_bit_writer *writer, const sy_code_set *set, int bits);

/* The codes as they were written. The caller frees *out. SY_E_MODEL where the table is longer than the
 * stream. */
sy_status sy_table_take(sy_ctx *ctx, sy_bit_reader *reader, int bits, int16_t **out, uint32_t *out_count);

/* ceil(log2(count)) for 1 to 65536. */
int sy_table_index_bits(uint32_t count);

/* A code by its place; false beyond the table. */
bool sy_table_find(const int16_t *table, uint32_t count, uint32_t place, int16_t *out);

#endif
