#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "import/location.h"
#include "import/mindir/parts.h"

/* 0: a type without elements of a fixed size. Numbers up to 16 are ONNX's. */
static unsigned bits_of(int64_t data_type)
{
    enum { FLOAT64 = 17 };
    if (data_type == FLOAT64)
        return 64;
    return data_type >= 0 && data_type <= SY_DTYPE_BFLOAT16 ? sy_dtype_bits((sy_dtype)data_type) : 0;
}

static sy_status read_elsewhere(sy_ctx *ctx, const sy_mind_tensor *tensor, const char *folder,
                                sy_arena *arena, size_t bytes, const void **out)
{
    sy_mapped mapped = {0};
    const char *location = tensor->location;
    if (!*location || !folder)
        return sy_fail(ctx, SY_E_MODEL, "it is held in %s",
                       *location ? "another file, which cannot be reached" : "another file that has no name");
    if (!sy_location_stays_below(location))
        return sy_fail(ctx, SY_E_MODEL,
                       "it is held in '%s': a model may only read files below its own folder", location);
    if (tensor->length != (int64_t)bytes || tensor->offset < 0)
        return sy_fail(ctx, SY_E_MODEL,
                       "its type and shape need %zu bytes, the external data has %" PRId64
                       " at offset %" PRId64,
                       bytes, tensor->length, tensor->offset);
    const char *path = sy_arena_printf(arena, "%s/%s", folder, location);
    SY_TRY(sy_check_alloc(ctx, path));
    SY_TRY(sy_while(ctx, sy_file_map(ctx, path, &mapped), "it is held in another file of the model"));
    sy_status status = SY_OK;
    if (mapped.size < bytes || mapped.size - bytes < (size_t)tensor->offset)
        status =
            sy_fail(ctx, SY_E_MODEL, "it needs %zu bytes at offset %" PRId64 " of '%s', which has only %zu",
                    bytes, tensor->offset, location, mapped.size);
    else
        status = sy_check_alloc(ctx, *out = sy_arena_copy(arena, mapped.bytes + tensor->offset, bytes));
    sy_file_unmap(&mapped);
    return status;
}

static sy_status find_bytes(sy_ctx *ctx, const sy_mind_tensor *tensor, const char *folder, sy_arena *arena,
                            const void **out, size_t *out_bytes)
{
    const unsigned bits = bits_of(tensor->data_type);
    char shape[SY_SHAPE_TEXT];
    size_t count;
    if (!bits)
        return sy_fail(ctx, SY_E_UNSUPPORTED,
                       "it has MindIR's element type %" PRId64 ", which is not supported", tensor->data_type);
    if (tensor->is_packed)
        return sy_fail(ctx, SY_E_UNSUPPORTED, "it is quantized or compressed already");
    if (!sy_shape_count(&tensor->shape, &count))
        return sy_fail(ctx, SY_E_MODEL, "its shape %s is not known", sy_shape_print(&tensor->shape, shape));
    *out_bytes = count * bits / 8;
    if (tensor->is_external)
        return read_elsewhere(ctx, tensor, folder, arena, *out_bytes, out);
    if (tensor->is_typed)
        return sy_fail(
            ctx, SY_E_UNSUPPORTED,
            "its elements stand in a list of numbers, only raw_data is read; export the network again");
    if (tensor->raw.size != *out_bytes)
        return sy_fail(ctx, SY_E_MODEL, "%s of type %" PRId64 " needs %zu bytes, its raw_data has %zu",
                       sy_shape_print(&tensor->shape, shape), tensor->data_type, *out_bytes,
                       tensor->raw.size);
    static const unsigned char nothing[1];
    *out = tensor->raw.at ? tensor->raw.at : nothing;
    return SY_OK;
}

sy_status sy_mind_tensor_bytes(sy_ctx *ctx, const sy_mind_tensor *tensor, const char *folder, sy_arena *arena,
                               const void **out, size_t *out_bytes)
{
    return sy_while(ctx, find_bytes(ctx, tensor, folder, arena, out, out_bytes), "parameter '%s'",
                    tensor->name);
}

static sy_status read_external(sy_ctx *ctx, sy_mind_model *model, sy_span span, const char *what,
                               sy_mind_tensor *out)
{
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    SY_TRY(sy_mind_check(ctx, span, what));
    out->is_external = true;
    out->location = "";
    while (sy_wire_next(&bytes, &field)) {
        if (field.number == SY_EXTERNAL_LOCATION)
            SY_TRY(sy_mind_read_text(ctx, model, &field, what, &out->location));
        else if (field.number == SY_EXTERNAL_OFFSET)
            out->offset = (int64_t)field.value;
        else if (field.number == SY_EXTERNAL_LENGTH)
            out->length = (int64_t)field.value;
    }
    return SY_OK;
}

/* -1 is a size that is not known. */
static sy_status add_dim(sy_ctx *ctx, const char *what, uint64_t dim, sy_shape *out)
{
    if (out->rank == SY_MAX_RANK)
        return sy_fail(ctx, SY_E_UNSUPPORTED, "%s has more than %d dimensions", what, SY_MAX_RANK);
    if ((int64_t)dim < -2 || (int64_t)dim > INT32_MAX)
        return sy_fail(ctx, SY_E_MODEL, "%s: dimension %d is %" PRId64 ", which no model can have", what,
                       out->rank, (int64_t)dim);
    out->dims[out->rank++] = (int64_t)dim < 0 ? SY_NONE : (int64_t)dim;
    return SY_OK;
}

static sy_status add_dims(sy_ctx *ctx, const char *what, const sy_wire_field *field, sy_shape *out)
{
    sy_bytes bytes = sy_wire_begin(field->data);
    if (field->type != SY_WIRE_BYTES)
        return add_dim(ctx, what, field->value, out);
    while (bytes.at < bytes.end) {
        const uint64_t dim = sy_bytes_varint(&bytes);
        if (bytes.failed)
            return sy_fail(ctx, SY_E_MODEL, "%s: its dimensions are damaged", what);
        SY_TRY(add_dim(ctx, what, dim, out));
    }
    return SY_OK;
}

sy_status sy_mind_read_tensor(sy_ctx *ctx, sy_mind_model *model, sy_span span, const char *what,
                              sy_mind_tensor *out)
{
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    SY_TRY(sy_mind_check(ctx, span, what));
    *out = (sy_mind_tensor){.name = "", .span = span};
    while (sy_wire_next(&bytes, &field))
        switch (field.number) {
        case SY_TENSOR_DIMS: SY_TRY(add_dims(ctx, what, &field, &out->shape)); break;
        case SY_TENSOR_DATA_TYPE: out->data_type = (int64_t)field.value; break;
        case SY_TENSOR_NAME: SY_TRY(sy_mind_read_text(ctx, model, &field, what, &out->name)); break;
        case SY_TENSOR_RAW_DATA: out->raw = field.data; break;
        case SY_TENSOR_EXTERNAL_DATA: SY_TRY(read_external(ctx, model, field.data, what, out)); break;
        case SY_TENSOR_COMPRESSION: out->is_packed |= field.value != 0; break;
        case SY_TENSOR_QUANT_PARAMS: out->is_packed = true; break;
        case SY_TENSOR_FLOAT_DATA:
        case SY_TENSOR_INT32_DATA:
        case SY_TENSOR_STRING_DATA:
        case SY_TENSOR_INT64_DATA:
        case SY_TENSOR_DOUBLE_DATA:
        case SY_TENSOR_UINT64_DATA: out->is_typed = true; break;
        default: break;
        }
    return SY_OK;
}
