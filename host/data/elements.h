/* Elements of any numeric type to the words of a device: float32 for the floating types, int32 for integers
 * and bool. */
#ifndef SY_DATA_ELEMENTS_H
#define SY_DATA_ELEMENTS_H

#include "graph/graph.h"

/* How a raw file's elements lie in relation to the words. */
typedef enum sy_order {
    SY_ORDER_SAME,
    SY_ORDER_NHWC_TO_NCHW, /* both for rank 4 */
    SY_ORDER_NCHW_TO_NHWC,
} sy_order;

/* What a file holds: little endian, aligned in no way. */
typedef struct sy_elements {
    sy_dtype dtype;
    const unsigned char *bytes;
    size_t count;
} sy_elements;

/* Converts elements to what a tensor of `dtype` and `shape` (of as many elements) holds. SY_E_DATA for a NaN,
 * for floats given to an integer tensor, and for integers that the tensor or a 32-bit word cannot hold.
 */
sy_status sy_elements_convert(sy_ctx *ctx, const sy_elements *from, sy_dtype dtype, const sy_shape *shape,
                              sy_order order, void *words);

/* The least and the greatest integer a tensor of this type can hold in a word; false for floating types. */
bool sy_elements_limits(sy_dtype dtype, int64_t *out_least, int64_t *out_most);

#endif
