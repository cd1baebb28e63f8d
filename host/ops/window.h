/* The sliding window of convolutions and pooling, in one or two dimensions. */
#ifndef SY_OPS_WINDOW_H
#define SY_OPS_WINDOW_H

#include "ops/op.h"

enum { SY_WINDOW_RANK = 2 };

typedef struct sy_window {
    int rank; /* 1 or 2 */
    int64_t kernel[SY_WINDOW_RANK], stride[SY_WINDOW_RANK], dilation[SY_WINDOW_RANK];
    int64_t before[SY_WINDOW_RANK], after[SY_WINDOW_RANK]; /* padding */
} sy_window;

/* Reads strides, dilations, pads and kernel_shape of a node over tensors of `rank` (batch, channels, then the
 * window's dimensions). `kernel`: its size as the weights have it, SY_NONE where not known; NULL where only
 * kernel_shape says it. SY_E_UNSUPPORTED for three dimensions, SY_E_MODEL for numbers that make no sense.
 */
sy_status sy_window_read(sy_ctx *ctx, const sy_node *node, int rank, const int64_t *kernel, sy_window *out);

/* How often the window fits over `in`, per dimension; what is not known stays SY_NONE. Sets the padding where
 * auto_pad leaves it open. With ceil_mode a last window may reach past the padding, but not begin beyond the
 * image: there it would see nothing.
 */
sy_status sy_window_slide(sy_ctx *ctx, const sy_node *node, sy_window *window, const int64_t *in,
                          int64_t *out);

/* The same window in two dimensions, the first of height 1 where there was one. */
sy_window sy_window_in_2d(const sy_window *window);

/* dims[2 + i] of a tensor in two dimensions: height is 1 where there was one. */
void sy_window_size_in_2d(const sy_shape *shape, uint32_t *out_height, uint32_t *out_width);

#endif
