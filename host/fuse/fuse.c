#include "fuse/fuse.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "fuse/rule.h"
#include "ops/op.h"

/* In this order: constants first, so that the parameters of a normalisation are constants; identities next,
 * so that nothing stands between it and its convolution.
 */
static const sy_fuse_rule *const rules[] = {
    &sy_fuse_fold_constants,
    &sy_fuse_remove_identities,
    &sy_fuse_fold_batchnorm,
    &sy_fuse_fold_affine,
};

void sy_fuse_note(sy_fusing *fusing, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    sy_text_printf(&fusing->report, "%s\n", line);
    sy_log(fusing->ctx, SY_LOG_DEBUG, "fuse: %s", line);
    fusing->changes++;
}

const sy_tensor *sy_fuse_input(const sy_graph *graph, const sy_node *node, int i)
{
    return i < node->input_count && node->inputs[i] != SY_NONE ? &graph->tensors[node->inputs[i]] : NULL;
}

bool sy_fuse_is_read(const sy_graph *graph, int tensor)
{
    return tensor != SY_NONE &&
           (sy_graph_is_output(graph, tensor) || sy_graph_consumers(graph, tensor, NULL, 0) > 0);
}

/* Every rule at every node once, a rule after the other. */
static sy_status apply_once(sy_fusing *fusing)
{
    for (size_t r = 0; r < sizeof rules / sizeof rules[0]; r++)
        for (int n = 0; n < fusing->graph->node_count; n++)
            if (!fusing->graph->nodes[n].removed)
                SY_TRY(sy_while(fusing->ctx, rules[r]->apply(fusing, n), "%s", rules[r]->name));
    return SY_OK;
}

static sy_status apply_all(sy_fusing *fusing, const char **out_report)
{
    int before;
    do {
        before = fusing->changes;
        SY_TRY(apply_once(fusing));
    } while (fusing->changes > before);

    SY_TRY(sy_graph_compact(fusing->ctx, fusing->graph));
    SY_TRY(sy_infer_shapes(fusing->ctx, fusing->graph));
    SY_TRY(sy_graph_validate(fusing->ctx, fusing->graph));
    sy_log(fusing->ctx, SY_LOG_INFO, "fuse: %d changes, %d nodes left", fusing->changes,
           fusing->graph->node_count);
    if (!out_report)
        return SY_OK;
    const char *text = fusing->report.bytes ? fusing->report.bytes : "";
    *out_report = fusing->report.failed ? NULL : sy_arena_text(&fusing->graph->arena, text);
    return sy_check_alloc(fusing->ctx, *out_report);
}

sy_status sy_fuse(sy_ctx *ctx, const sy_graph *graph, sy_graph **out, const char **out_report)
{
    sy_fusing fusing = {.ctx = ctx};
    const char *report = NULL;
    SY_TRY(sy_graph_copy(ctx, graph, &fusing.graph));
    const sy_status status = apply_all(&fusing, out_report ? &report : NULL);
    sy_text_release(&fusing.report);
    if (status != SY_OK) {
        sy_graph_destroy(fusing.graph);
        return sy_while(ctx, status, "fusing");
    }
    *out = fusing.graph;
    if (out_report)
        *out_report = report;
    return SY_OK;
}
