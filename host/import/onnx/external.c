#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "import/location.h"
#include "import/onnx/onnx.h"

static const char *find_key(const SyOnnx__Tensor *proto, const char *key)
{
    for (size_t i = 0; i < proto->n_external_data; i++)
        if (proto->external_data[i]->key && strcmp(proto->external_data[i]->key, key) == 0)
            return proto->external_data[i]->value;
    return NULL;
}

static sy_status parse_size(sy_ctx *ctx, const SyOnnx__Tensor *proto, const char *what, const char *key,
                            size_t absent, size_t *out)
{
    const char *text = find_key(proto, key);
    int64_t value;
    if (!text || !*text) {
        *out = absent;
        return SY_OK;
    }
    if (!sy_parse_int(text, &value) || value < 0)
        return sy_fail(ctx, SY_E_MODEL, "%s: external data %s = '%s': must be a number of bytes", what, key,
                       text);
    *out = (size_t)value;
    return SY_OK;
}

static sy_status map_location(sy_onnx_reader *reader, const char *what, const char *location)
{
    const size_t size = strlen(reader->folder) + strlen(location) + 2;
    char *path = malloc(size);
    SY_TRY(sy_check_alloc(reader->ctx, path));
    snprintf(path, size, "%s/%s", reader->folder, location);
    if (reader->external_path && strcmp(reader->external_path, path) == 0) {
        free(path);
        return SY_OK;
    }
    sy_mapped mapped = {0};
    const sy_status status = sy_file_map(reader->ctx, path, &mapped);
    if (status != SY_OK) {
        free(path);
        return sy_while(reader->ctx, status, "%s is held in another file of the model", what);
    }
    sy_onnx_close_external(reader);
    reader->external_path = path;
    reader->external = mapped;
    return SY_OK;
}

sy_status sy_onnx_read_external(sy_onnx_reader *reader, const SyOnnx__Tensor *proto, const char *what,
                                size_t bytes, const void **out)
{
    sy_ctx *ctx = reader->ctx;
    const char *location = find_key(proto, "location");
    size_t offset, length, end;
    if (!location || !*location)
        return sy_fail(ctx, SY_E_MODEL, "%s: external data names no file (key 'location')", what);
    if (!reader->folder)
        return sy_fail(ctx, SY_E_MODEL, "%s is held in the file '%s', which a model in memory cannot reach",
                       what, location);
    if (!sy_location_stays_below(location))
        return sy_fail(ctx, SY_E_MODEL,
                       "%s is held in '%s': a model may only read files below its own folder", what,
                       location);
    SY_TRY(parse_size(ctx, proto, what, "offset", 0, &offset));
    SY_TRY(parse_size(ctx, proto, what, "length", bytes, &length));
    if (length != bytes)
        return sy_fail(ctx, SY_E_MODEL,
                       "%s: its type and shape need %zu bytes, the external data has length = %zu", what,
                       bytes, length);
    SY_TRY(map_location(reader, what, location));
    if (!sy_add_size(offset, length, &end) || end > reader->external.size)
        return sy_fail(ctx, SY_E_MODEL, "%s needs %zu bytes at offset %zu of '%s', which has only %zu", what,
                       length, offset, location, reader->external.size);
    *out = sy_arena_copy(&reader->graph->arena, reader->external.bytes + offset, length);
    return sy_check_alloc(ctx, *out);
}

void sy_onnx_close_external(sy_onnx_reader *reader)
{
    sy_file_unmap(&reader->external);
    free(reader->external_path);
    reader->external_path = NULL;
}
