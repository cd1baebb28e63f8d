#include <string.h>

#include "import/onnx/onnx.h"

/* Writers before IR version 2 left the type to be guessed from which field is there. */
static int32_t type_of(const SyOnnx__Attribute *proto)
{
    if (proto->has_type && proto->type)
        return proto->type;
    if (proto->has_f)
        return SY_ONNX_ATTR_FLOAT;
    if (proto->has_i)
        return SY_ONNX_ATTR_INT;
    if (proto->has_s)
        return SY_ONNX_ATTR_STRING;
    if (proto->t)
        return SY_ONNX_ATTR_TENSOR;
    if (proto->n_floats)
        return SY_ONNX_ATTR_FLOATS;
    return proto->n_ints ? SY_ONNX_ATTR_INTS : 0;
}

static sy_status keep_opaque(sy_onnx_reader *reader, const ProtobufCBinaryData *raw, sy_attr *attr)
{
    attr->kind = SY_ATTR_OPAQUE;
    attr->raw = raw->data;
    attr->raw_bytes = raw->len;
    return sy_check_alloc(reader->ctx, raw->data);
}

/* A tensor of a type that we cannot hold stays as it is; only who wants to look into it has a problem. */
static sy_status read_tensor_attr(sy_onnx_reader *reader, const SyOnnx__Attribute *proto,
                                  const ProtobufCBinaryData *raw, const char *what, sy_attr *attr)
{
    if (!proto->t)
        return sy_fail(reader->ctx, SY_E_MODEL, "%s: attribute '%s' should hold a tensor and does not", what,
                       attr->name);
    char text[256];
    snprintf(text, sizeof text, "%s: attribute '%s'", what, attr->name);
    sy_tensor *tensor = sy_arena_alloc(&reader->graph->arena, 1, sizeof *tensor);
    SY_TRY(sy_check_alloc(reader->ctx, tensor));
    const sy_status status = sy_onnx_read_tensor(reader, proto->t, text, tensor);
    if (status == SY_E_UNSUPPORTED)
        return keep_opaque(reader, raw, attr);
    attr->tensor = tensor;
    return status;
}

static sy_status read_value(sy_onnx_reader *reader, const SyOnnx__Attribute *proto,
                            const ProtobufCBinaryData *raw, const char *what, sy_attr *attr)
{
    switch (proto->ref_attr_name ? 0 : type_of(proto)) {
    case SY_ONNX_ATTR_FLOAT:
        attr->kind = SY_ATTR_FLOAT;
        attr->f = proto->f;
        return SY_OK;
    case SY_ONNX_ATTR_INT:
        attr->kind = SY_ATTR_INT;
        attr->i = proto->i;
        return SY_OK;
    case SY_ONNX_ATTR_STRING:
        attr->kind = SY_ATTR_STRING;
        attr->count = proto->s.len;
        attr->s = sy_arena_text_n(&reader->graph->arena, (const char *)proto->s.data, proto->s.len);
        return sy_check_alloc(reader->ctx, attr->s);
    case SY_ONNX_ATTR_FLOATS:
        attr->kind = SY_ATTR_FLOATS;
        attr->count = proto->n_floats;
        attr->floats = proto->floats;
        return SY_OK;
    case SY_ONNX_ATTR_INTS:
        attr->kind = SY_ATTR_INTS;
        attr->count = proto->n_ints;
        attr->ints = proto->ints;
        return SY_OK;
    case SY_ONNX_ATTR_TENSOR:
        attr->kind = SY_ATTR_TENSOR;
        return read_tensor_attr(reader, proto, raw, what, attr);
    default: return keep_opaque(reader, raw, attr);
    }
}

sy_status sy_onnx_read_attribute(sy_onnx_reader *reader, const ProtobufCBinaryData *raw, const char *what,
                                 sy_attr *out)
{
    const SyOnnx__Attribute *proto =
        sy_onnx__attribute__unpack(&reader->memory.allocator, raw->len, raw->data);
    if (!proto)
        return sy_fail(reader->ctx, SY_E_MODEL, "%s: an attribute of %zu bytes is not readable", what,
                       raw->len);
    if (!proto->name || !*proto->name)
        return sy_fail(reader->ctx, SY_E_MODEL, "%s: an attribute has no name", what);
    *out = (sy_attr){.name = proto->name};
    return read_value(reader, proto, raw, what, out);
}
