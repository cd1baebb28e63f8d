#include "import/onnx/file.h"

#include <stdio.h>
#include <stdlib.h>

#include "import/location.h"
#include "import/onnx/fields.h"
#include "import/onnx/onnx.h"

enum { WHAT_TEXT = 128 };

/* A list, from the file's arena. */
static void *take(sy_ctx *ctx, sy_onnx_file *file, size_t count, size_t size)
{
    return sy_wire_take(ctx, &file->arena, &file->memory_left, count, size);
}

static sy_status take_text(sy_ctx *ctx, sy_onnx_file *file, sy_span span, const char *what, const char **out)
{
    if (span.size && memchr(span.at, 0, span.size))
        return sy_fail(ctx, SY_E_MODEL, "%s holds a name that is no text", what);
    char *text = take(ctx, file, span.size + 1, 1);
    if (!text)
        return SY_E_MODEL;
    if (span.size)
        memcpy(text, span.at, span.size);
    *out = text;
    return SY_OK;
}

static sy_status damaged(sy_ctx *ctx, const char *what, sy_span span)
{
    return sy_fail(ctx, SY_E_MODEL, "%s is damaged: its fields do not fit in its %zu bytes", what, span.size);
}

static bool has_body(sy_span attribute)
{
    return sy_wire_count(attribute, SY_ATTRIBUTE_G) || sy_wire_count(attribute, SY_ATTRIBUTE_GRAPHS);
}

static sy_status read_node(sy_ctx *ctx, sy_onnx_file *file, sy_span span, const char *what, sy_onnx_node *out)
{
    sy_onnx_node node = {.span = span, .name = "", .type = "", .domain = ""};
    node.inputs = take(ctx, file, sy_wire_count(span, SY_NODE_INPUT), sizeof *node.inputs);
    node.outputs = take(ctx, file, sy_wire_count(span, SY_NODE_OUTPUT), sizeof *node.outputs);
    if (!node.inputs || !node.outputs)
        return SY_E_MODEL;
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field)) {
        const char **text = NULL;
        if (field.type != SY_WIRE_BYTES)
            continue;
        switch (field.number) {
        case SY_NODE_INPUT: text = &node.inputs[node.input_count++]; break;
        case SY_NODE_OUTPUT: text = &node.outputs[node.output_count++]; break;
        case SY_NODE_NAME: text = &node.name; break;
        case SY_NODE_TYPE: text = &node.type; break;
        case SY_NODE_DOMAIN: text = &node.domain; break;
        case SY_NODE_ATTRIBUTE: node.has_bodies |= has_body(field.data); break;
        default: break;
        }
        if (text)
            SY_TRY(take_text(ctx, file, field.data, what, text));
    }
    if (strcmp(node.domain, "ai.onnx") == 0)
        node.domain = "";
    *out = node;
    return bytes.failed ? damaged(ctx, what, span) : SY_OK;
}

/* One element of `dims`, or a packed list of them. */
static void add_dims(const sy_wire_field *field, sy_shape *shape)
{
    sy_bytes packed = sy_wire_begin(field->data);
    const bool single = field->type == SY_WIRE_VARINT;
    while (shape->rank != SY_NONE && (single || packed.at != packed.end)) {
        const int64_t dim = (int64_t)(single ? field->value : sy_bytes_varint(&packed));
        if (packed.failed || shape->rank == SY_MAX_RANK || dim < 0 || dim > INT32_MAX)
            shape->rank = SY_NONE;
        else
            shape->dims[shape->rank++] = dim;
        if (single)
            return;
    }
}

static sy_status read_constant(sy_ctx *ctx, sy_onnx_file *file, sy_span span, const char *what,
                               sy_onnx_constant *out)
{
    sy_onnx_constant constant = {.span = span, .name = "", .node = SY_NONE};
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_TENSOR_DIMS)
            add_dims(&field, &constant.shape);
        else if (field.number == SY_TENSOR_DATA_TYPE)
            constant.data_type = (int64_t)field.value;
        else if (field.number == SY_TENSOR_DATA_LOCATION)
            constant.is_external = field.value == SY_ONNX_DATA_EXTERNAL;
        else if (field.number == SY_TENSOR_NAME && field.type == SY_WIRE_BYTES)
            SY_TRY(take_text(ctx, file, field.data, what, &constant.name));
    size_t count;
    if (!sy_shape_count(&constant.shape, &count))
        constant.shape.rank = SY_NONE;
    *out = constant;
    return bytes.failed ? damaged(ctx, what, span) : SY_OK;
}

/* The tensor of a Constant node; no span where it holds something else. */
static sy_span value_of(const sy_onnx_node *node)
{
    sy_bytes bytes = sy_wire_begin(node->span);
    sy_wire_field field, inner;
    while (sy_onnx_node_is(node, "Constant") && node->output_count == 1 && sy_wire_next(&bytes, &field)) {
        sy_bytes attribute = sy_wire_begin(field.data);
        while (field.number == SY_NODE_ATTRIBUTE && sy_wire_next(&attribute, &inner))
            if (inner.number == SY_ATTRIBUTE_T && inner.type == SY_WIRE_BYTES)
                return inner.data;
    }
    return (sy_span){0};
}

static sy_status read_constants_of_nodes(sy_ctx *ctx, sy_onnx_file *file)
{
    char what[WHAT_TEXT];
    for (int n = 0; n < file->node_count; n++) {
        const sy_span span = value_of(&file->nodes[n]);
        if (!span.at)
            continue;
        sy_onnx_constant *constant = &file->constants[file->constant_count++];
        snprintf(what, sizeof what, "the tensor of Constant node %d", n);
        SY_TRY(read_constant(ctx, file, span, what, constant));
        constant->node = n;
        constant->name = file->nodes[n].outputs[0];
    }
    return SY_OK;
}

static sy_status read_name_of_value(sy_ctx *ctx, sy_onnx_file *file, sy_span value, const char **out)
{
    sy_bytes bytes = sy_wire_begin(value);
    sy_wire_field field;
    *out = "";
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_VALUE_NAME && field.type == SY_WIRE_BYTES)
            SY_TRY(take_text(ctx, file, field.data, "a graph output", out));
    return bytes.failed ? damaged(ctx, "a graph output", value) : SY_OK;
}

static sy_status read_graph(sy_ctx *ctx, sy_onnx_file *file)
{
    const size_t nodes = sy_wire_count(file->graph, SY_GRAPH_NODE);
    const size_t initializers = sy_wire_count(file->graph, SY_GRAPH_INITIALIZER);
    file->nodes = take(ctx, file, nodes, sizeof *file->nodes);
    file->constants = take(ctx, file, nodes + initializers, sizeof *file->constants);
    file->outputs = take(ctx, file, sy_wire_count(file->graph, SY_GRAPH_OUTPUT), sizeof *file->outputs);
    if (!file->nodes || !file->constants || !file->outputs)
        return SY_E_MODEL;
    sy_bytes bytes = sy_wire_begin(file->graph);
    sy_wire_field field;
    char what[WHAT_TEXT];
    while (sy_wire_next(&bytes, &field)) {
        if (field.type != SY_WIRE_BYTES)
            continue;
        if (field.number == SY_GRAPH_NODE) {
            snprintf(what, sizeof what, "node %d", file->node_count);
            SY_TRY(read_node(ctx, file, field.data, what, &file->nodes[file->node_count++]));
        } else if (field.number == SY_GRAPH_INITIALIZER) {
            snprintf(what, sizeof what, "initializer %d", file->constant_count);
            SY_TRY(read_constant(ctx, file, field.data, what, &file->constants[file->constant_count++]));
        } else if (field.number == SY_GRAPH_OUTPUT) {
            SY_TRY(read_name_of_value(ctx, file, field.data, &file->outputs[file->output_count++]));
        }
    }
    file->initializer_count = file->constant_count;
    return bytes.failed ? damaged(ctx, "the graph", file->graph) : read_constants_of_nodes(ctx, file);
}

static void read_opset(sy_onnx_file *file, sy_span opset)
{
    sy_bytes bytes = sy_wire_begin(opset);
    sy_wire_field field;
    bool own = true;
    int64_t version = 0;
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_OPSET_DOMAIN && field.type == SY_WIRE_BYTES)
            own = field.data.size == 0 || (field.data.size == 7 && memcmp(field.data.at, "ai.onnx", 7) == 0);
        else if (field.number == SY_OPSET_VERSION)
            version = (int64_t)field.value;
    if (own && version > 0 && version <= INT32_MAX)
        file->opset = (int)version;
}

static sy_status read_model(sy_ctx *ctx, sy_onnx_file *file)
{
    sy_bytes bytes = sy_wire_begin(file->bytes);
    sy_wire_field field;
    int graphs = 0;
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_MODEL_GRAPH && field.type == SY_WIRE_BYTES) {
            file->graph = field.data;
            graphs++;
        } else if (field.number == SY_MODEL_OPSET && field.type == SY_WIRE_BYTES) {
            read_opset(file, field.data);
        } else if (field.number == SY_MODEL_IR_VERSION) {
            file->ir_version = (int64_t)field.value;
        }
    if (bytes.failed)
        return sy_onnx_explain_damage(ctx, file->bytes.at, file->bytes.size);
    if (graphs != 1)
        return sy_fail(ctx, SY_E_MODEL, "this is not an ONNX model: it holds %d graphs, not one", graphs);
    return read_graph(ctx, file);
}

/* One pass counts and another fills: the list may be long. */
typedef struct lister {
    sy_ctx *ctx;
    sy_onnx_file *file;
    size_t count;
    int node;
    bool filling;
} lister;

static void add_reading(lister *list, const char *name, int input)
{
    if (list->filling)
        list->file->readings[list->count] = (sy_onnx_reading){name, list->node, input};
    list->count++;
}

static sy_status add_body_name(void *user, sy_span name)
{
    lister *list = user;
    const char *text = "";
    if (list->filling)
        SY_TRY(take_text(list->ctx, list->file, name, "a subgraph", &text));
    add_reading(list, text, SY_NONE);
    return SY_OK;
}

static sy_status list_readings(lister *list)
{
    const sy_onnx_body_visitor visitor = {.user = list, .name = add_body_name};
    list->count = 0;
    for (list->node = 0; list->node < list->file->node_count; list->node++) {
        const sy_onnx_node *node = &list->file->nodes[list->node];
        for (int i = 0; i < node->input_count; i++)
            add_reading(list, node->inputs[i], i);
        if (node->has_bodies)
            SY_TRY(sy_onnx_visit_bodies(list->ctx, node->span, &visitor));
    }
    return SY_OK;
}

static int compare_readings(const void *a, const void *b)
{
    const sy_onnx_reading *x = a, *y = b;
    const int order = strcmp(x->name, y->name);
    return order ? order : x->node != y->node ? x->node - y->node : x->input - y->input;
}

static sy_status read_readings(sy_ctx *ctx, sy_onnx_file *file)
{
    lister list = {.ctx = ctx, .file = file};
    SY_TRY(list_readings(&list));
    file->readings = take(ctx, file, list.count, sizeof *file->readings);
    if (!file->readings)
        return SY_E_MODEL;
    list.filling = true;
    SY_TRY(list_readings(&list));
    file->reading_count = list.count;
    if (list.count)
        qsort(file->readings, list.count, sizeof *file->readings, compare_readings);
    return SY_OK;
}

sy_status sy_onnx_file_parse(sy_ctx *ctx, const void *bytes, size_t size, const char *folder,
                             sy_onnx_file *out)
{
    static const size_t always = (size_t)64 << 20, per_byte = 32;
    out->bytes = (sy_span){bytes, size};
    out->memory_left = always + per_byte * size;
    SY_TRY(sy_onnx_recognise(ctx, bytes, size));
    if (folder)
        SY_TRY(sy_check_alloc(ctx, out->folder = sy_arena_text(&out->arena, folder)));
    SY_TRY(read_model(ctx, out));
    return read_readings(ctx, out);
}

sy_status sy_onnx_file_open(sy_ctx *ctx, const char *path, sy_onnx_file *out)
{
    *out = (sy_onnx_file){0};
    char *folder = sy_folder_of(path);
    sy_status status = sy_check_alloc(ctx, folder);
    if (status == SY_OK)
        status = sy_file_map(ctx, path, &out->mapped);
    if (status == SY_OK)
        status = sy_while(ctx, sy_onnx_file_parse(ctx, out->mapped.bytes, out->mapped.size, folder, out),
                          "%s", path);
    free(folder);
    return status;
}

void sy_onnx_file_close(sy_onnx_file *file)
{
    sy_file_unmap(&file->mapped);
    sy_arena_release(&file->arena);
    *file = (sy_onnx_file){0};
}
