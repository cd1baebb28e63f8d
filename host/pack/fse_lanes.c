/* The inner loop of FSE decoding. Everything marked inline is compiled once for each batch and width that
 * run() names, where these are constants.
 */
#include "pack/fse.h"

static inline uint64_t load_word(const unsigned char *at)
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

/* The 64 bits before `position`, which is at least 64; the last one lowest. */
static inline uint64_t window_before(const unsigned char *words, uint64_t position)
{
    const unsigned rest = position & 63;
    const unsigned char *at = words + position / 64 * 8;
    return load_word(at) >> 1 >> (63 - rest) | load_word(at - 8) << rest;
}

static inline void store(unsigned char *at, uint16_t value, int width)
{
    at[0] = (unsigned char)value;
    if (width == 2)
        at[1] = (unsigned char)(value >> 8);
}

/* What is read of a window while codes are taken from it. */
typedef struct reading {
    uint64_t window;
    uint32_t place;
    unsigned used;
} reading;

static inline void take_step(const sy_fse_step *steps, reading *at, unsigned char *end, int width)
{
    const sy_fse_step *step = &steps[at->place];
    store(end, step->value, width);
    at->place = step->base + ((uint32_t)at->window & step->mask);
    at->window >>= step->bits;
    at->used += step->bits;
}

enum { WINDOW_BITS = 64, BATCH_MOST = 8 };

/* `batch`, 4 to 8, codes that take no more bits than a window has. */
static inline void take_batch(const sy_fse_step *steps, const unsigned char *words, sy_fse_lane *lane,
                              int batch, int width)
{
    reading at = {.window = window_before(words, lane->position), .place = lane->place};
    unsigned char *end = lane->end;
    const ptrdiff_t step = width;
    take_step(steps, &at, end - 1 * step, width);
    take_step(steps, &at, end - 2 * step, width);
    take_step(steps, &at, end - 3 * step, width);
    take_step(steps, &at, end - 4 * step, width);
    if (batch > 4)
        take_step(steps, &at, end - 5 * step, width);
    if (batch > 5)
        take_step(steps, &at, end - 6 * step, width);
    if (batch > 6) {
        take_step(steps, &at, end - 7 * step, width);
        take_step(steps, &at, end - 8 * step, width);
    }
    lane->place = at.place;
    lane->position -= at.used;
    lane->end = end - batch * step;
    lane->left -= (size_t)batch;
}

/* One code near the beginning of the stream. */
static bool take_code(const sy_fse_step *steps, const unsigned char *words, sy_fse_lane *lane, int width)
{
    const sy_fse_step *step = &steps[lane->place];
    if (step->bits > lane->position)
        return false;
    uint32_t value = 0;
    for (uint64_t i = lane->position - step->bits; i < lane->position; i++)
        value = value << 1 | (uint32_t)(load_word(words + i / 64 * 8) >> (63 - i % 64) & 1);
    lane->end -= width;
    store(lane->end, step->value, width);
    lane->place = step->base + value;
    lane->position -= step->bits;
    lane->left--;
    return true;
}

static inline bool has_batch(const sy_fse_lane *lane, int batch)
{
    return lane->left >= (size_t)batch && lane->position >= WINDOW_BITS;
}

/* Each step waits for the one before it in its lane; lanes side by side fill the time. */
static inline void run_four(const sy_fse_step *steps, const unsigned char *words, sy_fse_lane lanes[4],
                            int batch, int width)
{
    sy_fse_lane a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];
    while (has_batch(&a, batch) && has_batch(&b, batch) && has_batch(&c, batch) && has_batch(&d, batch)) {
        take_batch(steps, words, &a, batch, width);
        take_batch(steps, words, &b, batch, width);
        take_batch(steps, words, &c, batch, width);
        take_batch(steps, words, &d, batch, width);
    }
    lanes[0] = a;
    lanes[1] = b;
    lanes[2] = c;
    lanes[3] = d;
}

static inline void run_batches(const sy_fse_step *steps, const unsigned char *words, sy_fse_lane *lanes,
                               uint32_t count, int batch, int width)
{
    for (uint32_t i = 0; i + 4 <= count; i += 4)
        run_four(steps, words, lanes + i, batch, width);
    for (uint32_t i = 0; i < count; i++) {
        sy_fse_lane lane = lanes[i];
        while (has_batch(&lane, batch))
            take_batch(steps, words, &lane, batch, width);
        lanes[i] = lane;
    }
}

static void run_bytes(const sy_fse_step *steps, const unsigned char *words, sy_fse_lane *lanes,
                      uint32_t count, int batch)
{
    switch (batch) {
    case 4: run_batches(steps, words, lanes, count, 4, 1); break;
    case 5: run_batches(steps, words, lanes, count, 5, 1); break;
    case 6: run_batches(steps, words, lanes, count, 6, 1); break;
    default: run_batches(steps, words, lanes, count, 8, 1); break;
    }
}

static void run_pairs(const sy_fse_step *steps, const unsigned char *words, sy_fse_lane *lanes,
                      uint32_t count, int batch)
{
    switch (batch) {
    case 4: run_batches(steps, words, lanes, count, 4, 2); break;
    case 5: run_batches(steps, words, lanes, count, 5, 2); break;
    case 6: run_batches(steps, words, lanes, count, 6, 2); break;
    default: run_batches(steps, words, lanes, count, 8, 2); break;
    }
}

/* Codes that a window surely holds, where each takes at most `log` bits. */
static int batch_of(int log)
{
    const int batch = WINDOW_BITS / log;
    return batch == 7 ? 6 : batch > BATCH_MOST ? BATCH_MOST : batch;
}

bool sy_fse_run_lanes(const sy_fse_step *steps, int log, const unsigned char *words, sy_fse_lane *lanes,
                      uint32_t count, int width)
{
    if (width == 1)
        run_bytes(steps, words, lanes, count, batch_of(log));
    else
        run_pairs(steps, words, lanes, count, batch_of(log));
    bool good = true;
    for (uint32_t i = 0; i < count && good; i++)
        while (lanes[i].left && good)
            good = take_code(steps, words, &lanes[i], width);
    return good;
}
