#include "ops/lowering.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "graph/words.h"

/* Kernels count words in 32 bits. */
static const size_t words_max = INT32_MAX;

static void stick(sy_lowering *lowering, sy_status status)
{
    if (lowering->status == SY_OK)
        lowering->status = status;
}

/* NULL, and a failure that sticks, when there is no memory. */
static void *take(sy_lowering *lowering, size_t count, size_t size)
{
    void *memory = sy_arena_alloc(&lowering->arena, count, size);
    stick(lowering, sy_check_alloc(lowering->ctx, memory));
    return memory;
}

static bool grow(sy_lowering *lowering, void **array, int count, int *capacity, size_t size)
{
    if (count < *capacity)
        return true;
    const int bigger = *capacity ? 2 * *capacity : 64;
    void *moved = realloc(*array, (size_t)bigger * size);
    stick(lowering, sy_check_alloc(lowering->ctx, moved));
    if (!moved)
        return false;
    *array = moved;
    *capacity = bigger;
    return true;
}

static sy_operand add_slot(sy_lowering *lowering, sy_slot slot)
{
    void *slots = lowering->slots;
    if (slot.words > words_max) {
        stick(lowering,
              sy_fail(lowering->ctx, SY_E_UNSUPPORTED,
                      "an intermediate of %zu elements, at most %zu can be computed", slot.words, words_max));
        return sy_no_operand;
    }
    if (!grow(lowering, &slots, lowering->slot_count, &lowering->slot_capacity, sizeof slot))
        return sy_no_operand;
    lowering->slots = slots;
    lowering->slots[lowering->slot_count] = slot;
    return (sy_operand){lowering->slot_count++, 0};
}

/* The slot of a tensor whose shape must be known; it is remembered as the tensor's place. */
static sy_operand place(sy_lowering *lowering, int index, sy_slot_kind kind, const void *words)
{
    const sy_tensor *tensor = &lowering->graph->tensors[index];
    char text[SY_SHAPE_TEXT];
    size_t count;
    sy_shape_print(&tensor->shape, text);
    if (!sy_shape_known(&tensor->shape)) {
        stick(lowering,
              sy_fail(lowering->ctx, SY_E_MODEL,
                      "tensor '%s' has shape %s, which must be known to compute it", tensor->name, text));
        return sy_no_operand;
    }
    if (!sy_shape_count(&tensor->shape, &count) || count > words_max) {
        stick(lowering, sy_fail(lowering->ctx, SY_E_UNSUPPORTED,
                                "tensor '%s' has shape %s, at most %zu elements can be computed",
                                tensor->name, text, words_max));
        return sy_no_operand;
    }
    if (sy_dtype_bits(tensor->dtype) == 0) {
        stick(lowering,
              sy_fail(lowering->ctx, SY_E_UNSUPPORTED, "tensor '%s' holds %s, only numbers can be computed",
                      tensor->name, sy_dtype_name(tensor->dtype)));
        return sy_no_operand;
    }
    lowering->tensors[index] = add_slot(lowering, (sy_slot){kind, count, index, words});
    return lowering->tensors[index];
}

/* Integers outside int32 saturate: in real models they are ends of slices and bounds, where that means the
 * same. */
static sy_operand place_constant(sy_lowering *lowering, int index)
{
    const sy_tensor *tensor = &lowering->graph->tensors[index];
    size_t count = 0;
    const void *words = tensor->data;
    /* Failures of these two are place()'s to report. */
    if (sy_shape_count(&tensor->shape, &count) && sy_dtype_bits(tensor->dtype)) {
        const bool as_it_is = tensor->dtype == SY_DTYPE_FLOAT || tensor->dtype == SY_DTYPE_INT32;
        if (!as_it_is || tensor->bytes / sizeof(float) < count) {
            void *converted = take(lowering, count, sizeof(uint32_t));
            if (converted)
                stick(lowering, sy_words_from_tensor(lowering->ctx, tensor, count, converted));
            words = converted;
        }
    }
    return lowering->status == SY_OK ? place(lowering, index, SY_SLOT_CONSTANT, words) : sy_no_operand;
}

void sy_lower_supply(sy_lowering *lowering, int tensor)
{
    if (lowering->tensors[tensor].slot == SY_NONE)
        place(lowering, tensor, SY_SLOT_INPUT, NULL);
}

sy_operand sy_lower_locate(sy_lowering *lowering, int index)
{
    const sy_tensor *tensor = &lowering->graph->tensors[index];
    if (lowering->tensors[index].slot != SY_NONE)
        return lowering->tensors[index];
    if (tensor->data)
        return place_constant(lowering, index);
    stick(lowering, sy_fail(lowering->ctx, SY_E_ARGUMENT,
                            "tensor '%s' is needed, but nothing computes or supplies it", tensor->name));
    return sy_no_operand;
}

sy_operand sy_lower_input(sy_lowering *lowering, const sy_node *node, int i)
{
    if (i >= node->input_count || node->inputs[i] == SY_NONE)
        return sy_no_operand;
    return sy_lower_locate(lowering, node->inputs[i]);
}

/* The tensor output i is written as. */
static int output_tensor(const sy_lowering *lowering, const sy_node *node, int i)
{
    const int clamp = lowering->clamp_node[lowering->current];
    return i == 0 && clamp != SY_NONE ? lowering->graph->nodes[clamp].outputs[0] : node->outputs[i];
}

sy_operand sy_lower_output(sy_lowering *lowering, const sy_node *node, int i)
{
    if (i >= node->output_count || node->outputs[i] == SY_NONE)
        return sy_no_operand;
    const int tensor = output_tensor(lowering, node, i);
    if (lowering->tensors[tensor].slot != SY_NONE)
        return lowering->tensors[tensor];
    return place(lowering, tensor, SY_SLOT_VALUE, NULL);
}

sy_clamp sy_lower_clamp(const sy_lowering *lowering, const sy_node *node)
{
    (void)node;
    sy_clamp clamp = {-INFINITY, INFINITY};
    const int merged = lowering->clamp_node[lowering->current];
    if (merged != SY_NONE)
        sy_clamp_of_node(lowering->graph, &lowering->graph->nodes[merged], &clamp);
    return clamp;
}

sy_operand sy_lower_scratch(sy_lowering *lowering, size_t words)
{
    return add_slot(lowering, (sy_slot){SY_SLOT_VALUE, words, SY_NONE, NULL});
}

sy_operand sy_lower_constant(sy_lowering *lowering, const void *words, size_t count)
{
    const void *copy = sy_arena_copy(&lowering->arena, words, count * sizeof(uint32_t));
    stick(lowering, sy_check_alloc(lowering->ctx, copy));
    return add_slot(lowering, (sy_slot){SY_SLOT_CONSTANT, count, SY_NONE, copy});
}

sy_status sy_lower_alias(sy_lowering *lowering, const sy_node *node, int output, int input)
{
    const sy_operand from = sy_lower_input(lowering, node, input);
    if (from.slot != SY_NONE)
        lowering->tensors[node->outputs[output]] = from;
    return lowering->status;
}

void sy_lower_step(sy_lowering *lowering, sy_kernel kernel, const sy_operand *operands, const void *params,
                   size_t params_bytes)
{
    void *steps = lowering->steps;
    if (lowering->status != SY_OK)
        return;
    sy_step step = {.kernel = kernel, .params_bytes = params_bytes, .node = lowering->current};
    for (int i = 0; i < SY_MAX_OPERANDS; i++)
        step.operands[i] = i < sy_kernel_operands(kernel) ? operands[i] : sy_no_operand;
    step.params = sy_arena_copy(&lowering->arena, params, params_bytes);
    stick(lowering, sy_check_alloc(lowering->ctx, step.params));
    if (!step.params || !grow(lowering, &steps, lowering->step_count, &lowering->step_capacity, sizeof step))
        return;
    lowering->steps = steps;
    lowering->steps[lowering->step_count++] = step;
}

void sy_lower_strides(const sy_shape *shape, uint32_t strides[SY_KERNEL_RANK])
{
    uint32_t stride = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        strides[i] = stride;
        stride *= (uint32_t)shape->dims[i];
    }
}

void sy_lower_broadcast(const sy_shape *from, const sy_shape *to, uint32_t strides[SY_KERNEL_RANK])
{
    uint32_t own[SY_KERNEL_RANK] = {0};
    const int missing = to->rank - from->rank;
    sy_lower_strides(from, own);
    for (int i = 0; i < to->rank; i++)
        strides[i] = i < missing || from->dims[i - missing] == 1 ? 0 : own[i - missing];
}

uint32_t sy_lower_kind(sy_dtype dtype)
{
    return sy_dtype_is_float(dtype) ? SY_KIND_FLOAT : SY_KIND_INT;
}
