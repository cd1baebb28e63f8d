/* A TensorFlow Lite model as a FlatBuffer. Field numbers are those of the schema. */
#include <string.h>

#include "base/file.h"
#include "dsp/flatbuffer.h"
#include "dsp/tflite.h"

static const struct {
    sy_tflite_code code;
    uint8_t options; /* which of the union of tables; 0: none */
    uint8_t version;
} kinds[] = {
#define X(name, number, version_, options_) {SY_TFLITE_##name, options_, version_},
    SY_TFLITE_OPERATORS(X)
#undef X
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* Arrays that grow; what is old stays in the arena until all is freed. */
static void *grow(sy_arena *arena, void *old, int count, int *capacity, size_t size)
{
    if (count < *capacity)
        return old;
    const int larger = *capacity ? 2 * *capacity : 64;
    void *bytes = sy_arena_alloc(arena, (size_t)larger, size);
    if (!bytes)
        return NULL;
    if (count)
        memcpy(bytes, old, (size_t)count * size);
    *capacity = larger;
    return bytes;
}

sy_status sy_tflite_add_tensor(sy_ctx *ctx, sy_tflite_model *model, const sy_tflite_tensor *tensor, int *out)
{
    void *tensors =
        grow(&model->arena, model->tensors, model->tensor_count, &model->tensor_capacity, sizeof *tensor);
    SY_TRY(sy_check_alloc(ctx, tensors));
    model->tensors = tensors;
    model->tensors[model->tensor_count] = *tensor;
    *out = model->tensor_count++;
    return SY_OK;
}

sy_status sy_tflite_add_operator(sy_ctx *ctx, sy_tflite_model *model, sy_tflite_code code, const int *inputs,
                                 int input_count, const int *outputs, int output_count,
                                 sy_tflite_operator **out)
{
    void *operators = grow(&model->arena, model->operators, model->operator_count, &model->operator_capacity,
                           sizeof *model->operators);
    SY_TRY(sy_check_alloc(ctx, operators));
    model->operators = operators;
    sy_tflite_operator *made = &model->operators[model->operator_count];
    *made = (sy_tflite_operator){
        .code = code,
        .inputs = sy_arena_copy(&model->arena, inputs, (size_t)input_count * sizeof *inputs),
        .outputs = sy_arena_copy(&model->arena, outputs, (size_t)output_count * sizeof *outputs),
        .input_count = input_count,
        .output_count = output_count};
    SY_TRY(sy_check_alloc(ctx, made->inputs && made->outputs ? made : NULL));
    model->operator_count++;
    *out = made;
    return SY_OK;
}

void sy_tflite_model_release(sy_tflite_model *model)
{
    sy_arena_release(&model->arena);
    *model = (sy_tflite_model){0};
}

/* QuantizationParameters: scale 2, zero_point 3, quantized_dimension 6. */
static sy_flat_ref write_numbers(sy_flatbuffer *buffer, const sy_tflite_tensor *tensor, sy_arena *arena)
{
    int64_t *zeros = sy_arena_alloc(arena, tensor->scale_count, sizeof *zeros);
    if (!zeros)
        buffer->failed = true;
    if (!zeros || !tensor->scale_count)
        return 0;
    for (size_t i = 0; i < tensor->scale_count; i++)
        zeros[i] = tensor->zero;
    const sy_flat_ref scale = sy_flat_vector(buffer, tensor->scales, tensor->scale_count, 4, 4);
    const sy_flat_ref zero = sy_flat_vector(buffer, zeros, tensor->scale_count, 8, 8);
    sy_flat_begin(buffer);
    sy_flat_ref_field(buffer, 2, scale);
    sy_flat_ref_field(buffer, 3, zero);
    if (tensor->scale_count > 1)
        sy_flat_u32(buffer, 6, (uint32_t)tensor->axis);
    return sy_flat_end(buffer);
}

/* Tensor: shape 0, type 1, buffer 2, name 3, quantization 4. */
static sy_flat_ref write_tensor(sy_flatbuffer *buffer, const sy_tflite_tensor *tensor, uint32_t data,
                                sy_arena *arena)
{
    const sy_flat_ref numbers = write_numbers(buffer, tensor, arena);
    const sy_flat_ref name = sy_flat_string(buffer, tensor->name);
    const sy_flat_ref shape = sy_flat_vector(buffer, tensor->dims, (size_t)tensor->rank, 4, 4);
    sy_flat_begin(buffer);
    sy_flat_ref_field(buffer, 0, shape);
    sy_flat_u8(buffer, 1, (uint8_t)tensor->type);
    sy_flat_u32(buffer, 2, data);
    sy_flat_ref_field(buffer, 3, name);
    sy_flat_ref_field(buffer, 4, numbers);
    return sy_flat_end(buffer);
}

static sy_flat_ref write_options(sy_flatbuffer *buffer, const sy_tflite_operator *from)
{
    sy_flat_begin(buffer);
    for (int i = 0; i < from->option_count; i++) {
        const sy_tflite_option *option = &from->options[i];
        if (option->kind == SY_TFLITE_BYTE)
            sy_flat_u8(buffer, option->field, (uint8_t)option->value);
        else if (option->kind == SY_TFLITE_WORD)
            sy_flat_u32(buffer, option->field, (uint32_t)option->value);
        else
            sy_flat_f32(buffer, option->field, option->real);
    }
    return sy_flat_end(buffer);
}

static int kind_of(sy_tflite_code code)
{
    int k = 0;
    while (k < KINDS - 1 && kinds[k].code != code)
        k++;
    return k;
}

/* Operator: opcode_index 0, inputs 1, outputs 2, builtin_options_type 3, builtin_options 4. */
static sy_flat_ref write_operator(sy_flatbuffer *buffer, const sy_tflite_operator *from, uint32_t code)
{
    const uint8_t type = kinds[kind_of(from->code)].options;
    const sy_flat_ref options = type ? write_options(buffer, from) : 0;
    const sy_flat_ref outputs = sy_flat_vector(buffer, from->outputs, (size_t)from->output_count, 4, 4);
    const sy_flat_ref inputs = sy_flat_vector(buffer, from->inputs, (size_t)from->input_count, 4, 4);
    sy_flat_begin(buffer);
    sy_flat_u32(buffer, 0, code);
    sy_flat_ref_field(buffer, 1, inputs);
    sy_flat_ref_field(buffer, 2, outputs);
    if (type)
        sy_flat_u8(buffer, 3, type);
    sy_flat_ref_field(buffer, 4, options);
    return sy_flat_end(buffer);
}

/* OperatorCode: deprecated_builtin_code 0, version 2, builtin_code 3. */
static sy_flat_ref write_code(sy_flatbuffer *buffer, int kind)
{
    sy_flat_begin(buffer);
    sy_flat_u32(buffer, 3, (uint32_t)kinds[kind].code);
    sy_flat_u32(buffer, 2, kinds[kind].version);
    sy_flat_u8(buffer, 0, (uint8_t)kinds[kind].code);
    return sy_flat_end(buffer);
}

/* Buffer: data 0. The first one of a model is empty; computed tensors share it. */
static sy_flat_ref write_data(sy_flatbuffer *buffer, const void *data, size_t bytes)
{
    const sy_flat_ref vector = data ? sy_flat_vector(buffer, data, bytes, 1, 16) : 0;
    sy_flat_begin(buffer);
    sy_flat_ref_field(buffer, 0, vector);
    return sy_flat_end(buffer);
}

typedef struct {
    sy_arena arena;
    sy_flat_ref *tensors, *operators, *buffers, codes[KINDS];
    uint32_t code_of[KINDS]; /* index into codes */
    size_t buffer_count, code_count;
} parts;

static void write_codes(sy_flatbuffer *buffer, const sy_tflite_model *model, parts *made)
{
    bool used[KINDS] = {0};
    for (int i = 0; i < model->operator_count; i++)
        used[kind_of(model->operators[i].code)] = true;
    for (int k = 0; k < KINDS; k++)
        if (used[k]) {
            made->code_of[k] = (uint32_t)made->code_count;
            made->codes[made->code_count++] = write_code(buffer, k);
        }
}

static void write_tensors(sy_flatbuffer *buffer, const sy_tflite_model *model, parts *made)
{
    made->buffers[made->buffer_count++] = write_data(buffer, NULL, 0);
    for (int t = 0; t < model->tensor_count; t++) {
        const sy_tflite_tensor *tensor = &model->tensors[t];
        const uint32_t data = tensor->data ? (uint32_t)made->buffer_count : 0;
        if (tensor->data)
            made->buffers[made->buffer_count++] = write_data(buffer, tensor->data, tensor->bytes);
        made->tensors[t] = write_tensor(buffer, tensor, data, &made->arena);
    }
}

/* SubGraph: tensors 0, inputs 1, outputs 2, operators 3, name 4. */
static sy_flat_ref write_subgraph(sy_flatbuffer *buffer, const sy_tflite_model *model, const parts *made)
{
    const sy_flat_ref name = sy_flat_string(buffer, "main");
    const sy_flat_ref operators = sy_flat_refs(buffer, made->operators, (size_t)model->operator_count);
    const sy_flat_ref outputs = sy_flat_vector(buffer, model->outputs, (size_t)model->output_count, 4, 4);
    const sy_flat_ref inputs = sy_flat_vector(buffer, model->inputs, (size_t)model->input_count, 4, 4);
    const sy_flat_ref tensors = sy_flat_refs(buffer, made->tensors, (size_t)model->tensor_count);
    sy_flat_begin(buffer);
    sy_flat_ref_field(buffer, 0, tensors);
    sy_flat_ref_field(buffer, 1, inputs);
    sy_flat_ref_field(buffer, 2, outputs);
    sy_flat_ref_field(buffer, 3, operators);
    sy_flat_ref_field(buffer, 4, name);
    return sy_flat_end(buffer);
}

/* Model: version 0, operator_codes 1, subgraphs 2, description 3, buffers 4. */
static sy_flat_ref write_model(sy_flatbuffer *buffer, const sy_tflite_model *model, parts *made)
{
    write_codes(buffer, model, made);
    write_tensors(buffer, model, made);
    for (int i = 0; i < model->operator_count; i++)
        made->operators[i] =
            write_operator(buffer, &model->operators[i], made->code_of[kind_of(model->operators[i].code)]);
    const sy_flat_ref subgraph = write_subgraph(buffer, model, made);
    const sy_flat_ref subgraphs = sy_flat_refs(buffer, &subgraph, 1);
    const sy_flat_ref buffers = sy_flat_refs(buffer, made->buffers, made->buffer_count);
    const sy_flat_ref codes = sy_flat_refs(buffer, made->codes, made->code_count);
    const sy_flat_ref description = sy_flat_string(buffer, "steelyard");
    sy_flat_begin(buffer);
    sy_flat_u32(buffer, 0, 3);
    sy_flat_ref_field(buffer, 1, codes);
    sy_flat_ref_field(buffer, 2, subgraphs);
    sy_flat_ref_field(buffer, 3, description);
    sy_flat_ref_field(buffer, 4, buffers);
    return sy_flat_end(buffer);
}

sy_status sy_tflite_save(sy_ctx *ctx, const sy_tflite_model *model, const char *path)
{
    parts made = {0};
    sy_flatbuffer buffer = {0};
    sy_status status;
    const size_t tensors = (size_t)model->tensor_count;
    made.tensors = sy_arena_alloc(&made.arena, tensors, sizeof *made.tensors);
    made.buffers = sy_arena_alloc(&made.arena, tensors + 1, sizeof *made.buffers);
    made.operators = sy_arena_alloc(&made.arena, (size_t)model->operator_count, sizeof *made.operators);
    SY_TRY_DONE(sy_check_alloc(ctx, made.tensors && made.buffers && made.operators ? &made : NULL));
    const sy_flat_ref root = write_model(&buffer, model, &made);
    SY_TRY_DONE(sy_flat_finish(ctx, &buffer, root, "TFL3"));
    status = sy_file_save(ctx, path, sy_flat_bytes(&buffer), buffer.used);
done:
    sy_flatbuffer_release(&buffer);
    sy_arena_release(&made.arena);
    return status;
}
