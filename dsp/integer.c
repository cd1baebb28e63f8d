#include "dsp/integer.h"

#include <stdlib.h>

static const struct {
    sy_tflite_code code;
    sy_integer_rule rule;
} rules[] = {
    {SY_TFLITE_ADD, sy_integer_sum},
    {SY_TFLITE_SUB, sy_integer_sum},
    {SY_TFLITE_MUL, sy_integer_product},
    {SY_TFLITE_CONV_2D, sy_integer_conv},
    {SY_TFLITE_DEPTHWISE_CONV_2D, sy_integer_conv},
    {SY_TFLITE_TRANSPOSE_CONV, sy_integer_transposed},
    {SY_TFLITE_FULLY_CONNECTED, sy_integer_matrix},
    {SY_TFLITE_MEAN, sy_integer_mean},
    {SY_TFLITE_QUANTIZE, sy_integer_requantize},
    {SY_TFLITE_LOGISTIC, sy_integer_table},
    {SY_TFLITE_TANH, sy_integer_table},
    {SY_TFLITE_LEAKY_RELU, sy_integer_table},
    {SY_TFLITE_HARD_SWISH, sy_integer_hard_swish},
    {SY_TFLITE_SOFTMAX, sy_integer_softmax},
    {SY_TFLITE_RESIZE_BILINEAR, sy_integer_resize},
    {SY_TFLITE_RESIZE_NEAREST_NEIGHBOR, sy_integer_resize},
    {SY_TFLITE_MAX_POOL_2D, sy_integer_max_pool},
    {SY_TFLITE_RESHAPE, sy_integer_copy},
    {SY_TFLITE_TRANSPOSE, sy_integer_transpose},
    {SY_TFLITE_CONCATENATION, sy_integer_concat},
    {SY_TFLITE_STRIDED_SLICE, sy_integer_slice},
    {SY_TFLITE_PAD, sy_integer_pad},
    {SY_TFLITE_PADV2, sy_integer_pad},
    {SY_TFLITE_DEPTH_TO_SPACE, sy_integer_blocks},
    {SY_TFLITE_SPACE_TO_DEPTH, sy_integer_blocks},
};

static sy_integer_rule rule_of(sy_tflite_code code)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].code == code)
            return rules[i].rule;
    return NULL;
}

size_t sy_integer_elements(const sy_tflite_tensor *tensor)
{
    size_t count = 1;
    for (int i = 0; i < tensor->rank; i++)
        count *= (size_t)tensor->dims[i];
    return count;
}

int sy_integer_option(const sy_tflite_operator *from, int field, int fallback)
{
    for (int i = 0; i < from->option_count; i++)
        if (from->options[i].field == field)
            return from->options[i].value;
    return fallback;
}

int32_t sy_integer_accumulate(sy_integer_finding *finding, int64_t acc)
{
    const int64_t magnitude = acc < 0 ? -acc : acc;
    if (magnitude > finding->largest)
        finding->largest = magnitude;
    if (acc >= INT32_MIN && acc <= INT32_MAX)
        return (int32_t)acc;
    finding->overflows++;
    const uint32_t kept = (uint32_t)(uint64_t)acc;
    return kept <= INT32_MAX ? (int32_t)kept : (int32_t)((int64_t)kept - ((int64_t)1 << 32));
}

int8_t sy_integer_clamp(int64_t code)
{
    return (int8_t)(code < INT8_MIN ? INT8_MIN : code > INT8_MAX ? INT8_MAX : code);
}

/* Biases that leave less than a bit beside them for products. */
static void note_biases(sy_integer *run, int index)
{
    const sy_tflite_operator *op = &run->model->operators[index];
    for (int i = 0; i < op->input_count; i++) {
        const sy_tflite_tensor *tensor = &run->model->tensors[op->inputs[i]];
        if (tensor->type != SY_TFLITE_INT32 || !tensor->scale_count)
            continue;
        for (size_t k = 0; k < sy_integer_elements(tensor); k++) {
            const int64_t bias = ((const int32_t *)tensor->data)[k];
            run->findings[index].bias_overflows += bias >= (int64_t)1 << 30 || bias <= -((int64_t)1 << 30);
        }
    }
}

static sy_status allocate(sy_integer *run)
{
    const sy_tflite_model *model = run->model;
    run->codes = sy_arena_alloc(&run->arena, (size_t)model->tensor_count, sizeof *run->codes);
    run->findings = sy_arena_alloc(&run->arena, (size_t)model->operator_count, sizeof *run->findings);
    SY_TRY(sy_check_alloc(run->ctx, run->codes && run->findings ? run : NULL));
    for (int t = 0; t < model->tensor_count; t++) {
        const sy_tflite_tensor *tensor = &model->tensors[t];
        if (tensor->type != SY_TFLITE_INT8)
            continue;
        const size_t count = sy_integer_elements(tensor);
        run->codes[t] = tensor->data ? sy_arena_copy(&run->arena, tensor->data, tensor->bytes)
                                     : sy_arena_alloc(&run->arena, count, 1);
        SY_TRY(sy_check_alloc(run->ctx, run->codes[t]));
    }
    return SY_OK;
}

sy_status sy_integer_init(sy_ctx *ctx, const sy_tflite_model *model, sy_rounding rounding, sy_integer *out)
{
    *out = (sy_integer){.ctx = ctx, .model = model, .rounding = rounding};
    for (int i = 0; i < model->operator_count; i++)
        if (!rule_of(model->operators[i].code))
            return sy_fail(ctx, SY_E_UNSUPPORTED, "operator %d (number %d) has no integer execution", i,
                           (int)model->operators[i].code);
    SY_TRY(allocate(out));
    for (int i = 0; i < model->operator_count; i++)
        note_biases(out, i);
    return SY_OK;
}

void sy_integer_release(sy_integer *run)
{
    sy_arena_release(&run->arena);
    *run = (sy_integer){0};
}

sy_status sy_integer_run(sy_integer *run)
{
    for (int i = 0; i < run->model->operator_count; i++) {
        const sy_tflite_operator *op = &run->model->operators[i];
        SY_TRY(rule_of(op->code)(run, op, &run->findings[i]));
    }
    return SY_OK;
}
