#include <stdio.h>

#include "graph/graph.h"

const char *sy_dtype_name(sy_dtype dtype)
{
    switch (dtype) {
    case SY_DTYPE_UNDEFINED: return "undefined";
    case SY_DTYPE_FLOAT: return "float32";
    case SY_DTYPE_UINT8: return "uint8";
    case SY_DTYPE_INT8: return "int8";
    case SY_DTYPE_UINT16: return "uint16";
    case SY_DTYPE_INT16: return "int16";
    case SY_DTYPE_INT32: return "int32";
    case SY_DTYPE_INT64: return "int64";
    case SY_DTYPE_STRING: return "string";
    case SY_DTYPE_BOOL: return "bool";
    case SY_DTYPE_FLOAT16: return "float16";
    case SY_DTYPE_DOUBLE: return "float64";
    case SY_DTYPE_UINT32: return "uint32";
    case SY_DTYPE_UINT64: return "uint64";
    case SY_DTYPE_BFLOAT16: return "bfloat16";
    case SY_DTYPE_UINT4: return "uint4";
    case SY_DTYPE_INT4: return "int4";
    }
    return "unknown";
}

unsigned sy_dtype_bits(sy_dtype dtype)
{
    static const unsigned char bits_of[] = {
#define X(name, number, bits) [number] = (bits),
        SY_DTYPE_MAP(X)
#undef X
    };
    return (size_t)dtype < sizeof bits_of ? bits_of[dtype] : 0;
}

bool sy_dtype_is_float(sy_dtype dtype)
{
    return dtype == SY_DTYPE_FLOAT || dtype == SY_DTYPE_FLOAT16 || dtype == SY_DTYPE_BFLOAT16 ||
           dtype == SY_DTYPE_DOUBLE;
}

bool sy_shape_known(const sy_shape *shape)
{
    if (shape->rank < 0)
        return false;
    for (int i = 0; i < shape->rank; i++)
        if (shape->dims[i] < 0)
            return false;
    return true;
}

bool sy_shape_equal(const sy_shape *a, const sy_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i])
            return false;
    return true;
}

bool sy_shape_count(const sy_shape *shape, size_t *out)
{
    static const int64_t limit = (int64_t)1 << 40;
    int64_t count = 1;
    if (!sy_shape_known(shape))
        return false;
    for (int i = 0; i < shape->rank; i++) {
        int64_t dim = shape->dims[i];
        if (dim && count > limit / dim)
            return false;
        count *= dim;
    }
    *out = (size_t)count;
    return true;
}

const char *sy_shape_print(const sy_shape *shape, char out[SY_SHAPE_TEXT])
{
    if (shape->rank < 0) {
        snprintf(out, SY_SHAPE_TEXT, "?");
        return out;
    }
    size_t used = (size_t)snprintf(out, SY_SHAPE_TEXT, "[");
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dims[i] < 0)
            used += (size_t)snprintf(out + used, SY_SHAPE_TEXT - used, "%s?", i ? "," : "");
        else
            used += (size_t)snprintf(out + used, SY_SHAPE_TEXT - used, "%s%lld", i ? "," : "",
                                     (long long)shape->dims[i]);
    }
    snprintf(out + used, SY_SHAPE_TEXT - used, "]");
    return out;
}
