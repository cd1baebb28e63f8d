#include "data/elements.h"

#include <inttypes.h>
#include <math.h>

bool sy_elements_limits(sy_dtype dtype, int64_t *out_least, int64_t *out_most)
{
    static const struct {
        sy_dtype dtype;
        int64_t least, most;
    } limits[] = {
        {SY_DTYPE_BOOL, 0, 1},
        {SY_DTYPE_UINT8, 0, UINT8_MAX},
        {SY_DTYPE_INT8, INT8_MIN, INT8_MAX},
        {SY_DTYPE_UINT16, 0, UINT16_MAX},
        {SY_DTYPE_INT16, INT16_MIN, INT16_MAX},
        {SY_DTYPE_INT32, INT32_MIN, INT32_MAX},
        {SY_DTYPE_INT64, INT32_MIN, INT32_MAX}, /* a word has 32 bits */
        {SY_DTYPE_UINT32, 0, INT32_MAX},
        {SY_DTYPE_UINT64, 0, INT32_MAX},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (limits[i].dtype == dtype) {
            *out_least = limits[i].least;
            *out_most = limits[i].most;
            return true;
        }
    return false;
}

/* Where element i of a file is among the words. */
static size_t place(size_t i, const sy_shape *shape, sy_order order)
{
    if (order == SY_ORDER_SAME)
        return i;
    /* [n][a][b] to [n][b][a], where one of a and b is the channels and the other the positions. */
    const bool channels_last = order == SY_ORDER_NHWC_TO_NCHW;
    const size_t channels = (size_t)shape->dims[channels_last ? 1 : 3];
    const size_t positions =
        channels_last ? (size_t)(shape->dims[2] * shape->dims[3]) : (size_t)(shape->dims[1] * shape->dims[2]);
    const size_t a = channels_last ? positions : channels, b = channels_last ? channels : positions;
    const size_t n = i / (a * b), rest = i % (a * b);
    return n * a * b + rest % b * a + rest / b;
}

/* Elements are read in chunks of this many. */
enum { CHUNK = 256 };

static sy_tensor chunk_of(const sy_elements *from, size_t first, size_t *out_count)
{
    const size_t step = sy_dtype_bits(from->dtype) / 8;
    *out_count = from->count - first < CHUNK ? from->count - first : CHUNK;
    return (sy_tensor){.name = "elements",
                       .dtype = from->dtype,
                       .data = from->bytes + first * step,
                       .bytes = *out_count * step};
}

static sy_status convert_floats(sy_ctx *ctx, const sy_elements *from, const sy_shape *shape, sy_order order,
                                float *words)
{
    size_t count;
    for (size_t first = 0; first < from->count; first += count) {
        const sy_tensor chunk = chunk_of(from, first, &count);
        float values[CHUNK];
        SY_TRY(sy_tensor_to_f32(ctx, &chunk, values, count));
        for (size_t i = 0; i < count; i++) {
            if (isnan(values[i]))
                return sy_fail(ctx, SY_E_DATA, "element %zu is not a number", first + i);
            words[place(first + i, shape, order)] = values[i];
        }
    }
    return SY_OK;
}

static sy_status convert_integers(sy_ctx *ctx, const sy_elements *from, sy_dtype dtype, const sy_shape *shape,
                                  sy_order order, int32_t *words)
{
    int64_t least = 0, most = 0;
    size_t count;
    if (!sy_elements_limits(dtype, &least, &most))
        return sy_fail(ctx, SY_E_UNSUPPORTED, "an input of %s cannot be filled from files",
                       sy_dtype_name(dtype));
    if (sy_dtype_is_float(from->dtype))
        return sy_fail(ctx, SY_E_DATA, "holds %s where the model wants %s", sy_dtype_name(from->dtype),
                       sy_dtype_name(dtype));
    for (size_t first = 0; first < from->count; first += count) {
        const sy_tensor chunk = chunk_of(from, first, &count);
        int64_t values[CHUNK];
        SY_TRY(sy_tensor_to_i64(ctx, &chunk, values, count));
        for (size_t i = 0; i < count; i++) {
            if (values[i] < least || values[i] > most)
                return sy_fail(ctx, SY_E_DATA, "element %zu is %" PRId64 ", outside %" PRId64 " to %" PRId64,
                               first + i, values[i], least, most);
            words[place(first + i, shape, order)] = (int32_t)values[i];
        }
    }
    return SY_OK;
}

sy_status sy_elements_convert(sy_ctx *ctx, const sy_elements *from, sy_dtype dtype, const sy_shape *shape,
                              sy_order order, void *words)
{
    if (sy_dtype_is_float(dtype))
        return convert_floats(ctx, from, shape, order, words);
    return convert_integers(ctx, from, dtype, shape, order, words);
}
