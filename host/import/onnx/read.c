#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "import/import.h"
#include "import/location.h"
#include "import/onnx/onnx.h"

enum { OPSETS_MAX = 1024 };

static void *budget_alloc(void *user, size_t size)
{
    enum { ROUNDING = 64 }; /* of the arena */
    sy_onnx_memory *memory = user;
    if (size > memory->left || memory->left - size < ROUNDING) {
        memory->exceeded = true;
        return NULL;
    }
    memory->left -= size + ROUNDING;
    return sy_arena_alloc(memory->arena, size, 1);
}

static void budget_free(void *user, void *pointer)
{
    (void)user;
    (void)pointer;
}

void sy_onnx_memory_init(sy_onnx_memory *memory, sy_arena *arena, size_t file_size)
{
    static const size_t always = (size_t)64 << 20, per_byte = 32;
    *memory = (sy_onnx_memory){.allocator = {budget_alloc, budget_free, memory}, .arena = arena};
    memory->left = always + per_byte * file_size;
}

static sy_status unpack(sy_onnx_reader *reader, const unsigned char *bytes, size_t size)
{
    static const size_t largest = (size_t)1 << 31;
    if (size >= largest)
        return sy_fail(
            reader->ctx, SY_E_MODEL,
            "%zu bytes; a protobuf file ends at 2 GiB, larger models hold their weights in other files",
            size);
    SY_TRY(sy_onnx_recognise(reader->ctx, bytes, size));
    sy_onnx_memory_init(&reader->memory, &reader->graph->arena, size);
    reader->model = sy_onnx__model__unpack(&reader->memory.allocator, size, bytes);
    if (!reader->model && reader->memory.exceeded)
        return sy_fail(reader->ctx, SY_E_MODEL,
                       "unpacking %zu bytes takes more than 32 times as much memory; this is no model", size);
    if (!reader->model)
        return sy_onnx_explain_damage(reader->ctx, bytes, size);
    if (!reader->model->graph)
        return sy_fail(reader->ctx, SY_E_MODEL, "this is not an ONNX model: it holds no graph");
    return SY_OK;
}

static const char *own_domain(const char *domain)
{
    return !domain || strcmp(domain, "ai.onnx") == 0 ? "" : domain;
}

static sy_status read_opsets(sy_onnx_reader *reader)
{
    const SyOnnx__Model *model = reader->model;
    sy_graph *graph = reader->graph;
    if (model->n_opset_import == 0 || model->n_opset_import > OPSETS_MAX)
        return sy_fail(reader->ctx, SY_E_MODEL,
                       "the model imports %zu operator sets, at least one is needed (is it an ONNX model?)",
                       model->n_opset_import);
    graph->opsets = sy_arena_alloc(&graph->arena, model->n_opset_import, sizeof *graph->opsets);
    SY_TRY(sy_check_alloc(reader->ctx, graph->opsets));
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const char *domain = own_domain(model->opset_import[i]->domain);
        const int64_t version = model->opset_import[i]->version;
        if (!*domain && (version < SY_ONNX_OPSET_MIN || version > SY_ONNX_OPSET_MAX))
            return sy_fail(
                reader->ctx, SY_E_UNSUPPORTED,
                "the model is of opset %lld; %d to %d are supported (onnx.version_converter converts)",
                (long long)version, SY_ONNX_OPSET_MIN, SY_ONNX_OPSET_MAX);
        if (version < 0 || version > INT32_MAX)
            return sy_fail(reader->ctx, SY_E_MODEL, "domain '%s' is imported in the version %lld", domain,
                           (long long)version);
        graph->opsets[graph->opset_count++] = (sy_opset){domain, version};
    }
    return SY_OK;
}

static sy_status read_metadata(sy_onnx_reader *reader)
{
    const SyOnnx__Model *model = reader->model;
    sy_arena *arena = &reader->graph->arena;
    const char **pairs = sy_arena_alloc(arena, model->n_metadata_props, 2 * sizeof *pairs);
    SY_TRY(sy_check_alloc(reader->ctx, pairs));
    for (size_t i = 0; i < model->n_metadata_props; i++) {
        const SyOnnx__Pair *pair = model->metadata_props[i];
        pairs[2 * i] = pair->key ? pair->key : "";
        pairs[2 * i + 1] = pair->value ? pair->value : "";
    }
    reader->graph->metadata = pairs;
    reader->graph->metadata_count = (int)model->n_metadata_props;
    return SY_OK;
}

static sy_status read_header(sy_onnx_reader *reader)
{
    const SyOnnx__Model *model = reader->model;
    const char *producer = model->producer_name ? model->producer_name : "";
    const char *version = model->producer_version ? model->producer_version : "";
    sy_graph *graph = reader->graph;
    if (model->n_functions)
        return sy_fail(
            reader->ctx, SY_E_UNSUPPORTED,
            "the model defines functions of its own; inline them with onnx.inliner.inline_local_functions");
    graph->ir_version = model->ir_version;
    graph->name = model->graph->name ? model->graph->name : "";
    graph->producer =
        sy_arena_printf(&graph->arena, "%s%s%s", producer, *producer && *version ? " " : "", version);
    SY_TRY(sy_check_alloc(reader->ctx, graph->producer));
    SY_TRY(read_metadata(reader));
    return read_opsets(reader);
}

static sy_status read_model(sy_onnx_reader *reader, const void *bytes, size_t size)
{
    SY_TRY(unpack(reader, bytes, size));
    SY_TRY(read_header(reader));
    SY_TRY(sy_onnx_read_graph(reader));
    return sy_graph_validate(reader->ctx, reader->graph);
}

sy_status sy_import_onnx_bytes(sy_ctx *ctx, const void *bytes, size_t size, const char *folder,
                               sy_graph **out)
{
    sy_onnx_reader reader = {.ctx = ctx, .folder = folder};
    SY_TRY(sy_graph_create(ctx, &reader.graph));
    const sy_status status = read_model(&reader, bytes, size);
    sy_onnx_close_external(&reader);
    if (status == SY_OK)
        *out = reader.graph;
    else
        sy_graph_destroy(reader.graph);
    return status;
}

sy_status sy_import_onnx(sy_ctx *ctx, const char *path, sy_graph **out, sy_hash *out_hash)
{
    sy_mapped mapped = {0};
    sy_status status;
    char *folder = sy_folder_of(path);
    SY_TRY_DONE(sy_check_alloc(ctx, folder));
    SY_TRY_DONE(sy_file_map(ctx, path, &mapped));
    status = sy_import_onnx_bytes(ctx, mapped.bytes, mapped.size, folder, out);
    if (status == SY_OK && out_hash)
        *out_hash = sy_hash_of(mapped.bytes, mapped.size);
    status = sy_while(ctx, status, "%s", path);
done:
    sy_file_unmap(&mapped);
    free(folder);
    return status;
}
