/* Add, Sub, Mul and Div by a constant, one number or one a channel, folded into the linear node before them.
 */
#include "fuse/linear.h"

typedef enum affine_kind { KIND_NONE, KIND_ADD, KIND_SUB, KIND_MUL, KIND_DIV } affine_kind;

static affine_kind kind_of(const sy_node *node)
{
    return sy_node_is(node, "Add")   ? KIND_ADD
           : sy_node_is(node, "Sub") ? KIND_SUB
           : sy_node_is(node, "Mul") ? KIND_MUL
           : sy_node_is(node, "Div") ? KIND_DIV
                                     : KIND_NONE;
}

/* Whether broadcasting the constant over the output gives each channel one number and leaves the shape alone:
 * all its dimensions are 1 but that of axis 1, which is 1 or the number of channels.
 */
static bool is_per_channel(const sy_tensor *constant, const sy_linear *linear)
{
    const sy_shape *shape = &constant->shape;
    if (!constant->data || constant->dtype != SY_DTYPE_FLOAT || shape->rank > linear->output_rank)
        return false;
    for (int i = 0; i < shape->rank; i++) {
        const bool is_channel_axis = i + linear->output_rank - shape->rank == 1;
        if (shape->dims[i] != 1 && !(is_channel_axis && shape->dims[i] == (int64_t)linear->channels))
            return false;
    }
    return true;
}

static void affine_of(affine_kind kind, const sy_tensor *constant, size_t channels, double *scale,
                      double *shift)
{
    const float *values = constant->data;
    const bool one_for_all = constant->bytes == sizeof *values;
    for (size_t c = 0; c < channels; c++) {
        const double value = (double)values[one_for_all ? 0 : c];
        scale[c] = kind == KIND_MUL ? value : kind == KIND_DIV ? 1 / value : 1;
        shift[c] = kind == KIND_ADD ? value : kind == KIND_SUB ? -value : 0;
    }
}

/* The operand that the linear node computes: 0 or 1; SY_NONE when there is none. A constant minus or over x
 * is not ours. */
static int linear_operand(const sy_graph *graph, const sy_node *node, affine_kind kind, sy_linear *out)
{
    if (node->input_count != 2 || node->output_count != 1 || node->outputs[0] == SY_NONE)
        return SY_NONE;
    if (sy_linear_before(graph, node->inputs[0], out))
        return 0;
    const bool commutes = kind == KIND_ADD || kind == KIND_MUL;
    return commutes && sy_linear_before(graph, node->inputs[1], out) ? 1 : SY_NONE;
}

static sy_status apply(sy_fusing *fusing, int index)
{
    sy_graph *graph = fusing->graph;
    const sy_node *node = &graph->nodes[index];
    const affine_kind kind = kind_of(node);
    sy_linear linear;
    bool done;
    const int operand = kind == KIND_NONE ? SY_NONE : linear_operand(graph, node, kind, &linear);
    if (operand == SY_NONE)
        return SY_OK;
    const sy_tensor *constant = sy_fuse_input(graph, node, 1 - operand);
    if (!constant || !is_per_channel(constant, &linear))
        return SY_OK;

    double *scale = sy_arena_alloc(&graph->arena, 2 * linear.channels, sizeof *scale);
    SY_TRY(sy_check_alloc(fusing->ctx, scale));
    double *shift = scale + linear.channels;
    affine_of(kind, constant, linear.channels, scale, shift);
    SY_TRY(sy_linear_fold(fusing, &linear, index, scale, shift, &done));
    if (done)
        sy_fuse_note(fusing, "%s '%s' folded into %s '%s'", graph->nodes[index].type,
                     graph->nodes[index].name, graph->nodes[linear.node].type,
                     graph->nodes[linear.node].name);
    return SY_OK;
}

const sy_fuse_rule sy_fuse_fold_affine = {"fold_affine", apply};
