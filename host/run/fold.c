/* A node whose outputs are known before any sample is seen is run once, here, and its outputs become
 * constants. */
#include <stdlib.h>

#include "run/run.h"
#include "graph/words.h"

/* A program of one node on the CPU. Inputs that are not constants are those of Shape and Size, which are not
 * read. */
typedef struct {
    sy_device *device;
    sy_program *program;
    sy_runner *runner;
    int *inputs, *outputs;
    const void **no_words; /* for inputs nothing reads */
} folding;

static int collect(const int *tensors, int count, const sy_graph *graph, bool constants_too, int *out)
{
    int collected = 0;
    for (int i = 0; i < count; i++)
        if (tensors[i] != SY_NONE && (constants_too || !graph->tensors[tensors[i]].data))
            out[collected++] = tensors[i];
    return collected;
}

static sy_status run_node(sy_ctx *ctx, const sy_graph *graph, const sy_node *node, folding *fold)
{
    const size_t inputs = (size_t)node->input_count, outputs = (size_t)node->output_count;
    fold->inputs = calloc(inputs + 1, sizeof *fold->inputs);
    fold->outputs = calloc(outputs + 1, sizeof *fold->outputs);
    fold->no_words = calloc(inputs + 1, sizeof *fold->no_words);
    SY_TRY(sy_check_alloc(ctx, fold->inputs && fold->outputs && fold->no_words ? fold : NULL));
    const sy_program_spec spec = {
        .graph = graph,
        .inputs = fold->inputs,
        .input_count = collect(node->inputs, node->input_count, graph, false, fold->inputs),
        .outputs = fold->outputs,
        .output_count = collect(node->outputs, node->output_count, graph, true, fold->outputs),
    };
    SY_TRY(sy_backend_cpu.open(ctx, 0, &fold->device));
    SY_TRY(sy_program_create(ctx, &sy_backend_cpu, fold->device, &spec, &fold->program));
    SY_TRY(sy_runner_create(ctx, fold->program, 1, &fold->runner));
    return sy_runner_run(ctx, fold->runner, 1, fold->no_words, NULL, NULL);
}

static void release(folding *fold)
{
    sy_runner_destroy(fold->runner);
    sy_program_destroy(fold->program);
    if (fold->device)
        sy_backend_cpu.close(fold->device);
    free(fold->no_words);
    free(fold->outputs);
    free(fold->inputs);
}

/* Output `index` of the program becomes the data of its tensor. */
static sy_status store_output(sy_ctx *ctx, sy_graph *graph, folding *fold, int index)
{
    sy_tensor *tensor = &graph->tensors[fold->outputs[index]];
    const size_t size = sy_dtype_bits(tensor->dtype) / 8;
    size_t count = 0;
    sy_shape_count(&tensor->shape, &count);
    uint32_t *words = malloc((count ? count : 1) * sizeof *words);
    void *elements = sy_arena_alloc(&graph->arena, count, size);
    sy_status status;
    SY_TRY_DONE(sy_check_alloc(ctx, words));
    SY_TRY_DONE(sy_check_alloc(ctx, elements));
    SY_TRY_DONE(sy_runner_read(ctx, fold->runner, 0, index, words, count));
    SY_TRY_DONE(sy_words_to_elements(ctx, tensor->dtype, words, count, elements));
    tensor->data = elements;
    tensor->bytes = count * size;
    tensor->producer = SY_NONE;
done:
    free(words);
    return status;
}

sy_status sy_graph_fold_node(sy_ctx *ctx, sy_graph *graph, int index)
{
    sy_node *node = &graph->nodes[index];
    folding fold = {0};
    int outputs = 0;
    sy_status status;
    SY_TRY_DONE(run_node(ctx, graph, node, &fold));
    for (int i = 0; i < node->output_count; i++)
        if (node->outputs[i] != SY_NONE)
            SY_TRY_DONE(store_output(ctx, graph, &fold, outputs++));
    node->removed = true;
done:
    release(&fold);
    return sy_while(ctx, status, "computing node '%s' (%s) beforehand", node->name, node->type);
}
