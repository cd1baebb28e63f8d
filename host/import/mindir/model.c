#include "import/mindir/model.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { WHAT_TEXT = 200 };

/* Memory for lists, at most what memory_left allows: two bytes of a file can ask for many. */
static void *take(sy_ctx *ctx, sy_mind_model *model, size_t count, size_t size)
{
    enum { ROUNDING = 64 }; /* of the arena */
    size_t bytes;
    if (!sy_mul_size(count, size, &bytes) || model->memory_left < ROUNDING ||
        bytes > model->memory_left - ROUNDING) {
        sy_fail(ctx, SY_E_MODEL,
                "listing its parts takes far more memory than the file has bytes; this is no model");
        return NULL;
    }
    model->memory_left -= bytes + ROUNDING;
    void *memory = sy_arena_alloc(&model->arena, count, size);
    sy_check_alloc(ctx, memory);
    return memory;
}

#define TAKE(ctx, model, out, count)                              \
    do {                                                          \
        (out) = take(ctx, model, (size_t)(count), sizeof *(out)); \
        if (!(out))                                               \
            return SY_E_MODEL;                                    \
    } while (0)

/* Whether a message is whole: after this its fields can be read without a check. */
static sy_status check_message(sy_ctx *ctx, sy_span message, const char *what)
{
    sy_bytes bytes = sy_wire_begin(message);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field)) {
    }
    if (!bytes.failed)
        return SY_OK;
    return sy_fail(ctx, SY_E_MODEL, "%s is damaged: its fields do not fit in its %zu bytes", what,
                   message.size);
}

static size_t count_fields(sy_span message, uint64_t number)
{
    sy_bytes bytes = sy_wire_begin(message);
    sy_wire_field field;
    size_t count = 0;
    while (sy_wire_next(&bytes, &field))
        count += field.number == number && field.type == SY_WIRE_BYTES;
    return count;
}

/* A name, as a string in the arena. */
static sy_status read_text(sy_ctx *ctx, sy_mind_model *model, const sy_wire_field *field, const char *what,
                           const char **out)
{
    char *text;
    if (field->type != SY_WIRE_BYTES || (field->data.size && memchr(field->data.at, 0, field->data.size)))
        return sy_fail(ctx, SY_E_MODEL, "%s holds a name that is no text", what);
    TAKE(ctx, model, text, field->data.size + 1);
    memcpy(text, field->data.at, field->data.size);
    *out = text;
    return SY_OK;
}

static float float_of(uint64_t bits)
{
    const uint32_t word = (uint32_t)bits;
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Values of an attribute while they are collected: first counted, then stored. */
typedef struct values {
    int64_t *ints;
    double *floats;
    size_t int_count, float_count;
} values;

static void add_int(values *out, uint64_t value)
{
    if (out->ints)
        out->ints[out->int_count] = (int64_t)value;
    out->int_count++;
}

static void add_float(values *out, double value)
{
    if (out->floats)
        out->floats[out->float_count] = value;
    out->float_count++;
}

/* Numbers of a repeated field that is packed into one. */
static void add_packed(const sy_wire_field *field, values *out)
{
    sy_bytes bytes = sy_wire_begin(field->data);
    while (!bytes.failed && bytes.at < bytes.end)
        switch (field->number) {
        case SY_ATTRIBUTE_INTS: add_int(out, sy_bytes_varint(&bytes)); break;
        case SY_ATTRIBUTE_FLOATS: add_float(out, (double)sy_bytes_f32(&bytes)); break;
        default: add_float(out, sy_bytes_f64(&bytes));
        }
}

/* The numbers in one AttributeProto, not those of its `values`. */
static void add_values(sy_span attribute, values *out)
{
    sy_bytes bytes = sy_wire_begin(attribute);
    sy_wire_field field;
    while (sy_wire_next(&bytes, &field))
        switch (field.number) {
        case SY_ATTRIBUTE_I: add_int(out, field.value); break;
        case SY_ATTRIBUTE_F: add_float(out, (double)float_of(field.value)); break;
        case SY_ATTRIBUTE_D: add_float(out, double_of(field.value)); break;
        case SY_ATTRIBUTE_INTS:
        case SY_ATTRIBUTE_FLOATS:
        case SY_ATTRIBUTE_DOUBLES:
            if (field.type == SY_WIRE_BYTES)
                add_packed(&field, out);
            else if (field.number == SY_ATTRIBUTE_INTS)
                add_int(out, field.value);
            else
                add_float(out, field.type == SY_WIRE_FIXED32 ? (double)float_of(field.value)
                                                             : double_of(field.value));
            break;
        default: break;
        }
}

/* Those of a tuple are one level down. */
static void add_all_values(sy_span attribute, values *out, bool *nested)
{
    sy_bytes bytes = sy_wire_begin(attribute);
    sy_wire_field field;
    add_values(attribute, out);
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_ATTRIBUTE_VALUES && field.type == SY_WIRE_BYTES) {
            add_values(field.data, out);
            *nested |= count_fields(field.data, SY_ATTRIBUTE_VALUES) > 0;
        }
}

static sy_status read_attr(sy_ctx *ctx, sy_mind_model *model, sy_span span, const char *what,
                           sy_mind_attr *out)
{
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    values counted = {0}, stored = {0};
    SY_TRY(check_message(ctx, span, what));
    *out = (sy_mind_attr){.name = ""};
    while (sy_wire_next(&bytes, &field)) {
        if (field.number == SY_ATTRIBUTE_NAME)
            SY_TRY(read_text(ctx, model, &field, what, &out->name));
        else if (field.number == SY_ATTRIBUTE_TYPE)
            out->type = (int64_t)field.value;
        else if ((field.number == SY_ATTRIBUTE_S || field.number == SY_ATTRIBUTE_STRINGS) && !out->s)
            SY_TRY(read_text(ctx, model, &field, what, &out->s));
        else if ((field.number == SY_ATTRIBUTE_T || field.number == SY_ATTRIBUTE_TENSORS) && !out->tensor.at)
            out->tensor = field.data;
    }
    add_all_values(span, &counted, &out->nested);
    TAKE(ctx, model, stored.ints, counted.int_count + 1);
    TAKE(ctx, model, stored.floats, counted.float_count + 1);
    add_all_values(span, &stored, &out->nested);
    out->ints = stored.ints;
    out->int_count = stored.int_count;
    out->floats = stored.floats;
    out->float_count = stored.float_count;
    return SY_OK;
}

/* All attributes in fields `number` of a message. */
static sy_status read_attrs(sy_ctx *ctx, sy_mind_model *model, sy_span message, uint64_t number,
                            const char *what, sy_mind_attr **out, int *out_count)
{
    sy_bytes bytes = sy_wire_begin(message);
    sy_wire_field field;
    const size_t count = count_fields(message, number);
    TAKE(ctx, model, *out, count);
    *out_count = 0;
    while (sy_wire_next(&bytes, &field))
        if (field.number == number && field.type == SY_WIRE_BYTES)
            SY_TRY(read_attr(ctx, model, field.data, what, &(*out)[(*out_count)++]));
    return SY_OK;
}

static sy_status read_primitive(sy_ctx *ctx, sy_mind_model *model, sy_span span, sy_mind_primitive *out)
{
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    char what[WHAT_TEXT];
    SY_TRY(check_message(ctx, span, "a primitive"));
    *out = (sy_mind_primitive){.name = "", .op_type = ""};
    while (sy_wire_next(&bytes, &field)) {
        if (field.number == SY_PRIMITIVE_NAME)
            SY_TRY(read_text(ctx, model, &field, "a primitive", &out->name));
        else if (field.number == SY_PRIMITIVE_OP_TYPE)
            SY_TRY(read_text(ctx, model, &field, "a primitive", &out->op_type));
    }
    snprintf(what, sizeof what, "primitive '%s'", out->name);
    return read_attrs(ctx, model, span, SY_PRIMITIVE_ATTRIBUTE, what, &out->attrs, &out->attr_count);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const sy_mind_primitive *)a)->name, ((const sy_mind_primitive *)b)->name);
}

static sy_status read_primitives(sy_ctx *ctx, sy_mind_model *model)
{
    sy_bytes bytes = sy_wire_begin(model->file);
    sy_wire_field field;
    TAKE(ctx, model, model->primitives, count_fields(model->file, SY_MODEL_PRIMITIVES));
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_MODEL_PRIMITIVES && field.type == SY_WIRE_BYTES)
            SY_TRY(read_primitive(ctx, model, field.data, &model->primitives[model->primitive_count++]));
    qsort(model->primitives, (size_t)model->primitive_count, sizeof *model->primitives, by_name);
    return SY_OK;
}

static sy_status find_type(sy_ctx *ctx, const sy_mind_model *model, const char *op_type, sy_mind_node *out)
{
    static const char reference[] = "REF::";
    out->type = op_type;
    if (strncmp(op_type, reference, sizeof reference - 1) != 0)
        return SY_OK;
    const sy_mind_primitive key = {.name = op_type + sizeof reference - 1};
    out->primitive = model->primitive_count ? bsearch(&key, model->primitives, (size_t)model->primitive_count,
                                                      sizeof *model->primitives, by_name)
                                            : NULL;
    if (!out->primitive)
        return sy_fail(ctx, SY_E_MODEL, "node '%s' refers to primitive '%s', which the file does not have",
                       out->output, key.name);
    out->type = out->primitive->op_type;
    return SY_OK;
}

static sy_status read_node(sy_ctx *ctx, sy_mind_model *model, sy_span span, int index, sy_mind_node *out)
{
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    char what[WHAT_TEXT];
    const char **inputs, *op_type = "", *name = "";
    snprintf(what, sizeof what, "node %d", index);
    SY_TRY(check_message(ctx, span, what));
    *out = (sy_mind_node){.output = "", .scope = "", .span = span};
    TAKE(ctx, model, inputs, count_fields(span, SY_NODE_INPUT));
    while (sy_wire_next(&bytes, &field))
        switch (field.number) {
        case SY_NODE_INPUT:
            SY_TRY(read_text(ctx, model, &field, what, &inputs[out->input_count]));
            out->input_count++;
            break;
        case SY_NODE_OUTPUT:
            if (!*out->output)
                SY_TRY(read_text(ctx, model, &field, what, &out->output));
            break;
        case SY_NODE_NAME: SY_TRY(read_text(ctx, model, &field, what, &name)); break;
        case SY_NODE_OP_TYPE: SY_TRY(read_text(ctx, model, &field, what, &op_type)); break;
        case SY_NODE_DOMAIN: SY_TRY(read_text(ctx, model, &field, what, &out->scope)); break;
        default: break;
        }
    out->inputs = inputs;
    if (!*out->output)
        out->output = name;
    snprintf(what, sizeof what, "node '%s'", out->output);
    SY_TRY(find_type(ctx, model, op_type, out));
    return read_attrs(ctx, model, span, SY_NODE_ATTRIBUTE, what, &out->attrs, &out->attr_count);
}

static sy_status read_external(sy_ctx *ctx, sy_mind_model *model, sy_span span, const char *what,
                               sy_mind_tensor *out)
{
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    SY_TRY(check_message(ctx, span, what));
    out->is_external = true;
    out->location = "";
    while (sy_wire_next(&bytes, &field)) {
        if (field.number == SY_EXTERNAL_LOCATION)
            SY_TRY(read_text(ctx, model, &field, what, &out->location));
        else if (field.number == SY_EXTERNAL_OFFSET)
            out->offset = (int64_t)field.value;
        else if (field.number == SY_EXTERNAL_LENGTH)
            out->length = (int64_t)field.value;
    }
    return SY_OK;
}

/* -1 is a size that is not known. */
static sy_status add_dim(sy_ctx *ctx, const char *what, uint64_t dim, sy_shape *out)
{
    if (out->rank == SY_MAX_RANK)
        return sy_fail(ctx, SY_E_UNSUPPORTED, "%s has more than %d dimensions", what, SY_MAX_RANK);
    if ((int64_t)dim < -2 || (int64_t)dim > INT32_MAX)
        return sy_fail(ctx, SY_E_MODEL, "%s: dimension %d is %" PRId64 ", which no model can have", what,
                       out->rank, (int64_t)dim);
    out->dims[out->rank++] = (int64_t)dim < 0 ? SY_NONE : (int64_t)dim;
    return SY_OK;
}

static sy_status add_dims(sy_ctx *ctx, const char *what, const sy_wire_field *field, sy_shape *out)
{
    sy_bytes bytes = sy_wire_begin(field->data);
    if (field->type != SY_WIRE_BYTES)
        return add_dim(ctx, what, field->value, out);
    while (bytes.at < bytes.end) {
        const uint64_t dim = sy_bytes_varint(&bytes);
        if (bytes.failed)
            return sy_fail(ctx, SY_E_MODEL, "%s: its dimensions are damaged", what);
        SY_TRY(add_dim(ctx, what, dim, out));
    }
    return SY_OK;
}

sy_status sy_mind_read_tensor(sy_ctx *ctx, sy_mind_model *model, sy_span span, const char *what,
                              sy_mind_tensor *out)
{
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    SY_TRY(check_message(ctx, span, what));
    *out = (sy_mind_tensor){.name = "", .span = span};
    while (sy_wire_next(&bytes, &field))
        switch (field.number) {
        case SY_TENSOR_DIMS: SY_TRY(add_dims(ctx, what, &field, &out->shape)); break;
        case SY_TENSOR_DATA_TYPE: out->data_type = (int64_t)field.value; break;
        case SY_TENSOR_NAME: SY_TRY(read_text(ctx, model, &field, what, &out->name)); break;
        case SY_TENSOR_RAW_DATA: out->raw = field.data; break;
        case SY_TENSOR_EXTERNAL_DATA: SY_TRY(read_external(ctx, model, field.data, what, out)); break;
        case SY_TENSOR_COMPRESSION: out->is_packed |= field.value != 0; break;
        case SY_TENSOR_QUANT_PARAMS: out->is_packed = true; break;
        case SY_TENSOR_FLOAT_DATA:
        case SY_TENSOR_INT32_DATA:
        case SY_TENSOR_STRING_DATA:
        case SY_TENSOR_INT64_DATA:
        case SY_TENSOR_DOUBLE_DATA:
        case SY_TENSOR_UINT64_DATA: out->is_typed = true; break;
        default: break;
        }
    return SY_OK;
}

static sy_status read_value(sy_ctx *ctx, sy_mind_model *model, sy_span span, const char *what,
                            sy_mind_value *out)
{
    sy_bytes bytes = sy_wire_begin(span);
    sy_wire_field field;
    bool typed = false;
    SY_TRY(check_message(ctx, span, what));
    *out = (sy_mind_value){.name = "", .type = {.name = "", .shape = {.rank = SY_NONE}}};
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_VALUE_NAME) {
            SY_TRY(read_text(ctx, model, &field, what, &out->name));
        } else if (field.number == SY_VALUE_TENSOR && !typed) {
            SY_TRY(sy_mind_read_tensor(ctx, model, field.data, what, &out->type));
            typed = true;
        }
    return SY_OK;
}

static sy_status read_graph_field(sy_ctx *ctx, sy_mind_model *model, const sy_wire_field *field)
{
    char what[WHAT_TEXT];
    switch (field->number) {
    case SY_GRAPH_NAME: return read_text(ctx, model, field, "the graph", &model->graph_name);
    case SY_GRAPH_NODE:
        SY_TRY(read_node(ctx, model, field->data, model->node_count, &model->nodes[model->node_count]));
        model->node_count++;
        return SY_OK;
    case SY_GRAPH_PARAMETER:
        snprintf(what, sizeof what, "parameter %d", model->parameter_count);
        return sy_mind_read_tensor(ctx, model, field->data, what,
                                   &model->parameters[model->parameter_count++]);
    case SY_GRAPH_INPUT:
        return read_value(ctx, model, field->data, "an input", &model->inputs[model->input_count++]);
    case SY_GRAPH_OUTPUT:
        return read_value(ctx, model, field->data, "an output", &model->outputs[model->output_count++]);
    default: return SY_OK;
    }
}

/* A name that a node is to be found by, or a node. */
typedef struct entry {
    const char *output;
    int node;
} entry;

static int by_entry(const void *a, const void *b)
{
    const int order = strcmp(((const entry *)a)->output, ((const entry *)b)->output);
    return order ? order : ((const entry *)a)->node - ((const entry *)b)->node;
}

/* Sorts the nodes by what they make, which must be different names. */
static sy_status index_nodes(sy_ctx *ctx, sy_mind_model *model)
{
    entry *entries;
    TAKE(ctx, model, entries, model->node_count);
    TAKE(ctx, model, model->by_output, model->node_count);
    for (int n = 0; n < model->node_count; n++)
        entries[n] = (entry){model->nodes[n].output, n};
    if (model->node_count)
        qsort(entries, (size_t)model->node_count, sizeof *entries, by_entry);
    for (int n = 0; n < model->node_count; n++) {
        if (n && strcmp(entries[n].output, entries[n - 1].output) == 0)
            return sy_fail(ctx, SY_E_MODEL, "nodes %d and %d both make '%s'", entries[n - 1].node,
                           entries[n].node, entries[n].output);
        model->by_output[n] = entries[n].node;
    }
    return SY_OK;
}

static sy_status read_graph(sy_ctx *ctx, sy_mind_model *model)
{
    sy_bytes bytes = sy_wire_begin(model->graph);
    sy_wire_field field;
    SY_TRY(check_message(ctx, model->graph, "the graph"));
    TAKE(ctx, model, model->nodes, count_fields(model->graph, SY_GRAPH_NODE));
    TAKE(ctx, model, model->parameters, count_fields(model->graph, SY_GRAPH_PARAMETER));
    TAKE(ctx, model, model->inputs, count_fields(model->graph, SY_GRAPH_INPUT));
    TAKE(ctx, model, model->outputs, count_fields(model->graph, SY_GRAPH_OUTPUT));
    while (sy_wire_next(&bytes, &field))
        if (field.type == SY_WIRE_BYTES)
            SY_TRY(read_graph_field(ctx, model, &field));
    return index_nodes(ctx, model);
}

/* Names that the nodes of one function read. */
static sy_status read_function(sy_ctx *ctx, sy_mind_model *model, sy_span function)
{
    sy_bytes nodes = sy_wire_begin(function);
    sy_wire_field node, field;
    while (sy_wire_next(&nodes, &node)) {
        sy_bytes fields = sy_wire_begin(node.data);
        if (node.number != SY_GRAPH_NODE || node.type != SY_WIRE_BYTES)
            continue;
        SY_TRY(check_message(ctx, node.data, "a node of a sub graph"));
        while (sy_wire_next(&fields, &field))
            if (field.number == SY_NODE_INPUT)
                SY_TRY(read_text(ctx, model, &field, "a node of a sub graph",
                                 &model->function_names[model->function_name_count++]));
    }
    return SY_OK;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t count_names(sy_span function)
{
    sy_bytes nodes = sy_wire_begin(function);
    sy_wire_field node;
    size_t count = 0;
    while (sy_wire_next(&nodes, &node))
        if (node.number == SY_GRAPH_NODE && node.type == SY_WIRE_BYTES)
            count += count_fields(node.data, SY_NODE_INPUT);
    return count;
}

static sy_status read_functions(sy_ctx *ctx, sy_mind_model *model)
{
    sy_bytes bytes = sy_wire_begin(model->file);
    sy_wire_field field;
    size_t count = 0;
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_MODEL_FUNCTIONS && field.type == SY_WIRE_BYTES)
            count += count_names(field.data);
    TAKE(ctx, model, model->function_names, count);
    bytes = sy_wire_begin(model->file);
    while (sy_wire_next(&bytes, &field))
        if (field.number == SY_MODEL_FUNCTIONS && field.type == SY_WIRE_BYTES) {
            SY_TRY(check_message(ctx, field.data, "a sub graph"));
            SY_TRY(read_function(ctx, model, field.data));
        }
    if (count)
        qsort(model->function_names, (size_t)model->function_name_count, sizeof *model->function_names,
              by_text);
    return SY_OK;
}

static sy_status read_header(sy_ctx *ctx, sy_mind_model *model)
{
    sy_bytes bytes = sy_wire_begin(model->file);
    sy_wire_field field;
    bool little = true;
    while (sy_wire_next(&bytes, &field))
        switch (field.number) {
        case SY_MODEL_PRODUCER: SY_TRY(read_text(ctx, model, &field, "the model", &model->producer)); break;
        case SY_MODEL_VERSION: SY_TRY(read_text(ctx, model, &field, "the model", &model->version)); break;
        case SY_MODEL_LITTLE_ENDIAN: little = field.value != 0; break;
        case SY_MODEL_MIND_IR_VERSION: model->mind_ir_version = (int64_t)field.value; break;
        case SY_MODEL_GRAPH:
            if (model->graph.at)
                return sy_fail(ctx, SY_E_MODEL, "it holds two graphs");
            model->graph = field.data;
            break;
        default: break;
        }
    if (!model->graph.at)
        return sy_fail(ctx, SY_E_MODEL, "this is no MindIR model: it holds no graph");
    if (!little)
        return sy_fail(ctx, SY_E_UNSUPPORTED, "it was written on a big-endian machine: export it on another");
    return SY_OK;
}

bool sy_mind_recognise(const void *bytes, size_t size)
{
    /* Field 1 is a version in text, "1.1"; ONNX has a number there. */
    const unsigned char *at = bytes;
    return size > 6 && at[0] == 0x0a && at[1] > 0 && at[1] < 16 && at[2] >= '0' && at[2] <= '9';
}

sy_status sy_mind_read(sy_ctx *ctx, const void *bytes, size_t size, sy_mind_model *out)
{
    static const size_t always = (size_t)64 << 20, per_byte = 64;
    static const size_t largest = (size_t)1 << 31;
    *out = (sy_mind_model){.producer = "", .version = "", .graph_name = "", .file = {bytes, size}};
    if (size >= largest)
        return sy_fail(ctx, SY_E_MODEL, "%zu bytes; a protobuf file ends at 2 GiB", size);
    out->memory_left = always + per_byte * size;
    SY_TRY(check_message(ctx, out->file, "the file (is it a MindIR model?)"));
    SY_TRY(read_header(ctx, out));
    SY_TRY(read_primitives(ctx, out));
    SY_TRY(read_functions(ctx, out));
    return read_graph(ctx, out);
}

void sy_mind_release(sy_mind_model *model)
{
    sy_arena_release(&model->arena);
}

static const sy_mind_attr *find_attr(const sy_mind_attr *attrs, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(attrs[i].name, name) == 0)
            return &attrs[i];
    return NULL;
}

const sy_mind_attr *sy_mind_attr_of(const sy_mind_node *node, const char *name)
{
    const sy_mind_attr *own = find_attr(node->attrs, node->attr_count, name);
    if (own || !node->primitive)
        return own;
    return find_attr(node->primitive->attrs, node->primitive->attr_count, name);
}

int sy_mind_find_node(const sy_mind_model *model, const char *output)
{
    int low = 0, high = model->node_count;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        const int order = strcmp(model->nodes[model->by_output[middle]].output, output);
        if (order == 0)
            return model->by_output[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SY_NONE;
}

bool sy_mind_read_by_function(const sy_mind_model *model, const char *name)
{
    return model->function_name_count &&
           bsearch(&name, model->function_names, (size_t)model->function_name_count,
                   sizeof *model->function_names, by_text);
}

const sy_mind_attr *sy_mind_constant(const sy_mind_model *model, const sy_mind_node *node, int input)
{
    if (input >= node->input_count)
        return NULL;
    const int maker = sy_mind_find_node(model, node->inputs[input]);
    if (maker == SY_NONE || strcmp(model->nodes[maker].type, "Constant") != 0)
        return NULL;
    return sy_mind_attr_of(&model->nodes[maker], "value");
}
