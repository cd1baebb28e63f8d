/* How far one vector is from another that is the truth. */
#ifndef SY_COMPARE_DISTANCE_H
#define SY_COMPARE_DISTANCE_H

#include <stddef.h>

/* What `sy_comparison_db` gives at most, which stands for no difference at all; at least its negative. */
#define SY_DB_MAX 200.0

typedef struct sy_comparison {
    double signal, noise;  /* energies: sums of squares of a, and of a - b */
    double product, other; /* sum of a*b, sum of b*b */
    double largest_difference;
} sy_comparison;

/* `a` is the truth. In index order, in double. */
sy_comparison sy_compare(const float *a, const float *b, size_t count);
/* 10 log10(signal / noise); the lowest value where something is not a number. */
double sy_comparison_db(const sy_comparison *comparison);
double sy_comparison_cosine(const sy_comparison *comparison); /* 1 when both are 0, 0 when one is */

#endif
