/* Writes NumPy's .npy files. */
#ifndef SY_DATA_NPY_WRITE_H
#define SY_DATA_NPY_WRITE_H

#include "graph/graph.h"

/* Format version 1, C order, little endian, whole or not at all. `elements` are dense in `dtype`.
 * SY_E_UNSUPPORTED for types that NumPy does not have (bfloat16, four bits, strings).
 */
sy_status sy_npy_save(sy_ctx *ctx, const char *path, sy_dtype dtype, const sy_shape *shape,
                      const void *elements);

#endif
