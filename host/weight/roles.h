/* Which inputs of which operators are weights, and which operators only move what they read. */
#ifndef SY_WEIGHT_ROLES_H
#define SY_WEIGHT_ROLES_H

#include "import/onnx/file.h"

typedef struct sy_weight_role {
    const char *type;
    unsigned inputs; /* bit i: input i is a weight */
    bool is_convolution;
    /* The axis of the output channels in the input, and the one that products add up along; SY_NONE where
     * there is none. Sizes of the shape may be unknown, its rank is not.
     */
    void (*find)(const sy_onnx_node *node, int input, const sy_shape *shape, int *out_channels,
                 int *out_sums);
} sy_weight_role;

/* NULL: the input is no weight, or a body of the node reads it (input SY_NONE). */
const sy_weight_role *sy_weight_find_role(const sy_onnx_node *node, int input);

/* What became of a constant: element order and sizes may differ, values do not. */
typedef struct sy_weight_moved {
    const char *name;
    sy_shape shape;        /* rank known; of sizes only those that stayed */
    int from[SY_MAX_RANK]; /* per axis: the axis of the constant; SY_NONE: it is new */
} sy_weight_moved;

/* Whether a node only moves or copies its input `input` (Transpose, Slice, Unsqueeze ...), and then what its
 * output is. SY_E_MODEL; SY_E_MEMORY. */
sy_status sy_weight_follow(sy_ctx *ctx, const sy_onnx_file *file, const sy_onnx_node *node, int input,
                           const sy_weight_moved *moved, sy_weight_moved *out, bool *out_moves);

#endif
