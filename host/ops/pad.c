/* Pad: positions added before and after, or taken away where the number is negative. */
#include <stdlib.h>
#include <string.h>

#include "ops/arguments.h"
#include "ops/space.h"

static const sy_list_place pads_place = {"pads", 11, 1};
static const sy_list_place axes_place = {"axes", 18, 3}; /* no such attribute: every axis before opset 18 */

typedef struct {
    bool known;
    int64_t before[SY_MAX_RANK], after[SY_MAX_RANK];
} amounts;

static sy_status read_mode(sy_ctx *ctx, const sy_node *node, uint32_t *out)
{
    static const struct {
        const char *name;
        uint32_t mode;
        int since;
    } modes[] = {
        {"constant", SY_PAD_CONSTANT, 1},
        {"reflect", SY_PAD_REFLECT, 1},
        {"edge", SY_PAD_EDGE, 1},
        {"wrap", SY_PAD_WRAP, 19},
    };
    const char *name = sy_node_string(node, "mode", "constant");

    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        if (strcmp(modes[i].name, name) == 0 && node->opset >= modes[i].since) {
            *out = modes[i].mode;
            return SY_OK;
        }
    }
    return sy_fail(ctx, SY_E_MODEL, "attribute mode is '%s': opset %d knows constant, reflect, edge%s", name,
                   node->opset, node->opset >= 19 ? " and wrap" : "");
}

static sy_status read_amounts(const sy_infer *infer, int rank, amounts *out)
{
    sy_list pads, axes = {.state = SY_LIST_ABSENT};
    bool flags[SY_MAX_RANK];

    memset(out, 0, sizeof *out);
    SY_TRY(sy_read_list(infer, pads_place, &pads));
    if (infer->node->opset >= axes_place.since)
        SY_TRY(sy_read_list(infer, axes_place, &axes));
    if (pads.state == SY_LIST_ABSENT)
        return sy_fail(infer->ctx, SY_E_MODEL, "it needs pads");
    out->known = pads.state == SY_LIST_KNOWN && axes.state != SY_LIST_UNKNOWN;
    if (!out->known)
        return SY_OK;
    const int count = axes.state == SY_LIST_KNOWN ? axes.count : rank;
    if (pads.count != 2 * count)
        return sy_fail(infer->ctx, SY_E_MODEL, "pads has %d values, %d axes need %d", pads.count, count,
                       2 * count);
    SY_TRY(sy_resolve_axes(infer->ctx, &axes, rank, flags));
    for (int i = 0; i < count; i++) {
        const int64_t axis =
            axes.state != SY_LIST_KNOWN ? i : axes.values[i] + (axes.values[i] < 0 ? rank : 0);
        out->before[axis] = pads.values[i];
        out->after[axis] = pads.values[i + count];
        if (llabs(pads.values[i]) > INT32_MAX || llabs(pads.values[i + count]) > INT32_MAX)
            return sy_fail(infer->ctx, SY_E_UNSUPPORTED, "axis %lld is padded by more than can be computed",
                           (long long)axis);
    }
    return SY_OK;
}

static sy_status infer(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    sy_shape *y = &infer->shapes[0];
    amounts pads;
    uint32_t mode = SY_PAD_CONSTANT;

    SY_TRY(read_mode(infer->ctx, infer->node, &mode));
    if (x->rank == SY_NONE)
        return SY_OK;
    SY_TRY(read_amounts(infer, x->rank, &pads));
    y->rank = x->rank;
    for (int i = 0; i < x->rank; i++) {
        const int64_t cropped =
            (pads.before[i] < 0 ? -pads.before[i] : 0) + (pads.after[i] < 0 ? -pads.after[i] : 0);
        y->dims[i] = SY_NONE;
        if (!pads.known || x->dims[i] == SY_NONE)
            continue;
        if (cropped > x->dims[i])
            return sy_fail(infer->ctx, SY_E_MODEL, "axis %d has size %lld, %lld cannot be taken away", i,
                           (long long)x->dims[i], (long long)cropped);
        y->dims[i] = x->dims[i] + pads.before[i] + pads.after[i];
        if (mode != SY_PAD_CONSTANT && cropped == x->dims[i] && y->dims[i] > 0)
            return sy_fail(infer->ctx, SY_E_MODEL,
                           "axis %d is empty: there is nothing to copy into its padding", i);
    }
    return SY_OK;
}

/* Every word of y becomes the constant of the padding. */
static void fill_constant(sy_lowering *lowering, const sy_node *node, sy_operand y, const sy_shape *shape)
{
    static const sy_shape scalar = {.rank = 0};
    const sy_operand value = node->opset >= 11 ? sy_lower_input(lowering, node, 2) : sy_no_operand;

    if (value.slot == SY_NONE) {
        const float constant =
            node->opset < 11 ? sy_node_float(node, "value", 0) : 0; /* 0 is one word in every type */
        uint32_t word;
        memcpy(&word, &constant, sizeof word);
        sy_lower_fill(lowering, y, sy_known_count(shape), word);
        return;
    }
    sy_space space = sy_space_of(shape);
    sy_space_add(&space, &scalar);
    sy_space_add(&space, shape);
    sy_lower_move(lowering, space, value, 0, y, 0);
}

static sy_status lower_constant(sy_lowering *lowering, const sy_node *node, const amounts *pads)
{
    const sy_shape *x = &sy_lower_input_tensor(lowering, node, 0)->shape;
    const sy_shape *y = &sy_lower_output_tensor(lowering, node, 0)->shape;
    const sy_operand from = sy_lower_input(lowering, node, 0), to = sy_lower_output(lowering, node, 0);
    int64_t x_strides[SY_KERNEL_RANK], y_strides[SY_KERNEL_RANK], x_offset = 0, y_offset = 0;
    sy_shape kept = *x;

    fill_constant(lowering, node, to, y);
    sy_dense_strides(x, x_strides);
    sy_dense_strides(y, y_strides);
    for (int i = 0; i < x->rank; i++) {
        const int64_t crop_before = pads->before[i] < 0 ? -pads->before[i] : 0;
        const int64_t crop_after = pads->after[i] < 0 ? -pads->after[i] : 0;
        kept.dims[i] = x->dims[i] - crop_before - crop_after;
        x_offset += crop_before * x_strides[i];
        y_offset += (pads->before[i] > 0 ? pads->before[i] : 0) * y_strides[i];
    }
    sy_space space = sy_space_of(&kept);
    sy_space_add_strides(&space, x_strides);
    sy_space_add_strides(&space, y_strides);
    sy_lower_move(lowering, space, from, (size_t)x_offset, to, (size_t)y_offset);
    return SY_OK;
}

/* One axis after the other, each into scratch memory but the last. */
static sy_status lower_copying(sy_lowering *lowering, const sy_node *node, uint32_t mode, const amounts *pads)
{
    const sy_shape *y = &sy_lower_output_tensor(lowering, node, 0)->shape;
    sy_shape shape = sy_lower_input_tensor(lowering, node, 0)->shape;
    sy_operand from = sy_lower_input(lowering, node, 0);
    const sy_operand to = sy_lower_output(lowering, node, 0);
    int left = 0;

    for (int i = 0; i < shape.rank; i++)
        left += pads->before[i] != 0 || pads->after[i] != 0;
    if (left == 0)
        return sy_lower_alias(lowering, node, 0, 0);
    for (int i = 0; i < shape.rank && sy_known_count(y) > 0; i++) {
        if (pads->before[i] == 0 && pads->after[i] == 0)
            continue;
        const sy_pad_params params = {.mode = mode,
                                      .outer = sy_known_product(&shape, 0, i),
                                      .in = (uint32_t)shape.dims[i],
                                      .inner = sy_known_product(&shape, i + 1, shape.rank),
                                      .before = (int32_t)pads->before[i],
                                      .after = (int32_t)pads->after[i]};
        shape.dims[i] = y->dims[i];
        const sy_operand step = --left ? sy_lower_scratch(lowering, sy_known_count(&shape)) : to;
        SY_LOWER(lowering, pad, &params, from, step);
        from = step;
    }
    return SY_OK;
}

static sy_status lower(sy_lowering *lowering, const sy_node *node)
{
    const sy_infer view = sy_lower_view(lowering, node);
    amounts pads;
    uint32_t mode = SY_PAD_CONSTANT;

    SY_TRY(read_mode(lowering->ctx, node, &mode));
    SY_TRY(read_amounts(&view, sy_lower_input_tensor(lowering, node, 0)->shape.rank, &pads));
    if (!pads.known)
        return sy_fail(lowering->ctx, SY_E_UNSUPPORTED, "pads and axes must be constants");
    return mode == SY_PAD_CONSTANT ? lower_constant(lowering, node, &pads)
                                   : lower_copying(lowering, node, mode, &pads);
}

const sy_op sy_op_pad = {
    .type = "Pad",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 4,
    .outputs_max = 1,
    .note = "pads and axes are constants",
    .quant = SY_QUANT_SAME_SCALE,
    .infer = infer,
    .lower = lower,
};
