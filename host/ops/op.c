#include "ops/op.h"

#include <stdlib.h>
#include <string.h>

static const sy_op *const operators[] = {
#define OP(name) &sy_op_##name,
#include "ops/ops.def"
#undef OP
};

enum { OPERATOR_COUNT = sizeof operators / sizeof operators[0] };

const sy_op *sy_op_at(int index)
{
    return index >= 0 && index < OPERATOR_COUNT ? operators[index] : NULL;
}

const sy_op *sy_op_find(const char *domain, const char *type)
{
    /* The specification allows ONNX's own domain to be written out. */
    if (strcmp(domain, "ai.onnx") == 0)
        domain = "";
    for (int i = 0; i < OPERATOR_COUNT; i++) {
        if (strcmp(operators[i]->type, type) == 0 && strcmp(operators[i]->domain, domain) == 0)
            return operators[i];
    }
    return NULL;
}

const char *sy_op_nearest(const char *type)
{
    const char *names[OPERATOR_COUNT];
    for (int i = 0; i < OPERATOR_COUNT; i++)
        names[i] = operators[i]->type;
    return sy_text_nearest(type, names, sizeof names[0], OPERATOR_COUNT);
}

const sy_tensor *sy_infer_input(const sy_infer *infer, int i)
{
    const sy_node *node = infer->node;
    if (i >= node->input_count || node->inputs[i] == SY_NONE)
        return NULL;
    return &infer->graph->tensors[node->inputs[i]];
}

sy_status sy_infer_floats(const sy_infer *infer)
{
    for (int i = 0; i < infer->node->input_count; i++) {
        const sy_tensor *input = sy_infer_input(infer, i);
        if (input && input->dtype != SY_DTYPE_UNDEFINED && !sy_dtype_is_float(input->dtype))
            return sy_fail(infer->ctx, SY_E_MODEL, "input '%s' must hold floats, not %s", input->name,
                           sy_dtype_name(input->dtype));
    }
    return SY_OK;
}

sy_status sy_infer_vector(const sy_infer *infer, int i, int64_t count)
{
    const sy_tensor *input = sy_infer_input(infer, i);
    if (!input || input->shape.rank == SY_NONE)
        return SY_OK;
    const int64_t size = input->shape.dims[0];
    if (input->shape.rank == 1 && (size == count || size == SY_NONE || count == SY_NONE))
        return SY_OK;
    char text[SY_SHAPE_TEXT];
    sy_shape_print(&input->shape, text);
    if (count == SY_NONE)
        return sy_fail(infer->ctx, SY_E_MODEL, "input '%s' has shape %s, a list fits", input->name, text);
    return sy_fail(infer->ctx, SY_E_MODEL, "input '%s' has shape %s, a list of %lld fits", input->name, text,
                   (long long)count);
}

sy_status sy_infer_same(sy_infer *infer)
{
    infer->shapes[0] = sy_infer_input(infer, 0)->shape;
    return SY_OK;
}

sy_status sy_infer_ints(const sy_infer *infer, int i, int64_t *out, int capacity, int *out_count)
{
    const sy_tensor *tensor = sy_infer_input(infer, i);
    size_t count;
    if (!tensor || !tensor->data) {
        *out_count = SY_NONE;
        return SY_OK;
    }
    if (sy_dtype_is_float(tensor->dtype))
        return sy_fail(infer->ctx, SY_E_MODEL, "input '%s' must hold integers, not %s", tensor->name,
                       sy_dtype_name(tensor->dtype));
    if (tensor->shape.rank > 1 || !sy_shape_count(&tensor->shape, &count))
        return sy_fail(infer->ctx, SY_E_MODEL, "input '%s' must be a list of integers, not of rank %d",
                       tensor->name, tensor->shape.rank);
    if (count > (size_t)capacity)
        return sy_fail(infer->ctx, SY_E_MODEL, "input '%s' holds %zu integers, at most %d make sense here",
                       tensor->name, count, capacity);
    SY_TRY(sy_tensor_to_i64(infer->ctx, tensor, out, count));
    *out_count = (int)count;
    return SY_OK;
}

sy_status sy_resolve_axis(sy_ctx *ctx, int64_t axis, int rank, int *out)
{
    if (rank == 0)
        return sy_fail(ctx, SY_E_MODEL, "a tensor of rank 0 has no axis %lld", (long long)axis);
    if (axis < -rank || axis >= rank)
        return sy_fail(ctx, SY_E_MODEL, "axis %lld is outside -%d..%d of a tensor of rank %d",
                       (long long)axis, rank, rank - 1, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return SY_OK;
}

sy_status sy_broadcast_shapes(sy_ctx *ctx, const sy_shape *a, const sy_shape *b, sy_shape *out)
{
    sy_shape joined = {.rank = SY_NONE};
    if (a->rank == SY_NONE || b->rank == SY_NONE) {
        *out = joined;
        return SY_OK;
    }
    joined.rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 0; i < joined.rank; i++) {
        const int from_a = i - (joined.rank - a->rank), from_b = i - (joined.rank - b->rank);
        const int64_t x = from_a < 0 ? 1 : a->dims[from_a], y = from_b < 0 ? 1 : b->dims[from_b];
        if (x != y && x != 1 && y != 1 && x != SY_NONE && y != SY_NONE) {
            char text_a[SY_SHAPE_TEXT], text_b[SY_SHAPE_TEXT];
            return sy_fail(ctx, SY_E_MODEL, "shapes %s and %s do not broadcast: %lld against %lld",
                           sy_shape_print(a, text_a), sy_shape_print(b, text_b), (long long)x, (long long)y);
        }
        /* Against a 1 the other decides, known or not; against anything else an unknown one must equal it or
         * be 1. */
        joined.dims[i] = x == 1 || (x == SY_NONE && y != 1) ? y : x;
    }
    *out = joined;
    return SY_OK;
}

/* Rules may then add, pad and multiply dimensions without a thought of overflow. */
static sy_status check_dims(sy_ctx *ctx, const sy_shape *shape)
{
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dims[i] > INT32_MAX)
            return sy_fail(ctx, SY_E_UNSUPPORTED,
                           "the result would have %lld positions along axis %d, at most %d can be computed",
                           (long long)shape->dims[i], i, INT32_MAX);
    }
    return SY_OK;
}

/* What does not follow stays as the file declared it. */
static void store_output(sy_tensor *tensor, sy_dtype dtype, const sy_shape *shape)
{
    if (dtype != SY_DTYPE_UNDEFINED)
        tensor->dtype = dtype;
    if (shape->rank == SY_NONE)
        return;
    sy_shape joined = *shape;
    for (int i = 0; i < joined.rank && tensor->shape.rank == joined.rank; i++) {
        if (joined.dims[i] == SY_NONE)
            joined.dims[i] = tensor->shape.dims[i];
    }
    tensor->shape = joined;
}

static sy_status check_node(sy_ctx *ctx, const sy_node *node)
{
    const sy_op *op = node->op;
    if (node->opset < op->since)
        return sy_fail(ctx, SY_E_MODEL,
                       "opset %d, which the model imports, does not have it: it came with opset %d",
                       node->opset, op->since);
    if (op->inputs_max != SY_NONE && node->input_count > op->inputs_max)
        return sy_fail(ctx, SY_E_MODEL, "%d inputs, at most %d belong to it", node->input_count,
                       op->inputs_max);
    for (int i = 0; i < op->inputs_min; i++) {
        if (i >= node->input_count || node->inputs[i] == SY_NONE)
            return sy_fail(ctx, SY_E_MODEL, "input %d is missing, it needs %d", i, op->inputs_min);
    }
    for (int i = op->outputs_max; i < node->output_count; i++) {
        if (node->outputs[i] != SY_NONE)
            return sy_fail(ctx, SY_E_UNSUPPORTED,
                           "output %d: only the first %d of this operator can be computed", i,
                           op->outputs_max);
    }
    return SY_OK;
}

/* "x float32[1,3,8,8], w float32[8,3,3,3]" */
static void print_inputs(const sy_graph *graph, const sy_node *node, sy_text *out)
{
    for (int i = 0; i < node->input_count; i++) {
        char shape[SY_SHAPE_TEXT];
        const char *comma = i ? ", " : "";
        if (node->inputs[i] == SY_NONE) {
            sy_text_printf(out, "%snone", comma);
            continue;
        }
        const sy_tensor *tensor = &graph->tensors[node->inputs[i]];
        sy_text_printf(out, "%s%s %s%s", comma, tensor->name, sy_dtype_name(tensor->dtype),
                       sy_shape_print(&tensor->shape, shape));
    }
}

static sy_status blame_node(sy_ctx *ctx, const sy_graph *graph, const sy_node *node, sy_status status)
{
    sy_text inputs = {0};
    print_inputs(graph, node, &inputs);
    status = sy_while(ctx, status, "node '%s' (%s of %s)", node->name, node->type,
                      inputs.bytes ? inputs.bytes : "nothing");
    sy_text_release(&inputs);
    return status;
}

sy_status sy_infer_node(sy_ctx *ctx, sy_graph *graph, int index)
{
    const sy_node *node = &graph->nodes[index];
    if (!node->op)
        return SY_OK;
    sy_status status = check_node(ctx, node);
    if (status != SY_OK)
        return blame_node(ctx, graph, node, status);

    const size_t count = node->output_count > 0 ? (size_t)node->output_count : 1;
    sy_shape *shapes = calloc(count, sizeof *shapes);
    sy_dtype *dtypes = calloc(count, sizeof *dtypes);
    SY_TRY_DONE(sy_check_alloc(ctx, shapes));
    SY_TRY_DONE(sy_check_alloc(ctx, dtypes));
    sy_infer infer = {ctx, graph, node, dtypes, shapes};
    const sy_tensor *first = sy_infer_input(&infer, 0);
    for (size_t i = 0; i < count; i++) {
        shapes[i].rank = SY_NONE;
        dtypes[i] = first ? first->dtype : SY_DTYPE_UNDEFINED;
    }
    status = node->op->infer(&infer);
    for (size_t i = 0; i < count && status == SY_OK; i++)
        status = check_dims(ctx, &shapes[i]);
    if (status != SY_OK) {
        status = blame_node(ctx, graph, node, status);
        goto done;
    }
    for (int i = 0; i < node->output_count; i++) {
        if (node->outputs[i] != SY_NONE)
            store_output(&graph->tensors[node->outputs[i]], dtypes[i], &shapes[i]);
    }
done:
    free(shapes);
    free(dtypes);
    return status;
}

sy_status sy_infer_shapes(sy_ctx *ctx, sy_graph *graph)
{
    for (int i = 0; i < graph->node_count; i++) {
        if (!graph->nodes[i].removed)
            SY_TRY(sy_infer_node(ctx, graph, i));
    }
    return SY_OK;
}
