#include "import/import.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "import/location.h"
#include "import/mindir/translate.h"
#include "ops/op.h"

enum { OPSET = 17, OPSET_WITH_GELU = 20, OPSET_WITH_MISH = 18, IR_VERSION = 8 };

static sy_dtype dtype_of(int64_t data_type)
{
    enum { FLOAT64 = 17 };
    if (data_type == FLOAT64)
        return SY_DTYPE_DOUBLE;
    if (data_type < 0 || data_type > SY_DTYPE_BFLOAT16)
        return SY_DTYPE_UNDEFINED;
    const sy_dtype dtype = (sy_dtype)data_type;
    return dtype == SY_DTYPE_STRING || sy_dtype_bits(dtype) ? dtype : SY_DTYPE_UNDEFINED;
}

static sy_status add_tensor(sy_mind_translator *work, const char *name, sy_dtype dtype, const sy_shape *shape,
                            int *out)
{
    if (!*name || sy_graph_find_tensor(work->graph, name) != SY_NONE)
        return sy_fail(work->ctx, SY_E_MODEL, "the name '%s' is empty or there twice", name);
    return sy_graph_add_tensor(work->ctx, work->graph, name, dtype, shape, out);
}

static sy_status add_inputs(sy_mind_translator *work)
{
    const sy_mind_model *model = work->model;
    sy_graph *graph = work->graph;
    graph->inputs = calloc((size_t)model->input_count + 1, sizeof *graph->inputs);
    SY_TRY(sy_check_alloc(work->ctx, graph->inputs));
    for (int i = 0; i < model->input_count; i++) {
        const sy_mind_value *input = &model->inputs[i];
        const sy_dtype dtype = dtype_of(input->type.data_type);
        if (dtype == SY_DTYPE_UNDEFINED || dtype == SY_DTYPE_STRING)
            return sy_fail(work->ctx, SY_E_UNSUPPORTED, "input '%s' has MindIR's element type %" PRId64,
                           input->name, input->type.data_type);
        SY_TRY(add_tensor(work, sy_mind_local_name(input->name), dtype, &input->type.shape,
                          &graph->inputs[graph->input_count]));
        graph->input_count++;
    }
    return SY_OK;
}

/* A tensor of the file, in one of the graph. */
static sy_status fill(sy_mind_translator *work, const sy_mind_tensor *tensor, const char *folder, int index)
{
    const void *data;
    size_t bytes;
    sy_arena arena = {0};
    sy_status status;
    SY_TRY_DONE(sy_mind_tensor_bytes(work->ctx, tensor, folder, &arena, &data, &bytes));
    work->graph->tensors[index].data = sy_arena_copy(&work->graph->arena, data, bytes);
    work->graph->tensors[index].bytes = bytes;
    SY_TRY_DONE(sy_check_alloc(work->ctx, work->graph->tensors[index].data));
done:
    sy_arena_release(&arena);
    return status;
}

/* A Constant: numbers stay what they are until somebody wants a tensor. */
static sy_status translate_constant(sy_mind_translator *work, const char *folder)
{
    const sy_mind_attr *value = sy_mind_attr_of(work->node, "value");
    sy_mind_meaning *meaning = &work->meanings[work->index];
    *meaning = (sy_mind_meaning){.kind = SY_MIND_KIND_NOTHING};
    if (!value || value->type == SY_MIND_UMONAD || value->type == SY_MIND_IOMONAD)
        return SY_OK;
    if (!value->tensor.at) {
        *meaning = (sy_mind_meaning){.kind = SY_MIND_KIND_CONSTANT, .constant = value};
        return SY_OK;
    }
    sy_mind_tensor tensor;
    int index;
    SY_TRY(sy_mind_read_tensor(work->ctx, work->model, value->tensor, "a constant", &tensor));
    SY_TRY(sy_graph_add_tensor(work->ctx, work->graph, sy_mind_local_name(work->node->output),
                               dtype_of(tensor.data_type), &tensor.shape, &index));
    sy_mind_means(work, index);
    return fill(work, &tensor, folder, index);
}

/* Those of sub graphs too: names of constants are the file's. */
static sy_status translate_constants(sy_mind_translator *work, const char *folder)
{
    for (int n = 0; n < work->model->all_count; n++) {
        work->index = n;
        work->node = &work->model->nodes[n];
        if (strcmp(work->node->type, "Constant") == 0)
            SY_TRY(sy_while(work->ctx, translate_constant(work, folder), "node '%s' (Constant)",
                            work->node->output));
    }
    return SY_OK;
}

static sy_status add_output(sy_mind_translator *work, const sy_mind_meaning *meaning, const char *name)
{
    sy_graph *graph = work->graph;
    if (meaning->kind != SY_MIND_KIND_TENSOR || graph->tensors[meaning->tensor].producer == SY_NONE)
        return sy_fail(work->ctx, SY_E_UNSUPPORTED, "output '%s' is no computed tensor", name);
    if (!sy_graph_is_output(graph, meaning->tensor))
        graph->outputs[graph->output_count++] = meaning->tensor;
    return SY_OK;
}

static sy_status add_outputs(sy_mind_translator *work)
{
    const sy_mind_model *model = work->model;
    sy_graph *graph = work->graph;
    size_t count = 0;
    for (int o = 0; o < model->output_count; o++) {
        const int node = sy_mind_find_node(model, model->outputs[o].name);
        if (node == SY_NONE || node >= model->node_count)
            return sy_fail(work->ctx, SY_E_MODEL, "nothing makes output '%s'", model->outputs[o].name);
        count +=
            work->meanings[node].kind == SY_MIND_KIND_TUPLE ? (size_t)work->meanings[node].element_count : 1;
    }
    graph->outputs = calloc(count + 1, sizeof *graph->outputs);
    SY_TRY(sy_check_alloc(work->ctx, graph->outputs));
    for (int o = 0; o < model->output_count; o++) {
        const sy_mind_meaning *meaning = &work->meanings[sy_mind_find_node(model, model->outputs[o].name)];
        const int elements = meaning->kind == SY_MIND_KIND_TUPLE ? meaning->element_count : 0;
        for (int k = 0; k < elements; k++)
            SY_TRY(add_output(work, &meaning->elements[k], model->outputs[o].name));
        if (meaning->kind != SY_MIND_KIND_TUPLE)
            SY_TRY(add_output(work, meaning, model->outputs[o].name));
    }
    return graph->output_count ? SY_OK : sy_fail(work->ctx, SY_E_MODEL, "the graph has no output");
}

static sy_status start_graph(sy_mind_translator *work)
{
    const sy_mind_model *model = work->model;
    sy_graph *graph = work->graph;
    int64_t opset = OPSET;
    for (int n = 0; n < model->all_count; n++)
        if (strcmp(model->nodes[n].type, "GeLU") == 0)
            opset = OPSET_WITH_GELU;
        else if (strcmp(model->nodes[n].type, "Mish") == 0 && opset < OPSET_WITH_MISH)
            opset = OPSET_WITH_MISH;
    graph->name = sy_arena_text(&graph->arena, sy_mind_local_name(model->graph_name));
    graph->producer = sy_arena_printf(&graph->arena, "%s %s", model->producer, model->version);
    graph->ir_version = IR_VERSION;
    graph->opsets = sy_arena_alloc(&graph->arena, 1, sizeof *graph->opsets);
    SY_TRY(sy_check_alloc(work->ctx, graph->name && graph->producer ? graph->opsets : NULL));
    graph->opsets[0] = (sy_opset){"", opset};
    graph->opset_count = 1;
    work->meanings = sy_arena_alloc(&work->arena, (size_t)model->all_count, sizeof *work->meanings);
    work->arguments = sy_arena_alloc(&work->arena, (size_t)model->argument_count, sizeof *work->arguments);
    return sy_check_alloc(work->ctx, work->arguments ? work->meanings : NULL);
}

static sy_status build(sy_mind_translator *work, const char *folder)
{
    SY_TRY(start_graph(work));
    SY_TRY(add_inputs(work));
    for (int p = 0; p < work->model->parameter_count; p++) {
        const sy_mind_tensor *parameter = &work->model->parameters[p];
        int index;
        SY_TRY(add_tensor(work, sy_mind_local_name(parameter->name), dtype_of(parameter->data_type),
                          &parameter->shape, &index));
        SY_TRY(fill(work, parameter, folder, index));
    }
    SY_TRY(translate_constants(work, folder));
    SY_TRY(sy_mind_translate_nodes(work));
    SY_TRY(add_outputs(work));
    SY_TRY(sy_graph_compact(work->ctx, work->graph));
    return sy_graph_validate(work->ctx, work->graph);
}

sy_status sy_import_mindir_bytes(sy_ctx *ctx, const void *bytes, size_t size, const char *folder,
                                 sy_graph **out)
{
    sy_mind_model model = {0};
    sy_mind_translator work = {.ctx = ctx, .model = &model};
    sy_status status = sy_mind_read(ctx, bytes, size, &model);
    if (status == SY_OK)
        status = sy_graph_create(ctx, &work.graph);
    if (status == SY_OK)
        status = build(&work, folder);
    if (status == SY_OK)
        *out = work.graph;
    else
        sy_graph_destroy(work.graph);
    sy_arena_release(&work.arena);
    sy_mind_release(&model);
    return status;
}

sy_status sy_import_model(sy_ctx *ctx, const char *path, sy_graph **out, sy_hash *out_hash)
{
    sy_mapped mapped = {0};
    SY_TRY(sy_file_map(ctx, path, &mapped));
    if (!sy_mind_recognise(mapped.bytes, mapped.size)) {
        sy_file_unmap(&mapped);
        return sy_import_onnx(ctx, path, out, out_hash);
    }
    char *folder = sy_folder_of(path);
    sy_status status = sy_check_alloc(ctx, folder);
    if (status == SY_OK)
        status =
            sy_while(ctx, sy_import_mindir_bytes(ctx, mapped.bytes, mapped.size, folder, out), "%s", path);
    if (status == SY_OK && out_hash)
        *out_hash = sy_hash_of(mapped.bytes, mapped.size);
    free(folder);
    sy_file_unmap(&mapped);
    return status;
}
