/* BITPACKING. */
#include "base/bytes.h"
#include "pack/bits.h"
#include "pack/codes.h"

size_t sy_bitpack_bytes(size_t count, int bits)
{
    size_t total, unit = bits > 8 ? 16 : 8;
    if (!sy_mul_size(count, (size_t)bits, &total) || !sy_add_size(total, unit - 1, &total))
        return 0;
    return total / unit * (unit / 8);
}

void sy_bitpack_encode(const int16_t *codes, const sy_code_form *form, sy_text *out)
{
    const int32_t least = -(1 << (form->bits - 1));
    const size_t begin = out->size;
    sy_bit_writer writer = {.out = out};
    for (size_t i = 0; i < form->count; i++)
        sy_bits_put_low(&writer, (uint32_t)(codes[i] - least), form->bits);
    sy_bits_flush_low(&writer);
    if (form->bits > 8 && (out->size - begin) % 2)
        sy_put_u8(out, 0);
}

sy_status sy_bitpack_decode(sy_ctx *ctx, const void *stream, size_t bytes, const sy_code_form *form,
                            int16_t *out)
{
    const int32_t least = -(1 << (form->bits - 1));
    const size_t expected = sy_bitpack_bytes(form->count, form->bits);
    if (bytes != expected)
        return sy_fail(ctx, SY_E_MODEL, "%zu packed codes of %d bits take %zu bytes, not %zu", form->count,
                       form->bits, expected, bytes);
    sy_bit_reader reader = sy_bits_begin(stream, bytes);
    for (size_t i = 0; i < form->count; i++)
        out[i] = (int16_t)(least + (int32_t)sy_bits_take_low(&reader, form->bits));
    if (form->bits > 8 && reader.source.at != reader.source.end)
        reader.held |= sy_bytes_u8(&reader.source);
    return sy_bits_at_end(&reader) ? SY_OK
                                   : sy_fail(ctx, SY_E_MODEL, "there is something behind the packed codes");
}
