/* Operators that only move values. Where they cross between images and other tensors, or between orders of
 * dimensions, a Transpose restores the graph's order first.
 */
#include <string.h>

#include "dsp/tflite_convert.h"
#include "ops/op.h"

static const int32_t to_nchw[] = {0, 3, 1, 2}, to_nhwc[] = {0, 2, 3, 1};

/* Do an image's values stand in the same order as NCHW and as NHWC? */
static bool is_flat(const sy_shape *shape)
{
    return shape->rank != 4 || shape->dims[1] == 1 || shape->dims[2] * shape->dims[3] == 1;
}

static sy_status add_transpose(sy_tflite_maker *maker, const char *base, int x, const int32_t *order,
                               int rank, int y)
{
    int ends[2] = {x};
    sy_tflite_operator *made;
    SY_TRY(sy_tflite_ints(maker, base, "_order", order, rank, 1, &ends[1]));
    return sy_tflite_add_operator(maker->ctx, maker->model, SY_TFLITE_TRANSPOSE, ends, 2, &y, 1, &made);
}

/* `x` in the graph's order of dimensions. */
static sy_status restore_order(sy_tflite_maker *maker, const sy_tflite_unit *unit, const sy_shape *shape,
                               int *x)
{
    int32_t dims[4];
    int restored;
    if (is_flat(shape))
        return SY_OK;
    for (int i = 0; i < 4; i++)
        dims[i] = (int32_t)shape->dims[i];
    SY_TRY(sy_tflite_scratch(maker, unit->node->name, "_nchw", *x, 4, dims, &restored));
    SY_TRY(add_transpose(maker, unit->node->name, *x, to_nchw, 4, restored));
    *x = restored;
    return SY_OK;
}

/* Reshape, Flatten, Squeeze, Unsqueeze: the same values in the graph's order. */
static sy_status convert_reshape(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    const sy_shape *from = sy_tflite_shape_in(maker, unit, 0), *to = sy_tflite_shape_out(maker, unit, 0);
    int32_t dims[SY_MAX_RANK];
    int ends[2], y, made_in;
    sy_tflite_operator *made;
    SY_TRY(sy_tflite_input(maker, unit, 0, from->rank, &ends[0]));
    SY_TRY(restore_order(maker, unit, from, &ends[0]));
    SY_TRY(sy_tflite_output(maker, unit, 0, &y));
    made_in = y;
    if (is_flat(to)) {
        sy_tflite_dims(to, dims);
    } else {
        for (int i = 0; i < to->rank; i++)
            dims[i] = (int32_t)to->dims[i];
        SY_TRY(sy_tflite_scratch(maker, unit->node->name, "_reshaped", y, to->rank, dims, &made_in));
    }
    SY_TRY(sy_tflite_ints(maker, unit->node->name, "_shape", dims, to->rank, 1, &ends[1]));
    SY_TRY(sy_tflite_add_operator(maker->ctx, maker->model, SY_TFLITE_RESHAPE, ends, 2, &made_in, 1, &made));
    return made_in == y ? SY_OK : add_transpose(maker, unit->node->name, made_in, to_nhwc, 4, y);
}

static sy_status convert_transpose(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    const int rank = sy_tflite_shape_in(maker, unit, 0)->rank;
    size_t count;
    const int64_t *given = sy_node_ints(unit->node, "perm", &count);
    int32_t order[SY_MAX_RANK];
    int x, y;
    for (int i = 0; i < rank; i++) {
        const int from = given && count == (size_t)rank ? (int)given[i] : rank - 1 - i;
        order[sy_tflite_axis(i, rank)] = sy_tflite_axis(from, rank);
    }
    SY_TRY(sy_tflite_input(maker, unit, 0, rank, &x));
    SY_TRY(sy_tflite_output(maker, unit, 0, &y));
    return add_transpose(maker, unit->node->name, x, order, rank, y);
}

enum { JOINED_MOST = 64 };

static sy_status convert_concat(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    const int rank = sy_tflite_shape_out(maker, unit, 0)->rank, count = unit->node->input_count;
    int ends[JOINED_MOST], y, axis;
    sy_tflite_operator *made;
    if (count > JOINED_MOST)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "%d inputs are too many, there may be %d", count,
                       JOINED_MOST);
    SY_TRY(sy_resolve_axis(maker->ctx, sy_node_int(unit->node, "axis", 0), rank, &axis));
    for (int i = 0; i < count; i++)
        SY_TRY(sy_tflite_input(maker, unit, i, rank, &ends[i]));
    SY_TRY(sy_tflite_output(maker, unit, 0, &y));
    SY_TRY(
        sy_tflite_add_operator(maker->ctx, maker->model, SY_TFLITE_CONCATENATION, ends, count, &y, 1, &made));
    sy_tflite_word(made, 0, sy_tflite_axis(axis, rank));
    sy_tflite_byte(made, 1, SY_TFLITE_NO_ACTIVATION);
    return SY_OK;
}

/* A part of x: begin, end and step of each dimension, in the model's order. */
static sy_status add_slice(sy_tflite_maker *maker, const char *base, int x, const int32_t *begin,
                           const int32_t *end, const int32_t *step, int rank, int y)
{
    int ends[4] = {x};
    sy_tflite_operator *made;
    SY_TRY(sy_tflite_ints(maker, base, "_begin", begin, rank, 1, &ends[1]));
    SY_TRY(sy_tflite_ints(maker, base, "_end", end, rank, 1, &ends[2]));
    SY_TRY(sy_tflite_ints(maker, base, "_step", step, rank, 1, &ends[3]));
    return sy_tflite_add_operator(maker->ctx, maker->model, SY_TFLITE_STRIDED_SLICE, ends, 4, &y, 1, &made);
}

/* The integers of a constant input; `count` of them, SY_NONE for as many as there are. */
static sy_status read_ints(sy_tflite_maker *maker, const sy_tflite_unit *unit, int input, int64_t *out,
                           int *count)
{
    size_t found;
    *count = 0;
    if (input >= unit->node->input_count || unit->node->inputs[input] == SY_NONE)
        return SY_OK;
    const sy_tensor *tensor = &maker->graph->tensors[unit->node->inputs[input]];
    if (!tensor->data || !sy_shape_count(&tensor->shape, &found) || found > (size_t)2 * SY_MAX_RANK)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "its input %d is computed", input);
    *count = (int)found;
    return sy_tensor_to_i64(maker->ctx, tensor, out, found);
}

static int64_t clamp(int64_t value, int64_t size)
{
    value = value < 0 ? value + size : value;
    return value < 0 ? 0 : value > size ? size : value;
}

static sy_status convert_slice(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    const sy_shape *shape = sy_tflite_shape_in(maker, unit, 0);
    int64_t starts[2 * SY_MAX_RANK] = {0}, stops[2 * SY_MAX_RANK] = {0};
    int64_t axes[2 * SY_MAX_RANK] = {0}, steps[2 * SY_MAX_RANK] = {0};
    int32_t begin[SY_MAX_RANK] = {0}, end[SY_MAX_RANK], step[SY_MAX_RANK];
    int count, stop_count, axis_count, step_count, x, y;
    SY_TRY(read_ints(maker, unit, 1, starts, &count));
    SY_TRY(read_ints(maker, unit, 2, stops, &stop_count));
    SY_TRY(read_ints(maker, unit, 3, axes, &axis_count));
    SY_TRY(read_ints(maker, unit, 4, steps, &step_count));
    sy_tflite_dims(shape, end);
    for (int i = 0; i < shape->rank; i++)
        step[i] = 1;
    for (int i = 0; i < count; i++) {
        int axis;
        SY_TRY(sy_resolve_axis(maker->ctx, axis_count ? axes[i] : i, shape->rank, &axis));
        const int at = sy_tflite_axis(axis, shape->rank);
        if (i < step_count && steps[i] < 1)
            return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "steps backwards have no form");
        begin[at] = (int32_t)clamp(starts[i], shape->dims[axis]);
        end[at] = (int32_t)clamp(stops[i], shape->dims[axis]);
        step[at] = i < step_count ? (int32_t)steps[i] : 1;
    }
    SY_TRY(sy_tflite_input(maker, unit, 0, shape->rank, &x));
    SY_TRY(sy_tflite_output(maker, unit, 0, &y));
    return add_slice(maker, unit->node->name, x, begin, end, step, shape->rank, y);
}

static sy_status convert_split(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    const sy_shape *shape = sy_tflite_shape_in(maker, unit, 0);
    int32_t begin[SY_MAX_RANK] = {0}, end[SY_MAX_RANK], step[SY_MAX_RANK];
    int axis, x, y;
    SY_TRY(sy_resolve_axis(maker->ctx, sy_node_int(unit->node, "axis", 0), shape->rank, &axis));
    SY_TRY(sy_tflite_input(maker, unit, 0, shape->rank, &x));
    sy_tflite_dims(shape, end);
    for (int i = 0; i < shape->rank; i++)
        step[i] = 1;
    const int at = sy_tflite_axis(axis, shape->rank);
    for (int o = 0; o < unit->node->output_count; o++) {
        const char *name = sy_arena_printf(&maker->model->arena, "%s_%d", unit->node->name, o);
        SY_TRY(sy_check_alloc(maker->ctx, name));
        end[at] = begin[at] + (int32_t)sy_tflite_shape_out(maker, unit, o)->dims[axis];
        if (unit->codes[o] != SY_NONE) {
            SY_TRY(sy_tflite_output(maker, unit, o, &y));
            SY_TRY(add_slice(maker, name, x, begin, end, step, shape->rank, y));
        }
        begin[at] = end[at];
    }
    return SY_OK;
}

static sy_status convert_pad(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    const sy_shape *shape = sy_tflite_shape_in(maker, unit, 0);
    int64_t pads[2 * SY_MAX_RANK] = {0};
    int32_t pairs[2 * SY_MAX_RANK];
    float value = 0;
    int count, ends[2], y;
    sy_tflite_operator *made;
    SY_TRY(read_ints(maker, unit, 1, pads, &count));
    if (unit->node->input_count > 2 && unit->node->inputs[2] != SY_NONE)
        SY_TRY(sy_tensor_to_f32(maker->ctx, &maker->graph->tensors[unit->node->inputs[2]], &value, 1));
    if (count != 2 * shape->rank || value != 0 ||
        (unit->node->input_count > 3 && unit->node->inputs[3] != SY_NONE) ||
        strcmp(sy_node_string(unit->node, "mode", "constant"), "constant") != 0)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "only padding with zeros in every dimension has a form");
    for (int i = 0; i < shape->rank; i++)
        for (int side = 0; side < 2; side++) {
            const int64_t pad = pads[i + side * shape->rank];
            if (pad < 0)
                return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "padding that takes away has no form");
            pairs[2 * sy_tflite_axis(i, shape->rank) + side] = (int32_t)pad;
        }
    SY_TRY(sy_tflite_input(maker, unit, 0, shape->rank, &ends[0]));
    SY_TRY(sy_tflite_ints(maker, unit->node->name, "_pads", pairs, count, 2, &ends[1]));
    SY_TRY(sy_tflite_output(maker, unit, 0, &y));
    return sy_tflite_add_operator(maker->ctx, maker->model, SY_TFLITE_PAD, ends, 2, &y, 1, &made);
}

/* Blocks of pixels to channels and back; only ONNX's order DCR is the format's. */
static sy_status convert_blocks(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    const bool to_space = sy_node_is(unit->node, "DepthToSpace");
    int x, y;
    sy_tflite_operator *made;
    if (strcmp(sy_node_string(unit->node, "mode", "DCR"), "DCR") != 0)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "mode CRD has no form");
    SY_TRY(sy_tflite_input(maker, unit, 0, 4, &x));
    SY_TRY(sy_tflite_output(maker, unit, 0, &y));
    SY_TRY(sy_tflite_add_operator(maker->ctx, maker->model,
                                  to_space ? SY_TFLITE_DEPTH_TO_SPACE : SY_TFLITE_SPACE_TO_DEPTH, &x, 1, &y,
                                  1, &made));
    sy_tflite_word(made, 0, (int)sy_node_int(unit->node, "blocksize", 1));
    return SY_OK;
}

const sy_tflite_row sy_tflite_movements[] = {
    {"Reshape", convert_reshape},     {"Flatten", convert_reshape},     {"Squeeze", convert_reshape},
    {"Unsqueeze", convert_reshape},   {"Transpose", convert_transpose}, {"Concat", convert_concat},
    {"Slice", convert_slice},         {"Split", convert_split},         {"Pad", convert_pad},
    {"DepthToSpace", convert_blocks}, {"SpaceToDepth", convert_blocks}, {NULL, NULL},
};
