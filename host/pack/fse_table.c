#include "pack/fse.h"

int sy_fse_log2(uint32_t value)
{
    int log = 0;
    while (value >>= 1)
        log++;
    return log;
}

int sy_fse_log(uint32_t symbols)
{
    const int log = sy_fse_log2(symbols) + 4;
    return log < SY_FSE_LOG_MOST ? log : SY_FSE_LOG_MOST;
}

/* The largest frequency, the largest below it (0: none), and how many have the first. */
static void find_peak(const uint32_t *frequencies, uint32_t symbols, uint32_t *largest, uint32_t *next,
                      uint32_t *count)
{
    *largest = *next = *count = 0;
    for (uint32_t s = 0; s < symbols; s++)
        if (frequencies[s] > *largest) {
            *next = *largest;
            *largest = frequencies[s];
            *count = 1;
        } else if (frequencies[s] == *largest) {
            ++*count;
        } else if (frequencies[s] > *next) {
            *next = frequencies[s];
        }
}

/* One by one from the first of the largest is level by level: the `count` largest lose one each before any
 * loses two. */
static void take_excess(uint32_t *frequencies, uint32_t symbols, uint64_t excess)
{
    while (excess) {
        uint32_t largest, next, count;
        find_peak(frequencies, symbols, &largest, &next, &count);
        uint64_t levels = largest - next, rest = 0;
        if (levels * count > excess) {
            levels = excess / count;
            rest = excess % count;
        }
        excess -= levels * count + rest;
        for (uint32_t s = 0; s < symbols; s++)
            if (frequencies[s] == largest) {
                frequencies[s] = (uint32_t)(largest - levels - (rest != 0));
                rest -= rest != 0;
            }
    }
}

void sy_fse_normalise(const uint64_t *uses, uint32_t symbols, int log, uint32_t *out)
{
    const uint64_t size = 1ull << log;
    uint64_t total = 0, sum = 0;
    uint32_t largest = 0;
    for (uint32_t s = 0; s < symbols; s++)
        total += uses[s];
    for (uint32_t s = 0; s < symbols; s++) {
        const uint64_t rounded = (2 * size * uses[s] + total) / (2 * total);
        out[s] = rounded ? (uint32_t)rounded : 1;
        sum += out[s];
        largest = out[s] > out[largest] ? s : largest;
    }
    if (sum < size)
        out[largest] += (uint32_t)(size - sum);
    else
        take_excess(out, symbols, sum - size);
}

void sy_fse_spread(const uint32_t *frequencies, uint32_t symbols, int log, uint16_t *out)
{
    const uint32_t size = 1u << log, step = size / 2 + size / 8 + 3;
    uint32_t place = 0;
    for (uint32_t s = 0; s < symbols; s++)
        for (uint32_t i = 0; i < frequencies[s]; i++) {
            out[place] = (uint16_t)s;
            place = (place + step) & (size - 1);
        }
}
