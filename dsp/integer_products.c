/* Convolutions, matrix products, means: sums of products of codes less their zero points, then the factor to
 * the grid of the result.
 */
#include <stdlib.h>

#include "dsp/integer.h"

typedef struct {
    const sy_tflite_tensor *x, *w, *y;
    const int8_t *x_codes, *w_codes;
    const int32_t *bias;
    int8_t *y_codes;
} ends;

static ends ends_of(const sy_integer *run, const sy_tflite_operator *op, int x, int w, int bias)
{
    const sy_tflite_model *model = run->model;
    return (ends){.x = &model->tensors[op->inputs[x]],
                  .w = &model->tensors[op->inputs[w]],
                  .y = &model->tensors[op->outputs[0]],
                  .x_codes = run->codes[op->inputs[x]],
                  .w_codes = run->codes[op->inputs[w]],
                  .bias = model->tensors[op->inputs[bias]].data,
                  .y_codes = run->codes[op->outputs[0]]};
}

/* Of the products of one channel: the float form rounds after each step, as runtimes compute it. */
static sy_factor_form factor_of(const ends *e, int channel)
{
    const float w = e->w->scales[e->w->scale_count > 1 ? channel : 0], x = e->x->scales[0],
                y = e->y->scales[0];
    const float products = x * w;
    return sy_factor_form_of((double)x * (double)w / (double)y, products / y);
}

static int8_t result_of(const sy_integer *run, const ends *e, const sy_factor_form *factor, int64_t acc,
                        sy_integer_finding *finding)
{
    const int32_t kept = sy_integer_accumulate(finding, acc);
    return sy_integer_clamp(e->y->zero + sy_fixed_multiply(kept, factor, run->rounding));
}

/* A window over an image: x is at out * stride + k * dilation - before. */
typedef struct {
    int kernel[2], stride[2], dilation[2], before[2];
} window;

static window read_window(const sy_tflite_operator *op, const ends *e)
{
    const int after = op->code == SY_TFLITE_DEPTHWISE_CONV_2D ? 5 : 4; /* fields of dilations */
    window made = {.kernel = {e->w->dims[1], e->w->dims[2]},
                   .stride = {sy_integer_option(op, 2, 1), sy_integer_option(op, 1, 1)},
                   .dilation = {sy_integer_option(op, after + 1, 1), sy_integer_option(op, after, 1)}};
    for (int i = 0; i < 2; i++) {
        const int reach =
            (e->y->dims[1 + i] - 1) * made.stride[i] + (made.kernel[i] - 1) * made.dilation[i] + 1;
        const int total = reach > e->x->dims[1 + i] ? reach - e->x->dims[1 + i] : 0;
        made.before[i] = sy_integer_option(op, 0, SY_TFLITE_SAME) == SY_TFLITE_SAME ? total / 2 : 0;
    }
    return made;
}

/* Which input channels an output channel sees, and where its weights are: element (k, i) is at
 * first + k * tap_step + i * channel_step. */
typedef struct {
    int first_input, inputs;
    size_t first, tap_step, channel_step;
} channel;

static channel channel_of(const sy_tflite_operator *op, const ends *e, int o)
{
    const int inputs = e->x->dims[3];
    if (op->code == SY_TFLITE_DEPTHWISE_CONV_2D) {
        const int outputs = e->w->dims[3];
        return (channel){o / (outputs / inputs), 1, (size_t)o, (size_t)outputs, 0};
    }
    const int outputs = e->w->dims[0], seen = e->w->dims[3], groups = inputs / seen;
    const size_t taps = (size_t)e->w->dims[1] * (size_t)e->w->dims[2];
    return (channel){o / (outputs / groups) * seen, seen, (size_t)o * taps * (size_t)seen, (size_t)seen, 1};
}

static int64_t dot_window(const ends *e, const window *win, const channel *c, int n, int oy, int ox)
{
    const int height = e->x->dims[1], width = e->x->dims[2], channels = e->x->dims[3];
    const int32_t zero = (int32_t)e->x->zero;
    int64_t acc = 0;
    for (int ky = 0; ky < win->kernel[0]; ky++) {
        const int iy = oy * win->stride[0] + ky * win->dilation[0] - win->before[0];
        for (int kx = 0; kx < win->kernel[1] && iy >= 0 && iy < height; kx++) {
            const int ix = ox * win->stride[1] + kx * win->dilation[1] - win->before[1];
            if (ix < 0 || ix >= width)
                continue;
            const int8_t *x =
                e->x_codes +
                (((size_t)n * (size_t)height + (size_t)iy) * (size_t)width + (size_t)ix) * (size_t)channels +
                c->first_input;
            const int8_t *w = e->w_codes + c->first + (size_t)(ky * win->kernel[1] + kx) * c->tap_step;
            for (int i = 0; i < c->inputs; i++)
                acc += (int64_t)(x[i] - zero) * w[(size_t)i * c->channel_step];
        }
    }
    return acc;
}

sy_status sy_integer_conv(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const ends e = ends_of(run, op, 0, 1, 2);
    const window win = read_window(op, &e);
    const int height = e.y->dims[1], width = e.y->dims[2], outputs = e.y->dims[3];
    for (int o = 0; o < outputs; o++) {
        const channel c = channel_of(op, &e, o);
        const sy_factor_form factor = factor_of(&e, o);
        size_t at = (size_t)o;
        for (int n = 0; n < e.y->dims[0]; n++)
            for (int oy = 0; oy < height; oy++)
                for (int ox = 0; ox < width; ox++, at += (size_t)outputs) {
                    const int64_t acc = e.bias[o] + dot_window(&e, &win, &c, n, oy, ox);
                    e.y_codes[at] = result_of(run, &e, &factor, acc, finding);
                }
    }
    return SY_OK;
}

/* Output (y, x) sums the inputs whose window, laid out from input * stride, covers it. */
sy_status sy_integer_transposed(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const ends e = ends_of(run, op, 2, 1, 3);
    const int stride_y = sy_integer_option(op, 2, 1), stride_x = sy_integer_option(op, 1, 1);
    const int height = e.x->dims[1], width = e.x->dims[2], inputs = e.x->dims[3], outputs = e.y->dims[3];
    const int kernel_y = e.w->dims[1], kernel_x = e.w->dims[2];
    int8_t *to = e.y_codes;
    for (int n = 0; n < e.y->dims[0]; n++)
        for (int oy = 0; oy < e.y->dims[1]; oy++)
            for (int ox = 0; ox < e.y->dims[2]; ox++)
                for (int o = 0; o < outputs; o++) {
                    const sy_factor_form factor = factor_of(&e, o);
                    int64_t acc = e.bias[o];
                    for (int ky = oy % stride_y; ky < kernel_y && ky <= oy; ky += stride_y)
                        for (int kx = ox % stride_x; kx < kernel_x && kx <= ox; kx += stride_x) {
                            const int iy = (oy - ky) / stride_y, ix = (ox - kx) / stride_x;
                            if (iy >= height || ix >= width)
                                continue;
                            const int8_t *x =
                                e.x_codes +
                                ((size_t)(n * height + iy) * (size_t)width + (size_t)ix) * (size_t)inputs;
                            const int8_t *w =
                                e.w_codes + (size_t)((o * kernel_y + ky) * kernel_x + kx) * (size_t)inputs;
                            for (int i = 0; i < inputs; i++)
                                acc += (int64_t)(x[i] - (int32_t)e.x->zero) * w[i];
                        }
                    *to++ = result_of(run, &e, &factor, acc, finding);
                }
    return SY_OK;
}

sy_status sy_integer_matrix(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const ends e = ends_of(run, op, 0, 1, 2);
    const int outputs = e.w->dims[0], inputs = e.w->dims[1];
    const size_t rows = sy_integer_elements(e.y) / (size_t)outputs;
    for (int o = 0; o < outputs; o++) {
        const sy_factor_form factor = factor_of(&e, o);
        const int8_t *w = e.w_codes + (size_t)o * (size_t)inputs;
        for (size_t r = 0; r < rows; r++) {
            const int8_t *x = e.x_codes + r * (size_t)inputs;
            int64_t acc = e.bias[o];
            for (int i = 0; i < inputs; i++)
                acc += (int64_t)(x[i] - (int32_t)e.x->zero) * w[i];
            e.y_codes[r * (size_t)outputs + (size_t)o] = result_of(run, &e, &factor, acc, finding);
        }
    }
    return SY_OK;
}

static bool is_listed(const sy_tflite_tensor *axes, int axis)
{
    for (size_t i = 0; i < sy_integer_elements(axes); i++)
        if (((const int32_t *)axes->data)[i] == axis)
            return true;
    return false;
}

/* One accumulator a result, all of them kept, since inputs come in their own order. */
sy_status sy_integer_mean(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const sy_tflite_tensor *x = &run->model->tensors[op->inputs[0]],
                           *y = &run->model->tensors[op->outputs[0]];
    const sy_tflite_tensor *axes = &run->model->tensors[op->inputs[1]];
    const size_t count = sy_integer_elements(x), results = sy_integer_elements(y), share = count / results;
    const double factor = (double)x->scales[0] / ((double)y->scales[0] * (double)share);
    const sy_factor_form form = sy_factor_form_of(factor, x->scales[0] / y->scales[0] / (float)share);
    int64_t *sums = calloc(results, sizeof *sums);
    SY_TRY(sy_check_alloc(run->ctx, sums));
    for (size_t i = 0; i < count; i++) {
        size_t rest = i, at = 0, step = 1;
        for (int d = x->rank; d-- > 0; rest /= (size_t)x->dims[d])
            if (!is_listed(axes, d)) {
                at += rest % (size_t)x->dims[d] * step;
                step *= (size_t)x->dims[d];
            }
        sums[at] += run->codes[op->inputs[0]][i] - x->zero;
    }
    for (size_t r = 0; r < results; r++) {
        const int32_t acc = sy_integer_accumulate(finding, sums[r]);
        run->codes[op->outputs[0]][r] =
            sy_integer_clamp(y->zero + sy_fixed_multiply(acc, &form, run->rounding));
    }
    free(sums);
    return SY_OK;
}
