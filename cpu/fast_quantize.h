/* Between floats and the integers that stand for them, and batch_norm: [outer][channels][inner] with numbers
 * for each channel, as loops for the compiler to vectorise. Included once by the file of each instruction
 * set.
 *
 * A loop runs along `inner`, or along the channels where inner is 1.
 */
#include "cpu/fast_loop.h"
#include "cpu/kernels.h"
#include "kernels/math.h"

/* What the loops need of the operands; the step is 0 where all elements share one channel's numbers. */
typedef struct channel_run {
    const void *from;
    void *to;
    size_t count, step;
    const float *scale;
    const sy_i32 *integers; /* zero points, or biases */
} channel_run;

/* The code less zero, as the reference finds it: clamped while it is a float. 0 for a NaN. */
static inline float whole_of(float x, sy_i32 zero, sy_i32 lo, sy_i32 hi)
{
    return x == x ? sy_math_clamp(sy_math_rint(x), (float)(lo - zero), (float)(hi - zero)) : 0.0f;
}

static inline float value_of(sy_i32 q, float scale, sy_i32 zero)
{
    return (float)(sy_i32)((sy_u32)q - (sy_u32)zero) * scale;
}

/* Two loops: with the numbers of one channel, and with those of as many channels as elements. */
#define CHANNEL_LOOPS(name, params, from_type, to_type, value) \
    static void name(const channel_run *run, const params *p)  \
    {                                                          \
        const from_type *from = run->from;                     \
        to_type *to = run->to;                                 \
        const size_t count = run->count;                       \
        (void)p;                                               \
        if (run->step == 0) {                                  \
            const float scale = run->scale[0];                 \
            const sy_i32 integer = run->integers[0];           \
            SY_INDEPENDENT                                     \
            for (size_t i = 0; i < count; i++) {               \
                const from_type x = from[i];                   \
                to[i] = value;                                 \
            }                                                  \
            return;                                            \
        }                                                      \
        SY_INDEPENDENT                                         \
        for (size_t i = 0; i < count; i++) {                   \
            const from_type x = from[i];                       \
            const float scale = run->scale[i];                 \
            const sy_i32 integer = run->integers[i];           \
            to[i] = value;                                     \
        }                                                      \
    }
CHANNEL_LOOPS(quantize_run, sy_quantize_params, float, sy_i32,
              (sy_i32)whole_of(x / scale, integer, p->lo, p->hi) + integer)
CHANNEL_LOOPS(dequantize_run, sy_quantize_params, sy_i32, float, value_of(x, scale, integer))
/* A code of 0 is +0, whatever x was. */
CHANNEL_LOOPS(fake_quant_run, sy_quantize_params, float, float,
              (whole_of(x / scale, integer, p->lo, p->hi) + 0.0f) * scale)
#undef CHANNEL_LOOPS

typedef void quantize_run_fn(const channel_run *run, const sy_quantize_params *p);

static sy_status run_channels(const sy_cpu_call *call, quantize_run_fn *run)
{
    const sy_quantize_params *p = call->params;
    const bool side_by_side = p->inner == 1;
    const size_t runs = side_by_side ? p->outer : (size_t)p->outer * p->channels;
    const size_t count = side_by_side ? p->channels : p->inner;
    for (size_t i = 0; i < runs; i++) {
        const size_t channel = side_by_side ? 0 : i % p->channels;
        run(&(channel_run){.from = (const float *)call->operands[0] + i * count,
                           .to = (float *)call->operands[3] + i * count,
                           .count = count,
                           .step = side_by_side,
                           .scale = (const float *)call->operands[1] + channel,
                           .integers = (const sy_i32 *)call->operands[2] + channel},
            p);
    }
    return SY_OK;
}

static sy_status quantize_launch(const sy_cpu_call *call)
{
    return run_channels(call, quantize_run);
}

static sy_status dequantize_launch(const sy_cpu_call *call)
{
    return run_channels(call, dequantize_run);
}

static sy_status fake_quant_launch(const sy_cpu_call *call)
{
    return run_channels(call, fake_quant_run);
}

/* The sum is exact in a double (accumulators are far below 2^52), as it is in the reference's 64-bit
 * integers. */
static void requantize_run(const float *from, size_t count, double bias, float factor,
                           const sy_requantize_params *p, sy_i32 *to)
{
    SY_INDEPENDENT
    for (size_t i = 0; i < count; i++)
        to[i] = (sy_i32)whole_of((float)((double)from[i] + bias) * factor, p->zero, p->lo, p->hi) + p->zero;
}

static sy_status requantize_launch(const sy_cpu_call *call)
{
    const sy_requantize_params *p = call->params;
    const sy_i32 *bias = call->operands[1];
    const float *multiplier = call->operands[2];
    for (size_t i = 0; i < (size_t)p->outer * p->channels; i++) {
        const size_t channel = i % p->channels;
        requantize_run((const float *)call->operands[0] + i * p->inner, p->inner,
                       p->has_bias ? bias[channel] : 0, multiplier[p->multiplier_channels > 1 ? channel : 0],
                       p, (sy_i32 *)call->operands[3] + i * p->inner);
    }
    return SY_OK;
}

static sy_status batch_norm_launch(const sy_cpu_call *call)
{
    const sy_batch_norm_params *p = call->params;
    const float *scale = call->operands[1], *bias = call->operands[2], *mean = call->operands[3],
                *variance = call->operands[4];
    const size_t inner = p->inner;
    for (size_t row = 0; row < (size_t)p->outer * p->channels; row++) {
        const size_t c = row % p->channels;
        const float factor = scale[c] / sqrtf(variance[c] + p->epsilon), add = bias[c], less = mean[c];
        const float *x = (const float *)call->operands[0] + row * inner;
        float *y = (float *)call->operands[5] + row * inner;
        SY_INDEPENDENT
        for (size_t i = 0; i < inner; i++)
            y[i] = sy_math_clamp(fmaf(x[i] - less, factor, add), p->clamp.lo, p->clamp.hi);
    }
    return SY_OK;
}

const sy_cpu_variant SY_LOOPS(sy_cpu_quantize) = {.kernel = SY_KERNEL_quantize,
                                                  .level = SY_LOOPS_LEVEL,
                                                  .name = "quantize" SY_LOOPS_SUFFIX,
                                                  .launch = quantize_launch};
const sy_cpu_variant SY_LOOPS(sy_cpu_dequantize) = {.kernel = SY_KERNEL_dequantize,
                                                    .level = SY_LOOPS_LEVEL,
                                                    .name = "dequantize" SY_LOOPS_SUFFIX,
                                                    .launch = dequantize_launch};
const sy_cpu_variant SY_LOOPS(sy_cpu_fake_quant) = {.kernel = SY_KERNEL_fake_quant,
                                                    .level = SY_LOOPS_LEVEL,
                                                    .name = "fake_quant" SY_LOOPS_SUFFIX,
                                                    .launch = fake_quant_launch};
const sy_cpu_variant SY_LOOPS(sy_cpu_requantize) = {.kernel = SY_KERNEL_requantize,
                                                    .level = SY_LOOPS_LEVEL,
                                                    .name = "requantize" SY_LOOPS_SUFFIX,
                                                    .launch = requantize_launch};
const sy_cpu_variant SY_LOOPS(sy_cpu_batch_norm) = {.kernel = SY_KERNEL_batch_norm,
                                                    .level = SY_LOOPS_LEVEL,
                                                    .name = "batch_norm" SY_LOOPS_SUFFIX,
                                                    .launch = batch_norm_launch};
