/* Bytes to a MindIR model; its weights are edited, and what is written from that must be readable again, with
 * as many nodes and parameters as it should have. Then bytes to a graph, which is fused.
 */
#include <stdlib.h>

#include "fuse/fuse.h"
#include "fuzz.h"
#include "import/import.h"
#include "import/mindir/edit.h"
#include "import/mindir/weights.h"

enum { ELEMENTS_MAX = 1 << 16 };

static void edit_and_read_again(sy_ctx *ctx, const sy_mind_model *model, const sy_mind_edit *edits, int count,
                                sy_mind_widen widen)
{
    sy_mind_model again;
    sy_text text = {0};
    FUZZ_CHECK(sy_mind_print(ctx, model, edits, count, widen, &text) == SY_OK);
    const sy_status status = sy_mind_read(ctx, text.bytes, text.size, &again);
    /* A model may hold names that ours repeat: then it is refused, and not misread. */
    FUZZ_CHECK(status == SY_OK || status == SY_E_MODEL);
    if (status == SY_OK) {
        FUZZ_CHECK(again.parameter_count == model->parameter_count + 2 * count);
        FUZZ_CHECK(again.node_count >= model->node_count + 3 * count || !model->node_count);
    }
    sy_mind_release(&again);
    sy_text_release(&text);
}

static void edit_weights(sy_ctx *ctx, const sy_mind_model *model)
{
    static const unsigned char integers[ELEMENTS_MAX], factors[4 * ELEMENTS_MAX];
    sy_arena arena = {0};
    sy_mind_weight *weights;
    int count = 0, edits = 0;
    FUZZ_CHECK(sy_mind_find_weights(ctx, model, &arena, &weights, &count) == SY_OK);
    sy_mind_edit *list = sy_arena_alloc(&arena, (size_t)count, sizeof *list);
    FUZZ_CHECK(list != NULL);
    for (int w = 0, last = SY_NONE; w < count; w++) {
        size_t elements, channels;
        const sy_mind_tensor *parameter = &model->parameters[weights[w].parameter];
        if (weights[w].refusal || weights[w].after < last || !sy_shape_count(&parameter->shape, &elements) ||
            elements > ELEMENTS_MAX || !sy_shape_count(&weights[w].factors, &channels))
            continue;
        last = weights[w].after;
        list[edits++] = (sy_mind_edit){.parameter = weights[w].parameter,
                                       .after = weights[w].after,
                                       .integer_type = SY_DTYPE_INT8,
                                       .integers = integers,
                                       .integer_bytes = elements,
                                       .factor_shape = weights[w].factors,
                                       .scales = factors,
                                       .zps = factors,
                                       .factor_bytes = 4 * channels};
    }
    edit_and_read_again(ctx, model, list, edits, SY_MIND_WIDEN_CAST);
    edit_and_read_again(ctx, model, list, edits, SY_MIND_WIDEN_ANTI_QUANT);
    sy_arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    sy_ctx *ctx = NULL;
    sy_mind_model model;
    sy_graph *graph = NULL, *fused = NULL;
    const char *report;
    if (sy_ctx_create(&ctx) != SY_OK)
        return 0;
    if (sy_mind_read(ctx, bytes, size, &model) == SY_OK)
        edit_weights(ctx, &model);
    sy_mind_release(&model);
    if (sy_import_mindir_bytes(ctx, bytes, size, NULL, &graph) == SY_OK)
        sy_fuse(ctx, graph, &fused, &report);
    sy_graph_destroy(fused);
    sy_graph_destroy(graph);
    sy_ctx_destroy(ctx);
    return 0;
}
