#include <inttypes.h>
#include <string.h>

#include "import/onnx/onnx.h"

/* Where a tensor may keep its elements. */
typedef struct typed_field {
    const char *name;
    const void *data;
    size_t count, element_bytes;
} typed_field;

static bool dtype_is_held(int32_t number)
{
    return sy_dtype_bits((sy_dtype)number) > 0;
}

static sy_status read_shape(sy_ctx *ctx, const SyOnnx__Tensor *proto, const char *what, sy_shape *out)
{
    size_t count;
    if (proto->n_dims > SY_MAX_RANK)
        return sy_fail(ctx, SY_E_UNSUPPORTED, "%s has %zu dimensions; at most %d are supported", what,
                       proto->n_dims, SY_MAX_RANK);
    sy_shape shape = {.rank = (int)proto->n_dims};
    bool absurd = false;
    for (int i = 0; i < shape.rank; i++) {
        shape.dims[i] = proto->dims[i];
        if (shape.dims[i] < 0)
            return sy_fail(ctx, SY_E_MODEL, "%s: dimension %d is %" PRId64 "; a size cannot be negative",
                           what, i, shape.dims[i]);
        absurd |= shape.dims[i] > INT32_MAX;
    }
    char text[SY_SHAPE_TEXT];
    if (absurd || !sy_shape_count(&shape, &count))
        return sy_fail(ctx, SY_E_MODEL, "%s: shape %s is larger than any model can be", what,
                       sy_shape_print(&shape, text));
    *out = shape;
    return SY_OK;
}

/* The field where elements of this type stand when they do not stand in raw_data. */
static typed_field field_of(const SyOnnx__Tensor *proto, sy_dtype dtype)
{
    switch (dtype) {
    case SY_DTYPE_FLOAT:
        return (typed_field){"float_data", proto->float_data, proto->n_float_data, sizeof(float)};
    case SY_DTYPE_DOUBLE:
        return (typed_field){"double_data", proto->double_data, proto->n_double_data, sizeof(double)};
    case SY_DTYPE_INT64:
        return (typed_field){"int64_data", proto->int64_data, proto->n_int64_data, sizeof(int64_t)};
    case SY_DTYPE_UINT32:
    case SY_DTYPE_UINT64:
        return (typed_field){"uint64_data", proto->uint64_data, proto->n_uint64_data, sizeof(uint64_t)};
    default: return (typed_field){"int32_data", proto->int32_data, proto->n_int32_data, sizeof(int32_t)};
    }
}

static int count_filled(const SyOnnx__Tensor *proto)
{
    return (proto->raw_data.len > 0) + (proto->n_float_data > 0) + (proto->n_int32_data > 0) +
           (proto->n_int64_data > 0) + (proto->n_double_data > 0) + (proto->n_uint64_data > 0) +
           (proto->n_string_data > 0);
}

/* One element, or a byte with two of 4 bits, a word of the field: the low `bytes` of it. A word may be signed
 * or not, but must fit.
 */
static sy_status narrow(sy_onnx_reader *reader, const typed_field *field, const char *what,
                        const sy_tensor *tensor, size_t bytes, const void **out)
{
    unsigned char *data = sy_arena_alloc(&reader->graph->arena, field->count, bytes);
    SY_TRY(sy_check_alloc(reader->ctx, data));
    const int64_t lowest = -((int64_t)1 << (8 * bytes - 1)), highest = ((int64_t)1 << (8 * bytes)) - 1;
    for (size_t i = 0; i < field->count; i++) {
        const int64_t word = field->element_bytes == sizeof(int32_t) ? ((const int32_t *)field->data)[i]
                                                                     : ((const int64_t *)field->data)[i];
        if (word < lowest || word > highest)
            return sy_fail(reader->ctx, SY_E_MODEL, "%s: element %zu of %s is %" PRId64 ", which is no %s",
                           what, i, field->name, word, sy_dtype_name(tensor->dtype));
        memcpy(data + i * bytes, &word, bytes); /* little endian, as the file and this machine */
    }
    *out = data;
    return SY_OK;
}

static sy_status read_typed(sy_onnx_reader *reader, const SyOnnx__Tensor *proto, const char *what,
                            sy_tensor *tensor)
{
    const typed_field field = field_of(proto, tensor->dtype);
    const unsigned bits = sy_dtype_bits(tensor->dtype);
    const size_t bytes = bits < 8 ? 1 : bits / 8; /* that one word of the field stands for */
    char shape[SY_SHAPE_TEXT];
    if (field.count != tensor->bytes / bytes)
        return sy_fail(reader->ctx, SY_E_MODEL, "%s: %s of %s needs %zu numbers in %s, there are %zu", what,
                       sy_shape_print(&tensor->shape, shape), sy_dtype_name(tensor->dtype),
                       tensor->bytes / bytes, field.name, field.count);
    if (bytes < field.element_bytes)
        return narrow(reader, &field, what, tensor, bytes, &tensor->data);
    tensor->data = field.data;
    return SY_OK;
}

static sy_status read_elements(sy_onnx_reader *reader, const SyOnnx__Tensor *proto, const char *what,
                               sy_tensor *tensor)
{
    char shape[SY_SHAPE_TEXT];
    const int filled = count_filled(proto);
    if (proto->data_location == SY_ONNX_DATA_EXTERNAL)
        return sy_onnx_read_external(reader, proto, what, tensor->bytes, &tensor->data);
    if (filled > 1)
        return sy_fail(reader->ctx, SY_E_MODEL, "%s holds its elements in %d different fields", what, filled);
    if (tensor->bytes == 0 && filled == 0) {
        tensor->data = sy_arena_alloc(&reader->graph->arena, 0, 1); /* a constant has data, be it none */
        return sy_check_alloc(reader->ctx, tensor->data);
    }
    if (proto->raw_data.len == 0)
        return read_typed(reader, proto, what, tensor);
    if (proto->raw_data.len != tensor->bytes)
        return sy_fail(reader->ctx, SY_E_MODEL, "%s: %s of %s needs %zu bytes, its raw_data has %zu", what,
                       sy_shape_print(&tensor->shape, shape), sy_dtype_name(tensor->dtype), tensor->bytes,
                       proto->raw_data.len);
    tensor->data = proto->raw_data.data;
    return SY_OK;
}

sy_status sy_onnx_read_tensor(sy_onnx_reader *reader, const SyOnnx__Tensor *proto, const char *what,
                              sy_tensor *out)
{
    sy_tensor tensor = {.name = "", .dtype = (sy_dtype)proto->data_type, .producer = SY_NONE};
    size_t count;
    if (!dtype_is_held(proto->data_type))
        return sy_fail(reader->ctx, SY_E_UNSUPPORTED, "%s has ONNX's element type %d, which is not supported",
                       what, (int)proto->data_type);
    if (proto->has_segment)
        return sy_fail(reader->ctx, SY_E_UNSUPPORTED, "%s is stored in segments, which is not supported",
                       what);
    SY_TRY(read_shape(reader->ctx, proto, what, &tensor.shape));
    sy_shape_count(&tensor.shape, &count);
    tensor.bytes = (count * sy_dtype_bits(tensor.dtype) + 7) / 8;
    SY_TRY(read_elements(reader, proto, what, &tensor));
    *out = tensor;
    return SY_OK;
}
