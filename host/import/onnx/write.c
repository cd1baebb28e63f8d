#include <stdlib.h>
#include <string.h>

#include "import/import.h"
#include "import/onnx/onnx.h"
#include "import/onnx/pack.h"

/* Small constants stay in the model, where viewers show them. */
enum { EXTERNAL_FROM = 1024 };

/* What protobuf-c packs into: a file. Errors stick to the stream and are found by sy_writer_commit(). */
typedef struct file_buffer {
    ProtobufCBuffer base;
    FILE *file;
} file_buffer;

static void append(ProtobufCBuffer *buffer, size_t size, const uint8_t *bytes)
{
    if (size)
        fwrite(bytes, 1, size, ((file_buffer *)buffer)->file);
}

static sy_status write_model(sy_ctx *ctx, const SyOnnx__Model *model, const char *path)
{
    sy_writer writer = {0};
    SY_TRY(sy_writer_open(ctx, path, &writer));
    file_buffer buffer = {{append}, writer.file};
    sy_onnx__model__pack_to_buffer(model, &buffer.base);
    return sy_writer_commit(ctx, &writer);
}

static void pad(FILE *file, size_t size)
{
    static const char zeros[SY_ONNX_EXTERNAL_ALIGNMENT];
    const size_t over = size % sizeof zeros;
    if (over)
        fwrite(zeros, 1, sizeof zeros - over, file);
}

static sy_status write_data(sy_ctx *ctx, const sy_onnx_packer *packer, const char *path)
{
    sy_writer writer = {0};
    SY_TRY(sy_writer_open(ctx, path, &writer));
    for (int i = 0; i < packer->external_count; i++) {
        fwrite(packer->external[i]->data, 1, packer->external[i]->bytes, writer.file);
        if (i + 1 < packer->external_count)
            pad(writer.file, packer->external[i]->bytes);
    }
    return sy_writer_commit(ctx, &writer);
}

static sy_status constant_bytes(sy_onnx_packer *packer, size_t *out)
{
    const sy_graph *graph = packer->graph;
    bool *used = sy_arena_alloc(&packer->arena, (size_t)graph->tensor_count, sizeof *used);
    SY_TRY(sy_check_alloc(packer->ctx, used));
    sy_onnx_mark_used(graph, used);
    *out = 0;
    for (int t = 0; t < graph->tensor_count; t++)
        if (used[t] && graph->tensors[t].data)
            *out += graph->tensors[t].bytes;
    return SY_OK;
}

/* The data go first: a model whose data are missing is worse than data without a model. */
static sy_status write_files(sy_onnx_packer *packer, const char *path, size_t inline_limit)
{
    size_t bytes;
    SY_TRY(constant_bytes(packer, &bytes));
    const char *data_path = sy_arena_printf(&packer->arena, "%s.data", path);
    SY_TRY(sy_check_alloc(packer->ctx, data_path));
    if (bytes >= inline_limit) {
        packer->external_name = sy_path_base(data_path);
        packer->external_from = EXTERNAL_FROM;
    }
    SyOnnx__Model model;
    sy_onnx__model__init(&model);
    SY_TRY(sy_onnx_pack_model(packer, &model));
    if (packer->external_count)
        SY_TRY(write_data(packer->ctx, packer, data_path));
    const sy_status status = write_model(packer->ctx, &model, path);
    if (status != SY_OK && packer->external_count)
        remove(data_path);
    return status;
}

sy_status sy_onnx_write(sy_ctx *ctx, const sy_graph *graph, const char *path, size_t inline_limit)
{
    sy_onnx_packer packer = {.ctx = ctx, .graph = graph};
    const sy_status status = write_files(&packer, path, inline_limit);
    sy_arena_release(&packer.arena);
    return status;
}

sy_status sy_export_onnx(sy_ctx *ctx, const sy_graph *graph, const char *path)
{
    return sy_onnx_write(ctx, graph, path, (size_t)1 << 30);
}
