/* Sums, products and functions of codes, element by element. */
#include <math.h>
#include <stdlib.h>

#include "dsp/integer.h"

typedef struct {
    const sy_tflite_tensor *a, *b, *y;
    const int8_t *a_codes, *b_codes;
} pair;

static pair pair_of(const sy_integer *run, const sy_tflite_operator *op)
{
    const sy_tflite_tensor *tensors = run->model->tensors;
    return (pair){&tensors[op->inputs[0]], &tensors[op->inputs[1]], &tensors[op->outputs[0]],
                  run->codes[op->inputs[0]], run->codes[op->inputs[1]]};
}

/* Element i of the result in an operand, whose dimensions of 1 repeat; it may have fewer dimensions in front.
 */
static size_t broadcast_index(const sy_tflite_tensor *from, const sy_tflite_tensor *result, size_t i)
{
    size_t at = 0, step = 1;
    for (int d = result->rank; d-- > 0; i /= (size_t)result->dims[d]) {
        const int own = d - (result->rank - from->rank);
        if (own < 0 || from->dims[own] == 1)
            continue;
        at += i % (size_t)result->dims[d] * step;
        step *= (size_t)from->dims[own];
    }
    return at;
}

/* TensorFlow Lite's way to add: both operands at 20 more bits, on the grid of the wider one doubled. */
typedef struct {
    sy_factor_form a, b, y;
    /* XNNPACK's: factors of 21 bits, then one shift with halves up. */
    int32_t a_factor, b_factor;
    int shift;
} sum_form;

static sum_form sum_form_of(const pair *p, bool subtract)
{
    const double a = (double)p->a->scales[0], b = (double)p->b->scales[0], y = (double)p->y->scales[0];
    const double twice = 2 * fmax(a, b);
    const float a_ratio = p->a->scales[0] / p->y->scales[0], b_ratio = p->b->scales[0] / p->y->scales[0];
    int exponent;
    frexpf(fmaxf(a_ratio, b_ratio), &exponent); /* in [0.5, 1): one more than the exponent of [1, 2) */
    const int shift = 20 - (exponent - 1);
    const int32_t b_factor = (int32_t)lrintf(ldexpf(b_ratio, shift));
    return (sum_form){.a = sy_factor_form_of(a / twice, 0),
                      .b = sy_factor_form_of(b / twice, 0),
                      .y = sy_factor_form_of(twice / (y * 0x1p20), 0),
                      .a_factor = (int32_t)lrintf(ldexpf(a_ratio, shift)),
                      .b_factor = subtract ? -b_factor : b_factor,
                      .shift = shift};
}

static int64_t floor_shift(int64_t value, int bits)
{
    const int64_t divisor = (int64_t)1 << bits, quotient = value / divisor;
    return value % divisor < 0 ? quotient - 1 : quotient;
}

static int64_t sum_of(const sy_integer *run, const sum_form *form, int32_t a, int32_t b, bool subtract,
                      sy_integer_finding *finding)
{
    if (run->rounding == SY_ROUND_FLOAT) {
        const int64_t acc = (int64_t)a * form->a_factor + (int64_t)b * form->b_factor;
        return floor_shift(sy_integer_accumulate(finding, acc) + ((int64_t)1 << (form->shift - 1)),
                           form->shift);
    }
    const int32_t first = sy_fixed_multiply(a * (1 << 20), &form->a, run->rounding);
    const int32_t second = sy_fixed_multiply(b * (1 << 20), &form->b, run->rounding);
    const int64_t acc = subtract ? (int64_t)first - second : (int64_t)first + second;
    return sy_fixed_multiply(sy_integer_accumulate(finding, acc), &form->y, run->rounding);
}

sy_status sy_integer_sum(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const pair p = pair_of(run, op);
    const bool subtract = op->code == SY_TFLITE_SUB;
    const sum_form form = sum_form_of(&p, subtract);
    for (size_t i = 0; i < sy_integer_elements(p.y); i++) {
        const int32_t a = p.a_codes[broadcast_index(p.a, p.y, i)] - (int32_t)p.a->zero;
        const int32_t b = p.b_codes[broadcast_index(p.b, p.y, i)] - (int32_t)p.b->zero;
        run->codes[op->outputs[0]][i] =
            sy_integer_clamp(p.y->zero + sum_of(run, &form, a, b, subtract, finding));
    }
    return SY_OK;
}

sy_status sy_integer_product(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const pair p = pair_of(run, op);
    const float scales = p.a->scales[0] * p.b->scales[0];
    const sy_factor_form form = sy_factor_form_of(
        (double)p.a->scales[0] * (double)p.b->scales[0] / (double)p.y->scales[0], scales / p.y->scales[0]);
    for (size_t i = 0; i < sy_integer_elements(p.y); i++) {
        const int32_t a = p.a_codes[broadcast_index(p.a, p.y, i)] - (int32_t)p.a->zero;
        const int32_t b = p.b_codes[broadcast_index(p.b, p.y, i)] - (int32_t)p.b->zero;
        const int32_t acc = sy_integer_accumulate(finding, (int64_t)a * b);
        run->codes[op->outputs[0]][i] =
            sy_integer_clamp(p.y->zero + sy_fixed_multiply(acc, &form, run->rounding));
    }
    return SY_OK;
}

/* A new grid. XNNPACK's factor has 8 bits behind the point, and halves go up. */
sy_status sy_integer_requantize(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const sy_tflite_tensor *x = &run->model->tensors[op->inputs[0]],
                           *y = &run->model->tensors[op->outputs[0]];
    const float ratio = x->scales[0] / y->scales[0];
    const sy_factor_form form = sy_factor_form_of((double)x->scales[0] / (double)y->scales[0], ratio);
    const int64_t coarse = lrintf(256 * ratio);
    for (size_t i = 0; i < sy_integer_elements(y); i++) {
        const int64_t code = run->codes[op->inputs[0]][i] - x->zero;
        const int32_t acc = sy_integer_accumulate(finding, code);
        run->codes[op->outputs[0]][i] = sy_integer_clamp(
            y->zero + (run->rounding == SY_ROUND_FLOAT ? floor_shift(acc * coarse + 128, 8)
                                                       : sy_fixed_multiply(acc, &form, run->rounding)));
    }
    return SY_OK;
}

static double function_of(const sy_tflite_operator *op, double x)
{
    switch (op->code) {
    case SY_TFLITE_LOGISTIC: return 1 / (1 + exp(-x));
    case SY_TFLITE_TANH: return tanh(x);
    default: return x < 0 ? x * (double)op->options[0].real : x; /* LEAKY_RELU's one option */
    }
}

/* A code for each of the 256 there are. */
sy_status sy_integer_table(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const sy_tflite_tensor *x = &run->model->tensors[op->inputs[0]],
                           *y = &run->model->tensors[op->outputs[0]];
    int8_t table[256];
    (void)finding;
    for (int code = INT8_MIN; code <= INT8_MAX; code++) {
        const double value = function_of(op, (double)(code - x->zero) * (double)x->scales[0]);
        table[code - INT8_MIN] = sy_integer_clamp(y->zero + llrint(value / (double)y->scales[0]));
    }
    for (size_t i = 0; i < sy_integer_elements(y); i++)
        run->codes[op->outputs[0]][i] = table[run->codes[op->inputs[0]][i] - INT8_MIN];
    return SY_OK;
}

sy_status sy_integer_softmax(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const sy_tflite_tensor *x = &run->model->tensors[op->inputs[0]],
                           *y = &run->model->tensors[op->outputs[0]];
    const size_t width = (size_t)x->dims[x->rank - 1], rows = sy_integer_elements(x) / width;
    (void)finding;
    for (size_t r = 0; r < rows; r++) {
        const int8_t *from = run->codes[op->inputs[0]] + r * width;
        int8_t *to = run->codes[op->outputs[0]] + r * width;
        int largest = from[0];
        double sum = 0;
        for (size_t i = 1; i < width; i++)
            largest = from[i] > largest ? from[i] : largest;
        for (size_t i = 0; i < width; i++)
            sum += exp((double)x->scales[0] * (from[i] - largest));
        for (size_t i = 0; i < width; i++) {
            const double value = exp((double)x->scales[0] * (from[i] - largest)) / sum;
            to[i] = sy_integer_clamp(y->zero + llrint(value / (double)y->scales[0]));
        }
    }
    return SY_OK;
}

/* Where pixel `out` of one dimension is sampled in the image. */
static double position_of(int out, int from, int to, bool corners, bool half)
{
    const double scale = corners && to > 1 ? (double)(from - 1) / (to - 1) : (double)from / to;
    return half ? (out + 0.5) * scale - 0.5 : out * scale;
}

static int inside(int index, int size)
{
    return index < 0 ? 0 : index >= size ? size - 1 : index;
}

sy_status sy_integer_resize(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const bool linear = op->code == SY_TFLITE_RESIZE_BILINEAR;
    const bool corners = sy_integer_option(op, linear ? 2 : 0, 0),
               half = sy_integer_option(op, linear ? 3 : 1, 0);
    const sy_tflite_tensor *x = &run->model->tensors[op->inputs[0]],
                           *y = &run->model->tensors[op->outputs[0]];
    const int height = x->dims[1], width = x->dims[2], channels = x->dims[3];
    const int8_t *from = run->codes[op->inputs[0]];
    int8_t *to = run->codes[op->outputs[0]];
    (void)finding;
    for (int n = 0; n < y->dims[0]; n++)
        for (int oy = 0; oy < y->dims[1]; oy++)
            for (int ox = 0; ox < y->dims[2]; ox++) {
                /* Nearest rounds down what lies half a pixel further on. */
                const double shift = !linear && half ? 0.5 : 0;
                const double py = position_of(oy, height, y->dims[1], corners, half) + shift;
                const double px = position_of(ox, width, y->dims[2], corners, half) + shift;
                const int top = (int)floor(py), left = (int)floor(px);
                const double fy = linear ? fmin(fmax(py, 0), height - 1) - inside(top, height) : 0;
                const double fx = linear ? fmin(fmax(px, 0), width - 1) - inside(left, width) : 0;
                const int rows[] = {inside(top, height), inside(top + 1, height)};
                const int columns[] = {inside(left, width), inside(left + 1, width)};
                for (int c = 0; c < channels; c++) {
                    double values[4];
                    for (int k = 0; k < 4; k++) {
                        const int64_t row = (int64_t)n * height + rows[k / 2];
                        values[k] = from[(row * width + columns[k % 2]) * channels + c];
                    }
                    const double upper = values[0] + (values[1] - values[0]) * fx;
                    const double lower = values[2] + (values[3] - values[2]) * fx;
                    *to++ = sy_integer_clamp(llrint(upper + (lower - upper) * fy));
                }
            }
    return SY_OK;
}
