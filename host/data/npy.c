#include "data/npy.h"

#include <string.h>

#include "base/bytes.h"

static const char magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

/* The header is a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (1, 3), }. numpy
 * writes it just so, so it is enough to find a key and look at what follows its colon.
 */
typedef struct {
    const char *at, *end;
} header;

static bool find_key(header text, const char *key, header *out)
{
    const size_t length = strlen(key);
    for (const char *at = text.at; (size_t)(text.end - at) > length + 2; at++) {
        bool quoted = (*at == '\'' || *at == '"') && at[length + 1] == *at;
        if (!quoted || memcmp(at + 1, key, length) != 0)
            continue;
        at += length + 2;
        while (at < text.end && *at == ' ')
            at++;
        if (at == text.end || *at++ != ':')
            return false;
        while (at < text.end && *at == ' ')
            at++;
        *out = (header){at, text.end};
        return at < text.end;
    }
    return false;
}

static sy_status read_descr(sy_ctx *ctx, header text, sy_dtype *out)
{
    static const struct {
        char name[3];
        sy_dtype dtype;
    } types[] = {
        {"f4", SY_DTYPE_FLOAT},  {"f8", SY_DTYPE_DOUBLE}, {"f2", SY_DTYPE_FLOAT16}, {"i1", SY_DTYPE_INT8},
        {"i2", SY_DTYPE_INT16},  {"i4", SY_DTYPE_INT32},  {"i8", SY_DTYPE_INT64},   {"u1", SY_DTYPE_UINT8},
        {"u2", SY_DTYPE_UINT16}, {"u4", SY_DTYPE_UINT32}, {"u8", SY_DTYPE_UINT64},  {"b1", SY_DTYPE_BOOL},
    };
    header value;
    if (!find_key(text, "descr", &value) || value.end - value.at < 5 ||
        (*value.at != '\'' && *value.at != '"'))
        return sy_fail(ctx, SY_E_DATA, "its header names no simple element type");
    const char order = value.at[1];
    if (value.at[4] == *value.at && (order == '<' || order == '|' || order == '='))
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
            if (memcmp(value.at + 2, types[i].name, 2) == 0) {
                *out = types[i].dtype;
                return SY_OK;
            }
    if (value.at[4] == *value.at && order == '>')
        return sy_fail(ctx, SY_E_DATA,
                       "its elements are big-endian: save it with x.astype(x.dtype.newbyteorder('<'))");
    return sy_fail(ctx, SY_E_DATA,
                   "its elements are of a type that is not read: save it as float32 or int64");
}

static sy_status read_order(sy_ctx *ctx, header text)
{
    header value;
    if (!find_key(text, "fortran_order", &value) || value.end - value.at < 5)
        return sy_fail(ctx, SY_E_DATA, "its header has no fortran_order");
    if (memcmp(value.at, "False", 5) == 0)
        return SY_OK;
    return sy_fail(ctx, SY_E_DATA, "it is in Fortran order: save it with numpy.ascontiguousarray");
}

/* "(1, 3, 224)", "(5,)", "()". */
static sy_status read_shape(sy_ctx *ctx, header text, sy_shape *out)
{
    static const int64_t dim_max = INT64_C(1) << 40;
    header value;
    sy_shape shape = {0, {0}};
    if (!find_key(text, "shape", &value) || *value.at != '(')
        return sy_fail(ctx, SY_E_DATA, "its header has no shape");
    for (const char *at = value.at + 1; at < value.end && *at != ')';) {
        if (*at == ' ' || *at == ',') {
            at++;
            continue;
        }
        if (shape.rank == SY_MAX_RANK)
            return sy_fail(ctx, SY_E_DATA, "its shape has more than %d dimensions", SY_MAX_RANK);
        int64_t dim = 0;
        const char *first = at;
        for (; at < value.end && *at >= '0' && *at <= '9' && dim < dim_max; at++)
            dim = dim * 10 + (*at - '0');
        if (at == first || dim >= dim_max)
            return sy_fail(ctx, SY_E_DATA, "its shape is not valid");
        shape.dims[shape.rank++] = dim;
    }
    *out = shape;
    return SY_OK;
}

static sy_status read_header(sy_ctx *ctx, sy_bytes *bytes, header *out)
{
    const void *start = sy_bytes_take(bytes, sizeof magic);
    if (!start || memcmp(start, magic, sizeof magic) != 0)
        return sy_fail(ctx, SY_E_DATA, "is no .npy file");
    unsigned major = sy_bytes_u8(bytes);
    sy_bytes_u8(bytes); /* minor: always 0 */
    if (major < 1 || major > 3)
        return sy_fail(ctx, SY_E_DATA, "is a .npy file of version %u, known are 1 to 3", major);
    size_t length = sy_bytes_u8(bytes);
    length |= (size_t)sy_bytes_u8(bytes) << 8;
    if (major > 1) {
        length |= (size_t)sy_bytes_u8(bytes) << 16;
        length |= (size_t)sy_bytes_u8(bytes) << 24;
    }
    const char *text = sy_bytes_take(bytes, length);
    if (bytes->failed)
        return sy_fail(ctx, SY_E_DATA, "is cut short: its header is not whole");
    *out = (header){text, text + length};
    return SY_OK;
}

sy_status sy_npy_read(sy_ctx *ctx, const void *bytes, size_t size, sy_npy *out)
{
    sy_bytes reader = {.at = bytes, .end = (const unsigned char *)bytes + size};
    sy_npy npy = {SY_DTYPE_UNDEFINED, {0, {0}}, NULL, 0};
    header text;
    size_t needed;
    SY_TRY(read_header(ctx, &reader, &text));
    SY_TRY(read_descr(ctx, text, &npy.dtype));
    SY_TRY(read_order(ctx, text));
    SY_TRY(read_shape(ctx, text, &npy.shape));
    size_t there = (size_t)(reader.end - reader.at);
    if (!sy_shape_count(&npy.shape, &npy.count) ||
        !sy_mul_size(npy.count, sy_dtype_bits(npy.dtype) / 8, &needed))
        return sy_fail(ctx, SY_E_DATA, "its shape is too large");
    if (there != needed)
        return sy_fail(ctx, SY_E_DATA, "has %zu bytes of elements where its shape needs %zu", there, needed);
    npy.elements = reader.at;
    *out = npy;
    return SY_OK;
}
