/* NumPy's .npy files: a header that says type and shape, then the elements. Format versions 1, 2 and 3. */
#ifndef SY_DATA_NPY_H
#define SY_DATA_NPY_H

#include "graph/graph.h"

typedef struct sy_npy {
    sy_dtype dtype;
    sy_shape shape;
    const unsigned char *elements; /* within the bytes that were read */
    size_t count;
} sy_npy;

/* SY_E_DATA, with what is wrong, for what is no .npy file, is cut short, is in Fortran order, is big-endian,
 * or has elements of a type we do not read (float16, 32, 64; signed and unsigned integers of 8 to 64 bits;
 * bool).
 */
sy_status sy_npy_read(sy_ctx *ctx, const void *bytes, size_t size, sy_npy *out);

#endif
