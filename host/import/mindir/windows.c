/* Operators that move a window over images: convolutions and pools. */
#include <string.h>

#include "import/mindir/translate.h"

/* Height and width of an argument with 1, 2 or 4 numbers. */
static sy_status window_sizes(sy_mind_translator *work, int input, const char *name, int64_t out[2])
{
    int64_t sizes[4];
    int count;
    SY_TRY(sy_mind_ints(work, input, name, sizes, 4, &count));
    if (count == 0) {
        out[0] = out[1] = 1;
        return SY_OK;
    }
    if (count == 3)
        return sy_fail(work->ctx, SY_E_MODEL, "%s has 3 numbers", name);
    out[0] = sizes[count == 4 ? 2 : 0];
    out[1] = sizes[count == 4 ? 3 : count - 1];
    return SY_OK;
}

/* "same", "SAME" and 1; "valid", "VALID" and 2; else explicit. */
static const char *auto_pad_of(sy_mind_translator *work, int input)
{
    const sy_mind_attr *mode = sy_mind_argument(work, input, "pad_mode");
    const char *text = mode && mode->s ? mode->s : "";
    const int64_t number = mode && mode->int_count == 1 ? mode->ints[0] : 0;
    if (strcmp(text, "same") == 0 || strcmp(text, "SAME") == 0 || number == 1)
        return "SAME_UPPER";
    if (strcmp(text, "valid") == 0 || strcmp(text, "VALID") == 0 || number == 2)
        return "VALID";
    return "NOTSET";
}

static sy_status set_window(sy_mind_translator *work, int node, const char *ours, int input,
                            const char *theirs)
{
    int64_t sizes[2];
    SY_TRY(window_sizes(work, input, theirs, sizes));
    return sy_graph_set_attr_ints(work->ctx, work->graph, node, ours, sizes, 2);
}

/* Top, bottom, left, right there; top, left, bottom, right here. */
static sy_status set_pads(sy_mind_translator *work, int node, int input, const char *name)
{
    int64_t theirs[4] = {0};
    int count;
    SY_TRY(sy_mind_ints(work, input, name, theirs, 4, &count));
    if (count != 0 && count != 4)
        return sy_fail(work->ctx, SY_E_MODEL, "%s has %d numbers, not 4", name, count);
    const int64_t ours[] = {theirs[0], theirs[2], theirs[1], theirs[3]};
    return sy_graph_set_attr_ints(work->ctx, work->graph, node, "pads", ours, 4);
}

/* Input, weights and what Conv2D and Conv2DTranspose have alike; pads follow. */
static sy_status add_convolution(sy_mind_translator *work, const char *type, int inputs[2], int *out_tensor,
                                 int *out_node)
{
    SY_TRY(sy_mind_require_nchw(work, SY_MIND_NO_INPUT));
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_tensor_input(work, 1, SY_NONE, &inputs[1]));
    SY_TRY(sy_mind_add(work, type, inputs, 2, "", out_tensor, out_node));
    SY_TRY(set_window(work, *out_node, "strides", SY_MIND_NO_INPUT, "stride"));
    SY_TRY(set_window(work, *out_node, "dilations", SY_MIND_NO_INPUT, "dilation"));
    return sy_graph_set_attr_int(work->ctx, work->graph, *out_node, "group",
                                 sy_mind_int(work, SY_MIND_NO_INPUT, "group", 1));
}

/* "pad" is what the network says; "pad_list" follows from it where the rank of the input was known. */
static sy_status set_own_pads(sy_mind_translator *work, int node)
{
    const sy_mind_attr *own = sy_mind_attr_of(work->node, "pad");
    return set_pads(work, node, SY_MIND_NO_INPUT, own && own->int_count == 4 ? "pad" : "pad_list");
}

static sy_status conv2d(sy_mind_translator *work)
{
    int inputs[2], tensor, node;
    const char *auto_pad = auto_pad_of(work, SY_MIND_NO_INPUT);
    SY_TRY(add_convolution(work, "Conv", inputs, &tensor, &node));
    if (strcmp(auto_pad, "NOTSET") == 0)
        SY_TRY(set_own_pads(work, node));
    else
        SY_TRY(sy_graph_set_attr_string(work->ctx, work->graph, node, "auto_pad", auto_pad));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

/* What ONNX takes off the ends and adds behind, so that the result is as long as MindSpore says: stride times
 * the input with SAME and VALID, but for windows longer than the stride, of which VALID keeps what is over.
 */
static sy_status set_transposed_ends(sy_mind_translator *work, int node, const char *auto_pad,
                                     const sy_shape *weights)
{
    int64_t stride[2], dilation[2], pads[4], more[2];
    SY_TRY(window_sizes(work, SY_MIND_NO_INPUT, "stride", stride));
    SY_TRY(window_sizes(work, SY_MIND_NO_INPUT, "dilation", dilation));
    for (int i = 0; i < 2; i++) {
        const int64_t over = (weights->dims[2 + i] - 1) * dilation[i] + 1 - stride[i];
        const int64_t off = over > 0 && strcmp(auto_pad, "VALID") != 0 ? over : 0;
        pads[i] = off / 2;
        pads[2 + i] = off - off / 2;
        more[i] = over < 0 ? -over : 0;
    }
    SY_TRY(sy_graph_set_attr_ints(work->ctx, work->graph, node, "pads", pads, 4));
    return sy_graph_set_attr_ints(work->ctx, work->graph, node, "output_padding", more, 2);
}

/* The third input, the size of the result, follows from the others. */
static sy_status conv2d_transpose(sy_mind_translator *work)
{
    int inputs[2], tensor, node;
    const char *auto_pad = auto_pad_of(work, SY_MIND_NO_INPUT);
    SY_TRY(add_convolution(work, "ConvTranspose", inputs, &tensor, &node));
    const sy_shape weights = *sy_mind_shape(work, inputs[1]);
    if (weights.rank != 4 || !sy_shape_known(&weights))
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "the shape of its weights is not known");
    if (strcmp(auto_pad, "NOTSET") == 0)
        SY_TRY(set_own_pads(work, node));
    else
        SY_TRY(set_transposed_ends(work, node, auto_pad, &weights));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

/* MaxPool has attributes, AvgPool inputs. */
static sy_status pool(sy_mind_translator *work)
{
    int x, tensor, node;
    const bool average = sy_mind_is(work, "AvgPool");
    const char *auto_pad = auto_pad_of(work, average ? 3 : SY_MIND_NO_INPUT);
    SY_TRY(sy_mind_require_nchw(work, average ? 4 : SY_MIND_NO_INPUT));
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    if (strcmp(auto_pad, "NOTSET") == 0)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "pad_mode is neither SAME nor VALID");
    SY_TRY(sy_mind_add(work, average ? "AveragePool" : "MaxPool", &x, 1, "", &tensor, &node));
    SY_TRY(set_window(work, node, "kernel_shape", average ? 1 : SY_MIND_NO_INPUT, "kernel_size"));
    SY_TRY(set_window(work, node, "strides", average ? 2 : SY_MIND_NO_INPUT, "strides"));
    SY_TRY(sy_graph_set_attr_string(work->ctx, work->graph, node, "auto_pad", auto_pad));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

/* The tensor that a depth of 1 was put into for an operator of three dimensions, which padded pools are
 * exported as. */
static sy_status flat_input(sy_mind_translator *work, int *out)
{
    int x;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    const sy_shape *shape = sy_mind_shape(work, x);
    const int before = sy_mind_unsqueezed(work, x, 2);
    if (shape->rank != 5 || shape->dims[2] != 1 || before == SY_NONE)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "it pools three dimensions, only two can be computed");
    *out = before;
    return SY_OK;
}

/* The last two of three sizes, or of five; the first ones must be `none`. */
static sy_status plane_of(sy_mind_translator *work, const char *name, int64_t none, int64_t out[2])
{
    int64_t sizes[5];
    int count;
    SY_TRY(sy_mind_ints(work, SY_MIND_NO_INPUT, name, sizes, 5, &count));
    out[0] = out[1] = none;
    if (count == 0)
        return SY_OK;
    if (count != 3 && count != 5)
        return sy_fail(work->ctx, SY_E_MODEL, "%s has %d numbers", name, count);
    for (int i = 0; i < count - 2; i++)
        if (sizes[i] != none)
            return sy_fail(work->ctx, SY_E_UNSUPPORTED, "%s is not %lld where it is about channels and depth",
                           name, (long long)none);
    out[0] = sizes[count - 2];
    out[1] = sizes[count - 1];
    return SY_OK;
}

static sy_status set_plane(sy_mind_translator *work, int node, const char *ours, const char *theirs)
{
    int64_t sizes[2];
    SY_TRY(plane_of(work, theirs, 1, sizes));
    return sy_graph_set_attr_ints(work->ctx, work->graph, node, ours, sizes, 2);
}

/* A pool of two dimensions in the place of one of three, with its depth of 1 put back. */
static sy_status finish_flat(sy_mind_translator *work, int tensor, int node, int *out)
{
    int inputs[2] = {tensor, SY_NONE};
    SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "ceil_mode",
                                 sy_mind_flag(work, SY_MIND_NO_INPUT, "ceil_mode")));
    SY_TRY(sy_mind_infer(work, node));
    SY_TRY(sy_mind_add_ints(work, (const int64_t[]){2}, 1, "/depth", &inputs[1]));
    return sy_mind_add(work, "Unsqueeze", inputs, 2, "/deep", out, NULL);
}

/* MaxPool2d with pads: its second result, where the largest stood, is not computed. */
static sy_status max_pool_3d(sy_mind_translator *work)
{
    int64_t pads[2];
    int x, tensor, node, deep;
    SY_TRY(flat_input(work, &x));
    SY_TRY(plane_of(work, "pads", 0, pads));
    SY_TRY(sy_mind_add(work, "MaxPool", &x, 1, "", &tensor, &node));
    SY_TRY(set_plane(work, node, "kernel_shape", "ksize"));
    SY_TRY(set_plane(work, node, "strides", "strides"));
    SY_TRY(set_plane(work, node, "dilations", "dilation"));
    SY_TRY(sy_graph_set_attr_ints(work->ctx, work->graph, node, "pads",
                                  (const int64_t[]){pads[0], pads[1], pads[0], pads[1]}, 4));
    SY_TRY(finish_flat(work, tensor, node, &deep));
    return sy_mind_means_first_of(work, deep, 2);
}

/* AvgPool2d with pads: front, back, top, bottom, left, right. */
static sy_status average_pool_3d(sy_mind_translator *work)
{
    int64_t pads[6] = {0};
    int x, tensor, node, deep, count;
    SY_TRY(flat_input(work, &x));
    SY_TRY(sy_mind_ints(work, SY_MIND_NO_INPUT, "pad_list", pads, 6, &count));
    if (pads[0] || pads[1] || sy_mind_int(work, SY_MIND_NO_INPUT, "divisor_override", 0))
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "it has pads in depth, or a divisor of its own");
    SY_TRY(sy_mind_add(work, "AveragePool", &x, 1, "", &tensor, &node));
    SY_TRY(set_plane(work, node, "kernel_shape", "kernel_size"));
    SY_TRY(set_plane(work, node, "strides", "strides"));
    SY_TRY(sy_graph_set_attr_ints(work->ctx, work->graph, node, "pads",
                                  (const int64_t[]){pads[2], pads[4], pads[3], pads[5]}, 4));
    SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "count_include_pad",
                                 sy_mind_flag(work, SY_MIND_NO_INPUT, "count_include_pad")));
    SY_TRY(finish_flat(work, tensor, node, &deep));
    sy_mind_means(work, deep);
    return SY_OK;
}

/* The mean of the whole image, or of windows that its sizes are multiples of. */
static sy_status adaptive_average_pool(sy_mind_translator *work)
{
    int64_t sizes[2], window[2];
    int x, tensor, node, count;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &x));
    SY_TRY(sy_mind_ints(work, SY_MIND_NO_INPUT, "output_size", sizes, 2, &count));
    if (count == 2 && sizes[0] == 1 && sizes[1] == 1)
        return sy_mind_result(work, "GlobalAveragePool", &x, 1);
    const sy_shape *shape = sy_mind_shape(work, x);
    for (int i = 0; i < 2; i++) {
        const int64_t size = shape->rank == 4 ? shape->dims[2 + i] : SY_NONE;
        if (count != 2 || sizes[i] < 1 || size == SY_NONE || size % sizes[i])
            return sy_fail(work->ctx, SY_E_UNSUPPORTED,
                           "output_size is neither 1 nor a divisor of the image's known size");
        window[i] = size / sizes[i];
    }
    SY_TRY(sy_mind_add(work, "AveragePool", &x, 1, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_ints(work->ctx, work->graph, node, "kernel_shape", window, 2));
    SY_TRY(sy_graph_set_attr_ints(work->ctx, work->graph, node, "strides", window, 2));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

const sy_mind_row sy_mind_windows[] = {
    {"Conv2D", conv2d},
    {"Conv2DTranspose", conv2d_transpose},
    {"Conv2DBackpropInput", conv2d_transpose},
    {"MaxPool", pool},
    {"AvgPool", pool},
    {"MaxPool3DWithArgmax", max_pool_3d},
    {"AvgPool3D", average_pool_3d},
    {"AdaptiveAvgPool2D", adaptive_average_pool},
    {NULL, NULL},
};
