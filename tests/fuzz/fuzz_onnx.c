/* Bytes to a graph; what is accepted is fused, and what is written from that must be readable again. */
#include <stdlib.h>

#include "fuse/fuse.h"
#include "fuzz.h"
#include "import/import.h"
#include "import/onnx/onnx.h"
#include "import/onnx/pack.h"

static void write_and_read_again(sy_ctx *ctx, const sy_graph *graph)
{
    sy_onnx_packer packer = {.ctx = ctx, .graph = graph};
    SyOnnx__Model model;
    sy_graph *again = NULL;
    sy_onnx__model__init(&model);
    FUZZ_CHECK(sy_onnx_pack_model(&packer, &model) == SY_OK);
    const size_t size = sy_onnx__model__get_packed_size(&model);
    uint8_t *bytes = malloc(size);
    FUZZ_CHECK(bytes != NULL);
    FUZZ_CHECK(sy_onnx__model__pack(&model, bytes) == size);
    FUZZ_CHECK(sy_import_onnx_bytes(ctx, bytes, size, NULL, &again) == SY_OK);
    FUZZ_CHECK(again->node_count == graph->node_count);
    FUZZ_CHECK(again->input_count == graph->input_count && again->output_count == graph->output_count);
    sy_graph_destroy(again);
    free(bytes);
    sy_arena_release(&packer.arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    sy_ctx *ctx = NULL;
    sy_graph *graph = NULL, *fused = NULL;
    const char *report;
    if (sy_ctx_create(&ctx) != SY_OK)
        return 0;
    if (sy_import_onnx_bytes(ctx, bytes, size, NULL, &graph) == SY_OK) {
        write_and_read_again(ctx, graph);
        if (sy_fuse(ctx, graph, &fused, &report) == SY_OK)
            write_and_read_again(ctx, fused);
    }
    sy_graph_destroy(fused);
    sy_graph_destroy(graph);
    sy_ctx_destroy(ctx);
    return 0;
}
