/* Grids of kernels of integers that stand for floats, and of an LSTM's step: an item an element. */
#include "device/grid_plan.h"

static void add_elements(sy_grid *grid, sy_device_kernel kernel, const sy_quantize_params *p)
{
    sy_grid_add(grid, kernel, (uint64_t)p->outer * p->channels * p->inner);
}

void sy_grid_quantize(sy_grid *grid, sy_grid_target target)
{
    (void)target;
    add_elements(grid, SY_DEVICE_KERNEL_quantize, &grid->params.quantize);
}

void sy_grid_dequantize(sy_grid *grid, sy_grid_target target)
{
    (void)target;
    add_elements(grid, SY_DEVICE_KERNEL_dequantize, &grid->params.dequantize);
}

void sy_grid_fake_quant(sy_grid *grid, sy_grid_target target)
{
    (void)target;
    add_elements(grid, SY_DEVICE_KERNEL_fake_quant, &grid->params.fake_quant);
}

void sy_grid_requantize(sy_grid *grid, sy_grid_target target)
{
    const sy_requantize_params *p = &grid->params.requantize;
    (void)target;
    sy_grid_add(grid, SY_DEVICE_KERNEL_requantize, (uint64_t)p->outer * p->channels * p->inner);
}

void sy_grid_lstm_cell(sy_grid *grid, sy_grid_target target)
{
    const sy_lstm_cell_params *p = &grid->params.lstm_cell;
    (void)target;
    sy_grid_add(grid, SY_DEVICE_KERNEL_lstm_cell, (uint64_t)p->batch * p->hidden);
}
