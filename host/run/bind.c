/* From a graph with symbolic sizes and shape arithmetic to one in which every size is a number. */
#include <string.h>

#include "ops/op.h"
#include "run/run.h"

/* "[N,3,?,224]" */
static void print_shape(const sy_tensor *tensor, sy_text *out)
{
    if (tensor->shape.rank == SY_NONE) {
        sy_text_printf(out, "?");
        return;
    }
    for (int i = 0; i < tensor->shape.rank; i++) {
        const char *before = i ? "," : "[";
        if (tensor->shape.dims[i] != SY_NONE)
            sy_text_printf(out, "%s%lld", before, (long long)tensor->shape.dims[i]);
        else
            sy_text_printf(out, "%s%s", before, tensor->dim_names[i] ? tensor->dim_names[i] : "?");
    }
    sy_text_printf(out, tensor->shape.rank ? "]" : "[]");
}

static sy_status check_fits(sy_ctx *ctx, const sy_tensor *input, const sy_shape *given)
{
    const sy_shape *declared = &input->shape;
    char text[SY_SHAPE_TEXT];
    bool fits = declared->rank == SY_NONE || declared->rank == given->rank;
    for (int i = 0; i < declared->rank && fits; i++)
        fits = declared->dims[i] == SY_NONE || declared->dims[i] == given->dims[i];
    if (fits)
        return SY_OK;
    sy_text model = {0};
    print_shape(input, &model);
    sy_status status = sy_fail(ctx, SY_E_ARGUMENT,
                               "input '%s': shape %s does not fit the model's %s; only named or unknown "
                               "dimensions can be chosen",
                               input->name, sy_shape_print(given, text), model.bytes ? model.bytes : "shape");
    sy_text_release(&model);
    return status;
}

static sy_status apply_given(sy_ctx *ctx, sy_graph *graph, const sy_input_shape *shapes, int count)
{
    for (int i = 0; i < count; i++) {
        const int index = sy_graph_find_tensor(graph, shapes[i].name);
        if (index == SY_NONE || !sy_graph_is_input(graph, index))
            return sy_fail(ctx, SY_E_ARGUMENT, "the model has no input '%s' to give a shape to",
                           shapes[i].name);
        sy_tensor *input = &graph->tensors[index];
        SY_TRY(check_fits(ctx, input, &shapes[i].shape));
        input->shape = shapes[i].shape;
    }
    return SY_OK;
}

/* The size that a symbol has where an input's shape already tells; SY_NONE where none does. */
static int64_t size_of_symbol(const sy_graph *graph, const char *symbol)
{
    for (int i = 0; i < graph->input_count; i++) {
        const sy_tensor *input = &graph->tensors[graph->inputs[i]];
        for (int k = 0; k < input->shape.rank; k++)
            if (input->dim_names[k] && input->shape.dims[k] != SY_NONE &&
                strcmp(input->dim_names[k], symbol) == 0)
                return input->shape.dims[k];
    }
    return SY_NONE;
}

/* Two passes: a first dimension that becomes 1 may settle its symbol elsewhere. */
static void apply_symbols(sy_graph *graph)
{
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < graph->input_count; i++) {
            sy_tensor *input = &graph->tensors[graph->inputs[i]];
            for (int k = 0; k < input->shape.rank; k++)
                if (input->shape.dims[k] == SY_NONE && input->dim_names[k])
                    input->shape.dims[k] = size_of_symbol(graph, input->dim_names[k]);
            if (input->shape.rank > 0 && input->shape.dims[0] == SY_NONE)
                input->shape.dims[0] = 1;
        }
    }
}

/* A shape that could be meant: what is known stays; images have 3 channels and a side of 224. */
static void print_example(const sy_tensor *input, sy_text *out)
{
    static const int image[] = {1, 3, 224, 224};
    const int rank = input->shape.rank == SY_NONE ? 4 : input->shape.rank;
    sy_text_printf(out, "%s:", input->name);
    for (int i = 0; i < rank; i++) {
        int64_t dim = rank == 4 ? image[i] : i ? 128 : 1;
        if (input->shape.rank != SY_NONE && input->shape.dims[i] != SY_NONE)
            dim = input->shape.dims[i];
        sy_text_printf(out, "%s%lld", i ? "," : "", (long long)dim);
    }
}

static sy_status require_known_inputs(sy_ctx *ctx, const sy_graph *graph)
{
    sy_text unknown = {0}, example = {0};
    int count = 0;
    for (int i = 0; i < graph->input_count; i++) {
        const sy_tensor *input = &graph->tensors[graph->inputs[i]];
        if (sy_shape_known(&input->shape))
            continue;
        sy_text_printf(&unknown, "%s'%s' ", count ? ", " : "", input->name);
        print_shape(input, &unknown);
        sy_text_printf(&example, "%s", count ? ";" : "");
        print_example(input, &example);
        count++;
    }
    sy_status status = SY_OK;
    if (unknown.failed || example.failed)
        status = sy_check_alloc(ctx, NULL);
    else if (count)
        status = sy_fail(ctx, SY_E_ARGUMENT,
                         "the model leaves the size of input %s open: choose it, e.g. "
                         "--inputShape=\"%s\"",
                         unknown.bytes, example.bytes);
    sy_text_release(&example);
    sy_text_release(&unknown);
    return status;
}

/* What the file says of computed tensors holds for its own sizes, not for those chosen here. */
static void forget_computed_shapes(sy_graph *graph)
{
    for (int i = 0; i < graph->node_count; i++) {
        const sy_node *node = &graph->nodes[i];
        for (int k = 0; k < node->output_count && node->op; k++)
            if (node->outputs[k] != SY_NONE)
                graph->tensors[node->outputs[k]].shape = (sy_shape){.rank = SY_NONE};
    }
}

static void forget_symbols(sy_graph *graph)
{
    for (int i = 0; i < graph->tensor_count; i++)
        memset(graph->tensors[i].dim_names, 0, sizeof graph->tensors[i].dim_names);
}

/* Operators whose result follows from the shape of their input alone. */
static bool reads_shape_only(const sy_node *node)
{
    return sy_node_is(node, "Shape") || sy_node_is(node, "Size");
}

static bool can_fold(const sy_graph *graph, const sy_node *node)
{
    for (int i = 0; i < node->input_count; i++) {
        if (node->inputs[i] == SY_NONE)
            continue;
        const sy_tensor *input = &graph->tensors[node->inputs[i]];
        if (!input->data && !(reads_shape_only(node) && sy_shape_known(&input->shape)))
            return false;
    }
    for (int i = 0; i < node->output_count; i++)
        if (node->outputs[i] != SY_NONE && !sy_shape_known(&graph->tensors[node->outputs[i]].shape))
            return false;
    return true;
}

/* In the order of the nodes, so that what is folded is there for the shape rules after it. */
static sy_status infer_and_fold(sy_ctx *ctx, sy_graph *graph)
{
    for (int i = 0; i < graph->node_count; i++) {
        if (!graph->nodes[i].op || graph->nodes[i].removed)
            continue;
        SY_TRY(sy_infer_node(ctx, graph, i));
        if (can_fold(graph, &graph->nodes[i]))
            SY_TRY(sy_graph_fold_node(ctx, graph, i));
    }
    return SY_OK;
}

static sy_status require_known_shape(sy_ctx *ctx, const sy_graph *graph, int tensor)
{
    if (tensor == SY_NONE || sy_shape_known(&graph->tensors[tensor].shape))
        return SY_OK;
    char text[SY_SHAPE_TEXT];
    const sy_tensor *unknown = &graph->tensors[tensor];
    const sy_node *node = unknown->producer == SY_NONE ? NULL : &graph->nodes[unknown->producer];
    return sy_fail(
        ctx, SY_E_UNSUPPORTED,
        "tensor '%s' has shape %s: node '%s' (%s) makes it depend on the values of a sample, and a run has "
        "fixed sizes",
        unknown->name, sy_shape_print(&unknown->shape, text), node ? node->name : "?",
        node ? node->type : "?");
}

static sy_status require_known_shapes(sy_ctx *ctx, const sy_graph *graph)
{
    for (int i = 0; i < graph->node_count; i++)
        for (int k = 0; k < graph->nodes[i].input_count; k++)
            SY_TRY(require_known_shape(ctx, graph, graph->nodes[i].inputs[k]));
    for (int i = 0; i < graph->output_count; i++)
        SY_TRY(require_known_shape(ctx, graph, graph->outputs[i]));
    return SY_OK;
}

static sy_status bind(sy_ctx *ctx, sy_graph *graph, const sy_input_shape *shapes, int shape_count)
{
    SY_TRY(sy_graph_compact(ctx, graph));
    SY_TRY(sy_graph_require_operators(ctx, graph));
    SY_TRY(apply_given(ctx, graph, shapes, shape_count));
    apply_symbols(graph);
    SY_TRY(require_known_inputs(ctx, graph));
    forget_computed_shapes(graph);
    SY_TRY(infer_and_fold(ctx, graph));
    forget_symbols(graph);
    SY_TRY(sy_graph_compact(ctx, graph));
    return require_known_shapes(ctx, graph);
}

sy_status sy_graph_bind(sy_ctx *ctx, const sy_graph *graph, const sy_input_shape *shapes, int shape_count,
                        sy_graph **out)
{
    sy_graph *bound = NULL;
    SY_TRY(sy_graph_copy(ctx, graph, &bound));
    sy_status status = bind(ctx, bound, shapes, shape_count);
    if (status != SY_OK) {
        sy_graph_destroy(bound);
        return status;
    }
    *out = bound;
    return SY_OK;
}
