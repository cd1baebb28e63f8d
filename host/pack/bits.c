#include "pack/bits.h"

void sy_bits_put_low(sy_bit_writer *writer, uint32_t value, int bits)
{
    writer->held |= (uint64_t)value << writer->count;
    for (writer->count += bits; writer->count >= 8; writer->count -= 8) {
        sy_put_u8(writer->out, (uint8_t)writer->held);
        writer->held >>= 8;
    }
}

void sy_bits_flush_low(sy_bit_writer *writer)
{
    if (writer->count)
        sy_bits_put_low(writer, 0, 8 - writer->count);
}

void sy_bits_put_high(sy_bit_writer *writer, uint32_t value, int bits)
{
    writer->held = writer->held << bits | value;
    for (writer->count += bits; writer->count >= 8; writer->count -= 8)
        sy_put_u8(writer->out, (uint8_t)(writer->held >> (writer->count - 8)));
}

void sy_bits_flush_high(sy_bit_writer *writer)
{
    if (writer->count)
        sy_bits_put_high(writer, 0, 8 - writer->count);
}

enum { GAMMA_BITS = 16 }; /* behind the highest one */

void sy_bits_put_gamma(sy_bit_writer *writer, uint32_t value)
{
    int bits = 0;
    while (value >> (bits + 1))
        bits++;
    sy_bits_put_high(writer, 0, bits);
    sy_bits_put_high(writer, value, bits + 1);
}

sy_bit_reader sy_bits_begin(const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    return (sy_bit_reader){.source = {.at = at, .end = at + size}};
}

uint32_t sy_bits_take_low(sy_bit_reader *reader, int bits)
{
    for (; reader->count < bits; reader->count += 8)
        reader->held |= (uint64_t)sy_bytes_u8(&reader->source) << reader->count;
    const uint32_t value = (uint32_t)(reader->held & ((1ull << bits) - 1));
    reader->held >>= bits;
    reader->count -= bits;
    return value;
}

uint32_t sy_bits_take_high(sy_bit_reader *reader, int bits)
{
    for (; reader->count < bits; reader->count += 8)
        reader->held = reader->held << 8 | sy_bytes_u8(&reader->source);
    reader->count -= bits;
    const uint32_t value = (uint32_t)(reader->held >> reader->count);
    reader->held &= (1ull << reader->count) - 1;
    return value;
}

uint32_t sy_bits_take_gamma(sy_bit_reader *reader)
{
    int bits = 0;
    while (!sy_bits_take_high(reader, 1))
        if (++bits > GAMMA_BITS)
            return 0;
    return 1u << bits | sy_bits_take_high(reader, bits);
}

bool sy_bits_skip_rest(sy_bit_reader *reader)
{
    return sy_bits_take_high(reader, reader->count % 8) == 0;
}

bool sy_bits_at_end(const sy_bit_reader *reader)
{
    return !reader->source.failed && reader->source.at == reader->source.end && !reader->held;
}
