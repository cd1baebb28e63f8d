#include "calib/exact_sum.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

void sy_exact_sum_merge(sy_exact_sum *sum, const sy_exact_sum *other)
{
    uint64_t carry = 0;
    for (int i = 0; i < SY_EXACT_SUM_WORDS; i++) {
        const uint64_t a = sum->words[i] + carry;
        const uint64_t b = a + other->words[i];
        carry = (a < carry) | (b < a);
        sum->words[i] = b;
    }
}

/* sum += (high, low) * 2^(64 word), modulo 2^640. Mostly the carry ends soon. */
static void add_at(sy_exact_sum *sum, unsigned word, uint64_t low, uint64_t high)
{
    uint64_t term = low, carry = 0;
    for (unsigned i = word; i < SY_EXACT_SUM_WORDS; i++) {
        const uint64_t a = sum->words[i] + carry;
        sum->words[i] = a + term;
        carry = (a < carry) | (sum->words[i] < term);
        term = i == word ? high : 0;
        if (!carry && !term)
            return;
    }
}

static void subtract_at(sy_exact_sum *sum, unsigned word, uint64_t low, uint64_t high)
{
    uint64_t term = low, borrow = 0;
    for (unsigned i = word; i < SY_EXACT_SUM_WORDS; i++) {
        const uint64_t a = sum->words[i] - borrow;
        borrow = (sum->words[i] < borrow) | (a < term);
        sum->words[i] = a - term;
        term = i == word ? high : 0;
        if (!borrow && !term)
            return;
    }
}

void sy_exact_sum_add(sy_exact_sum *sum, int64_t value, int exponent)
{
    assert(exponent >= SY_EXACT_SUM_LOWEST && exponent <= 240);
    const unsigned place = (unsigned)(exponent - SY_EXACT_SUM_LOWEST);
    const unsigned word = place / 64, shift = place % 64;
    const uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    const uint64_t low = magnitude << shift, high = shift ? magnitude >> (64 - shift) : 0;
    if (value < 0)
        subtract_at(sum, word, low, high);
    else
        add_at(sum, word, low, high);
}

void sy_exact_sum_add_float(sy_exact_sum *sum, float value)
{
    enum { FRACTION_BITS = 23, LOWEST = -149 };
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const int field = (int)(bits >> FRACTION_BITS & 0xff);
    const int64_t fraction = bits & ((1u << FRACTION_BITS) - 1);
    const int64_t magnitude = field ? fraction | 1 << FRACTION_BITS : fraction;
    sy_exact_sum_add(sum, bits >> 31 ? -magnitude : magnitude, field ? LOWEST - 1 + field : LOWEST);
}

/* False, and nothing is added, where the float is not such a multiple. */
static bool add_to_window(int64_t *window, float value)
{
    const float scaled = value * 0x1p34f; /* without rounding, unless it is too large */
    if (!(fabsf(scaled) < 0x1p53f))
        return false;
    const int64_t units = (int64_t)scaled;
    if ((float)units != scaled)
        return false;
    *window += units;
    return true;
}

void sy_exact_windows_add(int64_t *windows, sy_exact_sum *sums, const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!add_to_window(&windows[i], values[i]))
            sy_exact_sum_add_float(&sums[i], values[i]);
}

void sy_exact_windows_close(int64_t *windows, sy_exact_sum *sums, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        sy_exact_sum_add(&sums[i], windows[i], SY_EXACT_WINDOW_LOWEST);
        windows[i] = 0;
    }
}

static void negate(sy_exact_sum *sum)
{
    uint64_t carry = 1;
    for (int i = 0; i < SY_EXACT_SUM_WORDS; i++) {
        sum->words[i] = ~sum->words[i] + carry;
        carry = carry && sum->words[i] == 0;
    }
}

/* Bits from..from+63 of a number that is not negative. */
static uint64_t bits_from(const sy_exact_sum *sum, int from)
{
    const int word = from / 64, shift = from % 64;
    const uint64_t low = sum->words[word] >> shift;
    if (shift == 0 || word + 1 == SY_EXACT_SUM_WORDS)
        return low;
    return low | (sum->words[word + 1] << (64 - shift));
}

static bool any_below(const sy_exact_sum *sum, int bit)
{
    for (int i = 0; i < bit / 64; i++)
        if (sum->words[i])
            return true;
    return bit % 64 && (sum->words[bit / 64] & ((UINT64_C(1) << bit % 64) - 1));
}

double sy_exact_sum_value(const sy_exact_sum *sum)
{
    sy_exact_sum magnitude = *sum;
    const bool negative = sum->words[SY_EXACT_SUM_WORDS - 1] >> 63;
    if (negative)
        negate(&magnitude);

    int top = SY_EXACT_SUM_WORDS * 64 - 1;
    while (top >= 0 && !(magnitude.words[top / 64] >> top % 64 & 1))
        top--;
    const int from = top > 52 ? top - 52 : 0; /* the lowest of the 53 bits a double holds */
    uint64_t mantissa = bits_from(&magnitude, from) & ((UINT64_C(1) << 53) - 1);
    if (from > 0 && (magnitude.words[(from - 1) / 64] >> (from - 1) % 64 & 1) &&
        (any_below(&magnitude, from - 1) || (mantissa & 1)))
        mantissa++;
    const double value = ldexp((double)mantissa, from + SY_EXACT_SUM_LOWEST);
    return negative ? -value : value;
}
