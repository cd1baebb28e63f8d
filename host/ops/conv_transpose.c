/* ConvTranspose. One dimension is two of which the first is 1. */
#include <string.h>

#include "ops/product.h"
#include "ops/window.h"

/* One dimension of the output and the padding that gives it. `wanted` is output_shape's, or SY_NONE. */
static sy_status stretch(sy_ctx *ctx, const sy_node *node, sy_window *window, int i, int64_t in,
                         int64_t extra, int64_t wanted, int64_t *out)
{
    const char *mode = sy_node_string(node, "auto_pad", "NOTSET");
    const bool upper = strcmp(mode, "SAME_UPPER") == 0, same = upper || strcmp(mode, "SAME_LOWER") == 0;
    const int64_t reach = window->dilation[i] * (window->kernel[i] - 1) + 1;
    const int64_t whole = window->stride[i] * (in - 1) + extra + reach;
    if (!same && strcmp(mode, "VALID") != 0 && strcmp(mode, "NOTSET") != 0)
        return sy_fail(ctx, SY_E_MODEL, "auto_pad is '%s', not NOTSET, SAME_UPPER, SAME_LOWER or VALID",
                       mode);
    if (same && wanted == SY_NONE)
        wanted = in * window->stride[i];
    if (wanted != SY_NONE) {
        const int64_t padding = whole > wanted ? whole - wanted : 0;
        window->before[i] = upper ? padding / 2 : padding - padding / 2;
        window->after[i] = padding - window->before[i];
    }
    *out = wanted != SY_NONE ? wanted : whole - window->before[i] - window->after[i];
    if (*out < 1)
        return sy_fail(ctx, SY_E_MODEL, "padding %lld and %lld leaves nothing of %lld elements",
                       (long long)window->before[i], (long long)window->after[i], (long long)whole);
    return SY_OK;
}

static sy_status read_list(sy_ctx *ctx, const sy_node *node, const char *name, int count, const int64_t **out)
{
    size_t given;
    *out = sy_node_ints(node, name, &given);
    if (*out && given != (size_t)count)
        return sy_fail(ctx, SY_E_MODEL, "%s has %zu numbers, this rank needs %d", name, given, count);
    for (int i = 0; i < count && *out; i++) {
        if ((*out)[i] < 0 || (*out)[i] > INT32_MAX)
            return sy_fail(ctx, SY_E_MODEL, "%s holds %lld, which is outside 0..%d", name,
                           (long long)(*out)[i], INT32_MAX);
    }
    return SY_OK;
}

static sy_status read_window(sy_ctx *ctx, const sy_node *node, const sy_shape *x, const sy_shape *w,
                             sy_window *window, int64_t *out)
{
    const int64_t *extra, *wanted;
    SY_TRY(sy_window_read(ctx, node, x->rank, w->dims + 2, window));
    SY_TRY(read_list(ctx, node, "output_padding", window->rank, &extra));
    SY_TRY(read_list(ctx, node, "output_shape", window->rank, &wanted));
    for (int i = 0; i < window->rank; i++) {
        if (x->dims[2 + i] == SY_NONE || window->kernel[i] == SY_NONE)
            out[i] = SY_NONE;
        else
            SY_TRY(stretch(ctx, node, window, i, x->dims[2 + i], extra ? extra[i] : 0,
                           wanted ? wanted[i] : SY_NONE, &out[i]));
    }
    return SY_OK;
}

static sy_status infer_conv_transpose(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape, *w = &sy_infer_input(infer, 1)->shape;
    const int64_t group = sy_node_int(infer->node, "group", 1);
    sy_shape *y = &infer->shapes[0];
    sy_window window;
    SY_TRY(sy_infer_product(infer));
    if (x->rank == SY_NONE || w->rank == SY_NONE)
        return SY_OK;
    if (w->rank != x->rank)
        return sy_fail(infer->ctx, SY_E_MODEL, "weights of rank %d do not fit an input of rank %d", w->rank,
                       x->rank);
    if (x->dims[1] != SY_NONE && w->dims[0] != SY_NONE && x->dims[1] != w->dims[0])
        return sy_fail(infer->ctx, SY_E_MODEL, "the input has %lld channels, the weights are for %lld",
                       (long long)x->dims[1], (long long)w->dims[0]);
    if (group < 1 || group > INT32_MAX || (w->dims[0] != SY_NONE && w->dims[0] % group != 0))
        return sy_fail(infer->ctx, SY_E_MODEL, "%lld channels do not divide into %lld groups",
                       (long long)w->dims[0], (long long)group);
    SY_TRY(read_window(infer->ctx, infer->node, x, w, &window, y->dims + 2));
    y->rank = x->rank;
    y->dims[0] = x->dims[0];
    y->dims[1] = w->dims[1] == SY_NONE ? SY_NONE : w->dims[1] * group;
    return sy_infer_vector(infer, 2, y->dims[1]);
}

static sy_status lower_conv_transpose(sy_lowering *lowering, const sy_node *node)
{
    const sy_tensor *tensors = lowering->graph->tensors;
    const sy_shape *x = &tensors[node->inputs[0]].shape, *w = &tensors[node->inputs[1]].shape;
    const sy_shape *y = &tensors[node->outputs[0]].shape;
    sy_window window;
    int64_t ignored[SY_WINDOW_RANK];
    SY_TRY(read_window(lowering->ctx, node, x, w, &window, ignored));
    window = sy_window_in_2d(&window);

    const sy_product product = sy_lower_product(lowering, node);
    sy_conv_transpose2d_params params = {
        .batch = (uint32_t)x->dims[0],
        .channels = (uint32_t)x->dims[1],
        .filters = (uint32_t)y->dims[1],
        .groups = (uint32_t)sy_node_int(node, "group", 1),
        .kernel_h = (uint32_t)window.kernel[0],
        .kernel_w = (uint32_t)window.kernel[1],
        .stride_h = (uint32_t)window.stride[0],
        .stride_w = (uint32_t)window.stride[1],
        .dilation_h = (uint32_t)window.dilation[0],
        .dilation_w = (uint32_t)window.dilation[1],
        .pad_top = (int32_t)window.before[0],
        .pad_left = (int32_t)window.before[1],
        .has_bias = product.bias.slot != SY_NONE,
        .clamp = sy_lower_clamp(lowering, node),
    };
    sy_window_size_in_2d(x, &params.in_h, &params.in_w);
    sy_window_size_in_2d(y, &params.out_h, &params.out_w);
    SY_LOWER(lowering, conv_transpose2d, &params, product.x, product.w, product.bias, product.y);
    return sy_lower_product_end(lowering, node, &product);
}

const sy_op sy_op_conv_transpose = {
    .type = "ConvTranspose",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 3,
    .outputs_max = 1,
    .quant = SY_QUANT_WEIGHTED,
    .absorbs_clamp = true,
    .infer = infer_conv_transpose,
    .lower = lower_conv_transpose,
};
