/* Finite state entropy: numeral systems by table. A state is a number x of [T, 2T) with T = 2^log; its place
 * is x - T. Each place belongs to a symbol, in proportion to how often that one is used. Encoding a symbol of
 * frequency f moves to the place of it that x tells, after so many low bits of x were written that f to 2f -
 * 1 is left; decoding goes back.
 */
#ifndef SY_PACK_FSE_H
#define SY_PACK_FSE_H

#include "pack/codes.h"

enum { SY_FSE_LOG_LEAST = 4, SY_FSE_LOG_MOST = 16 };

/* min(16, floor(log2(symbols)) + 4). */
int sy_fse_log(uint32_t symbols);

/* floor(log2(value)) for value above 0. */
int sy_fse_log2(uint32_t value);

/* Frequencies that add up to 2^log: round(2^log * uses / all), at least 1. What is too much is taken one by
 * one from the largest, the first of equals; what is missing goes to the largest.
 */
void sy_fse_normalise(const uint64_t *uses, uint32_t symbols, int log, uint32_t *out);

/* The symbol of each of the 2^log places, in steps of T/2 + T/8 + 3 from place 0 on. `frequencies` add up to
 * 2^log. */
void sy_fse_spread(const uint32_t *frequencies, uint32_t symbols, int log, uint16_t *out);

/* One code back: with the state at a place, `value` is it, and the place before is base + the last `bits`
 * bits. */
typedef struct sy_fse_step {
    uint16_t base, mask; /* mask = 2^bits - 1 */
    uint16_t value;      /* the low bits of an element */
    uint16_t bits;
} sy_fse_step;

/* A segment that is being decoded, from its end. */
typedef struct sy_fse_lane {
    uint64_t position; /* bits of the stream before what is still to be read */
    uint32_t place;
    unsigned char *end; /* behind the next element */
    size_t left;        /* codes */
} sy_fse_lane;

/* A lane holds up to 63 bits that it has not used, and reads 8 bytes more. */
enum { SY_FSE_BITS_PAD = 16 };

/* The words of a stream, the last one first, each little endian: from the first byte's lowest bit on, bits
 * stand in the order in which they are read. SY_FSE_BITS_PAD bytes of 0 follow.
 */
typedef struct sy_fse_bits {
    const unsigned char *bytes;
    uint64_t count; /* 64 a word */
} sy_fse_bits;

/* Decodes all codes of the lanes, side by side, into elements of `width` bytes, 1 or 2, little endian. Of
 * `bits` the last lane->position ones are still to be read by a lane. false where bits are missing.
 */
bool sy_fse_run_lanes(const sy_fse_step *steps, int log, const sy_fse_bits *bits, sy_fse_lane *lanes,
                      uint32_t count, int width);

#endif
