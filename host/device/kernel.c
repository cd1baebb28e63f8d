#include "device/device.h"

static const struct {
    const char *name;
    int operands;
} kernels[] = {
#define KERNEL(name, operands) [SY_KERNEL_##name] = {#name, operands},
#include "kernels/kernels.def"
#undef KERNEL
};

const char *sy_kernel_name(sy_kernel kernel)
{
    return kernels[kernel].name;
}

int sy_kernel_operands(sy_kernel kernel)
{
    return kernels[kernel].operands;
}

bool sy_kernel_writes(sy_kernel kernel, int operand)
{
    switch (kernel) {
    case SY_KERNEL_observe: return operand >= 1;   /* bins, summary, state */
    case SY_KERNEL_lstm_cell: return operand >= 3; /* h, c */
    default: return operand == kernels[kernel].operands - 1;
    }
}
