/* Operators with weights or windows, and normalization. */
#include <string.h>

#include "import/mindir/translate.h"

/* The first of several results; the others are of training. */
static sy_status means_first_of(sy_mind_translator *work, int tensor, int count)
{
    sy_mind_meaning *elements = sy_arena_alloc(&work->arena, (size_t)count, sizeof *elements);
    SY_TRY(sy_check_alloc(work->ctx, elements));
    elements[0] = (sy_mind_meaning){.kind = SY_MIND_KIND_TENSOR, .tensor = tensor};
    work->meanings[work->index] =
        (sy_mind_meaning){.kind = SY_MIND_KIND_TUPLE, .elements = elements, .element_count = count};
    return SY_OK;
}

static sy_status require_nchw(sy_mind_translator *work, int input)
{
    const sy_mind_attr *format = sy_mind_argument(work, input, "format");
    if (!format ||
        (format->s ? strcmp(format->s, "NCHW") == 0 : format->int_count == 1 && format->ints[0] == 0))
        return SY_OK;
    return sy_fail(work->ctx, SY_E_UNSUPPORTED, "its format is %s, only NCHW can be computed",
                   format->s ? format->s : "not NCHW");
}

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

static sy_status conv2d(sy_mind_translator *work)
{
    int inputs[2], tensor, node;
    const char *auto_pad = auto_pad_of(work, SY_MIND_NO_INPUT);
    SY_TRY(require_nchw(work, SY_MIND_NO_INPUT));
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_tensor_input(work, 1, SY_NONE, &inputs[1]));
    SY_TRY(sy_mind_add(work, "Conv", inputs, 2, "", &tensor, &node));
    SY_TRY(set_window(work, node, "strides", SY_MIND_NO_INPUT, "stride"));
    SY_TRY(set_window(work, node, "dilations", SY_MIND_NO_INPUT, "dilation"));
    SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "group",
                                 sy_mind_int(work, SY_MIND_NO_INPUT, "group", 1)));
    if (strcmp(auto_pad, "NOTSET") == 0)
        SY_TRY(set_pads(work, node, SY_MIND_NO_INPUT,
                        sy_mind_attr_of(work->node, "pad_list") ? "pad_list" : "pad"));
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
    SY_TRY(require_nchw(work, SY_MIND_NO_INPUT));
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_tensor_input(work, 1, SY_NONE, &inputs[1]));
    const sy_shape weights = *sy_mind_shape(work, inputs[1]);
    if (weights.rank != 4 || !sy_shape_known(&weights))
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "the shape of its weights is not known");
    SY_TRY(sy_mind_add(work, "ConvTranspose", inputs, 2, "", &tensor, &node));
    SY_TRY(set_window(work, node, "strides", SY_MIND_NO_INPUT, "stride"));
    SY_TRY(set_window(work, node, "dilations", SY_MIND_NO_INPUT, "dilation"));
    SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "group",
                                 sy_mind_int(work, SY_MIND_NO_INPUT, "group", 1)));
    if (strcmp(auto_pad, "NOTSET") == 0)
        SY_TRY(set_pads(work, node, SY_MIND_NO_INPUT,
                        sy_mind_attr_of(work->node, "pad_list") ? "pad_list" : "pad"));
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
    SY_TRY(require_nchw(work, average ? 4 : SY_MIND_NO_INPUT));
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

/* A constant vector as [1, n, 1, 1], for the channels of a tensor of this rank; others by Reshape. */
static sy_status along_channels(sy_mind_translator *work, int bias, int rank, int *out)
{
    int64_t shape[SY_MAX_RANK];
    int inputs[2] = {bias, SY_NONE};
    for (int i = 0; i < rank; i++)
        shape[i] = i == 1 ? -1 : 1;
    SY_TRY(sy_mind_add_ints(work, shape, rank, "/shape", &inputs[1]));
    return sy_mind_add(work, "Reshape", inputs, 2, "/bias", out, NULL);
}

static sy_status bias_add(sy_mind_translator *work)
{
    int inputs[2];
    SY_TRY(require_nchw(work, 2));
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_tensor_input(work, 1, inputs[0], &inputs[1]));
    const int rank = sy_mind_shape(work, inputs[0])->rank;
    if (rank == SY_NONE)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "the rank of its input is not known");
    if (rank > 2)
        SY_TRY(along_channels(work, inputs[1], rank, &inputs[1]));
    return sy_mind_result(work, "Add", inputs, 2);
}

/* Swaps the last two dimensions. */
static sy_status transposed(sy_mind_translator *work, int *tensor, const char *ending)
{
    int64_t perm[SY_MAX_RANK];
    int node, out;
    const int rank = sy_mind_shape(work, *tensor)->rank;
    if (rank < 2)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "an operand of unknown rank is transposed");
    for (int i = 0; i < rank; i++)
        perm[i] = i == rank - 2 ? rank - 1 : i == rank - 1 ? rank - 2 : i;
    SY_TRY(sy_mind_add(work, "Transpose", tensor, 1, ending, &out, &node));
    SY_TRY(sy_graph_set_attr_ints(work->ctx, work->graph, node, "perm", perm, (size_t)rank));
    *tensor = out;
    return sy_mind_infer(work, node);
}

static sy_status gemm(sy_mind_translator *work, const int *inputs, int count, bool a, bool b)
{
    int tensor, node;
    SY_TRY(sy_mind_add(work, "Gemm", inputs, count, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "transA", a));
    SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "transB", b));
    sy_mind_means(work, tensor);
    return sy_mind_infer(work, node);
}

static sy_status matmul(sy_mind_translator *work)
{
    const bool a = sy_mind_flag(work, 2, "transpose_a"), b = sy_mind_flag(work, 3, "transpose_b");
    int inputs[2];
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_tensor_input(work, 1, SY_NONE, &inputs[1]));
    if (sy_mind_shape(work, inputs[0])->rank == 2 && sy_mind_shape(work, inputs[1])->rank == 2)
        return gemm(work, inputs, 2, a, b);
    if (a)
        SY_TRY(transposed(work, &inputs[0], "/a"));
    if (b)
        SY_TRY(transposed(work, &inputs[1], "/b"));
    return sy_mind_result(work, "MatMul", inputs, 2);
}

/* x * w' + b; b may be left out. */
static sy_status dense(sy_mind_translator *work)
{
    sy_mind_meaning bias = {.kind = SY_MIND_KIND_NOTHING};
    int inputs[3], product;
    SY_TRY(sy_mind_tensor_input(work, 0, SY_NONE, &inputs[0]));
    SY_TRY(sy_mind_tensor_input(work, 1, SY_NONE, &inputs[1]));
    if (work->node->input_count > 2)
        SY_TRY(sy_mind_input(work, 2, &bias));
    const bool biased = bias.kind == SY_MIND_KIND_TENSOR;
    inputs[2] = bias.tensor;
    if (sy_mind_shape(work, inputs[0])->rank == 2)
        return gemm(work, inputs, biased ? 3 : 2, false, true);
    SY_TRY(transposed(work, &inputs[1], "/weights"));
    if (!biased)
        return sy_mind_result(work, "MatMul", inputs, 2);
    SY_TRY(sy_mind_add(work, "MatMul", inputs, 2, "/product", &product, NULL));
    return sy_mind_result(work, "Add", (const int[]){product, inputs[2]}, 2);
}

static sy_status batch_norm(sy_mind_translator *work)
{
    int inputs[5], tensor, node;
    if (sy_mind_flag(work, 5, "is_training"))
        return sy_fail(work->ctx, SY_E_UNSUPPORTED,
                       "it is in training mode: export the network for inference");
    SY_TRY(require_nchw(work, 8));
    for (int i = 0; i < 5; i++)
        SY_TRY(sy_mind_tensor_input(work, i, SY_NONE, &inputs[i]));
    SY_TRY(sy_mind_add(work, "BatchNormalization", inputs, 5, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_float(work->ctx, work->graph, node, "epsilon",
                                   (float)sy_mind_float(work, 6, "epsilon", 1e-5)));
    SY_TRY(sy_mind_infer(work, node));
    return means_first_of(work, tensor, 5);
}

static sy_status layer_norm(sy_mind_translator *work)
{
    int inputs[3], tensor, node;
    for (int i = 0; i < 3; i++)
        SY_TRY(sy_mind_tensor_input(work, i, SY_NONE, &inputs[i]));
    SY_TRY(sy_mind_add(work, "LayerNormalization", inputs, 3, "", &tensor, &node));
    SY_TRY(sy_graph_set_attr_int(work->ctx, work->graph, node, "axis",
                                 sy_mind_int(work, 3, "begin_norm_axis", -1)));
    SY_TRY(sy_graph_set_attr_float(work->ctx, work->graph, node, "epsilon",
                                   (float)sy_mind_float(work, 5, "epsilon", 1e-7)));
    SY_TRY(sy_mind_infer(work, node));
    return means_first_of(work, tensor, 3);
}

const sy_mind_row sy_mind_layers[] = {
    {"Conv2D", conv2d},
    {"MaxPool", pool},
    {"AvgPool", pool},
    {"BiasAdd", bias_add},
    {"MatMul", matmul},
    {"BatchMatMul", matmul},
    {"Dense", dense},
    {"BatchNorm", batch_norm},
    {"LayerNorm", layer_norm},
    {"Conv2DTranspose", conv2d_transpose},
    {"Conv2DBackpropInput", conv2d_transpose},
    {NULL, NULL},
};
