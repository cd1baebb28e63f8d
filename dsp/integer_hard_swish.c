/* HardSwish in 16 bits, as TensorFlow Lite's kernels and CMSIS-NN compute it (hard_swish.h of the former has
 * the derivation): with x at 7 bits behind its code,
 *
 *     gate = ((x * s / 128 on a grid of 3 / 2^15, saturated) + 2^15) / 2      in [0, 2^15): (x + 3) / 6
 *     y    = gate * (x on the grid of the result, not shifted yet) * 2 / 2^16, shifted with halves away from
 * 0
 */
#include "dsp/integer.h"

typedef struct {
    int16_t multiplier; /* the high half of a factor_form's, rounded */
    int shift;
} short_factor;

static short_factor short_factor_of(double factor)
{
    const sy_factor_form form = sy_factor_form_of(factor, 0);
    const int64_t high = ((int64_t)form.multiplier + (1 << 15)) >> 16;
    return (short_factor){(int16_t)(high > INT16_MAX ? INT16_MAX : high), form.shift};
}

static int32_t saturate(int64_t value)
{
    return (int32_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
}

/* The high half of 2 * a * b, rounded as sy_fixed_high_product() does. */
static int32_t high_product(int32_t a, int32_t b)
{
    const int32_t product = a * b, half = 1 << 14;
    return saturate((product + (product >= 0 ? half : 1 - half)) / (1 << 15));
}

static int32_t gate_of(int32_t x, const short_factor *to_gate)
{
    const int left = to_gate->shift > 0 ? to_gate->shift : 0;
    int32_t value = left ? saturate((int64_t)x * ((int64_t)1 << (left - 1))) : x;
    value = high_product(value, to_gate->multiplier);
    if (left)
        value = saturate((int64_t)value * 2);
    if (to_gate->shift < 0)
        value = sy_fixed_shift(value, -to_gate->shift);
    return (value + (1 << 15)) / 2; /* not negative */
}

sy_status sy_integer_hard_swish(sy_integer *run, const sy_tflite_operator *op, sy_integer_finding *finding)
{
    const sy_tflite_tensor *x = &run->model->tensors[op->inputs[0]],
                           *y = &run->model->tensors[op->outputs[0]];
    const float step = x->scales[0] / 128;
    const short_factor to_result = short_factor_of((double)(step / y->scales[0]));
    const short_factor to_gate = short_factor_of((double)(step / (3.0F / 32768)));
    int8_t table[256];
    (void)finding;
    if (to_result.shift > 0)
        return sy_fail(run->ctx, SY_E_UNSUPPORTED,
                       "HARD_SWISH from scale %g to %g: its arithmetic of 16 bits has no room for that",
                       (double)x->scales[0], (double)y->scales[0]);
    for (int code = INT8_MIN; code <= INT8_MAX; code++) {
        const int32_t value = (code - (int32_t)x->zero) * 128;
        const int32_t result = high_product(value, to_result.multiplier);
        const int32_t product = saturate(gate_of(value, &to_gate) * result / (1 << 15));
        table[code - INT8_MIN] = sy_integer_clamp(y->zero + sy_fixed_shift(product, -to_result.shift));
    }
    for (size_t i = 0; i < sy_integer_elements(y); i++)
        run->codes[op->outputs[0]][i] = table[run->codes[op->inputs[0]][i] - INT8_MIN];
    return SY_OK;
}
