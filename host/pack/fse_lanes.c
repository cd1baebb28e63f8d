/* The inner loop of FSE decoding. Everything marked inline is compiled once for each number of lanes and
 * width that run() names, where these are constants.
 */
#include <string.h>

#include "pack/fse.h"

static inline uint64_t load_word(const unsigned char *at)
{
#if defined __BYTE_ORDER__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return word;
#else
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
#endif
}

/* A lane in registers. */
typedef struct reading {
    uint64_t bits;             /* what is read next, the next bit lowest */
    unsigned held;             /* how many of them count; those above are the same that will be read there */
    const unsigned char *next; /* of the bytes, behind those that count */
    uint32_t place;
    unsigned char *end;
} reading;

enum { REFILLED_BITS = 56 }; /* at least so many count afterwards */

static inline void refill(reading *at)
{
    at->bits |= load_word(at->next) << at->held;
    at->next += (63 - at->held) >> 3;
    at->held |= REFILLED_BITS;
}

static inline void take_step(const sy_fse_step *steps, reading *at, int width)
{
    const sy_fse_step *step = &steps[at->place];
    at->end -= width;
    at->end[0] = (unsigned char)step->value;
    if (width == 2)
        at->end[1] = (unsigned char)(step->value >> 8);
    at->place = step->base + ((uint32_t)at->bits & step->mask);
    at->bits >>= step->bits;
    at->held -= step->bits;
}

static inline reading begin_reading(const sy_fse_bits *bits, const sy_fse_lane *lane)
{
    const uint64_t offset = bits->count - lane->position;
    reading at = {.next = bits->bytes + offset / 8, .place = lane->place, .end = lane->end};
    refill(&at);
    at.bits >>= offset % 8;
    at.held -= (unsigned)(offset % 8);
    return at;
}

static inline void end_reading(const sy_fse_bits *bits, const reading *at, size_t codes, sy_fse_lane *lane)
{
    lane->position = bits->count - (8 * (uint64_t)(at->next - bits->bytes) - at->held);
    lane->place = at->place;
    lane->end = at->end;
    lane->left -= codes;
}

/* As many batches as every lane surely has both codes and bits for: nothing needs to be checked in them. */
static size_t common_batches(const sy_fse_lane *lanes, int count, size_t batch, int log)
{
    size_t batches = SIZE_MAX;
    for (int i = 0; i < count; i++) {
        const size_t codes = lanes[i].left / batch;
        const uint64_t bits = lanes[i].position / (batch * (size_t)log);
        batches = codes < batches ? codes : batches;
        batches = bits < batches ? (size_t)bits : batches;
    }
    return batches;
}

/* Each step waits for the one before it in its lane; steps of other lanes fill the time. `count` is 1, 2 or
 * 4; a batch takes no more bits than a refill gives. */
static inline void run(const sy_fse_step *steps, int log, const sy_fse_bits *bits, sy_fse_lane *lanes,
                       int count, int width)
{
    const size_t batch = (size_t)(REFILLED_BITS / log);
    size_t batches;
    while ((batches = common_batches(lanes, count, batch, log)) > 0) {
        reading a = begin_reading(bits, &lanes[0]), b = begin_reading(bits, &lanes[count > 1 ? 1 : 0]);
        reading c = begin_reading(bits, &lanes[count > 2 ? 2 : 0]);
        reading d = begin_reading(bits, &lanes[count > 2 ? 3 : 0]);
        for (size_t i = 0; i < batches; i++) {
            refill(&a);
            if (count > 1)
                refill(&b);
            if (count > 2) {
                refill(&c);
                refill(&d);
            }
            for (size_t k = 0; k < batch; k++) {
                take_step(steps, &a, width);
                if (count > 1)
                    take_step(steps, &b, width);
                if (count > 2) {
                    take_step(steps, &c, width);
                    take_step(steps, &d, width);
                }
            }
        }
        end_reading(bits, &a, batches * batch, &lanes[0]);
        if (count > 1)
            end_reading(bits, &b, batches * batch, &lanes[1]);
        if (count > 2) {
            end_reading(bits, &c, batches * batch, &lanes[2]);
            end_reading(bits, &d, batches * batch, &lanes[3]);
        }
    }
}

static void run_lanes(const sy_fse_step *steps, int log, const sy_fse_bits *bits, sy_fse_lane *lanes,
                      uint32_t count, int width)
{
    uint32_t i = 0;
    for (; i + 4 <= count; i += 4)
        if (width == 1)
            run(steps, log, bits, lanes + i, 4, 1);
        else
            run(steps, log, bits, lanes + i, 4, 2);
    for (; i + 2 <= count; i += 2)
        if (width == 1)
            run(steps, log, bits, lanes + i, 2, 1);
        else
            run(steps, log, bits, lanes + i, 2, 2);
    for (i = 0; i < count; i++)
        if (width == 1)
            run(steps, log, bits, lanes + i, 1, 1);
        else
            run(steps, log, bits, lanes + i, 1, 2);
}

/* The last codes of a lane, one by one. */
static bool end_lane(const sy_fse_step *steps, const sy_fse_bits *bits, sy_fse_lane *lane, int width)
{
    while (lane->left) {
        reading at = begin_reading(bits, lane);
        if (steps[at.place].bits > lane->position)
            return false;
        take_step(steps, &at, width);
        end_reading(bits, &at, 1, lane);
    }
    return true;
}

bool sy_fse_run_lanes(const sy_fse_step *steps, int log, const sy_fse_bits *bits, sy_fse_lane *lanes,
                      uint32_t count, int width)
{
    run_lanes(steps, log, bits, lanes, count, width);
    bool good = true;
    for (uint32_t i = 0; i < count && good; i++)
        good = end_lane(steps, bits, &lanes[i], width);
    return good;
}
