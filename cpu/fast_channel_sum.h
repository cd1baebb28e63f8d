/* channel_sum, as loops for the compiler to vectorise. Included once by the file of each instruction set. */
#include <string.h>

#include "cpu/fast_loop.h"
#include "cpu/kernels.h"
#include "cpu/lanes.h"

/* Adds `count` elements, the first of which belongs to lane `first`. */
static void add_run(const float *x, size_t count, size_t first, sy_lanes *lanes)
{
    size_t i = 0;
    for (; i < count && first + i < SY_REDUCE_LANES && first > 0; i++)
        lanes->lane[first + i] += x[i];
    sy_lanes whole = *lanes;
    for (; i + SY_REDUCE_LANES <= count; i += SY_REDUCE_LANES) {
        SY_INDEPENDENT
        for (size_t lane = 0; lane < SY_REDUCE_LANES; lane++)
            whole.lane[lane] += x[i + lane];
    }
    for (size_t lane = 0; i < count; i++, lane++)
        whole.lane[lane] += x[i];
    *lanes = whole;
}

static void sum_planes(const sy_channel_sum_params *p, const float *x, float *sums)
{
    for (size_t c = 0; c < p->channels; c++) {
        sy_lanes lanes = {{0}};
        for (size_t o = 0; o < p->outer; o++)
            add_run(x + (o * p->channels + c) * p->inner, p->inner, o * p->inner % SY_REDUCE_LANES, &lanes);
        sums[c] = sy_lanes_sum(&lanes);
    }
}

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

static sy_status channel_sum_launch(const sy_cpu_call *call)
{
    const sy_channel_sum_params *p = call->params;
    if (p->inner > 1) {
        sum_planes(p, call->operands[0], call->operands[1]);
        return SY_OK;
    }
    float *lanes = sy_cpu_scratch_take(call->scratch, (size_t)SY_REDUCE_LANES * p->channels);
    if (!lanes)
        return SY_E_MEMORY;
    sum_columns(p, call->operands[0], lanes, call->operands[1]);
    return SY_OK;
}

const sy_cpu_variant SY_LOOPS(sy_cpu_channel_sum) = {.kernel = SY_KERNEL_channel_sum,
                                                     .level = SY_LOOPS_LEVEL,
                                                     .name = "channel_sum" SY_LOOPS_SUFFIX,
                                                     .launch = channel_sum_launch};
