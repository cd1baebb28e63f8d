/* Finding things in a file that was opened, and reading one of its constants. */
#include <stdio.h>

#include "import/onnx/fields.h"
#include "import/onnx/file.h"
#include "import/onnx/onnx.h"

bool sy_onnx_node_is(const sy_onnx_node *node, const char *type)
{
    return node->domain[0] == '\0' && strcmp(node->type, type) == 0;
}

sy_onnx_readers sy_onnx_find_readers(const sy_onnx_file *file, const char *name)
{
    size_t low = 0, high = file->reading_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(file->readings[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < file->reading_count && strcmp(file->readings[end].name, name) == 0)
        end++;
    return (sy_onnx_readers){file->readings + low, end - low};
}

int sy_onnx_find_constant(const sy_onnx_file *file, const char *name)
{
    for (int i = 0; i < file->constant_count; i++)
        if (strcmp(file->constants[i].name, name) == 0)
            return i;
    return SY_NONE;
}

static float float_of(uint64_t value)
{
    const uint32_t bits = (uint32_t)value;
    float out;
    memcpy(&out, &bits, sizeof out);
    return out;
}

bool sy_onnx_find_attribute(sy_span node, const char *name, sy_onnx_attribute *out)
{
    sy_bytes bytes = sy_wire_begin(node);
    sy_wire_field field, inner;
    while (sy_wire_next(&bytes, &field)) {
        sy_onnx_attribute attribute = {.span = field.data};
        bool found = false;
        if (field.number != SY_NODE_ATTRIBUTE || field.type != SY_WIRE_BYTES)
            continue;
        sy_bytes message = sy_wire_begin(field.data);
        while (sy_wire_next(&message, &inner))
            if (inner.number == SY_ATTRIBUTE_NAME && inner.type == SY_WIRE_BYTES)
                found = inner.data.size == strlen(name) && memcmp(inner.data.at, name, inner.data.size) == 0;
            else if (inner.number == SY_ATTRIBUTE_I)
                attribute.i = (int64_t)inner.value;
            else if (inner.number == SY_ATTRIBUTE_F)
                attribute.f = float_of(inner.value);
            else if (inner.number == SY_ATTRIBUTE_S)
                attribute.s = inner.data;
        if (found) {
            *out = attribute;
            return true;
        }
    }
    return false;
}

int sy_onnx_attribute_ints(const sy_onnx_attribute *attribute, int64_t *out, int capacity)
{
    sy_bytes bytes = sy_wire_begin(attribute->span);
    sy_wire_field field;
    int count = 0;
    while (sy_wire_next(&bytes, &field)) {
        const bool packed = field.type == SY_WIRE_BYTES;
        sy_bytes list = sy_wire_begin(packed ? field.data : (sy_span){0});
        if (field.number != SY_ATTRIBUTE_INTS || (packed && list.at == list.end))
            continue;
        do {
            const uint64_t value = packed ? sy_bytes_varint(&list) : field.value;
            if (count < capacity)
                out[count] = (int64_t)value;
            count++;
        } while (packed && list.at != list.end && !list.failed && count < INT32_MAX);
    }
    return count;
}

int64_t sy_onnx_node_int(const sy_onnx_node *node, const char *name, int64_t fallback)
{
    sy_onnx_attribute attribute;
    return sy_onnx_find_attribute(node->span, name, &attribute) ? attribute.i : fallback;
}

float sy_onnx_node_float(const sy_onnx_node *node, const char *name, float fallback)
{
    sy_onnx_attribute attribute;
    return sy_onnx_find_attribute(node->span, name, &attribute) ? attribute.f : fallback;
}

static sy_status load(sy_ctx *ctx, sy_onnx_reader *reader, const sy_onnx_constant *constant,
                      const SyOnnx__Tensor *proto, sy_tensor *out)
{
    char what[256];
    snprintf(what, sizeof what, "constant '%s'", constant->name);
    if (!proto)
        return sy_fail(ctx, SY_E_MODEL, "%s is damaged: it cannot be unpacked", what);
    return sy_onnx_read_tensor(reader, proto, what, out);
}

sy_status sy_onnx_constant_load(sy_ctx *ctx, const sy_onnx_file *file, const sy_onnx_constant *constant,
                                sy_graph **out_memory, sy_tensor *out)
{
    sy_onnx_reader reader = {.ctx = ctx, .folder = file->folder};
    SY_TRY(sy_graph_create(ctx, &reader.graph));
    sy_onnx_memory_init(&reader.memory, &reader.graph->arena, constant->span.size);
    const SyOnnx__Tensor *proto =
        sy_onnx__tensor__unpack(&reader.memory.allocator, constant->span.size, constant->span.at);
    const sy_status status = load(ctx, &reader, constant, proto, out);
    sy_onnx_close_external(&reader);
    if (status == SY_OK)
        *out_memory = reader.graph;
    else
        sy_graph_destroy(reader.graph);
    return status;
}

sy_status sy_onnx_constant_floats(sy_ctx *ctx, const sy_onnx_file *file, const sy_onnx_constant *constant,
                                  float *out, size_t count)
{
    sy_graph *memory = NULL;
    sy_tensor tensor;
    SY_TRY(sy_onnx_constant_load(ctx, file, constant, &memory, &tensor));
    const sy_status status = sy_tensor_to_f32(ctx, &tensor, out, count);
    sy_graph_destroy(memory);
    return sy_while(ctx, status, "constant '%s'", constant->name);
}
