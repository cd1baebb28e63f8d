#include "weight/cholesky.h"

#include <math.h>

/* H = M M^T with M upper triangular: Cholesky's factor, from the last row up. */
static bool factor(double *h, size_t n)
{
    for (size_t j = n; j-- > 0;) {
        double *row = h + j * n;
        double left = row[j];
        for (size_t k = j + 1; k < n; k++)
            left -= row[k] * row[k];
        if (!(left > 0))
            return false;
        row[j] = sqrt(left);
        for (size_t i = 0; i < j; i++) {
            double *other = h + i * n, sum = other[j];
            for (size_t k = j + 1; k < n; k++)
                sum -= other[k] * row[k];
            other[j] = sum / row[j];
        }
    }
    return true;
}

/* The inverse of an upper triangular matrix in its place, from the last row up: a row of it is a sum of those
 * below. */
static void invert(double *m, size_t n)
{
    for (size_t i = n; i-- > 0;) {
        double *row = m + i * n;
        const double diagonal = 1 / row[i];
        for (size_t k = n; k-- > i + 1;) { /* so that what is not read yet is not written */
            const double *below = m + k * n, part = row[k];
            row[k] = 0;
            for (size_t j = k; j < n; j++)
                row[j] += part * below[j];
        }
        for (size_t j = i + 1; j < n; j++)
            row[j] *= -diagonal;
        row[i] = diagonal;
        for (size_t j = 0; j < i; j++)
            row[j] = 0;
    }
}

bool sy_inverse_factor(double *matrix, size_t n)
{
    if (!factor(matrix, n))
        return false;
    invert(matrix, n); /* H^-1 = (M^-1)^T M^-1 */
    return true;
}
