/* DepthToSpace and SpaceToDepth: blocks of pixels to channels and back. Both are a reshape to six dimensions,
 * a transpose, and a reshape: one move.
 */
#include <string.h>

#include "ops/arguments.h"
#include "ops/space.h"

static sy_status read_block(const sy_infer *infer, int64_t *out)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;

    *out = sy_node_int(infer->node, "blocksize", 0);
    if (*out < 1 || *out > INT16_MAX)
        return sy_fail(infer->ctx, SY_E_MODEL, "attribute blocksize is %lld, it must be 1 to %d",
                       (long long)*out, INT16_MAX);
    if (x->rank != SY_NONE && x->rank != 4)
        return sy_fail(infer->ctx, SY_E_MODEL, "the input has rank %d, it must be 4", x->rank);
    return SY_OK;
}

static sy_status check_multiple(const sy_infer *infer, int axis, int64_t of)
{
    const int64_t size = sy_infer_input(infer, 0)->shape.dims[axis];

    if (size != SY_NONE && size % of)
        return sy_fail(infer->ctx, SY_E_MODEL, "axis %d has size %lld, which is no multiple of %lld", axis,
                       (long long)size, (long long)of);
    return SY_OK;
}

static int64_t times(int64_t size, int64_t factor)
{
    return size == SY_NONE ? SY_NONE : size * factor;
}

static int64_t part(int64_t size, int64_t factor)
{
    return size == SY_NONE ? SY_NONE : size / factor;
}

/* DCR, the default, has the block's position outside of the channel; CRD inside of it. */
static sy_status read_mode(const sy_infer *infer, bool *out_crd)
{
    const char *mode = sy_node_string(infer->node, "mode", "DCR");

    *out_crd = strcmp(mode, "CRD") == 0;
    if (!*out_crd && strcmp(mode, "DCR") != 0)
        return sy_fail(infer->ctx, SY_E_MODEL, "attribute mode is '%s', it must be DCR or CRD", mode);
    return SY_OK;
}

static sy_status infer_to_space(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    int64_t block;
    bool crd;

    SY_TRY(read_block(infer, &block));
    SY_TRY(read_mode(infer, &crd));
    if (x->rank == SY_NONE)
        return SY_OK;
    SY_TRY(check_multiple(infer, 1, block * block));
    infer->shapes[0] = (sy_shape){
        .rank = 4,
        .dims = {x->dims[0], part(x->dims[1], block * block), times(x->dims[2], block),
                 times(x->dims[3], block)},
    };
    return SY_OK;
}

static sy_status infer_to_depth(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    int64_t block;

    SY_TRY(read_block(infer, &block));
    if (x->rank == SY_NONE)
        return SY_OK;
    SY_TRY(check_multiple(infer, 2, block));
    SY_TRY(check_multiple(infer, 3, block));
    infer->shapes[0] = (sy_shape){
        .rank = 4,
        .dims = {x->dims[0], times(x->dims[1], block * block), part(x->dims[2], block),
                 part(x->dims[3], block)},
    };
    return SY_OK;
}

/* Strides of image [batch][channels][h * block][w * block] over (batch, channel, y, x, block row, block
 * column). */
static void image_strides(const sy_shape *image, int64_t block, int64_t strides[6])
{
    const int64_t width = image->dims[3], plane = image->dims[2] * width;

    memcpy(strides, (const int64_t[]){image->dims[1] * plane, plane, block * width, block, width, 1},
           6 * sizeof *strides);
}

/* The same for [batch][depth][h][w], where depth is (row, column, channel) or, with crd, (channel, row,
 * column). */
static void depth_strides(const sy_shape *depth, int64_t block, bool crd, int64_t strides[6])
{
    const int64_t width = depth->dims[3], plane = depth->dims[2] * width;
    const int64_t channels = depth->dims[1] / (block * block);
    const int64_t column = crd ? plane : channels * plane;

    memcpy(strides,
           (const int64_t[]){depth->dims[1] * plane, crd ? block * block * plane : plane, width, 1,
                             block * column, column},
           6 * sizeof *strides);
}

/* Walks in the row-major order of what is written. */
static void lower_space(sy_lowering *lowering, const sy_node *node, const int64_t dims[6],
                        const int64_t x_strides[6], const int64_t y_strides[6], const int order[6])
{
    int64_t x[6], y[6];
    sy_space space = {.rank = 6};

    for (int i = 0; i < 6; i++) {
        space.dims[i] = dims[order[i]];
        x[i] = x_strides[order[i]];
        y[i] = y_strides[order[i]];
    }
    sy_space_add_strides(&space, x);
    sy_space_add_strides(&space, y);
    const sy_operand from = sy_lower_input(lowering, node, 0);
    sy_lower_move(lowering, space, from, 0, sy_lower_output(lowering, node, 0), 0);
}

static sy_status lower_to_space(sy_lowering *lowering, const sy_node *node)
{
    static const int order[6] = {0, 1, 2, 4, 3, 5};
    const sy_infer view = sy_lower_view(lowering, node);
    const sy_shape *x = &sy_lower_input_tensor(lowering, node, 0)->shape;
    const sy_shape *y = &sy_lower_output_tensor(lowering, node, 0)->shape;
    int64_t block, x_strides[6], y_strides[6];
    bool crd;

    SY_TRY(read_block(&view, &block));
    SY_TRY(read_mode(&view, &crd));
    depth_strides(x, block, crd, x_strides);
    image_strides(y, block, y_strides);
    lower_space(lowering, node,
                (const int64_t[]){y->dims[0], y->dims[1], x->dims[2], x->dims[3], block, block}, x_strides,
                y_strides, order);
    return SY_OK;
}

static sy_status lower_to_depth(sy_lowering *lowering, const sy_node *node)
{
    static const int order[6] = {0, 4, 5, 1, 2, 3};
    const sy_infer view = sy_lower_view(lowering, node);
    const sy_shape *x = &sy_lower_input_tensor(lowering, node, 0)->shape;
    const sy_shape *y = &sy_lower_output_tensor(lowering, node, 0)->shape;
    int64_t block, x_strides[6], y_strides[6];

    SY_TRY(read_block(&view, &block));
    image_strides(x, block, x_strides);
    depth_strides(y, block, false, y_strides);
    lower_space(lowering, node,
                (const int64_t[]){x->dims[0], x->dims[1], y->dims[2], y->dims[3], block, block}, x_strides,
                y_strides, order);
    return SY_OK;
}

const sy_op sy_op_depth_to_space = {
    .type = "DepthToSpace",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .note = "rank 4",
    .quant = SY_QUANT_SAME_SCALE,
    .infer = infer_to_space,
    .lower = lower_to_space,
};

const sy_op sy_op_space_to_depth = {
    .type = "SpaceToDepth",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .note = "rank 4",
    .quant = SY_QUANT_SAME_SCALE,
    .infer = infer_to_depth,
    .lower = lower_to_depth,
};
