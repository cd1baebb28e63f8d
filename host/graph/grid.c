#include "graph/grid.h"

sy_status sy_code_grid_read(sy_ctx *ctx, const sy_graph *graph, const sy_node *node, sy_arena *arena,
                            sy_code_grid *out, bool *out_known)
{
    const sy_tensor *scale = &graph->tensors[node->inputs[1]];
    const sy_tensor *zero =
        node->input_count > 2 && node->inputs[2] != SY_NONE ? &graph->tensors[node->inputs[2]] : NULL;
    const int rank = graph->tensors[node->inputs[0]].shape.rank;
    sy_code_grid grid = {.axis = (int)sy_node_int(node, "axis", 1)};
    *out_known = scale->data && (!zero || zero->data) && sy_shape_count(&scale->shape, &grid.count);
    if (!*out_known)
        return SY_OK;
    if (grid.axis < 0 && rank != SY_NONE)
        grid.axis += rank;
    grid.scales = sy_arena_alloc(arena, grid.count, sizeof *grid.scales);
    grid.zeros = sy_arena_alloc(arena, grid.count, sizeof *grid.zeros);
    SY_TRY(sy_check_alloc(ctx, grid.scales && grid.zeros ? &grid : NULL));
    SY_TRY(sy_tensor_to_f32(ctx, scale, grid.scales, grid.count));
    if (zero)
        SY_TRY(sy_tensor_to_i64(ctx, zero, grid.zeros, grid.count));
    *out = grid;
    return SY_OK;
}
