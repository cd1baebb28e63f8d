/* Operators that compute new values element by element, and resizing. */
#include <math.h>
#include <string.h>

#include "dsp/tflite_convert.h"
#include "ops/op.h"

/* One input, one output, no options. */
static sy_status convert_plain(sy_tflite_maker *maker, const sy_tflite_unit *unit, sy_tflite_code code,
                               sy_tflite_operator **out)
{
    const int rank = sy_tflite_shape_in(maker, unit, 0)->rank;
    int x, y;
    SY_TRY(sy_tflite_input(maker, unit, 0, rank, &x));
    SY_TRY(sy_tflite_output(maker, unit, 0, &y));
    return sy_tflite_add_operator(maker->ctx, maker->model, code, &x, 1, &y, 1, out);
}

static sy_status convert_sigmoid(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    sy_tflite_operator *made;
    return convert_plain(maker, unit, SY_TFLITE_LOGISTIC, &made);
}

static sy_status convert_tanh(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    sy_tflite_operator *made;
    return convert_plain(maker, unit, SY_TFLITE_TANH, &made);
}

static sy_status convert_hard_swish(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    sy_tflite_operator *made;
    return convert_plain(maker, unit, SY_TFLITE_HARD_SWISH, &made);
}

/* A single number as a constant: code 127, or -127, of its own scale, which is exact. */
static sy_status add_number(sy_tflite_maker *maker, const sy_tflite_unit *unit, const char *ending,
                            float value, int *out)
{
    static const int8_t codes[] = {127, -127};
    sy_arena *arena = &maker->model->arena;
    const float scale = fabsf(value) / 127;
    const sy_tflite_tensor tensor = {.name = sy_arena_printf(arena, "%s%s", unit->node->name, ending),
                                     .type = SY_TFLITE_INT8,
                                     .rank = 1,
                                     .dims = {1},
                                     .scales = sy_arena_copy(arena, &scale, sizeof scale),
                                     .scale_count = 1,
                                     .data = &codes[value < 0],
                                     .bytes = 1};
    SY_TRY(sy_check_alloc(maker->ctx, tensor.name && tensor.scales ? maker : NULL));
    return sy_tflite_add_tensor(maker->ctx, maker->model, &tensor, out);
}

/* alpha * x + beta, held to [0, 1] by its grid. The product goes to the grid of x times alpha, where it has
 * the codes of x: so the sum alone rounds. */
static sy_status convert_hard_sigmoid(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    sy_tflite_model *model = maker->model;
    const float alpha = sy_node_float(unit->node, "alpha", 0.2F),
                beta = sy_node_float(unit->node, "beta", 0.5F);
    const int rank = sy_tflite_shape_in(maker, unit, 0)->rank;
    int factors[2], terms[2], y;
    sy_tflite_operator *made;
    if (!(alpha > 0) || beta == 0)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "with alpha %g and beta %g it has no form",
                       (double)alpha, (double)beta);
    SY_TRY(sy_tflite_input(maker, unit, 0, rank, &factors[0]));
    SY_TRY(add_number(maker, unit, "_alpha", alpha, &factors[1]));
    SY_TRY(add_number(maker, unit, "_beta", beta, &terms[1]));
    const float scale = model->tensors[factors[0]].scales[0] * alpha;
    int32_t dims[SY_MAX_RANK];
    memcpy(dims, model->tensors[factors[0]].dims, sizeof dims);
    SY_TRY(sy_tflite_scratch(maker, unit->node->name, "_product", factors[0], rank, dims, &terms[0]));
    model->tensors[terms[0]].scales = sy_arena_copy(&model->arena, &scale, sizeof scale);
    SY_TRY(sy_check_alloc(maker->ctx, model->tensors[terms[0]].scales));
    SY_TRY(sy_tflite_add_operator(maker->ctx, model, SY_TFLITE_MUL, factors, 2, &terms[0], 1, &made));
    sy_tflite_byte(made, 0, SY_TFLITE_NO_ACTIVATION);
    SY_TRY(sy_tflite_output(maker, unit, 0, &y));
    SY_TRY(sy_tflite_add_operator(maker->ctx, model, SY_TFLITE_ADD, terms, 2, &y, 1, &made));
    sy_tflite_byte(made, 0, SY_TFLITE_NO_ACTIVATION);
    return SY_OK;
}

static sy_status convert_leaky_relu(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    sy_tflite_operator *made;
    SY_TRY(convert_plain(maker, unit, SY_TFLITE_LEAKY_RELU, &made));
    sy_tflite_real(made, 0, sy_node_float(unit->node, "alpha", 0.01F));
    return SY_OK;
}

/* A Relu or Clip that no other operator does on its way out: the grid of its result holds it to its limits,
 * so that a new grid is all it takes. */
static sy_status convert_clamp(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    sy_tflite_operator *made;
    return convert_plain(maker, unit, SY_TFLITE_QUANTIZE, &made);
}

static sy_status convert_softmax(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    const sy_shape *shape = sy_tflite_shape_in(maker, unit, 0);
    int axis;
    sy_tflite_operator *made;
    SY_TRY(sy_resolve_axis(maker->ctx, sy_node_int(unit->node, "axis", -1), shape->rank, &axis));
    if (sy_tflite_axis(axis, shape->rank) != shape->rank - 1)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED,
                       "over axis %d, which is not the last one there, it has no form", axis);
    SY_TRY(convert_plain(maker, unit, SY_TFLITE_SOFTMAX, &made));
    sy_tflite_real(made, 0, 1);
    return SY_OK;
}

static sy_status convert_binary(sy_tflite_maker *maker, const sy_tflite_unit *unit, sy_tflite_code code)
{
    const int rank = sy_tflite_shape_out(maker, unit, 0)->rank;
    int ends[2], y;
    sy_tflite_operator *made;
    for (int i = 0; i < 2; i++) {
        const int codes = sy_tflite_codes(maker, unit, i);
        if (codes != SY_NONE && !maker->graph->tensors[codes].data &&
            sy_tflite_shape_in(maker, unit, i)->rank != rank)
            return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "its operands have different numbers of dimensions");
        SY_TRY(sy_tflite_input(maker, unit, i, rank, &ends[i]));
    }
    SY_TRY(sy_tflite_output(maker, unit, 0, &y));
    SY_TRY(sy_tflite_add_operator(maker->ctx, maker->model, code, ends, 2, &y, 1, &made));
    sy_tflite_byte(made, 0, unit->activation);
    return SY_OK;
}

static sy_status convert_add(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    return convert_binary(maker, unit, SY_TFLITE_ADD);
}

static sy_status convert_sub(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    return convert_binary(maker, unit, SY_TFLITE_SUB);
}

static sy_status convert_mul(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    return convert_binary(maker, unit, SY_TFLITE_MUL);
}

/* The format samples at x * scale, at (x + 0.5) * scale - 0.5, or corner to corner; nearest rounds down,
 * which for whole factors is what ONNX's preference of the lower neighbour comes to. */
static sy_status check_sampling(sy_tflite_maker *maker, const sy_tflite_unit *unit, const char *position,
                                bool nearest)
{
    const char *rounding = sy_node_string(unit->node, "nearest_mode", "round_prefer_floor");
    const sy_shape *x = sy_tflite_shape_in(maker, unit, 0), *y = sy_tflite_shape_out(maker, unit, 0);
    const bool asymmetric = strcmp(position, "asymmetric") == 0,
               half = strcmp(position, "half_pixel") == 0 || strcmp(position, "pytorch_half_pixel") == 0;
    bool fits = asymmetric || half || strcmp(position, "align_corners") == 0;
    if (nearest)
        fits = (asymmetric && strcmp(rounding, "floor") == 0) ||
               (half && strcmp(rounding, "round_prefer_floor") == 0);
    for (int i = 2; i < 4 && nearest; i++)
        fits = fits && y->dims[i] % x->dims[i] == 0;
    if (!fits)
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "sampling at %s, %s, has no form", position, rounding);
    return SY_OK;
}

static sy_status convert_resize(sy_tflite_maker *maker, const sy_tflite_unit *unit)
{
    const sy_shape *x = sy_tflite_shape_in(maker, unit, 0), *y = sy_tflite_shape_out(maker, unit, 0);
    const char *mode = sy_node_string(unit->node, "mode", "nearest");
    const char *position = sy_node_string(unit->node, "coordinate_transformation_mode", "half_pixel");
    const bool nearest = strcmp(mode, "nearest") == 0;
    int ends[2], out;
    sy_tflite_operator *made;
    if (x->rank != 4 || x->dims[0] != y->dims[0] || x->dims[1] != y->dims[1] ||
        (!nearest && strcmp(mode, "linear") != 0))
        return sy_fail(maker->ctx, SY_E_UNSUPPORTED, "only images by nearest and linear have a form");
    SY_TRY(check_sampling(maker, unit, position, nearest));
    SY_TRY(sy_tflite_input(maker, unit, 0, 4, &ends[0]));
    SY_TRY(sy_tflite_ints(maker, unit->node->name, "_size",
                          (const int32_t[]){(int32_t)y->dims[2], (int32_t)y->dims[3]}, 2, 1, &ends[1]));
    SY_TRY(sy_tflite_output(maker, unit, 0, &out));
    SY_TRY(sy_tflite_add_operator(maker->ctx, maker->model,
                                  nearest ? SY_TFLITE_RESIZE_NEAREST_NEIGHBOR : SY_TFLITE_RESIZE_BILINEAR,
                                  ends, 2, &out, 1, &made));
    sy_tflite_byte(made, nearest ? 0 : 2, strcmp(position, "align_corners") == 0);
    sy_tflite_byte(made, nearest ? 1 : 3, strstr(position, "half_pixel") != NULL);
    return SY_OK;
}

const sy_tflite_row sy_tflite_values[] = {
    {"Add", convert_add},
    {"Sub", convert_sub},
    {"Mul", convert_mul},
    {"Relu", convert_clamp},
    {"Clip", convert_clamp},
    {"LeakyRelu", convert_leaky_relu},
    {"HardSigmoid", convert_hard_sigmoid},
    {"HardSwish", convert_hard_swish},
    {"Sigmoid", convert_sigmoid},
    {"Tanh", convert_tanh},
    {"Softmax", convert_softmax},
    {"Resize", convert_resize},
    {NULL, NULL},
};
