/* y = (x - mean) / sqrt(variance + epsilon) * gamma + beta, per channel, folded into the linear node before
 * it.
 *
 * A BatchNormalization that follows none stays: every target takes it, in float, while a Mul and an Add in
 * its place would each be quantized and lose more.
 */
#include <math.h>

#include "fuse/linear.h"

enum { INPUT_SCALE = 1, INPUT_SHIFT, INPUT_MEAN, INPUT_VARIANCE, INPUT_COUNT };

/* Other outputs, or the attribute, mean training; before opset 9 one could normalise by position instead of
 * by channel. */
static bool normalises_channels(const sy_graph *graph, const sy_node *node)
{
    if (node->input_count != INPUT_COUNT || sy_node_int(node, "training_mode", 0) ||
        (node->opset < 9 && !sy_node_int(node, "spatial", 1)))
        return false;
    for (int i = 1; i < node->output_count; i++)
        if (sy_fuse_is_read(graph, node->outputs[i]))
            return false;
    return node->output_count > 0 && node->outputs[0] != SY_NONE;
}

static bool has_constants(const sy_graph *graph, const sy_node *node, size_t channels)
{
    for (int i = INPUT_SCALE; i < INPUT_COUNT; i++) {
        const sy_tensor *tensor = sy_fuse_input(graph, node, i);
        size_t count;
        if (!tensor || !tensor->data || tensor->dtype != SY_DTYPE_FLOAT ||
            !sy_shape_count(&tensor->shape, &count) || count != channels)
            return false;
    }
    return true;
}

/* Its affine form. Not finite where variance + epsilon is not above 0; the caller looks at the results. */
static void affine_of(const sy_graph *graph, const sy_node *node, size_t channels, double *scale,
                      double *shift)
{
    const float *input[INPUT_COUNT] = {0};
    for (int i = INPUT_SCALE; i < INPUT_COUNT; i++)
        input[i] = sy_fuse_input(graph, node, i)->data;
    const double epsilon = (double)sy_node_float(node, "epsilon", 1e-5F);
    for (size_t c = 0; c < channels; c++) {
        scale[c] = (double)input[INPUT_SCALE][c] / sqrt((double)input[INPUT_VARIANCE][c] + epsilon);
        shift[c] = (double)input[INPUT_SHIFT][c] - (double)input[INPUT_MEAN][c] * scale[c];
    }
}

static sy_status apply(sy_fusing *fusing, int index)
{
    sy_graph *graph = fusing->graph;
    const sy_node *node = &graph->nodes[index];
    sy_linear linear;
    bool done;
    if (!sy_node_is(node, "BatchNormalization") || !normalises_channels(graph, node) ||
        !sy_linear_before(graph, node->inputs[0], &linear) || !has_constants(graph, node, linear.channels))
        return SY_OK;

    double *scale = sy_arena_alloc(&graph->arena, 2 * linear.channels, sizeof *scale);
    SY_TRY(sy_check_alloc(fusing->ctx, scale));
    double *shift = scale + linear.channels;
    affine_of(graph, node, linear.channels, scale, shift);
    SY_TRY(sy_linear_fold(fusing, &linear, index, scale, shift, &done));
    if (done)
        sy_fuse_note(fusing, "BatchNormalization '%s' folded into %s '%s'", graph->nodes[index].name,
                     graph->nodes[linear.node].type, graph->nodes[linear.node].name);
    return SY_OK;
}

const sy_fuse_rule sy_fuse_fold_batchnorm = {"fold_batchnorm", apply};
