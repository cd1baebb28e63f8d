/* Convolutions and matrix products. Weights keep their int8 codes and scales and move to the format's order;
 * biases are the graph's int32, whose scales are those of input and weight multiplied in the format as well.
 */
#include <string.h>

#include "dsp/tflite_convert.h"
#include "ops/window.h"

/* A constant behind DequantizeLinear, with a list of scales. */
typedef struct {
    const sy_tensor *codes;
    const float *scales;
    size_t count;
} weight;

static sy_status read_weight(sy_tflite_maker *maker, const sy_tflite_unit *unit, int input, weight *out)
{
    const int codes = sy_tflite_codes(maker, unit, input);
    const sy_node *dequantize;
    if (codes == SY_NONE || !maker->graph->tensors[codes].data)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "its weights are computed");
    if (maker->graph->tensors[codes].dtype != SY_DTYPE_INT8)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "its weights are %s, not int8",
                       sy_dtype_name(maker->graph->tensors[codes].dtype));
    dequantize = &maker->graph->nodes[maker->graph->tensors[unit->node->inputs[input]].producer];
    const sy_tensor *scale = &maker->graph->tensors[dequantize->inputs[1]];
    out->codes = &maker->graph->tensors[codes];
    if (!sy_shape_count(&scale->shape, &out->count))
        return sy_fail(maker->ctx, SY_E_INTERNAL, "scale '%s' has no size", scale->name);
    float *scales = sy_arena_alloc(&maker->model->arena, out->count, sizeof *scales);
    SY_TRY(sy_check_alloc(maker->ctx, scales));
    out->scales = scales;
    return sy_tensor_to_f32(maker->ctx, scale, scales, out->count);
}

/* The weights as a constant of the model; dimension k of it is dimension order[k] of the graph's. */
static sy_status add_weight(sy_tflite_maker *maker, const weight *from, const sy_shape *shape,
                            const int *order, int axis, int *out)
{
    sy_tflite_tensor tensor = {.name = from->codes->name,
                               .type = SY_TFLITE_INT8,
                               .rank = shape->rank,
                               .scales = from->scales,
                               .scale_count = from->count,
                               .axis = axis,
                               .data = sy_tflite_permute(maker, from->codes->data, shape, order, 1),
                               .bytes = from->codes->bytes};
    SY_TRY(sy_check_alloc(maker->ctx, tensor.data));
    for (int k = 0; k < shape->rank; k++)
        tensor.dims[k] = (int32_t)shape->dims[order[k]];
    return sy_tflite_add_tensor(maker->ctx, maker->model, &tensor, out);
}

/* The input's scale times those of the weights, rounded to float as the graph's bias has it. */
static sy_status bias_scales(sy_tflite_maker *maker, int x, const weight *by, float **out)
{
    float *scales = sy_arena_alloc(&maker->model->arena, by->count, sizeof *scales);
    SY_TRY(sy_check_alloc(maker->ctx, scales));
    for (size_t c = 0; c < by->count; c++)
        scales[c] = maker->model->tensors[x].scales[0] * by->scales[c];
    *out = scales;
    return SY_OK;
}

/* The DequantizeLinear of a product's bias, also where an Add behind a MatMul has it; NULL where there is
 * none. */
static const sy_node *bias_of(const sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    const sy_graph *graph = maker->graph;
    int tensor = unit->node->input_count > 2 ? unit->node->inputs[2] : SY_NONE;
    const int reader = sy_graph_only_reader(graph, unit->node->outputs[0]);
    if (sy_node_is(unit->node, "MatMul") && reader != SY_NONE && sy_node_is(&graph->nodes[reader], "Add")) {
        const sy_node *add = &graph->nodes[reader];
        tensor = add->inputs[add->inputs[0] == unit->node->outputs[0] ? 1 : 0];
    }
    return tensor == SY_NONE ? NULL : &graph->nodes[graph->tensors[tensor].producer];
}

/* The bias, zeros where the product has none: not every runtime does without. */
static sy_status add_bias(sy_tflite_maker *maker, const sy_tflite_unit *unit, int x, const weight *by,
                          int count, int *out)
{
    const sy_node *dequantize = bias_of(maker, unit);
    const sy_tensor *codes = dequantize ? &maker->graph->tensors[dequantize->inputs[0]] : NULL;
    sy_tflite_tensor tensor = {.type = SY_TFLITE_INT32,
                               .rank = 1,
                               .dims = {count},
                               .bytes = (size_t)count * sizeof(int32_t),
                               .scale_count = by->count};
    float *scales;
    SY_TRY(bias_scales(maker, x, by, &scales));
    tensor.scales = scales;
    tensor.name = codes ? codes->name : sy_arena_printf(&maker->model->arena, "%s_bias", unit->node->name);
    tensor.data = codes ? codes->data : sy_arena_alloc(&maker->model->arena, (size_t)count, sizeof(int32_t));
    SY_TRY(sy_check_alloc(maker->ctx, tensor.name && tensor.data ? maker : NULL));
    if (codes && (codes->dtype != SY_DTYPE_INT32 || codes->bytes != tensor.bytes))
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "its bias is not one int32 for each output channel");
    return sy_tflite_add_tensor(maker->ctx, maker->model, &tensor, out);
}

static sy_status read_window(sy_tflite_maker *maker, const sy_tflite_unit *unit, const sy_shape *kernel,
                             sy_window *out)
{
    const sy_shape *x = sy_tflite_shape_in(maker, unit, 0);
    int64_t steps[SY_WINDOW_RANK];
    if (x->rank != 4)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "only images of two dimensions have a form");
    SY_TRY(sy_window_read(maker->ctx, unit->node, x->rank, kernel->dims + 2, out));
    return sy_window_slide(maker->ctx, unit->node, out, x->dims + 2, steps);
}

/* Padding, strides, dilations: the depthwise table has its multiplier in between. */
static void set_window(sy_tflite_operator *made, const sy_window *window, bool same, int activation,
                       int multiplier)
{
    const int after = multiplier ? 4 : 3;
    sy_tflite_byte(made, 0, same ? SY_TFLITE_SAME : SY_TFLITE_VALID);
    sy_tflite_word(made, 1, (int)window->stride[1]);
    sy_tflite_word(made, 2, (int)window->stride[0]);
    if (multiplier)
        sy_tflite_word(made, 3, multiplier);
    sy_tflite_byte(made, after, activation);
    sy_tflite_word(made, after + 1, (int)window->dilation[1]);
    sy_tflite_word(made, after + 2, (int)window->dilation[0]);
}

static sy_status convert_conv(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    static const int ohwi[] = {0, 2, 3, 1}, ihwo[] = {1, 2, 3, 0};
    const sy_shape *x = sy_tflite_shape_in(maker, unit, 0);
    const int group = (int)sy_node_int(unit->node, "group", 1);
    weight w;
    sy_window window;
    int ends[3], y;
    sy_tflite_operator *made;
    SY_TRY(read_weight(maker, unit, 1, &w));
    SY_TRY(read_window(maker, unit, &w.codes->shape, &window));
    const int outputs = (int)w.codes->shape.dims[0];
    const bool depthwise = group > 1 && group == x->dims[1];
    const bool same = sy_tflite_is_same(&window, x->dims + 2);
    SY_TRY(sy_tflite_input(maker, unit, 0, 4, &ends[0]));
    const int unpadded = ends[0];
    if (!same && sy_tflite_has_padding(&window))
        SY_TRY(sy_tflite_add_pad(maker, unit, &window, SY_TFLITE_PAD_ZERO, &ends[0]));
    SY_TRY(add_weight(maker, &w, &w.codes->shape, depthwise ? ihwo : ohwi, depthwise ? 3 : 0, &ends[1]));
    SY_TRY(add_bias(maker, unit, unpadded, &w, outputs, &ends[2]));
    SY_TRY(sy_tflite_output(maker, unit, 0, &y));
    SY_TRY(sy_tflite_add_operator(maker->ctx, maker->model,
                                  depthwise ? SY_TFLITE_DEPTHWISE_CONV_2D : SY_TFLITE_CONV_2D, ends, 3, &y, 1,
                                  &made));
    set_window(made, &window, same && sy_tflite_has_padding(&window), unit->activation,
               depthwise ? outputs / group : 0);
    return SY_OK;
}

static sy_status convert_transposed(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    static const int ohwi[] = {1, 2, 3, 0};
    weight w;
    sy_window window;
    int32_t dims[SY_MAX_RANK];
    int ends[4], y;
    sy_tflite_operator *made;
    size_t extra;
    SY_TRY(read_weight(maker, unit, 1, &w));
    if (w.codes->shape.rank != 4)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "only images of two dimensions have a form");
    SY_TRY(sy_window_read(maker->ctx, unit->node, 4, w.codes->shape.dims + 2, &window));
    if (sy_node_int(unit->node, "group", 1) != 1 || sy_tflite_has_padding(&window) ||
        window.dilation[0] != 1 || window.dilation[1] != 1 || sy_node_attr(unit->node, "auto_pad") ||
        sy_node_attr(unit->node, "output_shape") ||
        (sy_node_ints(unit->node, "output_padding", &extra) && extra))
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED,
                       "only without groups, dilations and padding has it a form");
    const int outputs = (int)w.codes->shape.dims[1];
    sy_tflite_dims(sy_tflite_shape_out(maker, unit, 0), dims);
    SY_TRY(sy_tflite_ints(maker, unit->node->name, "_size", dims, 4, 1, &ends[0]));
    SY_TRY(add_weight(maker, &w, &w.codes->shape, ohwi, 0, &ends[1]));
    SY_TRY(sy_tflite_input(maker, unit, 0, 4, &ends[2]));
    SY_TRY(add_bias(maker, unit, ends[2], &w, outputs, &ends[3]));
    SY_TRY(sy_tflite_output(maker, unit, 0, &y));
    SY_TRY(sy_tflite_add_operator(maker->ctx, maker->model, SY_TFLITE_TRANSPOSE_CONV, ends, 4, &y, 1, &made));
    sy_tflite_byte(made, 0, SY_TFLITE_VALID);
    sy_tflite_word(made, 1, (int)window.stride[1]);
    sy_tflite_word(made, 2, (int)window.stride[0]);
    sy_tflite_byte(made, 3, unit->activation);
    return SY_OK;
}

/* Gemm, and MatMul by a constant matrix: the format's weights are [outputs, inputs]. */
static sy_status convert_matrix(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    static const int as_is[] = {0, 1}, turned[] = {1, 0};
    const bool is_gemm = sy_node_is(unit->node, "Gemm");
    const bool rows_first = is_gemm && sy_node_int(unit->node, "transB", 0);
    const int rank = sy_tflite_shape_in(maker, unit, 0)->rank;
    weight w;
    int ends[3], y;
    sy_tflite_operator *made;
    SY_TRY(read_weight(maker, unit, 1, &w));
    if (w.codes->shape.rank != 2 || rank == 4 || (is_gemm && sy_node_int(unit->node, "transA", 0)))
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED,
                       "only a product of rows with a constant matrix has a form");
    const int outputs = (int)w.codes->shape.dims[rows_first ? 0 : 1];
    SY_TRY(sy_tflite_input(maker, unit, 0, rank, &ends[0]));
    SY_TRY(add_weight(maker, &w, &w.codes->shape, rows_first ? as_is : turned, 0, &ends[1]));
    SY_TRY(add_bias(maker, unit, ends[0], &w, outputs, &ends[2]));
    SY_TRY(sy_tflite_output(maker, unit, 0, &y));
    SY_TRY(
        sy_tflite_add_operator(maker->ctx, maker->model, SY_TFLITE_FULLY_CONNECTED, ends, 3, &y, 1, &made));
    sy_tflite_byte(made, 0, unit->activation);
    sy_tflite_byte(made, 2, rank != 2);
    return SY_OK;
}

const sy_tflite_row sy_tflite_products[] = {
    {"Conv", convert_conv},
    {"ConvTranspose", convert_transposed},
    {"Gemm", convert_matrix},
    {"MatMul", convert_matrix},
    {NULL, NULL},
};
