#include "compare/inputs.h"

#include <string.h>

static int find_input(const sy_graph *graph, const char *name)
{
    for (int i = 0; i < graph->input_count; i++)
        if (strcmp(graph->tensors[graph->inputs[i]].name, name) == 0)
            return i;
    return SY_NONE;
}

sy_status sy_inputs_match(sy_ctx *ctx, const sy_graph *reference, const sy_graph *graph, sy_arena *arena,
                          int **out)
{
    int *positions = sy_arena_alloc(arena, (size_t)graph->input_count, sizeof *positions);
    SY_TRY(sy_check_alloc(ctx, positions));
    for (int i = 0; i < graph->input_count; i++) {
        const char *name = graph->tensors[graph->inputs[i]].name;
        positions[i] = find_input(reference, name);
        if (positions[i] == SY_NONE)
            return sy_fail(ctx, SY_E_DATA,
                           "the float model has no input '%s': is the other model made of it?", name);
    }
    *out = positions;
    return SY_OK;
}
