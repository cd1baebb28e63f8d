/* Cast and CastLike. Words are float32 or int32 whatever the type, so most casts cost nothing. */
#include "ops/arguments.h"
#include "ops/space.h"

/* What words of an integer type can hold. */
typedef struct {
    int32_t lo, hi;
} limits;

static limits limits_of(sy_dtype dtype)
{
    switch (dtype) {
    case SY_DTYPE_BOOL: return (limits){0, 1};
    case SY_DTYPE_UINT4: return (limits){0, 15};
    case SY_DTYPE_INT4: return (limits){-8, 7};
    case SY_DTYPE_UINT8: return (limits){0, UINT8_MAX};
    case SY_DTYPE_INT8: return (limits){INT8_MIN, INT8_MAX};
    case SY_DTYPE_UINT16: return (limits){0, UINT16_MAX};
    case SY_DTYPE_INT16: return (limits){INT16_MIN, INT16_MAX};
    default: return (limits){INT32_MIN, INT32_MAX};
    }
}

static sy_status infer_to(sy_infer *infer, sy_dtype to)
{
    const sy_tensor *x = sy_infer_input(infer, 0);

    if (x->dtype == SY_DTYPE_STRING || sy_dtype_bits(to) == 0)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED, "from %s to %s: only numbers and bool can be converted",
                       sy_dtype_name(x->dtype), sy_dtype_name(to));
    infer->shapes[0] = x->shape;
    infer->dtypes[0] = to;
    return SY_OK;
}

/* Numbers of ONNX's types that this program has no name for print as undefined. */
static sy_dtype known_dtype(int64_t number)
{
    switch (number) {
#define X(name, value, bits) case value:
        SY_DTYPE_MAP(X)
#undef X
        return (sy_dtype)number;
    default: return SY_DTYPE_UNDEFINED;
    }
}

static sy_status infer_cast(sy_infer *infer)
{
    const int64_t to = sy_node_int(infer->node, "to", SY_DTYPE_UNDEFINED);

    if (known_dtype(to) == SY_DTYPE_UNDEFINED)
        return sy_fail(infer->ctx, SY_E_UNSUPPORTED,
                       "attribute to is %lld, which is no type this program knows", (long long)to);
    return infer_to(infer, known_dtype(to));
}

static sy_status infer_cast_like(sy_infer *infer)
{
    return infer_to(infer, sy_infer_input(infer, 1)->dtype);
}

/* The conversion of words, or false when they stay as they are. */
static bool conversion(sy_dtype from, sy_dtype to, sy_cast_params *params)
{
    const limits have = limits_of(from), want = limits_of(to);

    params->kind = sy_lower_kind(from);
    if (to == SY_DTYPE_BOOL) {
        params->mode = SY_CAST_TO_BOOL;
        return from != SY_DTYPE_BOOL;
    }
    if (sy_dtype_is_float(to)) {
        params->mode = SY_CAST_INT_TO_FLOAT;
        return !sy_dtype_is_float(from);
    }
    if (sy_dtype_is_float(from)) {
        params->mode = SY_CAST_FLOAT_TO_INT;
        params->lo = want.lo;
        params->hi = want.hi;
        return true;
    }
    params->mode = SY_CAST_INT_TO_INT;
    params->bits = sy_dtype_bits(to);
    params->is_signed = want.lo < 0;
    return have.lo < want.lo || have.hi > want.hi;
}

static sy_status lower(sy_lowering *lowering, const sy_node *node)
{
    const sy_tensor *x = sy_lower_input_tensor(lowering, node, 0);
    sy_cast_params params = {.count = sy_known_count(&x->shape)};

    if (!conversion(x->dtype, sy_lower_output_tensor(lowering, node, 0)->dtype, &params))
        return sy_lower_alias(lowering, node, 0, 0);
    const sy_operand from = sy_lower_input(lowering, node, 0);
    const sy_operand to = sy_lower_output(lowering, node, 0);
    if (params.count)
        SY_LOWER(lowering, cast, &params, from, to);
    return SY_OK;
}

const sy_op sy_op_cast = {
    .type = "Cast",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .note = "no strings",
    .quant = SY_QUANT_NEVER,
    .infer = infer_cast,
    .lower = lower,
};

const sy_op sy_op_cast_like = {
    .type = "CastLike",
    .domain = "",
    .inputs_min = 2,
    .inputs_max = 2,
    .outputs_max = 1,
    .since = 15,
    .note = "no strings",
    .quant = SY_QUANT_NEVER,
    .infer = infer_cast_like,
    .lower = lower,
};
