/* Operators that compute each element from one element. Relu and Clip are in clamp.c. */
#include <string.h>

#include "ops/arguments.h"
#include "ops/space.h"

/* How an operator's node becomes the params of the kernel: an attribute without name has its default. */
typedef struct {
    uint32_t function;
    const char *alpha_name;
    float alpha;
    const char *beta_name;
    float beta;
} unary_rule;

static sy_status infer_any(sy_infer *infer)
{
    infer->shapes[0] = sy_infer_input(infer, 0)->shape;
    return SY_OK;
}

static sy_status infer_float(sy_infer *infer)
{
    const sy_dtype dtype = sy_infer_input(infer, 0)->dtype;

    if (dtype != SY_DTYPE_UNDEFINED && !sy_dtype_is_float(dtype))
        return sy_fail(infer->ctx, SY_E_MODEL, "it is defined for floating-point elements, not for %s",
                       sy_dtype_name(dtype));
    return infer_any(infer);
}

static sy_status infer_test(sy_infer *infer)
{
    SY_TRY(infer_float(infer));
    infer->dtypes[0] = SY_DTYPE_BOOL;
    return SY_OK;
}

static sy_status infer_not(sy_infer *infer)
{
    const sy_dtype dtype = sy_infer_input(infer, 0)->dtype;

    if (dtype != SY_DTYPE_UNDEFINED && dtype != SY_DTYPE_BOOL)
        return sy_fail(infer->ctx, SY_E_MODEL, "it is defined for bool, not for %s", sy_dtype_name(dtype));
    return infer_any(infer);
}

static sy_status lower_function(sy_lowering *lowering, const sy_node *node, uint32_t function, float alpha,
                                float beta)
{
    const sy_tensor *x = sy_lower_input_tensor(lowering, node, 0);
    const sy_operand from = sy_lower_input(lowering, node, 0);
    const sy_operand to = sy_lower_output(lowering, node, 0);
    const sy_unary_params params = {.function = function,
                                    .kind = sy_lower_kind(x->dtype),
                                    .count = sy_known_count(&x->shape),
                                    .alpha = alpha,
                                    .beta = beta};

    if (params.count)
        SY_LOWER(lowering, unary, &params, from, to);
    return SY_OK;
}

static sy_status lower_rule(sy_lowering *lowering, const sy_node *node, const unary_rule *rule)
{
    const float alpha = rule->alpha_name ? sy_node_float(node, rule->alpha_name, rule->alpha) : rule->alpha;
    const float beta = rule->beta_name ? sy_node_float(node, rule->beta_name, rule->beta) : rule->beta;

    return lower_function(lowering, node, rule->function, alpha, beta);
}

/* UNARY(name, type, opset that first has it, quantization, shape rule, function, attribute, default,
 * attribute, default) */
#define UNARY(name_, type_, since_, quant_, infer_, ...)                       \
    static sy_status lower_##name_(sy_lowering *lowering, const sy_node *node) \
    {                                                                          \
        static const unary_rule rule = {__VA_ARGS__};                          \
        return lower_rule(lowering, node, &rule);                              \
    }                                                                          \
    const sy_op sy_op_##name_ = {                                              \
        .type = type_,                                                         \
        .domain = "",                                                          \
        .inputs_min = 1,                                                       \
        .inputs_max = 1,                                                       \
        .outputs_max = 1,                                                      \
        .since = since_,                                                       \
        .quant = SY_QUANT_##quant_,                                            \
        .infer = infer_,                                                       \
        .lower = lower_##name_,                                                \
    };

/* Defined for integers too. */
UNARY(abs, "Abs", 0, NEW_SCALE, infer_any, SY_UNARY_ABS, NULL, 0, NULL, 0)
UNARY(neg, "Neg", 0, NEW_SCALE, infer_any, SY_UNARY_NEG, NULL, 0, NULL, 0)
UNARY(sign, "Sign", 9, NEVER, infer_any, SY_UNARY_SIGN, NULL, 0, NULL, 0)

/* Activations. */
UNARY(sigmoid, "Sigmoid", 0, NEW_SCALE, infer_float, SY_UNARY_SIGMOID, NULL, 0, NULL, 0)
UNARY(tanh, "Tanh", 0, NEW_SCALE, infer_float, SY_UNARY_TANH, NULL, 0, NULL, 0)
UNARY(hard_sigmoid, "HardSigmoid", 0, NEW_SCALE, infer_float, SY_UNARY_HARD_SIGMOID, "alpha", 0.2f, "beta",
      0.5f)
UNARY(hard_swish, "HardSwish", 14, NEW_SCALE, infer_float, SY_UNARY_HARD_SWISH, NULL, 1.0f / 6, NULL, 0.5f)
UNARY(leaky_relu, "LeakyRelu", 0, NEW_SCALE, infer_float, SY_UNARY_LEAKY_RELU, "alpha", 0.01f, NULL, 0)
UNARY(elu, "Elu", 0, NEW_SCALE, infer_float, SY_UNARY_ELU, "alpha", 1, NULL, 0)
UNARY(selu, "Selu", 0, NEW_SCALE, infer_float, SY_UNARY_SELU, "alpha", 1.67326319217681884765625f, "gamma",
      1.05070102214813232421875f)
UNARY(celu, "Celu", 12, NEW_SCALE, infer_float, SY_UNARY_CELU, "alpha", 1, NULL, 0)
UNARY(softplus, "Softplus", 0, NEW_SCALE, infer_float, SY_UNARY_SOFTPLUS, NULL, 0, NULL, 0)
UNARY(softsign, "Softsign", 0, NEW_SCALE, infer_float, SY_UNARY_SOFTSIGN, NULL, 0, NULL, 0)
UNARY(thresholded_relu, "ThresholdedRelu", 10, NEW_SCALE, infer_float, SY_UNARY_THRESHOLDED_RELU, "alpha", 1,
      NULL, 0)
UNARY(mish, "Mish", 18, NEW_SCALE, infer_float, SY_UNARY_MISH, NULL, 0, NULL, 0)
UNARY(shrink, "Shrink", 9, NEW_SCALE, infer_float, SY_UNARY_SHRINK, "lambd", 0.5f, "bias", 0)
UNARY(erf, "Erf", 9, NEW_SCALE, infer_float, SY_UNARY_ERF, NULL, 0, NULL, 0)

/* Eight bits over the range of these would leave most of their values at one code, or feed a division. */
UNARY(sqrt, "Sqrt", 0, NEVER, infer_float, SY_UNARY_SQRT, NULL, 0, NULL, 0)
UNARY(reciprocal, "Reciprocal", 0, NEVER, infer_float, SY_UNARY_RECIPROCAL, NULL, 0, NULL, 0)
UNARY(exp, "Exp", 0, NEVER, infer_float, SY_UNARY_EXP, NULL, 0, NULL, 0)
UNARY(log, "Log", 0, NEVER, infer_float, SY_UNARY_LOG, NULL, 0, NULL, 0)

UNARY(floor, "Floor", 0, NEVER, infer_float, SY_UNARY_FLOOR, NULL, 0, NULL, 0)
UNARY(ceil, "Ceil", 0, NEVER, infer_float, SY_UNARY_CEIL, NULL, 0, NULL, 0)
UNARY(round, "Round", 11, NEVER, infer_float, SY_UNARY_ROUND, NULL, 0, NULL, 0)

UNARY(sin, "Sin", 0, NEVER, infer_float, SY_UNARY_SIN, NULL, 0, NULL, 0)
UNARY(cos, "Cos", 0, NEVER, infer_float, SY_UNARY_COS, NULL, 0, NULL, 0)
UNARY(tan, "Tan", 0, NEVER, infer_float, SY_UNARY_TAN, NULL, 0, NULL, 0)
UNARY(asin, "Asin", 0, NEVER, infer_float, SY_UNARY_ASIN, NULL, 0, NULL, 0)
UNARY(acos, "Acos", 0, NEVER, infer_float, SY_UNARY_ACOS, NULL, 0, NULL, 0)
UNARY(atan, "Atan", 0, NEVER, infer_float, SY_UNARY_ATAN, NULL, 0, NULL, 0)
UNARY(sinh, "Sinh", 9, NEVER, infer_float, SY_UNARY_SINH, NULL, 0, NULL, 0)
UNARY(cosh, "Cosh", 9, NEVER, infer_float, SY_UNARY_COSH, NULL, 0, NULL, 0)
UNARY(asinh, "Asinh", 9, NEVER, infer_float, SY_UNARY_ASINH, NULL, 0, NULL, 0)
UNARY(acosh, "Acosh", 9, NEVER, infer_float, SY_UNARY_ACOSH, NULL, 0, NULL, 0)
UNARY(atanh, "Atanh", 9, NEVER, infer_float, SY_UNARY_ATANH, NULL, 0, NULL, 0)

UNARY(not, "Not", 0, NEVER, infer_not, SY_UNARY_NOT, NULL, 0, NULL, 0)
UNARY(is_nan, "IsNaN", 9, NEVER, infer_test, SY_UNARY_IS_NAN, NULL, 0, NULL, 0)

static sy_status lower_is_inf(sy_lowering *lowering, const sy_node *node)
{
    const float negative = sy_node_int(node, "detect_negative", 1) != 0;
    const float positive = sy_node_int(node, "detect_positive", 1) != 0;

    return lower_function(lowering, node, SY_UNARY_IS_INF, negative, positive);
}

const sy_op sy_op_is_inf = {
    .type = "IsInf",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .since = 10,
    .quant = SY_QUANT_NEVER,
    .infer = infer_test,
    .lower = lower_is_inf,
};

static sy_status infer_gelu(sy_infer *infer)
{
    const char *approximate = sy_node_string(infer->node, "approximate", "none");

    if (strcmp(approximate, "none") != 0 && strcmp(approximate, "tanh") != 0)
        return sy_fail(infer->ctx, SY_E_MODEL, "attribute approximate is '%s', it must be 'none' or 'tanh'",
                       approximate);
    return infer_float(infer);
}

static sy_status lower_gelu(sy_lowering *lowering, const sy_node *node)
{
    const bool with_tanh = strcmp(sy_node_string(node, "approximate", "none"), "tanh") == 0;

    return lower_function(lowering, node, with_tanh ? SY_UNARY_GELU_TANH : SY_UNARY_GELU, 0, 0);
}

const sy_op sy_op_gelu = {
    .type = "Gelu",
    .domain = "",
    .inputs_min = 1,
    .inputs_max = 1,
    .outputs_max = 1,
    .since = 20,
    .quant = SY_QUANT_NEW_SCALE,
    .infer = infer_gelu,
    .lower = lower_gelu,
};
