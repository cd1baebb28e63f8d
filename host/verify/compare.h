/* Two vectors, one of them the truth. */
#ifndef SY_VERIFY_COMPARE_H
#define SY_VERIFY_COMPARE_H

#include "verify/verify.h"

typedef struct sy_comparison {
    double signal, noise;  /* energies: sums of squares of a, and of a - b */
    double product, other; /* sum of a*b, sum of b*b */
    double largest_difference;
} sy_comparison;

/* In index order, in double. */
sy_comparison sy_compare(const float *a, const float *b, size_t count);
double
sy_comparison_db(const sy_comparison *comparison); /* at most SY_DB_MAX; 0 energies of both: SY_DB_MAX */
double sy_comparison_cosine(const sy_comparison *comparison); /* 1 when both are 0, 0 when one is */
/* The first of the largest elements. */
size_t sy_largest_index(const float *values, size_t count);
sy_share sy_share_of(size_t hits, size_t count);

#endif
