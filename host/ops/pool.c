/* MaxPool and AveragePool. */
#include "ops/lowering.h"
#include "ops/window.h"

static sy_status infer_pool(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    sy_shape *y = &infer->shapes[0];
    sy_window window;
    if (x->rank == SY_NONE)
        return SY_OK;
    SY_TRY(sy_window_read(infer->ctx, infer->node, x->rank, NULL, &window));
    SY_TRY(sy_window_slide(infer->ctx, infer->node, &window, x->dims + 2, y->dims + 2));
    y->rank = x->rank;
    y->dims[0] = x->dims[0];
    y->dims[1] = x->dims[1];
    return SY_OK;
}

static sy_status infer_average_pool(sy_infer *infer)
{
    SY_TRY(sy_infer_floats(infer));
    return infer_pool(infer);
}

static sy_status infer_max_pool(sy_infer *infer)
{
    const sy_dtype dtype = sy_infer_input(infer, 0)->dtype;
    if (!sy_dtype_is_float(dtype) && sy_dtype_bits(dtype) > 8)
        return sy_fail(infer->ctx, SY_E_MODEL, "the input is %s; floats, int8 and uint8 can be pooled",
                       sy_dtype_name(dtype));
    if (sy_node_int(infer->node, "storage_order", 0) != 0)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED,
                       "storage_order 1 (column major) is not supported, only 0");
    return infer_pool(infer);
}

static sy_status read_pool(sy_lowering *lowering, const sy_node *node, uint32_t kind, sy_pool2d_params *out)
{
    const sy_shape *x = &lowering->graph->tensors[node->inputs[0]].shape;
    sy_window window;
    int64_t ignored[SY_WINDOW_RANK];
    SY_TRY(sy_window_read(lowering->ctx, node, x->rank, NULL, &window));
    SY_TRY(sy_window_slide(lowering->ctx, node, &window, x->dims + 2, ignored));
    window = sy_window_in_2d(&window);
    *out = (sy_pool2d_params){
        .kind = kind,
        .planes = (uint32_t)(x->dims[0] * x->dims[1]),
        .kernel_h = (uint32_t)window.kernel[0],
        .kernel_w = (uint32_t)window.kernel[1],
        .stride_h = (uint32_t)window.stride[0],
        .stride_w = (uint32_t)window.stride[1],
        .dilation_h = (uint32_t)window.dilation[0],
        .dilation_w = (uint32_t)window.dilation[1],
        .pad_top = (int32_t)window.before[0],
        .pad_left = (int32_t)window.before[1],
        .pad_bottom = (int32_t)window.after[0],
        .pad_right = (int32_t)window.after[1],
        .count_padding = sy_node_int(node, "count_include_pad", 0) != 0,
    };
    sy_window_size_in_2d(x, &out->in_h, &out->in_w);
    sy_window_size_in_2d(&lowering->graph->tensors[node->outputs[0]].shape, &out->out_h, &out->out_w);
    return SY_OK;
}

static sy_status lower_average_pool(sy_lowering *lowering, const sy_node *node)
{
    sy_pool2d_params params;
    SY_TRY(read_pool(lowering, node, SY_POOL_AVERAGE, &params));
    SY_LOWER(lowering, pool2d, &params, sy_lower_input(lowering, node, 0),
             sy_lower_output(lowering, node, 0));
    return SY_OK;
}

/* The kernel compares floats; 8-bit integers are exact as floats, so they go there and back. */
static sy_status lower_max_pool(sy_lowering *lowering, const sy_node *node)
{
    const sy_dtype dtype = lowering->graph->tensors[node->inputs[0]].dtype;
    sy_operand x = sy_lower_input(lowering, node, 0);
    const sy_operand y = sy_lower_output(lowering, node, 0);
    sy_pool2d_params params;
    SY_TRY(read_pool(lowering, node, SY_POOL_MAX, &params));
    if (sy_dtype_is_float(dtype)) {
        SY_LOWER(lowering, pool2d, &params, x, y);
        return SY_OK;
    }
    const sy_cast_params in = {.mode = SY_CAST_INT_TO_FLOAT,
                               .count = params.planes * params.in_h * params.in_w};
    const sy_cast_params out = {.mode = SY_CAST_FLOAT_TO_INT,
                                .count = params.planes * params.out_h * params.out_w,
                                .lo = INT8_MIN,
                                .hi = UINT8_MAX};
    const sy_operand wide = sy_lower_scratch(lowering, in.count),
                     pooled = sy_lower_scratch(lowering, out.count);
    SY_LOWER(lowering, cast, &in, x, wide);
    SY_LOWER(lowering, pool2d, &params, wide, pooled);
    SY_LOWER(lowering, cast, &out, pooled, y);
    return SY_OK;
}

const sy_op sy_op_max_pool = {
    .type = "MaxPool",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .quant = SY_QUANT_SAME_SCALE,
    .infer = infer_max_pool,
    .lower = lower_max_pool,
};

const sy_op sy_op_average_pool = {
    .type = "AveragePool",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .quant = SY_QUANT_NEW_SCALE,
    .infer = infer_average_pool,
    .lower = lower_average_pool,
};
