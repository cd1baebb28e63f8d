/* Relu and Clip: work that what computes their input can do on the way out. */
#include <float.h>
#include <math.h>

#include "ops/lowering.h"

/* Bound `input` of a Clip since opset 11, where it is given; false where it is not a constant number. */
static bool read_bound(const sy_graph *graph, const sy_node *node, int input, float *bound)
{
    if (input >= node->input_count || node->inputs[input] == SY_NONE)
        return true;
    const sy_tensor *tensor = &graph->tensors[node->inputs[input]];
    return tensor->data && sy_tensor_to_f32(NULL, tensor, bound, 1) == SY_OK && !isnan(*bound);
}

bool sy_clamp_of_node(const sy_graph *graph, const sy_node *node, sy_clamp *out)
{

    if (node->op != &sy_op_relu && node->op != &sy_op_clip)
        return false;
    if (!sy_dtype_is_float(graph->tensors[node->inputs[0]].dtype))
        return false;
    if (node->op == &sy_op_relu) {
        *out = (sy_clamp){0, INFINITY};
        return true;
    }
    sy_clamp clamp = {sy_node_float(node, "min", -FLT_MAX), sy_node_float(node, "max", FLT_MAX)};
    if (!read_bound(graph, node, 1, &clamp.lo) || !read_bound(graph, node, 2, &clamp.hi))
        return false;
    if (clamp.lo > clamp.hi)
        clamp.lo = clamp.hi; /* what the specification says of bounds in the wrong order */
    *out = clamp;
    return true;
}

/* y = function(x, bound), where bound is one word. */
static void lower_bound(sy_lowering *lowering, const sy_node *node, uint32_t function, sy_operand x,
                        sy_operand bound, sy_operand y)
{
    const sy_tensor *tensor = &lowering->graph->tensors[node->inputs[0]];
    size_t count = 0;
    sy_shape_count(&tensor->shape, &count);
    const sy_binary_params params = {.function = function,
                                     .kind = sy_lower_kind(tensor->dtype),
                                     .rank = 1,
                                     .dims = {(uint32_t)count},
                                     .a_strides = {1},
                                     .b_strides = {0},
                                     .clamp = {-INFINITY, INFINITY}};
    SY_LOWER(lowering, binary, &params, x, bound, y);
}

static sy_status lower_constant_clamp(sy_lowering *lowering, const sy_node *node, sy_clamp clamp)
{
    size_t count = 0;
    sy_shape_count(&lowering->graph->tensors[node->inputs[0]].shape, &count);
    const sy_unary_params params = {.function = SY_UNARY_CLAMP,
                                    .kind = SY_KIND_FLOAT,
                                    .count = (uint32_t)count,
                                    .alpha = clamp.lo,
                                    .beta = clamp.hi};
    SY_LOWER(lowering, unary, &params, sy_lower_input(lowering, node, 0), sy_lower_output(lowering, node, 0));
    return SY_OK;
}

static sy_status lower_relu(sy_lowering *lowering, const sy_node *node)
{
    sy_clamp clamp;
    if (sy_clamp_of_node(lowering->graph, node, &clamp))
        return lower_constant_clamp(lowering, node, clamp);
    const int32_t zero = 0;
    lower_bound(lowering, node, SY_BINARY_MAX, sy_lower_input(lowering, node, 0),
                sy_lower_constant(lowering, &zero, 1), sy_lower_output(lowering, node, 0));
    return SY_OK;
}

/* Integers, or bounds that are computed: the maximum with one, then the minimum with the other. */
static sy_status lower_clip(sy_lowering *lowering, const sy_node *node)
{
    sy_clamp clamp;
    if (sy_clamp_of_node(lowering->graph, node, &clamp))
        return lower_constant_clamp(lowering, node, clamp);
    const sy_operand x = sy_lower_input(lowering, node, 0);
    const sy_operand lo = sy_lower_input(lowering, node, 1), hi = sy_lower_input(lowering, node, 2);
    if (lo.slot == SY_NONE && hi.slot == SY_NONE)
        return sy_lower_alias(lowering, node, 0, 0);
    const sy_operand y = sy_lower_output(lowering, node, 0);
    if (lo.slot != SY_NONE)
        lower_bound(lowering, node, SY_BINARY_MAX, x, lo, y);
    if (hi.slot != SY_NONE)
        lower_bound(lowering, node, SY_BINARY_MIN, lo.slot != SY_NONE ? y : x, hi, y);
    return SY_OK;
}

static sy_status infer_clip(sy_infer *infer)
{
    for (int i = 1; i < infer->node->input_count; i++) {
        const sy_tensor *bound = sy_infer_input(infer, i);
        size_t count;
        if (bound && sy_shape_count(&bound->shape, &count) && count != 1)
            return sy_fail(infer->ctx, SY_E_MODEL, "bound '%s' must be one number, not %zu", bound->name,
                           count);
    }
    return sy_infer_same(infer);
}

const sy_op sy_op_relu = {
    .type = "Relu",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .quant = SY_QUANT_ACTIVATION,
    .infer = sy_infer_same,
    .lower = lower_relu,
};

const sy_op sy_op_clip = {
    .type = "Clip",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 3,
    .outputs_max = 1,
    .quant = SY_QUANT_ACTIVATION,
    .infer = infer_clip,
    .lower = lower_clip,
};
