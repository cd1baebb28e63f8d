/* ONNX, on the wire: messages that can hold tensors are gone through, at any depth, and nothing else. */
#include <string.h>

#include "pack/finder.h"

typedef enum message_kind { MODEL, GRAPH, FUNCTION, NODE, ATTRIBUTE, SPARSE, TENSOR } message_kind;

/* Field `number` of a message of kind `parent` is one of kind `child`. Numbers from onnx.proto. */
static const struct {
    message_kind parent;
    uint64_t number;
    message_kind child;
} fields[] = {
    {MODEL, 7, GRAPH},       {MODEL, 25, FUNCTION},   {GRAPH, 1, NODE},       {GRAPH, 5, TENSOR},
    {GRAPH, 15, SPARSE},     {FUNCTION, 7, NODE},     {NODE, 5, ATTRIBUTE},   {ATTRIBUTE, 5, TENSOR},
    {ATTRIBUTE, 6, GRAPH},   {ATTRIBUTE, 10, TENSOR}, {ATTRIBUTE, 11, GRAPH}, {ATTRIBUTE, 22, SPARSE},
    {ATTRIBUTE, 23, SPARSE}, {SPARSE, 1, TENSOR},     {SPARSE, 2, TENSOR},
};

enum {
    TENSOR_DIMS = 1,
    TENSOR_DTYPE = 2,
    TENSOR_NAME = 8,
    TENSOR_RAW = 9,
    TENSOR_EXTERNAL = 13,
    TENSOR_LOCATION = 14
};

typedef struct message {
    message_kind kind;
    sy_span span;
} message;

static bool add_dim(sy_pack_told *told, uint64_t dim)
{
    if (told->shape.rank == SY_MAX_RANK || dim > INT64_MAX)
        return false;
    told->shape.dims[told->shape.rank++] = (int64_t)dim;
    return true;
}

/* One number a field, or many in one. */
static bool read_dims(const sy_wire_field *field, sy_pack_told *told)
{
    if (field->type == SY_WIRE_VARINT)
        return add_dim(told, field->value);
    sy_bytes bytes = sy_wire_begin(field->data);
    while (!bytes.failed && bytes.at < bytes.end)
        if (!add_dim(told, sy_bytes_varint(&bytes)))
            return false;
    return !bytes.failed;
}

static bool span_is(sy_span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.at, text, span.size) == 0;
}

static uint64_t number_of(sy_span span)
{
    char text[24] = {0};
    int64_t value = -1;
    if (span.size < sizeof text)
        memcpy(text, span.at, span.size);
    return sy_parse_int(text, &value) && value >= 0 ? (uint64_t)value : UINT64_MAX / 2;
}

/* A key and its value. */
static void read_external(sy_span entry, sy_pack_told *told)
{
    sy_bytes bytes = sy_wire_begin(entry);
    sy_wire_field field;
    sy_span key = {0}, value = {0};
    while (sy_wire_next(&bytes, &field))
        if (field.type == SY_WIRE_BYTES)
            *(field.number == 1 ? &key : &value) = field.data;
    if (!key.at || !value.at)
        return;
    if (span_is(key, "location"))
        told->location = value;
    else if (span_is(key, "offset"))
        told->offset = number_of(value);
    else if (span_is(key, "length"))
        told->length = number_of(value);
}

/* Fields that come twice, or say what we do not expect, are nobody's business here: the tensor then stays as
 * it is. */
static sy_status read_tensor(sy_pack_finder *finder, sy_span span)
{
    sy_pack_told told = {.shape = {.rank = 0}};
    bool is_plain = true, is_external = false;
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field))
        switch (field.number) {
        case TENSOR_DIMS: is_plain &= read_dims(&field, &told); break;
        case TENSOR_DTYPE: told.dtype = (int64_t)field.value; break;
        case TENSOR_NAME: told.name = field.data; break;
        case TENSOR_RAW:
            is_plain &= !told.raw.at && field.type == SY_WIRE_BYTES;
            told.raw = field.data;
            break;
        case TENSOR_EXTERNAL: read_external(field.data, &told); break;
        case TENSOR_LOCATION: is_external = field.value == 1; break;
        default: break;
        }
    if (!is_external)
        told.location = (sy_span){0};
    if (!is_plain)
        told.dtype = SY_DTYPE_UNDEFINED;
    return sy_pack_finder_add(finder, &told);
}

static sy_status visit(sy_pack_finder *finder, const message *parent, sy_text *waiting)
{
    sy_bytes bytes = sy_wire_begin(parent->span);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field))
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
            if (fields[i].parent == parent->kind && fields[i].number == field.number &&
                field.type == SY_WIRE_BYTES) {
                const message child = {.kind = fields[i].child, .span = field.data};
                if (child.kind == TENSOR)
                    SY_TRY(read_tensor(finder, child.span));
                else
                    sy_text_add(waiting, &child, sizeof child);
            }
    if (bytes.failed)
        return sy_fail(finder->ctx, SY_E_MODEL,
                       "the model is damaged: the fields of a message do not fill its bytes");
    return sy_check_alloc(finder->ctx, waiting->failed ? NULL : finder);
}

sy_status sy_pack_find_onnx(sy_pack_finder *finder)
{
    sy_text waiting = {0};
    const message model = {.kind = MODEL, .span = finder->file};
    sy_text_add(&waiting, &model, sizeof model);
    sy_status status = sy_check_alloc(finder->ctx, waiting.failed ? NULL : finder);
    while (status == SY_OK && waiting.size) {
        message next;
        waiting.size -= sizeof next;
        memcpy(&next, waiting.bytes + waiting.size, sizeof next);
        status = visit(finder, &next, &waiting);
    }
    sy_text_release(&waiting);
    return status;
}
