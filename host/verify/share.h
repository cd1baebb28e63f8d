/* Shares of samples, and the classes that samples are counted by. */
#ifndef SY_VERIFY_SHARE_H
#define SY_VERIFY_SHARE_H

#include <stddef.h>

/* A share of samples, with the 95 % interval of Wilson's score. */
typedef struct sy_share {
    size_t hits, count;
    double low, high; /* 0 to 1 */
} sy_share;

sy_share sy_share_of(size_t hits, size_t count);

/* The first of the largest elements: the class, where elements are classes. */
size_t sy_largest_index(const float *values, size_t count);

#endif
