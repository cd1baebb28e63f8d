#include "quant/weights.h"

#include <math.h>

#include "base/bytes.h"

int sy_weight_axis(const sy_graph *graph, const sy_node *node, int input)
{
    const int rank = graph->tensors[node->inputs[input]].shape.rank;
    if (sy_node_is(node, "Conv"))
        return 0;
    if (sy_node_is(node, "ConvTranspose"))
        return 1;
    if (sy_node_is(node, "Gemm"))
        return sy_node_int(node, "transB", 0) ? 0 : 1;
    return input == 1 && rank == 2 ? 1 : SY_NONE;
}

bool sy_weight_channels(const sy_tensor *weight, int axis, sy_channels *out)
{
    size_t count;
    if (!sy_shape_count(&weight->shape, &count) || count == 0 || axis >= weight->shape.rank)
        return false;
    *out = (sy_channels){.axis = axis, .outer = 1, .count = 1, .inner = count};
    if (axis == SY_NONE)
        return true;
    for (int i = 0; i < axis; i++)
        out->outer *= (size_t)weight->shape.dims[i];
    out->count = (size_t)weight->shape.dims[axis];
    out->inner = count / out->outer / out->count;
    return true;
}

size_t sy_weight_outputs(const sy_graph *graph, const sy_node *node, int input)
{
    const sy_tensor *weight = &graph->tensors[node->inputs[input]];
    int axis = sy_weight_axis(graph, node, input);
    if (axis == SY_NONE && input == 1 && weight->shape.rank > 1)
        axis = weight->shape.rank - 1;
    if (axis < 0 || axis >= weight->shape.rank || weight->shape.dims[axis] < 0)
        return 0;
    size_t outputs = (size_t)weight->shape.dims[axis];
    const int64_t groups = sy_node_is(node, "ConvTranspose") ? sy_node_int(node, "group", 1) : 1;
    return groups > 0 && sy_mul_size(outputs, (size_t)groups, &outputs) ? outputs : 0;
}

void sy_weight_peaks(const float *values, const sy_channels *channels, float *out)
{
    for (size_t c = 0; c < channels->count; c++)
        out[c] = 0;
    for (size_t o = 0; o < channels->outer; o++)
        for (size_t c = 0; c < channels->count; c++)
            for (size_t i = 0; i < channels->inner; i++)
                out[c] = fmaxf(out[c], fabsf(*values++));
}

static uint8_t *put_code(uint8_t *out, int bits, int32_t code)
{
    *out++ = (uint8_t)code;
    if (bits > 8)
        *out++ = (uint8_t)((uint32_t)code >> 8);
    return out;
}

void sy_weight_quantize(const float *values, const sy_channels *channels, const sy_number *number,
                        const sy_scale *scales, uint8_t *out)
{
    for (size_t o = 0; o < channels->outer; o++)
        for (size_t c = 0; c < channels->count; c++)
            for (size_t i = 0; i < channels->inner; i++)
                out = put_code(out, number->bits, sy_quantize_value(number, scales[c], *values++));
}

double sy_weight_snr(const float *values, const sy_channels *channels, const sy_number *number,
                     const sy_scale *scales)
{
    double power = 0, noise = 0;
    for (size_t o = 0; o < channels->outer; o++)
        for (size_t c = 0; c < channels->count; c++)
            for (size_t i = 0; i < channels->inner; i++) {
                const float value = *values++;
                const int32_t q = sy_quantize_value(number, scales[c], value);
                const double error = (double)value - (double)sy_dequantize_value(scales[c], q);
                power += (double)value * (double)value;
                noise += error * error;
            }
    return power > 0 ? 10 * log10(power / noise) : NAN;
}
