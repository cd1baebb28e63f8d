/* Conv. One dimension is two of which the first is 1. */
#include "ops/product.h"
#include "ops/product_integer.h"
#include "ops/space.h"
#include "ops/window.h"

static sy_status check_channels(sy_infer *infer, const sy_shape *x, const sy_shape *w)
{
    const int64_t group = sy_node_int(infer->node, "group", 1);
    if (w->rank != x->rank)
        return sy_fail(infer->ctx, SY_E_MODEL, "weights of rank %d do not fit an input of rank %d", w->rank,
                       x->rank);
    if (group < 1)
        return sy_fail(infer->ctx, SY_E_MODEL, "group is %lld, it must be at least 1", (long long)group);
    if (x->dims[1] != SY_NONE && w->dims[1] != SY_NONE &&
        (x->dims[1] % group != 0 || x->dims[1] / group != w->dims[1]))
        return sy_fail(infer->ctx, SY_E_MODEL,
                       "the input has %lld channels, the weights need %lld in %lld group%s",
                       (long long)x->dims[1], (long long)w->dims[1], (long long)group, group == 1 ? "" : "s");
    if (w->dims[0] != SY_NONE && w->dims[0] % group != 0)
        return sy_fail(infer->ctx, SY_E_MODEL, "%lld filters do not divide into %lld groups",
                       (long long)w->dims[0], (long long)group);
    return SY_OK;
}

static sy_status infer_shape(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape, *w = &sy_infer_input(infer, 1)->shape;
    sy_shape *y = &infer->shapes[0];
    sy_window window;
    if (x->rank == SY_NONE || w->rank == SY_NONE)
        return SY_OK;
    SY_TRY(check_channels(infer, x, w));
    SY_TRY(sy_window_read(infer->ctx, infer->node, x->rank, w->dims + 2, &window));
    SY_TRY(sy_window_slide(infer->ctx, infer->node, &window, x->dims + 2, y->dims + 2));
    y->rank = x->rank;
    y->dims[0] = x->dims[0];
    y->dims[1] = w->dims[0];
    return SY_OK;
}

static sy_status infer_conv(sy_infer *infer)
{
    const sy_shape *w = &sy_infer_input(infer, 1)->shape;
    SY_TRY(sy_infer_product(infer));
    SY_TRY(infer_shape(infer));
    return w->rank == SY_NONE ? SY_OK : sy_infer_vector(infer, 2, w->dims[0]);
}

static sy_status infer_integer(sy_infer *infer)
{
    SY_TRY(sy_infer_integer_product(infer, 0));
    return infer_shape(infer);
}

/* All but whether there is a bias. */
static sy_status read_params(sy_lowering *lowering, const sy_node *node, sy_conv2d_params *out)
{
    const sy_tensor *tensors = lowering->graph->tensors;
    const sy_shape *x = &tensors[node->inputs[0]].shape, *w = &tensors[node->inputs[1]].shape;
    sy_window window;
    int64_t ignored[SY_WINDOW_RANK];
    SY_TRY(sy_window_read(lowering->ctx, node, x->rank, w->dims + 2, &window));
    SY_TRY(sy_window_slide(lowering->ctx, node, &window, x->dims + 2, ignored));
    window = sy_window_in_2d(&window);

    *out = (sy_conv2d_params){
        .batch = (uint32_t)x->dims[0],
        .channels = (uint32_t)x->dims[1],
        .filters = (uint32_t)w->dims[0],
        .groups = (uint32_t)sy_node_int(node, "group", 1),
        .kernel_h = (uint32_t)window.kernel[0],
        .kernel_w = (uint32_t)window.kernel[1],
        .stride_h = (uint32_t)window.stride[0],
        .stride_w = (uint32_t)window.stride[1],
        .dilation_h = (uint32_t)window.dilation[0],
        .dilation_w = (uint32_t)window.dilation[1],
        .pad_top = (int32_t)window.before[0],
        .pad_left = (int32_t)window.before[1],
        .clamp = sy_lower_clamp(lowering, node),
    };
    sy_window_size_in_2d(x, &out->in_h, &out->in_w);
    sy_window_size_in_2d(&tensors[node->outputs[0]].shape, &out->out_h, &out->out_w);
    return SY_OK;
}

static sy_status lower_conv(sy_lowering *lowering, const sy_node *node)
{
    sy_conv2d_params params;
    SY_TRY(read_params(lowering, node, &params));
    const sy_product product = sy_lower_product(lowering, node);
    params.has_bias = product.bias.slot != SY_NONE;
    SY_LOWER(lowering, conv2d, &params, product.x, product.w, product.bias, product.y);
    return sy_lower_product_end(lowering, node, &product);
}

static sy_status lower_integer(sy_lowering *lowering, const sy_node *node)
{
    const sy_shape *w = &lowering->graph->tensors[node->inputs[1]].shape;
    sy_conv2d_params params;
    SY_TRY(read_params(lowering, node, &params));
    const sy_integer_product product =
        sy_lower_integer_product(lowering, node, 0, sy_known_product(w, 1, w->rank));
    for (int i = 0; i < product.parts; i++)
        SY_LOWER(lowering, conv2d, &params, product.x[i], product.w, sy_no_operand, product.y[i]);
    sy_lower_integer_product_end(lowering, node, &product);
    return SY_OK;
}

const sy_op sy_op_conv_integer = {
    .type = "ConvInteger",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 4,
    .outputs_max = 1,
    .since = 10,
    .quant = SY_QUANT_NEVER,
    .infer = infer_integer,
    .lower = lower_integer,
};

const sy_op sy_op_conv = {
    .type = "Conv",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 3,
    .outputs_max = 1,
    .quant = SY_QUANT_WEIGHTED,
    .absorbs_clamp = true,
    .infer = infer_conv,
    .lower = lower_conv,
};
