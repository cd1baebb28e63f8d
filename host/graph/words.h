/* Between the elements of a tensor and the 32-bit words of a device: float32 for every float type, int32 for
 * every integer type and for bool.
 */
#ifndef SY_GRAPH_WORDS_H
#define SY_GRAPH_WORDS_H

#include "graph/graph.h"

/* `count` elements of `dtype` (dense, little endian, of any alignment) as words. Integers outside int32
 * saturate; values outside float32 too. SY_E_UNSUPPORTED for what has no words, such as strings.
 */
sy_status sy_words_from_elements(sy_ctx *ctx, sy_dtype dtype, const void *elements, size_t count,
                                 void *words);

/* The same of the first `count` elements of a constant; SY_E_MODEL when it holds fewer. */
sy_status sy_words_from_tensor(sy_ctx *ctx, const sy_tensor *tensor, size_t count, void *words);

/* And back. Floats are rounded half to even, integers keep their low bits, a bool is 0 or 1. SY_E_UNSUPPORTED
 * also for types of less than 8 bits.
 */
sy_status sy_words_to_elements(sy_ctx *ctx, sy_dtype dtype, const void *words, size_t count, void *elements);

#endif
