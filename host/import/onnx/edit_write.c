/* Writing an edited file: a list of pieces, most of them bytes of the file it was. */
#include <inttypes.h>
#include <stdlib.h>

#include "import/location.h"
#include "import/onnx/editor.h"
#include "import/onnx/fields.h"
#include "import/onnx/onnx.h"
#include "import/onnx/pack.h"
#include "import/onnx/versions.h"

enum { EXTERNAL_FROM = 1024 }; /* bytes: smaller ones stay in the model, where viewers show them */

typedef struct pieces {
    sy_span *list;
    size_t count, capacity, size;
} pieces;

typedef struct writing {
    sy_onnx_edit *edit;
    sy_ctx *ctx;
    sy_arena arena;
    sy_graph **loaded; /* memory of elements that were elsewhere */
    size_t loaded_count;
    const char *location; /* of the data file, relative to the model; NULL: everything goes into the model */
    FILE *data;
    size_t data_bytes;
} writing;

static sy_status add(writing *work, pieces *out, const void *at, size_t size)
{
    if (out->count == out->capacity) {
        const size_t capacity = out->capacity ? 2 * out->capacity : 64;
        sy_span *list = realloc(out->list, capacity * sizeof *list);
        SY_TRY(sy_check_alloc(work->ctx, list));
        out->list = list;
        out->capacity = capacity;
    }
    out->list[out->count++] = (sy_span){at, size};
    out->size += size;
    return SY_OK;
}

/* Releases the text. */
static sy_status add_text(writing *work, pieces *out, sy_text *text)
{
    const void *copy = text->failed ? NULL : sy_arena_copy(&work->arena, text->bytes, text->size);
    const size_t size = text->size;
    sy_text_release(text);
    SY_TRY(sy_check_alloc(work->ctx, copy));
    return add(work, out, copy, size);
}

/* The beginning of a message field: what follows has `size` bytes. */
static sy_status add_header(writing *work, pieces *out, uint32_t number, size_t size)
{
    sy_text text = {0};
    sy_put_varint(&text, (uint64_t)number << 3 | SY_WIRE_BYTES);
    sy_put_varint(&text, size);
    return add_text(work, out, &text);
}

static sy_status add_message(writing *work, pieces *out, uint32_t number, sy_text *text)
{
    SY_TRY(add_header(work, out, number, text->size));
    return add_text(work, out, text);
}

static void put_pair(sy_text *out, const char *key, const char *value)
{
    sy_text pair = {0};
    sy_wire_put_string(&pair, SY_PAIR_KEY, key);
    sy_wire_put_string(&pair, SY_PAIR_VALUE, value);
    sy_wire_put_bytes(out, SY_TENSOR_EXTERNAL_DATA, pair.bytes, pair.size);
    out->failed |= pair.failed;
    sy_text_release(&pair);
}

/* Appends elements to the data file, and says in `tensor` where they are. */
static void put_elsewhere(writing *work, sy_text *tensor, const void *data, size_t bytes)
{
    static const char zeros[SY_ONNX_EXTERNAL_ALIGNMENT];
    const size_t over = work->data_bytes % sizeof zeros;
    char number[24];
    if (over)
        work->data_bytes += fwrite(zeros, 1, sizeof zeros - over, work->data);
    put_pair(tensor, "location", work->location);
    snprintf(number, sizeof number, "%zu", work->data_bytes);
    put_pair(tensor, "offset", number);
    snprintf(number, sizeof number, "%zu", bytes);
    put_pair(tensor, "length", number);
    sy_wire_put_varint(tensor, SY_TENSOR_DATA_LOCATION, SY_ONNX_DATA_EXTERNAL);
    work->data_bytes += fwrite(data, 1, bytes, work->data);
}

/* A tensor as an initializer: `text`, which is released, and its elements. */
static sy_status add_elements(writing *work, pieces *out, sy_text *text, const void *data, size_t bytes)
{
    if (work->location && bytes >= EXTERNAL_FROM) {
        put_elsewhere(work, text, data, bytes);
        return add_message(work, out, SY_GRAPH_INITIALIZER, text);
    }
    sy_put_varint(text, (uint64_t)SY_TENSOR_RAW_DATA << 3 | SY_WIRE_BYTES);
    sy_put_varint(text, bytes);
    SY_TRY(add_header(work, out, SY_GRAPH_INITIALIZER, text->size + bytes));
    SY_TRY(add_text(work, out, text));
    return add(work, out, data, bytes);
}

static sy_status add_new_tensor(writing *work, pieces *out, const sy_tensor *tensor)
{
    sy_text text = {0};
    for (int i = 0; i < tensor->shape.rank; i++)
        sy_wire_put_varint(&text, SY_TENSOR_DIMS, (uint64_t)tensor->shape.dims[i]);
    sy_wire_put_varint(&text, SY_TENSOR_DATA_TYPE, (uint64_t)tensor->dtype);
    sy_wire_put_string(&text, SY_TENSOR_NAME, tensor->name);
    return add_elements(work, out, &text, tensor->data, tensor->bytes);
}

/* An initializer whose elements were elsewhere; its other fields stay. */
static sy_status add_moved(writing *work, pieces *out, const sy_onnx_constant *constant)
{
    sy_graph *memory = NULL;
    sy_tensor tensor;
    SY_TRY(sy_onnx_constant_load(work->ctx, work->edit->file, constant, &memory, &tensor));
    sy_bytes bytes = sy_wire_begin(constant->span);
    sy_wire_field field;
    sy_text text = {0};
    while (sy_wire_next(&bytes, &field))
        if (field.number != SY_TENSOR_EXTERNAL_DATA && field.number != SY_TENSOR_DATA_LOCATION)
            sy_text_add(&text, field.whole.at, field.whole.size);
    const bool streamed = work->location && tensor.bytes >= EXTERNAL_FROM;
    const sy_status status = add_elements(work, out, &text, tensor.data, tensor.bytes);
    if (streamed || status != SY_OK)
        sy_graph_destroy(memory);
    else
        work->loaded[work->loaded_count++] = memory;
    return status;
}

static const char *new_name(const sy_onnx_retarget *retarget, int input)
{
    for (; retarget; retarget = retarget->next) /* the latest first */
        if (retarget->input == input)
            return retarget->name;
    return NULL;
}

static sy_status add_node(writing *work, pieces *out, int index, const sy_wire_field *node)
{
    const sy_onnx_edit *edit = work->edit;
    for (const sy_onnx_added *a = edit->first_before[index]; a; a = a->next)
        SY_TRY(add(work, out, a->field.at, a->field.size));
    if (edit->node_dropped[index])
        return SY_OK;
    if (!edit->retargets[index])
        return add(work, out, node->whole.at, node->whole.size);
    sy_bytes bytes = sy_wire_begin(node->data);
    sy_wire_field field;
    sy_text text = {0};
    int input = 0;
    while (sy_wire_next(&bytes, &field)) {
        const bool is_input = field.number == SY_NODE_INPUT && field.type == SY_WIRE_BYTES;
        const char *name = is_input ? new_name(edit->retargets[index], input) : NULL;
        input += is_input;
        if (name)
            sy_wire_put_string(&text, SY_NODE_INPUT, name);
        else
            sy_text_add(&text, field.whole.at, field.whole.size);
    }
    for (const char *name; (name = new_name(edit->retargets[index], input)) != NULL; input++)
        sy_wire_put_string(&text, SY_NODE_INPUT, name);
    return add_message(work, out, SY_GRAPH_NODE, &text);
}

/* Whether a graph input is an initializer that is left out. */
static bool is_dropped_input(const writing *work, sy_span value)
{
    const sy_onnx_file *file = work->edit->file;
    sy_bytes bytes = sy_wire_begin(value);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field))
        for (int c = 0; field.number == SY_VALUE_NAME && c < file->initializer_count; c++)
            if (work->edit->constant_dropped[c] && strlen(file->constants[c].name) == field.data.size &&
                memcmp(file->constants[c].name, field.data.at, field.data.size) == 0)
                return true;
    return false;
}

static sy_status add_initializer(writing *work, pieces *out, int index, const sy_wire_field *field)
{
    const sy_onnx_constant *constant = &work->edit->file->constants[index];
    if (work->edit->constant_dropped[index])
        return SY_OK;
    if (constant->is_external)
        return add_moved(work, out, constant);
    return add(work, out, field->whole.at, field->whole.size);
}

static sy_status add_graph(writing *work, pieces *out)
{
    const sy_onnx_edit *edit = work->edit;
    sy_bytes bytes = sy_wire_begin(edit->file->graph);
    sy_wire_field field;
    int node = 0, initializer = 0;
    while (sy_wire_next(&bytes, &field)) {
        const bool message = field.type == SY_WIRE_BYTES;
        if (message && field.number == SY_GRAPH_NODE)
            SY_TRY(add_node(work, out, node++, &field));
        else if (message && field.number == SY_GRAPH_INITIALIZER)
            SY_TRY(add_initializer(work, out, initializer++, &field));
        else if (!(message && field.number == SY_GRAPH_INPUT && is_dropped_input(work, field.data)))
            SY_TRY(add(work, out, field.whole.at, field.whole.size));
    }
    for (const sy_onnx_added *a = edit->first_before[node]; a; a = a->next)
        SY_TRY(add(work, out, a->field.at, a->field.size));
    for (const sy_onnx_new_tensor *t = edit->first_tensor; t; t = t->next)
        SY_TRY(add_new_tensor(work, out, &t->tensor));
    return SY_OK;
}

static bool is_own(const sy_wire_field *domain)
{
    return domain->data.size == 0 || (domain->data.size == 7 && memcmp(domain->data.at, "ai.onnx", 7) == 0);
}

/* An imported operator set, raised where it is ONNX's own. */
static sy_status add_opset(writing *work, pieces *out, const sy_wire_field *opset)
{
    sy_bytes bytes = sy_wire_begin(opset->data);
    sy_wire_field field;
    sy_text text = {0};
    bool own = true;
    while (sy_wire_next(&bytes, &field)) {
        own &= field.number != SY_OPSET_DOMAIN || is_own(&field);
        if (field.number == SY_OPSET_VERSION)
            sy_wire_put_varint(&text, SY_OPSET_VERSION, (uint64_t)work->edit->opset);
        else
            sy_text_add(&text, field.whole.at, field.whole.size);
    }
    if (own)
        return add_message(work, out, SY_MODEL_OPSET, &text);
    sy_text_release(&text);
    return add(work, out, opset->whole.at, opset->whole.size);
}

static int64_t ir_version_of(const sy_onnx_edit *edit)
{
    const int64_t least = edit->opset > edit->file->opset ? sy_onnx_ir_version(edit->opset)
                          : edit->adds                    ? sy_onnx_ir_version(0)
                                                          : 0;
    return edit->file->ir_version > least ? edit->file->ir_version : least;
}

static sy_status add_model_field(writing *work, pieces *out, const sy_wire_field *field)
{
    const sy_onnx_edit *edit = work->edit;
    if (field->number == SY_MODEL_GRAPH && field->type == SY_WIRE_BYTES) {
        pieces graph = {0};
        sy_status status = add_graph(work, &graph);
        if (status == SY_OK)
            status = add_header(work, out, SY_MODEL_GRAPH, graph.size);
        for (size_t i = 0; i < graph.count && status == SY_OK; i++)
            status = add(work, out, graph.list[i].at, graph.list[i].size);
        free(graph.list);
        return status;
    }
    if (field->number == SY_MODEL_IR_VERSION && ir_version_of(edit) != edit->file->ir_version) {
        sy_text text = {0};
        sy_wire_put_varint(&text, SY_MODEL_IR_VERSION, (uint64_t)ir_version_of(edit));
        return add_text(work, out, &text);
    }
    if (field->number == SY_MODEL_OPSET && field->type == SY_WIRE_BYTES && edit->opset > edit->file->opset)
        return add_opset(work, out, field);
    return add(work, out, field->whole.at, field->whole.size);
}

static sy_status add_model(writing *work, pieces *out)
{
    sy_bytes bytes = sy_wire_begin(work->edit->file->bytes);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field))
        SY_TRY(add_model_field(work, out, &field));
    return SY_OK;
}

/* Bytes of the file when everything is in it, at most. */
static size_t size_within(const sy_onnx_edit *edit)
{
    enum { BESIDE = 256 }; /* name, type and shape of a tensor, and more */
    size_t size = edit->file->bytes.size, bytes;
    for (int c = 0; c < edit->file->initializer_count; c++) {
        const sy_onnx_constant *constant = &edit->file->constants[c];
        if (edit->constant_dropped[c])
            size -= constant->span.size;
        else if (constant->is_external && sy_shape_count(&constant->shape, &bytes))
            size += bytes * sy_dtype_bits((sy_dtype)constant->data_type) / 8;
    }
    for (const sy_onnx_new_tensor *t = edit->first_tensor; t; t = t->next)
        size += t->tensor.bytes + BESIDE + strlen(t->tensor.name);
    return size;
}

static sy_status refuse_elsewhere(void *user, sy_span tensor)
{
    sy_bytes bytes = sy_wire_begin(tensor);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_TENSOR_DATA_LOCATION && field.value == SY_ONNX_DATA_EXTERNAL)
            return sy_fail(user, SY_E_UNSUPPORTED,
                           "a tensor in a subgraph or a Constant node is held in another file: write the "
                           "model into the folder it is in");
    return SY_OK;
}

/* Tensors that stay where they are name files below their model's folder. */
static sy_status check_folder(writing *work, const char *path)
{
    const sy_onnx_file *file = work->edit->file;
    const sy_onnx_body_visitor visitor = {.user = work->ctx, .tensor = refuse_elsewhere};
    char *folder = sy_folder_of(path);
    SY_TRY(sy_check_alloc(work->ctx, folder));
    const bool same = file->folder && sy_path_same(folder, file->folder);
    free(folder);
    for (int c = file->initializer_count; c < file->constant_count && !same; c++)
        if (!work->edit->constant_dropped[c])
            SY_TRY(refuse_elsewhere(work->ctx, file->constants[c].span));
    for (int n = 0; n < file->node_count && !same; n++)
        if (file->nodes[n].has_bodies)
            SY_TRY(sy_onnx_visit_bodies(work->ctx, file->nodes[n].span, &visitor));
    return SY_OK;
}

static sy_status write_pieces(writing *work, const pieces *list, const char *path)
{
    sy_writer writer = {0};
    SY_TRY(sy_writer_open(work->ctx, path, &writer));
    for (size_t i = 0; i < list->count; i++)
        if (list->list[i].size)
            fwrite(list->list[i].at, 1, list->list[i].size, writer.file);
    return sy_writer_commit(work->ctx, &writer);
}

/* The data go first: a model whose data are missing is worse than data without a model. */
static sy_status write_files(writing *work, const char *path, size_t limit)
{
    pieces list = {0};
    sy_writer data = {0};
    sy_status status = SY_OK;
    const char *data_path = sy_arena_printf(&work->arena, "%s.data", path);
    SY_TRY(sy_check_alloc(work->ctx, data_path));
    if (size_within(work->edit) > limit) {
        SY_TRY(sy_writer_open(work->ctx, data_path, &data));
        work->data = data.file;
        work->location = sy_path_base(data_path);
    }
    status = add_model(work, &list);
    if (status == SY_OK && list.size > limit)
        status = sy_fail(work->ctx, SY_E_UNSUPPORTED,
                         "the quantized model has %zu bytes beside its weights; a protobuf file ends at %zu",
                         list.size, limit);
    if (status == SY_OK && work->data)
        status = sy_writer_commit(work->ctx, &data);
    if (status == SY_OK)
        status = write_pieces(work, &list, path);
    sy_writer_abandon(&data);
    free(list.list);
    return status;
}

sy_status sy_onnx_edit_save_within(sy_onnx_edit *edit, const char *path, size_t limit)
{
    writing work = {.edit = edit, .ctx = edit->ctx};
    work.loaded = calloc((size_t)edit->file->initializer_count + 1, sizeof(sy_graph *));
    sy_status status = sy_check_alloc(edit->ctx, work.loaded);
    if (status == SY_OK)
        status = check_folder(&work, path);
    if (status == SY_OK)
        status = write_files(&work, path, limit);
    for (size_t i = 0; i < work.loaded_count; i++)
        sy_graph_destroy(work.loaded[i]);
    free(work.loaded);
    sy_arena_release(&work.arena);
    return status;
}

sy_status sy_onnx_edit_save(sy_onnx_edit *edit, const char *path)
{
    return sy_onnx_edit_save_within(edit, path, ((size_t)1 << 31) - 1);
}
