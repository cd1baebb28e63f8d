#include "ops/arguments.h"

#include <string.h>

static sy_status read_attribute(const sy_infer *infer, const char *name, sy_list *out)
{
    size_t count;
    const int64_t *values = sy_node_ints(infer->node, name, &count);

    if (!values && !sy_node_attr(infer->node, name))
        return SY_OK;
    if (count > SY_LIST_CAPACITY)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED, "attribute %s has %zu values, at most %d can be used",
                       name, count, SY_LIST_CAPACITY);
    out->state = SY_LIST_KNOWN;
    out->count = (int)count;
    if (values)
        memcpy(out->values, values, count * sizeof *values);
    return SY_OK;
}

sy_status sy_read_list(const sy_infer *infer, sy_list_place place, sy_list *out)
{
    int count;

    out->state = SY_LIST_ABSENT;
    out->count = 0;
    if (infer->node->opset < place.since)
        return read_attribute(infer, place.name, out);
    if (!sy_infer_input(infer, place.input))
        return SY_OK;
    SY_TRY(sy_infer_ints(infer, place.input, out->values, SY_LIST_CAPACITY, &count));
    out->state = count == SY_NONE ? SY_LIST_UNKNOWN : SY_LIST_KNOWN;
    out->count = count == SY_NONE ? 0 : count;
    return SY_OK;
}

sy_status sy_lower_list(const sy_lowering *lowering, const sy_node *node, sy_list_place place, sy_list *out)
{
    const sy_infer view = sy_lower_view(lowering, node);

    SY_TRY(sy_read_list(&view, place, out));
    if (out->state == SY_LIST_UNKNOWN)
        return sy_fail(lowering->ctx, SY_E_UNSUPPORTED, "input '%s' (%s) must be a constant",
                       sy_infer_input(&view, place.input)->name, place.name);
    return SY_OK;
}

sy_status sy_resolve_axes(sy_ctx *ctx, const sy_list *axes, int rank, bool flags[SY_MAX_RANK])
{
    memset(flags, 0, SY_MAX_RANK * sizeof *flags);
    for (int i = 0; i < axes->count; i++) {
        int axis;
        SY_TRY(sy_resolve_axis(ctx, axes->values[i], rank, &axis));
        if (flags[axis])
            return sy_fail(ctx, SY_E_MODEL, "axis %d is there twice", axis);
        flags[axis] = true;
    }
    return SY_OK;
}

sy_infer sy_lower_view(const sy_lowering *lowering, const sy_node *node)
{
    return (sy_infer){.ctx = lowering->ctx, .graph = lowering->graph, .node = node};
}

const sy_tensor *sy_lower_input_tensor(const sy_lowering *lowering, const sy_node *node, int i)
{
    return &lowering->graph->tensors[node->inputs[i]];
}

const sy_tensor *sy_lower_output_tensor(const sy_lowering *lowering, const sy_node *node, int i)
{
    return &lowering->graph->tensors[node->outputs[i]];
}
