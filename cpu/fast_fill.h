/* fill, as a loop for the compiler to vectorise. Included once by the file of each instruction set. */
#include "cpu/fast_loop.h"
#include "cpu/kernels.h"

static sy_status fill_launch(const sy_cpu_call *call)
{
    const sy_fill_params *p = call->params;
    uint32_t *y = call->operands[0];
    const size_t count = p->count;
    const uint32_t word = p->word;
    SY_INDEPENDENT
    for (size_t i = 0; i < count; i++)
        y[i] = word;
    return SY_OK;
}

const sy_cpu_variant SY_LOOPS(sy_cpu_fill) = {
    .kernel = SY_KERNEL_fill, .level = SY_LOOPS_LEVEL, .name = "fill" SY_LOOPS_SUFFIX, .launch = fill_launch};
