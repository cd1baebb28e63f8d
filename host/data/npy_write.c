#include "data/npy_write.h"

#include <string.h>

#include "base/file.h"

static const char *descriptor(sy_dtype dtype)
{
    switch (dtype) {
    case SY_DTYPE_FLOAT: return "<f4";
    case SY_DTYPE_DOUBLE: return "<f8";
    case SY_DTYPE_FLOAT16: return "<f2";
    case SY_DTYPE_INT8: return "|i1";
    case SY_DTYPE_UINT8: return "|u1";
    case SY_DTYPE_INT16: return "<i2";
    case SY_DTYPE_UINT16: return "<u2";
    case SY_DTYPE_INT32: return "<i4";
    case SY_DTYPE_UINT32: return "<u4";
    case SY_DTYPE_INT64: return "<i8";
    case SY_DTYPE_UINT64: return "<u8";
    case SY_DTYPE_BOOL: return "|b1";
    default: return NULL;
    }
}

/* numpy.lib.format, version 1.0: magic, version, u16 length of a Python literal that ends the header at a
 * multiple of 64. */
static void print_header(const char *type, const sy_shape *shape, sy_text *out)
{
    sy_text literal = {0};
    sy_text_printf(&literal, "{'descr': '%s', 'fortran_order': False, 'shape': (", type);
    for (int i = 0; i < shape->rank; i++)
        sy_text_printf(&literal, "%lld%s", (long long)shape->dims[i],
                       i + 1 < shape->rank || shape->rank == 1 ? "," : "");
    sy_text_printf(&literal, "), }");
    while ((10 + literal.size + 1) % 64 && !literal.failed)
        sy_text_printf(&literal, " ");
    sy_text_printf(&literal, "\n");
    const unsigned char lead[] = {0x93,
                                  'N',
                                  'U',
                                  'M',
                                  'P',
                                  'Y',
                                  1,
                                  0,
                                  (unsigned char)(literal.size & 255),
                                  (unsigned char)(literal.size >> 8)};
    sy_text_add(out, lead, sizeof lead);
    sy_text_add(out, literal.bytes, literal.size);
    out->failed |= literal.failed;
    sy_text_release(&literal);
}

sy_status sy_npy_save(sy_ctx *ctx, const char *path, sy_dtype dtype, const sy_shape *shape,
                      const void *elements)
{
    size_t count;
    sy_text text = {0};
    const char *type = descriptor(dtype);
    if (!type)
        return sy_fail(ctx, SY_E_UNSUPPORTED, "%s: NumPy has no type for %s", path, sy_dtype_name(dtype));
    if (!sy_shape_count(shape, &count))
        return sy_fail(ctx, SY_E_INTERNAL, "%s: the shape is not known", path);
    print_header(type, shape, &text);
    sy_text_add(&text, elements, count * sy_dtype_bits(dtype) / 8);
    sy_status status =
        text.failed ? sy_check_alloc(ctx, NULL) : sy_file_save(ctx, path, text.bytes, text.size);
    sy_text_release(&text);
    return status;
}
