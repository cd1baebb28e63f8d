/* Pooling and means, and the padding of windows. */
#include <string.h>

#include "dsp/tflite_convert.h"

bool sy_tflite_is_same(const sy_window *window, const int64_t *in)
{
    for (int i = 0; i < window->rank; i++) {
        const int64_t steps = (in[i] + window->stride[i] - 1) / window->stride[i];
        const int64_t reach =
            (steps - 1) * window->stride[i] + (window->kernel[i] - 1) * window->dilation[i] + 1;
        const int64_t total = reach > in[i] ? reach - in[i] : 0;
        if (window->before[i] != total / 2 || window->after[i] != total - total / 2)
            return false;
    }
    return true;
}

bool sy_tflite_has_padding(const sy_window *window)
{
    return window->before[0] || window->before[1] || window->after[0] || window->after[1];
}

/* The lowest code of x, as a constant on its grid. */
static sy_status add_lowest(sy_tflite_maker *maker, const sy_tflite_unit *unit, int x, int *out)
{
    static const int8_t lowest = INT8_MIN;
    sy_tflite_tensor tensor = maker->model->tensors[x];
    tensor.name = sy_arena_printf(&maker->model->arena, "%s_lowest", unit->node->name);
    tensor.rank = 0;
    tensor.data = &lowest;
    tensor.bytes = sizeof lowest;
    SY_TRY(sy_check_alloc(maker->ctx, tensor.name));
    return sy_tflite_add_tensor(maker->ctx, maker->model, &tensor, out);
}

sy_status sy_tflite_add_pad(sy_tflite_maker *maker, const sy_tflite_unit *unit, const sy_window *window,
                            sy_tflite_pad pad, int *x)
{
    const int32_t pads[] = {0,
                            0,
                            (int32_t)window->before[0],
                            (int32_t)window->after[0],
                            (int32_t)window->before[1],
                            (int32_t)window->after[1],
                            0,
                            0};
    const bool lowest = pad == SY_TFLITE_PAD_LOWEST && maker->model->tensors[*x].zero != INT8_MIN;
    int32_t dims[4];
    int ends[3] = {*x}, padded;
    sy_tflite_operator *made;
    for (int i = 0; i < 4; i++)
        dims[i] = maker->model->tensors[*x].dims[i] + pads[2 * (size_t)i] + pads[2 * (size_t)i + 1];
    SY_TRY(sy_tflite_ints(maker, unit->node->name, "_pads", pads, 8, 2, &ends[1]));
    if (lowest)
        SY_TRY(add_lowest(maker, unit, *x, &ends[2]));
    SY_TRY(sy_tflite_scratch(maker, unit->node->name, "_padded", *x, 4, dims, &padded));
    SY_TRY(sy_tflite_add_operator(maker->ctx, maker->model, lowest ? SY_TFLITE_PADV2 : SY_TFLITE_PAD, ends,
                                  lowest ? 3 : 2, &padded, 1, &made));
    *x = padded;
    return SY_OK;
}

/* The window of pooling; a whole image is a mean. */
static sy_status read_pool(sy_tflite_maker *maker, const sy_tflite_unit *unit, sy_window *window,
                           bool *out_same)
{
    const sy_shape *x = sy_tflite_shape_in(maker, unit, 0), *y = sy_tflite_shape_out(maker, unit, 0);
    int64_t steps[SY_WINDOW_RANK];
    if (x->rank != 4)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "only images of two dimensions have a form");
    SY_TRY(sy_window_read(maker->ctx, unit->node, 4, NULL, window));
    SY_TRY(sy_window_slide(maker->ctx, unit->node, window, x->dims + 2, steps));
    for (int i = 0; i < 2; i++) {
        const int64_t reach = x->dims[2 + i] + window->before[i] + window->after[i];
        if (window->dilation[i] != 1)
            return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "a dilated window has no form");
        /* With ceil_mode a last window may reach past the end: for a maximum that is padding. */
        const int64_t needed = (y->dims[2 + i] - 1) * window->stride[i] + window->kernel[i];
        if (needed > reach)
            window->after[i] += needed - reach;
    }
    *out_same = sy_tflite_is_same(window, x->dims + 2);
    return SY_OK;
}

static void set_pool(sy_tflite_operator *made, const sy_window *window, bool same)
{
    sy_tflite_byte(made, 0, same ? SY_TFLITE_SAME : SY_TFLITE_VALID);
    sy_tflite_word(made, 1, (int)window->stride[1]);
    sy_tflite_word(made, 2, (int)window->stride[0]);
    sy_tflite_word(made, 3, (int)window->kernel[1]);
    sy_tflite_word(made, 4, (int)window->kernel[0]);
}

static sy_status convert_max_pool(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    sy_window window;
    bool same;
    int x, y;
    sy_tflite_operator *made;
    SY_TRY(read_pool(maker, unit, &window, &same));
    SY_TRY(sy_tflite_input(maker, unit, 0, 4, &x));
    if (!same && sy_tflite_has_padding(&window))
        SY_TRY(sy_tflite_add_pad(maker, unit, &window, SY_TFLITE_PAD_LOWEST, &x));
    SY_TRY(sy_tflite_output(maker, unit, 0, &y));
    SY_TRY(sy_tflite_add_operator(maker->ctx, maker->model, SY_TFLITE_MAX_POOL_2D, &x, 1, &y, 1, &made));
    set_pool(made, &window, same && sy_tflite_has_padding(&window));
    return SY_OK;
}

static sy_status add_mean(sy_tflite_maker *maker, const sy_tflite_unit *unit, const int32_t *axes, int count,
                          bool keep)
{
    int ends[2], y;
    sy_tflite_operator *made;
    SY_TRY(sy_tflite_input(maker, unit, 0, 4, &ends[0]));
    SY_TRY(sy_tflite_ints(maker, unit->node->name, "_axes", axes, count, 1, &ends[1]));
    SY_TRY(sy_tflite_output(maker, unit, 0, &y));
    SY_TRY(sy_tflite_add_operator(maker->ctx, maker->model, SY_TFLITE_MEAN, ends, 2, &y, 1, &made));
    sy_tflite_byte(made, 0, keep);
    return SY_OK;
}

static sy_status convert_global_average(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    static const int32_t image[] = {1, 2};
    if (sy_tflite_shape_in(maker, unit, 0)->rank != 4)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "only images of two dimensions have a form");
    return add_mean(maker, unit, image, 2, true);
}

/* A mean over a window as a convolution by ones whose scale is 1 / their number: the format's own pooling
 * keeps the numbers of its input, and a second operator for new ones would round twice.
 */
static sy_status add_ones(sy_tflite_maker *maker, const sy_tflite_unit *unit, const sy_window *window, int x,
                          int ends[3])
{
    sy_arena *arena = &maker->model->arena;
    const int channels = (int)sy_tflite_shape_in(maker, unit, 0)->dims[1];
    const size_t area = (size_t)(window->kernel[0] * window->kernel[1]), count = area * (size_t)channels;
    float *scales = sy_arena_alloc(arena, 2, sizeof *scales);
    int8_t *ones = sy_arena_alloc(arena, count, 1);
    SY_TRY(sy_check_alloc(maker->ctx, scales && ones ? arena : NULL));
    memset(ones, 1, count);
    scales[0] = 1 / (float)area;
    scales[1] = maker->model->tensors[x].scales[0] * scales[0];
    const sy_tflite_tensor weight = {
        .name = sy_arena_printf(arena, "%s_ones", unit->node->name),
        .type = SY_TFLITE_INT8,
        .rank = 4,
        .dims = {1, (int32_t)window->kernel[0], (int32_t)window->kernel[1], channels},
        .scales = &scales[0],
        .scale_count = 1,
        .data = ones,
        .bytes = count};
    const sy_tflite_tensor bias = {.name = sy_arena_printf(arena, "%s_zeros", unit->node->name),
                                   .type = SY_TFLITE_INT32,
                                   .rank = 1,
                                   .dims = {channels},
                                   .scales = &scales[1],
                                   .scale_count = 1,
                                   .data = sy_arena_alloc(arena, (size_t)channels, sizeof(int32_t)),
                                   .bytes = (size_t)channels * sizeof(int32_t)};
    SY_TRY(sy_check_alloc(maker->ctx, weight.name && bias.name && bias.data ? arena : NULL));
    ends[0] = x;
    SY_TRY(sy_tflite_add_tensor(maker->ctx, maker->model, &weight, &ends[1]));
    return sy_tflite_add_tensor(maker->ctx, maker->model, &bias, &ends[2]);
}

static sy_status convert_average_pool(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    const sy_shape *shape = sy_tflite_shape_in(maker, unit, 0);
    const bool counted = sy_node_int(unit->node, "count_include_pad", 0) != 0;
    sy_window window;
    bool same;
    int ends[3], x, y;
    sy_tflite_operator *made;
    SY_TRY(read_pool(maker, unit, &window, &same));
    const bool padded = sy_tflite_has_padding(&window);
    if (!padded && window.kernel[0] == shape->dims[2] && window.kernel[1] == shape->dims[3])
        return convert_global_average(maker, unit);
    if (padded && (!counted || sy_node_int(unit->node, "ceil_mode", 0)))
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "padding that does not count in the mean has no form");
    SY_TRY(sy_tflite_input(maker, unit, 0, 4, &x));
    if (padded)
        SY_TRY(sy_tflite_add_pad(maker, unit, &window, SY_TFLITE_PAD_ZERO, &x));
    SY_TRY(add_ones(maker, unit, &window, x, ends));
    SY_TRY(sy_tflite_output(maker, unit, 0, &y));
    SY_TRY(
        sy_tflite_add_operator(maker->ctx, maker->model, SY_TFLITE_DEPTHWISE_CONV_2D, ends, 3, &y, 1, &made));
    sy_tflite_byte(made, 0, SY_TFLITE_VALID);
    sy_tflite_word(made, 1, (int)window.stride[1]);
    sy_tflite_word(made, 2, (int)window.stride[0]);
    sy_tflite_word(made, 3, 1);
    sy_tflite_byte(made, 4, SY_TFLITE_NO_ACTIVATION);
    return SY_OK;
}

static sy_status convert_reduce_mean(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    const sy_shape *x = sy_tflite_shape_in(maker, unit, 0);
    const bool keep = sy_node_int(unit->node, "keepdims", 1) != 0;
    int64_t values[SY_MAX_RANK];
    int32_t axes[SY_MAX_RANK];
    size_t count = 0;
    const int64_t *listed = sy_node_ints(unit->node, "axes", &count);
    if (!listed && unit->node->input_count > 1 && unit->node->inputs[1] != SY_NONE) {
        const sy_tensor *given = &maker->graph->tensors[unit->node->inputs[1]];
        if (!sy_shape_count(&given->shape, &count) || count > SY_MAX_RANK)
            return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "its axes are computed");
        SY_TRY(sy_tensor_to_i64(maker->ctx, given, values, count));
        listed = values;
    }
    if (!listed || count == 0 || count > SY_MAX_RANK)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "only a mean over listed axes has a form");
    if (x->rank == 4 && !keep)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "a mean of images has a form only with keepdims");
    for (size_t i = 0; i < count; i++) {
        int axis;
        SY_TRY(sy_resolve_axis(maker->ctx, listed[i], x->rank, &axis));
        axes[i] = sy_tflite_axis(axis, x->rank);
    }
    return add_mean(maker, unit, axes, (int)count, keep);
}

const sy_tflite_row sy_tflite_pools[] = {
    {"MaxPool", convert_max_pool},
    {"AveragePool", convert_average_pool},
    {"GlobalAveragePool", convert_global_average},
    {"ReduceMean", convert_reduce_mean},
    {NULL, NULL},
};
