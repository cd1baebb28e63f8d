#include "ops/window.h"

#include <string.h>

/* Larger numbers in kernels, strides and padding are damage, and products of smaller ones cannot overflow. */
static const int64_t sane = 1 << 24;

static sy_status read_numbers(sy_ctx *ctx, const sy_node *node, const char *name, int count, int64_t least,
                              int64_t fallback, int64_t *out)
{
    size_t given;
    const int64_t *numbers = sy_node_ints(node, name, &given);
    if (numbers && given != (size_t)count)
        return sy_fail(ctx, SY_E_MODEL, "%s has %zu numbers, this rank needs %d", name, given, count);
    for (int i = 0; i < count; i++) {
        out[i] = numbers ? numbers[i] : fallback;
        if (out[i] < least || out[i] > sane)
            return sy_fail(ctx, SY_E_MODEL, "%s holds %lld, which is outside %lld..%lld", name,
                           (long long)out[i], (long long)least, (long long)sane);
    }
    return SY_OK;
}

static sy_status read_kernel(sy_ctx *ctx, const sy_node *node, const int64_t *kernel, sy_window *window)
{
    if (!kernel && !sy_node_attr(node, "kernel_shape"))
        return sy_fail(ctx, SY_E_MODEL, "attribute kernel_shape is missing");
    for (int i = 0; i < window->rank && kernel; i++) {
        window->kernel[i] = kernel[i];
        if (kernel[i] != SY_NONE && (kernel[i] < 1 || kernel[i] > sane))
            return sy_fail(ctx, SY_E_MODEL, "a kernel of size %lld makes no sense", (long long)kernel[i]);
    }
    if (!sy_node_attr(node, "kernel_shape"))
        return SY_OK;
    SY_TRY(read_numbers(ctx, node, "kernel_shape", window->rank, 1, 1, window->kernel));
    for (int i = 0; i < window->rank && kernel; i++) {
        if (kernel[i] != SY_NONE && kernel[i] != window->kernel[i])
            return sy_fail(ctx, SY_E_MODEL, "kernel_shape says %lld where the weights have %lld",
                           (long long)window->kernel[i], (long long)kernel[i]);
    }
    return SY_OK;
}

sy_status sy_window_read(sy_ctx *ctx, const sy_node *node, int rank, const int64_t *kernel, sy_window *out)
{
    sy_window window = {.rank = rank - 2};
    int64_t pads[2 * SY_WINDOW_RANK];
    if (rank < 3)
        return sy_fail(ctx, SY_E_MODEL, "an input of rank %d has no dimensions for a window to slide over",
                       rank);
    if (window.rank > SY_WINDOW_RANK)
        return sy_fail(ctx, SY_E_UNSUPPORTED, "%d-D windows are not supported, only 1-D and 2-D",
                       window.rank);
    SY_TRY(read_kernel(ctx, node, kernel, &window));
    SY_TRY(read_numbers(ctx, node, "strides", window.rank, 1, 1, window.stride));
    SY_TRY(read_numbers(ctx, node, "dilations", window.rank, 1, 1, window.dilation));
    SY_TRY(read_numbers(ctx, node, "pads", 2 * window.rank, 0, 0, pads));
    memcpy(window.before, pads, (size_t)window.rank * sizeof *pads);
    memcpy(window.after, pads + window.rank, (size_t)window.rank * sizeof *pads);
    *out = window;
    return SY_OK;
}

/* As often as it fits in `room` positions beyond the first. */
static int64_t fits(int64_t room, int64_t stride, bool ceil_mode)
{
    return (ceil_mode ? (room + stride - 1) / stride : room / stride) + 1;
}

/* One dimension with explicit padding. */
static sy_status slide_padded(sy_ctx *ctx, sy_window *window, int i, int64_t in, bool ceil_mode, int64_t *out)
{
    const int64_t reach = window->dilation[i] * (window->kernel[i] - 1) + 1;
    const int64_t room = in + window->before[i] + window->after[i] - reach;
    if (room < 0)
        return sy_fail(
            ctx, SY_E_MODEL, "a window over %lld elements does not fit in %lld with padding %lld and %lld",
            (long long)reach, (long long)in, (long long)window->before[i], (long long)window->after[i]);
    *out = fits(room, window->stride[i], ceil_mode);
    if (ceil_mode && (*out - 1) * window->stride[i] >= in + window->before[i])
        --*out;
    return SY_OK;
}

/* One dimension with as much padding as gives ceil(in / stride) windows; an odd one out goes where `upper`
 * says. */
static void slide_same(sy_window *window, int i, int64_t in, bool upper, int64_t *out)
{
    const int64_t reach = window->dilation[i] * (window->kernel[i] - 1) + 1;
    *out = (in + window->stride[i] - 1) / window->stride[i];
    int64_t padding = (*out - 1) * window->stride[i] + reach - in;
    if (padding < 0)
        padding = 0;
    window->before[i] = upper ? padding / 2 : padding - padding / 2;
    window->after[i] = padding - window->before[i];
}

sy_status sy_window_slide(sy_ctx *ctx, const sy_node *node, sy_window *window, const int64_t *in,
                          int64_t *out)
{
    const char *mode = sy_node_string(node, "auto_pad", "NOTSET");
    const bool same_upper = strcmp(mode, "SAME_UPPER") == 0, same_lower = strcmp(mode, "SAME_LOWER") == 0;
    const bool valid = strcmp(mode, "VALID") == 0;
    const bool ceil_mode = sy_node_int(node, "ceil_mode", 0) != 0;
    if (!same_upper && !same_lower && !valid && strcmp(mode, "NOTSET") != 0)
        return sy_fail(ctx, SY_E_MODEL, "auto_pad is '%s', not NOTSET, SAME_UPPER, SAME_LOWER or VALID",
                       mode);
    for (int i = 0; i < window->rank; i++) {
        if (valid)
            window->before[i] = window->after[i] = 0;
        if (in[i] == SY_NONE || window->kernel[i] == SY_NONE)
            out[i] = SY_NONE;
        else if (same_upper || same_lower)
            slide_same(window, i, in[i], same_upper, &out[i]);
        else
            SY_TRY(slide_padded(ctx, window, i, in[i], ceil_mode, &out[i]));
    }
    return SY_OK;
}

sy_window sy_window_in_2d(const sy_window *window)
{
    if (window->rank == 2)
        return *window;
    return (sy_window){
        .rank = 2,
        .kernel = {1, window->kernel[0]},
        .stride = {1, window->stride[0]},
        .dilation = {1, window->dilation[0]},
        .before = {0, window->before[0]},
        .after = {0, window->after[0]},
    };
}

void sy_window_size_in_2d(const sy_shape *shape, uint32_t *out_height, uint32_t *out_width)
{
    *out_height = shape->rank == 4 ? (uint32_t)shape->dims[2] : 1;
    *out_width = (uint32_t)shape->dims[shape->rank - 1];
}
