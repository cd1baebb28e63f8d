/* Kernels that devices do not have yet. */
#include "device/grid_plan.h"

#define MISSING(name)                                         \
    void sy_grid_##name(sy_grid *grid, sy_grid_target target) \
    {                                                         \
        (void)target;                                         \
        grid->step_count = SY_NONE_YET;                       \
    }
MISSING(conv2d)
MISSING(conv_transpose2d)
MISSING(gemm)
MISSING(pool2d)
MISSING(observe)
MISSING(channel_sum)
MISSING(move)
MISSING(reduce)
MISSING(softmax)
MISSING(normalize)
MISSING(gather)
MISSING(gather_elements)
MISSING(one_hot)
MISSING(arg)
MISSING(cumsum)
MISSING(resize)
MISSING(pad)
MISSING(lstm_cell)
MISSING(quantize)
MISSING(dequantize)
MISSING(fake_quant)
MISSING(requantize)
