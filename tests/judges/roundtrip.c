/* Reads a model and writes it again: `roundtrip [--fuse] IN.onnx OUT.onnx`. For the judges, which compare the
 * two. */
#include <stdio.h>
#include <string.h>

#include "fuse/fuse.h"
#include "import/import.h"

static sy_status convert(sy_ctx *ctx, bool fuse, const char *from, const char *to)
{
    sy_graph *graph = NULL, *fused = NULL;
    const char *report = "";
    sy_status status;
    SY_TRY_DONE(sy_import_onnx(ctx, from, &graph, NULL));
    if (fuse)
        SY_TRY_DONE(sy_fuse(ctx, graph, &fused, &report));
    printf("%s", report);
    status = sy_export_onnx(ctx, fuse ? fused : graph, to);
done:
    sy_graph_destroy(fused);
    sy_graph_destroy(graph);
    return status;
}

int main(int argc, char **argv)
{
    const bool fuse = argc == 4 && strcmp(argv[1], "--fuse") == 0;
    if (argc != 3 && !fuse) {
        fprintf(stderr, "usage: roundtrip [--fuse] IN.onnx OUT.onnx\n");
        return SY_E_ARGUMENT;
    }
    sy_ctx *ctx = NULL;
    if (sy_ctx_create(&ctx) != SY_OK)
        return SY_E_MEMORY;
    const sy_status status = convert(ctx, fuse, argv[argc - 2], argv[argc - 1]);
    if (status != SY_OK)
        fprintf(stderr, "%s\n", sy_ctx_error(ctx));
    sy_ctx_destroy(ctx);
    return (int)status;
}
