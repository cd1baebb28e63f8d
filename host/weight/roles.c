#include "weight/roles.h"

/* Sums over input channels, of which a group has few. */
static void axes_of_conv(const sy_onnx_node *node, int input, const sy_shape *shape, int *out_channels,
                         int *out_sums)
{
    (void)input;
    (void)shape;
    *out_channels = 0;
    *out_sums = sy_onnx_node_int(node, "group", 1) == 1 ? 1 : SY_NONE;
}

/* [in, out / groups, ...]: channels at the same place in each group share a scale, except where every group
 * makes one. */
static void axes_of_conv_transpose(const sy_onnx_node *node, int input, const sy_shape *shape,
                                   int *out_channels, int *out_sums)
{
    (void)input;
    *out_channels = shape->dims[1] == 1 && sy_onnx_node_int(node, "group", 1) > 1 ? 0 : 1;
    *out_sums = SY_NONE;
}

static void axes_of_gemm(const sy_onnx_node *node, int input, const sy_shape *shape, int *out_channels,
                         int *out_sums)
{
    (void)shape;
    const bool flipped = sy_onnx_node_int(node, input == 0 ? "transA" : "transB", 0) != 0;
    *out_channels = (input == 1) != flipped ? 1 : 0;
    *out_sums = 1 - *out_channels;
}

static void axes_of_matmul(const sy_onnx_node *node, int input, const sy_shape *shape, int *out_channels,
                           int *out_sums)
{
    (void)node;
    *out_channels = shape->rank - (input == 1 ? 1 : 2);
    *out_sums = shape->rank - (input == 1 ? 2 : 1);
}

/* What is picked together shares a scale. */
static void axes_of_gather(const sy_onnx_node *node, int input, const sy_shape *shape, int *out_channels,
                           int *out_sums)
{
    (void)input;
    const int64_t axis = sy_onnx_node_int(node, "axis", 0), resolved = axis < 0 ? axis + shape->rank : axis;
    *out_channels = resolved >= 0 && resolved < shape->rank ? (int)resolved : SY_NONE;
    *out_sums = SY_NONE;
}

/* [directions, gates * hidden, ...]: an output of a gate is a channel, for both directions. */
static void axes_of_recurrent(const sy_onnx_node *node, int input, const sy_shape *shape, int *out_channels,
                              int *out_sums)
{
    (void)node;
    (void)input;
    *out_channels = shape->rank == 3 ? 1 : 0;
    *out_sums = SY_NONE;
}

static const sy_weight_role roles[] = {
    {"Conv", 1 << 1, true, axes_of_conv},
    {"ConvTranspose", 1 << 1, true, axes_of_conv_transpose},
    {"Gemm", 1 << 0 | 1 << 1, false, axes_of_gemm},
    {"MatMul", 1 << 0 | 1 << 1, false, axes_of_matmul},
    {"Gather", 1 << 0, false, axes_of_gather},
    {"LSTM", 1 << 1 | 1 << 2, false, axes_of_recurrent},
    {"GRU", 1 << 1 | 1 << 2, false, axes_of_recurrent},
    {"RNN", 1 << 1 | 1 << 2, false, axes_of_recurrent},
};

const sy_weight_role *sy_weight_find_role(const sy_onnx_node *node, int input)
{
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (sy_onnx_node_is(node, roles[i].type))
            return input >= 0 && input < 3 && roles[i].inputs >> input & 1 ? &roles[i] : NULL;
    return NULL;
}

/* Numbers of an attribute or, where it is none, of the constant that is input `input`; *out_count SY_NONE
 * where there is neither. */
static sy_status read_ints(sy_ctx *ctx, const sy_onnx_file *file, const sy_onnx_node *node, const char *name,
                           int input, int64_t out[SY_MAX_RANK], int *out_count)
{
    sy_onnx_attribute attribute;
    sy_graph *memory = NULL;
    sy_tensor tensor;
    size_t count;
    *out_count = SY_NONE;
    if (sy_onnx_find_attribute(node->span, name, &attribute)) {
        *out_count = sy_onnx_attribute_ints(&attribute, out, SY_MAX_RANK);
        return SY_OK;
    }
    const int constant =
        input < node->input_count ? sy_onnx_find_constant(file, node->inputs[input]) : SY_NONE;
    if (constant == SY_NONE || !sy_shape_count(&file->constants[constant].shape, &count) ||
        count > SY_MAX_RANK)
        return SY_OK;
    SY_TRY(sy_onnx_constant_load(ctx, file, &file->constants[constant], &memory, &tensor));
    const sy_status status = sy_tensor_to_i64(ctx, &tensor, out, count);
    sy_graph_destroy(memory);
    *out_count = (int)count;
    return status;
}

static void forget_sizes(sy_shape *shape)
{
    for (int i = 0; i < shape->rank; i++)
        shape->dims[i] = SY_NONE;
}

static sy_status transpose(sy_ctx *ctx, const sy_onnx_file *file, const sy_onnx_node *node,
                           const sy_weight_moved *moved, sy_weight_moved *out, bool *out_moves)
{
    int64_t perm[SY_MAX_RANK];
    int count;
    SY_TRY(read_ints(ctx, file, node, "perm", INT32_MAX, perm, &count));
    for (int i = 0; i < moved->shape.rank; i++) {
        const int64_t from = count == SY_NONE ? moved->shape.rank - 1 - i : i < count ? perm[i] : SY_NONE;
        if (from < 0 || from >= moved->shape.rank)
            return SY_OK;
        out->shape.dims[i] = moved->shape.dims[from];
        out->from[i] = moved->from[from];
    }
    *out_moves = true;
    return SY_OK;
}

static sy_status unsqueeze(sy_ctx *ctx, const sy_onnx_file *file, const sy_onnx_node *node,
                           const sy_weight_moved *moved, sy_weight_moved *out, bool *out_moves)
{
    int64_t axes[SY_MAX_RANK];
    int count, at = 0;
    SY_TRY(read_ints(ctx, file, node, "axes", 1, axes, &count));
    const int rank = count == SY_NONE ? SY_MAX_RANK + 1 : moved->shape.rank + count;
    if (rank > SY_MAX_RANK || count < 0)
        return SY_OK;
    out->shape.rank = rank;
    for (int i = 0; i < rank; i++) {
        bool is_new = false;
        for (int k = 0; k < count; k++)
            is_new |= axes[k] == i || axes[k] + rank == i;
        if (!is_new && at == moved->shape.rank)
            return SY_OK;
        out->shape.dims[i] = is_new ? 1 : moved->shape.dims[at];
        out->from[i] = is_new ? SY_NONE : moved->from[at++];
    }
    *out_moves = true;
    return SY_OK;
}

sy_status sy_weight_follow(sy_ctx *ctx, const sy_onnx_file *file, const sy_onnx_node *node, int input,
                           const sy_weight_moved *moved, sy_weight_moved *out, bool *out_moves)
{
    *out_moves = false;
    if (input == SY_NONE || node->output_count != 1)
        return SY_OK;
    *out = *moved;
    out->name = node->outputs[0];
    if (sy_onnx_node_is(node, "Concat")) {
        forget_sizes(&out->shape);
        *out_moves = true;
    }
    if (input != 0)
        return SY_OK;
    if (sy_onnx_node_is(node, "Identity"))
        *out_moves = true;
    if (sy_onnx_node_is(node, "Slice")) {
        forget_sizes(&out->shape);
        *out_moves = true;
    }
    if (sy_onnx_node_is(node, "Transpose"))
        return transpose(ctx, file, node, moved, out, out_moves);
    if (sy_onnx_node_is(node, "Unsqueeze"))
        return unsqueeze(ctx, file, node, moved, out, out_moves);
    return SY_OK;
}
