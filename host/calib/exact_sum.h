/* Sums of floats and scaled integers without rounding, so that the order of the terms does not matter: a
 * 640-bit fixed-point number, as Kulisch's long accumulator. It holds 2^32 terms of any size that the
 * statistics make.
 */
#ifndef SY_CALIB_EXACT_SUM_H
#define SY_CALIB_EXACT_SUM_H

#include <stddef.h>
#include <stdint.h>

enum { SY_EXACT_SUM_WORDS = 10, SY_EXACT_SUM_LOWEST = -300 };
/* Of a window: the worth of its bit 0, and how many floats it holds for certain. */
enum { SY_EXACT_WINDOW_LOWEST = -34, SY_EXACT_WINDOW_TERMS = 1023 };

/* Two's complement, word 0 lowest; bit 0 is worth 2^SY_EXACT_SUM_LOWEST. A zeroed one is 0. */
typedef struct sy_exact_sum {
    uint64_t words[SY_EXACT_SUM_WORDS];
} sy_exact_sum;

/* += value * 2^exponent, -300 <= exponent <= 240. */
void sy_exact_sum_add(sy_exact_sum *sum, int64_t value, int exponent);
/* += a finite float. */
void sy_exact_sum_add_float(sy_exact_sum *sum, float value);
/* Adds a float to each of many sums. Most are multiples of 2^SY_EXACT_WINDOW_LOWEST below 2^19, and go to the
 * sum's window, a word instead of ten; any other, finite, goes to the sum itself. After at most
 * SY_EXACT_WINDOW_TERMS calls sy_exact_windows_close() is due.
 */
void sy_exact_windows_add(int64_t *windows, sy_exact_sum *sums, const float *values, size_t count);
/* Takes the windows into the sums and leaves them 0. */
void sy_exact_windows_close(int64_t *windows, sy_exact_sum *sums, size_t count);
void sy_exact_sum_merge(sy_exact_sum *sum, const sy_exact_sum *other);
/* The nearest double, ties to even. */
double sy_exact_sum_value(const sy_exact_sum *sum);

#endif
