/* channel_sum of single elements, as loops for the compiler to vectorise. Included once by the file of each
 * instruction set. */
#include <string.h>

#include "cpu/fast_loop.h"
#include "cpu/kernels.h"
#include "cpu/lanes.h"

static void add_row(float *to, const float *x, size_t count)
{
    SY_INDEPENDENT
    for (size_t i = 0; i < count; i++)
        to[i] += x[i];
}

/* Channels side by side: lane k of all of them is row k of `lanes`. */
static void sum_columns(const sy_channel_sum_params *p, const float *x, float *lanes, float *sums)
{
    const size_t channels = p->channels;
    memset(lanes, 0, SY_REDUCE_LANES * channels * sizeof *lanes);
    for (size_t o = 0; o < p->outer; o++)
        add_row(lanes + o % SY_REDUCE_LANES * channels, x + o * channels, channels);
    for (size_t half = SY_REDUCE_LANES / 2; half > 0; half /= 2)
        add_row(lanes, lanes + half * channels, half * channels);
    memcpy(sums, lanes, channels * sizeof *sums);
}

static bool channel_columns_accept(const void *params)
{
    const sy_channel_sum_params *p = params;
    return p->inner == 1;
}

static sy_status channel_columns_launch(const sy_cpu_call *call)
{
    const sy_channel_sum_params *p = call->params;
    float *lanes = sy_cpu_scratch_take(call->scratch, (size_t)SY_REDUCE_LANES * p->channels);
    if (!lanes)
        return SY_E_MEMORY;
    sum_columns(p, call->operands[0], lanes, call->operands[1]);
    return SY_OK;
}

const sy_cpu_variant SY_LOOPS(sy_cpu_channel_columns) = {.kernel = SY_KERNEL_channel_sum,
                                                         .level = SY_LOOPS_LEVEL,
                                                         .name = "channel_sum.columns" SY_LOOPS_SUFFIX,
                                                         .accepts = channel_columns_accept,
                                                         .launch = channel_columns_launch};
