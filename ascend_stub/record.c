#include "ascend_stub/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "ops/ascend.h"
#include "target/lint.h"

/* The AscendDequant behind a product, past an Add; NULL where there is none. */
static const sy_node *dequant_of(const sy_graph *graph, const sy_node *product)
{
    const sy_node *reader = sy_lint_only_reader(graph, product->outputs[0]);
    if (reader && strcmp(reader->type, "Add") == 0)
        reader = sy_lint_only_reader(graph, reader->outputs[0]);
    return reader && strcmp(reader->type, "AscendDequant") == 0 ? reader : NULL;
}

static void print_quoted(const char *text, sy_text *out)
{
    sy_text_printf(out, "\"");
    for (; *text; text++)
        if (*text == '"' || *text == '\\')
            sy_text_printf(out, "\\%c", *text);
        else if ((unsigned char)*text < ' ')
            sy_text_printf(out, "\\%03o", (unsigned)(unsigned char)*text);
        else
            sy_text_printf(out, "%c", *text);
    sy_text_printf(out, "\"");
}

/* What the file holds is the product of both scales, so the weights' are a quotient. */
static void print_product(const sy_graph *graph, const sy_node *node, const sy_node *quant,
                          const sy_node *dequant, sy_text *out)
{
    const sy_tensor *parameter = &graph->tensors[dequant->inputs[1]];
    const float scale = 1 / sy_node_float(quant, "scale", 1);
    size_t count = 0;
    if (!sy_shape_count(&parameter->shape, &count))
        return;
    float *deq = calloc(count, sizeof *deq);
    if (!deq || !sy_ascend_read_scales(parameter, deq, count)) {
        out->failed = true;
        free(deq);
        return;
    }
    sy_text_printf(out, "record {\n  key: ");
    print_quoted(node->name, out);
    sy_text_printf(out, "\n  value {\n    scale_d: %.9g\n    offset_d: %d\n", (double)scale,
                   (int)sy_node_float(quant, "offset", 0));
    for (size_t c = 0; c < count; c++)
        sy_text_printf(out, "    scale_w: %.9g\n", (double)(deq[c] / scale));
    for (size_t c = 0; c < count; c++)
        sy_text_printf(out, "    offset_w: 0\n");
    sy_text_printf(out, "  }\n}\n");
    free(deq);
}

void sy_ascend_print_record(const sy_graph *emitted, sy_text *out)
{
    for (int n = 0; n < emitted->node_count; n++) {
        const sy_node *node = &emitted->nodes[n];
        const sy_node *quant =
            node->input_count ? sy_lint_producer(emitted, node->inputs[0], "AscendQuant") : NULL;
        const sy_node *dequant = quant ? dequant_of(emitted, node) : NULL;
        if (dequant)
            print_product(emitted, node, quant, dequant, out);
    }
}

sy_status sy_ascend_write_record(sy_ctx *ctx, const sy_graph *emitted, const sy_emit_spec *spec)
{
    sy_arena arena = {0};
    sy_text record = {0};
    const char *path = sy_path_beside(&arena, spec->path, ".record.txt");
    sy_ascend_print_record(emitted, &record);
    sy_status status = sy_check_alloc(ctx, record.failed ? NULL : path);
    if (status == SY_OK)
        status = sy_file_save(ctx, path, record.bytes ? record.bytes : "", record.size);
    if (status == SY_OK && spec->notes)
        sy_text_printf(spec->notes, "  factors for Ascend's own quantization tool: %s\n", path);
    sy_text_release(&record);
    sy_arena_release(&arena);
    return status;
}
