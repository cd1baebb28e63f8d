/* The factor that rounding with feedback needs. */
#ifndef SY_WEIGHT_CHOLESKY_H
#define SY_WEIGHT_CHOLESKY_H

#include <stdbool.h>
#include <stddef.h>

/* Of a symmetric positive definite matrix H, [n][n], the upper triangular U with U^T U = H^-1, in its place
 * (below the diagonal: 0). false: it is not positive definite.
 */
bool sy_inverse_factor(double *matrix, size_t n);

#endif
