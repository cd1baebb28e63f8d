#include "verify/factor.h"

#include <math.h>

sy_status sy_factor_find(sy_rewrite *work, int tensor, sy_factor *out, bool *out_found)
{
    const sy_graph *graph = work->graph;
    const int producer = tensor == SY_NONE ? SY_NONE : graph->tensors[tensor].producer;
    *out_found = false;
    if (producer == SY_NONE || !sy_node_is(&graph->nodes[producer], "DequantizeLinear"))
        return SY_OK;
    const sy_node *node = &graph->nodes[producer];
    sy_factor factor = {.quantized = node->inputs[0], .largest = 255};
    SY_TRY(sy_code_grid_read(work->ctx, graph, node, &work->arena, &factor.grid, out_found));
    if (sy_dtype_bits(graph->tensors[node->inputs[0]].dtype) == 16) /* their products do not fit in floats */
        *out_found = false;
    if (*out_found)
        *out = factor;
    return SY_OK;
}

/* How many elements follow one another with the same index along `axis`. */
static size_t elements_behind(const sy_shape *shape, int axis)
{
    size_t count = 1;
    for (int i = shape->rank - 1; i > axis; i--)
        count *= (size_t)shape->dims[i];
    return count;
}

sy_status sy_factor_centre(sy_rewrite *work, const sy_factor *factor, int channel_axis, float **out_values,
                           double *out_largest_sum)
{
    const sy_tensor *tensor = &work->graph->tensors[factor->quantized];
    const sy_code_grid *grid = &factor->grid;
    size_t count = 0, channels = 1;
    sy_shape_count(&tensor->shape, &count);
    if (channel_axis < tensor->shape.rank && tensor->shape.dims[channel_axis] > 0)
        channels = (size_t)tensor->shape.dims[channel_axis];
    const size_t grid_inner = elements_behind(&tensor->shape, grid->axis);
    const size_t channel_inner = elements_behind(&tensor->shape, channel_axis);
    int64_t *codes = sy_arena_alloc(&work->arena, count, sizeof *codes);
    float *values = sy_arena_alloc(&work->arena, count, sizeof *values);
    double *sums = sy_arena_alloc(&work->arena, channels, sizeof *sums);
    SY_TRY(sy_check_alloc(work->ctx, codes && values && sums ? work : NULL));
    SY_TRY(sy_tensor_to_i64(work->ctx, tensor, codes, count));
    *out_largest_sum = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t scale = grid->count > 1 ? i / grid_inner % grid->count : 0;
        double *sum = &sums[i / channel_inner % channels];
        values[i] = (float)(codes[i] - grid->zeros[scale]);
        *sum += fabs((double)values[i]);
        *out_largest_sum = fmax(*out_largest_sum, *sum);
    }
    *out_values = values;
    return SY_OK;
}

sy_status sy_factor_bias(sy_rewrite *work, const sy_node *node, int64_t **out, size_t *out_count,
                         bool *out_whole)
{
    const int tensor = node->input_count > 2 ? node->inputs[2] : SY_NONE;
    sy_factor bias;
    bool found;
    *out = NULL;
    *out_count = 0;
    *out_whole = tensor == SY_NONE;
    if (*out_whole)
        return SY_OK;
    SY_TRY(sy_factor_find(work, tensor, &bias, &found));
    const sy_tensor *codes = found ? &work->graph->tensors[bias.quantized] : NULL;
    size_t count;
    if (!codes || !codes->data || codes->dtype != SY_DTYPE_INT32 || !sy_shape_count(&codes->shape, &count))
        return SY_OK;
    *out = sy_arena_alloc(&work->arena, count, sizeof **out);
    SY_TRY(sy_check_alloc(work->ctx, *out));
    *out_count = count;
    *out_whole = true;
    return sy_tensor_to_i64(work->ctx, codes, *out, count);
}
