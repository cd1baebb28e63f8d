/* Operators that compute each element from an element of each input, broadcast: of two inputs, or of any
 * number as a chain of two.
 */
#include <math.h>

#include "ops/arguments.h"
#include "ops/space.h"

static sy_status infer_broadcast(sy_infer *infer)
{
    sy_shape shape = sy_infer_input(infer, 0)->shape;

    for (int i = 1; i < infer->node->input_count; i++) {
        const sy_tensor *input = sy_infer_input(infer, i);
        if (!input)
            return sy_fail(infer->ctx, SY_E_MODEL, "input %d is missing", i);
        SY_TRY(sy_broadcast_shapes(infer->ctx, &shape, &input->shape, &shape));
    }
    infer->shapes[0] = shape;
    return SY_OK;
}

static bool differ(sy_dtype a, sy_dtype b)
{
    return a != b && a != SY_DTYPE_UNDEFINED && b != SY_DTYPE_UNDEFINED;
}

/* Every input of one type, as all of these but Pow want. */
static sy_status infer_same_type(sy_infer *infer)
{
    const sy_dtype first = sy_infer_input(infer, 0)->dtype;

    for (int i = 1; i < infer->node->input_count; i++) {
        const sy_tensor *input = sy_infer_input(infer, i);
        if (input && differ(first, input->dtype))
            return sy_fail(infer->ctx, SY_E_MODEL, "inputs of types %s and %s: they must be the same",
                           sy_dtype_name(first), sy_dtype_name(input->dtype));
    }
    return infer_broadcast(infer);
}

static sy_status infer_compare(sy_infer *infer)
{
    SY_TRY(infer_same_type(infer));
    infer->dtypes[0] = SY_DTYPE_BOOL;
    return SY_OK;
}

static sy_status infer_logic(sy_infer *infer)
{
    const sy_dtype dtype = sy_infer_input(infer, 0)->dtype;

    if (differ(dtype, SY_DTYPE_BOOL))
        return sy_fail(infer->ctx, SY_E_MODEL, "it is defined for bool, not for %s", sy_dtype_name(dtype));
    return infer_same_type(infer);
}

static sy_status infer_mod(sy_infer *infer)
{
    const sy_dtype dtype = sy_infer_input(infer, 0)->dtype;

    if (sy_dtype_is_float(dtype) && sy_node_int(infer->node, "fmod", 0) == 0)
        return sy_fail(infer->ctx, SY_E_MODEL, "floating-point elements need the attribute fmod = 1");
    return infer_same_type(infer);
}

/* The slope broadcasts to the input, never the other way. */
static sy_status infer_prelu(sy_infer *infer)
{
    const sy_shape *x = &sy_infer_input(infer, 0)->shape;
    const sy_shape *slope = &sy_infer_input(infer, 1)->shape;
    char text_x[SY_SHAPE_TEXT], text_slope[SY_SHAPE_TEXT];

    SY_TRY(infer_same_type(infer));
    if (sy_shape_known(x) && sy_shape_known(slope) && !sy_shape_equal(&infer->shapes[0], x))
        return sy_fail(infer->ctx, SY_E_MODEL, "the slope's shape %s does not broadcast to the input's %s",
                       sy_shape_print(slope, text_slope), sy_shape_print(x, text_x));
    infer->shapes[0] = *x;
    return SY_OK;
}

/* An operand of a step: where it is, and its shape. */
typedef struct {
    sy_operand at;
    const sy_shape *shape;
} term;

/* y = function(a, b), over the shape of y. `kind` is that of a and b. */
static void lower_pair(sy_lowering *lowering, uint32_t function, uint32_t kind, term a, term b, term y,
                       sy_clamp clamp)
{
    sy_binary_params params = {.function = function, .kind = kind, .clamp = clamp};
    sy_space space = sy_space_of(y.shape);

    sy_space_add(&space, a.shape);
    sy_space_add(&space, b.shape);
    sy_space_add(&space, y.shape);
    if (sy_space_empty(&space))
        return;
    sy_space_shrink(&space);
    params.rank = (uint32_t)space.rank;
    sy_space_dims(&space, params.dims);
    sy_space_strides(&space, 0, params.a_strides);
    sy_space_strides(&space, 1, params.b_strides);
    SY_LOWER(lowering, binary, &params, a.at, b.at, y.at);
}

/* Brings the words of a type narrower than 32 bits back into its range: arithmetic wraps, as elsewhere. */
static void wrap_narrow(sy_lowering *lowering, sy_dtype dtype, sy_operand y, uint32_t count)
{
    const bool is_signed = dtype == SY_DTYPE_INT8 || dtype == SY_DTYPE_INT16;
    const bool is_narrow = is_signed || dtype == SY_DTYPE_UINT8 || dtype == SY_DTYPE_UINT16;
    const sy_cast_params params = {.mode = SY_CAST_INT_TO_INT,
                                   .kind = SY_KIND_INT,
                                   .count = count,
                                   .bits = sy_dtype_bits(dtype),
                                   .is_signed = is_signed};

    if (is_narrow && count)
        SY_LOWER(lowering, cast, &params, y, y);
}

static term input_term(sy_lowering *lowering, const sy_node *node, int i)
{
    return (term){sy_lower_input(lowering, node, i), &sy_lower_input_tensor(lowering, node, i)->shape};
}

static term output_term(sy_lowering *lowering, const sy_node *node)
{
    return (term){sy_lower_output(lowering, node, 0), &sy_lower_output_tensor(lowering, node, 0)->shape};
}

/* The chain f(f(a, b), c) ... through the memory of the output: each of its elements is read only to be
 * overwritten. */
static sy_status lower_chain(sy_lowering *lowering, const sy_node *node, uint32_t function)
{
    static const sy_clamp no_clamp = {-INFINITY, INFINITY};
    const sy_dtype dtype = sy_lower_input_tensor(lowering, node, 0)->dtype;
    const sy_clamp clamp = sy_lower_clamp(lowering, node);
    const term y = output_term(lowering, node);
    term a = input_term(lowering, node, 0);

    for (int i = 1; i < node->input_count; i++) {
        const term b = input_term(lowering, node, i);
        lower_pair(lowering, function, sy_lower_kind(dtype), a, b, y,
                   i + 1 == node->input_count ? clamp : no_clamp);
        a = y;
    }
    wrap_narrow(lowering, dtype, y.at, sy_known_count(y.shape));
    return SY_OK;
}

static sy_status lower_mod(sy_lowering *lowering, const sy_node *node)
{
    return lower_chain(lowering, node, sy_node_int(node, "fmod", 0) ? SY_BINARY_FMOD : SY_BINARY_MOD);
}

/* Min, Max and Sum; of one input they are that input. */
static sy_status lower_any_number(sy_lowering *lowering, const sy_node *node, uint32_t function)
{
    return node->input_count == 1 ? sy_lower_alias(lowering, node, 0, 0)
                                  : lower_chain(lowering, node, function);
}

static sy_status lower_mean(sy_lowering *lowering, const sy_node *node)
{
    static const sy_shape scalar = {.rank = 0};
    const float count = (float)node->input_count;
    const sy_clamp clamp = {-INFINITY, INFINITY};

    if (node->input_count == 1)
        return sy_lower_alias(lowering, node, 0, 0);
    SY_TRY(lower_chain(lowering, node, SY_BINARY_ADD));
    const term y = output_term(lowering, node);
    const term divisor = {sy_lower_constant(lowering, &count, 1), &scalar};
    lower_pair(lowering, SY_BINARY_DIV, SY_KIND_FLOAT, y, divisor, y, clamp);
    return SY_OK;
}

/* A term as floats: itself, or a converted copy. */
static term as_float(sy_lowering *lowering, term from, sy_dtype dtype)
{
    const sy_cast_params params = {
        .mode = SY_CAST_INT_TO_FLOAT, .kind = SY_KIND_INT, .count = sy_known_count(from.shape)};

    if (sy_dtype_is_float(dtype))
        return from;
    const term to = {sy_lower_scratch(lowering, params.count), from.shape};
    if (params.count)
        SY_LOWER(lowering, cast, &params, from.at, to.at);
    return to;
}

/* Whether a Pow is of floats by a constant 2, as every layer norm has it: the kernel would compute the same
 * product, but ask what the exponent is at every element.
 */
static bool squares(const sy_lowering *lowering, const sy_node *node)
{
    const sy_tensor *base = sy_lower_input_tensor(lowering, node, 0);
    const sy_tensor *exponent = sy_lower_input_tensor(lowering, node, 1);
    size_t count;
    float value;

    return sy_dtype_is_float(base->dtype) && exponent->data && exponent->shape.rank <= base->shape.rank &&
           sy_shape_count(&exponent->shape, &count) && count == 1 &&
           sy_tensor_to_f32(NULL, exponent, &value, 1) == SY_OK && value == 2;
}

/* Base and exponent may differ in type; the result has the base's. */
static sy_status lower_pow(sy_lowering *lowering, const sy_node *node)
{
    const sy_dtype base = sy_lower_input_tensor(lowering, node, 0)->dtype;
    const sy_dtype exponent = sy_lower_input_tensor(lowering, node, 1)->dtype;
    const sy_clamp clamp = sy_lower_clamp(lowering, node);
    const term y = output_term(lowering, node);

    if (squares(lowering, node)) {
        const term x = input_term(lowering, node, 0);
        lower_pair(lowering, SY_BINARY_MUL, SY_KIND_FLOAT, x, x, y, clamp);
        return SY_OK;
    }
    if (sy_dtype_is_float(base) == sy_dtype_is_float(exponent))
        return lower_chain(lowering, node, SY_BINARY_POW);
    const term a = as_float(lowering, input_term(lowering, node, 0), base);
    const term b = as_float(lowering, input_term(lowering, node, 1), exponent);
    lower_pair(lowering, SY_BINARY_POW, SY_KIND_FLOAT, a, b, y, clamp);
    if (!sy_dtype_is_float(base)) {
        const sy_cast_params back = {.mode = SY_CAST_FLOAT_TO_INT,
                                     .kind = SY_KIND_FLOAT,
                                     .count = sy_known_count(y.shape),
                                     .lo = INT32_MIN,
                                     .hi = INT32_MAX};
        if (back.count)
            SY_LOWER(lowering, cast, &back, y.at, y.at);
    }
    return SY_OK;
}

/* OPERATOR(name, type, opset that first has it, inputs, inputs at most, quantization, absorbs a clamp, shape
 * rule, lowering) */
#define OPERATOR(name_, type_, since_, min_, max_, quant_, absorbs_, infer_, lower_) \
    const sy_op sy_op_##name_ = {                                                    \
        .type = type_,                                                               \
        .domain = "",                                                                \
        .inputs_min = min_,                                                          \
        .inputs_max = max_,                                                          \
        .outputs_max = 1,                                                            \
        .since = since_,                                                             \
        .quant = SY_QUANT_##quant_,                                                  \
        .absorbs_clamp = absorbs_,                                                   \
        .infer = infer_,                                                             \
        .lower = lower_,                                                             \
    };

#define BINARY(name, type, since, quant, absorbs, infer, function)            \
    static sy_status lower_##name(sy_lowering *lowering, const sy_node *node) \
    {                                                                         \
        return lower_chain(lowering, node, SY_BINARY_##function);             \
    }                                                                         \
    OPERATOR(name, type, since, 2, 2, quant, absorbs, infer, lower_##name)

#define VARIADIC(name, type, since, function)                                 \
    static sy_status lower_##name(sy_lowering *lowering, const sy_node *node) \
    {                                                                         \
        return lower_any_number(lowering, node, SY_BINARY_##function);        \
    }                                                                         \
    OPERATOR(name, type, since, 1, SY_NONE, NEW_SCALE, false, infer_same_type, lower_##name)

BINARY(add, "Add", 0, NEW_SCALE, true, infer_same_type, ADD)
BINARY(sub, "Sub", 0, NEW_SCALE, true, infer_same_type, SUB)
BINARY(mul, "Mul", 0, NEW_SCALE, true, infer_same_type, MUL)
/* Divisors are variances and sums: eight bits of them, and above all a zero, ruin the quotient. */
BINARY(div, "Div", 0, NEVER, true, infer_same_type, DIV)
OPERATOR(pow, "Pow", 0, 2, 2, NEVER, false, infer_broadcast, lower_pow)
OPERATOR(mod, "Mod", 10, 2, 2, NEVER, false, infer_mod, lower_mod)
BINARY(prelu, "PRelu", 0, NEW_SCALE, false, infer_prelu, PRELU)

BINARY(equal, "Equal", 0, NEVER, false, infer_compare, EQUAL)
BINARY(less, "Less", 0, NEVER, false, infer_compare, LESS)
BINARY(less_or_equal, "LessOrEqual", 12, NEVER, false, infer_compare, LESS_OR_EQUAL)
BINARY(greater, "Greater", 0, NEVER, false, infer_compare, GREATER)
BINARY(greater_or_equal, "GreaterOrEqual", 12, NEVER, false, infer_compare, GREATER_OR_EQUAL)
BINARY(and, "And", 0, NEVER, false, infer_logic, AND)
BINARY(or, "Or", 0, NEVER, false, infer_logic, OR)
BINARY(xor, "Xor", 0, NEVER, false, infer_logic, XOR)

VARIADIC(min, "Min", 0, MIN)
VARIADIC(max, "Max", 0, MAX)
VARIADIC(sum, "Sum", 0, ADD)
OPERATOR(mean, "Mean", 0, 1, SY_NONE, NEW_SCALE, false, infer_same_type, lower_mean)
