/* Shape and Size: numbers about a tensor that do not depend on its values. */
#include "ops/arguments.h"
#include "ops/space.h"

/* The part [start, end) of the dimensions that a Shape gives; all of them before opset 15. */
static void range(const sy_node *node, int rank, int *out_start, int *out_end)
{
    int64_t start = node->opset >= 15 ? sy_node_int(node, "start", 0) : 0;
    int64_t end = node->opset >= 15 ? sy_node_int(node, "end", rank) : rank;

    start += start < 0 ? rank : 0;
    end += end < 0 ? rank : 0;
    start = start < 0 ? 0 : start > rank ? rank : start;
    end = end < start ? start : end > rank ? rank : end;
    *out_start = (int)start;
    *out_end = (int)end;
}

static sy_status infer_shape(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    int start, end;

    infer->dtypes[0] = SY_DTYPE_INT64;
    infer->shapes[0] = (sy_shape){.rank = 1, .dims = {SY_NONE}};
    if (x->rank == SY_NONE)
        return SY_OK;
    range(infer->node, x->rank, &start, &end);
    infer->shapes[0].dims[0] = end - start;
    return SY_OK;
}

static sy_status lower_shape(sy_lowering *lowering, const sy_node *node)
{
    const sy_shape *x = &sy_lower_input_tensor(lowering, node, 0)->shape;
    int32_t words[SY_MAX_RANK] = {0};
    int start, end;

    range(node, x->rank, &start, &end);
    for (int i = start; i < end; i++)
        words[i - start] = x->dims[i] > INT32_MAX ? INT32_MAX : (int32_t)x->dims[i];
    return sy_lower_words(lowering, node, 0, words, (size_t)(end - start));
}

static sy_status infer_size(sy_infer *infer)
{
    infer->dtypes[0] = SY_DTYPE_INT64;
    infer->shapes[0] = (sy_shape){.rank = 0};
    return SY_OK;
}

static sy_status lower_size(sy_lowering *lowering, const sy_node *node)
{
    size_t count = 0;

    sy_shape_count(&sy_lower_input_tensor(lowering, node, 0)->shape, &count);
    const int32_t word = count > INT32_MAX ? INT32_MAX : (int32_t)count;
    return sy_lower_words(lowering, node, 0, &word, 1);
}

const sy_op sy_op_shape = {
    .type = "Shape",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .quant = SY_QUANT_NEVER,
    .infer = infer_shape,
    .lower = lower_shape,
};

const sy_op sy_op_size = {
    .type = "Size",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .quant = SY_QUANT_NEVER,
    .infer = infer_size,
    .lower = lower_size,
};
