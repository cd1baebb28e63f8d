/* Numbers of a few bits behind each other in bytes. */
#ifndef SY_PACK_BITS_H
#define SY_PACK_BITS_H

#include "base/bytes.h"

/* A zeroed one with `out` set is ready. End it with the flush of its kind. */
typedef struct sy_bit_writer {
    sy_text *out;
    uint64_t held; /* bits that do not fill a byte yet */
    int count;
} sy_bit_writer;

/* At most 32 bits; `value` has no higher ones. LSB first: the first bit written is the lowest of a byte. */
void sy_bits_put_low(sy_bit_writer *writer, uint32_t value, int bits);
void sy_bits_flush_low(sy_bit_writer *writer); /* fills up a byte with zeros */
/* MSB first: the first bit of a value is its highest, and the highest of a byte. */
void sy_bits_put_high(sy_bit_writer *writer, uint32_t value, int bits);
void sy_bits_flush_high(sy_bit_writer *writer);

/* Elias' gamma code of a number from 1 to 2^17 - 1: as many zeros as it has bits behind its highest one, then
 * the number; MSB first. */
void sy_bits_put_gamma(sy_bit_writer *writer, uint32_t value);

/* Beyond the end every bit is 0, and source.failed is set. */
typedef struct sy_bit_reader {
    sy_bytes source;
    uint64_t held;
    int count;
} sy_bit_reader;

sy_bit_reader sy_bits_begin(const void *bytes, size_t size);
uint32_t sy_bits_take_low(sy_bit_reader *reader, int bits);
uint32_t sy_bits_take_high(sy_bit_reader *reader, int bits);
uint32_t sy_bits_take_gamma(sy_bit_reader *reader); /* 0: it is none */
/* Whether what fills up the byte that was begun is 0. */
bool sy_bits_skip_rest(sy_bit_reader *reader);
/* Whether all bytes were read, and no bit was missing, and those that fill up the last byte are 0. */
bool sy_bits_at_end(const sy_bit_reader *reader);

#endif
